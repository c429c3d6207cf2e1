"""Measure what it is worth to choose a penalty before growth.

`RidgeClassifierCV` with 17 penalties from 0.001 to 100 000 on raw values, ten series of
each class from the training part of labelled panels, three draws; at most 1000 series
of the test part are predicted. `AugmentedClassifier` adds four variations of each.
Columns: without growth; with growth, where the penalty is chosen on the real series and
multiplied by the growth (what the package does); with growth, where it is chosen among
the copies.

    LGTA_DATA=folder python benchmarks/choosing.py

Writes docs/benchmarks/choosing.md.
"""

import warnings
from contextlib import nullcontext
from unittest import mock

import numpy as np
import pandas as pd
from _sets import complete, labelled
from _shared import markdown, write
from sklearn.linear_model import RidgeClassifierCV

from lgta_sklearn import AugmentedClassifier, DirectAugmenter, LatentAugmenter
from lgta_sklearn.transforms import LinearDelta, Mixup, SomeOf

SETS = [
    "ItalyPowerDemand",
    "GunPoint",
    "ArrowHead",
    "ECG200",
    "ECG5000",
    "Chinatown",
    "RacketSports",
    "MelbournePedestrian",
]
ALPHAS, MOST_TEST, EACH, DRAWS = np.logspace(-3, 5, 17), 1000, 10, 3
TWIN = SomeOf([Mixup(n_neighbors=5), LinearDelta()], probabilities=[0.5, 1.0])
AUGMENTERS = {"latent": LatentAugmenter(), "direct twin": DirectAugmenter(TWIN)}
CHOICE = "lgta_sklearn.compose.augmented.chosen_before_growth"


def scores(name, seed):
    """Return the accuracies of one draw from a set."""
    X, y, X_test, y_test = labelled(name)
    length = max(series.shape[1] for series in X)
    X, X_test = (complete(some, length).reshape(len(some), -1) for some in (X, X_test))
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(y == c))[:EACH] for c in np.unique(y)]
    rows = np.concatenate(chosen)
    test = X_test[:MOST_TEST], y_test[:MOST_TEST]
    ridge = RidgeClassifierCV(ALPHAS)
    row = {"no growth": ridge.fit(X[rows], y[rows]).score(*test)}
    for kind, augmenter in AUGMENTERS.items():
        model = AugmentedClassifier(ridge, augmenter, random_state=seed)
        row[f"{kind}, before"] = model.fit(X[rows], y[rows]).score(*test)
        with mock.patch(CHOICE, return_value=nullcontext()):
            row[f"{kind}, among copies"] = model.fit(X[rows], y[rows]).score(*test)
    return row


def main():
    warnings.simplefilter("ignore")
    table = []
    for name in SETS:
        mean = pd.DataFrame([scores(name, seed) for seed in range(DRAWS)]).mean()
        table.append({"set": name, **mean})
        print(table[-1], flush=True)
    frame = pd.DataFrame(table).set_index("set")
    frame.loc["**mean**"] = frame.mean()
    write(
        "choosing.md",
        "# A penalty is chosen before growth",
        __doc__.split("    LGTA_DATA")[0].split("\n\n", 1)[1].rstrip(),
        markdown(frame.map("{:.3f}".format).reset_index()),
    )


if __name__ == "__main__":
    main()
