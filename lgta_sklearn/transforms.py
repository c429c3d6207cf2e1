"""Latent transformations: small objects called ``(Z, rng) -> Z``.

They act on standardised codes, whose mean is 0 and whose standard deviation is 1 over
the training series. The augmenter scales their effect by its `strength`. Two kinds look
at training series: one with the attribute `n_neighbors` is called ``(Z, rng,
neighbours) -> Z`` with so many codes for each row, the nearest of its class; one with
a true `moves_levels` is called ``(V, rng, pairs) -> V`` with the codes, levels and
log-scales of each row, and with those of two training series that are of one class.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors

MIN_MEMBERS = 8  # series from which a class says by itself what it permits

__all__ = ["Jitter", "LinearDelta", "Mixup", "TrainingCodes"]


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


class LinearDelta(BaseEstimator):
    """Move each series as two others of its class differ, in level and scale too.

    What two series of a class differ by is what the class permits. A class of one
    series is moved by the differences within the others. Unlike `Jitter` it keeps what
    belongs together (a code with a level) together.

    References
    ----------
    Kumar et al. (2019), "A closer look at feature space data augmentation for few-shot
    intent classification", arXiv:1910.04176; Schwartz et al. (2018), "Delta-encoder",
    arXiv:1806.04734.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import LinearDelta
    >>> pairs = np.array([[[2.0, 1.0], [0.0, 1.0]]])
    >>> LinearDelta()(np.zeros((1, 2)), np.random.default_rng(0), pairs).round(2)
    array([[1.41, 0.  ]])
    """

    moves_levels = True

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, pairs: np.ndarray
    ) -> np.ndarray:
        """Return rows moved by the differences of pairs.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised codes, levels and log-scales.
        rng : numpy.random.Generator
            Not used: the pairs are drawn already.
        pairs : ndarray of shape (n_samples, 2, n_columns)
            The same of two training series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.
        """
        # a difference has twice the variance of what the class permits
        moved: np.ndarray = V + (pairs[:, 0] - pairs[:, 1]) / np.sqrt(2)
        return moved


class TrainingCodes:
    """The training series in latent space, looked up by nearness or drawn in pairs.

    Parameters
    ----------
    V : ndarray of shape (n_samples, n_columns)
        Standardised codes, levels and log-scales of the training series.
    n_codes : int
        How many of the columns are codes.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes.
    """

    def __init__(self, V: np.ndarray, n_codes: int, labels: np.ndarray | None) -> None:
        self.V, self.Z, self.labels = V, V[:, :n_codes], labels
        classes = np.zeros(len(V), dtype=int) if labels is None else labels
        if np.bincount(classes).max() < 2:  # no class has two: any two will do
            classes = np.zeros(len(V), dtype=int)
        self._members = np.argsort(classes, kind="stable")  # class after class
        self._size = np.bincount(classes)
        self._first = np.cumsum(self._size) - self._size
        self._paired = classes[self._size[classes] > 1]

    def pairs(
        self, labels: np.ndarray | None, n_pairs: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw pairs of different training series of one class.

        Parameters
        ----------
        labels : ndarray of int of shape (n_pairs,) or None
            Numbers of the classes. For -1, None and a class of fewer than eight series
            the pairs are of any class, drawn as often as it has members; and where no
            class has two series, any two are a pair.
        n_pairs : int
            Number of pairs.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_pairs, 2, n_columns)
            Rows of V; zeros if there is only one series.
        """
        if not len(self._paired):
            return np.zeros((n_pairs, 2, self.V.shape[1]))
        classes = self._paired[rng.integers(len(self._paired), size=n_pairs)]
        if labels is not None and len(self._size) > 1:
            own = (labels >= 0) & (self._size[labels] >= MIN_MEMBERS)
            classes = np.where(own, labels, classes)
        size, first = self._size[classes], self._first[classes]
        one = rng.integers(size)
        other = (one + rng.integers(1, size)) % size
        rows = self._members[np.stack([first + one, first + other], axis=1)]
        return self.V[rows]

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
