"""Measure whether levels are drawn where series have them, also where channels drift.

Windows of one long series, and of walks that drift together (see `_sets.py`), are
learned; samples are compared with other windows of the same stretches (the twin). The
rows of a set are `real windows`, which are the training windows in the place of
samples; samples whose levels, log-scales and codes are moved within one neighbourhood,
as before; and the default, in which levels and log-scales have neighbourhoods of their
own if the distances between rows show that they need them. The network is the same in
both. Near-copies are counted among the samples, and among the windows of the twin:
those lie between the training windows in time, so that samples of the same
distribution come as near.

    LGTA_DATA=folder python benchmarks/levels.py

Writes docs/benchmarks/levels.md.
"""

import argparse

import numpy as np
import pandas as pd
from _sets import DRIFTING, SETS, parts
from _shared import markdown, write

from lgta_sklearn import LatentAugmenter, metrics
from lgta_sklearn.density import LocalDensity

MOST = 1500  # series of each part that are compared
REAL, TWIN = "real windows", "real windows of the twin"
DENSITIES = {
    "one neighbourhood": LocalDensity(blocks=()),
    "the default": "auto",
}
PLAUSIBLE = [
    f"{measure}, {what}"
    for what in ("levels", "series")
    for measure in ("coverage", "precision")
]
OTHERS = ["critic", "Fréchet"]
PRIVATE = ["near-copies", "NN ratio", "membership AUC"]


def thin(X, n):
    return X[np.random.default_rng(0).permutation(len(X))[:n]]


def levels(X):
    """Return the mean of each channel as a series of one time point."""
    return X.mean(axis=2, keepdims=True)


def realism(twin, samples):
    """Return how well samples stand in for the windows of the twin."""
    row = {}
    for what, of in (("levels", levels), ("series", np.asarray)):
        for measure in (metrics.coverage, metrics.precision):
            score = measure(of(twin), of(samples), random_state=0)
            row[f"{measure.__name__}, {what}"] = score
    row["critic"] = metrics.discriminative_score(twin, samples, random_state=0)
    row["Fréchet"] = metrics.frechet_distance(twin, samples, random_state=0)
    return row


def memory(train, samples, unseen):
    """Return how near samples are to the training windows."""
    scores = (
        metrics.near_duplicate_share(train, samples, X_holdout=unseen),
        metrics.nearest_neighbour_ratio(train, samples, X_holdout=unseen),
        metrics.membership_auc(train, samples, X_holdout=unseen),
    )
    return dict(zip(PRIVATE, scores, strict=True))


def measured(name, seeds):
    """Yield the set, what is compared, its neighbours and its scores."""
    every = parts(name)
    n = min(MOST, *map(len, every))
    train, twin, unseen = (thin(X, n) for X in every)
    yield name, REAL, "", realism(twin, train)
    yield name, TWIN, "", memory(train, twin, unseen)
    for seed in range(seeds):
        for which, density in DENSITIES.items():
            augmenter = LatentAugmenter(
                density=density, random_state=seed, device="cpu"
            ).fit(every[0])
            samples = thin(augmenter.sample(len(every[0]), random_state=seed), n)
            neighbors = augmenter.density_.by_class_[0].block_neighbors_
            chosen = " and ".join(map(str, neighbors)) if any(neighbors) else "none"
            scores = realism(twin, samples) | memory(train, samples, unseen)
            yield name, which, chosen, scores


def table(rows):
    """Return the means over the seeds, and half the range."""
    lines = []
    for (name, which), own in rows.groupby(["set", "windows"], sort=False):
        line = {"set": name, "windows": which}
        line["own neighbours"] = "; ".join(dict.fromkeys(own["own neighbours"]))
        for column in PLAUSIBLE + OTHERS + PRIVATE:
            scores = own[column].to_numpy(float)
            spread = (scores.max() - scores.min()) / 2
            text = f"{scores.mean():.3f}" + f" ± {spread:.3f}" * (len(scores) > 1)
            line[column] = "" if np.isnan(scores).any() else text
        lines.append(line)
    return pd.DataFrame(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=[*DRIFTING, *SETS])
    args = parser.parse_args()
    rows = []
    for name in args.sets:
        for *labels, scores in measured(name, args.seeds):
            keys = ("set", "windows", "own neighbours")
            rows.append(dict(zip(keys, labels, strict=True)) | scores)
            print(rows[-1], flush=True)
    shown = table(pd.DataFrame(rows))
    columns = ["set", "windows"]
    write(
        "levels.md",
        "# Levels that drift",
        __doc__.split("\n\n")[1],
        f"`benchmarks/levels.py`: {args.seeds} seeds, means ± half the range. Coverage "
        "and precision: 1 is best, and what real windows have is all that can be "
        "expected. Own neighbours: the number for levels and for log-scales, 0 for a "
        "block that has none of its own. If both have none, the samples are the same. "
        "Drift: eight walks whose steps have a correlation of 0.9. The rule that "
        "chooses was tuned on these sets.",
        "## Are samples where series are?",
        "Critic: 0 is best, 0.5 always tells.",
        markdown(
            shown.loc[
                shown["windows"] != TWIN,
                [*columns, "own neighbours", *PLAUSIBLE, *OTHERS],
            ]
        ),
        "## Are they copies?",
        "NN ratio: 1 is best for series that do not overlap. "
        "Windows that overlap (all but sines, Beijing and ECG5000) are near to others "
        "of their stretch, so that the twin is the standard for them.",
        markdown(shown.loc[shown["windows"] != REAL, [*columns, *PRIVATE]]),
    )


if __name__ == "__main__":
    main()
