"""Measure what fresh variations in every step do to a convolutional network.

A fully convolutional network (Wang et al., 2017, arXiv:1611.06455; 64, 128 and 64
channels, which is half of theirs) is trained for 1000 steps of 32 series with Adam and
a cosine schedule, on the official training part of labelled panels (at most 500
series, or ten of each class), and tested on at most 1000 series of the official test
part. All ways have the same number of steps and the same initial weights:

- real series alone;
- four fixed copies of `LatentAugmenter` for each real series, drawn once (a fifth of
  the series are real);
- `stream`: a half of each batch is varied anew, by `LatentAugmenter` with its defaults,
  or by `DirectAugmenter` with the same transformations on the values (`Mixup` with five
  neighbours), or with warped time and magnitude.

    LGTA_DATA=folder python benchmarks/fresh.py [--seeds N]

Adds what is missing to docs/benchmarks/fresh.jsonl, a line for each training; then
writes docs/benchmarks/fresh.md.
"""

import argparse
import time
import warnings
from itertools import islice

import numpy as np
import pandas as pd
import torch
from _sets import complete, labelled
from _shared import DOCS, add_rows, markdown, read_rows, write
from sklearn.metrics import accuracy_score
from torch import nn

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.transforms import (
    Compose,
    LinearDelta,
    MagnitudeWarp,
    Mixup,
    SomeOf,
    TimeWarp,
)

RESULTS = DOCS / "fresh.jsonl"
SETS = [
    "ItalyPowerDemand",
    "Chinatown",
    "GunPoint",
    "ArrowHead",
    "BasicMotions",
    "ECG200",
    "RacketSports",
    "Epilepsy",
    "ECG5000",
    "MelbournePedestrian",
    "FingerMovements",
    "BeijingPM25Days",
]
STEPS, BATCH, COPIES, MOST, MOST_TEST = 1000, 32, 4, 500, 1000


def real(X, y, seed):
    """Return batches of real series."""
    augmenter = DirectAugmenter().fit(X, y)
    return augmenter.stream(X, y, batch_size=BATCH, real_share=1, random_state=seed)


def copies(X, y, seed):
    """Return batches of real series and fixed copies."""
    augmenter = LatentAugmenter(random_state=seed).fit(X, y)
    varied, labels = augmenter.augment(X, y, n_copies=COPIES, random_state=seed)
    return real(np.concatenate([X, varied]), np.concatenate([y, labels]), seed)


def fresh(augmenter):
    """Return a function that returns batches of real and fresh series."""

    def batches(X, y, seed):
        fitted = augmenter(seed).fit(X, y)
        return fitted.stream(X, y, batch_size=BATCH, random_state=seed)

    return batches


def interpolated(seed):
    """Return the direct twin of the default."""
    ways = SomeOf([Mixup(n_neighbors=5), LinearDelta()], probabilities=[0.5, 1.0])
    return DirectAugmenter(ways, random_state=seed)


def warped(seed):
    """Return a direct augmenter of time and magnitude."""
    return DirectAugmenter(Compose([TimeWarp(), MagnitudeWarp()]), random_state=seed)


WAYS = {
    "real series": real,
    "fixed copies, latent": copies,
    "fresh, latent": fresh(lambda seed: LatentAugmenter(random_state=seed)),
    "fresh, direct twin": fresh(interpolated),
    "fresh, warped": fresh(warped),
}


def network(n_channels, n_classes):
    """Return a fully convolutional network."""
    layers, widths = [], (n_channels, 64, 128, 64)
    for i, kernel in enumerate((8, 5, 3)):
        layers += [
            nn.Conv1d(widths[i], widths[i + 1], kernel, padding="same"),
            nn.BatchNorm1d(widths[i + 1]),
            nn.ReLU(),
        ]
    pooled = [nn.AdaptiveAvgPool1d(1), nn.Flatten()]
    return nn.Sequential(*layers, *pooled, nn.Linear(widths[-1], n_classes))


def accuracy(batches, n_classes, X_test, y_test, seed):
    """Train a network on batches, and return its accuracy on the test part."""
    torch.manual_seed(seed)
    model = network(X_test.shape[1], n_classes).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for X, y in islice(batches, STEPS):
        loss = nn.functional.cross_entropy(
            model(torch.from_numpy(X).float()), torch.from_numpy(y)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        logits = model.eval()(torch.from_numpy(X_test).float())
    return accuracy_score(y_test, logits.argmax(dim=1).numpy())


def parts_of(name, seed, each):
    """Return the training and test part, standardised, with numbers of classes."""
    X, y, X_test, y_test = labelled(name)
    length = max(series.shape[1] for series in X)
    rng = np.random.default_rng(seed)
    some, tested = rng.permutation(len(X))[:MOST], rng.permutation(len(X_test))
    if each:
        drawn = [rng.permutation(np.flatnonzero(y == c))[:each] for c in np.unique(y)]
        some = np.concatenate(drawn)
    X, X_test = complete(X, length)[some], complete(X_test, length)[tested[:MOST_TEST]]
    mean, sd = X.mean(axis=(0, 2))[:, None], X.std(axis=(0, 2))[:, None]
    classes, numbers = np.unique(
        [*y[some], *y_test[tested[:MOST_TEST]]], return_inverse=True
    )
    X, X_test = (X - mean) / sd, (X_test - mean) / sd
    return X, numbers[: len(X)], X_test, numbers[len(X) :], len(classes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--each", type=int, help="series of each class; all if absent")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    keys = "set", "seed", "way", "each"
    done = {tuple(row[key] for key in keys) for row in read_rows(RESULTS)}
    for seed in range(args.seeds):
        for name in SETS:
            X, y, X_test, y_test, n_classes = parts_of(name, seed, args.each)
            for way, batches in WAYS.items():
                if (name, seed, way, args.each) in done:
                    continue
                start = time.perf_counter()
                score = accuracy(batches(X, y, seed), n_classes, X_test, y_test, seed)
                row = {"set": name, "seed": seed, "way": way, "n": len(X)}
                row |= {"each": args.each}
                row |= {"accuracy": score, "seconds": time.perf_counter() - start}
                add_rows(RESULTS, [row])
                print(name, seed, way, f"{score:.3f}", flush=True)
    page()


def page():
    """Write the tables."""
    rows = pd.DataFrame(read_rows(RESULTS))
    small = rows["each"].notna()
    tables = []
    for title, some in (
        ("The whole training part", rows[~small]),
        ("Ten series of each class", rows[small]),
    ):
        if len(some):
            tables += [f"## {title}", markdown(table_of(some))]
    write(
        "fresh.md",
        "# Fresh variations in a training loop",
        __doc__.split("    LGTA_DATA")[0].split("\n\n", 1)[1].rstrip(),
        "Accuracy on real series in percent, and the gain in points of the same "
        "network otherwise. After ±: the standard error of the mean over sets.",
        *tables,
    )


def table_of(rows):
    """Return the gains of each set, and their means."""
    means = rows.pivot_table(index="set", columns="way", values="accuracy", sort=False)
    gains = 100 * means.sub(means["real series"], axis=0).drop(columns="real series")
    groups = rows.groupby("set", sort=False)
    table = pd.DataFrame({"series": groups["n"].first()})
    table["seeds"] = groups["seed"].nunique()
    table["real series"] = (100 * means["real series"]).map("{:.1f}".format)
    last = {"set": "**mean**"}
    for way in gains:
        table[way] = gains[way].map("{:+.1f}".format)
        # of a set the mean over seeds; the error is that over sets
        error = gains[way].std() / np.sqrt(len(gains))
        last[way] = f"**{gains[way].mean():+.2f}** ± {error:.2f}"
    table = table.reset_index().astype({"series": str, "seeds": str})
    return pd.concat([table, pd.DataFrame([last])]).fillna("")


if __name__ == "__main__":
    main()
