"""Endless batches of fresh variations, for training loops of any framework."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from lgta_sklearn._chunks import BLOCK
from lgta_sklearn._parameters import AT_LEAST_ONE, Bounds
from lgta_sklearn._random import Use, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.arrow import check_out
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.containers import Container
from lgta_sklearn._series.labels import take_labels
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._block_functions import BlockAugmenter

__all__ = ["FreshVariationsMixin", "VariationStream"]

SHARE = Bounds(Real, 0, 1)


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
    batches_in_pass : int
        Number of batches in which each series was seen about once, at least 1.
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
        self.batches_in_pass = max(round(len(panel) / batch_size), 1)
        self._perturb, self._panel, self._y = perturb, panel, y
        self._order = -1, np.empty(0, dtype=int)
        self._group: tuple[int, np.ndarray, Panel] = -1, self._order[1], panel[:0]
        self._kind = "list" if panel.container.is_ragged else "array"

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


class FreshVariationsMixin:
    """Add `stream` and `block_augmenter` to an augmenter that varies series."""

    _check_ready: Callable[[], None]
    _call_seed: Callable[..., int]
    _known_labels: Callable[[Any], np.ndarray | None]
    _checked_strength: Callable[[float | None], float | None]
    _with_gaps: Callable[[Panel], Panel]
    _varier: Callable[..., Any]

    def stream(
        self,
        X: Any,
        y: Any = None,
        *,
        batch_size: int = 64,
        real_share: float = 0.5,
        strength: float | None = None,
        random_state: Any = None,
    ) -> VariationStream:
        """Return endless batches of freshly varied series, for training a network.

        The series are encoded once. Each batch holds series in a new order, of which a
        part is as it was and the rest was varied anew.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples, ...), default=None
            Labels or targets, which each variation keeps.
        batch_size : int, default=64
            Series in a batch.
        real_share : float in [0, 1], default=0.5
            Probability that a series is left as it is.
        strength : float or None, default=None
            As in `augment`.
        random_state : None, int, RandomState or Generator, default=None
            As in `augment`.

        Returns
        -------
        iterable
            Yields ``X_batch``, or ``(X_batch, y_batch)`` if `y` is given, as arrays (or
            lists, if the series of `fit` are lists or panels); its ``batch(i)`` returns
            the batch of a number.

        Raises
        ------
        ValueError
            If `X` does not fit the fitted layout or an argument is out of range.

        See Also
        --------
        lgta_sklearn.adapters.torch.AugmentedDataset : The same for a DataLoader.

        Examples
        --------
        >>> from itertools import islice
        >>> import numpy as np
        >>> from lgta_sklearn import DirectAugmenter
        >>> from lgta_sklearn.datasets import make_waves
        >>> X, y = make_waves(100, n_timepoints=24, random_state=0), np.arange(100) % 2
        >>> batches = DirectAugmenter().fit(X).stream(X, y, batch_size=32)
        >>> [(len(X_batch), len(y_batch)) for X_batch, y_batch in islice(batches, 2)]
        [(32, 32), (32, 32)]
        """
        self._check_ready()
        if batch_size not in AT_LEAST_ONE:
            raise ValueError(f"batch_size must be an int >= 1, got {batch_size!r}.")
        if real_share not in SHARE:
            raise ValueError(f"real_share must be in [0, 1], got {real_share!r}.")
        strength = self._checked_strength(strength)
        panel = self._with_gaps(check_series(self, X, reset=False))
        # what the caller does with X later has no effect
        panel = replace(panel, values=panel.values.copy())
        if not len(panel):
            raise ValueError("stream needs at least one series, got none.")
        if y is not None:
            check_consistent_length(panel, y)
        with pinned_runtime():
            perturb = self._varier(panel, strength, self._known_labels(y))
        return VariationStream(
            perturb,
            panel,
            y,
            batch_size=batch_size,
            real_share=1.0 if strength == 0 else real_share,
            seed=self._call_seed(random_state),
        )

    def block_augmenter(
        self,
        *,
        strength: float | None = None,
        random_state: Any = None,
        out: str = "numpy",
        path: Any = None,
    ) -> BlockAugmenter:
        """Return a function that varies blocks of series, wherever they are.

        It can be pickled, and sent to the workers of any engine. The variation of a
        series depends on the seed, the number of its row and the series alone, bit for
        bit on machines of one kind, so that partitions do not matter. It is another one
        than `augment` returns.

        Parameters
        ----------
        strength : float or None, default=None
            As in `augment`.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the variations.
        out : {"numpy", "arrow"}, default="numpy"
            Arrays, or record batches of Arrow, for which pyarrow is needed.
        path : str, path-like or None, default=None
            File that `save` has written, where each worker finds it. None sends the
            model with the function.

        Returns
        -------
        callable
            Takes series, the numbers of their rows, and perhaps their labels; or a
            batch of Arrow with a column ``"id"``.
        """
        self._check_ready()
        check_out(out)
        strength = self._checked_strength(strength)
        seed = self._call_seed(random_state)
        return BlockAugmenter(self, seed, strength, out, path)
