"""The report as a page: one HTML file that contains its style and its pictures."""

import base64
import io
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lgta_sklearn import plotting
from lgta_sklearn.metrics._html import document, entry, tally
from lgta_sklearn.metrics._measures import BY_NAME
from lgta_sklearn.metrics._readings import share_of_way
from lgta_sklearn.plotting._canvas import pyplot

__all__ = ["COLOURS", "page"]

# of the readings: distinct with any colour vision, dark enough for small letters
COLOURS = {"good": "#0072B2", "fair": "#996600", "poor": "#B03A00", "blind": "#666666"}
MAX_CHANNELS = 3  # largest number of channels that are drawn
FOOTER = (
    "A good value is no guarantee of privacy: it is a measurement of these series,\n"
    "with an error."
)


def page(
    title: str,
    table: pd.DataFrame,
    sentences: pd.Series,
    series: Mapping[str, np.ndarray],
) -> str:
    """Return a report as HTML.

    Parameters
    ----------
    title : str
        Heading.
    table : DataFrame
        Table of the report, a row per measure.
    sentences : Series of str
        Each row in words.
    series : mapping of str to ndarray of shape (n_samples, n_channels, n_timepoints)
        The sets, for the pictures.

    Returns
    -------
    str
        The page. It loads no other files.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    n_samples, n_channels, n_timepoints = series["synthetic"].shape
    sets = ", ".join(f"{n_samples} {name}" for name in series)
    size = f"{sets} series: {_counted(n_channels, 'channel')}, {n_timepoints} steps."
    rows = "".join(_row(row, sentences[row.Index]) for row in table.itertuples())
    body = f"""<p>{size}</p>
{tally(table["reading"], COLOURS)}
{_figures(series)}
<h2>Each measure between floor and ceiling</h2>
<p>The <b>floor</b>, on the left, is the value for the training series in the place of
the synthetic ones. The <b>ceiling</b>, on the right, is the value of a bad generator:
shuffled time, white noise or doubled amplitude; for memorisation, a copy of the
training series. The black mark is the synthetic set. Up to a tenth of the way is good,
up to a third fair.</p>
<div class="row head"><b>measure</b><span class="value">value</span><span class="way">
<span>floor</span><span></span><span>ceiling</span></span><span class="reading">reading
</span></div>
{rows}"""
    return document(title, body, FOOTER)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _row(row: Any, said: str) -> str:
    """Return one measure: name, value, mark between floor and ceiling, and sentence."""
    direction = BY_NAME[row.Index].direction
    share = share_of_way(row.value, row.floor, row.ceiling, direction)
    place = None if share is None else 100 * min(max(share, 0.0), 1.0)
    mark = "" if place is None else f'<u style="left:{place:.1f}%"></u>'
    way = f"{row.floor:.3f}", mark, f"{row.ceiling:.3f}"
    reading = row.reading, COLOURS[row.reading]
    return entry(row.Index, f"{row.value:.3f}", way, reading, said)


def _figures(series: Mapping[str, np.ndarray]) -> str:
    """Return the pictures, each with a caption that explains what to look for."""
    pyplot()  # complain about a missing matplotlib before anything is drawn
    (_, training), (_, synthetic), (name, real) = series.items()
    sets, names = (real, synthetic), (name, "synthetic")
    n_channels = synthetic.shape[1]
    more = ""
    if n_channels > MAX_CHANNELS:
        more = f" The first {MAX_CHANNELS} of {n_channels} channels are shown."
    pictures = [
        (
            "Values",
            "The lines should follow the edges of the bands, and the outline should "
            "match the grey histogram." + more,
            _compared(sets, names, plotting.plot_overlay, plotting.plot_marginal),
        ),
        (
            "Dynamics",
            "The autocorrelation, how strongly a value depends on earlier ones, and "
            "the spectrum, the power of slow and fast oscillations. The dashed lines "
            "should match the solid ones." + more,
            _compared(
                sets, names, plotting.plot_autocorrelation, plotting.plot_spectrum
            ),
        ),
        (
            "Map",
            "Synthetic series should cover the same area as real ones: on the plane of "
            "the first two principal components of the real series, and on a map that "
            "keeps neighbours together.",
            [
                _picture(partial(plotting.plot_map, *sets, names=names, method=method))
                for method in ("pca", "tsne")
            ],
        ),
    ]
    if name == "unseen":  # without, the generator may have seen both halves
        pictures.append(_memorisation(training, synthetic, real))
    return "".join(
        f'<h2>{name}</h2><figure><div class="grid">{_images(name, images)}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
        for name, caption, images in pictures
    )


def _compared(
    sets: tuple[np.ndarray, np.ndarray],
    names: tuple[str, str],
    *plots: Callable[..., Any],
) -> list[str]:
    """Return pictures of two sets for each channel that is shown."""
    n_channels = sets[0].shape[1]
    return [
        _picture(
            partial(plot, *sets, channel=channel, names=names),
            title=f"channel {channel}" if n_channels > 1 else "",
        )
        for channel in range(min(n_channels, MAX_CHANNELS))
        for plot in plots
    ]


def _memorisation(
    training: np.ndarray, synthetic: np.ndarray, unseen: np.ndarray
) -> tuple[str, str, list[str]]:
    """Return heading, caption and pictures of distances to training series."""
    n_pairs = min(4, len(synthetic))
    distances = partial(plotting.plot_nearest_distances, training, synthetic, unseen)
    pairs = partial(plotting.plot_nearest_pairs, training, synthetic, n_pairs=n_pairs)
    caption = (
        "The dashed curve should match the solid one. Further left, synthetic series "
        "are almost copies; further right, they are far off. The other panels show the "
        "synthetic series that are nearest to a training series. If there are copies, "
        "they are among these. Each title is the distance as a multiple of the median "
        "distance between a training series and its nearest neighbour."
    )
    return (
        "Memorisation",
        caption,
        [_picture(distances), _picture(pairs, n_panels=n_pairs)],
    )


def _images(name: str, images: list[str]) -> str:
    return "".join(
        f'<img alt="{name}" src="data:image/png;base64,{data}">' for data in images
    )


def _picture(draw: Callable[..., Any], *, title: str = "", n_panels: int = 1) -> str:
    """Return a picture as base64, without a window, in matplotlib's own style."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context("default"):
        figure = Figure(figsize=(5, 3.4), layout="constrained")
        axes = figure.subplots(math.ceil(n_panels / 2), min(n_panels, 2), squeeze=False)
        axes = axes.ravel()
        draw(ax=axes if n_panels > 1 else axes[0])
        if title:
            axes[0].set_title(title)
        file = io.BytesIO()
        # without the version, so that the same series give the same bytes
        figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(file.getvalue()).decode()
