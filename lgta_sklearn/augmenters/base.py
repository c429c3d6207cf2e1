"""What every augmenter shares: checks, seeding, devices, layouts.

A family of generators fills three hooks: `_fit_series` learns from checked series,
`_vary` varies given series, and `_draw` invents new ones, all on arrays of shape
(n_samples, n_channels, n_timepoints) in double precision. This class sees to
parameters, labels, seeds, threads, units, dtypes and the caller's layout.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags, check_consistent_length, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._random import content_generators, pinned_threads, seed_from
from lgta_sklearn._validation import (
    Bounds,
    Constraint,
    check_labels_present,
    check_parameters,
    check_series,
    in_container,
    take_labels,
)

__all__ = ["BaseAugmenter"]

COUNT, STRENGTH = Bounds(Integral, 0), Bounds(Real, 0)
MANY_CLASSES = 20
_UNSEEN = (
    "_rng",
    "_seed",
    "_dtype",
    "_network",
)  # what a fit learns beside attributes_


class BaseAugmenter(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC):
    """Base of the estimators that learn series, vary them and invent new ones."""

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}
    # the parameters that every family has
    strength: float
    on_transform: str
    random_state: Any

    @abstractmethod
    def _fit_series(self, X: np.ndarray, labels: np.ndarray | None, seed: int) -> None:
        """Learn from series; `labels` are the numbers of their classes."""

    @abstractmethod
    def _vary(
        self,
        X: np.ndarray,
        strength: float,
        rngs: np.random.Generator | Sequence[np.random.Generator],
        labels: np.ndarray | None,
    ) -> np.ndarray:
        """Return one variation of each series, with one generator or one per row.

        `labels` are the numbers of their classes, -1 for one that was not in `fit`.
        """

    @abstractmethod
    def _draw(self, labels: np.ndarray | None, n_samples: int, seed: int) -> np.ndarray:
        """Return new series, of the given classes if there are labels."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the distribution of a set of series.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series of equal length without missing values.
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
            check_parameters(self, self._parameter_constraints)
            X = check_series(self, X, reset=True)
            labels = self._check_labels(y, X)
            self._seed = seed_from(self.random_state)
            self._rng = np.random.default_rng([self._seed, 1])
            with pinned_threads():
                self._fit_series(self._as_channels(X), labels, self._seed)
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
        ndarray of the shape of X
            Varied series in the units of `X`.
        """
        self.fit(X, y)
        X = check_series(self, X, reset=False)
        rng = np.random.default_rng(self._call_seed())
        return self._varied(X, self.strength, rng, self._known_labels(y))

    def transform(self, X: Any) -> Any:
        """Return the series as `on_transform` says: the prediction-time hook.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of the shape of X
            With ``on_transform="identity"`` (the default) a copy; with
            ``"reconstruct"`` what `reconstruct` returns; with ``"augment"`` a
            variation whose randomness is a function of the row.
        """
        check_is_fitted(self)
        X = check_series(self, X, reset=False)
        if self.on_transform == "reconstruct":
            return self.reconstruct(X)
        if self.on_transform == "augment":
            return self._varied(
                X, self.strength, list(content_generators(X, self._seed))
            )
        return X.copy()

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
            Not negative; 0 is exactly the identity. None takes the constructor's.
        random_state : None, int, RandomState or Generator, default=None
            None varies from call to call (in a sequence that the constructor's
            `random_state` repeats), an int gives the same result each time.
        return_index : bool, default=False
            Whether to return the row of `X` that each variation comes from.

        Returns
        -------
        X_varied : ndarray or DataFrame of shape (n_samples * n_copies, ...)
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
        check_is_fitted(self)
        if n_copies not in COUNT:
            raise ValueError(f"n_copies must be an int >= 0, got {n_copies!r}.")
        strength = self.strength if strength is None else strength
        if strength not in STRENGTH:
            raise ValueError(f"strength must be a number >= 0, got {strength!r}.")
        series = check_series(self, X, reset=False)
        if y is not None:
            check_consistent_length(X, y)
        index = np.tile(np.arange(len(series)), n_copies)
        rng = np.random.default_rng(self._call_seed(random_state))
        labels = self._known_labels(y)
        labels = None if labels is None else labels[index]
        varied = self._varied(series[index], strength, rng, labels)
        result = [in_container(varied, like=X, index=index)]
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
n_timepoints)
            New series in the layout, units and dtype of `fit`.

        Raises
        ------
        ValueError
            If `n_samples` is negative or a label was not in `fit`.
        """
        check_is_fitted(self)
        if n_samples not in COUNT:
            raise ValueError(f"n_samples must be an int >= 0, got {n_samples!r}.")
        labels = self._wanted_labels(y, n_samples)
        n_samples = n_samples if labels is None else len(labels)
        with pinned_threads():
            X = self._draw(labels, n_samples, self._call_seed(random_state))
        return self._as_given(X, self.input_ndim_, self._dtype)

    def _varied(
        self,
        X: np.ndarray,
        strength: float,
        rngs: Any,
        labels: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return checked series varied, in their own layout and dtype."""
        if strength == 0 or len(X) == 0:
            return X.copy()
        with pinned_threads():
            varied = self._vary(self._as_channels(X), float(strength), rngs, labels)
        return self._as_given(varied, X.ndim, X.dtype)

    @staticmethod
    def _as_channels(X: np.ndarray) -> np.ndarray:
        """Return (n, C, T) in double precision."""
        # the order in memory changes the last bits of a sum
        return (X[:, None] if X.ndim == 2 else X).astype(np.float64, order="C")

    @staticmethod
    def _as_given(X: np.ndarray, ndim: int, dtype: np.dtype) -> np.ndarray:
        """Return (n, C, T) in a layout and a dtype."""
        return (X[:, 0] if ndim == 2 else X).astype(dtype)

    def _check_labels(self, y: Any, X: np.ndarray) -> np.ndarray | None:
        """Note the classes of `y` and return their numbers; None if there are none."""
        self._dtype = X.dtype
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
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
