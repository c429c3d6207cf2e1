"""Pictures that compare curves of real and synthetic series."""

import warnings
from typing import Any

import numpy as np

from lgta_sklearn._curves import autocorrelation, spectrum
from lgta_sklearn._random import seed_from
from lgta_sklearn.plotting._canvas import (
    NAMES,
    REAL,
    SYNTHETIC,
    bridged,
    one_channel,
    one_panel,
    tidy,
)

__all__ = [
    "plot_autocorrelation",
    "plot_marginal",
    "plot_overlay",
    "plot_spectrum",
]


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

    The bands contain the middle half and the middle nine tenths of the real series at
    each time point. The lines are the same quantiles of the synthetic series; they
    should follow the edges of the bands, and their median that of the real series.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series.
    channel : int, default=0
        Channel to draw.
    n_series : int, default=5
        Number of synthetic series that are drawn as thin lines.
    names : tuple of str, default=("real", "synthetic")
        Names of the sets.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the choice of these series.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a set has no series, or there is no such channel.

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
    """Plot the distribution of the values over all time points.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series.
    channel : int, default=0
        Channel to draw.
    n_bins : int, default=50
        Number of bins of the histograms, over the range of both sets.
    names : tuple of str, default=("real", "synthetic")
        Names of the sets.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a set has no series, or there is no such channel.

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
    """Plot the autocorrelation: the mean and the middle half of the series.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series. Gaps are filled by straight lines.
    channel : int, default=0
        Channel to draw.
    max_lag : int, default=64
        Largest lag; for short series, their largest one.
    names : tuple of str, default=("real", "synthetic")
        Names of the sets.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a set has no series, or there is no such channel.

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
    """Plot the power spectrum: the mean and the middle half of the series.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series. Gaps are filled by straight lines.
    channel : int, default=0
        Channel to draw.
    names : tuple of str, default=("real", "synthetic")
        Names of the sets.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. The power is on a logarithmic scale; power below a millionth of the
        largest is not shown.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a set has no series, or there is no such channel.

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
        # the zeros beyond the end of a shorter series reduce its power
        power *= X.shape[2] / (~np.isnan(X)).sum(axis=2, keepdims=True).clip(1)
        largest = max(largest, power.mean(axis=0).max())
        _curve_with_band(ax, frequencies, power, name, style)
    if largest > 0:  # constants have no power
        ax.set_yscale("log")
        ax.set_ylim(bottom=max(ax.get_ylim()[0], 1e-6 * largest))
    ax.legend(frameon=False, fontsize="small")
    return tidy(ax, xlabel="frequency, cycles per time step", ylabel="power")


def _sets(X_real: Any, X_synthetic: Any, channel: int, names: tuple[str, str]) -> Any:
    """Return one channel of both sets, (n, 1, T), with name and style."""
    real = one_channel(X_real, channel, "X_real")
    synthetic = one_channel(X_synthetic, channel, "X_synthetic")
    styles = {"color": REAL, "ls": "-"}, {"color": SYNTHETIC, "ls": "--"}
    return zip((real[:, None], synthetic[:, None]), names, styles, strict=True)


def _curve_with_band(
    ax: Any, x: np.ndarray, curves: np.ndarray, name: str, style: dict[str, Any]
) -> None:
    """Draw the mean and the middle half of curves, (n, 1, len(x))."""
    low, high = np.quantile(curves[:, 0], (0.25, 0.75), axis=0)
    ax.fill_between(x, low, high, color=style["color"], alpha=0.15, lw=0)
    ax.plot(x, curves[:, 0].mean(axis=0), lw=1.8, label=name, **style)


def _quantiles(X: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Return quantiles at each time point; NaN if no series has a value there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        quantiles: np.ndarray = np.nanquantile(X, levels, axis=0)
    return quantiles
