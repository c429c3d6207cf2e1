"""Usefulness of synthetic series: train on synthetic, test on real, and vice versa."""

from typing import Any

import numpy as np
from sklearn.base import clone, is_regressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score

from lgta_sklearn._random import Use, as_int, seed_from, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn.metrics._gru import train_gru
from lgta_sklearn.metrics._panels import as_pair, min_max

__all__ = ["augmentation_gain", "predictive_score", "trts_score", "tstr_score"]


def predictive_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    model: Any = "gru",
    n_steps: int = 5000,
    random_state: Any = None,
) -> float:
    """Return the error of a one-step forecaster trained on synthetic series.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series. Each channel is scaled by the range of the real series, to [0, 1].
    model : {"gru"} or regressor, default="gru"
        The GRU of the literature forecasts the last channel one step ahead from the
        other channels; a single channel is forecast from itself. A regressor of
        scikit-learn forecasts the last value of the last channel from all channels at
        all earlier time points.
    n_steps : int, default=5000
        Optimisation steps of the GRU.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the GRU.

    Returns
    -------
    float >= 0
        Mean absolute error on the real series; smaller is better. The floor, the error
        after training on real series, is rarely close to 0.

    Raises
    ------
    ValueError
        If the model is neither "gru" nor a regressor.

    References
    ----------
    Yoon, Jarrett and van der Schaar (2019), "Time-series generative adversarial
    networks", NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from lgta_sklearn.metrics import predictive_score
    >>> walks, noise = np.random.default_rng(0).normal(size=(2, 200, 12))
    >>> walks = walks.cumsum(axis=1)
    >>> good = predictive_score(walks, walks, model=Ridge())
    >>> good < predictive_score(walks, noise, model=Ridge())
    True
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    real, synthetic = (min_max(X, like=real) for X in (real, synthetic))
    if isinstance(model, str) and model == "gru":
        return _gru_forecast(real, synthetic, seed_from(random_state), n_steps)
    if not hasattr(model, "fit") or not is_regressor(model):
        raise ValueError(
            f"model must be 'gru' or a regressor of scikit-learn, got {model!r}."
        )
    (X, y), (X_test, y_test) = _last_step(synthetic), _last_step(real)
    forecast = clone(model).fit(X, y).predict(X_test)
    return float(np.abs(forecast - y_test).mean())


def _last_step(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return X[:, :, :-1].reshape(len(X), -1), X[:, -1, -1]


def _gru_forecast(
    real: np.ndarray, synthetic: np.ndarray, seed: int, n_steps: int
) -> float:
    """Return the error of the literature's forecaster."""
    import torch

    def pairs(X: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.as_tensor(X.transpose(0, 2, 1).copy(), dtype=torch.float32)
        seen = x if x.shape[2] == 1 else x[:, :, :-1]
        return seen[:, :-1], x[:, 1:, -1]

    (x, y), (x_test, y_test) = pairs(synthetic), pairs(real)
    rng = np.random.default_rng(seed)

    def forecast(gru: Any, head: Any, seen: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(head(gru(seen)[0]))[:, :, 0]

    def loss(gru: Any, head: Any) -> torch.Tensor:
        rows = torch.as_tensor(rng.integers(len(x), size=128))
        return (forecast(gru, head, x[rows]) - y[rows]).abs().mean()

    n_channels = real.shape[1]
    with pinned_runtime(), torch.no_grad():
        model = train_gru(x.shape[2], n_channels, loss, n_steps=n_steps, seed=seed)
        return float((forecast(*model, x_test) - y_test).abs().mean())


def tstr_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    y_real: Any,
    y_synthetic: Any,
    classifier: Any = None,
    random_state: Any = None,
) -> float:
    """Return the balanced accuracy of a classifier trained on synthetic series.

    It is tested on the real series.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series. The generator should not have seen the real ones.
    y_real, y_synthetic : array-like of shape (n_samples,)
        Labels.
    classifier : classifier or None, default=None
        Classifier of flattened series; None is a random forest.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the random forest.

    Returns
    -------
    float in [0, 1]
        Balanced accuracy; larger is better. Compare it with the accuracy after training
        on real series.

    References
    ----------
    Esteban, Hyland and Rätsch (2017), "Real-valued (medical) time series generation
    with recurrent conditional GANs", arXiv:1706.02633.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import tstr_score
    >>> X = np.random.default_rng(0).normal(size=(40, 6))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> tstr_score(X, X, y_real=y, y_synthetic=y, random_state=0)
    1.0
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    return _accuracy(
        (synthetic, y_synthetic), (real, y_real), classifier, seed_from(random_state)
    )


def trts_score(
    X_real: Any,
    X_synthetic: Any,
    *,
    y_real: Any,
    y_synthetic: Any,
    classifier: Any = None,
    random_state: Any = None,
) -> float:
    """Return the balanced accuracy on synthetic series after training on real ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    y_real, y_synthetic : array-like of shape (n_samples,)
        Labels.
    classifier : classifier or None, default=None
        Classifier of flattened series; None is a random forest.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the random forest.

    Returns
    -------
    float in [0, 1]
        Balanced accuracy; large if the labels of the synthetic series are right. It
        does not detect a lack of diversity: read it with `tstr_score`.

    References
    ----------
    Esteban, Hyland and Rätsch (2017), "Real-valued (medical) time series generation
    with recurrent conditional GANs", arXiv:1706.02633.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import trts_score
    >>> X = np.random.default_rng(0).normal(size=(40, 6))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> trts_score(X, X, y_real=y, y_synthetic=y, random_state=0)
    1.0
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    return _accuracy(
        (real, y_real), (synthetic, y_synthetic), classifier, seed_from(random_state)
    )


def augmentation_gain(
    X_real: Any,
    X_synthetic: Any,
    *,
    y_real: Any,
    y_synthetic: Any,
    X_test: Any,
    y_test: Any,
    classifier: Any = None,
    random_state: Any = None,
) -> float:
    """Return the gain in accuracy from adding synthetic series to the training set.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Training series, real and synthetic.
    y_real, y_synthetic : array-like of shape (n_samples,)
        Their labels.
    X_test, y_test : array-like
        Real test series, which the generator has not seen, and their labels.
    classifier : classifier or None, default=None
        Classifier of flattened series; None is a random forest.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the random forest, the same for both trainings.

    Returns
    -------
    float in [-1, 1]
        Balanced accuracy with the synthetic series minus that without them.

    References
    ----------
    Iwana and Uchida (2021), "An empirical survey of data augmentation for time series
    classification with neural networks", arXiv:2007.15951.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import augmentation_gain
    >>> X = np.random.default_rng(0).normal(size=(60, 6))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> sets = {"y_real": y[:6], "y_synthetic": y[6:40]}
    >>> test = {"X_test": X[40:], "y_test": y[40:]}
    >>> augmentation_gain(X[:6], X[6:40], **sets, **test, random_state=0) > 0
    True
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    test = as_pair(X_real, X_test)[1], y_test
    seed = seed_from(random_state)
    grown = np.concatenate([real, synthetic]), np.concatenate([y_real, y_synthetic])
    return _accuracy(grown, test, classifier, seed) - _accuracy(
        (real, y_real), test, classifier, seed
    )


def _accuracy(
    train: tuple[np.ndarray, Any],
    test: tuple[np.ndarray, Any],
    classifier: Any,
    seed: int,
) -> float:
    """Return the balanced accuracy of a classifier on flattened series."""
    if classifier is None:
        classifier = RandomForestClassifier(
            200, random_state=as_int(stream(seed, Use.FIT))
        )
    (X, y), (X_test, y_test) = train, test
    model = clone(classifier).fit(X.reshape(len(X), -1), np.asarray(y))
    guess = model.predict(X_test.reshape(len(X_test), -1))
    return float(balanced_accuracy_score(np.asarray(y_test), guess))
