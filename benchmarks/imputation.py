"""Measure how well gaps are filled.

Half of the series is learnt, the other half has one stretch of each channel hidden, a
tenth or a third of its length; so has every second series that is learnt. The error is
the mean square over hidden values, in units of the channel's variance: 1 is what its
mean leaves. Means of the seeds (of split, stretches and training; n is their number),
smallest to largest in brackets.

Ways that draw what is missing are also measured by 50 draws: the squared error of
their median; the continuous ranked probability score (CRPS) and the mean width of the
90 % interval, both in standard deviations of the channel; and the share of hidden
values that lie within that interval (coverage), which should be 90 %. Means of the same
seeds. As a reference, values are drawn from the known ones of the same series.

    LGTA_DATA=folder python benchmarks/imputation.py

Each result is a line of docs/benchmarks/imputation.jsonl, written at once, and what is
there is not run again. Writes docs/benchmarks/imputation.md.
"""

import argparse
import time
from itertools import product

import numpy as np
import pandas as pd
from _sets import labelled
from _shared import DOCS, add_rows, markdown, read_rows, write
from sklearn.impute import KNNImputer

from lgta_sklearn import DiffusionAugmenter, LatentAugmenter
from lgta_sklearn.metrics import crps, interval_coverage, interval_width

SETS = [
    "ItalyPowerDemand",
    "MelbournePedestrian",
    "BeijingPM25Days",
    "ECG5000",
    "RacketSports",
]
SHARES, MOST, N_DRAWS = (0.1, 1 / 3), 800, 50
RESULTS = DOCS / "imputation.jsonl"


def hide(X, share, rng):
    """Return where a stretch of each channel is hidden."""
    n, C, T = X.shape
    length = max(round(share * T), 1)
    start = rng.integers(T - length + 1, size=(n, C, 1))
    return (np.arange(T) >= start) & (np.arange(T) < start + length)


def line(X, train, seed):
    """Draw a line between the values on both sides."""
    flat = pd.DataFrame(X.reshape(-1, X.shape[2]))
    filled = flat.interpolate(axis=1, limit_direction="both").to_numpy()
    return filled.reshape(X.shape), None


def mean(X, train, seed):
    """Take the mean of the series, and draw from its known values."""
    filled = np.where(np.isnan(X), np.nanmean(X, axis=2, keepdims=True), X)
    known = np.sort(X, axis=2)  # NaN comes last
    n_known = (~np.isnan(X)).sum(axis=2)[..., None]
    place = np.random.default_rng(seed).random((N_DRAWS, *X.shape)) * n_known
    drawn = np.take_along_axis(known[None], place.astype(int), axis=3)
    return filled, np.where(np.isnan(X), drawn, X)


def neighbours(X, train, seed):
    """Take the values of the ten nearest series."""
    imputer = KNNImputer(n_neighbors=10).fit(train.reshape(len(train), -1))
    return imputer.transform(X.reshape(len(X), -1)).reshape(X.shape), None


def family(kind, **params):
    """Return the way of an augmenter: `impute`, and draws if it has them."""

    def fill(X, train, seed):
        augmenter = kind(random_state=seed, **params).fit(train)
        draws = None
        if hasattr(augmenter, "sample_imputations"):
            draws = augmenter.sample_imputations(X, N_DRAWS, random_state=seed)
        return augmenter.impute(X), draws

    return fill


# (series with gaps, training series, seed) -> filled series, and draws or None
WAYS = {
    "DiffusionAugmenter": family(DiffusionAugmenter, masked=1.0, device="cpu"),
    "LatentAugmenter": family(LatentAugmenter, device="cpu"),
    "line": line,
    "mean of the series": mean,
    "KNNImputer": neighbours,
}


def measured(X, hidden, filled, draws):
    """Return the measures of one way; all in units of each channel."""
    unit = X.std(axis=(0, 2), keepdims=True)
    values = {"error": (((filled - X) / unit)[hidden] ** 2).mean()}
    if draws is None:
        return values
    X, draws = X / unit, draws / unit
    median = np.median(draws, axis=0)
    return values | {
        "error of the median": ((median - X)[hidden] ** 2).mean(),
        "CRPS": crps(X, draws, where=hidden),
        "coverage": interval_coverage(X, draws, where=hidden),
        "width": interval_width(X, draws, where=hidden),
    }


def parts_of(name, share, seed):
    """Return series to learn, series with gaps, these complete, and what is hidden."""
    rng = np.random.default_rng(seed)
    parts = labelled(name)
    X = np.stack([*parts[0], *parts[2]])
    X = X[~np.isnan(X).any(axis=(1, 2))]
    train, X = np.array_split(X[rng.permutation(len(X))[:MOST]], 2)
    hidden = hide(X, share, rng)
    train[::2][hide(train[::2], share, rng)] = np.nan
    return train, np.where(hidden, np.nan, X), X, hidden


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=SETS)
    args = parser.parse_args()
    done = {tuple(row.values())[:4] for row in read_rows(RESULTS)}
    for seed, name, share in product(range(args.seeds), args.sets, SHARES):
        train, holed, X, hidden = parts_of(name, share, seed)
        for way, fill in WAYS.items():
            key = {"set": name, "hidden": f"{share:.0%}", "way": way, "seed": seed}
            if tuple(key.values()) in done:
                continue
            start = time.perf_counter()
            row = measured(X, hidden, *fill(holed, train, seed))
            row["seconds"] = time.perf_counter() - start
            add_rows(RESULTS, [key | row])
        print(seed, name, share, flush=True)
    page()


def _spread(errors):
    """Return the mean, with the range if there are several seeds."""
    if len(errors) == 1:
        return f"{errors.mean():.3f} (n=1)"
    low, high = errors.min(), errors.max()
    return f"{errors.mean():.3f} ({low:.3f}-{high:.3f}; n={len(errors)})"


def page():
    """Write the tables."""
    rows = pd.DataFrame(read_rows(RESULTS)).drop(columns="seconds")
    cells = rows.groupby(["set", "hidden", "way"], sort=False)
    errors = cells["error"].agg(_spread)
    drawn = cells.mean().drop(columns=["error", "seed"]).dropna()
    of_errors, of_draws = __doc__.split("\n\n")[1:3]
    write(
        "imputation.md",
        "# Filling gaps",
        of_errors,
        markdown(errors.unstack(sort=False).reset_index()),
        of_draws,
        markdown(drawn.map("{:.3f}".format).reset_index()),
    )


if __name__ == "__main__":
    main()
