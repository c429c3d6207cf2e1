"""Checks of parameters and of series, and the way from (n, T) to (n, C, T) and back.

Constraints stand beside a class as data; one small function reads them. Messages say
what was expected, what was got, and what to do.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

__all__ = [
    "Bounds",
    "check_labels_present",
    "check_parameters",
    "check_series",
    "in_container",
    "take_labels",
]


@dataclass(frozen=True)
class Bounds:
    """A number in an interval.

    Parameters
    ----------
    kind : type
        ``numbers.Integral`` or ``numbers.Real``.
    low : float
        Smallest value.
    high : float, default=inf
        Largest value.
    open_low : bool, default=False
        Whether `low` itself is excluded.
    """

    kind: type[Integral] | type[Real]
    low: float
    high: float = float("inf")
    open_low: bool = False

    def __contains__(self, value: Any) -> bool:
        """Tell whether a value is such a number (a bool is none)."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, self.kind):
            return False
        return self.low <= float(value) <= self.high and not (
            self.open_low and value == self.low
        )

    def __str__(self) -> str:
        """Return the words of an error message."""
        noun = "an int" if self.kind is Integral else "a number"
        relation = ">" if self.open_low else ">="
        top = "" if self.high == float("inf") else f" and <= {self.high:g}"
        return f"{noun} {relation} {self.low:g}{top}"


Constraint = Any  # Bounds, a string, None, True or the built-in `callable`
POSITIVE = Bounds(Real, 0, open_low=True)
AT_LEAST_ONE = Bounds(Integral, 1)


def check_parameters(
    estimator: Any, constraints: Mapping[str, Sequence[Constraint]]
) -> None:
    """Check constructor parameters against their constraints.

    Parameters
    ----------
    estimator : object
        Has one attribute per parameter.
    constraints : mapping of str to sequence
        For each parameter what it may be: a `Bounds`, a string, None, True (any
        bool), ``callable``, or the name of an attribute that an object must have,
        as in ``"has sample"``.

    Raises
    ------
    ValueError
        If a parameter is none of what it may be.
    """
    for name, allowed in constraints.items():
        value = getattr(estimator, name)
        if not any(_satisfies(value, constraint) for constraint in allowed):
            words = " or ".join(_describe(constraint) for constraint in allowed)
            raise ValueError(
                f"{name} of {type(estimator).__name__} must be {words}, got {value!r}."
            )


def _satisfies(value: Any, constraint: Constraint) -> bool:
    if isinstance(constraint, Bounds):
        return value in constraint
    if constraint is None or constraint is True:
        return value is None if constraint is None else isinstance(value, bool)
    if constraint is callable:
        return callable(value)
    if constraint.startswith("has "):
        return not isinstance(value, str) and hasattr(value, constraint[4:])
    return isinstance(value, str) and value == constraint


def _describe(constraint: Constraint) -> str:
    if constraint is True:
        return "a bool"
    if constraint is callable:
        return "a callable"
    if isinstance(constraint, str) and constraint.startswith("has "):
        return f"an object with {constraint[4:]}"
    return str(constraint) if isinstance(constraint, Bounds) else repr(constraint)


def check_series(estimator: Any, X: Any, *, reset: bool) -> np.ndarray:
    """Return series as an array of two or three dimensions, checked.

    In `reset`, the layout (`input_ndim_`, `n_channels_in_`, `n_timepoints_in_`, and for
    two dimensions sklearn's `n_features_in_` and `feature_names_in_`) is noted on
    the estimator, otherwise compared with what was noted.

    Parameters
    ----------
    estimator : estimator
        On which the layout is noted.
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series.
    reset : bool
        Whether the estimator is being fitted.

    Returns
    -------
    ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, n_timepoints)
        Float32 if `X` was, else float64.

    Raises
    ------
    ValueError
        For anything that is not a set of finite numeric series of the noted layout.
    TypeError
        For sparse data and for objects that are not numbers.
    """
    if hasattr(X, "detach"):  # a torch tensor, perhaps on a GPU or with a gradient
        X = X.detach().cpu().numpy()
    if getattr(getattr(X, "index", None), "nlevels", 1) > 1:
        raise ValueError(
            "X is a DataFrame whose row index has several levels (a panel of series "
            "below each other), expected one row per series. Convert it with "
            "sktime.datatypes.convert_to(X, 'numpy3D')."
        )
    if not hasattr(X, "shape"):
        X = _as_array(X)
    ndim = len(X.shape)
    X = validate_data(
        estimator,
        X,
        reset=reset,
        dtype=(np.float64, np.float32),
        ensure_2d=ndim < 3,
        allow_nd=True,
        ensure_all_finite=False,
    )
    if X.ndim > 3:
        raise ValueError(
            "X must have shape (n_samples, n_timepoints) or (n_samples, n_channels, "
            f"n_timepoints), got {X.ndim} dimensions: {X.shape}. Reshape your data."
        )
    n_channels, n_timepoints = (1, *X.shape[1:])[-2:]
    if reset:
        _check_size(n_channels, n_timepoints, type(estimator).__name__)
        estimator.input_ndim_ = X.ndim
        estimator.n_channels_in_ = n_channels
        estimator.n_timepoints_in_ = n_timepoints
    elif (n_channels, n_timepoints) != (
        estimator.n_channels_in_,
        estimator.n_timepoints_in_,
    ):
        raise ValueError(
            f"X has {n_channels} channels of {n_timepoints} time points, expected "
            f"{estimator.n_channels_in_} of {estimator.n_timepoints_in_} as in fit. "
            "The axis order is (n_samples, n_channels, n_timepoints)."
        )
    _check_finite(X)
    return X


def _as_array(X: Any) -> np.ndarray:
    """Return a list as an array; unequal lengths get a sentence of their own."""
    try:
        return np.asarray(X)
    except ValueError as error:
        raise ValueError(
            "X must hold series of equal length, got sequences of different lengths. "
            "Pad or crop them first."
        ) from error


def _check_size(n_channels: int, n_timepoints: int, name: str) -> None:
    if n_channels < 1:
        raise ValueError(
            f"X has 0 channels, but {name} needs at least 1. The axis order is "
            "(n_samples, n_channels, n_timepoints)."
        )
    if n_timepoints < 2:
        raise ValueError(
            f"X has 1 feature(s), one time point per series, but {name} needs at "
            "least 2. In a sktime pipeline use the classes of "
            "lgta_sklearn.adapters.sktime, since sktime fits one of scikit-learn's to "
            "each series by itself; else check that the axis order is (n_samples, "
            "n_channels, n_timepoints)."
        )
    if n_channels > n_timepoints:
        warnings.warn(
            f"X has more channels ({n_channels}) than time points ({n_timepoints}). "
            "The axis order is (n_samples, n_channels, n_timepoints); if yours has "
            "the channels last, pass X.transpose(0, 2, 1).",
            UserWarning,
            stacklevel=4,
        )


def _check_finite(X: np.ndarray) -> None:
    """Refuse NaN and infinity, and name the first place."""
    bad = ~np.isfinite(X)
    if not bad.any():
        return
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    what = "NaN" if np.isnan(X[place]) else "infinity (inf)"
    axes = ("series", "time point") if X.ndim == 2 else ("series", "channel", "time")
    where = ", ".join(f"{axis} {i}" for axis, i in zip(axes, place, strict=True))
    raise ValueError(
        f"Input X contains {what}: {int(bad.sum())} values are NaN or inf, the first "
        f"at {where}. Expected finite numbers; impute or drop them first."
    )


def in_container(series: np.ndarray, like: Any, index: np.ndarray | None) -> Any:
    """Return series in the container of `like`: a DataFrame for a DataFrame.

    Parameters
    ----------
    series : ndarray
        Result.
    like : object
        What the caller passed.
    index : ndarray of int or None
        Row of `like` from which each series comes; None for the same rows.

    Returns
    -------
    ndarray or DataFrame
        The series, with the columns and the index of `like` where it has them.
    """
    if not (hasattr(like, "iloc") and hasattr(like, "columns")) or series.ndim != 2:
        return series
    rows = like.index if index is None else like.index[index]
    return type(like)(series, index=rows, columns=like.columns)


def check_labels_present(y: Any) -> None:
    """Refuse missing labels of any kind.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.

    Raises
    ------
    ValueError
        If one is missing.
    """
    if np.asarray(y).dtype.kind in "biu":
        return
    from pandas import isna

    missing = np.argwhere(isna(np.asarray(y, dtype=object)))[:, 0]
    if len(missing):
        raise ValueError(
            f"Input y contains NaN: {len(missing)} labels are missing, the first at "
            f"series {missing[0]}. Expected a label for every series."
        )


def take_labels(y: Any, index: np.ndarray) -> Any:
    """Return labels by position, in their container where it is one of pandas.

    Parameters
    ----------
    y : array-like of shape (n_samples, ...)
        Labels, targets or weights.
    index : ndarray of int
        Rows to take.

    Returns
    -------
    array of shape (len(index), ...)
        The entries of `y` at these rows.
    """
    if hasattr(y, "iloc"):
        return y.iloc[index]
    if hasattr(y, "categories"):
        return y.take(index)
    return np.asarray(y)[index]
