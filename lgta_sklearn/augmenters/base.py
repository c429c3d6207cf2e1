"""`BaseAugmenter`: what every family of generators shares.

A family fills two hooks: `_fit_panel` learns from a checked set of series, and
`_sample_block` samples new ones. Both use a `Panel` in model units: values of shape
(n_samples, n_channels, n_timepoints) in double precision, divided by `channel_scale_`,
NaN where a value is missing or the series has ended. This class does the rest:
parameters, containers, labels, random streams, threads, units, dtypes, saving.

Further abilities are mixins: `VaryingMixin` (augment, fit_transform, transform,
strength), `ImputingMixin` (impute, ``gaps="fill"``) and `MultipleImputationMixin`
(sample_imputations, impute_quantiles, forecast). A family that trains a network derives
from `TrainedAugmenter`. ``docs/families.md`` shows how to write one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._chunks import BLOCK, blocks, map_chunks
from lgta_sklearn._files.mixin import FittedState, SavedMixin
from lgta_sklearn._parameters import Bounds, Constraint, check_parameters
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._runtime import in_threads, pinned_runtime
from lgta_sklearn._series.checks import check_not_per_series, check_series
from lgta_sklearn._series.labels import (
    class_numbers,
    classes_of,
    required_classes,
    wanted_labels,
)
from lgta_sklearn._series.panel import Panel, in_data_units
from lgta_sklearn.augmenters._block_functions import BlockSamplingMixin
from lgta_sklearn.datasets._reservoir import comes_in_blocks, reservoir

__all__ = ["BaseAugmenter"]

COUNT = Bounds(Integral, 0)


class BaseAugmenter(BlockSamplingMixin, SavedMixin, BaseEstimator, ABC):
    """Base class of the estimators that learn a set of series and sample new ones.

    Attributes
    ----------
    draws_in_order : bool
        Class attribute. Whether the first series of `_sample_block` do not depend on
        how many are drawn; if not, whole blocks are drawn each time.
    uses_threads : bool
        Class attribute. Whether several blocks are drawn at a time, by as many threads
        as the user has set in torch. It pays if a block takes 0.1 s or more.
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}
    draws_in_order: ClassVar[bool] = False
    uses_threads: ClassVar[bool] = False
    random_state: Any  # the parameter that every family has

    @abstractmethod
    def _fit_panel(
        self, panel: Panel, labels: np.ndarray | None, rng: np.random.Generator
    ) -> None:
        """Learn from series in model units.

        What is learned is stored in attributes that end with an underscore, or, if it
        is private, in attributes of `_state`.

        Parameters
        ----------
        panel : Panel
            Series in model units.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes, from 0 without gaps.
        rng : numpy.random.Generator
            Random stream of this fit.
        """

    @abstractmethod
    def _sample_block(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Panel:
        """Return new series in model units.

        Parameters
        ----------
        n_samples : int
            Number of series, at most `BLOCK`.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes; None if `fit` had none.
        rng : numpy.random.Generator
            Random stream of this block of series.

        Returns
        -------
        Panel
            The series.
        """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the distribution of a set of series.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series; or, if their lengths differ, a list of arrays of shape
            (n_timepoints,) or (n_channels, n_timepoints); or a panel of sktime
            (``"df-list"``, ``"pd-multiindex"``, ``"nested_univ"``). NaN is a missing
            value. If they are too many for memory: an iterator of blocks ``X`` or
            ``(X, y)`` (each a set of series), a `numpy.memmap`, an array of Dask, or a
            Parquet data set; learned is then a random sample of 20 000 of them
            (`datasets.reservoir`).
        y : array-like of shape (n_samples,), default=None
            Labels. If they are classes, the series of each class are learned
            separately; a target (continuous, or whole numbers that hardly repeat) is
            ignored. Of a Parquet data set the name of their column.

        Returns
        -------
        BaseAugmenter
            The fitted estimator.

        Raises
        ------
        ValueError
            For bad parameters or series, before any training; and if the training
            diverges. The estimator is then not fitted.
        KeyboardInterrupt
            After Ctrl-C; the estimator is then not fitted.
        """
        if comes_in_blocks(X):
            check_parameters(self, self._parameter_constraints)
            X, y = reservoir(X, y, random_state=self.random_state)
        self._fit(X, y)
        return self

    def _fit(self, X: Any, y: Any) -> tuple[Panel, np.ndarray | None]:
        """Fit, and return the checked series and the numbers of their classes."""
        self._forget()
        before = set(vars(self))
        try:
            check_not_per_series(type(self).__name__)
            check_parameters(self, self._parameter_constraints)
            panel = self._training_panel(X)
            labels = self._learn_classes(y, panel)
            seed = seed_from(self.random_state)
            self._state = FittedState(
                seed=seed,
                rng=stream(seed, Use.CALLS),
                dtype=panel.values.dtype.name,
                container=panel.container.empty(),
                class_prior=None
                if labels is None
                else np.bincount(labels) / len(labels),
            )
            with pinned_runtime():
                series = panel.in_model_units()
                self._fit_panel(series, labels, stream(seed, Use.FIT))
                self._after_fit(series, labels)
        except BaseException:
            self._drop(set(vars(self)) - before)
            raise
        self._state.learned = sorted(set(vars(self)) - before - {"_state"})
        return panel, labels

    def _training_panel(self, X: Any) -> Panel:
        """Return the checked series to learn, and store their layout."""
        return check_series(self, X, reset=True)

    def _after_fit(self, panel: Panel, labels: np.ndarray | None) -> None:
        """Prepare what a mixin needs; called with the arguments of `_fit_panel`."""

    def sample(
        self,
        n_samples: int = 1,
        *,
        y: Any = None,
        return_y: bool = False,
        random_state: Any = None,
    ) -> Any:
        """Sample new series.

        With the same seed a longer draw begins with the shorter one.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series.
        y : label or array-like of labels, default=None
            One label for all series, or one label for each (then `n_samples` may be
            left out). None draws classes by their frequency in `fit`.
        return_y : bool, default=False
            Whether to return the labels of the series, too.
        random_state : None, int, RandomState or Generator, default=None
            None varies from call to call (in a sequence that the constructor's
            `random_state` determines), an int gives the same result each time.

        Returns
        -------
        X : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints), or the container of `fit`
            New series in the layout, units and dtype of `fit`.
        y : ndarray of shape (n_samples,)
            Their labels in the dtype of `fit`; only if `return_y`.

        Raises
        ------
        ValueError
            If `n_samples` is negative, a label was not in `fit`, or labels are asked
            for and `fit` had none.
        """
        self._check_ready()
        if n_samples not in COUNT:
            raise ValueError(f"n_samples must be an int >= 0, got {n_samples!r}.")
        classes = getattr(self, "classes_", None)
        if return_y:
            classes = required_classes(classes, "return_y=True")
        labels = None if y is None else wanted_labels(y, n_samples, classes)
        seed = self._call_seed(random_state)
        if labels is None:
            labels = self._draw_labels(n_samples, seed)
        n_samples = n_samples if labels is None else len(labels)
        with pinned_runtime():
            X = self._as_fitted(self._sampled(n_samples, labels, seed))
        return (X, classes[labels]) if return_y else X  # type: ignore[index]

    def _sampled(self, n_samples: int, labels: np.ndarray | None, seed: int) -> Panel:
        """Return new series in the units, the layout and the dtype of `fit`."""
        values = np.empty((n_samples, *self._layout), self._state.dtype)
        lengths = np.full(n_samples, self.n_timepoints_in_)
        for rows, block in self._sampled_blocks(n_samples, labels, seed):
            values[rows] = self._in_data_units(block.values)
            lengths[rows] = block.lengths
        return Panel(values, lengths)

    def _sampled_blocks(
        self, n_samples: int, labels: np.ndarray | None, seed: int
    ) -> Iterator[tuple[slice, Panel]]:
        """Yield new series in model units, block by block, and their rows."""

        def sampled(numbered: tuple[int, slice]) -> tuple[slice, Panel]:
            number, rows = numbered
            some = None if labels is None else labels[rows]
            return rows, self._numbered_block(
                number, rows.stop - rows.start, some, seed
            )

        return self._each(sampled, blocks(n_samples))

    def _numbered_block(
        self, number: int, n_rows: int, labels: np.ndarray | None, seed: int
    ) -> Panel:
        """Return the first rows of a block of a sample, in model units."""
        n_drawn = n_rows if self.draws_in_order else BLOCK
        some = None if labels is None else np.resize(labels, n_drawn)
        block = self._sample_block(n_drawn, some, stream(seed, Use.SAMPLE, number))
        self._check_block(block, n_drawn)
        return block[:n_rows]

    def _each(
        self, function: Callable[[Any], Any], items: Iterable[Any]
    ) -> Iterator[Any]:
        """Apply a function to items in their order, in threads if that pays."""
        return (in_threads if self.uses_threads else map)(function, items)

    def _check_block(self, block: Any, n_samples: int) -> None:
        """Refuse something else than so many series of the layout of `fit`."""
        layout = (n_samples, self.n_channels_in_, self.n_timepoints_in_)
        name = f"{type(self).__name__}._sample_block"
        if not isinstance(block, Panel):
            raise TypeError(f"{name} must return a Panel, got {type(block).__name__}.")
        lengths = np.asarray(block.lengths)
        right = block.values.shape == layout and lengths.shape == (n_samples,)
        if not (right and ((lengths > 0) & (lengths <= layout[2])).all()):
            raise ValueError(
                f"{name} returned values of shape {block.values.shape} and lengths "
                f"{lengths[:5].tolist()}..., expected {layout} (samples, channels, "
                f"time points) and a length between 1 and {layout[2]} for each."
            )
        if np.isinf(block.values).any():
            raise ValueError(f"{name} returned infinity, expected finite numbers.")

    def _draw_labels(self, n_samples: int, seed: int) -> np.ndarray | None:
        """Draw numbers of classes by their frequency, block by block; None if none."""
        if self._state.class_prior is None:
            return None
        labels = np.empty(n_samples, dtype=int)
        for number, rows in blocks(n_samples):
            drawn = self._drawn_labels(number, seed)
            labels[rows] = drawn[: rows.stop - rows.start]  # type: ignore[index]
        return labels

    def _drawn_labels(self, number: int, seed: int) -> np.ndarray | None:
        """Draw the classes of a block by their frequency; None if there are none."""
        prior = self._state.class_prior
        if prior is None:
            return None
        return stream(seed, Use.LABELS, number).choice(len(prior), BLOCK, p=prior)

    @property
    def _layout(self) -> tuple[int, ...]:
        """Return the shape of a series in the layout of `fit`."""
        wide = (self.n_channels_in_, self.n_timepoints_in_)
        return wide[1:] if self.input_ndim_ == 2 else wide

    @property
    def _n_values(self) -> int:
        """Return the number of values in a series."""
        return self.n_channels_in_ * self.n_timepoints_in_

    def _in_data_units(self, X: np.ndarray) -> np.ndarray:
        """Return series (n, C, T) in model units in the layout and units of `fit`."""
        X = in_data_units(X, self.channel_scale_, self._state.dtype)
        return X[:, 0] if self.input_ndim_ == 2 else X

    def _as_fitted(self, panel: Panel) -> Any:
        """Return series in the container of `fit`."""
        container = self._state.container
        if container.kind == "table":  # new rows have no labels to keep
            return panel.values
        return replace(panel, container=container).packed()

    def _map_panel(
        self, panel: Panel, function: Callable[[Panel], np.ndarray]
    ) -> np.ndarray:
        """Apply a function to series in model units, in bounded memory."""
        with pinned_runtime():
            return map_chunks(
                lambda rows: function(panel[rows].in_model_units()),
                len(panel),
                self._n_values,
            )

    def _learn_classes(self, y: Any, panel: Panel) -> np.ndarray | None:
        """Store the classes and return their numbers; None if there are none."""
        classes = classes_of(y, len(panel))
        if classes is None:
            return None
        self.classes_ = classes
        return class_numbers(classes, y)

    def _known_labels(self, y: Any) -> np.ndarray | None:
        """Return the numbers of the classes of rows, -1 for others; None if none."""
        classes = getattr(self, "classes_", None)
        if y is None or classes is None or np.size(y) != len(y):  # or several targets
            return None
        return class_numbers(classes, y)

    def _check_ready(self) -> None:
        """Refuse a call before `fit`, or with invalid parameters set since."""
        check_is_fitted(self, "_state")
        check_parameters(self, self._parameter_constraints)

    def _call_seed(self, random_state: Any = None) -> int:
        """Return the seed of a call: the caller's, or the next of the fit's own."""
        return seed_from(self._state.rng if random_state is None else random_state)

    def _forget(self) -> None:
        """Delete the attributes of an earlier fit, and nothing else."""
        if hasattr(self, "_state"):
            self._drop({*self._state.learned, "_state"})

    def _drop(self, names: set[str]) -> None:
        for name in names & set(vars(self)):
            delattr(self, name)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether `fit` has finished."""
        return hasattr(getattr(self, "_state", None), "learned")

    def __sklearn_tags__(self) -> Tags:
        """Say what input is accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags
