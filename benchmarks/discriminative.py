"""Discriminative score on windows of three series, beside its floor.

The literature's protocol (Yoon et al., 2019): the generator learns all windows of the
series scaled to [0, 1] and as many samples are told from the same windows by a small
GRU; 0 cannot tell, 0.5 always can. The floor is what the critic scores on two
disjoint random halves of the real windows. Critics that are hard to fool stand beside
it: random convolutions, and boosted trees on the values and on their differences.
ETTh1 is also cut into longer windows, as Yuan and Qiao (2024, arXiv:2403.01742) do.

    LGTA_DATA=folder python benchmarks/discriminative.py --only Latent
    LGTA_DATA=folder python benchmarks/discriminative.py --only Diffusion --seeds 1

Each result is a line of docs/benchmarks/discriminative.jsonl, written at once, and what
is there is not run again. Writes docs/benchmarks/discriminative.md.
"""

import argparse
import time

import numpy as np
import pandas as pd
from _sets import sines
from _shared import (
    DOCS,
    add_rows,
    markdown,
    min_max,
    read_raw,
    read_rows,
    windows,
    write,
)
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score

from lgta_sklearn import DiffusionAugmenter, LatentAugmenter
from lgta_sklearn.metrics import discriminative_score

RESULTS = DOCS / "discriminative.jsonl"


def cut(name, length):
    """Return a function that reads all windows of a series."""
    return lambda: windows(min_max(read_raw(name)), length)


SETS = {
    "stocks": cut("raw_stocks_timegan.csv.gz", 24),
    "ETTh1": cut("raw_etth1.csv.gz", 24),
    "sines": sines,
} | {f"ETTh1, {n} steps": cut("raw_etth1.csv.gz", n) for n in (64, 128, 256)}
FLOOR = "floor: real, real"
GENERATORS = {
    "LatentAugmenter": LatentAugmenter,
    "DiffusionAugmenter": DiffusionAugmenter,
}
STRONG = "convolutions", "trees, values", "trees, differences"


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


def compared(real, synthetic, n_critics):
    """Return the scores of all critics."""
    critics = [
        discriminative_score(real, synthetic, critic="gru", random_state=seed)
        for seed in range(n_critics)
    ]
    strong = discriminative_score(real, synthetic, random_state=0)
    scores = [strong, *trees(real, synthetic, 0)]
    return {"GRU critic": critics, **dict(zip(STRONG, scores, strict=True))}


def scored(X, generator, seed, n_critics):
    """Return the scores of a generator, or of the floor, with the seconds it took."""
    if generator == FLOOR:
        half = np.random.default_rng(seed).permutation(len(X))
        return compared(*np.array_split(X[half], 2), n_critics)
    start = time.perf_counter()
    augmenter = GENERATORS[generator](random_state=seed, device="cpu").fit(X)
    fitted = time.perf_counter()
    samples = augmenter.sample(len(X), random_state=seed)
    seconds = {"fit, s": fitted - start, "sample, s": time.perf_counter() - fitted}
    return compared(X, samples, n_critics) | seconds


def page():
    """Write the page: a line for each set and generator."""
    rows = []
    frame = pd.DataFrame(read_rows(RESULTS))
    for (name, what), of_cell in frame.groupby(["set", "what"], sort=False):
        critics = np.concatenate(of_cell["GRU critic"].to_list())
        spread = f"{critics.mean():.3f} ({critics.min():.3f} to {critics.max():.3f})"
        seconds = {
            key: "" if what == FLOOR else f"{of_cell[key].median():.{digits}f}"
            for key, digits in (("fit, s", 0), ("sample, s", 1))
        }
        strong = {key: f"{of_cell[key].mean():.2f}" for key in STRONG}
        kind = {"data": name, "what": what, "seeds": len(of_cell)}
        rows.append({**kind, "GRU critic": spread, **strong, **seconds})
    table = pd.DataFrame(rows)
    place = table["data"].map(list(SETS).index)
    table = table.iloc[place.argsort(kind="stable")]
    write(
        "discriminative.md",
        "# Discriminative score",
        "`benchmarks/discriminative.py`: all windows of 24 steps (or as many as it "
        "says), |accuracy - 0.5| of the literature's GRU critic over the seeds of the "
        "generator and three of the critic: mean (smallest to largest). The columns of "
        "the strong critics are means. Seconds on one core, while another process "
        "worked on the other.",
        markdown(table),
        (DOCS / "discriminative_notes.md").read_text().rstrip(),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="of the generators")
    parser.add_argument("--critics", type=int, default=3)
    parser.add_argument("--only", default="", help="generators whose name has this")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    args = parser.parse_args()
    done = {tuple(row.values())[:3] for row in read_rows(RESULTS)}
    chosen = [name for name in GENERATORS if args.only in name]
    wanted = [(FLOOR, 0)] + [(g, seed) for g in chosen for seed in range(args.seeds)]
    for name in args.sets:
        for what, seed in wanted:
            if (name, what, seed) in done:
                continue
            row = scored(SETS[name](), what, seed, args.critics)
            add_rows(RESULTS, [{"set": name, "what": what, "seed": seed, **row}])
    page()


if __name__ == "__main__":
    main()
