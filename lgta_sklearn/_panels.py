"""Sets of series in the containers people keep them in, and the way there and back.

Inside the package a set of series is a `Panel`: one array, NaN where a value is missing
or a series has ended, and the length of each series. Outside it is an array or a
DataFrame with a row per series, a list of arrays where lengths differ, or one of the
panels of sktime: a list of DataFrames, a DataFrame whose index has two levels, or one
whose cells are series.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np

from lgta_sklearn._index import index_of, plain_index

__all__ = ["Container", "Panel", "container_of", "pad", "panel_of", "stacked", "unpack"]


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
    """

    values: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.values)

    def __getitem__(self, rows: Any) -> Self:
        """Return some of the series."""
        return type(self)(self.values[rows], self.lengths[rows])

    def as_channels(self) -> np.ndarray:
        """Return the series in double precision, with an axis of channels.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            A copy.
        """
        X = self.values
        # the order in memory changes the last bits of a sum
        return (X[:, None] if X.ndim == 2 else X).astype(np.float64, order="C")

    def with_values(self, X: np.ndarray) -> Self:
        """Return other series in the layout, lengths and dtype of these.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            The series; what lies beyond the end of one is not looked at.

        Returns
        -------
        Panel
            The series.
        """
        X = np.where(self.inside()[:, None], X, np.nan)
        values = (X[:, 0] if self.values.ndim == 2 else X).astype(self.values.dtype)
        return replace(self, values=values)

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
        return np.isnan(self.as_channels()) & self.inside()[:, None]

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
    """

    kind: str
    columns: Any = None
    rows: Any = None
    times: Sequence[Any] | None = None
    clock: Any = None
    names: Sequence[Any] | None = None
    width: int | None = None

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
        return replace(self, rows=None, times=None)

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
            return pd.concat(frames, keys=names, names=of_levels)
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
        if X.index.nlevels > 1:
            rows, frames = zip(*_by_series(X), strict=True)
            times = [frame.index.get_level_values(-1) for frame in frames]
            names = list(X.index.names)
            return _panel("pd-multiindex", X.columns, times, rows, names)
        if X.size and hasattr(X.iloc[0, 0], "iloc"):
            times = [cell.index for cell in X.iloc[:, 0]]
            return _panel("nested_univ", X.columns, times, X.index)
        return Container("table", X.columns, X.index, width=X.shape[1])
    if isinstance(X, list | tuple) and len(X) and hasattr(X[0], "columns"):
        return _panel("df-list", X[0].columns, [frame.index for frame in X])
    if _is_list_of_series(X):
        return Container("list")
    shape = getattr(X, "shape", None) or (None,)
    return Container("array", width=shape[-1])


def _panel(
    kind: str, columns: Any, times: list[Any], rows: Any = None, names: Any = None
) -> Container:
    return Container(kind, columns, rows, times, max(times, key=len), names)


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
        return [np.stack([np.asarray(cell) for cell in row]) for row in X.to_numpy()]
    frames = X if container.kind == "df-list" else [f for _, f in _by_series(X)]
    return [frame.to_numpy().T for frame in frames]


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
