"""Measure whether new series of rare classes raise balanced accuracy.

The training parts of five panels: half of the classes keep up to 60 series, the other
half six; the rest of the training part is what is predicted, so that the test parts
stay unseen. Every class then grows to the size of the largest. Means over the sets and
three draws, of three classifiers with their usual settings.

    LGTA_DATA=folder python benchmarks/balance.py

Writes docs/benchmarks/balance.md.
"""

import numpy as np
import pandas as pd
from _sets import panel
from _shared import VARIATIONS, markdown, write
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from lgta_sklearn import LatentAugmenter, SyntheticOverSampler
from lgta_sklearn.metrics.features import RandomConvolutions

SETS = ["MelbournePedestrian", "Crop", "RacketSports", "ECG200", "TourismQuarterly"]
MOST_CLASSES, MANY, FEW = 10, 60, 6
SEEDS = range(3)


def classifiers(seed):
    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    return {
        "1-NN": make_pipeline(flat, KNeighborsClassifier(1)),
        "forest": make_pipeline(flat, RandomForestClassifier(200, random_state=seed)),
        "convolutions": make_pipeline(
            RandomConvolutions(random_state=seed),
            StandardScaler(),
            RidgeClassifierCV(np.logspace(-1, 5, 10)),
        ),
    }


def imbalanced(name, seed):
    """Return a training part with rare classes, and the rest of it."""
    z = panel(name)
    X, y = (z[key][z["train_idx"]] for key in ("X", "y"))
    kept = ~np.isnan(X).any(axis=(1, 2)) & np.isin(y, np.unique(y)[:MOST_CLASSES])
    X, y = X[kept].astype(float), y[kept]
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.unique(y))
    train = []
    for k, label in enumerate(labels):
        rows = rng.permutation(np.flatnonzero(y == label))
        many = k < (len(labels) + 1) // 2
        train.extend(rows[: min(MANY, len(rows) // 2) if many else FEW])
    rest = np.setdiff1d(np.arange(len(y)), train)
    return X[train], y[train], X[rest], y[rest]


def grown(X, y, seed):
    """Yield the training sets of all ways."""
    yield "as it is", X, y
    augmenter = LatentAugmenter(random_state=seed, device="cpu").fit(X, y)
    # one training serves all ways: only what is drawn from it differs
    resampler = SyntheticOverSampler(FrozenEstimator(augmenter), random_state=seed)
    resampler.fit_resample(X, y)
    rows = resampler.sample_indices_
    yield "rare series repeated", X[rows], y[rows]
    yield "SMOTE on the values", *smote(X, y, rows, seed)
    for way, transformation in VARIATIONS.items():
        augmenter.set_params(transformation=transformation)
        yield way, *resampler.fit_resample(X, y)
    resampler.set_params(method="sample")
    yield "invented", *resampler.fit_resample(X, y)


def smote(X, y, rows, seed):
    """Interpolate between the rows to grow from and neighbours of their class."""
    rng = np.random.default_rng(seed)
    new = []
    for row in rows[len(X) :]:
        others = X[(y == y[row]) & (np.arange(len(X)) != row)]
        distance = ((others - X[row]) ** 2).sum(axis=(1, 2))
        other = others[rng.choice(np.argsort(distance)[:5])]
        new.append(X[row] + rng.uniform() * (other - X[row]))
    return np.concatenate([X, new]), y[rows]


def main():
    rows = []
    for name in SETS:
        for seed in SEEDS:
            X, y, X_rest, y_rest = imbalanced(name, seed)
            for way, X_grown, y_grown in grown(X, y, seed):
                for who, classifier in classifiers(seed).items():
                    predicted = classifier.fit(X_grown, y_grown).predict(X_rest)
                    score = balanced_accuracy_score(y_rest, predicted)
                    accuracy = accuracy_score(y_rest, predicted)
                    rows.append((name, seed, way, who, score, accuracy))
            print(name, seed, flush=True)
    columns = ["set", "seed", "training set", "classifier", "balanced", "accuracy"]
    write(
        "balance.md",
        "# Balancing rare classes",
        __doc__.split("\n\n")[1],
        "Balanced accuracy; the gain over the training set as it is, with half the "
        "width of its 95 % interval over the pairs of set, draw and classifier.",
        markdown(table(pd.DataFrame(rows, columns=columns))),
    )


def table(rows):
    cells = rows.set_index(["set", "seed", "classifier", "training set"])
    cells = cells.unstack()
    gain = cells["balanced"].sub(cells["balanced"]["as it is"], axis=0)
    lines = []
    for way in dict.fromkeys(rows["training set"]):
        own = rows[rows["training set"] == way]
        line = {"training set": way}
        for who, scores in own.groupby("classifier")["balanced"]:
            line[who] = f"{scores.mean():.3f}"
        half = 1.96 * gain[way].std() / np.sqrt(len(gain))
        line["gain"] = f"{gain[way].mean():+.3f} ± {half:.3f}"
        line["accuracy"] = f"{own['accuracy'].mean():.3f}"
        lines.append(line)
    return pd.DataFrame(lines)


if __name__ == "__main__":
    main()
