"""New rows for given ones: what the estimators and the sampler share.

Letters: ``source`` the rows of the training set that new rows come from and whose
labels (and weights) they get.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from lgta_sklearn._containers import Container
from lgta_sklearn._panels import Panel, panel_of
from lgta_sklearn._validation import Constraint, check_labels_present
from lgta_sklearn.augmenters.latent import LatentAugmenter

__all__ = ["GROWTH", "checked_labels", "new_rows", "one_of", "seeded", "sources"]

ROUNDS = 10  # draws of a row whose label is doubted, before the real row stands in
GROWTH: Mapping[str, Sequence[Constraint]] = {
    "augmenter": [None, "has augment"],
    "method": ["augment", "sample"],
    "off_class": ["keep", "reject", "relabel"],
}


def checked_labels(y: Any, *, warn: bool = True) -> Any:
    """Return labels of one dimension, in their container where it has one.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Labels.
    warn : bool, default=True
        Whether to warn of a column.

    Returns
    -------
    ndarray or Series of shape (n_samples,)
        Labels.

    Raises
    ------
    ValueError
        If labels are missing or are no classes.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None.")
    flat = column_or_1d(y, warn=warn)
    check_labels_present(flat)
    if flat.dtype.kind == "f":
        assert_all_finite(flat, input_name="y")
    check_classification_targets(flat)
    in_pandas = hasattr(y, "iloc") or hasattr(y, "categories")
    return y if in_pandas and y.ndim == 1 else flat


def one_of(y: Any) -> Any:
    """Return labels that come one-hot as numbers of classes, others as they are.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels, or indicators of them.

    Returns
    -------
    array of shape (n_samples,)
        Labels.

    Raises
    ------
    ValueError
        If a row of indicators has not exactly one 1.
    """
    if np.ndim(y) < 2 or type_of_target(y) != "multilabel-indicator":
        return y
    indicators = np.asarray(y)
    if (indicators.sum(axis=1) != 1).any():
        raise ValueError(
            "y has several columns, where each row must say one class by one 1; got "
            "rows with none or with several."
        )
    return indicators.argmax(axis=1)


def seeded(augmenter: Any, random_state: Any) -> Any:
    """Return an unfitted augmenter, seeded if it has no seed of its own.

    Parameters
    ----------
    augmenter : augmenter or None
        None is `LatentAugmenter`; it is cloned.
    random_state : None, int, RandomState or Generator
        The seed.

    Returns
    -------
    augmenter
        To be fitted.
    """
    fresh = LatentAugmenter() if augmenter is None else clone(augmenter)
    if getattr(fresh, "random_state", 0) is None:
        fresh.set_params(random_state=random_state)
    return fresh


def sources(
    y: np.ndarray, wanted: Mapping[Any, int], rng: np.random.Generator
) -> np.ndarray:
    """Return the rows that new ones come from: those of a class evenly, in turn.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    wanted : mapping of label to int
        How many new rows.
    rng : numpy.random.Generator
        Chooses which rows are taken once more than others.

    Returns
    -------
    ndarray of int
        Rows.
    """
    parts = [np.empty(0, dtype=int)]
    for label, n in wanted.items():
        members = rng.permutation(np.flatnonzero(y == label))
        parts.append(np.resize(members, n))
    return np.concatenate(parts)


def new_rows(
    augmenter: Any,
    X: Panel,
    container: Container,
    labels: np.ndarray,
    source: np.ndarray,
    *,
    method: str,
    judge: Any,
    off_class: str,
    seed: int,
) -> tuple[Panel, np.ndarray]:
    """Return new series and the rows whose labels they get.

    Parameters
    ----------
    augmenter : augmenter
        Fitted to the series and their labels.
    X : Panel
        Training series.
    container : Container
        What they came in.
    labels : ndarray of shape (n_samples,)
        Their labels.
    source : ndarray of int of shape (n_new,)
        Rows to make new ones of.
    method : {"augment", "sample"}
        Whether to vary the rows or to invent others of their class.
    judge : classifier or None
        Fitted; doubts labels.
    off_class : {"keep", "reject", "relabel"}
        What becomes of new series that the judge puts into another class.
    seed : int
        Seed of the draws.

    Returns
    -------
    new : Panel
        New series.
    source : ndarray of int of shape (n_new,)
        Rows with their labels.
    """

    def draw(source: np.ndarray, seed: int) -> Panel:
        if method == "sample":
            drawn = augmenter.sample(y=labels[source], random_state=seed)
        else:
            given = container.plain().pack(X[source])
            drawn, _ = augmenter.augment(given, labels[source], random_state=seed)
        return panel_of(drawn, X.values.shape[-1])

    def judged() -> np.ndarray:
        return judge.predict(container.pack(new, source))

    new = draw(source, seed)
    if judge is None:
        return new, source
    if off_class == "relabel":
        first = {label: np.argmax(labels == label) for label in np.unique(labels)}
        predicted = judged()
        off = predicted != labels[source]
        return new, np.where(off, [first[label] for label in predicted], source)
    for attempt in range(1, ROUNDS + 1):
        off = np.flatnonzero(judged() != labels[source])
        if not len(off):
            return new, source
        real = X[source[off]]
        other = real if attempt == ROUNDS else draw(source[off], seed + attempt)
        new.values[off], new.lengths[off] = other.values, other.lengths
    return new, source
