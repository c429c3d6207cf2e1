"""Which generator for which data: few series, long series, shared series, growth.

    LGTA_DATA=folder python benchmarks/families.py [--parts few lengths] [--only NAME]

Measures what other benchmarks do not: **few** series (10, 25 and 50, or 5, 10 and 15 %
of a training part, the protocol of ImagenFew, Gonen et al., 2025, arXiv:2505.20446)
and windows of ETTh1 of **lengths** from 24 to 256. Each generator is fitted with its
defaults; 500 samples are compared with 500 other real series of the same distribution
and, for memorisation, with 500 unseen ones (`_sets.py` explains these parts).

Each result is a line of docs/benchmarks/families.jsonl, written at once, and what is
there is not run again. Writes docs/benchmarks/families.md and its figure, from these
rows and from those of generation, privacy and uplift.
"""

import argparse
import time
import warnings
from itertools import product

import numpy as np
from _families_page import write_page
from _generators import GENERATORS
from _sets import in_stretches, parts
from _shared import DOCS, add_rows, read_raw, read_rows
from generation import MEASURES, PRIVATE, thin

RESULTS = DOCS / "families.jsonl"
FLOOR = "floor: all training series"
FEW = (10, 25, 50, "5 %", "10 %", "15 %")
FEW_SETS = ("sines", "ETTh1", "stocks", "ECG5000")
LENGTHS = (64, 128, 256)  # 24 is in the generation benchmark
MOST = 500
COMPARED = [
    "LatentAugmenter, cnn_gru",
    "Gaussian",
    "SMOTE",
    "jitter",
    "Markov bootstrap",
    "synforecast",
    "DirectAugmenter",
    "LatentAugmenter, transformer",
    "LatentAugmenter, lstm",
    "DiffusionAugmenter",
    "LatentAnonymizer",
    "AdversarialAugmenter",
]
QUALITY = ("critic", "GRU critic", "Fréchet", "precision", "coverage")


def few(train, size, seed):
    """Return a few training series."""
    n = size
    if isinstance(size, str):
        n = round(len(train) * float(size.removesuffix(" %")) / 100)
    return train[np.random.default_rng(seed).permutation(len(train))[:n]]


def long_windows(length):
    """Return the parts train, twin and unseen of windows of a length."""
    train, unseen = in_stretches(read_raw("raw_etth1.csv.gz"), length)
    order = np.random.default_rng(0).permutation(len(train))
    twin = train[order[len(train) // 2 :]]
    return train[np.sort(order[: len(train) // 2])], twin, unseen


def cells(which):
    """Yield the name, the size and a function for the parts of each cell."""
    if "few" in which:
        for size, name in product(FEW, FEW_SETS):
            yield name, size, lambda name=name: parts(name)
    if "lengths" in which:
        for length in LENGTHS:
            yield f"ETTh1, {length}", None, lambda length=length: long_windows(length)


def measure(train, twin, unseen, samples):
    """Return the measures of samples."""
    twin, unseen, samples = (thin(X, MOST) for X in (twin, unseen, samples))
    row = {name: MEASURES[name](twin, samples, random_state=0) for name in QUALITY}
    for name, f in PRIVATE.items():
        row[name] = f(train, samples, X_holdout=unseen)
    return {name: float(value) for name, value in row.items()}


def run(generator, train, twin, unseen, seed):
    """Return the row of one generator."""
    if generator == FLOOR:
        return {"n": len(train), **measure(train, twin, unseen, train)}
    start = time.perf_counter()
    draw, n_parameters = GENERATORS[generator](train, seed, 40)
    fitted = time.perf_counter()
    samples = np.asarray(draw(MOST), dtype=float)
    done = time.perf_counter()
    return {
        "n": len(train),
        "fit, s": fitted - start,
        "series/s": MOST / (done - fitted),
        "parameters": n_parameters,
        **measure(train, twin, unseen, samples),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="*", default=["few", "lengths"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--sizes", nargs="*", default=[str(size) for size in FEW])
    parser.add_argument("--only", nargs="*", default=[FLOOR, *COMPARED])
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    done = {tuple(row[k] for k in KEYS) for row in read_rows(RESULTS)}
    for seed, generator in product(args.seeds, args.only):
        floor = generator == FLOOR
        if (floor and seed) or not (floor or generator in GENERATORS):
            continue
        for name, size, load in cells(args.parts):
            key = name, "all" if floor and size else size, generator, seed
            left_out = size is not None and not floor and str(size) not in args.sizes
            if key in done or left_out:
                continue
            train, twin, unseen = load()
            if size and not floor:
                train = few(train, size, seed)
            row = dict(zip(KEYS, key, strict=True))
            row |= run(generator, train, twin, unseen, seed)
            add_rows(RESULTS, [row])
            done.add(key)
            print(key, f"{row['critic']:.3f} {row['coverage']:.3f}", flush=True)
    write_page()


KEYS = ("set", "size", "generator", "seed")

if __name__ == "__main__":
    main()
