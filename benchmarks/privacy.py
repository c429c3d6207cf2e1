"""Measure how much of the training series samples and variations give away.

From a pool of series n are trained on; the measures compare with as many unseen ones.
The floor is what other unseen series score in the place of the synthetic ones.

    LGTA_DATA=folder python benchmarks/privacy.py

Writes docs/benchmarks/privacy.md.
"""

import argparse

import numpy as np
import pandas as pd
from _sets import labelled
from _shared import markdown, write
from sklearn.covariance import LedoitWolf

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import (
    discriminative_score,
    membership_auc,
    near_duplicate_share,
    nearest_neighbour_ratio,
)

SIZES = (50, 200, 500)
DRAWS = 5  # times as many samples, since near-duplicates are rare


def latent(**options):
    """Return a function that samples after training on some series."""

    def sampled(X, n, seed):
        augmenter = LatentAugmenter(random_state=seed, **options).fit(X)
        return augmenter.sample(DRAWS * n)

    return sampled


def varied(X, n, seed):
    """Return variations of the series themselves."""
    return LatentAugmenter(random_state=seed).fit(X).augment(X, n_copies=DRAWS)


def gaussian(X, n, seed):
    """Return draws from one Gaussian with a shrunken covariance."""
    rows = X.reshape(len(X), -1)
    fitted = LedoitWolf().fit(rows)
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal(fitted.location_, fitted.covariance_, DRAWS * n)
    return drawn.reshape(-1, *X.shape[1:])


GENERATORS = {
    "sample (the default)": latent(),
    "sample, noise='structured'": latent(noise="structured"),
    "sample, noise=None": latent(noise=None),
    "sample, density='normal', noise='structured'": latent(
        density="normal", noise="structured"
    ),
    "augment (the default)": varied,
    "one Gaussian, for comparison": gaussian,
}


def measured(train, unseen, synthetic, other, seed):
    """Return the measures of a synthetic set."""
    near = {"X_holdout": unseen}
    duplicates = near_duplicate_share(train, synthetic, **near)
    synthetic = synthetic[: len(train)]
    return (
        100 * duplicates,
        nearest_neighbour_ratio(train, synthetic, **near),
        membership_auc(train, synthetic, **near),
        discriminative_score(other, synthetic, random_state=seed),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    rows = []
    for name in ("ItalyPowerDemand", "ECG5000"):
        X, _, X_other, _ = labelled(name)
        pool = np.array(X + X_other)
        for n in SIZES:
            scores = {which: [] for which in ["floor", *GENERATORS]}
            n_compared = min(n, (len(pool) - n) // 3)
            for seed in range(args.seeds):
                order = np.random.default_rng(seed).permutation(len(pool))
                train, rest = np.split(pool[order], [n])
                unseen, other, floor = (
                    rest[i * n_compared : (i + 1) * n_compared] for i in range(3)
                )
                made = {which: f(train, n, seed) for which, f in GENERATORS.items()}
                for which, synthetic in {"floor": floor, **made}.items():
                    values = measured(train, unseen, synthetic, other, seed)
                    scores[which].append(values)
            for which, values in scores.items():
                means, low, high = (
                    f(values, axis=0) for f in (np.mean, np.min, np.max)
                )
                row = [
                    f"{mean:.{digits}f} ({a:.{digits}f} to {b:.{digits}f})"
                    for mean, a, b, digits in zip(
                        means, low, high, (0, 2, 2, 2), strict=True
                    )
                ]
                rows.append([name, n, which, *row])
                print(rows[-1], flush=True)
    columns = [
        "set",
        "n",
        "series",
        "near-duplicates, % (1 by chance)",
        "nearest neighbour ratio (1)",
        "membership AUC (0.5)",
        "strong critic (0)",
    ]
    write(
        "privacy.md",
        "# What samples and variations give away",
        f"`benchmarks/privacy.py`: {args.seeds} seeds, mean (smallest to largest). "
        "Each seed draws n series to train on and as many unseen ones. The floor is "
        "the score of other unseen series in place of the samples. Near-duplicates "
        f"are counted among {DRAWS} n samples, the other measures take n of them; "
        "[reading the measures](../measures.md) explains them. The rule that chooses "
        "the blend of the default noise was tuned on these sets.",
        markdown(pd.DataFrame(rows, columns=columns)),
    )


if __name__ == "__main__":
    main()
