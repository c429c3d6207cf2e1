"""The audit as a page: one HTML file that shows no series."""

from typing import Any

import pandas as pd

from lgta_sklearn.metrics._html import document, entry, tally

__all__ = ["COLOURS", "privacy_page"]

# as on the page of measures: distinct with any colour vision
COLOURS = {
    "no sign": "#0072B2",
    "some sign": "#996600",
    "clear sign": "#B03A00",
    "blind": "#666666",
}
STYLE = """<style>
.way s { background: #0005; height: .6rem; position: absolute }
.way u.half { background: #fff; width: 2px; height: .6rem; top: 0; margin-left: -1px }
.row .reading { white-space: nowrap }
@media (min-width: 40rem) { .row { grid-template-columns: 13rem 4rem 1fr 6rem } }
</style>"""


def privacy_page(
    title: str, table: pd.DataFrame, sentences: pd.Series, limits: list[str], size: str
) -> str:
    """Return an audit as HTML.

    Parameters
    ----------
    title : str
        Heading.
    table : DataFrame
        Table of the report, a row per attack.
    sentences : Series of str
        Each row in words.
    limits : list of str
        What the report does not say.
    size : str
        Sentence with the sizes of the sets.

    Returns
    -------
    str
        The page. It loads no other files.
    """
    rows = "".join(_row(row, sentences[row.Index]) for row in table.itertuples())
    points = "".join(f"<li>{limit}</li>" for limit in limits)
    body = f"""{STYLE}
<p>{size}</p>
{tally(table["reading"], COLOURS)}
<h2>Each attack between chance and a copy</h2>
<p>The <b>excess</b> is the success of an attack on the training series beyond its
control, which is chance or the same attack on unseen series: 0 is none, 1 is the most.
The black mark is the synthetic set, the grey band its 95 % interval. On the right is
the excess for a <b>copy</b> of the training series; the white mark is half a copy. A
band that begins to the right of 0 is a sign of a leak. Each row shows one by chance in
about one of forty reports.</p>
<div class="row head"><b>attack</b><span class="value">excess</span><span class="way">
<span>chance</span><span></span><span>copy</span></span><span class="reading">reading
</span></div>
{rows}
<h2>What this does not say</h2>
<ul>{points}</ul>"""
    return document(title, body, "This page shows no series.")


def _row(row: Any, said: str) -> str:
    """Return one attack: name, excess, marks from chance to copy, and sentence."""
    marks = ""
    if row.copy > 0:
        mark, low, high, half = (
            100 * min(max(excess / row.copy, 0.0), 1.0)
            for excess in (row.excess, row.low, row.high, row.half_copy)
        )
        marks = (
            f'<s style="left:{low:.1f}%;width:{high - low:.1f}%"></s>'
            f'<u class="half" style="left:{half:.1f}%"></u>'
            f'<u style="left:{mark:.1f}%"></u>'
        )
    way = "0", marks, f"{row.copy:.2f}"
    reading = row.reading, COLOURS[row.reading]
    return entry(row.Index, f"{row.excess:.3f}", way, reading, said)
