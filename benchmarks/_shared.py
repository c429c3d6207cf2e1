"""What the benchmarks share: raw series, windows, the literature's critic, tables."""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks"
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


def discriminative_score(real, synthetic, seed, n_steps=2000):
    """Return |accuracy - 0.5| of the literature's critic.

    Yoon et al. (2019), "Time-series generative adversarial networks": one GRU of
    channels // 2 units, 80/20 split, Adam, 2000 steps of 128 + 128 windows.
    """
    rng = np.random.default_rng(seed)
    (a, a_test), (b, b_test) = (_split(X, rng) for X in (real, synthetic))
    n_channels = real.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        gru = torch.nn.GRU(n_channels, max(n_channels // 2, 1), batch_first=True)
        head = torch.nn.Linear(gru.hidden_size, 1)
    optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], fused=True)
    labels = torch.cat([torch.ones(128), torch.zeros(128)])

    def logits(x):
        return head(gru(x)[1][0])[:, 0]

    for _ in range(n_steps):
        rows = (torch.as_tensor(rng.integers(len(x), size=128)) for x in (a, b))
        batch = torch.cat([x[i] for x, i in zip((a, b), rows, strict=True)])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logits(batch), labels
        )
        optimizer.zero_grad()
        (2 * loss).backward()
        optimizer.step()
    with torch.no_grad():
        right = (logits(a_test) > 0).sum() + (logits(b_test) <= 0).sum()
    return abs(float(right) / (len(a_test) + len(b_test)) - 0.5)


def _split(X, rng):
    X = torch.as_tensor(X.transpose(0, 2, 1).copy(), dtype=torch.float32)
    order = torch.as_tensor(rng.permutation(len(X)))
    cut = int(0.8 * len(X))
    return X[order[:cut]], X[order[cut:]]


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
