"""Parts that the pages of reports share: style, frame, tally and rows."""

from collections.abc import Mapping
from html import escape
from importlib.metadata import version

import pandas as pd

__all__ = ["document", "entry", "notebook_view", "tally"]

STYLE = """
:root { color-scheme: light }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; color: #222; background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0 }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem }
p { max-width: 46rem }
figure { margin: 1rem 0 }
figure .grid { display: grid; gap: .5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)) }
figure img { width: 100%; height: auto }
figcaption { color: #555; font-size: .9rem; max-width: 46rem }
.tally span { display: inline-block; border-radius: 1rem; color: #fff; font-weight: 600;
  padding: .1rem .8rem; margin: 0 .3rem .3rem 0 }
.row { border-top: 1px solid #ddd; display: grid; gap: 0 1rem; padding: .6rem 0;
  grid-template-columns: 13rem 5rem 1fr 4rem }
.row b { font-weight: 600 }
.row .reading { text-align: right; font-weight: 700 }
.row .said { grid-column: 1 / -1; color: #444; font-size: .92rem; margin: .2rem 0 0 }
.value { font-variant-numeric: tabular-nums; text-align: right }
.way { display: grid; grid-template-columns: 4.5rem 1fr 4.5rem; gap: .5rem;
  align-items: center; color: #555; font-size: .85rem;
  font-variant-numeric: tabular-nums }
.way span:first-child { text-align: right }
.way i { background: linear-gradient(90deg, #c8dcec, #f3e3c8 30%, #f0cdbb);
  border-radius: .2rem; display: block; height: .6rem; position: relative }
.way u { background: #111; border-radius: 2px; height: 1rem; position: absolute;
  top: -.2rem; width: 4px; margin-left: -2px }
.head { color: #555; font-size: .85rem; border: 0; padding: 0 }
footer { border-top: 1px solid #ddd; color: #555; font-size: .85rem; margin-top: 2rem }
@media (max-width: 40rem) {
  .row { grid-template-columns: 1fr auto auto }
  .row .way { grid-column: 1 / -1; grid-row: 2 }
  .head { display: none }
}
@media print { .row, figure { break-inside: avoid } }
"""


def document(title: str, body: str, footer: str) -> str:
    """Return a page that loads no other files.

    Parameters
    ----------
    title : str
        Heading, as plain text.
    body : str
        Content, as HTML.
    footer : str
        Sentences at the end, as HTML.

    Returns
    -------
    str
        The page.
    """
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
<h1>{escape(title)}</h1>
{body}
<footer><p>{footer} Made with lgta_sklearn {version("lgta-sklearn")}.</p>
</footer>
</html>
"""


def notebook_view(size: str, table: pd.DataFrame, colours: Mapping[str, str]) -> str:
    """Return a report as a notebook shows it.

    Parameters
    ----------
    size : str
        Sizes of the sets in words.
    table : DataFrame
        Table of the report, with a column `reading`.
    colours : mapping of str to str
        Colour of each reading.

    Returns
    -------
    str
        A paragraph and a table, as HTML.
    """
    body = table.round(3).to_html(
        formatters={
            "reading": lambda word: f'<b style="color:{colours[word]}">{word}</b>'
        },
        escape=False,
    )
    return f"<p>{size}</p>{body}"


def tally(readings: pd.Series, colours: Mapping[str, str]) -> str:
    """Return how often each word was read.

    Parameters
    ----------
    readings : Series of str
        Column of a table.
    colours : mapping of str to str
        Words in order, each with its colour.

    Returns
    -------
    str
        A paragraph, as HTML.
    """
    counts = "".join(
        f'<span style="background:{colour}">{(readings == word).sum()} {word}</span>'
        for word, colour in colours.items()
        if (readings == word).any()
    )
    return f'<p class="tally">{counts}</p>'


def entry(
    name: str,
    value: str,
    way: tuple[str, str, str],
    reading: tuple[str, str],
    said: str,
) -> str:
    """Return a row: name, value, marks between two ends, reading and sentence.

    Parameters
    ----------
    name, value : str
        Name and value, as plain text.
    way : tuple of (str, str, str)
        Left end, marks (as HTML) and right end.
    reading : tuple of (str, str)
        Word and colour.
    said : str
        Sentence, as plain text.

    Returns
    -------
    str
        The row, as HTML.
    """
    (left, marks, right), (word, colour) = way, reading
    return f"""<div class="row"><b>{escape(name)}</b>
<span class="value">{value}</span>
<span class="way"><span>{left}</span><i>{marks}</i><span>{right}</span></span>
<span class="reading" style="color:{colour}">{word}</span>
<p class="said">{escape(said)}</p></div>
"""
