"""The sets of an audit: records of persons, and what an attacker can have.

Persons are numbered at random, so that the first ones are a random choice: each
smaller set is made of them. A record without a group is a person of its own.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lgta_sklearn._random import Use, stream

__all__ = ["Audit", "Records", "draw_records", "with_copies"]

COPY_NOISE = 1e-3  # of the memoriser, in standard deviations


@dataclass(frozen=True)
class Records:
    """Series with what belongs to them.

    Parameters
    ----------
    X : ndarray of shape (n_records, n_channels, n_timepoints)
        Series in standard deviations of the training set.
    y : ndarray of shape (n_records,) or None
        Labels.
    person : ndarray of shape (n_records,)
        Number of the person, from 0.
    """

    X: np.ndarray
    y: np.ndarray | None
    person: np.ndarray

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.X)

    def __getitem__(self, rows: Any) -> "Records":
        """Return some of the records."""
        y = None if self.y is None else self.y[rows]
        return Records(self.X[rows], y, self.person[rows])

    @property
    def rows(self) -> np.ndarray:
        """Return the series as rows of values.

        Returns
        -------
        ndarray of shape (n_records, n_channels * n_timepoints)
            Rows.
        """
        return self.X.reshape(len(self.X), -1)

    @property
    def n_persons(self) -> int:
        """Return the number of persons.

        Returns
        -------
        int
            Number.
        """
        return int(self.person.max()) + 1

    def per_person(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of the values of each person.

        Parameters
        ----------
        values : ndarray of shape (n_records,)
            A value for each record.

        Returns
        -------
        ndarray of shape (n_persons,)
            Means.
        """
        sums = np.bincount(self.person, weights=values)
        means: np.ndarray = sums / np.bincount(self.person)
        return means

    def first(self, n_persons: int) -> "Records":
        """Return the records of some persons.

        Parameters
        ----------
        n_persons : int
            Number of persons.

        Returns
        -------
        Records
            All records of as many persons.
        """
        return self[self.person < n_persons]

    def after(self, n_persons: int) -> "Records":
        """Return the records of the other persons.

        Parameters
        ----------
        n_persons : int
            Number of persons to leave out.

        Returns
        -------
        Records
            All records of the other persons, who are numbered from 0 again.
        """
        rest = self[self.person >= n_persons]
        return replace(rest, person=rest.person - n_persons)


def draw_records(
    X: np.ndarray, y: Any, groups: Any, *, max_samples: int, seed: int, which: int
) -> Records:
    """Return records in random order, of as many persons as possible.

    Parameters
    ----------
    X : ndarray of shape (n_records, n_channels, n_timepoints)
        Series.
    y, groups : ndarray of shape (n_records,) or None
        Labels, and persons.
    max_samples : int
        Largest number of records to keep. The second record of a person is dropped
        before the first record of another one.
    seed : int
        Seed of the choice.
    which : int
        Number of the set: each has a stream of its own.

    Returns
    -------
    Records
        Records.
    """
    rng = stream(seed, Use.MEASURE, which)
    order = rng.permutation(len(X))
    codes = order if groups is None else np.unique(groups, return_inverse=True)[1]
    person = rng.permutation(codes.max() + 1)[codes][order]
    turn = pd.Series(person).groupby(person).cumcount()
    keep = np.lexsort((person, turn))[:max_samples]
    rows = order[keep]
    return Records(X[rows], None if y is None else y[rows], person[keep])


@dataclass(frozen=True)
class Audit:
    """What the attacks of an audit are given.

    Parameters
    ----------
    training : Records
        Records the generator was trained on.
    synthetic : Records
        What was published.
    unseen : Records
        Records the generator has not seen.
    grouped : bool
        Whether several records may belong to one person.
    """

    training: Records
    synthetic: Records
    unseen: Records
    grouped: bool

    @property
    def reference(self) -> Records:
        """Return the unseen records that the attacker has.

        Returns
        -------
        Records
            Those of one half of the persons.
        """
        return self.unseen.first(self.unseen.n_persons // 2)

    @property
    def others(self) -> Records:
        """Return the unseen records that the attacker has not.

        Returns
        -------
        Records
            Those of the other half of the persons.
        """
        return self.unseen.after(self.unseen.n_persons // 2)

    @property
    def n_repeats(self) -> int:
        """Return how often the synthetic set could repeat each training record.

        Returns
        -------
        int
            At least 1.
        """
        return -(-len(self.synthetic) // len(self.training))


def with_copies(audit: Audit, share: float, rng: np.random.Generator) -> Audit:
    """Return an audit of a bad generator.

    Parameters
    ----------
    audit : Audit
        Audit of a synthetic set.
    share : float
        Share of the synthetic records that become copies of training records, with
        little noise.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Audit
        The same with these copies; the other synthetic records are as they were.
    """
    training, synthetic = audit.training, audit.synthetic
    n_copies = round(share * len(synthetic))
    sources = np.resize(rng.permutation(len(training)), n_copies)
    noise = COPY_NOISE * rng.standard_normal((n_copies, *training.X.shape[1:]))
    X, y = synthetic.X.copy(), synthetic.y
    X[:n_copies] = training.X[sources] + noise
    if y is not None and training.y is not None:
        y = np.concatenate([training.y[sources], y[n_copies:]])
    return replace(audit, synthetic=replace(synthetic, X=X, y=y))
