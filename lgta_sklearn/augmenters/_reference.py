"""The training series, for transformations that use them.

Only this module and `_rejection` keep rows of the training series.
`TrainingReference` holds them; a `Reference` is the view of them from given series.

Letters: ``V`` codes, levels and log-scales, standardised, (n, n_movable); ``R`` the
residuals of the shapes, which the model cannot explain, (n, C * T). A whole series is a
row of both.
"""

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lgta_sklearn._files.registry import storable
from lgta_sklearn._neighbors import NearestRows
from lgta_sklearn._random import choose_per_row
from lgta_sklearn.augmenters._attributes import AttributeSpace

__all__ = [
    "LatentReference",
    "Reference",
    "SequenceView",
    "TrainingReference",
    "impute_columns",
    "thinned",
]

MOST_POOLED = 20_000  # series of a class among which neighbours are sought
MOST_DONORS = 5000  # training series that can lend a missing attribute
MIN_MEMBERS = 8  # smallest class whose pairs are drawn from the class alone
SAME = 1e-5  # distance below which a code is that of the series itself


@dataclass(frozen=True)
class SequenceView:
    """A view of some columns as sequences.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_steps, n_features) or (n_samples, n_features)
        Standardised values.
    rng : numpy.random.Generator
        Source of randomness for them.
    where : tuple
        Index of the view: which rows, and which of their columns.
    unfold : callable
        Turns steps of `Z` into steps of the columns.
    """

    Z: np.ndarray
    rng: np.random.Generator
    where: tuple[Any, ...]
    unfold: Callable[[np.ndarray], np.ndarray]


@storable
class TrainingReference:
    """Rows of the training series: their neighbours, and pairs of them.

    Parameters
    ----------
    V : ndarray of shape (n_samples, n_movable)
        Standardised codes, levels and log-scales.
    residual : ndarray of shape (n_samples, n_channels, n_timepoints)
        Residuals of the shapes, NaN where a value is missing.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes.
    weights : ndarray of shape (n_movable,) or float, default=1.0
        Column weights of the neighbour search.
    """

    def __init__(
        self,
        V: np.ndarray,
        residual: np.ndarray,
        labels: np.ndarray | None,
        weights: np.ndarray | float = 1.0,
    ) -> None:
        self.V, self.weights, self.labels = V, weights, labels
        self.residual = residual.astype(np.float32, copy=False)
        classes = np.zeros(len(V), dtype=int) if labels is None else labels
        self._class = classes
        # search indexes by class (None: all series), built when they are first needed
        self._indexes: dict[int | None, tuple[np.ndarray, NearestRows]] = {}
        if np.bincount(classes).max() < 2:  # no class has two series: pair any two
            classes = np.zeros(len(V), dtype=int)
        self._members = np.argsort(classes, kind="stable")  # class after class
        self._size = np.bincount(classes)
        self._first = np.cumsum(self._size) - self._size
        self._paired = classes[self._size[classes] > 1]

    def __getstate__(self) -> dict[str, Any]:
        names = ("V", "residual", "labels", "weights")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def rows(self, index: np.ndarray, n_columns: int) -> np.ndarray:
        """Return columns of V and, if there are more, of R.

        Parameters
        ----------
        index : ndarray of int of shape (...)
            Numbers of the training series.
        n_columns : int
            Number of columns.

        Returns
        -------
        ndarray of shape (..., n_columns)
            Rows; NaN where a value is missing.
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
            Numbers of the classes. For -1, None and a class of fewer than eight series,
            the class of a pair is drawn in proportion to its size. If no class has two
            series, any two series form a pair.
        n_pairs : int
            Number of pairs.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of int of shape (2, n_pairs)
            Numbers of the training series; a series and itself if there is only one.
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
        V : ndarray of shape (n_samples, n_movable)
            Standardised codes, levels and log-scales.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes. For -1 and None the class of the nearest training
            series is used (the series itself if it was trained on).
        k : int
            Number of neighbours; if there are fewer, they are repeated.

        Returns
        -------
        ndarray of int of shape (n_samples, k)
            Numbers of the training series; the series itself if its class has no other.
        """
        found = np.empty((len(V), k), dtype=int)
        V = V * self.weights
        classes = self._classes(V, labels)
        for label in np.unique(classes):
            rows = classes == label
            pool, index = self._searched(label)
            distance, near = index.search(V[rows], min(k + 1, len(pool)))
            # a training series is its own nearest neighbour; put it last
            order = np.argsort(distance < SAME, axis=1, kind="stable")
            near = np.take_along_axis(near, order, axis=1)[:, : max(len(pool) - 1, 1)]
            found[rows] = pool[np.take(near, np.arange(k) % near.shape[1], axis=1)]
        return found

    def _searched(self, label: int | None) -> tuple[np.ndarray, NearestRows]:
        """Return the series of a class, and their search index."""
        if label not in self._indexes:
            every = np.arange(len(self.V))
            pool = every if label is None else np.flatnonzero(self._class == label)
            if label is not None:
                pool = pool[:: -(-len(pool) // MOST_POOLED)]
            self._indexes[label] = pool, NearestRows(self.V[pool] * self.weights, 1)
        return self._indexes[label]

    def _classes(self, V: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the classes of rows; that of the nearest series if it is not given."""
        if not self._class.any():  # there is only one
            return np.zeros(len(V), dtype=int)
        classes = np.full(len(V), -1) if labels is None else labels.copy()
        unknown = np.flatnonzero(classes < 0)
        if len(unknown):
            nearest = self._searched(None)[1].to(V[unknown])[:, 0]
            classes[unknown] = self._class[nearest]
        return classes


def impute_columns(V: np.ndarray, donors: np.ndarray) -> np.ndarray:
    """Fill missing attributes from the training series with similar other attributes.

    Parameters
    ----------
    V : ndarray of shape (n_samples, n_columns)
        Standardised rows, NaN for a channel without observed values.
    donors : ndarray of shape (n_donors, n_columns)
        Standardised rows of training series.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Rows without NaN.

    References
    ----------
    Troyanskaya et al. (2001), "Missing value estimation methods for DNA microarrays",
    doi:10.1093/bioinformatics/17.6.520.
    """
    from sklearn.impute import KNNImputer

    if not np.isnan(V).any():
        return V
    imputer = KNNImputer(keep_empty_features=True).set_output(transform="default")
    return imputer.fit(donors).transform(V)


def thinned(V: np.ndarray) -> np.ndarray:
    """Return the rows that are kept as donors.

    Parameters
    ----------
    V : ndarray of shape (n_samples, n_columns)
        Rows.

    Returns
    -------
    ndarray of shape (n_donors, n_columns)
        Every k-th row, at most 5000; if all rows are kept, they are not copied.
    """
    return V[:: -(-len(V) // MOST_DONORS)]


class Reference:
    """The training series from the viewpoint of given series: those of the same class.

    Parameters
    ----------
    training : TrainingReference
        The training series.
    V : ndarray of shape (n_samples, n_movable)
        Standardised codes, levels and log-scales of the given series.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes; -1 and None for unknown classes.

    Attributes
    ----------
    n_movable : int
        Columns of V.
    """

    def __init__(
        self, training: TrainingReference, V: np.ndarray, labels: np.ndarray | None
    ) -> None:
        self.training, self.V, self.labels = training, V, labels
        self.n_movable = V.shape[1]
        self._rows = np.arange(len(V))
        self._near: dict[int, np.ndarray] = {}  # of all rows, looked up once

    def __getitem__(self, rows: Any) -> Self:
        """Return the reference of some of the given series."""
        part = copy(self)
        part._rows = self._rows[rows]
        return part

    @property
    def posterior_scale(self) -> np.ndarray | None:
        """Return the posterior standard deviation of the codes of the rows.

        Returns
        -------
        ndarray of shape (n_samples, n_codes) or None
            In units of V; None without a model that estimates it.
        """
        return None

    def sequences(
        self, V: np.ndarray, rng: np.random.Generator, *, noise: bool = True
    ) -> Iterator[SequenceView]:
        """Yield views of rows as sequences.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        rng : numpy.random.Generator
            Source of randomness.
        noise : bool, default=True
            Whether to include the residuals.

        Yields
        ------
        SequenceView
            Views that together cover every row.
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
        chosen = choose_per_row(self._near[k][self._rows], rng)
        return self.training.rows(chosen, V.shape[1])


class LatentReference(Reference):
    """The training series from the viewpoint of given series and a model.

    Parameters
    ----------
    training : TrainingReference
        The training series.
    space : AttributeSpace
        Statistics of the columns of V.
    V : ndarray of shape (n_samples, n_movable)
        Standardised codes, levels and log-scales of the given series.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of their classes; -1 and None for unknown classes.
    logvar : ndarray of shape (n_samples, n_codes) or None, default=None
        Log variances of the posterior.
    residual_scale : ndarray of shape (n_channels,)
        Root mean square of R.
    """

    def __init__(
        self,
        training: TrainingReference,
        space: AttributeSpace,
        V: np.ndarray,
        labels: np.ndarray | None,
        logvar: np.ndarray | None = None,
        *,
        residual_scale: np.ndarray,
    ) -> None:
        super().__init__(training, V, labels)
        self.space, self.logvar = space, logvar
        self.residual_scale = residual_scale

    @property
    def posterior_scale(self) -> np.ndarray | None:
        """Return the posterior standard deviation of the codes of the rows.

        Returns
        -------
        ndarray of shape (n_samples, n_codes) or None
            In units of V; None if the model is not variational.
        """
        if self.logvar is None:
            return None
        return self.space.standardised_spread(np.exp(self.logvar[self._rows] / 2))

    def sequences(
        self, V: np.ndarray, rng: np.random.Generator, *, noise: bool = True
    ) -> Iterator[SequenceView]:
        """Yield the codes, and the residuals R if the codes have a time axis.

        The same warp then bends both.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        rng : numpy.random.Generator
            Source of randomness, of which each part gets a copy.
        noise : bool, default=True
            Whether to yield R.

        Yields
        ------
        SequenceView
            The codes, and R if V holds it.
        """
        n, space = len(V), self.space
        own = rng.spawn(1)[0]
        yield SequenceView(
            V[:, : space.n_codes].reshape(n, *space.code_shape),
            deepcopy(own),
            (slice(None), slice(space.n_codes)),
            lambda step: step.reshape(n, -1) * space.share_within,
        )
        if noise and len(space.code_shape) > 1 and V.shape[1] > self.n_movable:
            unit = self.residual_scale[:, None]
            R = V[:, self.n_movable :].reshape(n, len(unit), -1) / unit
            yield SequenceView(
                R.transpose(0, 2, 1),
                deepcopy(own),
                (slice(None), slice(self.n_movable, None)),
                lambda step: (step.transpose(0, 2, 1) * unit).reshape(n, -1),
            )
