"""Pictures of the effects of transformations and strengths."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from lgta_sklearn.plotting._canvas import (
    CLASSES,
    MARKERS,
    one_channel,
    one_panel,
    panels,
    tidy,
)

__all__ = ["plot_strength_curve", "plot_variations"]

STRENGTHS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


def plot_strength_curve(
    augmenter: Any,
    X: Any,
    transformations: Sequence[Any] | None = None,
    *,
    strengths: Sequence[float] = STRENGTHS,
    random_state: Any = 0,
    ax: Any = None,
) -> Any:
    """Plot the distance of variations from their sources against the strength.

    Distances are root mean squares over time, in standard deviations of the series
    itself. The line is the mean over the series, the band their middle half. On the
    dotted line, the distance is equal to the strength.

    Parameters
    ----------
    augmenter : augmenter
        Fitted; it is not changed.
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series to vary.
    transformations : sequence of callable or None, default=None
        Transformations to compare; None is that of the augmenter.
    strengths : sequence of float, default=(0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
        Strengths.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the variations.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Examples
    --------
    >>> from lgta_sklearn import DirectAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_strength_curve
    >>> from lgta_sklearn.transforms import Drift, TimeWarp
    >>> X = make_waves(40, random_state=0)
    >>> augmenter = DirectAugmenter(random_state=0).fit(X)
    >>> ax = plot_strength_curve(augmenter, X, [Drift(), TimeWarp()])
    """
    ax = one_panel(ax)
    for number, one in enumerate(_with_each(augmenter, transformations)):
        distances = np.array(
            [
                _distances(X, one.augment(X, strength=s, random_state=random_state))
                for s in strengths
            ]
        )
        look = {
            "color": CLASSES[number % len(CLASSES)],
            "marker": MARKERS[number % len(MARKERS)],
        }
        name = _name(one.transformation)
        ax.plot(strengths, distances.mean(axis=1), label=name, ms=5, **look)
        band = np.quantile(distances, [0.25, 0.75], axis=1)
        ax.fill_between(strengths, *band, color=look["color"], alpha=0.08, lw=0)
    ax.plot(strengths, strengths, ":", color="0.4", zorder=0)
    ax.legend(frameon=False, fontsize="small")
    limits = {"xlim": (0, None), "ylim": (0, None)}
    return tidy(ax, xlabel="strength", ylabel="distance to the source", **limits)


def plot_variations(
    series: Any,
    augmenters: Mapping[str, Any],
    transformations: Sequence[Any],
    *,
    strength: float = 0.3,
    n_variations: int = 4,
    channel: int = 0,
    random_state: Any = 0,
    ax: Any = None,
) -> np.ndarray:
    """Plot a series and its variations side by side: a row for each transformation.

    Parameters
    ----------
    series : array-like of shape (n_timepoints,) or (n_channels, n_timepoints)
        The series.
    augmenters : mapping of str to augmenter
        Fitted augmenters, a column for each; they are not changed.
    transformations : sequence of callable
        Transformations.
    strength : float, default=0.3
        Strength of all variations.
    n_variations : int, default=4
        Number of variations in each panel.
    channel : int, default=0
        Channel to draw.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the variations, the same for each augmenter, so that factors, warps and
        lines are the same.
    ax : matplotlib.axes.Axes, array of Axes or None, default=None
        Axes to draw on: as many as panels, or one, which is split. None makes a new
        figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes of shape (n_transformations, 1 + n_augmenters)
        The axes. The first column shows the series alone.

    Examples
    --------
    >>> from lgta_sklearn import DirectAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_variations
    >>> from lgta_sklearn.transforms import Drift, TimeWarp
    >>> X = make_waves(40, random_state=0)
    >>> augmenters = {"direct": DirectAugmenter(random_state=0).fit(X)}
    >>> plot_variations(X[0], augmenters, [Drift(), TimeWarp()]).shape
    (2, 2)
    """
    shape = len(transformations), 1 + len(augmenters)
    axes = panels(ax, *shape, (3.2, 1.5), sharex=True)
    row_of_X = np.asarray(series)[None]
    original = one_channel(row_of_X, channel)[0]
    for row, transformation in zip(axes, transformations, strict=True):
        row[0].plot(original, "k")
        row[0].set_ylabel(_name(transformation), rotation=0, ha="right", va="center")
        for panel, augmenter in zip(row[1:], augmenters.values(), strict=True):
            (one,) = _with_each(augmenter, [transformation])
            varied = one.augment(
                row_of_X,
                n_copies=n_variations,
                strength=strength,
                random_state=random_state,
            )
            panel.set_prop_cycle(color=CLASSES)
            panel.plot(one_channel(varied, channel).T, lw=0.9, alpha=0.8)
            panel.plot(original, "k", lw=0.6)
        for panel in row[1:]:
            panel.sharey(row[0])
    for panel, title in zip(axes[0], ["original", *augmenters], strict=True):
        panel.set_title(title)
    return axes


def _with_each(augmenter: Any, transformations: Sequence[Any] | None) -> list[Any]:
    """Return copies of a fitted augmenter, each with one transformation."""
    if transformations is None:
        return [augmenter]
    return [copy(augmenter).set_params(transformation=t) for t in transformations]


def _name(transformation: Any) -> str:
    """Return the name of a transformation in a picture."""
    if transformation is None:
        return "default"
    return getattr(transformation, "__name__", type(transformation).__name__)


def _distances(X: Any, varied: Any) -> np.ndarray:
    """Return the distance of each variation, in units of its own series."""
    X, varied = (np.asarray(rows, dtype=float) for rows in (X, varied))
    unit = np.nanstd(X, axis=-1, keepdims=True)
    moved = ((varied - X) / np.where(unit > 0, unit, 1.0)) ** 2
    distances: np.ndarray = np.sqrt(np.nanmean(moved.reshape(len(X), -1), axis=1))
    return distances
