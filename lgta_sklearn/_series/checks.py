"""Input checks of series: `check_series` returns checked series as a `Panel`.

Messages say what was expected, what was received, and what to do.
"""

import inspect
import sys
import warnings
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from lgta_sklearn._series.containers import Container, unpack
from lgta_sklearn._series.panel import (
    Panel,
    pad,
    panel_of,
    power_of_two_scale,
    with_channels,
)

__all__ = ["check_not_per_series", "check_series"]


def check_not_per_series(name: str) -> None:
    """Raise an error if sktime fits the estimator to each series separately.

    sktime assumes that an estimator of scikit-learn maps the time points of a single
    series, and wraps it in its `TabularToSeriesAdaptor`. The input then looks like a
    set of series, so only the calling object reveals the mistake.

    Parameters
    ----------
    name : str
        Name of the estimator, for the message.

    Raises
    ------
    ValueError
        If the caller is that adaptor.
    """
    adapt = sys.modules.get("sktime.transformations.adapt")
    adaptor = getattr(adapt, "TabularToSeriesAdaptor", None)
    if adaptor is None:  # it was never imported
        return
    frame = inspect.currentframe()
    while frame is not None:
        if isinstance(frame.f_locals.get("self"), adaptor):
            raise ValueError(
                f"sktime would fit {name} to each series by itself, and nothing can be "
                "learnt from one. Use the classes of lgta_sklearn.adapters.sktime, "
                "which see the whole panel."
            )
        frame = frame.f_back


def check_series(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    longer: bool = False,
    shorter: bool = False,
) -> Panel:
    """Return a checked set of series.

    With `reset`, the layout (`input_ndim_`, `n_channels_in_`, `n_timepoints_in_`,
    `lengths_vary_`, `channel_scale_`, and for two dimensions scikit-learn's
    `n_features_in_` and `feature_names_in_`) is stored on the estimator; otherwise it
    is compared with the stored one.

    Parameters
    ----------
    estimator : estimator
        Estimator that stores the layout.
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints), list of arrays, panel of sktime, or Panel
        Series; NaN is a missing value. A `Panel` has been checked already.
    reset : bool
        Whether the estimator is being fitted.
    longer : bool, default=False
        Whether series may be longer than those of `fit` if lengths vary.
    shorter : bool, default=False
        Whether series may be shorter than those of `fit`, also if those have one
        length. A table then has to have the first columns of that of `fit`.

    Returns
    -------
    Panel
        Series in float32 if `X` is float32, else in float64. Shorter ones are padded
        to the longest series of `fit`.

    Raises
    ------
    ValueError
        If `X` is not a set of numeric series with the stored layout.
    TypeError
        If `X` is sparse or holds objects that are not numbers.
    """
    panel = X
    if not isinstance(X, Panel):
        panel = _unpacked(estimator, X, reset=reset, shorter=shorter)
    n_channels, n_timepoints = (1, *panel.values.shape[1:])[-2:]
    if reset:
        _check_size(n_channels, n_timepoints, type(estimator).__name__)
        _check_observed(panel)
        estimator.input_ndim_ = panel.values.ndim
        estimator.n_channels_in_ = n_channels
        estimator.n_timepoints_in_ = n_timepoints
        estimator.lengths_vary_ = bool((panel.lengths < n_timepoints).any())
        estimator.channel_scale_ = power_of_two_scale(panel.values)
        if isinstance(X, Panel) and panel.values.ndim == 2:
            estimator.n_features_in_ = n_timepoints
    else:
        _check_layout(estimator, panel, n_channels, longer=longer, shorter=shorter)
    wide = panel.widened(estimator.n_timepoints_in_)
    return replace(wide, channel_scale=estimator.channel_scale_)


def _unpacked(estimator: Any, X: Any, *, reset: bool, shorter: bool) -> Panel:
    """Return the series of a container as a panel; refuse non-numeric data."""
    X = _plain(X)
    container, rows = unpack(X)
    if rows is None:
        values = _checked_array(estimator, X, reset=reset, shorter=shorter)
        panel = panel_of(values, values.shape[-1])
    else:
        _check_channels(estimator, container, reset=reset)
        panel = pad(_checked_rows(rows))
    _check_finite(panel)
    return replace(panel, container=container)


def _plain(X: Any) -> Any:
    """Return tensors and masked arrays as arrays, other sets of series as they are."""
    if hasattr(X, "detach"):  # a torch tensor, perhaps on a GPU or with a gradient
        X = X.detach().cpu()
        return (X.float() if str(X.dtype) == "torch.bfloat16" else X).numpy()
    if isinstance(X, np.ma.MaskedArray):  # a masked value is missing
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
    """Store the channel names of a panel, or compare them with the stored ones."""
    columns = [] if container.columns is None else list(container.columns)
    # as in scikit-learn, numbers do not count as names
    named = bool(columns) and all(isinstance(name, str) for name in columns)
    if reset:
        vars(estimator).pop("channel_names_in_", None)
        if named:
            estimator.channel_names_in_ = np.array(columns, dtype=object)
        return
    wanted = getattr(estimator, "channel_names_in_", None)
    if wanted is not None and named and wanted.tolist() != columns:
        raise ValueError(
            f"X has the channels {columns}, expected {wanted.tolist()} in this order, "
            "as in fit."
        )


def _checked_array(estimator: Any, X: Any, *, reset: bool, shorter: bool) -> np.ndarray:
    """Return an array or a table of series as an array."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    options: dict[str, Any] = {
        "dtype": (np.float64, np.float32),
        "ensure_2d": len(X.shape) < 3,
        "allow_nd": True,
        "ensure_all_finite": False,
    }
    if shorter:  # scikit-learn would ask for the number of columns of fit
        _check_first_columns(estimator, X)
        X = check_array(X, estimator=estimator, input_name="X", **options)
    else:
        X = validate_data(estimator, X, reset=reset, **options)
    if X.ndim > 3:
        raise ValueError(
            "X must have shape (n_samples, n_timepoints) or (n_samples, n_channels, "
            f"n_timepoints), got {X.ndim} dimensions: {X.shape}. Reshape your data."
        )
    return X


def _check_first_columns(estimator: Any, X: Any) -> None:
    """Refuse a table whose columns are not the first ones of that of `fit`."""
    wanted = getattr(estimator, "feature_names_in_", None)
    if wanted is None or not hasattr(X, "columns"):
        return
    columns = list(X.columns)
    if columns != list(wanted[: len(columns)]):
        raise ValueError(
            f"X has the columns {columns}, expected the first columns of fit in their "
            f"order: {list(wanted)}."
        )


def _checked_rows(rows: list[np.ndarray]) -> list[np.ndarray]:
    """Return the series of a list; they must have the same number of channels."""
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
    estimator: Any, panel: Panel, n_channels: int, *, longer: bool, shorter: bool
) -> None:
    """Compare series with those of `fit`."""
    wanted = n_timepoints = estimator.n_timepoints_in_
    # padding has to fit into the network as well
    if estimator.lengths_vary_ or shorter:
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
    """Refuse infinite values; the error names the position of the first."""
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
    """Refuse series and channels without observed values."""
    missing = np.isnan(with_channels(panel.values))
    for axes, what in (((1, 2), "series"), ((0, 2), "channels")):
        nothing = np.flatnonzero(missing.all(axis=axes))
        if len(nothing):
            raise ValueError(
                f"X contains NaN only in {len(nothing)} {what}, the first is number "
                f"{nothing[0]}. Expected at least one value in each; drop them first."
            )
