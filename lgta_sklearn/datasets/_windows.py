"""Windows of one or several long series, and the way back.

Series come as arrays, lists or frames:

    ndarray     (n_timepoints,), (n_series, n_timepoints) or (n_series, n_channels,
                n_timepoints)
    list        of arrays (n_timepoints,) or (n_channels, n_timepoints), or of frames
    Series, DataFrame with one index level
                one series, time down the rows, a column per channel
    DataFrame with several index levels
                several, the last level is time: a long frame of a panel or a hierarchy
"""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np

from lgta_sklearn._parameters import AT_LEAST_ONE, Bounds
from lgta_sklearn._series.containers import unpack
from lgta_sklearn._series.panel import pad

__all__ = ["time_split", "unwindow", "windows"]


def windows(X: Any, length: int, *, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Cut series into windows of one length.

    Overlapping windows leak from one part of a random split to the other. Split the
    series in time first, with `time_split`.

    Parameters
    ----------
    X : array, list, Series or DataFrame
        One series or several, of any lengths. An array of two dimensions is
        (n_series, n_timepoints); a DataFrame with one index level is one series, time
        down the rows.
    length : int
        Time points of a window. Shorter series have no windows.
    step : int, default=1
        Time points from the start of one window to that of the next.

    Returns
    -------
    W : ndarray of shape (n_windows, n_channels, length)
        Windows, those of a series in the order of time. A copy.
    places : ndarray of int of shape (n_windows, 2)
        For each window, the number of its series and its first time point.

    Raises
    ------
    ValueError
        If all series are shorter than a window.

    See Also
    --------
    unwindow : The way back.
    time_split : Split series in time.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.datasets import windows
    >>> W, places = windows(np.arange(6.0), 4)
    >>> W[:, 0]
    array([[0., 1., 2., 3.],
           [1., 2., 3., 4.],
           [2., 3., 4., 5.]])
    """
    for name, value in (("length", length), ("step", step)):
        if value not in AT_LEAST_ONE:
            raise ValueError(f"{name} must be an int >= 1, got {value!r}.")
    series, _ = _unpacked(X)
    longest = max((row.shape[1] for row in series), default=0)
    if longest < length:
        raise ValueError(
            f"length={length} is more than the {longest} time points of the longest "
            f"of {len(series)} series. An array of two dimensions is (n_series, "
            "n_timepoints); one long series of several channels is X.T[None], or a "
            "DataFrame."
        )
    parts, places = [], []
    for number, row in enumerate(series):
        starts = np.arange(0, row.shape[1] - length + 1, step)
        if len(starts):
            views = np.lib.stride_tricks.sliding_window_view(row, length, axis=1)
            parts.append(views[:, starts].transpose(1, 0, 2))
            places.append(np.stack([np.full_like(starts, number), starts], axis=1))
    return np.concatenate(parts), np.concatenate(places)


def unwindow(W: Any, places: Any, like: Any) -> Any:
    """Put windows back into the series they were cut from.

    Overlapping windows are averaged. The weight of a window is largest in its middle
    and smallest at its ends, so that no seam is visible. Time points without a window
    keep their values. Unchanged windows give back the series bit for bit.

    Parameters
    ----------
    W : array-like of shape (n_windows, length) or (n_windows, n_channels, length)
        Windows.
    places : array-like of int of shape (n_windows, 2)
        For each window, the number of its series and its first time point, as returned
        by `windows`.
    like : array, list, Series or DataFrame
        The series that they were cut from.

    Returns
    -------
    array, list, Series or DataFrame
        Series with the layout, index and dtype of `like`, which is not changed.

    Raises
    ------
    ValueError
        If the shapes of windows, places and series do not match.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.datasets import unwindow, windows
    >>> x = np.arange(6.0)
    >>> W, places = windows(x, 4, step=2)
    >>> unwindow(W + 10, places, x)
    array([10., 11., 12., 13., 14., 15.])
    """
    W, places = np.asarray(W, dtype=float), np.asarray(places)
    W = W[:, None] if W.ndim == 2 else W
    series, packed = _unpacked(like)
    n_channels = series[0].shape[0]
    if W.ndim != 3 or places.shape != (len(W), 2) or W.shape[1] != n_channels:
        raise ValueError(
            f"W must have shape (n_windows, {n_channels}, length) and places "
            f"(n_windows, 2), got {W.shape} and {places.shape}."
        )
    length = W.shape[2]
    weight = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1)).astype(
        float
    )
    changes = [np.zeros(row.shape) for row in series]
    weights = [np.zeros(row.shape[1]) for row in series]
    for window, (number, start) in zip(W, places.tolist(), strict=True):
        where = slice(start, start + length)
        changes[number][:, where] += weight * (window - series[number][:, where])
        weights[number][where] += weight
    rows = zip(series, changes, weights, strict=True)
    return packed([row + change / np.fmax(w, 1.0) for row, change, w in rows])


def time_split(X: Any, test_size: float = 0.2, *, gap: int = 0) -> tuple[Any, Any]:
    """Split each series in time, into a beginning for training and an end for testing.

    Parameters
    ----------
    X : array, list, Series or DataFrame
        One series or several, as in `windows`.
    test_size : float in (0, 1) or int, default=0.2
        Share, or number, of the time points at the end of each series.
    gap : int, default=0
        Time points between the two parts that belong to neither. A gap of the length of
        a window keeps training and test windows apart.

    Returns
    -------
    train, test : array, list, Series or DataFrame
        Both parts, in the container of `X`. Parts of arrays are views.

    Raises
    ------
    ValueError
        If one of the parts of a series would be empty.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : Several such splits, of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.datasets import time_split
    >>> time_split(np.arange(10.0), test_size=3, gap=2)
    (array([0., 1., 2., 3., 4.]), array([7., 8., 9.]))
    """
    share = Bounds(Real, 0, 1, open_low=True)
    if test_size not in (AT_LEAST_ONE if isinstance(test_size, Integral) else share):
        raise ValueError(
            f"test_size must be a share in (0, 1) or an int >= 1, got {test_size!r}."
        )
    if gap not in Bounds(Integral, 0):
        raise ValueError(f"gap must be an int >= 0, got {gap!r}.")

    def _ends(n_timepoints: int) -> tuple[int, int]:
        """Return the end of the first part and the start of the second."""
        whole = isinstance(test_size, Integral)
        n_test = int(test_size if whole else round(test_size * n_timepoints))
        end = n_timepoints - n_test - gap
        if end < 1 or n_test < 1:
            raise ValueError(
                f"test_size={test_size} and gap={gap} leave {max(end, 0)} of "
                f"{n_timepoints} time points to train on and {n_test} to test on."
            )
        return end, n_timepoints - n_test

    if hasattr(X, "iloc"):
        return _split_frame(X, _ends)
    if isinstance(X, list | tuple):
        parts = [time_split(row, test_size, gap=gap) for row in X]
        return [train for train, _ in parts], [test for _, test in parts]
    X = np.asarray(X)
    end, start = _ends(X.shape[-1])
    return X[..., :end], X[..., start:]


def _split_frame(X: Any, ends: Callable[[int], tuple[int, int]]) -> tuple[Any, Any]:
    """Return the parts of a Series or a DataFrame, split in time."""
    if X.index.nlevels == 1:
        end, start = ends(len(X))
        return X.iloc[:end], X.iloc[start:]
    groups = X.groupby(level=list(range(X.index.nlevels - 1)), sort=False)
    position = groups.cumcount().to_numpy()
    size = groups[X.columns[0]].transform("size").to_numpy()
    of_size = {n: ends(n) for n in np.unique(size).tolist()}
    end, start = np.array([of_size[n] for n in size.tolist()]).T
    return X[position < end], X[position >= start]


def _unpacked(X: Any) -> tuple[list[np.ndarray], Callable[[list[np.ndarray]], Any]]:
    """Return series, (C, T) each, and a function that packs series like `X`."""
    if hasattr(X, "iloc") and X.index.nlevels == 1 and not _is_nested(X):
        values = _floats(X)

        def like_frame(rows: list[np.ndarray]) -> Any:
            new = X.astype(values.dtype).copy()
            new.iloc[:] = rows[0].T.reshape(values.shape)
            return new

        return [np.atleast_2d(values.T)], like_frame
    container, series = unpack(X)
    if series is not None:
        rows = [_floats(row) for row in series]
        return [np.atleast_2d(row) for row in rows], lambda new: container.pack(
            pad([a.reshape(b.shape) for a, b in zip(new, rows, strict=True)])
        )
    X = _floats(X)
    if X.ndim not in (1, 2, 3):
        raise ValueError(
            "X must have shape (n_timepoints,), (n_series, n_timepoints) or (n_series, "
            f"n_channels, n_timepoints), got {X.shape}."
        )
    as_rows = X if X.ndim == 3 else np.atleast_2d(X)[:, None]
    return list(as_rows), lambda new: np.stack(new).reshape(X.shape)


def _is_nested(X: Any) -> bool:
    return X.ndim == 2 and bool(X.size) and hasattr(X.iloc[0, 0], "iloc")


def _floats(X: Any) -> np.ndarray:
    """Return an array of floats: float32 if it was."""
    X = np.asarray(X)
    return X if X.dtype == np.float32 else X.astype(np.float64)
