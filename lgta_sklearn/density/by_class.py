"""Class-conditional density: one density for each class."""

import copy
from typing import Any, ClassVar, Self

import numpy as np

from lgta_sklearn._files.registry import storable
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._sampling import fit_sampler, sample_from, sample_rows

__all__ = ["ClassConditionalDensity"]


@storable
class ClassConditionalDensity:
    """One density for each class; small classes use the deviations of all rows.

    A class of fewer than `min_members` rows gets the deviations of all rows from their
    class means, around its own mean. Rows without labels are one class.

    Parameters
    ----------
    density : object
        Unfitted density, which is copied for each class.
    min_members : int, default=5
        Smallest number of rows for which a class has its own density.

    Attributes
    ----------
    by_class_ : list of object
        Fitted density of each class.
    class_prior_ : ndarray of shape (n_classes,)
        Relative frequency of each class.
    n_features_in_ : int
        Columns of a row.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.density import ClassConditionalDensity, LocalDensity
    >>> Z = np.random.default_rng(0).normal(size=(60, 3))
    >>> labels = np.repeat([0, 1], 30)
    >>> density = ClassConditionalDensity(LocalDensity()).fit(Z, given=labels)
    >>> density.sample(2, given=np.array([0, 1]), random_state=0).shape
    (2, 3)
    """

    draws_in_order: ClassVar[bool] = True

    def __init__(self, density: Any, min_members: int = 5) -> None:
        self.density, self.min_members = density, min_members

    def fit(self, rows: np.ndarray, given: np.ndarray | None = None) -> Self:
        """Fit the density of each class.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features)
            Rows.
        given : ndarray of int of shape (n_samples,) or None, default=None
            Number of the class of each row, from 0 without gaps.

        Returns
        -------
        ClassConditionalDensity
            The fitted density.
        """
        labels = np.zeros(len(rows), dtype=int) if given is None else given
        counts = np.bincount(labels)
        self.class_prior_, self.n_features_in_ = counts / len(labels), rows.shape[1]
        if len(counts) == 1:
            self.by_class_ = [self._fitted(rows)]
            return self
        centres = np.array([rows[labels == k].mean(axis=0) for k in range(len(counts))])
        small = counts < self.min_members
        shared = self._fitted(rows - centres[labels]) if small.any() else None
        self.by_class_ = [
            _Shifted(shared, centre) if is_small else self._fitted(rows[labels == k])
            for k, (is_small, centre) in enumerate(zip(small, centres, strict=True))
        ]
        return self

    def _fitted(self, rows: np.ndarray) -> Any:
        return fit_sampler(copy.deepcopy(self.density), rows, None)

    def sample(
        self,
        n_samples: int = 1,
        *,
        given: np.ndarray | None = None,
        random_state: Any = None,
    ) -> np.ndarray:
        """Draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        given : ndarray of int of shape (n_samples,) or None, default=None
            Number of the class of each row; None draws classes by their frequency.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Drawn rows.
        """
        seed = seed_from(random_state)
        if given is None:
            classes = len(self.class_prior_)
            choose = stream(seed, Use.LABELS)
            given = choose.choice(classes, size=n_samples, p=self.class_prior_)
        rows = np.empty((n_samples, self.n_features_in_))
        for k in np.unique(given):
            members = np.flatnonzero(given == k)
            rng = stream(seed, Use.CLASS, int(k))
            row = (self.n_features_in_,)
            rows[members] = sample_rows(self.by_class_[k], len(members), rng, row=row)
        return rows


@storable
class _Shifted:
    """A density of deviations around a centre.

    Parameters
    ----------
    density : object
        Fitted density of the deviations.
    centre : ndarray of shape (n_features,)
        The centre.
    """

    def __init__(self, density: Any, centre: np.ndarray) -> None:
        self.density, self.centre = density, centre

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Draw rows."""
        return self.centre + sample_from(self.density, n_samples, random_state)
