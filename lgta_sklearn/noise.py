"""Observation noise: the part of a series that the decoder does not explain.

The mean that a decoder returns is smooth, but real series are not, so noise is added to
samples. White noise of the right variance is not enough: it has no correlation, which a
critic sees at once. Gaussian noise with the covariance of the residuals over time and
channels is not enough either, since the size and form of residuals depend on the code.
Residuals of training series with similar codes have the right size and form.
"""

import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, clone
from sklearn.utils.extmath import randomized_svd

from lgta_sklearn._chunks import BLOCK
from lgta_sklearn._files.registry import storable
from lgta_sklearn._neighbors import NearestRows
from lgta_sklearn._random import choose_per_row, seed_from

__all__ = ["NeighborNoise", "ResidualNoise", "calibrate_blend", "make_noise"]

BLENDS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
NEAREST = 0.9  # smallest median distance of samples, as a share of that between series
LOWER_TAIL, MOST_CLOSE = 0.05, 0.09  # quantile of distances, and most samples below it


@storable
class NeighborNoise(BaseEstimator):
    """The residual of a training series with a similar code, drawn at random.

    Parameters
    ----------
    n_neighbors : int, default=15
        Number of nearest codes among which to draw; fewer if there are fewer codes.
    blend : float in [0, 1] or "auto", default="auto"
        Share of Gaussian noise with the covariance of the neighbours' residuals: 0
        repeats a residual unchanged, 1 is purely Gaussian, and the covariance is the
        same for all values. ``"auto"`` is 0 until `calibrate` chooses it; an augmenter
        calls `calibrate`, so that samples do not come too near to training series.
    max_samples : int, default=20000
        Largest number of residuals that are kept; if there are more, a random subset.
    random_state : None, int, RandomState or Generator, default=None
        Seed of `sample`, and of the random subset.

    Attributes
    ----------
    residuals_ : ndarray of float32 of shape (n_kept, n_channels, n_timepoints)
        Residuals of the training series. They are part of the fitted object: share it
        only with those who may see the series.
    blend_ : float
        The blend in use.

    References
    ----------
    Prairie et al. (2006), "Modified K-NN model for stochastic streamflow simulation",
    doi:10.1061/(ASCE)1084-0699(2006)11:4(371).

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.noise import NeighborNoise
    >>> rng = np.random.default_rng(0)
    >>> R, V = rng.normal(size=(50, 1, 12)), rng.normal(size=(50, 4))
    >>> noise = NeighborNoise().fit(R, given=V)
    >>> noise.sample(3, given=V[:3], random_state=0).shape
    (3, 1, 12)
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        *,
        blend: float | str = "auto",
        max_samples: int = 20_000,
        random_state: Any = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.blend = blend
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, R: np.ndarray, given: np.ndarray) -> Self:
        """Keep residuals and the codes that they belong to.

        Parameters
        ----------
        R : ndarray of shape (n_samples, n_channels, n_timepoints)
            Residuals.
        given : ndarray of shape (n_samples, n_features)
            Codes of the series, standardised.

        Returns
        -------
        NeighborNoise
            The fitted object.
        """
        rng = np.random.default_rng(seed_from(self.random_state))
        if len(R) > self.max_samples:
            kept = rng.permutation(len(R))[: self.max_samples]
            R, given = R[kept], given[kept]
        self.residuals_ = R.astype(np.float32, copy=False)
        self.blend_ = 0.0 if isinstance(self.blend, str) else self.blend
        self._nearest = NearestRows(given, self.n_neighbors)
        return self

    def sample(
        self, n_samples: int = 1, *, given: np.ndarray, random_state: Any = None
    ) -> np.ndarray:
        """Draw noise for series with given codes.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series, one for each row of `given`.
        given : ndarray of shape (n_samples, n_features)
            Codes.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw; None takes the constructor's.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Noise in units of the shape.
        """
        seed = self.random_state if random_state is None else random_state
        rng = np.random.default_rng(seed_from(seed))
        near = self._nearest.to(given)
        drawn = self.residuals_[choose_per_row(near, rng)].astype(np.float64)
        if self.blend_ == 0:
            return drawn
        n_rows, k = near.shape
        weights = rng.standard_normal((n_rows, k)).astype(np.float32) / np.sqrt(k)
        # one product for all rows, without a copy of every neighbour
        chosen = csr_array(
            (weights.ravel(), near.ravel(), np.arange(0, n_rows * k + 1, k)),
            shape=(n_rows, len(self.residuals_)),
        )
        common = chosen @ self.residuals_.reshape(len(self.residuals_), -1)
        own, shared = np.sqrt(1 - self.blend_**2), self.blend_
        return own * drawn + shared * common.reshape(drawn.shape)

    def calibrate(self, draw: Callable[[], np.ndarray], X: np.ndarray) -> Self:
        """Choose the blend, if it is ``"auto"``, by `calibrate_blend`.

        Parameters
        ----------
        draw : callable
            Returns samples made with this noise, an ndarray of shape (n_drawn,
            n_channels, n_timepoints).
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Training series, NaN where a value is missing.

        Returns
        -------
        NeighborNoise
            The same object.
        """
        if isinstance(self.blend, str):
            calibrate_blend(self, draw, X)
        return self


def calibrate_blend(
    noise: NeighborNoise, draw: Callable[[], np.ndarray], X: np.ndarray
) -> NeighborNoise:
    """Raise the blend until samples are not too near to training series.

    If the decoder explains little, the residual of a series is the series, and a sample
    with this residual would be a copy of it.

    Parameters
    ----------
    noise : NeighborNoise
        Fitted noise; its `blend_` is set.
    draw : callable
        Returns samples made with this noise, an ndarray of shape (n_drawn,
        n_channels, n_timepoints).
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Training series, NaN where a value is missing.

    Returns
    -------
    NeighborNoise
        The same object, with the smallest blend of 0, 0.25, 0.5, 0.75, 0.9 and 1 that
        passes, or with 1 if none passes. A blend passes if the median distance of
        samples to the nearest training series is at least 0.9 times that between
        training series, and if at most 9 % of the samples are nearer than the 5 %
        quantile of the distances between training series. All channels have the same
        weight.
    """
    from sklearn.neighbors import NearestNeighbors

    spread = np.nanstd(X, axis=(0, 2), keepdims=True)
    spread = np.where(spread > 0, spread, 1.0)
    real = (X / spread).reshape(len(X), -1)
    # distances over the values that both series have, scaled up for missing values
    metric = "nan_euclidean" if np.isnan(real).any() else "minkowski"
    nearest = NearestNeighbors(metric=metric).fit(real)
    some = real[:: math.ceil(len(real) / BLOCK)]
    # the nearest series is the series itself
    between = nearest.kneighbors(some, min(2, len(real)))[0][:, -1]
    least, close = np.nanquantile(between, [0.5, LOWER_TAIL])
    for blend in BLENDS:
        noise.blend_ = blend
        drawn = draw() / spread
        distance = nearest.kneighbors(drawn.reshape(len(drawn), -1), 1)[0]
        far = np.nanmedian(distance) >= NEAREST * least
        if far and np.mean(distance < close) <= MOST_CLOSE:
            break
    return noise


@storable
class ResidualNoise(BaseEstimator):
    """Gaussian noise with the covariance of residuals.

    If a series has at most `max_features` values, the covariance is that of Ledoit and
    Wolf (2004), which is well-conditioned even with fewer rows than values. Otherwise
    it is the sum of a low-rank part (the leading principal components) and a diagonal
    one.

    Parameters
    ----------
    max_features : int, default=512
        Largest number of values of a series (channels times time points) for which the
        full covariance is stored.
    rank : int, default=64
        Rank of the low-rank part for series with more values.
    random_state : None, int, RandomState or Generator, default=None
        Seed of `sample`.

    Attributes
    ----------
    factor_ : ndarray of shape (rank, n_features)
        Square root of the (low-rank) covariance.
    diagonal_ : ndarray of shape (n_features,)
        Standard deviation of the independent part.
    shape_ : tuple of (int, int)
        Channels and time points.

    References
    ----------
    Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional
    covariance matrices", doi:10.1016/S0047-259X(03)00096-4.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.noise import ResidualNoise
    >>> R = np.random.default_rng(0).normal(size=(50, 1, 12)).cumsum(axis=2)
    >>> ResidualNoise().fit(R).sample(3, random_state=0).shape
    (3, 1, 12)
    """

    def __init__(
        self, max_features: int = 512, *, rank: int = 64, random_state: Any = None
    ) -> None:
        self.max_features = max_features
        self.rank = rank
        self.random_state = random_state

    def fit(self, R: np.ndarray, given: object = None) -> Self:
        """Learn the covariance.

        Parameters
        ----------
        R : ndarray of shape (n_samples, n_channels, n_timepoints)
            Residuals, whose mean is taken to be zero.
        given : object
            Ignored: the noise is the same for all codes.

        Returns
        -------
        ResidualNoise
            The fitted object.
        """
        from sklearn.covariance import LedoitWolf

        self.shape_ = R.shape[1:]
        flat = R.reshape(len(R), -1).astype(np.float64)
        if flat.shape[1] <= self.max_features and len(flat) > 1:
            covariance = LedoitWolf(assume_centered=True).fit(flat).covariance_
            # an eigendecomposition, since the covariance may be singular
            values, vectors = np.linalg.eigh(covariance)
            self.factor_ = (vectors * np.sqrt(values.clip(0))).T
            self.diagonal_ = np.zeros(flat.shape[1])
            return self
        rank = min(self.rank, max(len(flat) // 2, 1))
        _, values, vectors = randomized_svd(flat, rank, random_state=0)
        self.factor_ = values[:, None] / np.sqrt(len(flat)) * vectors
        rest = (flat**2).mean(axis=0) - (self.factor_**2).sum(axis=0)
        self.diagonal_ = np.sqrt(rest.clip(0))
        return self

    def sample(
        self, n_samples: int = 1, *, given: object = None, random_state: Any = None
    ) -> np.ndarray:
        """Draw noise.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series.
        given : object
            Ignored.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw; None takes the constructor's.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Noise in units of the shape.
        """
        seed = self.random_state if random_state is None else random_state
        rng = np.random.default_rng(seed_from(seed))
        common = rng.standard_normal((n_samples, len(self.factor_))) @ self.factor_
        own = rng.standard_normal((n_samples, len(self.diagonal_))) * self.diagonal_
        noise: np.ndarray = (common + own).reshape(n_samples, *self.shape_)
        return noise


def make_noise(noise: Any, random_state: Any = None) -> Any:
    """Return unfitted observation noise.

    Parameters
    ----------
    noise : {"neighbors", "structured"}, None or object
        Name, or an object with `fit` and `sample`, which is cloned.
    random_state : None, int, RandomState or Generator, default=None
        Seed for a noise that accepts one and has none.

    Returns
    -------
    object or None
        Noise to be fitted.

    Raises
    ------
    TypeError
        If an object lacks `fit` or `sample`.
    """
    if noise is None:
        return None
    if isinstance(noise, str):
        noise = {"neighbors": NeighborNoise, "structured": ResidualNoise}[noise]()
    if not (hasattr(noise, "fit") and hasattr(noise, "sample")):
        raise TypeError(
            "noise must be 'neighbors', 'structured', None or an object with `fit` and "
            f"`sample` methods, got {noise!r}."
        )
    fresh = clone(noise, safe=False)
    if getattr(fresh, "random_state", 0) is None:
        fresh.random_state = random_state
    return fresh
