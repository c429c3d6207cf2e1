"""Measure what turning one parameter at a time changes.

Half of a set is trained on, the other half unseen. The bound is the mean of `score` in
nats per series, the critic the strong one (0: cannot tell, .5: always can), seconds
are of one thread and rough.

    LGTA_DATA=folder python benchmarks/parameters.py

Writes docs/benchmarks/parameters.md and draws it; ``--draw`` only draws the page that
is there.
"""

import argparse
import re
import time

import numpy as np
import pandas as pd
from _sets import labelled
from _shared import DOCS, markdown, write

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import discriminative_score, near_duplicate_share

SETTINGS = {
    "the defaults": {},
    "latent_dim=4": {"latent_dim": 4},
    "latent_dim=8": {"latent_dim": 8},
    "latent_dim=32": {"latent_dim": 32},
    "hidden_dim=16": {"hidden_dim": 16},
    "hidden_dim=64": {"hidden_dim": 64},
    "beta=0.25": {"beta": 0.25},
    "beta=4": {"beta": 4.0},
    "backbone='transformer'": {"backbone": "transformer"},
    "backbone='lstm'": {"backbone": "lstm"},
    "latent='per_step'": {"latent": "per_step"},
    "density='mixture'": {"density": "mixture"},
    "noise='structured'": {"noise": "structured"},
    "noise=None": {"noise": None},
    "early_stopping=False": {"early_stopping": False},
}
MOST = 500
NAMES = ("ItalyPowerDemand", "Epilepsy")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draw", action="store_true")
    args = parser.parse_args()
    if args.draw:
        draw()
        return
    parts = []
    for name in NAMES:
        X, _, X_other, _ = labelled(name)
        pool = np.array(X + X_other)
        pool = pool[np.random.default_rng(0).permutation(len(pool))]
        n = min(len(pool) // 2, MOST)
        train, unseen = pool[:n], pool[n : 2 * n]
        rows = [_row(which, train, unseen, options, args.seeds)
                for which, options in SETTINGS.items()]  # fmt: skip
        parts += [
            f"## {name}",
            f"{n} series of {train.shape[1]} x {train.shape[2]}.",
            markdown(pd.DataFrame(rows)),
        ]
    write(
        "parameters.md",
        "# What turning one parameter changes",
        f"`benchmarks/parameters.py`: {args.seeds} seeds, mean ± standard deviation "
        "over seeds. One thread, other work on the machine: seconds are rough.",
        "![Bound and critic by setting](parameters.png)",
        *parts,
    )
    draw()


def draw():
    """Draw the bound and the critic of each setting from the page."""
    import matplotlib.pyplot as plt

    text = (DOCS / "parameters.md").read_text()
    figure, axes = plt.subplots(
        1, 2 * len(NAMES), figsize=(11, 4.6), sharey=True, layout="constrained"
    )
    for name, pair in zip(NAMES, axes.reshape(-1, 2), strict=True):
        section = text.split(f"## {name}")[1].split("## ")[0]
        cells = re.findall(
            r"^\| (.+?) \| (\S+) ± (\S+) \| (\S+) ± (\S+)", section, re.M
        )
        settings = [row[0] for row in cells]
        values = np.array([row[1:] for row in cells], dtype=float)
        panels = zip(pair, ("bound, nats", "strong critic"), values.T[::2],
                     values.T[1::2], ("#0072B2", "#D55E00"), strict=True)  # fmt: skip
        for ax, title, mean, spread, colour in panels:
            ax.errorbar(mean, settings, xerr=spread, fmt="o", color=colour, ms=5)
            ax.axvline(mean[0], color="0.7", zorder=0)
            ax.set(title=f"{name}\n{title}")
            ax.spines[["top", "right"]].set_visible(False)
        pair[1].set_xlim(0, 0.5)
    axes[0].invert_yaxis()
    figure.savefig(DOCS / "parameters.png", dpi=110)


def _row(which, train, unseen, options, n_seeds):
    values = []
    for seed in range(n_seeds):
        start = time.perf_counter()
        augmenter = LatentAugmenter(random_state=seed, **options).fit(train)
        seconds = time.perf_counter() - start
        made = augmenter.sample(len(unseen))
        values.append(
            (
                augmenter.score(unseen),
                discriminative_score(unseen, made, random_state=seed),
                100 * near_duplicate_share(train, made, X_holdout=unseen),
                seconds,
            )
        )
    means, spread = np.mean(values, axis=0), np.std(values, axis=0)
    names = ("bound, nats", "strong critic", "near-duplicates, %", "fit, s")
    row = {"": which} | {
        name: f"{mean:.{digits}f} ± {error:.{digits}f}"
        for name, mean, error, digits in zip(
            names, means, spread, (1, 3, 1, 1), strict=True
        )
    }
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
