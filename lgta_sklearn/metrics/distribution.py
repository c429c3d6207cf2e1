"""Distances between the distributions of two sets of series; 0 for equal sets.

A distance that needs a scale takes that of the real series, so that no synthetic set
can look better by changing its own scale.
"""

from typing import Any

import numpy as np
from scipy.linalg import eigvals
from scipy.stats import ks_2samp, wasserstein_distance
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from lgta_sklearn._curves import autocorrelation, spectrum
from lgta_sklearn._random import seed_from
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn.metrics._panels import as_pair, thinned
from lgta_sklearn.metrics.features import RandomConvolutions

__all__ = [
    "autocorrelation_distance",
    "cross_correlation_distance",
    "frechet_distance",
    "ks_distance",
    "spectrum_distance",
    "wasserstein",
]


def frechet_distance(
    X_real: Any,
    X_synthetic: Any,
    *,
    n_components: int = 32,
    max_samples: int = 5000,
    random_state: Any = None,
) -> float:
    """Return the Fréchet distance between random convolution features.

    Features are standardised and reduced to principal components, both fitted to the
    real series. The result is the squared distance between two Gaussians, divided by
    the number of components. It is biased upwards for few series, so compare values
    for equal numbers of series only, and with the floor. It is not the "Context-FID" of
    the literature, which trains a new encoder each time.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    n_components : int, default=32
        Number of principal components.
    max_samples : int, default=5000
        Largest number of series of each set that are used.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the features and of the choice of series.

    Returns
    -------
    float >= 0
        Distance; smaller is better.

    References
    ----------
    Heusel et al. (2017), "GANs trained by a two time-scale update rule",
    arXiv:1706.08500; features of Dempster et al. (2020), arXiv:1910.13051.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import frechet_distance
    >>> real, other = np.random.default_rng(0).normal(size=(2, 200, 30))
    >>> near = frechet_distance(real, other, random_state=0)
    >>> near < frechet_distance(real, other.cumsum(axis=1), random_state=0)
    True
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    seed = seed_from(random_state)
    real = thinned(real, max_samples, seed)
    synthetic = thinned(synthetic, max_samples, seed, 1)
    with pinned_runtime():
        a, b = _components(real, synthetic, n_components, seed)
        return _gaussian_distance(a, b) / a.shape[1]


def _components(
    real: np.ndarray, synthetic: np.ndarray, n_components: int, seed: int
) -> list[np.ndarray]:
    """Return principal components of the features of both sets, those of the real."""
    convolutions = RandomConvolutions(random_state=seed).fit(real)
    scaler = StandardScaler().set_output(transform="default")
    a = scaler.fit_transform(convolutions.transform(real))
    b = scaler.transform(convolutions.transform(synthetic))
    n_components = min(n_components, *a.shape, len(b))
    pca = PCA(n_components, svd_solver="full").set_output(transform="default").fit(a)
    return [pca.transform(features) for features in (a, b)]


def _gaussian_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the squared Fréchet distance of the Gaussians fitted to two sets."""
    covariances = [np.atleast_2d(np.cov(z, rowvar=False)) for z in (a, b)]
    # the trace of the matrix square root, also of a singular matrix
    root = np.sqrt(np.real(eigvals(covariances[0] @ covariances[1])).clip(0)).sum()
    spread = np.trace(covariances[0] + covariances[1]) - 2 * root
    distance = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + spread
    return max(float(distance), 0.0)


def wasserstein(X_real: Any, X_synthetic: Any, *, random_state: Any = None) -> float:
    """Return the Wasserstein distance of the values, averaged over channels.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float >= 0
        Distance in standard deviations of the real channel; smaller is better.

    References
    ----------
    Villani (2009), "Optimal transport", doi:10.1007/978-3-540-71050-9.

    Examples
    --------
    >>> from lgta_sklearn.metrics import wasserstein
    >>> wasserstein([[0.0, 2.0], [0.0, 2.0]], [[1.0, 3.0], [1.0, 3.0]])
    1.0
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    scale = real.std(axis=(0, 2))
    distances = [
        wasserstein_distance(real[:, c].ravel(), synthetic[:, c].ravel())
        for c in range(real.shape[1])
    ]
    return float(np.mean(distances / np.where(scale > 0, scale, 1.0)))


def ks_distance(X_real: Any, X_synthetic: Any, *, random_state: Any = None) -> float:
    """Return the Kolmogorov-Smirnov distance of the values, averaged over channels.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float in [0, 1]
        Largest difference between the distribution functions; smaller is better.

    References
    ----------
    Massey (1951), "The Kolmogorov-Smirnov test for goodness of fit",
    doi:10.1080/01621459.1951.10500769.

    Examples
    --------
    >>> from lgta_sklearn.metrics import ks_distance
    >>> ks_distance([[0.0, 1.0]], [[2.0, 3.0]])
    1.0
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    return float(
        np.mean(
            [
                ks_2samp(
                    real[:, c].ravel(), synthetic[:, c].ravel(), method="asymp"
                ).statistic
                for c in range(real.shape[1])
            ]
        )
    )


def autocorrelation_distance(
    X_real: Any, X_synthetic: Any, *, max_lag: int = 64, random_state: Any = None
) -> float:
    """Return the distance between the mean autocorrelation functions.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    max_lag : int, default=64
        Largest lag; for short series, their largest one.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float in [0, 2]
        Mean absolute difference over lags and channels; smaller is better.

    References
    ----------
    Ang et al. (2023), "TSGBench: time series generation benchmark", arXiv:2309.03755.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import autocorrelation_distance
    >>> X = np.random.default_rng(0).normal(size=(50, 20))
    >>> autocorrelation_distance(X, X)
    0.0
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    lags = min(max_lag, real.shape[2] - 1)
    a, b = (autocorrelation(X, lags).mean(axis=0)[:, 1:] for X in (real, synthetic))
    return float(np.abs(a - b).mean()) if lags else 0.0


def cross_correlation_distance(
    X_real: Any, X_synthetic: Any, *, random_state: Any = None
) -> float:
    """Return the distance between the correlations of the channels.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_channels, n_timepoints)
        Series of two channels or more.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float in [0, 2]
        Mean absolute difference over pairs of channels; smaller is better. The
        correlations are over all series and time points.

    Raises
    ------
    ValueError
        If there is only one channel.

    References
    ----------
    Ni et al. (2021), "Sig-Wasserstein GANs for time series generation",
    arXiv:2111.01207.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import cross_correlation_distance
    >>> X = np.random.default_rng(0).normal(size=(50, 3, 20))
    >>> cross_correlation_distance(X, X)
    0.0
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    n_channels = real.shape[1]
    if n_channels < 2:
        raise ValueError("cross-correlation needs at least 2 channels, got 1.")
    pairs = np.triu_indices(n_channels, 1)
    a, b = (_correlation(X)[pairs] for X in (real, synthetic))
    return float(np.abs(a - b).mean())


def _correlation(X: np.ndarray) -> np.ndarray:
    """Return the correlations of the channels; those of a constant channel are 0."""
    values = X.transpose(1, 0, 2).reshape(X.shape[1], -1)
    values = values - values.mean(axis=1, keepdims=True)
    size = np.sqrt((values**2).sum(axis=1))
    values = values / np.where(size > 0, size, 1.0)[:, None]
    return values @ values.T


def spectrum_distance(
    X_real: Any, X_synthetic: Any, *, random_state: Any = None
) -> float:
    """Return the distance between the mean power spectra, in decibels.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float >= 0
        Mean absolute difference between the log spectra over frequencies and channels,
        in decibels (3 is a factor of two in power); smaller is better. Power below a
        millionth of the largest of a channel has no influence.

    References
    ----------
    Gray and Markel (1976), "Distance measures for speech processing",
    doi:10.1109/TASSP.1976.1162849.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import spectrum_distance
    >>> X = np.random.default_rng(0).normal(size=(50, 20))
    >>> round(spectrum_distance(X, 10 * X), 6)
    20.0
    """
    real, synthetic = as_pair(X_real, X_synthetic)
    a, b = (spectrum(X)[1].mean(axis=0) for X in (real, synthetic))
    if a.shape[1] == 0:
        return 0.0
    floor = 1e-6 * a.max(axis=1, keepdims=True)
    floor[floor == 0] = 1.0
    decibels = 10 * (np.log10(a + floor) - np.log10(b + floor))
    return float(np.abs(decibels).mean())
