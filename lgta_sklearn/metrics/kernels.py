"""Kernel two-sample statistics: the maximum mean discrepancy and its test."""

from typing import Any

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import euclidean_distances

from lgta_sklearn._curves import flat
from lgta_sklearn._random import seed_from
from lgta_sklearn.metrics._panels import as_pair, thinned

__all__ = ["mmd", "mmd_p_value"]


def mmd(
    X_real: Any, X_synthetic: Any, *, max_samples: int = 1000, random_state: Any = None
) -> float:
    """Return the squared maximum mean discrepancy with a Gaussian kernel.

    The bandwidth is the median distance between real series. A bandwidth of both sets
    would grow with a doubled amplitude and hide it.

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
    float in about [0, 2]
        Unbiased estimate, which can be slightly negative; smaller is better.

    References
    ----------
    Gretton et al. (2012), "A kernel two-sample test", JMLR 13.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import mmd
    >>> real, other = np.random.default_rng(0).normal(size=(2, 100, 30))
    >>> mmd(real, other) < 0.01 < mmd(real, 2 * other)
    True
    """
    kernel, n = _joint_kernel(X_real, X_synthetic, max_samples, random_state)
    return _mmd(kernel, np.arange(len(kernel)) < n)


def mmd_p_value(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_permutations: int = 200,
    max_samples: int = 500,
    random_state: Any = None,
) -> float:
    """Return the p-value of a permutation test that both sets have one distribution.

    The test statistic is `mmd`.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    n_permutations : int, default=200
        Permutations of the labels.
    max_samples : int, default=500
        Largest number of series of each set that are used.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series and of the permutations.

    Returns
    -------
    float in (0, 1]
        Share of permutations with at least the observed discrepancy. A small value
        means that the sets differ.

    References
    ----------
    Gretton et al. (2012), "A kernel two-sample test", JMLR 13.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import mmd_p_value
    >>> real, other = np.random.default_rng(0).normal(size=(2, 100, 30))
    >>> mmd_p_value(real, 2 * other, random_state=0) < 0.01
    True
    """
    seed = seed_from(random_state)
    kernel, n = _joint_kernel(X_real, X_synthetic, max_samples, seed)
    is_real = np.arange(len(kernel)) < n
    observed = _mmd(kernel, is_real)
    rng = np.random.default_rng(seed)
    permuted = [_mmd(kernel, rng.permutation(is_real)) for _ in range(n_permutations)]
    return (1 + int(np.sum(np.array(permuted) >= observed))) / (1 + n_permutations)


def _joint_kernel(
    X_real: Any, X_synthetic: Any, max_samples: int, random_state: Any
) -> tuple[np.ndarray, int]:
    """Return the kernel matrix of both sets and the number of real rows."""
    real, synthetic = as_pair(X_real, X_synthetic)
    seed = seed_from(random_state)
    a = flat(thinned(real, max_samples, seed), like=real)
    b = flat(thinned(synthetic, max_samples, seed, 1), like=real)
    # exactly 0 for equal series, unlike euclidean_distances
    within = pdist(a, "sqeuclidean")
    bandwidth = np.median(within) if len(within) else 1.0
    rows = np.vstack([a, b])
    squared = euclidean_distances(rows, squared=True)
    return np.exp(-squared / (2 * bandwidth if bandwidth > 0 else 1.0)), len(a)


def _mmd(kernel: np.ndarray, is_real: np.ndarray) -> float:
    """Return the unbiased estimate for a division of the rows into two sets."""
    counts = is_real.astype(float), (~is_real).astype(float)
    sums = [c @ kernel @ c - c.sum() for c in counts]  # without the diagonal
    pairs = [max(c.sum() * (c.sum() - 1), 1.0) for c in counts]
    between = counts[0] @ kernel @ counts[1] / (counts[0].sum() * counts[1].sum())
    return float(sums[0] / pairs[0] + sums[1] / pairs[1] - 2 * between)
