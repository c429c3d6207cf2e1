"""`PersonsMixin`: what the anonymisers share: records of persons, and a fresh seed."""

from typing import Any

import numpy as np
import pandas as pd

from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._series.labels import person_numbers
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters.base import BaseAugmenter

__all__ = ["PersonsMixin"]


class PersonsMixin(BaseAugmenter):
    """Fit by persons, and keep nothing from which the randomness of the fit follows."""

    def _fit_grouped(self, X: Any, y: Any, groups: Any) -> Panel:
        """Fit, with the number of the person of each record in `_persons`."""
        self._groups = groups
        self._persons = np.empty(0, dtype=int)
        try:
            panel, _ = self._fit(X, y)
            self._forget_seed()
            return panel
        finally:  # of single records, so that they must not stay
            self._drop({"_groups", "_persons"})

    def _count_persons(self, n_samples: int) -> None:
        """Give the persons of the records numbers."""
        self._persons = person_numbers(self._groups, n_samples)

    def _forget_seed(self) -> None:
        """Let calls have a seed from which that of the training cannot be found."""
        # of an int the calls have to follow; else nothing links the two seeds
        repeated = self.random_state is not None
        seed = seed_from(stream(self._state.seed, Use.CALLS) if repeated else None)
        self._state.seed, self._state.rng = seed, stream(seed, Use.CALLS)

    def _numbered_clock(self) -> pd.RangeIndex:
        """Return numbers in the place of times."""
        return pd.RangeIndex(self.n_timepoints_in_)
