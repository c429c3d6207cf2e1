"""The training series in latent space, for transformations that look at them.

Letters: ``V`` codes, levels and log-scales, standardised, (n, n_described); ``R`` what
the model cannot explain of the shapes, (n, C * T). A whole series is a row of both.
"""

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lgta_sklearn._random import one_of_each
from lgta_sklearn.augmenters._codes import CodeSpace
from lgta_sklearn.augmenters._response import Rngs
from lgta_sklearn.transforms._combinations import Transformation, step_of

__all__ = ["LatentPeers", "Part", "Peers", "TrainingSeries", "step_of_rows"]

MOST_POOLED = 20_000  # series of a class among which neighbours are looked for
MIN_MEMBERS = 8  # series from which a class says by itself what it permits
SAME = 1e-5  # distance below which a code is that of the series itself


@dataclass(frozen=True)
class Part:
    """The sequences that a part of some rows stands for.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_steps, n_features) or (n_samples, n_features)
        Standardised values.
    rng : numpy.random.Generator
        Source of randomness for them.
    where : tuple
        Index of the part: which rows, and which of their columns.
    unfold : callable
        Makes of steps of `Z` those of the part.
    """

    Z: np.ndarray
    rng: np.random.Generator
    where: tuple[Any, ...]
    unfold: Callable[[np.ndarray], np.ndarray]


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
    weights : ndarray of shape (n_described,) or float, default=1.0
        What the columns of V are multiplied by to tell who is near.
    """

    def __init__(
        self,
        V: np.ndarray,
        residual: np.ndarray,
        labels: np.ndarray | None,
        weights: np.ndarray | float = 1.0,
    ) -> None:
        self.V, self.weights = V, weights
        self.residual = residual.astype(np.float32, copy=False)
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
        residual = self.residual[index].reshape(*np.shape(index), -1)
        return np.concatenate([self.V[index], residual], axis=-1)

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
        from sklearn.neighbors import NearestNeighbors

        found = np.empty((len(V), k), dtype=int)
        V, among = V * self.weights, self.V * self.weights
        classes = self._classes(V, among, labels)
        for label in np.unique(classes):
            rows, pool = classes == label, np.flatnonzero(self._class == label)
            pool = pool[:: -(-len(pool) // MOST_POOLED)]
            index = NearestNeighbors(n_neighbors=min(k + 1, len(pool)))
            distance, near = index.fit(among[pool]).kneighbors(V[rows])
            # a training series is its own nearest neighbour; put it last
            order = np.argsort(distance < SAME, axis=1, kind="stable")
            near = np.take_along_axis(near, order, axis=1)[:, : max(len(pool) - 1, 1)]
            found[rows] = pool[np.take(near, np.arange(k) % near.shape[1], axis=1)]
        return found

    def _classes(
        self, V: np.ndarray, among: np.ndarray, labels: np.ndarray | None
    ) -> np.ndarray:
        """Return the classes of rows, that of the nearest where it is not said."""
        from sklearn.neighbors import KNeighborsClassifier

        if not self._class.any():  # there is but one
            return np.zeros(len(V), dtype=int)
        classes = np.full(len(V), -1) if labels is None else labels.copy()
        unknown = np.flatnonzero(classes < 0)
        if len(unknown):
            nearest = KNeighborsClassifier(1).fit(among, self._class)
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
    """

    def __init__(
        self, training: TrainingSeries, V: np.ndarray, labels: np.ndarray | None
    ) -> None:
        self.training, self.V, self.labels = training, V, labels
        self.n_described = V.shape[1]
        self._rows = slice(None)
        self._near: dict[int, np.ndarray] = {}  # of all rows, looked up once

    def __getitem__(self, rows: slice) -> Self:
        part = copy(self)
        part._rows = rows
        return part

    @property
    def posterior_scale(self) -> np.ndarray | None:
        """Return how uncertain a model is of the codes of the rows.

        Returns
        -------
        ndarray of shape (n_samples, n_codes) or None
            Standard deviations, in units of V; None if no model knows.
        """
        return None

    def sequences(
        self, V: np.ndarray, rng: np.random.Generator, *, noise: bool = True
    ) -> Iterator[Part]:
        """Yield the sequences that rows stand for.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        rng : numpy.random.Generator
            Source of randomness.
        noise : bool, default=True
            Whether what a model cannot explain is among them.

        Yields
        ------
        Part
            Sequences, all together of every row.
        """
        raise NotImplementedError

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


class LatentPeers(Peers):
    """The training series as seen from given ones by a model.

    Parameters
    ----------
    training : TrainingSeries
        The training series.
    codes : CodeSpace
        What the columns of V are.
    V : ndarray of shape (n_samples, n_described)
        Standardised codes, levels and log-scales of the given series.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes; -1 and None where they are not known.
    logvar : ndarray of shape (n_samples, n_codes) or None, default=None
        Log variances of the posterior.
    residual_scale : ndarray of shape (n_channels,)
        Root mean square of R.
    """

    def __init__(
        self,
        training: TrainingSeries,
        codes: CodeSpace,
        V: np.ndarray,
        labels: np.ndarray | None,
        logvar: np.ndarray | None = None,
        *,
        residual_scale: np.ndarray,
    ) -> None:
        super().__init__(training, V, labels)
        self.codes, self.logvar = codes, logvar
        self.residual_scale = residual_scale

    @property
    def posterior_scale(self) -> np.ndarray | None:
        """Return how uncertain the model is of the codes of the rows.

        Returns
        -------
        ndarray of shape (n_samples, n_codes) or None
            Standard deviations, in units of V; None if the model is not variational.
        """
        if self.logvar is None:
            return None
        return self.codes.standardised_spread(np.exp(self.logvar[self._rows] / 2))

    def sequences(
        self, V: np.ndarray, rng: np.random.Generator, *, noise: bool = True
    ) -> Iterator[Part]:
        """Yield the codes; and if they have a time axis, R too.

        What the model cannot explain then goes along: the same warp bends both.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        rng : numpy.random.Generator
            Source of randomness, of which each part gets a copy.
        noise : bool, default=True
            Whether R is wanted.

        Yields
        ------
        Part
            The codes, and where V holds it R.
        """
        n, codes = len(V), self.codes
        own = rng.spawn(1)[0]
        yield Part(
            V[:, : codes.n_codes].reshape(n, *codes.code_shape),
            deepcopy(own),
            (slice(None), slice(codes.n_codes)),
            lambda step: step.reshape(n, -1) * codes.share_within,
        )
        if noise and len(codes.code_shape) > 1 and V.shape[1] > self.n_described:
            unit = self.residual_scale[:, None]
            R = V[:, self.n_described :].reshape(n, len(unit), -1) / unit
            yield Part(
                R.transpose(0, 2, 1),
                deepcopy(own),
                (slice(None), slice(self.n_described, None)),
                lambda step: (step.transpose(0, 2, 1) * unit).reshape(n, -1),
            )


def step_of_rows(
    transformation: Transformation,
    V: np.ndarray,
    rngs: Rngs,
    peers: Peers,
) -> np.ndarray:
    """Return how far a transformation moves rows, each with its own generator or not.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind.
    V : ndarray of shape (n_samples, n_columns)
        As much of each series as it moves, or more.
    rngs : numpy.random.Generator or sequence of numpy.random.Generator
        One for all rows, or one per row.
    peers : Peers
        The training series.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Steps.
    """
    if isinstance(rngs, np.random.Generator):
        return step_of(transformation, V, rngs, peers)
    step = np.empty_like(V)
    for i, rng in enumerate(rngs):
        row = slice(i, i + 1)
        step[row] = step_of(transformation, V[row], rng, peers[row])
    return step
