"""Whether and how a training set should grow, by validation inside `fit`.

Each way of growth is compared with none by cross-validation of the classifier itself,
on the same folds. The gain of a way is the mean of the differences, row by row, of
being predicted correctly; the rows that are predicted are real, and the augmenter has
not seen them. A gain that is smaller than its standard error is not taken for one: of
few series the best of several ways looks good by chance (the rule of one standard
error: Breiman et al., 1984, "Classification and regression trees"). A linear model has
to show two: on average it gains nothing by growth, so that more of what looks like a
gain is chance.
"""

import warnings
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from lgta_sklearn._random import Use, as_int, stream
from lgta_sklearn._series.labels import take_labels
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters.direct import DirectAugmenter
from lgta_sklearn.augmenters.suggestion import direct_augmenter
from lgta_sklearn.compose._augmented import take_params
from lgta_sklearn.transforms import TimeWarp

__all__ = ["candidate_augmenters", "growth_of", "validated_growth"]

FOLDS, MOST_REPEATS = 5, 2
PREDICTED = 100  # predictions that a few rows are repeated for
WANTED, MOST_COPIES = 1000, 10  # new series in all, and of a row
ERRORS, ERRORS_IF_LINEAR = 1, 2  # standard errors that a gain has to exceed


def candidate_augmenters(augmenter: Any) -> list[Any]:
    """Return the augmenters to choose from.

    Parameters
    ----------
    augmenter : augmenter, list of augmenters, or None
        None are three of `DirectAugmenter`.

    Returns
    -------
    list
        Unfitted augmenters.
    """
    if augmenter is None:
        warp = DirectAugmenter(TimeWarp())
        return [direct_augmenter(), direct_augmenter(warped=True), warp]
    return augmenter if isinstance(augmenter, list) else [augmenter]


def growth_of(n_samples: int) -> int:
    """Return the number of new series of each row: about 1000 in all, 1 to 10 each.

    Parameters
    ----------
    n_samples : int
        Number of training series.

    Returns
    -------
    int
        Number of copies.
    """
    return int(np.clip(WANTED // max(n_samples, 1), 1, MOST_COPIES))


def validated_growth(
    model: Any, panel: Panel, y: Any, params: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Return the gain of each way of growth over none, by cross-validation.

    Parameters
    ----------
    model : AugmentedClassifier
        Unfitted; its `augmenter` says what there is to choose from.
    panel : Panel
        Training series.
    y : array-like of shape (n_samples,)
        Their labels.
    params : mapping
        Parameters of `fit`, as they were given.
    seed : int
        Seed of the folds and of the growth.

    Returns
    -------
    dict of lists and arrays
        `augmenter`, of which the first is None; `accuracy`; `gain` over no growth and
        its `standard_error`, in shares of the rows; and `best`, the number of the
        choice.
    """
    candidates = candidate_augmenters(model.augmenter)
    ways = [clone(model).set_params(n_copies=0, augmenter=None)]
    ways += [
        clone(model).set_params(n_copies=growth_of(len(panel)), augmenter=augmenter)
        for augmenter in candidates
    ]
    splits = list(_splits(np.asarray(y), seed))
    jobs = list(product(range(len(splits)), range(len(ways))))
    predicted = Parallel(n_jobs=model.n_jobs)(
        delayed(_correct)(
            clone(ways[way]).set_params(random_state=_seed_of(seed, fold)),
            panel,
            y,
            params,
            splits[fold],
        )
        for fold, way in jobs
    )
    correct, linear = np.zeros((len(ways), len(panel))), False
    for (fold, way), (some, is_linear) in zip(jobs, predicted, strict=True):
        correct[way, splits[fold][1]] += some
        linear |= is_linear
    predicted_times = sum(len(test) for _, test in splits) / max(len(panel), 1)
    correct /= max(predicted_times, 1)  # the mean over the repeats
    difference = correct - correct[0]
    gain = difference.mean(axis=1)
    error = difference.std(axis=1) / np.sqrt(len(panel))
    needed = ERRORS_IF_LINEAR if linear else ERRORS
    return {
        "augmenter": [None, *map(clone, candidates)],
        "accuracy": correct.mean(axis=1),
        "gain": gain,
        "standard_error": error,
        "best": int(np.argmax(gain - needed * error)),  # the first, none, has 0
    }


def _splits(y: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the folds of a few repeats; none if no class has two series."""
    most = np.unique(y, return_counts=True)[1].max()
    if most < 2:
        return
    for repeat in range(int(np.clip(-(-PREDICTED // len(y)), 1, MOST_REPEATS))):
        of_repeat = _seed_of(seed, FOLDS, repeat)
        folds = StratifiedKFold(min(FOLDS, most), shuffle=True, random_state=of_repeat)
        with warnings.catch_warnings():  # of classes that are smaller than FOLDS
            warnings.simplefilter("ignore", UserWarning)
            yield from folds.split(np.empty(len(y)), y)


def _seed_of(seed: int, *key: int) -> int:
    """Return a seed as scikit-learn takes it."""
    return as_int(stream(seed, Use.SPLIT, *key))


def _correct(
    way: Any,
    panel: Panel,
    y: Any,
    params: Mapping[str, Any],
    split: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, bool]:
    """Tell which rows left out are predicted correctly, and if the model is linear."""
    train, test = split
    of_train = take_params(params, len(panel), train)
    try:
        way.fit(panel[train].packed(train), take_labels(y, train), **of_train)
        predicted = np.asarray(way.predict(panel[test].packed(test)))
        linear = _is_linear(way.estimator_)
    except Exception as error:  # as in scikit-learn's searches
        warnings.warn(
            f"{way.augmenter or 'no growth'} could not be validated in a fold, and "
            f"counts as wrong there: {error!r}",
            FitFailedWarning,
            stacklevel=2,
        )
        return np.zeros(len(test), dtype=bool), False
    hits = predicted.reshape(-1) == np.asarray(take_labels(y, test)).reshape(-1)
    return hits, linear


def _is_linear(fitted: Any) -> bool:
    """Tell whether a classifier is linear, or those inside it are."""
    names = ("best_estimator_", "estimator_")
    inside = [getattr(fitted, name) for name in names if hasattr(fitted, name)]
    inside += list(getattr(fitted, "estimators_", ()))[:1]
    if isinstance(fitted, Pipeline):
        inside = [fitted[-1]]
    return hasattr(fitted, "coef_") or any(map(_is_linear, inside))
