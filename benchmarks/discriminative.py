"""Discriminative score on 24-step windows of three sets, beside its floor.

The literature's protocol (Yoon et al., 2019): the generator learns all windows of the
series scaled to [0, 1] and as many samples are told from the same windows by a small
GRU; 0 cannot tell, 0.5 always can. The floor is what the critic scores on two
disjoint random halves of the real windows. Critics that are hard to fool stand beside
it: random convolutions, and boosted trees on the values and on their differences.

    LGTA_DATA=folder python benchmarks/discriminative.py

Writes docs/benchmarks/discriminative.md.
"""

import argparse
import time

import numpy as np
import pandas as pd
from _sets import sines
from _shared import markdown, min_max, read_raw, windows, write
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import discriminative_score

SETS = {
    "stocks": lambda: windows(min_max(read_raw("raw_stocks_timegan.csv.gz")), 24),
    "ETTh1": lambda: windows(min_max(read_raw("raw_etth1.csv.gz")), 24),
    "sines": sines,
}


def trees(real, synthetic, seed, n=2500):
    """Return |accuracy - 0.5| of boosted trees on values and on differences."""
    rng = np.random.default_rng(seed)
    a, b = (X[rng.permutation(len(X))[:n]] for X in (real, synthetic))
    X, y = np.concatenate([a, b]), np.repeat([1, 0], [len(a), len(b)])
    scores = []
    for features in (X, np.diff(X, axis=2)):
        critic = HistGradientBoostingClassifier(max_iter=60, random_state=0)
        flat = features.reshape(len(features), -1)
        scores.append(cross_val_score(critic, flat, y, cv=3).mean() - 0.5)
    return np.abs(scores)


def compare(real, synthetic, args):
    critics = [
        discriminative_score(real, synthetic, critic="gru", random_state=seed)
        for seed in range(args.critics)
    ]
    strong = discriminative_score(real, synthetic, random_state=0)
    return np.array(critics), [strong, *trees(real, synthetic, 0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generators", type=int, default=3)
    parser.add_argument("--critics", type=int, default=3)
    parser.add_argument("--backbone", default="cnn_gru")
    args = parser.parse_args()
    rows = []
    for name, read in SETS.items():
        X = read()
        half = np.random.default_rng(0).permutation(len(X))
        critics, by_trees = compare(*np.array_split(X[half], 2), args)
        rows.append(_row(name, "floor: real, real", critics, [by_trees]))
        critics, by_trees, seconds, draws = [], [], [], []
        for seed in range(args.generators):
            start = time.perf_counter()
            augmenter = LatentAugmenter(args.backbone, random_state=seed, device="cpu")
            augmenter.fit(X)
            seconds.append(time.perf_counter() - start)
            start = time.perf_counter()
            samples = augmenter.sample(len(X), random_state=seed)
            draws.append(time.perf_counter() - start)
            scores = compare(X, samples, args)
            critics.append(scores[0])
            by_trees.append(scores[1])
        label = f"LatentAugmenter({args.backbone!r})"
        rows.append(_row(name, label, critics, by_trees, seconds=seconds, draws=draws))
        print(rows[-2:], flush=True)
    table = pd.DataFrame(rows)
    write(
        f"discriminative_{args.backbone}.md",
        f"# Discriminative score, {args.backbone}",
        "`benchmarks/discriminative.py`: windows of 24 steps, |accuracy - 0.5| "
        f"of the literature's GRU critic over {args.generators} generator seeds x "
        f"{args.critics} critic seeds: mean (smallest to largest). "
        "The strong critics' columns are means. Seconds on one core.",
        markdown(table),
    )


def _row(name, what, critics, by_trees, *, seconds=(), draws=()):
    critics = np.asarray(critics)
    low, high = critics.min(), critics.max()
    strong, values, differences = np.mean(by_trees, axis=0)
    return {
        "data": name,
        "what": what,
        "GRU critic": f"{critics.mean():.3f} ({low:.3f} to {high:.3f})",
        "convolutions": f"{strong:.2f}",
        "trees, values": f"{values:.2f}",
        "trees, differences": f"{differences:.2f}",
        "fit, s": f"{np.median(seconds):.0f}" if seconds else "",
        "sample, s": f"{np.median(draws):.1f}" if draws else "",
    }


if __name__ == "__main__":
    main()
