"""Measure how well gaps are filled.

Half of the series is learnt, the other half has one stretch of each channel hidden, a
tenth or a third of its length; so has every second series that is learnt. The error is
the mean square over hidden values, in units of the channel's variance: 1 is what its
mean leaves. `impute` comes with a model that is there for other reasons; where series
resemble each other closely, those that are nearest fill gaps better. Means of three
seeds (of split, stretches and training), smallest to largest in brackets.

    LGTA_DATA=folder python benchmarks/imputation.py

Writes docs/benchmarks/imputation.md.
"""

import numpy as np
import pandas as pd
from _sets import labelled
from _shared import markdown, write
from sklearn.impute import KNNImputer

from lgta_sklearn import LatentAugmenter

SETS = [
    "ItalyPowerDemand",
    "MelbournePedestrian",
    "BeijingPM25Days",
    "ECG5000",
    "RacketSports",
]
SHARES, SEEDS, MOST = (0.1, 1 / 3), range(3), 800


def hide(X, share, rng):
    """Return where a stretch of each channel is hidden."""
    n, C, T = X.shape
    length = max(round(share * T), 1)
    start = rng.integers(T - length + 1, size=(n, C, 1))
    return (np.arange(T) >= start) & (np.arange(T) < start + length)


def line(X, _):
    """Draw a line between the values on both sides."""
    flat = pd.DataFrame(X.reshape(-1, X.shape[2]))
    return flat.interpolate(axis=1, limit_direction="both").to_numpy().reshape(X.shape)


def mean(X, _):
    """Take the mean of the series."""
    return np.where(np.isnan(X), np.nanmean(X, axis=2, keepdims=True), X)


def neighbours(X, train):
    """Take the values of the ten nearest series."""
    imputer = KNNImputer(n_neighbors=10).fit(train.reshape(len(train), -1))
    return imputer.transform(X.reshape(len(X), -1)).reshape(X.shape)


WAYS = {"line": line, "mean of the series": mean, "KNNImputer": neighbours}


def errors(name, share, seed):
    """Yield the error of each way."""
    rng = np.random.default_rng(seed)
    parts = labelled(name)
    X = np.stack([*parts[0], *parts[2]])
    X = X[~np.isnan(X).any(axis=(1, 2))]
    train, X = np.array_split(X[rng.permutation(len(X))[:MOST]], 2)
    hidden = hide(X, share, rng)
    holed = np.where(hidden, np.nan, X)
    train[::2][hide(train[::2], share, rng)] = np.nan
    unit = X.std(axis=(0, 2), keepdims=True)
    augmenter = LatentAugmenter(random_state=seed, device="cpu").fit(train)
    for way, fill in (
        ("LatentAugmenter.impute", lambda X, _: augmenter.impute(X)),
        *WAYS.items(),
    ):
        error = ((fill(holed, train) - X) / unit)[hidden]
        yield {"set": name, "hidden": f"{share:.0%}", "way": way} | {
            "error": (error**2).mean()
        }


def main():
    rows = []
    for name in SETS:
        for share in SHARES:
            for seed in SEEDS:
                rows.extend(errors(name, share, seed))
            print(name, share, flush=True)
    cells = pd.DataFrame(rows).groupby(["set", "hidden", "way"], sort=False)["error"]
    text = cells.agg(lambda e: f"{e.mean():.3f} ({e.min():.3f}-{e.max():.3f})")
    write(
        "imputation.md",
        "# Filling gaps",
        __doc__.split("\n\n")[1],
        markdown(text.unstack(sort=False).reset_index()),
    )


if __name__ == "__main__":
    main()
