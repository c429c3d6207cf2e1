"""Axes, colours and arrays of series for the pictures."""

from typing import Any

import numpy as np

from lgta_sklearn._series.containers import unpack
from lgta_sklearn._series.panel import pad, with_channels

__all__ = [
    "CLASSES",
    "MARKERS",
    "NAMES",
    "REAL",
    "SYNTHETIC",
    "UNSEEN",
    "bridged",
    "colours_of",
    "one_channel",
    "one_panel",
    "panels",
    "pyplot",
    "series_of",
    "tidy",
]

REAL, SYNTHETIC, UNSEEN = "#333333", "#D55E00", "#0072B2"
NAMES = ("real", "synthetic")  # of two sets that are compared
MARKERS = "o^sDvP*"
# Okabe and Ito (2008), the darker ones first
CLASSES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]


def panels(
    ax: Any, n_rows: int, n_columns: int, size: tuple[float, float], **shared: Any
) -> np.ndarray:
    """Return axes for a picture of several panels.

    Parameters
    ----------
    ax : None, Axes or array of Axes
        None makes a new figure; one axes is split; several are used as they are.
    n_rows, n_columns : int
        Numbers of rows and columns of panels.
    size : tuple of float
        Width and height of a panel in inches.
    **shared : bool
        Whether panels of a new figure share their axes, as in ``pyplot.subplots``.

    Returns
    -------
    ndarray of Axes of shape (n_rows, n_columns)
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are more or fewer axes than panels.
    """
    if ax is None:
        plt, (width, height) = pyplot(), size
        _, axes = plt.subplots(
            n_rows,
            n_columns,
            figsize=(width * n_columns, height * n_rows),
            squeeze=False,
            layout="constrained",
            **shared,
        )
        return axes
    if isinstance(ax, np.ndarray | list | tuple):
        given = np.array(ax, dtype=object).reshape(-1)
        if len(given) != n_rows * n_columns:
            raise ValueError(
                f"ax must be one axes or {n_rows * n_columns} of them, got "
                f"{len(given)}."
            )
        return given.reshape(n_rows, n_columns)
    if n_rows * n_columns == 1:
        return np.array([[ax]], dtype=object)
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(n_rows, n_columns)
    return grid.subplots(squeeze=False, **shared)


def one_panel(ax: Any) -> Any:
    """Return the axes of a picture of one panel.

    Parameters
    ----------
    ax : None or Axes
        None makes a new figure.

    Returns
    -------
    Axes
        The axes.
    """
    return panels(ax, 1, 1, (5.2, 3.6))[0, 0]


def pyplot() -> Any:
    """Return pyplot, or explain how to install matplotlib.

    Returns
    -------
    module
        ``matplotlib.pyplot``.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "pictures need matplotlib: pip install 'lgta-sklearn[plot]'"
        ) from error
    return plt


def tidy(ax: Any, **labels: Any) -> Any:
    """Label axes, hide their upper and right edge, and return them.

    Parameters
    ----------
    ax : Axes
        The axes.
    **labels : object
        Keyword arguments of ``Axes.set``.

    Returns
    -------
    Axes
        The same axes.
    """
    ax.set(**labels)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def colours_of(classes: np.ndarray) -> dict[Any, Any]:
    """Return a colour for each class.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Labels.

    Returns
    -------
    dict
        Seven colours that are distinct with any colour vision; for more classes, steps
        of one scale.
    """
    if len(classes) <= len(CLASSES):
        return dict(zip(classes, CLASSES, strict=False))
    from matplotlib import colormaps

    scale = colormaps["viridis"](np.linspace(0, 0.95, len(classes)))
    return dict(zip(classes, scale, strict=True))


def series_of(X: Any, name: str = "X") -> np.ndarray:
    """Return series of any container as one array.

    Parameters
    ----------
    X : array-like, DataFrame or list
        Series in any container that the augmenters take.
    name : str, default="X"
        Name for the error message.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Values in double precision, NaN for missing values and beyond the end.

    Raises
    ------
    ValueError
        If `X` has another shape or no values.
    """
    _, rows = unpack(X)
    if rows is not None:
        values = pad([np.asarray(row, dtype=float) for row in rows]).values
    else:
        values = np.asarray(X, dtype=float)
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise ValueError(
            f"{name} must have shape (n_samples, n_timepoints) or (n_samples, "
            f"n_channels, n_timepoints) and at least one value, got {values.shape}."
        )
    return with_channels(values)


def one_channel(X: Any, channel: int, name: str = "X") -> np.ndarray:
    """Return one channel of series of any container.

    Parameters
    ----------
    X : array-like, DataFrame or list
        Series.
    channel : int
        Number of the channel.
    name : str, default="X"
        Name for the error message.

    Returns
    -------
    ndarray of shape (n_samples, n_timepoints)
        Values of the channel.

    Raises
    ------
    ValueError
        If there is no such channel.
    """
    values = series_of(X, name)
    n_channels = values.shape[1]
    if not -n_channels <= channel < n_channels:
        raise ValueError(
            f"channel must lie between 0 and {n_channels - 1}, the last of {name}; "
            f"got {channel}."
        )
    return values[:, channel]


def bridged(X: np.ndarray, n_timepoints: int | None = None) -> np.ndarray:
    """Return series with gaps filled by straight lines, stretched to one length.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series, NaN for missing values and beyond the end.
    n_timepoints : int or None, default=None
        Length of the result. None keeps the length of each series, subtracts its mean
        and puts zeros beyond its end.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Series without NaN; zeros for a channel without values.
    """
    known = ~np.isnan(X)
    lengths = X.shape[2] - known.any(axis=1)[:, ::-1].argmax(axis=1)
    closed = np.zeros((*X.shape[:2], n_timepoints or X.shape[2]))
    for row, values, seen, length in zip(closed, X, known, lengths, strict=True):
        times = np.linspace(0, length - 1, n_timepoints or length)
        for out, value, there in zip(row, values, seen, strict=True):
            if there.any():
                line = np.interp(times, np.flatnonzero(there), value[there])
                out[: len(line)] = line if n_timepoints else line - line.mean()
    return closed
