"""Fidelity and diversity told apart, by nearest neighbours.

A real series' ball reaches to its k-th real neighbour. Balls that hold synthetic
series are covered; synthetic series in some ball are plausible. Distances are
Euclidean, each channel in standard deviations of the real set.
"""

from typing import Any

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import euclidean_distances

from lgta_sklearn._curves import flat
from lgta_sklearn._random import seed_from
from lgta_sklearn.metrics._panels import as_pair, nearest, thinned

__all__ = ["coverage", "density", "internal_diversity", "precision", "recall"]

ROUNDING = 1e-6  # of distances from products of matrices, in standard deviations


def precision(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_neighbors: int = 5,
    max_samples: int = 3000,
    random_state: Any = None,
) -> float:
    """Return the share of synthetic series that lie among the real ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    n_neighbors : int, default=5
        Real neighbour that a real series' ball reaches to.
    max_samples : int, default=3000
        Series of each set that are used at most.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the thinning.

    Returns
    -------
    float in [0, 1]
        Share in at least one real ball; larger is better, but read it with `recall`:
        a single good series drawn over and over has precision 1.

    References
    ----------
    Kynkäänniemi et al. (2019), "Improved precision and recall metric for assessing
    generative models", arXiv:1904.06991.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import precision
    >>> real = np.random.default_rng(0).normal(size=(100, 3))
    >>> precision(real, np.zeros((10, 3))), precision(real, np.full((10, 3), 9.0))
    (1.0, 0.0)
    """
    real, synthetic = _rows(X_real, X_synthetic, max_samples, random_state)
    return float(_inside(synthetic, real, n_neighbors).any(axis=1).mean())


def recall(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_neighbors: int = 5,
    max_samples: int = 3000,
    random_state: Any = None,
) -> float:
    """Return the share of real series that lie among the synthetic ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    n_neighbors : int, default=5
        Synthetic neighbour that a synthetic series' ball reaches to.
    max_samples : int, default=3000
        Series of each set that are used at most.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the thinning.

    Returns
    -------
    float in [0, 1]
        Share in at least one synthetic ball; larger is better. Outliers of the
        synthetic set have large balls and raise it: `coverage` does not suffer so.

    References
    ----------
    Kynkäänniemi et al. (2019), "Improved precision and recall metric for assessing
    generative models", arXiv:1904.06991.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import recall
    >>> real = np.random.default_rng(0).normal(size=(100, 3))
    >>> recall(real, np.zeros((10, 3)))
    0.0
    """
    real, synthetic = _rows(X_real, X_synthetic, max_samples, random_state)
    return float(_inside(real, synthetic, n_neighbors).any(axis=1).mean())


def density(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_neighbors: int = 5,
    max_samples: int = 3000,
    random_state: Any = None,
) -> float:
    """Return how densely real series lie around the synthetic ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    n_neighbors : int, default=5
        Real neighbour that a real series' ball reaches to.
    max_samples : int, default=3000
        Series of each set that are used at most.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the thinning.

    Returns
    -------
    float >= 0
        Mean number of real balls around a synthetic series, over `n_neighbors`; about
        1 for equal distributions, more where the synthetic set keeps to the middle.

    References
    ----------
    Naeem et al. (2020), "Reliable fidelity and diversity metrics for generative
    models", arXiv:2002.09797.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import density
    >>> real = np.random.default_rng(0).normal(size=(100, 3))
    >>> density(real, np.full((10, 3), 9.0))
    0.0
    """
    real, synthetic = _rows(X_real, X_synthetic, max_samples, random_state)
    k = min(n_neighbors, max(len(real) - 1, 1))
    return float(_inside(synthetic, real, n_neighbors).sum(axis=1).mean() / k)


def coverage(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_neighbors: int = 5,
    max_samples: int = 3000,
    random_state: Any = None,
) -> float:
    """Return the share of real series that have a synthetic one nearby.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    n_neighbors : int, default=5
        Real neighbour that a real series' ball reaches to.
    max_samples : int, default=3000
        Series of each set that are used at most.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the thinning.

    Returns
    -------
    float in [0, 1]
        Share of real balls that hold a synthetic series; larger is better.

    References
    ----------
    Naeem et al. (2020), "Reliable fidelity and diversity metrics for generative
    models", arXiv:2002.09797.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import coverage
    >>> real = np.random.default_rng(0).normal(size=(100, 3))
    >>> coverage(real, real)
    1.0
    """
    real, synthetic = _rows(X_real, X_synthetic, max_samples, random_state)
    return float(_inside(synthetic, real, n_neighbors).any(axis=0).mean())


def internal_diversity(
    X_real: Any,
    X_synthetic: Any,
    *,
    max_samples: int = 1000,
    random_state: Any = None,
) -> float:
    """Return how far synthetic series lie from each other, against real ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    max_samples : int, default=1000
        Series of each set that are used at most.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the thinning.

    Returns
    -------
    float >= 0
        Mean distance within the synthetic set over that within the real one; 1 is best,
        0 is one series repeated.

    References
    ----------
    Alaa et al. (2022), "How faithful is your synthetic data?", arXiv:2102.08921.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import internal_diversity
    >>> real = np.random.default_rng(0).normal(size=(100, 3))
    >>> internal_diversity(real, np.zeros((10, 3)))
    0.0
    """
    rows = _rows(X_real, X_synthetic, max_samples, random_state)
    # not euclidean_distances, for which series that are the same are 1e-8 apart
    means = [pdist(some).mean() if len(some) > 1 else 0.0 for some in rows]
    return float(means[1] / means[0]) if means[0] > 0 else 1.0


def _rows(
    X_real: Any, X_synthetic: Any, max_samples: int, random_state: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return flattened series of both sets."""
    real, synthetic = as_pair(X_real, X_synthetic)
    seed = seed_from(random_state)
    return (
        flat(thinned(real, max_samples, seed), like=real),
        flat(thinned(synthetic, max_samples, seed + 1), like=real),
    )


def _inside(rows: np.ndarray, centres: np.ndarray, k: int) -> np.ndarray:
    """Tell for each row (first axis) in the ball of which centre (second) it lies."""
    radius = nearest(centres, centres, skip_self=True, k=k)
    inside: np.ndarray = euclidean_distances(rows, centres) <= radius + ROUNDING
    return inside
