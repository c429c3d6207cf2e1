"""What the benchmarks share: raw series, windows, tables."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lgta_sklearn.transforms import LinearDelta

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks"
VARIATIONS = {"varied (the default)": None} | {
    f"varied by LinearDelta({scale:g})": LinearDelta(scale)
    for scale in (0.25, 0.5, 1.0, 1.5)
}
SOURCES = {
    "raw_stocks_timegan.csv.gz": "data/stock_data.csv of github.com/jsyoon0823/TimeGAN",
    "raw_etth1.csv.gz": "ETT-small/ETTh1.csv of github.com/zhouhaoyi/ETDataset",
    "raw_sf_crime_daily.csv.gz": "daily counts of the San Francisco crime data",
}


def read_raw(name):
    """Return the numeric columns of a raw series, (time, channels), or leave."""
    path = Path(os.environ.get("LGTA_DATA", "data")) / name
    if not path.exists():
        print(
            f"skipped: {path} is not there. Save {SOURCES[name]} under this name, or "
            "set LGTA_DATA to the folder that holds it."
        )
        sys.exit(0)
    return pd.read_csv(path).select_dtypes("number").to_numpy(float)


def min_max(series):
    """Return a (time, channels) series scaled to [0, 1] over its whole length."""
    low, high = series.min(axis=0), series.max(axis=0)
    return (series - low) / (high - low)


def windows(series, length):
    """Return all windows of stride one, (n, channels, length)."""
    return np.lib.stride_tricks.sliding_window_view(series, length, axis=0).copy()


def read_rows(path):
    """Return the rows that were measured, a line of JSON each."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def add_rows(path, rows):
    """Write rows that were measured, at once, so that a long run can be resumed."""
    lines = [json.dumps(row, default=float) + "\n" for row in rows]
    with path.open("a") as file:
        file.writelines(lines)


def markdown(table):
    """Return a DataFrame as a table of Markdown."""
    header = [str(column) for column in table.columns]
    body = [[str(value) for value in row] for row in table.to_numpy()]
    rows = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def write(name, *parts):
    """Write a page under docs/benchmarks and print it."""
    DOCS.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(parts) + "\n"
    (DOCS / name).write_text(text)
    print(text)
