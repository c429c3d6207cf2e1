"""Discriminative scores: how well a critic tells synthetic series from real ones."""

from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from lgta_sklearn._random import Use, as_int, seed_from, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn.metrics._gru import train_gru
from lgta_sklearn.metrics._panels import as_pair, min_max, thinned
from lgta_sklearn.metrics.features import RandomConvolutions

__all__ = ["discriminative_score"]


def discriminative_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    critic: Any = "convolutions",
    max_samples: int = 2000,
    n_splits: int = 5,
    n_steps: int = 2000,
    random_state: Any = None,
) -> float:
    """Return how well a critic tells synthetic series from real ones.

    The critic is trained on one part of both sets and tested on the rest, so that each
    series is judged by a critic that has not seen it (cross-fitting). Give real series
    that the generator was not trained on; against its training series, a generator
    that copies them has the best score.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series. Of the larger set, as many are used as the smaller one has.
    critic : {"convolutions", "gru"} or classifier, default="convolutions"
        ``"convolutions"`` is a ridge classifier on random convolutions, a strong
        critic. ``"gru"`` is the GRU of the literature (Yoon et al., 2019) with half as
        many units as channels, on series scaled to [0, 1], of which 80 % are for
        training. A classifier of scikit-learn is given flattened series.
    max_samples : int, default=2000
        Largest number of series of each set that are used. The GRU uses all of them.
    n_splits : int, default=5
        Folds of the cross-fitting.
    n_steps : int, default=2000
        Optimisation steps of the GRU.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series, the folds and the critic.

    Returns
    -------
    float in [0, 0.5]
        Distance of the balanced accuracy from 0.5. 0 is best, the critic guesses; 0.5
        is worst.

    Raises
    ------
    ValueError
        If the sets do not match or the critic is unknown.

    References
    ----------
    Yoon, Jarrett and van der Schaar (2019), "Time-series generative adversarial
    networks", NeurIPS. Dempster et al. (2020), arXiv:1910.13051. Lopez-Paz and Oquab
    (2017), "Revisiting classifier two-sample tests", arXiv:1610.06545.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import discriminative_score
    >>> rng = np.random.default_rng(0)
    >>> real, noise = rng.normal(size=(2, 100, 30))
    >>> walks = noise.cumsum(axis=1)
    >>> discriminative_score(real, walks, random_state=0) > 0.45
    True
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    seed = seed_from(random_state)
    if isinstance(critic, str) and critic == "gru":
        return _gru_score(real, synthetic, seed, n_steps)
    n = min(len(real), len(synthetic), max_samples)
    X = np.concatenate([thinned(real, n, seed), thinned(synthetic, n, seed, 1)])
    origin = np.repeat([1, 0], n)
    folds = StratifiedKFold(
        n_splits, shuffle=True, random_state=as_int(stream(seed, Use.SPLIT))
    )
    with pinned_runtime():
        guess = cross_val_predict(_critic(critic, seed), X, origin, cv=folds)
    return abs(float(balanced_accuracy_score(origin, guess)) - 0.5)


def _critic(critic: Any, seed: int) -> Any:
    """Return a classifier of panels."""
    if isinstance(critic, str) and critic == "convolutions":
        return make_pipeline(
            RandomConvolutions(random_state=seed),
            StandardScaler(),
            RidgeClassifierCV(alphas=np.logspace(-1, 5, 7)),
        )
    if not hasattr(critic, "fit") or not is_classifier(critic):
        raise ValueError(
            "critic must be 'convolutions', 'gru' or a classifier of scikit-learn, "
            f"got {critic!r}."
        )
    return make_pipeline(FunctionTransformer(_flatten), clone(critic))


def _flatten(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)


def _gru_score(
    real: np.ndarray, synthetic: np.ndarray, seed: int, n_steps: int
) -> float:
    """Return the score of the literature's critic."""
    import torch

    rng = np.random.default_rng(seed)

    def split(X: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        scaled = min_max(X, like=real).transpose(0, 2, 1)[rng.permutation(len(X))]
        tensor = torch.as_tensor(scaled.copy(), dtype=torch.float32)
        cut = int(0.8 * len(X))
        return tensor[:cut], tensor[cut:]

    (a, a_test), (b, b_test) = split(real), split(synthetic)
    labels = torch.cat([torch.ones(128), torch.zeros(128)])

    def logits(gru: Any, head: Any, x: torch.Tensor) -> torch.Tensor:
        return head(gru(x)[1][0])[:, 0]

    def loss(gru: Any, head: Any) -> torch.Tensor:
        rows = [torch.as_tensor(rng.integers(len(x), size=128)) for x in (a, b)]
        batch = torch.cat([a[rows[0]], b[rows[1]]])
        # in the literature, the loss is the sum over both halves
        return 2 * torch.nn.functional.binary_cross_entropy_with_logits(
            logits(gru, head, batch), labels
        )

    n_channels = real.shape[1]
    with pinned_runtime(), torch.no_grad():
        critic = train_gru(n_channels, n_channels, loss, n_steps=n_steps, seed=seed)
        right = [(logits(*critic, a_test) > 0), (logits(*critic, b_test) <= 0)]
    accuracy = np.mean([float(part.float().mean()) for part in right])
    return abs(float(accuracy) - 0.5)
