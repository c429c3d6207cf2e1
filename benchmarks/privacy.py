"""Measure what samples, variations and replaced series give away, and what they cost.

From a pool of labelled series n are trained on, with their labels (classes with fewer
than 12 of these series are left out of all parts); as many unseen ones are held out for
the attacks and as many others for quality. Attacks are those of
`metrics.privacy_report`, on n samples: the area under the ROC curve of three membership
attacks (0.5 by chance) and the excess of the others over the same attack on unseen
series (0). Near-duplicates are counted among 5 n samples (1 % by chance). The floor is
what n fresh real series score in the place of the samples. `AUC, weights` is the attack
of somebody who has the fitted object: by its score of a series. Quality is measured by
the others: strong critic (0 cannot tell, 0.5 always can), Fréchet distance, coverage,
and the balanced accuracy of a random forest that is trained on the samples (the row of
the floor: on the training series).

    LGTA_DATA=folder python benchmarks/privacy.py --only anonymizer --sizes 500

Each result is a line of docs/benchmarks/privacy.jsonl, written at once, and what is
there is not run again. Writes docs/benchmarks/privacy.md.
"""

import argparse
import time
import warnings
from itertools import product

import numpy as np
import pandas as pd
from _sets import labelled
from _shared import DOCS, add_rows, markdown, read_rows, write
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score

from lgta_sklearn import (
    AdversarialAugmenter,
    DiffusionAugmenter,
    GaussianAnonymizer,
    LatentAnonymizer,
    LatentAugmenter,
    metrics,
)

RESULTS = DOCS / "privacy.jsonl"
SETS = ["ItalyPowerDemand", "ECG5000", "MelbournePedestrian", "Crop"]
SIZES = (50, 200, 500)
# what such series can have, in round numbers; of normalised ones more than they have
BOUNDS = {"MelbournePedestrian": (0, 6000), "Crop": (-1, 1)}
NORMALISED = -6, 6
DRAWS = 5  # times as many samples, since near-duplicates are rare
FEWEST = 12  # series of a class
TOO_FEW = {("Crop", 50), ("MelbournePedestrian", 50)}  # no class has so many
FLOOR = "floor: fresh real series"
MEMBERSHIP = ["distance", "density ratio", "reference model"]
DISCLOSURE = ["singling out", "linkability", "inference"]


def sampled(kind, **options):
    """Return a function that samples after training on labelled series."""

    def make(X, y, seed):
        augmenter = kind(random_state=seed, **options).fit(X, y)
        return augmenter, *augmenter.sample(DRAWS * len(X), return_y=True)

    return make


def varied(X, y, seed):
    """Return variations of the series themselves."""
    augmenter = LatentAugmenter(random_state=seed).fit(X, y)
    return augmenter, *augmenter.augment(X, y, n_copies=DRAWS)


class Anonymised:
    """Samples of an anonymiser, and the series that it replaces: one fit for both."""

    def __init__(self, k):
        self.k, self.key, self.fitted = k, None, None

    def fit(self, X, y, seed):
        """Return the anonymiser of some series."""
        key = seed, X.tobytes()
        if key != self.key:
            self.fitted = LatentAnonymizer(self.k, random_state=seed).fit(X, y)
            self.key = key
        return self.fitted

    def sampled(self, X, y, seed):
        """Return new series."""
        anonymizer = self.fit(X, y, seed)
        return anonymizer, *anonymizer.sample(DRAWS * len(X), return_y=True)

    def replaced(self, X, y, seed):
        """Return series that are each made from the cluster of a series."""
        anonymizer = self.fit(X, y, seed)
        new = [anonymizer.anonymize(X, y, random_state=i) for i in range(DRAWS)]
        return anonymizer, np.concatenate(new), np.tile(y, DRAWS)


def private(epsilon):
    """Return a function that samples with differential privacy."""

    def make(X, y, seed, bounds):
        anonymizer = GaussianAnonymizer(epsilon, bounds=bounds, random_state=seed)
        return None, *anonymizer.fit(X, y).sample(DRAWS * len(X), return_y=True)

    return make


def gaussian(X, y, seed):
    """Return draws from a Gaussian for each class, with a shrunken covariance."""
    rng = np.random.default_rng(seed)
    rows, labels = X.reshape(len(X), -1), np.repeat(y, DRAWS)
    drawn = np.empty((len(labels), rows.shape[1]))
    for label in np.unique(y):
        fitted = LedoitWolf().fit(rows[y == label])
        mean, covariance = fitted.location_, fitted.covariance_
        n = int((labels == label).sum())
        drawn[labels == label] = rng.multivariate_normal(mean, covariance, n)
    order = rng.permutation(len(labels))
    return None, drawn[order].reshape(-1, *X.shape[1:]), labels[order]


GENERATORS = {
    "LatentAugmenter, sample": sampled(LatentAugmenter),
    "LatentAugmenter, noise='structured'": sampled(LatentAugmenter, noise="structured"),
    "LatentAugmenter, rejection": sampled(LatentAugmenter, rejection_sampling=True),
    "LatentAugmenter, augment": varied,
    "DiffusionAugmenter, sample": sampled(DiffusionAugmenter),
    "AdversarialAugmenter, sample": sampled(AdversarialAugmenter),
    **{
        f"LatentAnonymizer, k={anonymised.k}, {word}": make
        for anonymised in map(Anonymised, (5, 3, 10))
        for word, make in (
            ("sample", anonymised.sampled),
            ("anonymize", anonymised.replaced),
        )
    },
    "one Gaussian for each class": gaussian,
}
PRIVATE = {
    f"GaussianAnonymizer, epsilon={epsilon}": private(epsilon) for epsilon in (1, 3, 10)
}


def parts_of(name, n, seed):
    """Return labelled series to learn, unseen, others, and fresh ones."""
    X, y, X_other, y_other = labelled(name)
    X, y = np.array([*X, *X_other]), np.array([*y, *y_other])
    complete = ~np.isnan(X).any(axis=(1, 2))
    X, y = X[complete], y[complete]
    order = np.random.default_rng(seed).permutation(len(X))
    m = min(n, (len(X) - n) // 3)
    rows = np.split(order, np.cumsum([n, m, m, m]))[:4]
    classes, counts = np.unique(y[rows[0]], return_counts=True)
    large = classes[counts >= FEWEST]
    rows = [some[np.isin(y[some], large)] for some in rows]
    return [(X[some], y[some]) for some in rows]


def measured(parts, X, y):
    """Return the measures of a synthetic set."""
    (train, _), (unseen, _), (other, y_other), _ = parts
    near = metrics.near_duplicate_share(train, X, X_holdout=unseen)
    X, y = X[: len(train)], y[: len(train)]
    audit = metrics.privacy_report(train, X, unseen, random_state=0, verbose=0).table
    return {
        **{f"AUC, {a}": audit.loc[f"membership, {a}", "value"] for a in MEMBERSHIP},
        "most TPR": max(
            audit.loc[f"membership, {a}, TPR", "value"] for a in MEMBERSHIP
        ),
        **{a: audit.loc[a, "excess"] for a in DISCLOSURE},
        "near-dupl., %": 100 * near,
        "critic": metrics.discriminative_score(other, X, random_state=0),
        "Fréchet": metrics.frechet_distance(other, X, random_state=0),
        "coverage": metrics.coverage(other, X, random_state=0),
        "accuracy": metrics.tstr_score(
            other, X, y_real=y_other, y_synthetic=y, random_state=0
        ),
    }


def run(name, n, generator, seed):
    """Return the row of one generator."""
    parts = parts_of(name, n, seed)
    if generator == FLOOR:
        (train, y), *_, (fresh, y_fresh) = parts
        row = measured(parts, fresh, y_fresh)
        other, y_other = parts[2]
        accuracy = metrics.tstr_score(
            other, train, y_real=y_other, y_synthetic=y, random_state=0
        )
        return row | {"accuracy": accuracy, "seconds": 0.0}
    start = time.perf_counter()
    if generator in PRIVATE:
        bounds = BOUNDS.get(name, NORMALISED)
        augmenter, X, y = PRIVATE[generator](*parts[0], seed, bounds)
    else:
        augmenter, X, y = GENERATORS[generator](*parts[0], seed)
    seconds = time.perf_counter() - start
    row = measured(parts, X, y) | {"seconds": seconds}
    if hasattr(augmenter, "score_samples"):
        row["AUC, weights"] = attack_on_weights(augmenter, parts[0][0], parts[1][0])
    return row


def attack_on_weights(augmenter, members, others):
    """Return the area under the ROC curve of an attack by the score of a series."""
    scores = [augmenter.score_samples(X) for X in (members, others)]
    labels = np.repeat([1, 0], [len(members), len(others)])
    return roc_auc_score(labels, np.concatenate(scores))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="generators whose name has this")
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--sizes", nargs="*", type=int, default=SIZES)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    done = {(r["set"], r["n"], r["generator"], r["seed"]) for r in read_rows(RESULTS)}
    every = [*GENERATORS, *PRIVATE]
    chosen = [FLOOR, *(name for name in every if args.only in name)]
    cells = product(range(args.seeds), args.sizes, args.sets, chosen)
    for seed, n, name, generator in cells:
        if (name, n, generator, seed) in done or (name, n) in TOO_FEW:
            continue
        row = run(name, n, generator, seed)
        key = {"set": name, "n": n, "generator": generator, "seed": seed}
        add_rows(RESULTS, [key | row])
        print(*key.values(), f"{row['critic']:.3f}", flush=True)
    page()


def page():
    """Write the tables, one for each set and size."""
    rows = pd.DataFrame(read_rows(RESULTS))
    tables = []
    rows["place"] = rows["set"].map(SETS.index)
    rows = rows.sort_values(["place", "n"], ascending=[True, False], kind="stable")
    for (name, n), cell in rows.drop(columns="place").groupby(["set", "n"], sort=False):
        groups = cell.drop(columns=["set", "n"]).groupby("generator", sort=False)
        lines = [_line(generator, some) for generator, some in groups]
        place = {FLOOR: -1} | {
            name: i for i, name in enumerate([*GENERATORS, *PRIVATE])
        }
        lines.sort(key=lambda line: place[line["generator"]])
        tables += [f"## {name}, {n} series", markdown(pd.DataFrame(lines))]
    write(
        "privacy.md",
        "# What samples give away, and what privacy costs",
        __doc__.split("\n\n")[1],
        "Means over the seeds, of the critic and of the largest AUC with smallest to "
        "largest. `most TPR` is the largest true-positive rate at 1 % false positives "
        "of the three membership attacks. Seconds with other work beside.",
        *tables,
        (DOCS / "privacy_notes.md").read_text().rstrip(),
    )


def _line(generator, some):
    """Return the line of a generator."""
    areas = some[[f"AUC, {attack}" for attack in MEMBERSHIP]].max(axis=1)
    line = {"generator": generator, "seeds": len(some)}
    line["largest AUC"] = _spread(areas)
    mean = some.drop(columns="generator").mean()
    digits = {"near-dupl., %": 1, "seconds": 0}
    for column in mean.index.drop("seed"):
        figure = f"{mean[column]:.{digits.get(column, 2)}f}"
        line[column] = "" if np.isnan(mean[column]) else figure
    line["critic"] = _spread(some["critic"])
    return line


def _spread(values):
    """Return the mean with the range."""
    if len(values) == 1:
        return f"{values.mean():.2f}"
    return f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})"


if __name__ == "__main__":
    main()
