"""Measure what growth does to the accuracy of classifiers.

Fourteen labelled panels and those in sktime's wheel, in their official splits: the full
training part, and 10, 20 and 50 series of each class drawn from it (where a class has
more). Every way adds as many series as it takes to come to 1000, at least one and at
most ten for each real one. Nothing was chosen by test parts: all settings of
`LatentAugmenter` are its defaults, and so are those of
`AugmentedClassifier(n_copies="auto")`, which gets the classifier itself and the real
series, and decides whether and how they grow. At most 1000 test series are predicted.
The penalty of the ridge classifiers is chosen by leaving out one real series at a time,
before growth, and multiplied by it: after growth the series left out would be predicted
from its own copies, and any augmentation would seem to need no penalty.

    LGTA_DATA=folder python benchmarks/uplift.py [--sets NAME ...] [--seeds N ...]

Adds what is missing to docs/benchmarks/uplift.jsonl, a line for each training set; then
writes docs/benchmarks/uplift.md and its figure.
"""

import argparse
import os
import warnings
from itertools import product

import numpy as np
from _sets import LABELLED, complete, labelled
from _shared import DOCS, add_rows, read_rows
from _uplift_page import write_page
from aeon.transformations.collection.convolution_based import MiniRocket
from imblearn.over_sampling import SMOTE
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from lgta_sklearn import AugmentedClassifier, LatentAugmenter
from lgta_sklearn.augmenters.suggestion import direct_augmenter

SIZES = (10, 20, 50, None)
MOST_TEST, GROWN, ALPHAS = 1000, 1000, np.logspace(-3, 5, 17)
RESULTS = DOCS / "uplift.jsonl"


def repeated(X, y, copies, seed):
    return np.tile(X, (copies, 1, 1))


def jitter(X, y, copies, seed):
    """Add white noise of 3 % of a channel's deviation (Um et al., 2017)."""
    rng = np.random.default_rng(seed)
    X = np.tile(X, (copies, 1, 1))
    return X + 0.03 * X.std(axis=(0, 2), keepdims=True) * rng.standard_normal(X.shape)


def warp(X, y, copies, seed):
    """Warp time with tsaug, its default of three changes but at most doubled speed."""
    import tsaug

    warped = tsaug.TimeWarp(max_speed_ratio=2.0, seed=seed).augment(
        np.tile(X, (copies, 1, 1)).transpose(0, 2, 1)
    )
    return warped.transpose(0, 2, 1)


def smote(X, y, copies, seed):
    """Interpolate with imbalanced-learn; a class of one is repeated."""
    flat = X.reshape(len(X), -1)
    labels, counts = np.unique(y, return_counts=True)
    new = np.tile(flat, (copies, 1))
    for label, count in zip(labels, counts, strict=True):
        if count == 1:
            continue
        # one class at a time, since the smallest sets the number of neighbours
        pair = np.append(np.flatnonzero(y == label), np.flatnonzero(y != label)[:1])
        sampler = SMOTE(
            sampling_strategy={label: int(count * (copies + 1))},
            k_neighbors=min(5, count - 1),
            random_state=seed,
        )
        grown, of = sampler.fit_resample(flat[pair], y[pair])
        rows = np.flatnonzero(np.tile(y, copies) == label)
        new[rows] = grown[of == label][count:]
    return new.reshape(-1, *X.shape[1:])


def direct(X, y, copies, seed):
    """Vary values by differences and interpolation: the default of the composers."""
    augmenter = direct_augmenter().set_params(random_state=seed).fit(X, y)
    return augmenter.augment(X, y, n_copies=copies, random_state=seed)[0]


COMPLETE = {
    "nothing": lambda X, y, copies, seed: X[:0],
    "repetition": repeated,
    "SMOTE": smote,
    "jitter": jitter,
    "time warp (tsaug)": warp,
    "DirectAugmenter, varied": direct,
}
LATENT = ["LatentAugmenter, varied", "LatentAugmenter, invented"]
AUTO = "AugmentedClassifier, n_copies='auto'"
WAYS = [*COMPLETE, *LATENT, AUTO]


def latent(X, y, copies, seed):
    """Return the new series of both ways of the augmenter."""
    same = len({series.shape for series in X}) == 1
    given = np.stack(X) if same else X
    augmenter = LatentAugmenter(random_state=seed, device="cpu").fit(given, y)
    varied, labels = augmenter.augment(given, y, n_copies=copies, random_state=seed)
    return {
        "LatentAugmenter, varied": varied,
        "LatentAugmenter, invented": augmenter.sample(y=labels, random_state=seed),
    }


def predictions(X, y, n_real, X_test, seed):
    """Yield the predictions of each classifier; the first rows are the real ones."""
    flat, flat_test = X.reshape(len(X), -1), X_test.reshape(len(X_test), -1)
    network = MLPClassifier(max_iter=100, random_state=seed)
    for name, classifier in {
        "1-NN": KNeighborsClassifier(1),
        "forest": RandomForestClassifier(100, random_state=seed),
        "network": make_pipeline(StandardScaler(), network),
    }.items():
        yield name, classifier.fit(flat, y).predict(flat_test)
    yield "ridge", ridge(flat, y, n_real, flat_test)
    rocket = MiniRocket(n_kernels=2000, random_state=seed)
    rocket.fit(X[:n_real].astype(np.float32))
    features, features_test = (
        np.asarray(rocket.transform(part.astype(np.float32)), dtype=float)
        for part in (X, X_test)
    )
    yield "MiniRocket", ridge(features, y, n_real, features_test)


def predictions_auto(X, y, X_test, seed):
    """Yield the predictions of each classifier that chooses its growth by itself."""
    from_3d = FunctionTransformer(flattened)
    network = MLPClassifier(max_iter=100, random_state=seed)
    rocket = MiniRocket(n_kernels=2000, random_state=seed)
    ridge_cv = RidgeClassifierCV(ALPHAS)
    for name, steps in {
        "1-NN": [from_3d, KNeighborsClassifier(1)],
        "forest": [from_3d, RandomForestClassifier(100, random_state=seed)],
        "network": [from_3d, StandardScaler(), network],
        "ridge": [from_3d, StandardScaler(), ridge_cv],
        "MiniRocket": [
            FunctionTransformer(single),
            rocket,
            FunctionTransformer(double),
            StandardScaler(),
            ridge_cv,
        ],
    }.items():
        model = AugmentedClassifier(
            make_pipeline(*steps), n_copies="auto", random_state=seed
        )
        yield name, model.fit(X, y).predict(X_test)


def flattened(X):
    return X.reshape(len(X), -1)


def single(X):
    return X.astype(np.float32)


def double(F):
    return np.asarray(F, dtype=float)


def ridge(F, y, n_real, F_test):
    scaler = StandardScaler().fit(F[:n_real])
    F, F_test = scaler.transform(F), scaler.transform(F_test)
    alpha = RidgeClassifierCV(ALPHAS).fit(F[:n_real], y[:n_real]).alpha_
    return RidgeClassifier(alpha * len(F) / n_real).fit(F, y).predict(F_test)


def draw(y, size, seed):
    """Return the rows of a training set, None if it would be the full one."""
    if size is None:
        return np.arange(len(y))
    labels, counts = np.unique(y, return_counts=True)
    if counts.max() <= size:
        return None
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(y == label))[:size] for label in labels]
    return np.sort(np.concatenate(rows))


def measure(name, size, seed, names):
    """Yield the scores of ways on one training set."""
    if not names:
        return
    X, y, X_test, y_test = labelled(name)
    n_timepoints = max(series.shape[1] for series in [*X, *X_test])
    rows = draw(y, size, seed)
    if rows is None:
        return
    X, y = [X[row] for row in rows], y[rows]
    tested = np.random.default_rng(0).permutation(len(y_test))[:MOST_TEST]
    X_test = complete([X_test[row] for row in tested], n_timepoints)
    copies = int(np.clip(GROWN // len(X), 1, 10))
    completed, made = complete(X, n_timepoints), {}
    for way in names:
        scores = {"set": name, "size": size or "full", "seed": seed, "way": way}
        if way == AUTO:
            chosen = predictions_auto(completed, y, X_test, seed)
            yield scores | scored(chosen, y_test[tested])
            continue
        if way in COMPLETE:
            new = COMPLETE[way](completed, y, copies, seed)
        else:
            made = made or latent(X, y, copies, seed)
            new = complete(made[way], n_timepoints)
        training = np.concatenate([completed, new]), np.tile(y, 1 + len(new) // len(X))
        of_way = predictions(*training, len(X), X_test, seed)
        yield scores | scored(of_way, y_test[tested])


def scored(predictions, y_test):
    """Return the accuracy and the balanced accuracy of each classifier."""
    return {
        who: [
            round(float(score(y_test, predicted)), 4)
            for score in (accuracy_score, balanced_accuracy_score)
        ]
        for who, predicted in predictions
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=LABELLED)
    parser.add_argument("--ways", nargs="*", default=WAYS)
    parser.add_argument("--seeds", type=int, nargs="*", default=range(5))
    parser.add_argument("--sizes", nargs="*", default=SIZES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    sizes = [None if size in ("full", None) else int(size) for size in options.sizes]
    done = {tuple(row.values())[:4] for row in read_rows(RESULTS)}
    for seed, name, size in product(options.seeds, options.sets, sizes):
        names = [
            way for way in options.ways if (name, size or "full", seed, way) not in done
        ]
        rows = list(measure(name, size, seed, names))
        add_rows(RESULTS, rows)
        print(name, size, seed, len(rows), flush=True)
    write_page(RESULTS, __doc__.split("\n\n")[1])


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
