"""Endless batches of fresh variations, for training loops of any framework."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lgta_sklearn._chunks import BLOCK
from lgta_sklearn._random import Use, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.containers import Container
from lgta_sklearn._series.labels import take_labels
from lgta_sklearn._series.panel import Panel

__all__ = ["VariationStream"]


class VariationStream:
    """Batches of given series, a part of them varied anew each time.

    The series are put in a new order for each pass over them; batches go on from one
    pass to the next. A batch depends on the seed and on its number alone. Small batches
    are made several at a time, because a network takes about as long for 64 series as
    for 256. Returned by `VaryingMixin.stream`.

    Parameters
    ----------
    perturb : callable
        ``(rows, rng) -> X``: variations of rows, in model units.
    panel : Panel
        The series.
    y : array-like of shape (n_samples, ...) or None
        Their labels or targets.
    batch_size : int
        Series in a batch.
    real_share : float
        Probability that a series is left as it is.
    seed : int
        Seed.

    Attributes
    ----------
    n_together : int
        Number of batches that are made at a time.
    """

    def __init__(
        self,
        perturb: Any,
        panel: Panel,
        y: Any,
        *,
        batch_size: int,
        real_share: float,
        seed: int,
    ) -> None:
        self.batch_size, self.real_share, self.seed = batch_size, real_share, seed
        self.n_together = max(BLOCK // batch_size, 1)
        self._perturb, self._panel, self._y = perturb, panel, y
        self._order = -1, np.empty(0, dtype=int)
        self._group: tuple[int, np.ndarray, Panel] = -1, self._order[1], panel[:0]
        self._kind = "list" if panel.container.is_ragged else "array"

    def __len__(self) -> int:
        """Return the number of batches in which each series was seen about once."""
        return max(round(len(self._panel) / self.batch_size), 1)

    def __iter__(self) -> Iterator[Any]:
        """Yield batches from the first one on, without end."""
        number = 0
        while True:
            yield self.batch(number)
            number += 1

    def batch(self, number: int) -> Any:
        """Return the batch of a number.

        Parameters
        ----------
        number : int
            Number of the batch, from 0.

        Returns
        -------
        X : array of shape (batch_size, n_timepoints) or (batch_size, n_channels, \
n_timepoints), or list of arrays
            Series.
        y : array of shape (batch_size, ...)
            Their labels; only if there are some.
        """
        group, place = divmod(number, self.n_together)
        if group != self._group[0]:
            self._group = group, *self._varied(group)
        _, rows, panel = self._group
        some = slice(place * self.batch_size, (place + 1) * self.batch_size)
        rows, panel = rows[some], panel[some]
        X = Container(self._kind).pack(replace(panel, values=panel.values.copy()))
        return X if self._y is None else (X, take_labels(self._y, rows))

    def _varied(self, group: int) -> tuple[np.ndarray, Panel]:
        """Return the series of a group of batches, and their numbers."""
        rows = self._rows(group)
        drawn = stream(self.seed, Use.BATCH, group).random(len(rows))
        chosen = np.flatnonzero(drawn >= self.real_share)
        panel = self._panel[rows]  # a copy
        if len(chosen):
            rng = stream(self.seed, Use.VARY, group)
            with pinned_runtime():
                X = self._perturb(rows[chosen], rng)
            panel.values[chosen] = panel[chosen].with_model_values(X).values
        return rows, panel

    def _rows(self, group: int) -> np.ndarray:
        """Return the series of a group: a piece of one order after the other."""
        size = self.batch_size * self.n_together
        passes, places = np.divmod(group * size + np.arange(size), len(self._panel))
        rows = np.empty(size, dtype=int)
        for one in np.unique(passes):
            if one != self._order[0]:
                rng = stream(self.seed, Use.ORDER, int(one))
                self._order = one, rng.permutation(len(self._panel))
            rows[passes == one] = self._order[1][places[passes == one]]
        return rows
