"""Control, character and realism of variations at a matched strength.

    LGTA_DATA=data python benchmarks/controllability.py

needs the panels TourismQuarterly, TourismMonthly and ECG200 and the stocks of the
generation literature; about an hour on one core. Writes docs/benchmarks/
controllability.md.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from _sets import panel
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

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.metrics import (
    frechet_distance,
    monotone_share,
    signature_distance,
    strength_correlation,
    wasserstein,
)
from lgta_sklearn.networks.backbones import CNNGRU
from lgta_sklearn.training.nets import AugmenterNet
from lgta_sklearn.transforms import (
    Drift,
    Jitter,
    MagnitudeWarp,
    Mixup,
    PosteriorNoise,
    Scaling,
    TimeWarp,
    Trend,
)

STRENGTHS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
AT, DRAWS = 0.3, 3  # strength and draws of signatures and distances to the real set
TRANSFORMATIONS = [
    Jitter(),
    Scaling(),
    MagnitudeWarp(),
    TimeWarp(),
    Drift(),
    Trend(),
    Mixup(),
    PosteriorNoise(),
]
SETS = {
    "TourismQuarterly": lambda: panel("TourismQuarterly")["X"].astype(float),
    "TourismMonthly": lambda: panel("TourismMonthly")["X"].astype(float),
    "stocks": lambda: windows(min_max(read_raw("raw_stocks_timegan.csv.gz")), 24)[::2],
    "ECG200": lambda: panel("ECG200")["X"].astype(float),
}
OURS = "codes per step, equivariance"
COSTLY = "codes per time point, equivariance"  # one seed has to do
VARIANTS = {
    OURS: {"latent": "per_step"},
    "codes per step": {
        "latent": "per_step",
        "net": AugmenterNet(criterion__equivariance=0.0),
    },
    "one code": {},
    "codes per step, equivariance, attention": {
        "latent": "per_step",
        "backbone": "transformer",
    },
    COSTLY: {
        "latent": "per_step",
        "backbone": partial(CNNGRU, stride=1),
    },
}


def name_of(transformation):
    return type(transformation).__name__


def set_to(augmenter, transformation):
    """Return an augmenter with a transformation; noise stands in for a posterior's."""
    direct = isinstance(augmenter, DirectAugmenter)
    if direct and isinstance(transformation, PosteriorNoise):
        transformation = Jitter()
    return augmenter.set_params(transformation=transformation)


def distances(X, varied):
    """Return root mean squares, in units of each series' own deviation."""
    unit = X.std(axis=2, keepdims=True)
    moved = (varied - X) / np.where(unit > 0, unit, 1.0)
    return np.sqrt((moved**2).mean(axis=(1, 2)))


def control(augmenter, X):
    """Return rank correlations and monotonicity, with fresh random numbers or not."""
    fresh = [augmenter.augment(X, strength=s, random_state=k) for k, s in RUNS]
    same = [augmenter.augment(X, strength=s, random_state=0) for s in STRENGTHS]
    curve = np.array([distances(X, varied).mean() for varied in fresh])
    values = np.array([wasserstein(X, varied) for varied in same])
    rows = np.array([distances(X, varied) for varied in same])
    return {
        "rank correlation": strength_correlation(STRENGTHS, curve),
        "monotone": monotone_share(STRENGTHS, curve),
        "rank correlation of values": strength_correlation(STRENGTHS, values),
        "rank correlation by series": strength_correlation(STRENGTHS, rows),
        "monotone by series": monotone_share(STRENGTHS, rows),
        "share at .3": curve[STRENGTHS.index(AT)],
    }


RUNS = list(enumerate(STRENGTHS))


def realism(augmenter, X, seed):
    """Return distances to the real set."""
    found = []
    for draw in range(DRAWS):
        varied = augmenter.augment(X, strength=AT, random_state=100 * seed + draw)
        frechet = frechet_distance(X, varied, random_state=draw)
        found.append((wasserstein(X, varied), frechet))
    return dict(zip(("wasserstein", "frechet"), np.mean(found, axis=0), strict=True))


def rows_of(set_name, variant, seed, direct):
    """Yield a row per transformation."""
    X = SETS[set_name]()
    start = time.perf_counter()
    is_direct = variant == "direct"
    augmenter = direct
    if not is_direct:
        augmenter = LatentAugmenter(random_state=seed, **VARIANTS[variant]).fit(X)
    seconds = time.perf_counter() - start
    for transformation in TRANSFORMATIONS:
        try:
            varied = set_to(augmenter, transformation).augment(
                X, strength=AT, random_state=seed
            )
        except ValueError:  # one code has no time axis
            continue
        row = {
            "set": set_name,
            "variant": variant,
            "seed": seed,
            "transformation": name_of(transformation),
            "fit": seconds,
        }
        if variant in (OURS, "direct") or seed == 0:
            row |= control(augmenter, X)
        if variant in (OURS, "direct"):
            row |= realism(augmenter, X, seed)
        if not is_direct:
            twin = set_to(direct, transformation).augment(
                X, strength=AT, random_state=seed
            )
            row["signature"] = signature_distance(X, varied, twin)
        yield row


def floor_of(X):
    """Return distances between two random halves of the real series."""
    order = np.random.default_rng(0).permutation(len(X))
    one, other = np.array_split(X[order], 2)
    return wasserstein(one, other), frechet_distance(one, other, random_state=0)


def measured(path, n_seeds):
    """Measure what is not in a file of rows yet."""
    done = read_rows(path)
    have = {(row["set"], row["variant"], row["seed"]) for row in done}
    for seed in range(n_seeds):
        for set_name, make in SETS.items():
            direct = DirectAugmenter(random_state=seed).fit(make())
            for variant in ("direct", *VARIANTS):
                if (set_name, variant, seed) in have or (seed and variant == COSTLY):
                    continue
                rows = list(rows_of(set_name, variant, seed, direct))
                add_rows(path, rows)
                print(set_name, variant, seed, round(rows[0]["fit"]), "s", flush=True)
                done += rows
    return pd.DataFrame(done)


def with_twin(frame):
    """Return the rows of ours with the realism of the direct twins beside."""
    keys = ["set", "transformation", "seed"]
    ours, direct = (frame[frame["variant"] == v] for v in (OURS, "direct"))
    return ours.merge(direct, on=keys, suffixes=("", " direct"))


def tables(frame):
    """Return the tables of the page."""
    names = [name_of(t) for t in TRANSFORMATIONS]
    twins = [name for name in names if name != "PosteriorNoise"]
    latent = frame[frame["variant"] == OURS]
    kinds = ["rank correlation", "monotone", "rank correlation of values"]
    by_series = ["rank correlation by series", "monotone by series", "share at .3"]
    worst = latent.groupby("transformation")[[*kinds, *by_series[:2]]].min()
    share = latent.groupby("transformation")["share at .3"].agg(["min", "max"])
    worst["distance at .3"] = [f"{a:.2f} to {b:.2f}" for a, b in share.to_numpy()]
    control_table = worst.loc[names].round(3).reset_index()
    signatures = frame[frame["transformation"].isin(twins)].pivot_table(
        index=["variant", "set"], columns="transformation", values="signature"
    )[twins]
    signatures["mean"] = signatures.mean(axis=1)
    spread = frame[frame["transformation"].isin(twins)]
    seeds = spread.groupby(["variant", "set", "seed"])["signature"].mean()
    signatures["sd of seeds"] = seeds.groupby(level=[0, 1]).std()
    both = with_twin(frame)
    cells = []
    for (set_name, name), rows in both.groupby(["set", "transformation"], sort=False):
        cell = {"set": set_name, "transformation": name}
        for measure in ("wasserstein", "frechet"):
            a, b = rows[measure], rows[f"{measure} direct"]
            cell[measure] = f"{a.mean():.4f} ± {a.std():.4f}"
            cell[f"{measure} direct"] = f"{b.mean():.4f} ± {b.std():.4f}"
            cell[f"{measure} lower"] = a.mean() < b.mean()
        cells.append(cell)
    cells = pd.DataFrame(cells)
    cells["both lower"] = cells["wasserstein lower"] & cells["frechet lower"]
    wins = cells.groupby("transformation")[
        ["wasserstein lower", "frechet lower", "both lower"]
    ].sum()
    shown = cells.drop(columns=["wasserstein lower", "frechet lower"])
    shown["both lower"] = shown["both lower"].map({True: "yes", False: "no"})
    first = frame[frame["seed"] == 0].groupby("variant")[kinds].min()
    first = first.round(3).reset_index()
    signatures = signatures.round(2)
    signatures["sd of seeds"] = signatures["sd of seeds"].fillna("one seed")
    return control_table, first, signatures.reset_index(), shown, wins.loc[names]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=Path, default=DOCS / "controllability.jsonl")
    args = parser.parse_args()
    frame = measured(args.rows, args.seeds)
    control_table, first, signatures, cells, wins = tables(frame)
    floors = pd.DataFrame(
        [[name, *np.round(floor_of(make()), 4)] for name, make in SETS.items()],
        columns=["set", "wasserstein", "frechet"],
    )
    overall = signatures.groupby("variant")[["mean"]].mean().round(3).reset_index()
    notes = DOCS / "controllability_notes.md"
    write(
        "controllability.md",
        notes.read_text() if notes.exists() else "# Controllability",
        "## Strength: the worst of four sets and all seeds",
        markdown(control_table),
        "The worst of all transformations and sets, by variant, one seed:",
        markdown(first),
        "## Signature: distance to the direct twin at strength .3",
        markdown(overall),
        markdown(signatures.fillna("no time axis")),
        "## Realism: distance to the real set at strength .3",
        markdown(wins.reset_index()),
        markdown(cells),
        "Between two random halves of the real series:",
        markdown(floors),
    )


if __name__ == "__main__":
    main()
