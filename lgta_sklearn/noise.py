"""Structured observation noise: what the decoder leaves unexplained.

The mean that a decoder returns is smooth, and real series are not. The residuals of
the training series, without units like the shapes, have a covariance over time and
channels; Gaussian noise with this covariance is added to samples. White noise of
the right size is not enough: a critic sees the missing correlation at once.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.covariance import LedoitWolf
from sklearn.utils.extmath import randomized_svd

from lgta_sklearn._random import seed_from

__all__ = ["ResidualNoise"]


class ResidualNoise(BaseEstimator):
    """Gaussian noise with the covariance of residuals.

    Up to `max_features` values per series the covariance is that of Ledoit and Wolf
    (2004), which is sound with fewer rows than values. Beyond, it is the sum of a
    low-rank part (the leading principal components) and a diagonal one.

    Parameters
    ----------
    max_features : int, default=512
        Largest product of channels and time points whose full covariance is held.
    rank : int, default=64
        Rank of the low-rank part beyond that.
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

    def fit(self, R: np.ndarray, y: object = None) -> Self:
        """Learn the covariance.

        Parameters
        ----------
        R : ndarray of shape (n_samples, n_channels, n_timepoints)
            Residuals, whose mean is taken to be zero.
        y : None
            Ignored.

        Returns
        -------
        ResidualNoise
            The fitted object.
        """
        self.shape_ = R.shape[1:]
        flat = R.reshape(len(R), -1)
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

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Draw noise.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series.
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
