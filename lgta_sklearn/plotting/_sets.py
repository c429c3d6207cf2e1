"""Pictures of whole sets: class balance, and distances to the training set."""

from collections import Counter
from typing import Any

import numpy as np

from lgta_sklearn._curves import flat
from lgta_sklearn.plotting._canvas import (
    REAL,
    SYNTHETIC,
    UNSEEN,
    bridged,
    one_channel,
    one_panel,
    panels,
    series_of,
    tidy,
)

__all__ = ["plot_class_balance", "plot_nearest_distances", "plot_nearest_pairs"]


def plot_class_balance(
    y_before: Any,
    y_after: Any,
    *,
    names: tuple[str, str] = ("before", "after"),
    ax: Any = None,
) -> Any:
    """Plot the number of series of each class, before and after.

    Parameters
    ----------
    y_before, y_after : array-like of shape (n_samples,)
        Labels.
    names : tuple of str, default=("before", "after")
        Names of the two sets.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with the numbers on the bars.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from lgta_sklearn.plotting import plot_class_balance
    >>> ax = plot_class_balance(["a"] * 9 + ["b"], ["a"] * 9 + ["b"] * 9)
    >>> [int(bar.get_height()) for bar in ax.patches]
    [9, 1, 9, 9]
    """
    counts = [Counter(np.asarray(y).tolist()) for y in (y_before, y_after)]
    classes = sorted({*counts[0], *counts[1]})
    ax = one_panel(ax)
    places = np.arange(len(classes))
    looks: Any = ({"color": REAL, "alpha": 0.35}, {"color": SYNTHETIC, "hatch": "//"})
    for shift, count, name, look in zip((-0.2, 0.2), counts, names, looks, strict=True):
        heights = [count[label] for label in classes]
        bars = ax.bar(
            places + shift, heights, 0.4, label=name, edgecolor="white", **look
        )
        if len(classes) <= 12:
            ax.bar_label(bars, fontsize="small", padding=1)
    ax.set_xticks(places, [str(label) for label in classes])
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 2}
    ax.legend(frameon=False, fontsize="small", **above)
    return tidy(ax, xlabel="class", ylabel="series")


def plot_nearest_distances(
    X_train: Any, X_synthetic: Any, X_holdout: Any = None, *, ax: Any = None
) -> Any:
    """Plot the distances of synthetic series to the nearest training series.

    The curves are cumulative: for each distance, the share of series that have a
    training series at most so far away. The curve of the synthetic series should match
    that of real ones. Further left, synthetic series are almost copies, and exact
    copies are a step at 0; further right, they are far off.

    Parameters
    ----------
    X_train : array-like of shape (n_samples, n_timepoints) or (n_samples, \
n_channels, n_timepoints), DataFrame or list
        Series the generator was trained on.
    X_synthetic : array-like, DataFrame or list
        Synthetic series.
    X_holdout : array-like, DataFrame or list, or None, default=None
        Real series the generator has not seen, for comparison. None compares with the
        distances between training series.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Distances are root mean squares over time and channels, each channel
        in standard deviations of the training set.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a set has no series, or there is only one training series.

    References
    ----------
    Meehan et al. (2020), "A non-parametric test to detect data-copying in generative
    models", arXiv:2004.05675.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_nearest_distances
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> ax = plot_nearest_distances(real, other)
    >>> [line.get_label() for line in ax.lines[:2]]
    ['training series to the next', 'synthetic to training series']
    """
    sets = [X_train, X_synthetic] + ([] if X_holdout is None else [X_holdout])
    train, synthetic, *holdout = _rows(*sets)
    if holdout:
        reference, name = _nearest(holdout[0], train)[0], "unseen to training series"
    else:
        reference, name = _nearest(train, None)[0], "training series to the next"
    ax = one_panel(ax)
    colour = UNSEEN if holdout else REAL
    ax.ecdf(reference, color=colour, lw=2.2, label=name)
    label = "synthetic to training series"
    distances = _nearest(synthetic, train)[0]
    ax.ecdf(distances, color=SYNTHETIC, ls="--", lw=1.8, label=label)
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    xlabel = "distance to the nearest training series"
    return tidy(ax, xlabel=xlabel, ylabel="share of series", xlim=(0, None))


def plot_nearest_pairs(
    X_train: Any,
    X_synthetic: Any,
    *,
    n_pairs: int = 4,
    channel: int = 0,
    ax: Any = None,
) -> np.ndarray:
    """Plot the synthetic series that are nearest to a training series, with that one.

    If there are copies, they are among these.

    Parameters
    ----------
    X_train : array-like of shape (n_samples, n_timepoints) or (n_samples, \
n_channels, n_timepoints), DataFrame or list
        Series the generator was trained on.
    X_synthetic : array-like, DataFrame or list
        Synthetic series.
    n_pairs : int, default=4
        Number of pairs, the nearest first; fewer if there are fewer series.
    channel : int, default=0
        Channel to draw. Distances are over all channels.
    ax : matplotlib.axes.Axes, array of Axes or None, default=None
        Axes to draw on: as many as pairs, or one, which is split. None makes a new
        figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes of shape (n_pairs,)
        The axes. Their titles give the distance as a multiple of the median distance
        between a training series and its nearest neighbour.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a set has no series, or there is only one training series.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_nearest_pairs
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> plot_nearest_pairs(real, other, n_pairs=3).shape
    (3,)
    """
    train, synthetic = _rows(X_train, X_synthetic)
    distances, index = _nearest(synthetic, train)
    typical = np.median(_nearest(train, None)[0])
    unit = typical if typical > 0 else 1.0
    nearest = np.argsort(distances, kind="stable")[:n_pairs]
    axes = panels(ax, 1, len(nearest), (2.8, 2.6), sharex=True, sharey=True)[0]
    real, drawn = (one_channel(X, channel) for X in (X_train, X_synthetic))
    for panel, number in zip(axes, nearest, strict=True):
        panel.plot(real[index[number]], color=REAL, lw=2.4, alpha=0.55)
        panel.plot(drawn[number], "--", color=SYNTHETIC, lw=1.4)
        title = f"distance {distances[number] / unit:.2f} × typical"  # noqa: RUF001
        tidy(panel, title=title, xlabel="time step")
    for line, name in zip(axes[0].lines, ("training", "synthetic"), strict=True):
        line.set_label(name)
    axes[0].legend(frameon=False, fontsize="small")
    axes[0].set_ylabel("value")
    return axes


def _rows(*sets: Any) -> list[np.ndarray]:
    """Return one row per series, of one length, standardised by the first set."""
    series = [series_of(X) for X in sets]
    length = max(X.shape[2] for X in series)
    closed = [bridged(X, length) for X in series]
    size = np.sqrt(closed[0].shape[1] * length)
    return [flat(X, like=closed[0]) / size for X in closed]


def _nearest(
    rows: np.ndarray, among: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return distance and number of the nearest row of a set; None: the other rows."""
    from sklearn.neighbors import NearestNeighbors

    if among is None and len(rows) < 2:
        raise ValueError("X_train must hold at least 2 series to compare, got 1.")
    index = NearestNeighbors(n_neighbors=1).fit(rows if among is None else among)
    distances, numbers = index.kneighbors(None if among is None else rows)
    return distances[:, 0], numbers[:, 0]
