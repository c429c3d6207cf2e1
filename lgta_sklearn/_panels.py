"""Sets of series in the containers people keep them in, and the way there and back.

Inside the package a set of series is a `Panel`: one array, NaN where a value is missing
or a series has ended, and the length of each series. Outside it is an array or a
DataFrame with a row per series, a list of arrays where lengths differ, or one of the
panels of sktime: a list of DataFrames, a DataFrame whose index has two levels, or one
whose cells are series.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np

from lgta_sklearn._index import index_of, plain_index

__all__ = [
    "Container",
    "Panel",
    "container_of",
    "in_units",
    "pad",
    "panel_of",
    "stacked",
    "unit_of",
    "unpack",
    "unpadded",
]


@dataclass(frozen=True)
class Panel:
    """A checked set of series.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        NaN where a value is missing, and beyond the end of a series.
    lengths : ndarray of int of shape (n_samples,)
        Time points of each series.
    unit : ndarray of shape (n_channels, 1), default=1
        Powers of two in which the package counts the values of each channel, so that
        it may square what is near the ends of the range of floating-point numbers.
    """

    values: np.ndarray
    lengths: np.ndarray
    unit: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.values)

    def __getitem__(self, rows: Any) -> Self:
        """Return some of the series."""
        return replace(self, values=self.values[rows], lengths=self.lengths[rows])

    def as_channels(self) -> np.ndarray:
        """Return the series in double precision, counted in `unit`, with channels.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            A copy.
        """
        X = self.values
        # the order in memory changes the last bits of a sum
        X = (X[:, None] if X.ndim == 2 else X).astype(np.float64, order="C")
        X /= self.unit
        return X

    def with_values(self, X: np.ndarray, where: np.ndarray | bool = True) -> Self:
        """Return other series in the layout, lengths and dtype of these.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            The series, counted in `unit`; what lies beyond the end of one is not
            looked at.
        where : ndarray of bool of the shape of X, default=True
            Which values to take; the others stay as they are, to the last bit.

        Returns
        -------
        Panel
            The series.
        """
        X = np.where(self.inside()[:, None], X, np.nan)
        X = in_units(X, self.unit, self.values.dtype)
        old = self.values
        X = np.where(where, X, old[:, None] if old.ndim == 2 else old)
        return replace(self, values=X[:, 0] if old.ndim == 2 else X)

    def widened(self, n_timepoints: int) -> Self:
        """Return the series with NaN beyond their ends, to a length at least.

        Parameters
        ----------
        n_timepoints : int
            Length of the array; it is not cut where it is longer.

        Returns
        -------
        Panel
            The series.
        """
        missing = n_timepoints - self.values.shape[-1]
        if missing <= 0:
            return self
        width = [(0, 0)] * (self.values.ndim - 1) + [(0, missing)]
        return replace(self, values=np.pad(self.values, width, constant_values=np.nan))

    def gaps(self) -> np.ndarray:
        """Tell which values are missing.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_channels, n_timepoints)
            True for those; what lies beyond the end of a series is none.
        """
        X = self.values
        return np.isnan(X[:, None] if X.ndim == 2 else X) & self.inside()[:, None]

    def inside(self) -> np.ndarray:
        """Tell which time points lie before the end of a series.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_timepoints)
            True for those.
        """
        return np.arange(self.values.shape[-1]) < self.lengths[:, None]


@dataclass(frozen=True)
class Container:
    """What a set of series came in, without the values.

    Parameters
    ----------
    kind : {"array", "table", "list", "df-list", "pd-multiindex", "nested_univ"}
        ``"table"`` is a DataFrame with one row per series; the names of sktime's
        panels are sktime's.
    columns : Index or None, default=None
        Names of the columns of a DataFrame: time points of a table, else channels.
    rows : Index or sequence or None, default=None
        Row labels of a table or of nested series, names of the series of a
        ``"pd-multiindex"``.
    times : list of Index or None, default=None
        Time index of each series of a panel.
    clock : Index or None, default=None
        The longest of them, of which a new series gets the beginning.
    names : list or None, default=None
        Names of the levels of the index of a ``"pd-multiindex"``.
    width : int or None, default=None
        Time points of an array or a table, which its series may be padded to; None
        takes the longest series.
    order : ndarray of int or None, default=None
        Which rows of a ``"pd-multiindex"`` come one after another if series stand
        below each other, each in the order of time; None if they do so anyway.
    """

    kind: str
    columns: Any = None
    rows: Any = None
    times: Sequence[Any] | None = None
    clock: Any = None
    names: Sequence[Any] | None = None
    width: int | None = None
    order: np.ndarray | None = None

    def __getstate__(self) -> dict[str, Any]:
        # what pandas pickles runs code of its own when it is loaded
        state = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: plain_index(value) if hasattr(value, "identical") else value
            for name, value in state.items()
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            plain = isinstance(value, dict)
            object.__setattr__(self, name, index_of(value) if plain else value)

    @property
    def is_ragged(self) -> bool:
        """Tell whether series of different lengths fit in.

        Returns
        -------
        bool
            False for an array and a table.
        """
        return self.kind not in ("array", "table")

    def plain(self) -> Self:
        """Return the container of NumPy for the same series.

        Returns
        -------
        Container
            Of kind ``"array"`` or ``"list"``.
        """
        return type(self)("list" if self.is_ragged else "array", width=self.width)

    def empty(self) -> Self:
        """Return the container for other series: without rows and times.

        Returns
        -------
        Container
            To be filled with samples.
        """
        return replace(self, rows=None, times=None, order=None)

    def pack(self, panel: Panel, index: np.ndarray | None = None) -> Any:
        """Put series into such a container.

        Parameters
        ----------
        panel : Panel
            Series.
        index : ndarray of int or None, default=None
            Row of the container that each series comes from, whose labels and times it
            gets; None for the same rows.

        Returns
        -------
        array, DataFrame or list
            The series.
        """
        if not self.is_ragged:
            width = self.width or panel.lengths.max(initial=0) or None
            values = panel.values[..., :width]
            if self.kind == "array" or values.ndim > 2:
                return values
            return _table(values, self.columns, self.rows, index)
        rows = [
            row[..., :length].copy()
            for row, length in zip(panel.values, panel.lengths, strict=True)
        ]
        if self.kind == "list":
            return rows
        frames = [self._frame(row, i, index) for i, row in enumerate(rows)]
        if self.kind == "df-list":
            return frames
        return self._joined(frames, index)

    def _frame(self, row: np.ndarray, i: int, index: np.ndarray | None) -> Any:
        """Return one series, (C, T), as a DataFrame of (T, C)."""
        import pandas as pd

        times = self.clock[: row.shape[1]]
        if self.times is not None:
            own = self.times[i if index is None else index[i]]
            times = own if len(own) == row.shape[1] else times
        return pd.DataFrame(row.T, columns=self.columns, index=times)

    def _joined(self, frames: list[Any], index: np.ndarray | None) -> Any:
        """Return frames as one, below each other or nested."""
        import pandas as pd

        # a series that is taken twice needs a name of its own
        same = index is None and self.rows is not None
        names = self.rows if same else range(len(frames))
        if self.kind == "pd-multiindex":
            of_levels = list(self.names or ())
            if not same and len(of_levels) > 2:  # one number for all but time
                of_levels = [None, of_levels[-1]]
            joined = pd.concat(frames, keys=names, names=of_levels)
            if not same or self.order is None or len(joined) != len(self.order):
                return joined
            return joined.iloc[np.argsort(self.order)]
        cells = {c: [frame[c] for frame in frames] for c in self.columns}
        return pd.DataFrame(cells, index=names)


def _table(
    values: np.ndarray, columns: Any, rows: Any, index: np.ndarray | None
) -> Any:
    import pandas as pd

    labels = rows if index is None or rows is None else rows[index]
    return pd.DataFrame(values, columns=columns, index=labels)


def container_of(X: Any) -> Container:
    """Tell what a set of series is kept in.

    Parameters
    ----------
    X : object
        Set of series, not checked.

    Returns
    -------
    Container
        ``"array"`` for whatever is none of the others.
    """
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        _check_names(X)
        if X.index.nlevels > 1:
            order = _order_of(X)
            ordered = X if order is None else X.iloc[order]
            rows, frames = zip(*_by_series(ordered), strict=True)
            times = [frame.index.get_level_values(-1) for frame in frames]
            names = list(X.index.names)
            panel = _panel("pd-multiindex", X.columns, times, rows, names)
            return replace(panel, order=order)
        if X.size and hasattr(X.iloc[0, 0], "iloc"):
            times = [cell.index for cell in X.iloc[:, 0]]
            return _panel("nested_univ", X.columns, times, X.index)
        return Container("table", X.columns, X.index, width=X.shape[1])
    if isinstance(X, list | tuple) and len(X) and hasattr(X[0], "columns"):
        for frame in X:
            _check_names(frame)
        return _panel("df-list", X[0].columns, [frame.index for frame in X])
    if _is_list_of_series(X):
        return Container("list")
    shape = getattr(X, "shape", None) or (None,)
    return Container("array", width=shape[-1])


def unit_of(values: np.ndarray) -> np.ndarray:
    """Return the powers of two in which to count the values of each channel.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series.

    Returns
    -------
    ndarray of shape (n_channels, 1)
        Counted in them the largest value lies between 1 and 2; 1 for zeros.
    """
    X = values[:, None] if values.ndim == 2 else values
    largest = np.fmax.reduce(X, axis=(0, 2)), -np.fmin.reduce(X, axis=(0, 2))
    exponent = np.frexp(np.maximum(*largest).astype(float))[1]
    # not below the smallest normal number: its inverse is a number too
    unit = np.ldexp(1.0, np.maximum(exponent - 1, -1022))
    return np.where(np.maximum(*largest) > 0, unit, 1.0)[:, None]


def in_units(X: np.ndarray, unit: np.ndarray, dtype: Any) -> np.ndarray:
    """Return what was counted in units as plain values, cut to what the dtype holds.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series, counted in units.
    unit : ndarray of shape (n_channels, 1)
        Powers of two.
    dtype : dtype
        Of floating-point numbers.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Series.
    """
    most = np.finfo(dtype).max
    if unit.max(initial=1.0) < most / 2.0**64:  # nothing comes near the end
        return (X * unit).astype(dtype, copy=False)
    with np.errstate(over="ignore"):
        return np.clip(X * unit, -most, most).astype(dtype)


def _panel(
    kind: str, columns: Any, times: list[Any], rows: Any = None, names: Any = None
) -> Container:
    for number, index in enumerate(times):
        _check_times(index, number if rows is None else rows[number])
    return Container(kind, columns, rows, times, max(times, key=len), names)


def _check_names(X: Any) -> None:
    """Refuse a DataFrame of no rows, or with columns that share a name."""
    if not len(X) or not X.shape[1]:
        raise ValueError(
            f"Found a DataFrame with {len(X)} row(s) and {X.shape[1]} column(s), "
            f"{len(X)} sample(s), while a minimum of 1 of each is required."
        )
    twice = X.columns[X.columns.duplicated()]
    if len(twice):
        raise ValueError(
            f"X has several columns named {twice[0]!r}. Expected one column for each "
            "name; rename them."
        )


def _check_times(index: Any, name: Any) -> None:
    """Refuse times that are missing, occur twice, or do not ascend."""
    if index.is_monotonic_increasing and index.is_unique and not index.hasnans:
        return
    if index.hasnans:
        what, cure = "times that are missing", "Drop or date these rows."
    elif not index.is_unique:
        time = index[index.duplicated()][0]
        what, cure = f"several rows at {time}", "Drop or average them."
    else:
        what, cure = "times that do not ascend", "Call sort_index() on it."
    raise ValueError(
        f"Series {name!r} has {what}; expected one row for each time, the earliest "
        f"first. {cure}"
    )


def _order_of(X: Any) -> np.ndarray | None:
    """Return in which order the rows of a panel are those of series after series.

    Series come in the order of their first rows; None if all rows do already.
    """
    series = _by_series(X).ngroup().to_numpy()
    times = X.index.get_level_values(-1)
    # the places of sorted times: times may be of any kind
    place = np.empty(len(X), dtype=int)
    place[times.argsort()] = np.arange(len(X))
    order = np.lexsort([place, series])
    return None if (np.diff(order) == 1).all() else order


def _by_series(X: Any) -> Any:
    """Return the series of a DataFrame whose last index level is time, in order."""
    levels = list(range(X.index.nlevels - 1))
    return X.groupby(level=levels if len(levels) > 1 else 0, sort=False)


def _is_list_of_series(X: Any) -> bool:
    """Tell whether series stand in a list, or an array of objects, as they differ."""
    if not isinstance(X, list | tuple):
        is_objects = isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 1
        X = X if is_objects else []
    shapes = [np.shape(row) for row in X if hasattr(row, "shape")]
    if len(shapes) == len(X):
        return any(a != b for a, b in pairwise(shapes))
    return len({len(row) if hasattr(row, "__len__") else 0 for row in X}) > 1


def unpack(X: Any, container: Container) -> list[np.ndarray]:
    """Return the series of a container for series of different lengths.

    Parameters
    ----------
    X : list or DataFrame
        Set of series.
    container : Container
        What `container_of` told of it.

    Returns
    -------
    list of ndarray of shape (n_timepoints,) or (n_channels, n_timepoints)
        The series, not checked.
    """
    if container.kind == "list":
        return [np.asarray(row) for row in X]
    if container.kind == "nested_univ":
        return [_nested(row, i) for i, row in enumerate(X.to_numpy())]
    if container.kind == "df-list":
        return [_values(_of_columns(frame, container.columns)) for frame in X]
    X = X if container.order is None else X.iloc[container.order]
    return [_values(frame) for _, frame in _by_series(X)]


def _nested(row: np.ndarray, number: int) -> np.ndarray:
    """Return the cells of a row, each a series of one channel, as one series."""
    lengths = {len(cell) for cell in row}
    if len(lengths) > 1:
        raise ValueError(
            f"the channels of series {number} have {sorted(lengths)} time points. "
            "Expected one number for all channels of a series; fill the shorter with "
            "NaN."
        )
    return np.stack([np.asarray(cell) for cell in row])


def _of_columns(frame: Any, columns: Any) -> Any:
    """Return a frame with its columns in an order."""
    if len(frame.columns) != len(columns) or not frame.columns.isin(columns).all():
        raise ValueError(
            f"X holds series with the channels {list(columns)} and with "
            f"{list(frame.columns)}. Expected the same channels in each."
        )
    return frame[columns]


def _values(frame: Any) -> np.ndarray:
    """Return the values of a frame, (T, C), as a series; NaN where one is missing."""
    plain = all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
    values: np.ndarray = (
        frame.to_numpy() if plain else frame.to_numpy(float, na_value=np.nan)
    )
    return values.T


def pad(rows: Sequence[np.ndarray]) -> Panel:
    """Return series as one array, NaN beyond their ends.

    Parameters
    ----------
    rows : sequence of ndarray of shape (..., n_timepoints)
        Series that differ in length only, of a dtype with NaN.

    Returns
    -------
    Panel
        The series.
    """
    lengths = np.array([row.shape[-1] for row in rows])
    shape = (len(rows), *rows[0].shape[:-1], lengths.max())
    values = np.full(shape, np.nan, dtype=np.result_type(*rows))
    for row, padded in zip(rows, values, strict=True):
        padded[..., : row.shape[-1]] = row
    return Panel(values, lengths)


def panel_of(X: Any, n_timepoints: int) -> Panel:
    """Return series of ours, an array or a list of arrays, as a panel.

    Parameters
    ----------
    X : ndarray or list of ndarray
        Series that need no check.
    n_timepoints : int
        Length to pad to, at least.

    Returns
    -------
    Panel
        The series.
    """
    if isinstance(X, list):
        return pad(X).widened(n_timepoints)
    return Panel(X, np.full(len(X), X.shape[-1]))


def stacked(panels: Sequence[Panel]) -> Panel:
    """Return the series of several panels of one layout as one.

    Parameters
    ----------
    panels : sequence of Panel
        Panels, padded to one length.

    Returns
    -------
    Panel
        All series.
    """
    return Panel(
        np.concatenate([panel.values for panel in panels]),
        np.concatenate([panel.lengths for panel in panels]),
    )


def unpadded(values: np.ndarray) -> Panel:
    """Return the series of an array, each as long as to its last known value.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        NaN beyond the end of a series.

    Returns
    -------
    Panel
        The series; one without a value is as long as the array.
    """
    known = ~np.isnan(values)
    known = known if known.ndim == 2 else known.any(axis=1)
    return Panel(values, known.shape[1] - known[:, ::-1].argmax(axis=1))
