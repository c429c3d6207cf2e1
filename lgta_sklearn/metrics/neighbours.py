"""Measures of fidelity and of diversity by nearest neighbours.

The ball of a real series reaches to its k-th nearest real neighbour. A real series is
covered if its ball contains a synthetic series; a synthetic series is plausible if it
lies in a ball. Distances are Euclidean, each channel in standard deviations of the real
set.
"""

from typing import Any

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import euclidean_distances

from lgta_sklearn._curves import flat
from lgta_sklearn._random import seed_from
from lgta_sklearn.metrics._panels import as_pair, nearest, thinned

__all__ = ["coverage", "density", "internal_diversity", "precision", "recall"]

ROUNDING = 1e-6  # error of distances from matrix products, in standard deviations


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
        Number of the real neighbour that the ball of a real series reaches to.
    max_samples : int, default=3000
        Largest number of series of each set that are used.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series.

    Returns
    -------
    float in [0, 1]
        Share in at least one real ball; larger is better. Read it with `recall`, since
        a single good series that is repeated has precision 1.

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
        Number of the neighbour that the ball of a synthetic series reaches to.
    max_samples : int, default=3000
        Largest number of series of each set that are used.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series.

    Returns
    -------
    float in [0, 1]
        Share in at least one synthetic ball; larger is better. Outliers of the
        synthetic set have large balls and raise it; they do not raise `coverage`.

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
    """Return the density of real series around the synthetic ones.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    n_neighbors : int, default=5
        Number of the real neighbour that the ball of a real series reaches to.
    max_samples : int, default=3000
        Largest number of series of each set that are used.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series.

    Returns
    -------
    float >= 0
        Mean number of real balls around a synthetic series, divided by `n_neighbors`.
        It is about 1 for equal distributions, and larger if the synthetic series lie in
        the middle of the real ones.

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
        Number of the real neighbour that the ball of a real series reaches to.
    max_samples : int, default=3000
        Largest number of series of each set that are used.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series.

    Returns
    -------
    float in [0, 1]
        Share of real balls that contain a synthetic series; larger is better.

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
    """Return the ratio of the distances within the synthetic and the real set.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    max_samples : int, default=1000
        Largest number of series of each set that are used.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series.

    Returns
    -------
    float >= 0
        Mean distance within the synthetic set, divided by that within the real set. 1
        is best; 0 is a single series that is repeated.

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
    # not euclidean_distances, which returns about 1e-8 for equal series
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
        flat(thinned(synthetic, max_samples, seed, 1), like=real),
    )


def _inside(rows: np.ndarray, centres: np.ndarray, k: int) -> np.ndarray:
    """Tell whether each row (first axis) lies in the ball of each centre (second)."""
    radius = nearest(centres, centres, skip_self=True, k=k)
    inside: np.ndarray = euclidean_distances(rows, centres) <= radius + ROUNDING
    return inside
