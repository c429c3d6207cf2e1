"""Accuracy of a classifier behind the augmenter in a Pipeline, and with a grown set.

Series that ship with sktime, official train and test split. "rows varied" is
``Pipeline([("aug", LatentAugmenter()), ("clf", ...)])``: each training row is replaced
by one variation. "grown" adds three variations of each row to the originals.

    python benchmarks/pipeline_accuracy.py

Writes docs/benchmarks/pipeline_accuracy.md.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from _shared import markdown, write
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sktime.datasets import load_basic_motions, load_gunpoint, load_italy_power_demand

from lgta_sklearn import LatentAugmenter

LOADERS = {
    "GunPoint": load_gunpoint,
    "ItalyPowerDemand": load_italy_power_demand,
    "BasicMotions": load_basic_motions,
}


def flatten(X):
    return X.reshape(len(X), -1)


def classifiers(seed):
    return {
        "1-NN": KNeighborsClassifier(1),
        "ridge": make_pipeline(StandardScaler(), RidgeClassifierCV()),
        "random forest": RandomForestClassifier(200, random_state=seed),
    }


def rows_of(name, seeds, strengths):
    X, y = LOADERS[name](split="train", return_type="numpy3D")
    X_test, y_test = LOADERS[name](split="test", return_type="numpy3D")
    for seed in range(seeds):
        augmenter = LatentAugmenter(random_state=seed, device="cpu").fit(X, y)
        sets = {("as it is", ""): (X, y)}
        for strength in [None, *strengths]:
            told = "default" if strength is None else f"{strength:g}"
            # the Pipeline's fit_transform: one variation per row, nothing else
            sets["rows varied", told] = augmenter.augment(
                X, y, strength=strength, random_state=seed
            )
            more, labels = augmenter.augment(
                X, y, n_copies=3, strength=strength, random_state=seed
            )
            sets["grown x4", told] = np.r_[X, more], np.r_[y, labels]
        for (what, strength), (A, b) in sets.items():
            for clf_name, clf in classifiers(seed).items():
                model = make_pipeline(FunctionTransformer(flatten), clone(clf))
                accuracy = model.fit(A, b).score(X_test, y_test)
                yield name, clf_name, what, strength, seed, accuracy


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.1, 0.2, 0.4])
    args = parser.parse_args()
    warnings.simplefilter("error")
    rows = []
    for name in LOADERS:
        rows += rows_of(name, args.seeds, args.strengths)
    columns = ["data", "classifier", "training rows", "strength", "seed", "accuracy"]
    frame = pd.DataFrame(rows, columns=columns)
    table = (
        frame.groupby(["data", "classifier", "training rows", "strength"])["accuracy"]
        .agg(lambda a: f"{a.mean():.3f} ± {a.std():.3f}")
        .unstack("classifier")
        .reset_index()
    )
    mean = frame.groupby(["training rows", "strength"])["accuracy"].mean().round(4)
    write(
        "pipeline_accuracy.md",
        "# Accuracy behind the augmenter",
        f"`benchmarks/pipeline_accuracy.py`, {args.seeds} seeds, mean ± standard "
        "deviation over seeds, official test split.",
        markdown(table),
        "Mean over data sets and classifiers:",
        markdown(mean.reset_index()),
    )


if __name__ == "__main__":
    main()
