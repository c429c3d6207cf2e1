"""Smoothed bootstrap of neighbourhoods."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from lgta_sklearn._files.registry import storable
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn.density.whitening import Whitening

__all__ = ["LocalDensity"]


@storable
class LocalDensity(BaseEstimator):
    """Smoothed bootstrap: a row drawn at random, moved within its neighbourhood.

    A drawn row is pulled towards the mean ``m`` of its nearest neighbours, and Gaussian
    noise of their covariance is added, so that the local mean and covariance are
    preserved: ``m + sqrt(1 - h^2) * (row - m) + h * noise`` with the bandwidth ``h``.
    If codes lie on a bent surface, samples follow the surface; a mixture of a few
    Gaussians cuts across it. Neighbours are sought in whitened normal scores, as in
    `MixtureDensity`. No sample is a training row, but the density holds all of them.

    Parameters
    ----------
    n_neighbors : int, default=15
        Number of neighbours of a row, not counting the row; fewer if there are fewer
        rows.
    bandwidth : float in (0, 1], default=0.75
        0 would repeat the rows, 1 ignores the position of a row in its neighbourhood.
    max_samples : int, default=20000
        Largest number of rows kept; if there are more, a random subset.
    random_state : None, int, RandomState or Generator, default=None
        Seed of `sample`.

    References
    ----------
    Silverman and Young (1987), "The bootstrap: to smooth or not to smooth?",
    doi:10.1093/biomet/74.3.469; Vincent and Bengio (2002), "Manifold Parzen windows",
    NIPS; Lall and Sharma (1996), "A nearest neighbor bootstrap for resampling
    hydrologic time series", doi:10.1029/95WR02966.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.density import LocalDensity
    >>> Z = np.random.default_rng(0).normal(size=(200, 3))
    >>> LocalDensity(random_state=0).fit(Z).sample(5).shape
    (5, 3)
    """

    draws_in_order: ClassVar[bool] = True

    def __init__(
        self,
        n_neighbors: int = 15,
        *,
        bandwidth: float = 0.75,
        max_samples: int = 20_000,
        random_state: Any = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.bandwidth = bandwidth
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, Z: np.ndarray, given: None = None) -> Self:
        """Find the neighbours of each row.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_features)
            Rows.
        given : None
            Ignored: `ClassConditionalDensity` fits one of these for each class.

        Returns
        -------
        LocalDensity
            The fitted density.
        """
        from sklearn.neighbors import NearestNeighbors

        rng = np.random.default_rng(seed_from(self.random_state))
        if len(Z) > self.max_samples:
            Z = Z[rng.permutation(len(Z))[: self.max_samples]]
        self._white = Whitening(Z, rng)
        Q = self._white.rows
        k = min(self.n_neighbors, len(Q) - 1)
        self._near = np.arange(len(Q))[:, None]
        if k and Q.shape[1]:
            found = (
                NearestNeighbors(n_neighbors=k).fit(Q).kneighbors(return_distance=False)
            )
            self._near = np.concatenate([self._near, found], axis=1)
        return self

    def sample(
        self, n_samples: int = 1, *, given: None = None, random_state: Any = None
    ) -> np.ndarray:
        """Draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        given : None
            Ignored.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw; None takes the constructor's.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Drawn rows.
        """
        seed = self.random_state if random_state is None else random_state
        seed = seed_from(seed)
        Q, h = self._white.rows, self.bandwidth
        # a stream for each array, so that a longer draw begins with a shorter one
        rows = stream(seed, Use.SOURCES).integers(len(Q), size=n_samples)
        near = self._near[rows]
        around = Q[near]  # (n, k + 1, d)
        mean = around.mean(axis=1)
        weights = stream(seed, Use.NOISE).standard_normal((n_samples, near.shape[1], 1))
        weights /= np.sqrt(max(near.shape[1] - 1, 1))
        noise = (weights * (around - mean[:, None])).sum(axis=1)
        return self._white.backward(
            mean + np.sqrt(1 - h**2) * (Q[rows] - mean) + h * noise
        )
