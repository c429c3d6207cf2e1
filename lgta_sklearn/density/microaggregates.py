"""Microaggregation: clusters of at least k similar records, and their averages.

The clusters are those of MDAV, "maximum distance to average vector" (Domingo-Ferrer and
Torra, 2005): of the records that are left, the one that is farthest from the mean gets
the nearest ones as its cluster, then the one that is farthest from that record gets
its own, and so on. If several records come from one person, a cluster grows until it
has records of k persons, and its average is that of the averages of the persons.

Letters: ``V`` records, (n, F); ``k`` the least number of persons in a cluster.
"""

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_array, check_consistent_length

from lgta_sklearn._parameters import AT_LEAST_ONE, check_parameters
from lgta_sklearn._series.labels import person_numbers

__all__ = ["Microaggregation"]


class Microaggregation(ClusterMixin, BaseEstimator):
    """Cluster records so that each cluster has records of at least k persons.

    Parameters
    ----------
    k : int, default=5
        Smallest number of persons in a cluster; each record is a person if `fit` gets
        no `groups`. Without `groups` a cluster has at most ``2 * k - 1`` records.
    max_block : int, default=20000
        Largest number of records that are clustered together. More are split in
        halves first, along their first principal axis. The time grows with the square
        of the number of records up to this number, then proportionally.

    Attributes
    ----------
    labels_ : ndarray of int of shape (n_samples,)
        Number of the cluster of each record.
    n_clusters_ : int
        Number of clusters.
    persons_ : ndarray of int of shape (n_samples,)
        Number of the person of each record.
    classes_of_clusters_ : ndarray of shape (n_clusters,)
        Class of each cluster; only if `fit` got `y`.

    References
    ----------
    Domingo-Ferrer and Torra (2005), "Ordinal, continuous and heterogeneous k-anonymity
    through microaggregation", doi:10.1007/s10618-005-0007-5.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.density import Microaggregation
    >>> V = np.random.default_rng(0).normal(size=(23, 4))
    >>> clusters = Microaggregation(k=5).fit(V)
    >>> int(np.bincount(clusters.labels_).min())
    5
    >>> clusters.averages(V).shape
    (4, 4)
    """

    def __init__(self, k: int = 5, *, max_block: int = 20_000) -> None:
        self.k = k
        self.max_block = max_block

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Find the clusters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records, in units in which a distance makes sense.
        y : array-like of shape (n_samples,), default=None
            Classes. The records of a cluster are all of one class.
        groups : array-like of shape (n_samples,), default=None
            Person, household or other source of each record; None if each record has
            its own.

        Returns
        -------
        Microaggregation
            The fitted object.

        Raises
        ------
        ValueError
            If there are records of fewer than k persons, of all or of one class, or if
            the person of a record is missing.
        """
        check_parameters(self, {"k": [AT_LEAST_ONE], "max_block": [AT_LEAST_ONE]})
        V = check_array(X, dtype=np.float64)
        persons = person_numbers(groups, len(V))
        classes, y = np.unique(
            np.zeros(len(V), dtype=int) if y is None else np.asarray(y),
            return_inverse=True,
        )
        check_consistent_length(V, y, persons)
        self._check_enough(classes, y, persons)
        of_class: list[int] = []
        self.labels_ = np.empty(len(V), dtype=int)
        for number in range(len(classes)):
            rows = np.flatnonzero(y == number)
            for cluster in self._clusters(V[rows], persons[rows]):
                self.labels_[rows[cluster]] = len(of_class)
                of_class.append(number)
        self.n_clusters_, self.persons_ = len(of_class), persons
        self.classes_of_clusters_ = classes[of_class]
        return self

    def averages(self, values: np.ndarray) -> np.ndarray:
        """Return the average of each cluster.

        Parameters
        ----------
        values : ndarray of shape (n_samples, ...)
            Numbers of the records of `fit`, NaN where one is missing.

        Returns
        -------
        ndarray of shape (n_clusters, ...)
            Mean over the persons of a cluster of the mean of each one's records. NaN
            if fewer than k persons of the cluster have a value.
        """
        flat = values.reshape(len(values), -1)
        known = ~np.isnan(flat)
        pairs, owner = self._pairs()
        sums = _sum_by(owner, len(pairs), np.where(known, flat, 0.0))
        counts = _sum_by(owner, len(pairs), known)
        has = counts > 0
        means = np.where(has, sums / np.maximum(counts, 1), 0.0)
        total = _sum_by(pairs, self.n_clusters_, means)
        n_persons = _sum_by(pairs, self.n_clusters_, has)
        average = np.where(
            n_persons >= self.k, total / np.maximum(n_persons, 1), np.nan
        )
        return average.reshape(self.n_clusters_, *values.shape[1:])

    def of_clusters(self, labels: np.ndarray | None) -> np.ndarray | None:
        """Return what all records of a cluster share, such as the number of a class.

        Parameters
        ----------
        labels : ndarray of shape (n_samples,) or None
            An entry for each record of `fit`, the same within a cluster.

        Returns
        -------
        ndarray of shape (n_clusters,) or None
            An entry for each cluster; None for None.
        """
        if labels is None:
            return None
        shared: np.ndarray = labels[np.unique(self.labels_, return_index=True)[1]]
        return shared

    def common_shares(self, flags: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return how often something is true in each class, unless it is rare.

        Parameters
        ----------
        flags : ndarray of bool of shape (n_samples, ...)
            What is true of the records of `fit`.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes; None for one class.

        Returns
        -------
        ndarray of shape (n_classes, ...)
            Share of the records; 0 where it is true for fewer than k persons.
        """
        labels = np.zeros(len(flags), dtype=int) if labels is None else labels
        shares = []
        for label in range(labels.max() + 1):
            some, persons = flags[labels == label], self.persons_[labels == label]
            of_persons = _sum_by(
                np.unique(persons, return_inverse=True)[1],
                len(np.unique(persons)),
                some.reshape(len(some), -1),
            )
            common = (of_persons > 0).sum(axis=0) >= self.k
            shares.append(some.mean(axis=0) * common.reshape(some.shape[1:]))
        return np.stack(shares)

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the cluster of each pair of cluster and person, and pairs of rows."""
        n_persons = self.persons_.max() + 1
        both = self.labels_ * n_persons + self.persons_
        pairs, owner = np.unique(both, return_inverse=True)
        return pairs // n_persons, owner

    def _check_enough(
        self, classes: np.ndarray, y: np.ndarray, persons: np.ndarray
    ) -> None:
        """Refuse classes that have records of too few persons."""
        for number, name in enumerate(classes):
            n_persons = len(np.unique(persons[y == number]))
            if n_persons < self.k:
                of_class = f" of class {name}" if len(classes) > 1 else ""
                raise ValueError(
                    f"k={self.k} needs at least {self.k} records{of_class}, from as "
                    f"many sources if groups are given, got {n_persons} sample(s). "
                    "Leave them out, merge classes, or choose a smaller k."
                )

    def _clusters(self, V: np.ndarray, persons: np.ndarray) -> list[np.ndarray]:
        """Return the rows of each cluster of one class."""
        parts, clusters = [np.arange(len(V))], []
        while parts:
            rows = parts.pop()
            halves = _halves(V[rows]) if len(rows) > self.max_block else []
            if halves and all(_n_distinct(persons[rows[h]]) >= self.k for h in halves):
                parts += [rows[half] for half in reversed(halves)]
            else:
                found = _mdav(V[rows], persons[rows], self.k)
                clusters += [rows[cluster] for cluster in found]
        return clusters


def _mdav(V: np.ndarray, persons: np.ndarray, k: int) -> list[np.ndarray]:
    """Return the rows of the clusters of records of at least k persons."""
    left, V = np.arange(len(V)), V - V.mean(axis=0)
    persons = np.unique(persons, return_inverse=True)[1]
    counts, clusters = np.bincount(persons), []
    n_left, squares, total = int((counts > 0).sum()), (V**2).sum(axis=1), V.sum(axis=0)
    place = None  # of which the farthest record is next; None for the mean
    while n_left >= 2 * k:
        centre = total / len(left) if place is None else place
        farthest = np.argmax(squares - 2 * V @ centre)
        distance = squares - 2 * V @ V[farthest]
        near = _nearest(distance, persons[left], k)
        counts = counts - np.bincount(persons[left[near]], minlength=len(counts))
        n_left = int((counts > 0).sum())
        if n_left < k:
            break
        clusters.append(left[near])
        place = V[farthest] if place is None else None
        total = total - V[near].sum(axis=0)
        kept = np.ones(len(left), dtype=bool)
        kept[near] = False
        left, V, squares = left[kept], V[kept], squares[kept]
    return [*clusters, left]


def _nearest(distance: np.ndarray, persons: np.ndarray, k: int) -> np.ndarray:
    """Return the nearest rows, as many as have records of k persons."""
    n_rows = k
    while True:
        n_rows = min(n_rows, len(distance))
        near = np.argpartition(distance, n_rows - 1)[:n_rows]
        near = near[np.argsort(distance[near], kind="stable")]
        first = np.sort(np.unique(persons[near], return_index=True)[1])
        if len(first) >= k:
            return near[: first[k - 1] + 1]
        n_rows *= 2


def _halves(V: np.ndarray) -> list[np.ndarray]:
    """Return the rows of both halves along the first principal axis."""
    U = V - V.mean(axis=0)
    axis = np.linalg.eigh(U.T @ U)[1][:, -1]
    return np.array_split(np.argsort(U @ axis, kind="stable"), 2)


def _n_distinct(persons: np.ndarray) -> int:
    return len(np.unique(persons))


def _sum_by(index: np.ndarray, n_rows: int, values: np.ndarray) -> np.ndarray:
    """Return the sums of rows with the same index."""
    ones, columns = np.ones(len(index)), np.arange(len(index))
    matrix = csr_array((ones, (index, columns)), shape=(n_rows, len(index)))
    sums: np.ndarray = matrix @ values.astype(float)
    return sums
