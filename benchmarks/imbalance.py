"""Measure what balancing does to a rare class: ECG5000, 2 to 292 training beats.

Every class grows to the size of the largest. The parameters of `SyntheticOverSampler`
are chosen on halves of the training part (three times two halves); then the test part
is predicted once for each of five seeds. The classifiers are aeon's
MiniRocketClassifier and a random forest of 100 trees with their defaults.

    LGTA_DATA=folder python benchmarks/imbalance.py

Writes docs/benchmarks/imbalance.md.
"""

import warnings

import numpy as np
import pandas as pd
from _sets import panel
from _shared import VARIATIONS, markdown, write
from aeon.classification.convolution_based import MiniRocketClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold

from lgta_sklearn import LatentAugmenter, SyntheticOverSampler


def grown(X, y, seed):
    """Yield the training sets of all ways, (n, T)."""
    yield "as it is", X, y
    repeat = RandomOverSampler(random_state=seed)
    yield "RandomOverSampler", *repeat.fit_resample(X, y)
    smote = SMOTE(k_neighbors=1, random_state=seed)  # the rarest class has two
    if np.unique(y, return_counts=True)[1].min() > 1:
        yield "SMOTE", *smote.fit_resample(X, y)
    augmenter = LatentAugmenter(random_state=seed, device="cpu").fit(X, y)
    # one training serves all ways: only what is drawn from it differs
    resampler = SyntheticOverSampler(FrozenEstimator(augmenter), random_state=seed)
    for way, transformation in VARIATIONS.items():
        augmenter.set_params(transformation=transformation)
        yield way, *resampler.fit_resample(X, y)
    yield "invented", *resampler.set_params(method="sample").fit_resample(X, y)


def scores(train, test, seed):
    for way, X, y in grown(*train, seed):
        for who, classifier in {
            "MiniRocket": MiniRocketClassifier(random_state=seed),
            "forest": RandomForestClassifier(100, random_state=seed),
        }.items():
            shape = (lambda A: A[:, None]) if who == "MiniRocket" else (lambda A: A)
            predicted = classifier.fit(shape(X), y).predict(shape(test[0]))
            yield {
                "way": way,
                "classifier": who,
                "seed": seed,
                "accuracy": accuracy_score(test[1], predicted),
                "balanced": balanced_accuracy_score(test[1], predicted),
            }


def table(rows):
    rows = pd.DataFrame(rows)
    cells = rows.pivot_table(index=["classifier", "seed"], columns="way", sort=False)
    lines = []
    for way in rows["way"].unique():
        line = {"training set": way}
        for who in rows["classifier"].unique():
            for score in ("accuracy", "balanced"):
                value = cells.loc[who][score]
                gain = value[way] - value["as it is"]
                half = 1.96 * gain.sem()
                line[f"{who}, {score}"] = (
                    f"{value[way].mean():.3f} ({gain.mean():+.3f} ± {half:.3f})"
                )
        lines.append(line)
    return pd.DataFrame(lines)


def main():
    warnings.simplefilter("ignore")
    z = panel("ECG5000")
    train, test = (
        (z["X"][z[part]][:, 0].astype(float), z["y"][z[part]])
        for part in ("train_idx", "test_idx")
    )
    chosen, tested = [], []
    for repeat in range(3):
        folds = StratifiedKFold(2, shuffle=True, random_state=repeat)
        for fold, (a, b) in enumerate(folds.split(*train)):
            halves = [[part[rows] for part in train] for rows in (a, b)]
            chosen.extend(scores(*halves, 2 * repeat + fold))
    for seed in range(5):
        tested.extend(scores(train, test, seed))
    write(
        "imbalance.md",
        "# A rare class",
        __doc__.split("\n\n")[1],
        "In brackets the gain over the training set as it is, with half the width of "
        "its 95 % interval over seeds.",
        "## Test part, five seeds",
        markdown(table(tested)),
        "## Halves of the training part",
        "The rarest class has one beat in each half there, of which SMOTE makes none.",
        markdown(table(chosen)),
    )


if __name__ == "__main__":
    main()
