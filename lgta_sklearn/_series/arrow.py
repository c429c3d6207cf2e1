"""Series in Arrow: a record batch has a row for each series, a list per channel."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lgta_sklearn._series.panel import Panel, pad, with_channels

__all__ = [
    "arrow_batch",
    "channel_names",
    "check_out",
    "import_arrow",
    "series_of_batch",
]

OTHERS = "id", "y"  # columns that are no channels


def import_arrow() -> Any:
    """Return pyarrow.

    Returns
    -------
    module
        ``pyarrow``.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            "Arrow and Parquet need pyarrow: python -m pip install pyarrow."
        ) from error
    return pyarrow


def check_out(out: Any) -> None:
    """Check what a function of blocks shall return.

    Parameters
    ----------
    out : object
        ``"numpy"`` or ``"arrow"``.

    Raises
    ------
    ValueError
        If it is neither.
    ImportError
        If Arrow is wanted and not installed.
    """
    if out not in ("numpy", "arrow"):
        raise ValueError(f"out must be 'numpy' or 'arrow', got {out!r}.")
    if out == "arrow":
        import_arrow()


def channel_names(columns: Sequence[Any] | None, n_channels: int) -> list[str]:
    """Return the names of the columns of channels.

    Parameters
    ----------
    columns : sequence or None
        Names of the channels, if they have some.
    n_channels : int
        Number of channels.

    Returns
    -------
    list of str
        The names; ``"x"``, or ``"x0"``, ``"x1"``, ..., if there are none, or if one is
        the name of another column.
    """
    names = [] if columns is None else [str(name) for name in columns]
    if len(set(names)) == n_channels and not set(names) & set(OTHERS):
        return names
    return ["x"] if n_channels == 1 else [f"x{c}" for c in range(n_channels)]


def arrow_batch(
    ids: np.ndarray, panel: Panel, labels: np.ndarray | None, names: Sequence[str]
) -> Any:
    """Return series as a record batch.

    Parameters
    ----------
    ids : ndarray of int of shape (n_samples,)
        Numbers of the rows.
    panel : Panel
        Series.
    labels : ndarray of shape (n_samples,) or None
        Their labels.
    names : sequence of str
        Names of the channels.

    Returns
    -------
    pyarrow.RecordBatch
        Columns ``"id"``, the channels (lists of numbers, null where a value is missing)
        and, if there are labels, ``"y"``.
    """
    arrow = import_arrow()
    columns = {"id": arrow.array(ids, arrow.int64())}
    X, inside = with_channels(panel.values), panel.inside()
    ends = np.concatenate([[0], np.cumsum(panel.lengths)]).astype(np.int32)
    for c, name in enumerate(names):
        flat = X[:, c][inside]
        values = arrow.array(flat, mask=np.isnan(flat))
        columns[name] = arrow.ListArray.from_arrays(ends, values)
    if labels is not None:
        columns["y"] = arrow.array(labels)
    return arrow.RecordBatch.from_pydict(columns)


def series_of_batch(batch: Any, names: Sequence[str] | None = None) -> Panel:
    """Return the series of a record batch or a table.

    Parameters
    ----------
    batch : pyarrow.RecordBatch or pyarrow.Table
        Columns that hold lists of numbers.
    names : sequence of str or None, default=None
        Names of the channels; None takes all columns that hold lists.

    Returns
    -------
    Panel
        The series, of shape (n_samples, n_channels, n_timepoints).

    Raises
    ------
    ValueError
        If a column is missing or holds no lists, or the channels of a series differ in
        length.
    """
    arrow = import_arrow()
    is_list = [_holds_lists(arrow, field.type) for field in batch.schema]
    found = [name for name, so in zip(batch.schema.names, is_list, strict=True) if so]
    names = found if names is None else names
    if not names or set(names) - set(found):
        raise ValueError(
            f"Expected columns that hold lists of numbers{_named(names)}, one for each "
            f"channel; those that do are {found} of {batch.schema.names}."
        )
    channels = [_lists(batch.column(name)) for name in names]
    for channel in channels[1:]:
        if any(len(a) != len(b) for a, b in zip(channel, channels[0], strict=True)):
            raise ValueError("The channels of a series must have one length.")
    if not len(channels[0]):
        return Panel.full(np.empty((0, len(names), 1)))
    return pad([np.stack(rows) for rows in zip(*channels, strict=True)])


def _named(names: Sequence[str]) -> str:
    return f" with the names {list(names)}" if names else ""


def _holds_lists(arrow: Any, kind: Any) -> bool:
    """Tell whether the type of a column is a list of numbers."""
    types = arrow.types
    is_list = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_one(kind) for is_one in is_list) and (
        types.is_floating(kind.value_type) or types.is_integer(kind.value_type)
    )


def _lists(column: Any) -> list[np.ndarray]:
    """Return the lists of a column; null is NaN."""
    arrow = import_arrow()
    column = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    if column.null_count:
        raise ValueError("A channel of some series is null: expected a list for each.")
    kind = column.type.value_type
    values = column.flatten()
    if not arrow.types.is_floating(kind):
        values = values.cast(arrow.float64())
    flat = values.to_numpy(zero_copy_only=False)
    ends = np.cumsum(column.value_lengths().to_numpy())
    return np.split(flat, ends[:-1]) if len(ends) else []
