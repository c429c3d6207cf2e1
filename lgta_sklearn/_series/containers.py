"""Containers of sets of series: unpacking series, and packing results.

Outside the package a set of series is an array or a DataFrame with a row per series, a
list of arrays if lengths differ, or one of the panels of sktime: a list of DataFrames,
a DataFrame whose index has two levels, or one whose cells are series.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np

from lgta_sklearn._files.registry import storable
from lgta_sklearn._series.index import index_of, plain_index
from lgta_sklearn._series.panel import Panel

__all__ = ["Container", "unpack"]


@storable
@dataclass(frozen=True)
class Container:
    """The container of a set of series (kind, index, names), without the values.

    Parameters
    ----------
    kind : {"array", "table", "list", "df-list", "pd-multiindex", "nested_univ", \
"panel"}
        ``"table"`` is a DataFrame with one row per series, ``"panel"`` our own
        `Panel`; panels of sktime have the names that sktime uses.
    columns : Index or None, default=None
        Names of the columns of a DataFrame: time points of a table, else channels.
    rows : Index or sequence or None, default=None
        Row labels of a table or of nested series, names of the series of a
        ``"pd-multiindex"``.
    times : list of Index or None, default=None
        Time index of each series of a panel.
    clock : Index or None, default=None
        The longest of these indexes; a new series gets the beginning of it.
    names : list or None, default=None
        Names of the levels of the index of a ``"pd-multiindex"``.
    width : int or None, default=None
        Number of time points of an array or a table, to which series may be padded;
        None takes the length of the longest series.
    order : ndarray of int or None, default=None
        Permutation that sorts the rows of a ``"pd-multiindex"`` by series, and by time
        within a series; None if the rows are sorted already.
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
        # pickled pandas objects run code of pandas when they are loaded
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
        """Tell whether the container can hold series of different lengths.

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
        """Return the container without row labels and times, for other series.

        Returns
        -------
        Container
            Container for samples.
        """
        return replace(self, rows=None, times=None, order=None)

    def pack(self, panel: Panel, index: np.ndarray | None = None) -> Any:
        """Put series into a container of this kind.

        Parameters
        ----------
        panel : Panel
            Series.
        index : ndarray of int or None, default=None
            Source row of each series in the container: the series gets its label and
            times. None for the same rows.

        Returns
        -------
        array, DataFrame or list
            The series.
        """
        if self.kind == "panel":
            return panel
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
        """Join frames into one DataFrame, stacked or nested."""
        import pandas as pd

        # a series that occurs twice needs a new name
        same = index is None and self.rows is not None
        names = self.rows if same else range(len(frames))
        if self.kind == "pd-multiindex":
            of_levels = list(self.names or ())
            if not same and len(of_levels) > 2:  # one number replaces all but time
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


def unpack(X: Any) -> tuple[Container, list[np.ndarray] | None]:
    """Return the container of a set of series, and the series in it.

    Parameters
    ----------
    X : object
        Set of series, not checked.

    Returns
    -------
    container : Container
        ``"array"`` for an object of no other kind.
    series : list of ndarray of shape (n_timepoints,) or (n_channels, n_timepoints), \
or None
        The series, not checked; None for an array and a table, which need no unpacking.
    """
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        return _unpack_frame(X)
    if isinstance(X, list | tuple) and len(X) and hasattr(X[0], "columns"):
        for frame in X:
            _check_names(frame)
        columns = X[0].columns
        container = _panel("df-list", columns, [frame.index for frame in X])
        return container, [_values(_of_columns(frame, columns)) for frame in X]
    if _is_list_of_series(X):
        return Container("list"), [np.asarray(row) for row in X]
    shape = getattr(X, "shape", None) or (None,)
    return Container("array", width=shape[-1]), None


def _unpack_frame(X: Any) -> tuple[Container, list[np.ndarray] | None]:
    """Unpack a DataFrame: a table, or one of the panels of sktime."""
    _check_names(X)
    if X.index.nlevels > 1:
        order = _order_of(X)
        X = X if order is None else X.iloc[order]
        rows, frames = zip(*_by_series(X), strict=True)
        times = [frame.index.get_level_values(-1) for frame in frames]
        panel = _panel("pd-multiindex", X.columns, times, rows, list(X.index.names))
        return replace(panel, order=order), [_values(frame) for frame in frames]
    if X.size and hasattr(X.iloc[0, 0], "iloc"):
        times = [cell.index for cell in X.iloc[:, 0]]
        panel = _panel("nested_univ", X.columns, times, X.index)
        return panel, [_nested(row, i) for i, row in enumerate(X.to_numpy())]
    return Container("table", X.columns, X.index, width=X.shape[1]), None


def _panel(
    kind: str, columns: Any, times: list[Any], rows: Any = None, names: Any = None
) -> Container:
    for number, index in enumerate(times):
        _check_times(index, number if rows is None else rows[number])
    return Container(kind, columns, rows, times, max(times, key=len), names)


def _check_names(X: Any) -> None:
    """Refuse a DataFrame without rows, or with duplicate column names."""
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
    """Return the permutation that sorts the rows of a panel by series and time.

    Series are in the order of their first rows; None if the rows are sorted already.
    """
    series = _by_series(X).ngroup().to_numpy()
    times = X.index.get_level_values(-1)
    # ranks of the times, since times may be of any type
    place = np.empty(len(X), dtype=int)
    place[times.argsort()] = np.arange(len(X))
    order = np.lexsort([place, series])
    return None if (np.diff(order) == 1).all() else order


def _by_series(X: Any) -> Any:
    """Return the series of a DataFrame whose last index level is time, in order."""
    levels = list(range(X.index.nlevels - 1))
    return X.groupby(level=levels if len(levels) > 1 else 0, sort=False)


def _is_list_of_series(X: Any) -> bool:
    """Tell whether `X` is a list or an object array of series."""
    if not isinstance(X, list | tuple):
        is_objects = isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 1
        X = X if is_objects else []
    shapes = [np.shape(row) for row in X if hasattr(row, "shape")]
    if len(shapes) == len(X):
        return any(a != b for a, b in pairwise(shapes))
    return len({len(row) if hasattr(row, "__len__") else 0 for row in X}) > 1


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
    """Return a frame with its columns in a given order."""
    if len(frame.columns) != len(columns) or not frame.columns.isin(columns).all():
        raise ValueError(
            f"X holds series with the channels {list(columns)} and with "
            f"{list(frame.columns)}. Expected the same channels in each."
        )
    return frame[columns]


def _values(frame: Any) -> np.ndarray:
    """Return the values of a frame, (T, C), as a series; NaN for missing values."""
    plain = all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
    values: np.ndarray = (
        frame.to_numpy() if plain else frame.to_numpy(float, na_value=np.nan)
    )
    return values.T
