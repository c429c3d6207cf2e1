"""Measure from which number of series on more of them change little.

`LatentAugmenter` with its defaults learns n series of a set; 2000 samples are compared
with 2000 other series: strong critic (0 cannot tell, 0.5 always can), Fréchet distance
and coverage. Windows of ETTh1 and Beijing (hourly) have a stride of one; the other
series are those of the last fifth of the time, so that drift is a part of what is
measured, and only differences between numbers count. The first line of a set is the
floor: real series of the part that is learned.

    LGTA_DATA=folder python benchmarks/reservoir.py [--seeds N]

Adds what is missing to docs/benchmarks/reservoir.jsonl, then writes
docs/benchmarks/reservoir.md.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from _sets import panel, sines
from _shared import DOCS, add_rows, markdown, min_max, read_raw, read_rows, write

from lgta_sklearn import LatentAugmenter, metrics

RESULTS = DOCS / "reservoir.jsonl"
SIZES = 1000, 2000, 5000, 10_000, 20_000, 40_000
OTHERS = 2000


def windows_of(name, seed):
    """Return windows of the first part of a raw series, and some of the last."""
    series = min_max(pd.DataFrame(read_raw(name)).interpolate().bfill().to_numpy())
    view = np.lib.stride_tricks.sliding_window_view(series, 24, axis=0)
    cut = int(0.8 * len(view))
    rng = np.random.default_rng(seed)
    other = cut + 24 + rng.permutation(len(view) - cut - 24)[:OTHERS]
    return view[rng.permutation(cut)], view[other]


def independent(X, seed):
    """Return series, and others."""
    X = X[np.random.default_rng(seed).permutation(len(X))]
    return X[OTHERS:], X[:OTHERS]


SETS = {
    "sines": lambda seed: independent(sines(50_000), seed),
    "Crop": lambda seed: independent(panel("Crop")["X"].astype(float), seed),
    "ETTh1": lambda seed: windows_of("raw_etth1.csv.gz", seed),
    "Beijing, hourly": lambda seed: windows_of("raw_beijing_pm25.csv.gz", seed),
}


def measured(other, X):
    """Return the measures of samples."""
    return {
        "critic": metrics.discriminative_score(other, X, random_state=0),
        "Fréchet": metrics.frechet_distance(other, X, random_state=0),
        "coverage": metrics.coverage(other, X, random_state=0),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    done = {(row["set"], row["seed"], row["n"]) for row in read_rows(RESULTS)}
    for seed in range(args.seeds):
        for name, load in SETS.items():
            X, other = load(seed)
            for n in (0, *(n for n in SIZES if n <= len(X))):
                if (name, seed, n) in done:
                    continue
                start = time.perf_counter()
                new = X[-OTHERS:]
                if n:
                    augmenter = LatentAugmenter(random_state=seed).fit(X[:n].copy())
                    seconds = time.perf_counter() - start
                    new = augmenter.sample(OTHERS, random_state=seed)
                row = {"set": name, "seed": seed, "n": n} | measured(other, new)
                row["fit, s"] = seconds if n else 0.0
                add_rows(RESULTS, [row])
                print(*row.values(), flush=True)
    page()


def page():
    """Write the table."""
    rows = pd.DataFrame(read_rows(RESULTS))
    means = rows.groupby(["set", "n"], sort=False).agg("mean").reset_index()
    means["seeds"] = rows.groupby(["set", "n"], sort=False).size().to_numpy()
    means["n"] = [n or "floor" for n in means["n"]]
    for column, digits in {
        "critic": 3,
        "Fréchet": 2,
        "coverage": 3,
        "fit, s": 0,
    }.items():
        means[column] = means[column].map(f"{{:.{digits}f}}".format)
    write(
        "reservoir.md",
        "# How many series are enough",
        __doc__.split("    LGTA_DATA")[0].split("\n\n", 1)[1].rstrip(),
        markdown(means.drop(columns="seed")),
    )


if __name__ == "__main__":
    main()
