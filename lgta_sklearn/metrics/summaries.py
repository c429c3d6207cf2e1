"""The measures of TTS-GAN: similarity of seven summary statistics of each channel."""

from typing import Any

import numpy as np
from scipy.spatial.distance import jensenshannon

from lgta_sklearn._random import seed_from
from lgta_sklearn.metrics._panels import as_pair, min_max, thinned

__all__ = ["summary_cosine_similarity", "summary_jensen_shannon_distance"]


def summary_cosine_similarity(
    X_real: Any, X_synthetic: Any, *, max_samples: int = 3000, random_state: Any = None
) -> float:
    """Return the mean cosine between the summary statistics of pairs of series.

    The statistics of each channel are median, mean, standard deviation, variance, root
    mean square, maximum and minimum, of values that are scaled so that the range of the
    real set is [0, 1]. Real and synthetic series are paired at random. It is a coarse
    measure, which knows nothing of time: compare it with its floor, the value for real
    series in the place of the synthetic ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    max_samples : int, default=3000
        Largest number of pairs.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the pairs.

    Returns
    -------
    float in [-1, 1]
        Mean over the pairs; larger is better.

    References
    ----------
    Li et al. (2022), "TTS-GAN: a transformer-based time-series generative adversarial
    network", arXiv:2202.02691.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import summary_cosine_similarity
    >>> real = np.random.default_rng(0).normal(size=(100, 30))
    >>> round(summary_cosine_similarity(real, real, random_state=0), 2)
    0.99
    """
    a, b = _summaries(X_real, X_synthetic, max_samples, random_state)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosines = (a * b).sum(axis=1) / np.where(norms > 0, norms, 1.0)
    return float(cosines.mean())


def summary_jensen_shannon_distance(
    X_real: Any, X_synthetic: Any, *, max_samples: int = 3000, random_state: Any = None
) -> float:
    """Return the mean Jensen-Shannon distance between summary statistics of pairs.

    The statistics are those of `summary_cosine_similarity`, negative ones as 0, and
    divided by their sum.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    max_samples : int, default=3000
        Largest number of pairs.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the pairs.

    Returns
    -------
    float in [0, 0.84]
        Mean over the pairs (with natural logarithms); smaller is better. It is not 0
        for equal distributions, since the series of a pair differ.

    References
    ----------
    Li et al. (2022), "TTS-GAN: a transformer-based time-series generative adversarial
    network", arXiv:2202.02691; Lin (1991), "Divergence measures based on the Shannon
    entropy", doi:10.1109/18.61115.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import summary_jensen_shannon_distance as distance
    >>> real, other = np.random.default_rng(0).normal(size=(2, 100, 30))
    >>> distance(real, other, random_state=0) < distance(real, 3 * other)
    True
    """
    a, b = _summaries(X_real, X_synthetic, max_samples, random_state)
    distances = jensenshannon(a.clip(0), b.clip(0), axis=1)
    return float(np.nan_to_num(distances).mean())


def _summaries(
    X_real: Any, X_synthetic: Any, max_samples: int, random_state: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the statistics of pairs of series, (n_pairs, 7 * n_channels)."""
    real, synthetic = as_pair(X_real, X_synthetic)
    seed, n = seed_from(random_state), min(len(real), len(synthetic), max_samples)
    rng = np.random.default_rng(seed)
    sets = thinned(real, n, seed), thinned(synthetic, n, seed, 1)
    of_real, of_synthetic = (_statistics(min_max(X, like=real)) for X in sets)
    return of_real, of_synthetic[rng.permutation(n)]


def _statistics(X: np.ndarray) -> np.ndarray:
    """Return seven statistics of each channel, (n_samples, 7 * n_channels)."""
    over_time = [
        np.median(X, axis=2),
        X.mean(axis=2),
        X.std(axis=2),
        X.var(axis=2),
        np.sqrt((X**2).mean(axis=2)),
        X.max(axis=2),
        X.min(axis=2),
    ]
    return np.concatenate(over_time, axis=1)
