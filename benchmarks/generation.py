"""Compare generators of series side by side: quality, diversity, memorisation.

Six sets in three parts each (see `_sets.py`); every generator learns the first part on
one core and draws as many series; three seeds (one on the longer panels, two of
`AdversarialAugmenter` on stocks and sines, one of the networks it is compared with, of
`LatentAnonymizer`, of `DirectAugmenter` and of rejection sampling on white noise).
The networks of pythae and tsgm train for the whole budget (40 seconds in the table),
ours for as long as their defaults take, which is the figure in the column "fit, s":
other work ran beside them. Distributions are compared with the second part,
memorisation is measured by the third. pythae is used if it is installed (one fit serves
its two samplers); tsgm wants an older pandas, so that the script is run once more in an
environment of its own (`--only tsgm`). Both are used as they come, with 16 latent
dimensions.

    LGTA_DATA=folder python benchmarks/generation.py

Each result is a line of docs/benchmarks/generation.jsonl, written at once, and what is
there is not run again. Writes docs/benchmarks/generation.md.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from _generators import GENERATORS
from _sets import LONGER, SETS, parts
from _shared import DOCS, add_rows, markdown, read_rows, write
from sklearn.linear_model import Ridge

from lgta_sklearn import metrics

RESULTS = DOCS / "generation.jsonl"
FLOORS = TRAINING, NEW = "floor: training series", "floor: new series"
OURS = "LatentAugmenter, cnn_gru"
NOT_OTHERS = (
    "LatentA",
    "DiffusionAugmenter",
    "AdversarialAugmenter",
    "DirectAugmenter",
    "floor",
)
COPY = 0.9  # nearer to the training series than new series are, which a floor says
LONGEST = 500  # time points
MOST = 1500  # series of each part that are compared
MEASURES = {
    "critic": metrics.discriminative_score,
    "GRU critic": lambda a, b, **seed: metrics.discriminative_score(
        a, b, critic="gru", **seed
    ),
    "Fréchet": metrics.frechet_distance,
    "predictive": lambda a, b, **seed: metrics.predictive_score(
        a, b, model=Ridge(), **seed
    ),
    "Wasserstein": metrics.wasserstein,
    "KS": metrics.ks_distance,
    "ACF": metrics.autocorrelation_distance,
    "cross-corr.": metrics.cross_correlation_distance,
    "spectrum": metrics.spectrum_distance,
    "MMD": metrics.mmd,
    "precision": metrics.precision,
    "recall": metrics.recall,
    "density": metrics.density,
    "coverage": metrics.coverage,
    "diversity": metrics.internal_diversity,
}
PRIVATE = {
    "NN ratio": metrics.nearest_neighbour_ratio,
    "near-dupl.": metrics.near_duplicate_share,
    "member AUC": metrics.membership_auc,
}
OF_LONGER = (
    "Panels with their official parts: the training part is learnt, and the test part "
    "is what samples are compared with, in distribution and in memorisation. "
    "RacketSports has 151 series of 6 channels and 30 time points, Epilepsy 137 (3, "
    "206), TourismMonthly 156 (1, 264), HouseTwenty 40 (1, 2000)."
)
# |accuracy - 0.5| of the GRU critic against all windows, from the papers
PUBLISHED = [
    ("TimeGAN (Yoon et al., 2019)", 0.102, 0.114, 0.011),
    ("TimeVAE (Desai et al., 2021)", 0.145, 0.209, 0.041),
    ("Diffusion-TS (Yuan and Qiao, 2024)", 0.067, 0.061, 0.006),
    ("FM-TS (Hu et al., 2024)", 0.019, 0.011, 0.005),
]


def thin(X, n):
    return X[np.random.default_rng(0).permutation(len(X))[:n]]


def measure(train, twin, unseen, samples):
    """Return every measure of samples."""
    n = min(MOST, len(train), len(twin), len(unseen))
    train, twin, unseen, samples = (thin(X, n) for X in (train, twin, unseen, samples))
    _, n_channels, n_timepoints = train.shape
    left_out = {
        "cross-corr.": n_channels == 1,
        "GRU critic": n_timepoints > LONGEST,  # which would take an hour
    }
    row = {
        name: np.nan if left_out.get(name) else f(twin, samples, random_state=0)
        for name, f in MEASURES.items()
    }
    row = {name: float(value) for name, value in row.items()}
    return row | private(train, unseen, samples)


def private(train, unseen, samples):
    """Return the measures of memorisation."""
    n = min(MOST, len(train), len(unseen), len(samples))
    train, unseen, samples = (thin(X, n) for X in (train, unseen, samples))
    return {
        name: float(f(train, samples, X_holdout=unseen)) for name, f in PRIVATE.items()
    }


def run(name, generator, seed, budget):
    """Return the row of one generator of one seed."""
    train, twin, unseen = parts(name)
    if generator == TRAINING:
        return measure(train, twin, unseen, train)
    if generator == NEW:  # what others are compared with: only their memorisation
        return dict.fromkeys(MEASURES, np.nan) | private(train, unseen, twin)
    start = time.perf_counter()
    draw, n_parameters = GENERATORS[generator](train, seed, budget)
    fitted = time.perf_counter()
    samples = draw(len(train))
    done = time.perf_counter()
    return {
        "fit, s": fitted - start,
        "series/s": len(train) / (done - fitted),
        "parameters": n_parameters,
        **measure(train, twin, unseen, np.asarray(samples, dtype=float)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=40.0, help="seconds per fit")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="generators whose name has this")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    done = {(row["set"], row["generator"], row["seed"]) for row in read_rows(RESULTS)}
    for seed in range(args.seeds):
        for name in args.sets:
            for generator in [*FLOORS, *GENERATORS]:
                key = name, generator, seed
                floor_again = generator.startswith("floor") and seed
                if key in done or floor_again or args.only not in generator:
                    continue
                row = run(name, generator, seed, args.budget)
                row |= {"set": name, "generator": generator, "seed": seed}
                add_rows(RESULTS, [row])
                print(key, f"{row['critic']:.3f} {row['Fréchet']:.3f}", flush=True)
    page()


def summary(rows):
    """Return the first LatentAugmenter beside the best others, and the best copies."""
    lines = []
    for name in [name for name in SETS if name in set(rows["set"])]:
        own = rows[rows["set"] == name].drop(columns=["set", "seed"])
        mean = own.groupby("generator").mean()
        others = mean.loc[[g for g in mean.index if not g.startswith(NOT_OTHERS)]]
        copies = others["NN ratio"] < COPY * mean.loc[NEW, "NN ratio"]
        line = {"set": name}
        for column in ("critic", "Fréchet"):
            line |= {
                f"{column}, ours": f"{mean.loc[OURS, column]:.3f}",
                f"{column}, best other": _best(others.loc[~copies, column]),
                f"{column}, best copy": _best(others.loc[copies, column]),
            }
        line["NN ratio, ours"] = f"{mean.loc[OURS, 'NN ratio']:.2f}"
        lines.append(line)
    return pd.DataFrame(lines)


def _best(scores):
    return f"{scores.min():.3f} ({scores.idxmin()})" if len(scores) else ""


def page():
    """Write the tables."""
    rows = pd.DataFrame(read_rows(RESULTS))
    tables = []
    for name in [*SETS, *LONGER]:
        own = rows[rows["set"] == name]
        if name == LONGER[0]:
            tables += ["## Few long series", OF_LONGER]
        if len(own):
            tables += [f"## {name}", markdown(table(own))]
    published = pd.DataFrame(
        PUBLISHED, columns=["published", "stocks", "ETTh1", "sines"]
    )
    write(
        "generation.md",
        "# Generation",
        __doc__.split("\n\n")[1],
        "Means over the seeds, ± half the range. Critic: balanced accuracy minus .5 of "
        "random convolutions with a linear model, GRU critic that of the literature's; "
        "0 is best, .5 always tells. NN ratio: distance to the nearest training series "
        "over that of unseen series. New series, which are real and were not learnt, "
        "have less than 1 where windows overlap: the second floor says how much. Below "
        "0.9 of that a generator **copies** (in italics), which no other figure of the "
        "row makes up for.",
        f"{OURS} against the best of the others that do not copy, and the best that "
        "does:",
        markdown(summary(rows)),
        *tables,
        "## Published",
        "Discriminative score of the GRU critic as the papers report it: trained on a "
        "GPU on all windows, and scored against these; not run here, and not "
        "comparable with the tables above but with "
        "[discriminative.md](discriminative.md).",
        markdown(published),
    )


def table(rows):
    order = [*FLOORS, *GENERATORS]
    order += sorted(set(rows["generator"]) - set(order))
    rows = rows.drop(columns=["set", "seed"])
    groups = rows.groupby("generator")
    mean, half = groups.mean(), (groups.max() - groups.min()) / 2
    lines = []
    for generator in [g for g in order if g in mean.index]:
        nearer = mean.loc[generator, "NN ratio"] < COPY * mean.loc[NEW, "NN ratio"]
        copies = nearer and generator not in FLOORS
        line = {"generator": f"*{generator}*" if copies else generator}
        for column in ["fit, s", "series/s", "parameters", *MEASURES, *PRIVATE]:
            value, spread = mean.loc[generator, column], half.loc[generator, column]
            line[column] = _figure(column, value, spread)
        lines.append(line)
    return pd.DataFrame(lines)


def _figure(column, value, spread):
    if np.isnan(value):
        return ""
    if column in ("fit, s", "series/s", "parameters"):
        return f"{value:.0f}"
    if column in ("critic", "GRU critic", "Fréchet", "NN ratio"):
        return f"{value:.3f} ± {spread:.3f}"
    return f"{value:.3f}"


if __name__ == "__main__":
    main()
