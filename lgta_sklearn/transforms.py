"""Latent transformations: small objects called ``(Z, rng) -> Z``.

They act on standardised codes, whose mean is 0 and whose standard deviation is 1 over
the training series. The augmenter scales their effect by its `strength`. One with the
attribute `n_neighbors` is called ``(Z, rng, neighbours) -> Z`` with so many codes of
training series for each row, the nearest of its class.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors

__all__ = ["Jitter", "LatentNeighbours", "Mixup"]


class Jitter(BaseEstimator):
    """Add independent Gaussian noise to every coordinate of the code.

    Parameters
    ----------
    scale : float, default=1.0
        Standard deviation of the noise, in standard deviations of the code.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Jitter
    >>> Jitter(scale=0.5)(np.zeros((2, 3)), np.random.default_rng(0)).shape
    (2, 3)
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def __call__(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return jittered codes.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, latent_dim)
            Standardised codes.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Codes.
        """
        jittered: np.ndarray = Z + self.scale * rng.standard_normal(Z.shape)
        return jittered


class Mixup(BaseEstimator):
    """Move each code towards that of a neighbour of its class: SMOTE in latent space.

    At strength 1 a code comes to lie anywhere on the line to one of its neighbours.
    A series without another one of its class stays where it is.

    Parameters
    ----------
    n_neighbors : int, default=5
        Nearest codes of the class among which to draw; of all series, where there are
        no labels.

    References
    ----------
    Chawla et al. (2002), "SMOTE: synthetic minority over-sampling technique",
    doi:10.1613/jair.953; DeVries and Taylor (2017), "Dataset augmentation in feature
    space", arXiv:1702.05538.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Mixup
    >>> Z, neighbours = np.zeros((2, 3)), np.ones((2, 5, 3))
    >>> moved = Mixup()(Z, np.random.default_rng(0), neighbours)
    >>> bool((moved[:, 0] > 0).all() and (moved[:, 0] < 1).all())
    True
    """

    def __init__(self, n_neighbors: int = 5) -> None:
        self.n_neighbors = n_neighbors

    def __call__(
        self, Z: np.ndarray, rng: np.random.Generator, neighbours: np.ndarray
    ) -> np.ndarray:
        """Return codes between those given and their neighbours.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, latent_dim)
            Standardised codes.
        rng : numpy.random.Generator
            Source of randomness.
        neighbours : ndarray of shape (n_samples, n_neighbors, latent_dim)
            Codes of neighbours.

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Codes.
        """
        chosen = rng.integers(neighbours.shape[1], size=len(Z))
        way = rng.uniform(size=(len(Z), 1))
        mixed: np.ndarray = Z + way * (neighbours[np.arange(len(Z)), chosen] - Z)
        return mixed


class LatentNeighbours:
    """Codes of the training series, to be looked up by nearness and class.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, latent_dim)
        Standardised codes of the training series.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes.
    """

    def __init__(self, Z: np.ndarray, labels: np.ndarray | None) -> None:
        self.Z, self.labels = Z, labels

    def near(self, Z: np.ndarray, labels: np.ndarray | None, k: int) -> np.ndarray:
        """Return the nearest training codes of the same class, without the code itself.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, latent_dim)
            Codes.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes; -1 and None stand for any.
        k : int
            How many; where there are fewer they are repeated.

        Returns
        -------
        ndarray of shape (n_samples, k, latent_dim)
            Codes of neighbours.
        """
        if labels is None or self.labels is None:
            labels = np.full(len(Z), -1)
        found = np.empty((len(Z), k, Z.shape[1]))
        for label in np.unique(labels):
            rows = labels == label
            pool = self.Z if label < 0 else self.Z[self.labels == label]
            index = NearestNeighbors(n_neighbors=min(k + 1, len(pool))).fit(pool)
            distance, near = index.kneighbors(Z[rows])
            # a training series is its own nearest neighbour; put it last
            itself = distance < 1e-9
            order = np.argsort(itself, axis=1, kind="stable")
            near = np.take_along_axis(near, order, axis=1)[:, : max(len(pool) - 1, 1)]
            found[rows] = pool[np.take(near, np.arange(k) % near.shape[1], axis=1)]
        return found
