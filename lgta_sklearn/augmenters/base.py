"""What every augmenter shares: checks, seeding, devices, layouts.

A family of generators fills four hooks: `_fit_series` learns from checked series,
`_varier` prepares to vary given series, `_draw` invents new ones, and `_filled` fills
gaps, all but the last on arrays of shape (n_samples, n_channels, n_timepoints) in
double precision, counted in `units_`, with NaN where a series is not known. This class
sees to parameters, labels, seeds, threads, strengths, units, dtypes and the caller's
layout.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
)
from sklearn.utils import Tags, check_consistent_length, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._containers import container_of
from lgta_sklearn._panels import Panel, in_units
from lgta_sklearn._random import (
    content_generators,
    in_portions,
    own_settings,
    seed_from,
)
from lgta_sklearn._validation import (
    Bounds,
    Constraint,
    check_labels_present,
    check_not_per_series,
    check_parameters,
    check_series,
    take_labels,
)
from lgta_sklearn.augmenters._response import CalibratedMixin, Rngs, Varier, amplified
from lgta_sklearn.augmenters._saving import SavedMixin

__all__ = ["BaseAugmenter"]


COUNT, STRENGTH = Bounds(Integral, 0), Bounds(Real, 0)
MANY_CLASSES = 20
_UNSEEN = (
    "_rng",
    "_seed",
    "_dtype",
    "_container",
    "_network",
    "_codes",
    "_training",
    "_gaps",
    "_reference",
    "_stand_ins",
    "_calibrated",
    "_unit",
    "_kept",
)  # what a fit learns beside attributes_


class BaseAugmenter(
    SavedMixin,
    CalibratedMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
    ABC,
):
    """Base of the estimators that learn series, vary them and invent new ones."""

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}
    # the parameters that every family has
    on_transform: str
    gaps: str
    random_state: Any

    @abstractmethod
    def _fit_series(
        self,
        X: np.ndarray,
        lengths: np.ndarray,
        labels: np.ndarray | None,
        seed: int,
    ) -> None:
        """Learn from series; `labels` are the numbers of their classes."""

    @abstractmethod
    def _varier(self, X: np.ndarray, labels: np.ndarray | None) -> Varier:
        """Return what varies series, each time it is called.

        `labels` are the numbers of their classes, -1 for one that was not in `fit`.
        What is returned is called with what the effect of the transformation is
        multiplied by, and with one generator or one per row; it returns a variation of
        each.
        """

    @abstractmethod
    def _draw(
        self, labels: np.ndarray | None, n_samples: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return new series, of the given classes if there are labels, and lengths.

        They are in the units and the dtype of `fit` already, so that this is done some
        at a time: see `_restored`.
        """

    @abstractmethod
    def _filled(self, panel: Panel) -> Panel:
        """Return series without gaps."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the distribution of a set of series.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series; or, where their lengths differ, a list of arrays of shape
            (n_timepoints,) or (n_channels, n_timepoints); or a panel of sktime
            (``"df-list"``, ``"pd-multiindex"``, ``"nested_univ"``). NaN is a missing
            value.
        y : array-like of shape (n_samples,), default=None
            Labels. With classes, the latent density is fitted per class; a target
            (continuous, or whole numbers that hardly repeat) is ignored.

        Returns
        -------
        BaseAugmenter
            The fitted estimator.

        Raises
        ------
        ValueError
            For bad parameters or series, before any training; and when the training
            diverges. The estimator is then not fitted.
        KeyboardInterrupt
            After Ctrl-C; the estimator is then not fitted.
        """
        self._forget()
        try:
            check_not_per_series(type(self).__name__)
            check_parameters(self, self._parameter_constraints)
            panel = check_series(self, X, reset=True)
            labels = self._check_labels(y, panel)
            self._container = container_of(X).empty()
            self._seed = seed_from(self.random_state)
            self._rng = np.random.default_rng([self._seed, 1])
            with own_settings():
                X = panel.as_channels()
                self._fit_series(X, panel.lengths, labels, self._seed)
                self._prepare_response(X, labels)
        except BaseException:
            self._forget()
            raise
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit, then return one variation of each series: the training-time hook.

        Row i of the result is a variation of row i of `X` and still belongs to
        ``y[i]``. It differs from ``fit(X).transform(X)``, which by default leaves the
        series as they are; use `augment` to vary series at will.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,), default=None
            Labels, as in `fit`.

        Returns
        -------
        array of the shape of X
            Varied series in the units of `X`; a list or a panel for such.
        """
        self.fit(X, y)
        panel = check_series(self, X, reset=False)
        rng = np.random.default_rng(self._call_seed())
        index, labels = np.arange(len(panel)), self._known_labels(y)
        varied = self._varied(panel, index, self.strength, rng, labels)
        return self._as_transformed(container_of(X).pack(varied))

    def transform(self, X: Any) -> Any:
        """Return the series as `on_transform` says: the prediction-time hook.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        array of the shape of X, or a list or a panel for such
            With ``on_transform="identity"`` (the default) a copy; with
            ``"reconstruct"`` what `reconstruct` returns; with ``"augment"`` a
            variation whose randomness is a function of the row.
        """
        self._check_ready()
        if self.on_transform == "reconstruct":
            return self._as_transformed(self.reconstruct(X))
        identity = self.on_transform == "identity"
        longer = identity and self.gaps == "keep"  # nothing is asked of the network
        panel = check_series(self, X, reset=False, longer=longer)
        if identity:
            panel = self._with_gaps(panel)
            panel = replace(panel, values=panel.values.copy())
        else:
            rngs = list(content_generators(panel.values, self._seed))
            panel = self._varied(panel, np.arange(len(panel)), self.strength, rngs)
        return self._as_transformed(container_of(X).pack(panel))

    @staticmethod
    def _as_transformed(X: Any) -> Any:
        """Return a table of series as an array: scikit-learn makes it what it wants."""
        return X.to_numpy() if container_of(X).kind == "table" else X

    def augment(
        self,
        X: Any,
        y: Any = None,
        *,
        n_copies: int = 1,
        strength: float | None = None,
        random_state: Any = None,
        return_index: bool = False,
    ) -> Any:
        """Return latent variations of series: the direct way to grow a set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,), default=None
            Labels or targets; each variation keeps that of its source.
        n_copies : int, default=1
            Variations of each series. The originals are not among them; the first
            ``n_samples`` rows of the result are the first copy of every series.
        strength : float or None, default=None
            How far the series move, as a share of their own standard deviation; not
            negative, and 0 is exactly the identity. None takes the constructor's.
        random_state : None, int, RandomState or Generator, default=None
            None varies from call to call (in a sequence that the constructor's
            `random_state` repeats), an int gives the same result each time.
        return_index : bool, default=False
            Whether to return the row of `X` that each variation comes from.

        Returns
        -------
        X_varied : array, DataFrame or list of n_samples * n_copies series
            Variations in the units, dtype and container of `X`.
        y_varied : array of shape (n_samples * n_copies,)
            Labels in the dtype of `y`; only if `y` is given.
        index : ndarray of int of shape (n_samples * n_copies,)
            Source rows; only if `return_index`.

        Raises
        ------
        ValueError
            If `X` does not fit the fitted layout or an argument is out of range.
        """
        self._check_ready()
        if n_copies not in COUNT:
            raise ValueError(f"n_copies must be an int >= 0, got {n_copies!r}.")
        strength = self.strength if strength is None else strength
        if strength is not None and strength not in STRENGTH:
            raise ValueError(f"strength must be a number >= 0, got {strength!r}.")
        panel = check_series(self, X, reset=False)
        if y is not None:
            check_consistent_length(panel, y)
        index = np.tile(np.arange(len(panel)), n_copies)
        rng = np.random.default_rng(self._call_seed(random_state))
        varied = self._varied(panel, index, strength, rng, self._known_labels(y))
        result = [container_of(X).pack(varied, index)]
        if y is not None:
            result.append(take_labels(y, index))
        if return_index:
            result.append(index)
        return result[0] if len(result) == 1 else tuple(result)

    def sample(
        self, n_samples: int = 1, *, y: Any = None, random_state: Any = None
    ) -> np.ndarray:
        """Invent new series.

        With the same seed a longer draw begins with the shorter one.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series.
        y : label or array-like of labels, default=None
            One label for all series, or one label for each (then `n_samples` may be
            left out). None draws classes as often as they were in `fit`.
        random_state : None, int, RandomState or Generator, default=None
            As in `augment`.

        Returns
        -------
        ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints), or the container of `fit`
            New series in the layout, units and dtype of `fit`.

        Raises
        ------
        ValueError
            If `n_samples` is negative or a label was not in `fit`.
        """
        self._check_ready()
        if n_samples not in COUNT:
            raise ValueError(f"n_samples must be an int >= 0, got {n_samples!r}.")
        labels = self._wanted_labels(y, n_samples)
        n_samples = n_samples if labels is None else len(labels)
        with own_settings():
            drawn = self._draw(labels, n_samples, self._call_seed(random_state))
        return self._as_fitted(*drawn)

    def _varied(
        self,
        panel: Panel,
        index: np.ndarray,
        strength: float | None,
        rngs: Rngs,
        labels: np.ndarray | None = None,
    ) -> Panel:
        """Return a variation of each checked series that the index names."""
        panel = self._with_gaps(panel)
        if strength == 0 or len(index) == 0:
            return panel[index]

        def varied(rows: slice) -> np.ndarray:
            some = panel[index[rows]]
            classes = None if labels is None else labels[index[rows]]
            own = rngs if isinstance(rngs, np.random.Generator) else rngs[rows]
            X = self._varier(some.as_channels(), classes)(factor, own)
            if self._keeps_energy():
                X = amplified(X, self.response().loss(factor))
            return some.with_values(X).values

        with own_settings():
            factor = self._factor(strength)
            values = in_portions(varied, len(index), panel.values[0].size)
        return Panel(values, panel.lengths[index])

    def _with_gaps(self, panel: Panel) -> Panel:
        """Return series, their gaps filled if that is wanted."""
        return self._filled(panel) if self.gaps == "fill" else panel

    def _as_fitted(self, X: np.ndarray, lengths: np.ndarray) -> Any:
        """Return series, (n, C, T), in the container and layout of `fit`."""
        values = X[:, 0] if self.input_ndim_ == 2 else X
        container = self._container
        if container.kind == "table":  # as ever: rows have no labels to keep
            return values
        return container.pack(Panel(values, lengths))

    def _restored(self, X: np.ndarray) -> np.ndarray:
        """Return series, counted in `units_`, in the units and dtype of `fit`."""
        return in_units(X, self.units_, self._dtype)

    def _check_labels(self, y: Any, X: Panel) -> np.ndarray | None:
        """Note the classes of `y` and return their numbers; None if there are none."""
        self._dtype = X.values.dtype.name
        if y is None:
            return None
        check_consistent_length(X, y)
        check_labels_present(y)
        y = np.asarray(y)
        y = y[:, 0] if y.shape == (len(X), 1) else y
        distinct, labels = np.unique(y, return_inverse=True)
        # whole numbers that hardly repeat are targets, not classes
        if len(distinct) > max(MANY_CLASSES, len(X) / 2) or type_of_target(
            y, input_name="y"
        ) not in ("binary", "multiclass"):
            return None
        self.classes_ = distinct
        return labels

    def _wanted_labels(self, y: Any, n_samples: int) -> np.ndarray | None:
        """Return the numbers of the classes asked for in `sample`."""
        if y is None:
            return None
        if not hasattr(self, "classes_"):
            raise ValueError(
                "sample(y=...) needs classes, but the estimator was fitted without "
                "labels. Call fit(X, y)."
            )
        wanted = np.full(n_samples, y) if np.ndim(y) == 0 else column_or_1d(y)
        if np.ndim(y) == 1 and n_samples not in (1, len(wanted)):
            raise ValueError(
                f"y has {len(wanted)} labels, one per series, but n_samples is "
                f"{n_samples}. Leave n_samples out."
            )
        unknown = sorted(set(wanted.tolist()) - set(self.classes_.tolist()), key=str)
        if unknown:
            raise ValueError(
                f"y contains labels that were not in fit: {unknown}. "
                f"Expected some of {self.classes_.tolist()}."
            )
        return np.searchsorted(self.classes_, wanted)

    def _known_labels(self, y: Any) -> np.ndarray | None:
        """Return the numbers of the classes of rows, -1 for others; None if none."""
        if y is None or not hasattr(self, "classes_"):
            return None
        numbers = {label: k for k, label in enumerate(self.classes_.tolist())}
        return np.array([numbers.get(k, -1) for k in np.asarray(y).ravel().tolist()])

    def _check_ready(self) -> None:
        """Refuse a call before `fit`, and parameters that were set wrongly since."""
        check_is_fitted(self)
        check_parameters(self, self._parameter_constraints)

    def _call_seed(self, random_state: Any = None) -> int:
        """Return the seed of a call: the caller's, or the next of the fit's own."""
        return seed_from(self._rng if random_state is None else random_state)

    def _forget(self) -> None:
        """Drop what an earlier fit learned, and nothing else."""
        for name in [name for name in vars(self) if self._is_learned(name)]:
            delattr(self, name)

    @staticmethod
    def _is_learned(name: str) -> bool:
        return name in _UNSEEN or (name.endswith("_") and not name.startswith("_"))

    @available_if(lambda self: getattr(self, "input_ndim_", 2) == 2)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the time points; absent for series of several channels.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names to check against those of `fit`.

        Returns
        -------
        ndarray of str of shape (n_timepoints,)
            Feature names, the same as in the input.
        """
        names: np.ndarray = super().get_feature_names_out(input_features)
        return names

    def __sklearn_tags__(self) -> Tags:
        """Say what input is accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
