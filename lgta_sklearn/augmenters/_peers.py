"""The training series in latent space, for transformations that look at them.

Letters: ``V`` codes, levels and log-scales, standardised, (n, n_described); ``R`` what
the model cannot explain of the shapes, (n, C * T). A whole series is a row of both.
"""

from copy import copy
from typing import Self

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from lgta_sklearn._random import one_of_each

__all__ = ["Peers", "TrainingSeries"]

MIN_MEMBERS = 8  # series from which a class says by itself what it permits
SAME = 1e-5  # distance below which a code is that of the series itself


class TrainingSeries:
    """The training series, looked up by nearness or drawn in pairs.

    Parameters
    ----------
    V : ndarray of shape (n_samples, n_described)
        Standardised codes, levels and log-scales.
    residual : ndarray of shape (n_samples, n_channels, n_timepoints)
        What the model cannot explain, NaN where a series is not known.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes.
    share_within : ndarray of shape (n_codes,)
        Standard deviations of the codes within classes.
    """

    def __init__(
        self,
        V: np.ndarray,
        residual: np.ndarray,
        labels: np.ndarray | None,
        share_within: np.ndarray,
    ) -> None:
        self.V, self.share_within = V, share_within
        self.residual = residual.reshape(len(V), -1).astype(np.float32)
        classes = np.zeros(len(V), dtype=int) if labels is None else labels
        self._class = classes
        if np.bincount(classes).max() < 2:  # no class has two: any two will do
            classes = np.zeros(len(V), dtype=int)
        self._members = np.argsort(classes, kind="stable")  # class after class
        self._size = np.bincount(classes)
        self._first = np.cumsum(self._size) - self._size
        self._paired = classes[self._size[classes] > 1]

    def rows(self, index: np.ndarray, n_columns: int) -> np.ndarray:
        """Return columns of V and, if there are more, of R.

        Parameters
        ----------
        index : ndarray of int of shape (...)
            Which training series.
        n_columns : int
            How many columns.

        Returns
        -------
        ndarray of shape (..., n_columns)
            Rows; NaN where a series is not known.
        """
        if n_columns <= self.V.shape[1]:
            return self.V[index, :n_columns]
        return np.concatenate([self.V[index], self.residual[index]], axis=-1)

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
        ndarray of int of shape (2, n_pairs)
            Which training series; a series and itself if there is only one.
        """
        if not len(self._paired):
            return np.zeros((2, n_pairs), dtype=int)
        classes = self._paired[rng.integers(len(self._paired), size=n_pairs)]
        if labels is not None and len(self._size) > 1:
            own = (labels >= 0) & (self._size[labels] >= MIN_MEMBERS)
            classes = np.where(own, labels, classes)
        size, first = self._size[classes], self._first[classes]
        one = rng.integers(size)
        other = (one + rng.integers(1, size)) % size
        return self._members[np.stack([first + one, first + other])]

    def near(self, V: np.ndarray, labels: np.ndarray | None, k: int) -> np.ndarray:
        """Return the nearest training series of the same class, without itself.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_described)
            Standardised codes, levels and log-scales.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes; for -1 and None that of the nearest series,
            which is the series itself if it was trained on.
        k : int
            How many; where there are fewer they are repeated.

        Returns
        -------
        ndarray of int of shape (n_samples, k)
            Which training series; the series itself where its class has no other.
        """
        found = np.empty((len(V), k), dtype=int)
        classes = self._classes(V, labels)
        for label in np.unique(classes):
            rows, pool = classes == label, np.flatnonzero(self._class == label)
            index = NearestNeighbors(n_neighbors=min(k + 1, len(pool)))
            distance, near = index.fit(self.V[pool]).kneighbors(V[rows])
            # a training series is its own nearest neighbour; put it last
            order = np.argsort(distance < SAME, axis=1, kind="stable")
            near = np.take_along_axis(near, order, axis=1)[:, : max(len(pool) - 1, 1)]
            found[rows] = pool[np.take(near, np.arange(k) % near.shape[1], axis=1)]
        return found

    def _classes(self, V: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the classes of rows, that of the nearest where it is not said."""
        if not self._class.any():  # there is but one
            return np.zeros(len(V), dtype=int)
        classes = np.full(len(V), -1) if labels is None else labels.copy()
        unknown = np.flatnonzero(classes < 0)
        if len(unknown):
            nearest = KNeighborsClassifier(1).fit(self.V, self._class)
            classes[unknown] = nearest.predict(V[unknown])
        return classes


class Peers:
    """The training series as seen from given series: those of the same class.

    Parameters
    ----------
    training : TrainingSeries
        The training series.
    V : ndarray of shape (n_samples, n_described)
        Standardised codes, levels and log-scales of the given series.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes; -1 and None where they are not known.

    Attributes
    ----------
    n_described : int
        Columns of V.
    share_within : ndarray of shape (n_codes,)
        Standard deviations of the codes within classes.
    """

    def __init__(
        self, training: TrainingSeries, V: np.ndarray, labels: np.ndarray | None
    ) -> None:
        self.training, self.V, self.labels = training, V, labels
        self.n_described, self.share_within = V.shape[1], training.share_within
        self._rows = slice(None)
        self._near: dict[int, np.ndarray] = {}  # of all rows, looked up once

    def __getitem__(self, rows: slice) -> Self:
        part = copy(self)
        part._rows = rows
        return part

    def pair(self, V: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw two different training series for each row.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (2, n_samples, n_columns)
            Rows of the same columns.
        """
        labels = None if self.labels is None else self.labels[self._rows]
        pairs = self.training.pairs(labels, len(V), rng)
        return self.training.rows(pairs, V.shape[1])

    def neighbor(self, V: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
        """Draw one of the nearest training series for each row, not the row itself.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        k : int
            Number of neighbours among which to draw.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows of the same columns.
        """
        if k not in self._near:
            self._near[k] = self.training.near(self.V, self.labels, k)
        chosen = one_of_each(self._near[k][self._rows], rng)
        return self.training.rows(chosen, V.shape[1])
