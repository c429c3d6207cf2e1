"""Pictures of real and synthetic series beside each other."""

import warnings
from typing import Any

import numpy as np

from lgta_sklearn._curves import autocorrelation, flat, spectrum
from lgta_sklearn._random import seed_from
from lgta_sklearn.plotting._canvas import (
    REAL,
    SYNTHETIC,
    bridged,
    colours_of,
    one_channel,
    one_panel,
    series_of,
    tidy,
)

__all__ = [
    "plot_autocorrelation",
    "plot_map",
    "plot_marginal",
    "plot_overlay",
    "plot_spectrum",
]

NAMES = ("real", "synthetic")


def plot_overlay(
    X_real: Any,
    X_synthetic: Any,
    *,
    channel: int = 0,
    n_series: int = 5,
    names: tuple[str, str] = NAMES,
    random_state: Any = 0,
    ax: Any = None,
) -> Any:
    """Plot synthetic series over real ones, with the quantiles of both.

    Bands hold the middle half and the middle nine tenths of the real series at each
    time point; the lines of the synthetic ones should run along their edges, and their
    median along the real one.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series.
    channel : int, default=0
        Channel to draw.
    n_series : int, default=5
        Synthetic series that are drawn themselves, as thin lines.
    names : tuple of str, default=("real", "synthetic")
        What to call the sets.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the choice of the thin lines.
    ax : matplotlib.axes.Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If there are no series, or no such channel.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_overlay
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> plot_overlay(real, other).get_xlabel()
    'time step'
    """
    real = one_channel(X_real, channel, "X_real")
    synthetic = one_channel(X_synthetic, channel, "X_synthetic")
    ax = one_panel(ax)
    lowest, low, middle, high, highest = _quantiles(real, (0.05, 0.25, 0.5, 0.75, 0.95))
    times = np.arange(real.shape[1])
    band = {"color": REAL, "lw": 0}
    ax.plot(times, middle, color=REAL, lw=2.4, label=f"{names[0]}, median")
    ax.fill_between(times, low, high, alpha=0.2, label="middle 50 %", **band)
    ax.fill_between(times, lowest, highest, alpha=0.13, label="middle 90 %", **band)
    rng = np.random.default_rng(seed_from(random_state))
    shown = synthetic[rng.permutation(len(synthetic))[:n_series]]
    ax.plot(shown.T, color=SYNTHETIC, lw=0.6, alpha=0.45)
    levels = _quantiles(synthetic, (0.5, 0.25, 0.75, 0.05, 0.95))
    styles = ["-", ":", ":", "--", "--"]
    labels = [f"{names[1]}, median", "middle 50 %", None, "middle 90 %", None]
    for level, style, label in zip(levels, styles, labels, strict=True):
        ax.plot(level, style, color=SYNTHETIC, lw=1.5, label=label)
    ax.legend(edgecolor="none", framealpha=0.7, fontsize="small", ncols=2)
    return tidy(ax, xlabel="time step", ylabel="value", xlim=(0, None))


def plot_marginal(
    X_real: Any,
    X_synthetic: Any,
    *,
    channel: int = 0,
    n_bins: int = 50,
    names: tuple[str, str] = NAMES,
    ax: Any = None,
) -> Any:
    """Plot how the values are distributed, whatever their place in time.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series.
    channel : int, default=0
        Channel to draw.
    n_bins : int, default=50
        Bins of the histogram, over the range of both sets.
    names : tuple of str, default=("real", "synthetic")
        What to call the sets.
    ax : matplotlib.axes.Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If there are no series, or no such channel.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_marginal
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> plot_marginal(real, other).get_ylabel()
    'density'
    """
    real = one_channel(X_real, channel, "X_real")
    synthetic = one_channel(X_synthetic, channel, "X_synthetic")
    values = [X[~np.isnan(X)] for X in (real, synthetic)]
    ax = one_panel(ax)
    bins = np.histogram_bin_edges(np.concatenate(values), n_bins)
    ax.hist(values[0], bins, density=True, color=REAL, alpha=0.3, label=names[0])
    ax.hist(
        values[1],
        bins,
        density=True,
        histtype="step",
        color=SYNTHETIC,
        lw=1.6,
        label=names[1],
    )
    ax.legend(frameon=False, fontsize="small")
    return tidy(ax, xlabel="value", ylabel="density")


def plot_autocorrelation(
    X_real: Any,
    X_synthetic: Any,
    *,
    channel: int = 0,
    max_lag: int = 64,
    names: tuple[str, str] = NAMES,
    ax: Any = None,
) -> Any:
    """Plot the autocorrelation of series: the mean, and the middle half of them.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series; gaps are bridged by straight lines.
    channel : int, default=0
        Channel to draw.
    max_lag : int, default=64
        Largest lag, if the series are long enough.
    names : tuple of str, default=("real", "synthetic")
        What to call the sets.
    ax : matplotlib.axes.Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If there are no series, or no such channel.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_autocorrelation
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> plot_autocorrelation(real, other).get_xlabel()
    'lag, time steps'
    """
    ax = one_panel(ax)
    for X, name, style in _sets(X_real, X_synthetic, channel, names):
        lags = np.arange(min(max_lag, X.shape[2] - 1) + 1)
        _curve_with_band(ax, lags, autocorrelation(bridged(X), lags[-1]), name, style)
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
    ax.legend(frameon=False, fontsize="small")
    return tidy(ax, xlabel="lag, time steps", ylabel="autocorrelation")


def plot_spectrum(
    X_real: Any,
    X_synthetic: Any,
    *,
    channel: int = 0,
    names: tuple[str, str] = NAMES,
    ax: Any = None,
) -> Any:
    """Plot the power spectrum of series: the mean, and the middle half of them.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series; gaps are bridged by straight lines.
    channel : int, default=0
        Channel to draw.
    names : tuple of str, default=("real", "synthetic")
        What to call the sets.
    ax : matplotlib.axes.Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, the power on a logarithmic scale; what lies below a millionth of the
        largest is not shown.

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If there are no series, or no such channel.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_spectrum
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> plot_spectrum(real, other).get_yscale()
    'log'
    """
    ax = one_panel(ax)
    largest = 0.0
    for X, name, style in _sets(X_real, X_synthetic, channel, names):
        frequencies, power = spectrum(bridged(X))
        # a shorter series is followed by zeros, which thin its power out
        power *= X.shape[2] / (~np.isnan(X)).sum(axis=2, keepdims=True).clip(1)
        largest = max(largest, power.mean(axis=0).max())
        _curve_with_band(ax, frequencies, power, name, style)
    if largest > 0:  # constants have no power
        ax.set_yscale("log")
        ax.set_ylim(bottom=max(ax.get_ylim()[0], 1e-6 * largest))
    ax.legend(frameon=False, fontsize="small")
    return tidy(ax, xlabel="frequency, cycles per time step", ylabel="power")


def plot_map(
    X_real: Any,
    X_synthetic: Any,
    *,
    y_real: Any = None,
    y_synthetic: Any = None,
    method: str = "pca",
    max_samples: int = 500,
    names: tuple[str, str] = NAMES,
    random_state: Any = 0,
    ax: Any = None,
) -> Any:
    """Plot real and synthetic series as points of a plane.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series; gaps are bridged by straight lines and shorter series stretched.
    y_real, y_synthetic : array-like of shape (n_samples,) or None, default=None
        Labels of both sets, to colour by.
    method : {"pca", "tsne", "umap"}, default="pca"
        The plane: the first two principal components of the *real* series, so that
        synthetic ones cannot bend it; or a map of all of them that keeps neighbours
        together (UMAP needs the package umap-learn), whose distances mean little.
    max_samples : int, default=500
        Series of each set that are shown at most.
    names : tuple of str, default=("real", "synthetic")
        What to call the sets.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the choice of series and of the map.
    ax : matplotlib.axes.Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        Without matplotlib, or without umap-learn where that is asked for.
    ValueError
        If the sets differ in channels, only one of them has labels, or the method is
        none of the three.

    References
    ----------
    van der Maaten and Hinton (2008), "Visualizing data using t-SNE", JMLR 9; McInnes
    et al. (2018), "UMAP: uniform manifold approximation and projection for dimension
    reduction", arXiv:1802.03426.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_map
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> plot_map(real, other, method="tsne").get_xlabel()
    't-SNE 1'
    """
    real, synthetic = series_of(X_real, "X_real"), series_of(X_synthetic, "X_synthetic")
    if real.shape[1] != synthetic.shape[1]:
        raise ValueError(
            "X_real and X_synthetic must have the same channels, got "
            f"{real.shape[1]} and {synthetic.shape[1]}."
        )
    if (y_real is None) != (y_synthetic is None):
        raise ValueError("y_real and y_synthetic must be given both or neither.")
    length = max(real.shape[2], synthetic.shape[2])
    rng = np.random.default_rng(seed_from(random_state))
    kept = [rng.permutation(len(X))[:max_samples] for X in (real, synthetic)]
    X = [
        bridged(X[rows], length)
        for X, rows in zip((real, synthetic), kept, strict=True)
    ]
    rows = np.concatenate([flat(part, like=X[0]) for part in X])
    plane, axis_names = embedded(rows, len(X[0]), method, int(rng.integers(2**31)))
    ax = one_panel(ax)
    points = plane[: len(X[0])], plane[len(X[0]) :]
    labels = [
        None if y is None else np.asarray(y)[rows]
        for y, rows in zip((y_real, y_synthetic), kept, strict=True)
    ]
    _scatter_sets(ax, points, labels, names)
    return tidy(ax, xlabel=axis_names[0], ylabel=axis_names[1], xticks=[], yticks=[])


def embedded(
    rows: np.ndarray, n_reference: int, method: str, seed: int
) -> tuple[np.ndarray, tuple[str, str]]:
    """Return rows as points of a plane, and what to call its axes.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        Rows.
    n_reference : int
        How many of the first rows principal components are of.
    method : {"pca", "tsne", "umap"}
        The map.
    seed : int
        Its seed.

    Returns
    -------
    points : ndarray of shape (n_samples, 2)
        Places.
    names : tuple of str
        Labels of the axes.

    Raises
    ------
    ImportError
        If UMAP is asked for and not installed.
    ValueError
        If the method is none of the three, or the rows do not differ.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if method not in ("pca", "tsne", "umap"):
        raise ValueError(f"method must be 'pca', 'tsne' or 'umap', got {method!r}.")
    if min(rows[:n_reference].shape) < 2:
        raise ValueError("a map needs at least 2 series of 2 values.")
    if not np.ptp(rows[:n_reference], axis=0).any():
        raise ValueError("a map needs series that differ; these are all the same.")
    if method == "pca":
        pca = PCA(2).set_output(transform="default").fit(rows[:n_reference])
        shares = [f"{share:.0%}" for share in pca.explained_variance_ratio_]
        names = f"component 1 ({shares[0]})", f"component 2 ({shares[1]})"
        return pca.transform(rows), names
    if method == "tsne":
        perplexity = min(30.0, (len(rows) - 1) / 3)
        chart = TSNE(2, init="pca", perplexity=perplexity, random_state=seed)
        return chart.fit_transform(rows), ("t-SNE 1", "t-SNE 2")
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError(
            "method='umap' needs umap-learn: pip install umap-learn"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # one job, since it is seeded
        n_neighbors = min(15, len(rows) - 1)
        chart = UMAP(n_neighbors=n_neighbors, random_state=seed)
        return chart.fit_transform(rows), ("UMAP 1", "UMAP 2")


def _scatter_sets(
    ax: Any, points: tuple[Any, Any], labels: list[Any], names: tuple[str, str]
) -> None:
    """Draw two sets: sets differ by marker, classes by colour."""
    from matplotlib.lines import Line2D

    colours: Any = dict(zip((0, 1), (REAL, SYNTHETIC), strict=True))
    keys = [np.full(len(points[0]), 0), np.full(len(points[1]), 1)]
    if labels[0] is not None:
        keys = labels
        colours = colours_of(np.unique(np.concatenate(labels)))
    handles: list[Any] = []
    for xy, key, name, marker in zip(points, keys, names, "ox", strict=True):
        c = [colours[one] for one in key]
        hollow = {"facecolors": "none", "edgecolors": c} if marker == "o" else {"c": c}
        ax.scatter(*xy.T, s=20, marker=marker, lw=0.9, alpha=0.75, **hollow)
        colour = REAL if labels[0] is not None else colours[len(handles)]
        style: Any = {"marker": marker, "color": colour, "ls": ""}
        handles.append(Line2D([], [], label=name, fillstyle="none", **style))
    if labels[0] is not None:
        handles += [
            Line2D([], [], marker="s", ls="", color=colour, label=str(name))
            for name, colour in colours.items()
        ]
    ax.legend(handles=handles, edgecolor="none", fontsize="small")


def _sets(X_real: Any, X_synthetic: Any, channel: int, names: tuple[str, str]) -> Any:
    """Return one channel of both sets, (n, 1, T), with name and style."""
    real = one_channel(X_real, channel, "X_real")
    synthetic = one_channel(X_synthetic, channel, "X_synthetic")
    styles = {"color": REAL, "ls": "-"}, {"color": SYNTHETIC, "ls": "--"}
    return zip((real[:, None], synthetic[:, None]), names, styles, strict=True)


def _curve_with_band(
    ax: Any, x: np.ndarray, curves: np.ndarray, name: str, style: dict[str, Any]
) -> None:
    """Draw the mean of curves, (n, 1, len(x)), and the middle half of them."""
    low, high = np.quantile(curves[:, 0], (0.25, 0.75), axis=0)
    ax.fill_between(x, low, high, color=style["color"], alpha=0.15, lw=0)
    ax.plot(x, curves[:, 0].mean(axis=0), lw=1.8, label=name, **style)


def _quantiles(X: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Return quantiles at each time point; NaN where no series has a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        quantiles: np.ndarray = np.nanquantile(X, levels, axis=0)
    return quantiles
