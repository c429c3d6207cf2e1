"""Checks of parameters, series and labels.

Constraints stand beside a class as data; one small function reads them. Messages say
what was expected, what was got, and what to do.
"""

import inspect
import math
import sys
import warnings
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from lgta_sklearn._containers import Container, container_of, unpack
from lgta_sklearn._panels import (
    Panel,
    pad,
    panel_of,
    unit_of,
    unpadded,
    with_channels,
)

__all__ = [
    "Bounds",
    "check_labels_present",
    "check_not_per_series",
    "check_parameters",
    "check_series",
    "take_labels",
]


@dataclass(frozen=True)
class Bounds:
    """A finite number in an interval.

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
        inside = self.low <= float(value) <= self.high and math.isfinite(value)
        return inside and not (self.open_low and value == self.low)

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


def check_not_per_series(name: str) -> None:
    """Refuse to be fitted by sktime to one series after another.

    sktime takes an estimator of scikit-learn for one that maps the time points of a
    single series, and wraps it in its `TabularToSeriesAdaptor`. What arrives looks like
    a set of series, so that only the caller tells.

    Parameters
    ----------
    name : str
        Name of the estimator, for the message.

    Raises
    ------
    ValueError
        If that adaptor calls.
    """
    if "sktime" not in sys.modules:
        return
    frame = inspect.currentframe()
    while frame is not None:
        caller = type(frame.f_locals.get("self"))
        if caller.__name__ == "TabularToSeriesAdaptor":
            raise ValueError(
                f"sktime would fit {name} to each series by itself, and nothing can be "
                "learnt from one. Use the classes of lgta_sklearn.adapters.sktime, "
                "which see the whole panel."
            )
        frame = frame.f_back


def check_series(estimator: Any, X: Any, *, reset: bool, longer: bool = False) -> Panel:
    """Return a set of series, checked.

    In `reset`, the layout (`input_ndim_`, `n_channels_in_`, `n_timepoints_in_`,
    `lengths_vary_`, `units_`, and for two dimensions sklearn's `n_features_in_` and
    `feature_names_in_`) is noted on the estimator, otherwise compared with what was
    noted.

    Parameters
    ----------
    estimator : estimator
        On which the layout is noted.
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints), list of arrays, or panel of sktime
        Series; NaN is a missing value.
    reset : bool
        Whether the estimator is being fitted.
    longer : bool, default=False
        Whether series may be longer than those of `fit`, where lengths vary.

    Returns
    -------
    Panel
        Float32 if `X` was, else float64. Where lengths vary, as long as the longest
        series of `fit`.

    Raises
    ------
    ValueError
        For anything that is not a set of numeric series of the noted layout.
    TypeError
        For sparse data and for objects that are not numbers.
    """
    X = _plain(X)
    container = container_of(X)
    if container.is_ragged:
        _check_channels(estimator, container, reset=reset)
        panel = pad(_checked_rows(unpack(X, container)))
    else:
        values = _checked_array(estimator, X, reset=reset)
        padded = getattr(estimator, "padded", False)
        panel = unpadded(values) if padded else panel_of(values, values.shape[-1])
    n_channels, n_timepoints = (1, *panel.values.shape[1:])[-2:]
    _check_finite(panel)
    if reset:
        _check_size(n_channels, n_timepoints, type(estimator).__name__)
        _check_observed(panel)
        estimator.input_ndim_ = panel.values.ndim
        estimator.n_channels_in_ = n_channels
        estimator.n_timepoints_in_ = n_timepoints
        estimator.lengths_vary_ = bool((panel.lengths < n_timepoints).any())
        estimator.units_ = unit_of(panel.values)
    else:
        _check_layout(estimator, panel, n_channels, longer=longer)
    return replace(panel.widened(estimator.n_timepoints_in_), unit=estimator.units_)


def _plain(X: Any) -> Any:
    """Return what NumPy knows without losing anything of it."""
    if hasattr(X, "detach"):  # a torch tensor, perhaps on a GPU or with a gradient
        X = X.detach().cpu()
        return (X.float() if str(X.dtype) == "torch.bfloat16" else X).numpy()
    if isinstance(X, np.ma.MaskedArray):  # what is masked is not known
        values = X.astype(X.dtype if X.dtype.kind == "f" else np.float64)
        return np.ma.filled(values, np.nan)
    is_array = hasattr(X, "shape") or hasattr(X, "__array__")
    is_list = hasattr(X, "__len__") and not isinstance(X, str | bytes | Mapping | Set)
    if not (is_array or is_list):
        raise TypeError(
            "X must be an array of shape (n_samples, n_timepoints) or (n_samples, "
            "n_channels, n_timepoints), a DataFrame, or a list of series, got "
            f"{type(X).__name__}."
        )
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    if isinstance(kind, str) and kind in ("M", "m", "V"):
        what = "named fields" if kind == "V" else "times"
        raise TypeError(f"X must hold numbers, got {what} ({X.dtype}).")
    return X


def _check_channels(estimator: Any, container: Container, *, reset: bool) -> None:
    """Compare the channels of a panel with those of the panel that was fitted."""
    fitted = None if reset else getattr(estimator, "_container", None)
    if fitted is None or fitted.columns is None or container.columns is None:
        return
    wanted, got = list(fitted.columns), list(container.columns)
    # as in scikit-learn: numbers are no names
    named = all(isinstance(name, str) for name in (*wanted, *got))
    if fitted.is_ragged and named and wanted != got:
        raise ValueError(
            f"X has the channels {got}, expected {wanted} in this order, as in fit."
        )


def _checked_array(estimator: Any, X: Any, *, reset: bool) -> np.ndarray:
    """Return an array or a table of series as an array."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    X = validate_data(
        estimator,
        X,
        reset=reset,
        dtype=(np.float64, np.float32),
        ensure_2d=len(X.shape) < 3,
        allow_nd=True,
        ensure_all_finite=False,
    )
    if X.ndim > 3:
        raise ValueError(
            "X must have shape (n_samples, n_timepoints) or (n_samples, n_channels, "
            f"n_timepoints), got {X.ndim} dimensions: {X.shape}. Reshape your data."
        )
    return X


def _checked_rows(rows: list[np.ndarray]) -> list[np.ndarray]:
    """Return the series of a list, all of them of one number of channels."""
    layouts = {row.shape[:-1] for row in rows}
    if len(layouts) > 1 or any(row.ndim not in (1, 2) for row in rows):
        raise ValueError(
            "X holds series of different lengths, of which each must have the shape "
            "(n_timepoints,) or (n_channels, n_timepoints) with one number of channels "
            f"for all; got the shapes {sorted({row.shape for row in rows})[:5]}. The "
            "time axis is the last one."
        )
    empty = [i for i, row in enumerate(rows) if row.size == 0]
    if empty:
        raise ValueError(
            f"X has series without values, the first is series {empty[0]}."
        )
    if any(np.iscomplexobj(row) for row in rows):
        raise ValueError("Complex data not supported, expected real numbers in X.")
    single = all(row.dtype == np.float32 for row in rows)
    return [row.astype(np.float32 if single else np.float64) for row in rows]


def _check_layout(
    estimator: Any, panel: Panel, n_channels: int, *, longer: bool
) -> None:
    """Compare series with those of `fit`."""
    wanted = n_timepoints = estimator.n_timepoints_in_
    if estimator.lengths_vary_:  # padding has to fit into the network as well
        wanted, got = f"at most {n_timepoints}", panel.values.shape[-1]
        fits = longer or got <= n_timepoints
    else:
        got = next((n for n in panel.lengths if n != n_timepoints), n_timepoints)
        fits = got == n_timepoints
    if n_channels == estimator.n_channels_in_ and fits:
        return
    raise ValueError(
        f"X has {n_channels} channels of {got} time points, expected "
        f"{estimator.n_channels_in_} of {wanted} as in fit. "
        "The axis order is (n_samples, n_channels, n_timepoints)."
    )


def _check_size(n_channels: int, n_timepoints: int, name: str) -> None:
    if n_channels < 1:
        raise ValueError(
            f"X has 0 channels, but {name} needs at least 1. The axis order is "
            "(n_samples, n_channels, n_timepoints)."
        )
    if n_timepoints < 2:
        raise ValueError(
            f"X has 1 feature(s), one time point per series, but {name} needs at "
            "least 2. The axis order is (n_samples, n_channels, n_timepoints)."
        )
    if n_channels > n_timepoints:
        warnings.warn(
            f"X has more channels ({n_channels}) than time points ({n_timepoints}). "
            "The axis order is (n_samples, n_channels, n_timepoints); if yours has "
            "the channels last, pass X.transpose(0, 2, 1).",
            UserWarning,
            stacklevel=4,
        )


def _check_finite(panel: Panel) -> None:
    """Refuse infinity, and name the first place."""
    X = panel.values
    bad = np.isinf(X)
    if not bad.any():
        return
    axes = ("series", "time point") if X.ndim == 2 else ("series", "channel", "time")
    place = np.argwhere(bad)[0].tolist()
    where = ", ".join(f"{axis} {i}" for axis, i in zip(axes, place, strict=True))
    raise ValueError(
        f"Input X contains infinity (inf): {int(bad.sum())} values, the first at "
        f"{where}. Expected finite numbers, or NaN where a value is missing."
    )


def _check_observed(panel: Panel) -> None:
    """Refuse series and channels of which nothing is known."""
    missing = np.isnan(with_channels(panel.values))
    for axes, what in (((1, 2), "series"), ((0, 2), "channels")):
        nothing = np.flatnonzero(missing.all(axis=axes))
        if len(nothing):
            raise ValueError(
                f"X contains NaN only in {len(nothing)} {what}, the first is number "
                f"{nothing[0]}. Expected at least one value in each; drop them first."
            )


def check_labels_present(y: Any) -> None:
    """Refuse missing labels of any kind, and labels of several kinds.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.

    Raises
    ------
    ValueError
        If one is missing, or some are texts and others numbers.
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
    kinds = {str if isinstance(k, str) else float for k in np.ravel(y).tolist()}
    if len(kinds) > 1:
        raise ValueError(
            "y mixes texts and numbers, which cannot be put in order. Expected labels "
            "of one kind; y.astype(str) makes them so."
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
