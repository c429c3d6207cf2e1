"""Labels of series: checks, the numbers of their classes, and selection by row."""

import warnings
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target

__all__ = [
    "check_labels_present",
    "class_numbers",
    "classes_of",
    "person_numbers",
    "required_classes",
    "take_labels",
    "wanted_labels",
]

MANY_CLASSES = 20


def classes_of(
    y: Any, n_samples: int, *, may_hardly_repeat: bool = False
) -> np.ndarray | None:
    """Return the classes among labels, or None if they are targets of a regression.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, 1), or None
        Labels. Continuous values, and whole numbers that hardly repeat, are targets.
    n_samples : int
        Number of series.
    may_hardly_repeat : bool, default=False
        Whether whole numbers that hardly repeat are classes, too, so that the labels
        decide and not their number.

    Returns
    -------
    ndarray of shape (n_classes,) or None
        Distinct labels, ascending; None also if `y` is None.

    Raises
    ------
    ValueError
        If labels are missing or of mixed types, or not one for each series.
    """
    if y is None:
        return None
    check_consistent_length(np.empty(n_samples), y)
    check_labels_present(y)
    y = np.asarray(y)
    y = y[:, 0] if y.shape == (n_samples, 1) else y
    classes = np.unique(y)
    if not may_hardly_repeat and len(classes) > max(MANY_CLASSES, n_samples / 2):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of many classes
        kind = type_of_target(classes if may_hardly_repeat else y, input_name="y")
    return classes if kind in ("binary", "multiclass") else None


def class_numbers(classes: np.ndarray, y: Any) -> np.ndarray:
    """Return the number of the class of each label.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Distinct labels.
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Labels.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        Position in `classes`; -1 for a label that is not among them.
    """
    from pandas import Index

    numbers: np.ndarray = Index(classes).get_indexer(np.asarray(y).ravel())
    return numbers.astype(int)


def required_classes(classes: np.ndarray | None, argument: str) -> np.ndarray:
    """Refuse an argument of `sample` that needs classes if `fit` had none.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,) or None
        Labels of `fit`.
    argument : str
        The argument, for the message.

    Returns
    -------
    ndarray of shape (n_classes,)
        The same labels.

    Raises
    ------
    ValueError
        If there are none.
    """
    if classes is None:
        raise ValueError(
            f"sample({argument}) needs classes, but the estimator was fitted without "
            "labels. Call fit(X, y) with one label for each series (continuous or "
            "hardly repeating labels are taken for targets, not for classes)."
        )
    return classes


def wanted_labels(y: Any, n_samples: int, classes: np.ndarray | None) -> np.ndarray:
    """Return the numbers of the classes that `sample` was asked for.

    Parameters
    ----------
    y : label or array-like of labels
        One label for all samples, or one for each.
    n_samples : int
        Number of samples; if it is 1, the number of labels is used.
    classes : ndarray of shape (n_classes,) or None
        Labels of `fit`.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        Positions in `classes`.

    Raises
    ------
    ValueError
        If there are no classes, a label is not among them, or the number of labels is
        wrong.
    """
    classes = required_classes(classes, "y=...")
    wanted = np.full(n_samples, y) if np.ndim(y) == 0 else column_or_1d(y)
    if np.ndim(y) and n_samples not in (1, len(wanted)):
        raise ValueError(
            f"y has {len(wanted)} labels, one per series, but n_samples is "
            f"{n_samples}. Leave n_samples out."
        )
    numbers = class_numbers(classes, wanted)
    unknown = sorted(set(wanted[numbers < 0].tolist()), key=str)
    if unknown:
        raise ValueError(
            f"y contains labels that were not in fit: {unknown}. "
            f"Expected some of {classes.tolist()}."
        )
    return numbers


def check_labels_present(y: Any) -> None:
    """Refuse missing labels of any kind, and labels of mixed types.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.

    Raises
    ------
    ValueError
        If a label is missing, or if some labels are strings and others numbers.
    """
    if np.asarray(y).dtype.kind in "biu":
        return
    from pandas import isna

    missing = np.argwhere(isna(np.asarray(y, dtype=object)))[:, 0]
    if len(missing):
        raise ValueError(
            f"Input y contains NaN: {len(missing)} labels are missing, the first at "
            f"series {missing[0]}. Expected a label for every series."
        )
    kinds = {str if isinstance(k, str) else float for k in np.ravel(y).tolist()}
    if len(kinds) > 1:
        raise ValueError(
            "y mixes texts and numbers, which cannot be put in order. Expected labels "
            "of one kind; y.astype(str) makes them so."
        )


def take_labels(y: Any, index: np.ndarray) -> Any:
    """Return labels by position; a container of pandas is kept.

    Parameters
    ----------
    y : array-like of shape (n_samples, ...)
        Labels, targets or weights.
    index : ndarray of int
        Rows to take.

    Returns
    -------
    array of shape (len(index), ...)
        The entries of `y` at these rows.
    """
    if hasattr(y, "iloc"):
        return y.iloc[index]
    if hasattr(y, "categories"):
        return y.take(index)
    return np.asarray(y)[index]


def person_numbers(groups: Any, n_samples: int) -> np.ndarray:
    """Return the number of the person of each record.

    Parameters
    ----------
    groups : array-like of shape (n_samples,) or None
        Person, household or other source of each record; None if each has its own.
    n_samples : int
        Number of records.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        Numbers from 0 without gaps.

    Raises
    ------
    ValueError
        If there is another number of entries, or one is missing.
    """
    from pandas import factorize

    if groups is None:
        return np.arange(n_samples)
    if np.ndim(groups) != 1 or len(groups) != n_samples:
        raise ValueError(
            f"groups must have one entry for each of the {n_samples} records, got "
            f"shape {np.shape(groups)}."
        )
    entries = np.empty(n_samples, dtype=object)
    entries[:] = list(groups)
    numbers: np.ndarray = factorize(entries)[0]
    if (numbers < 0).any():
        raise ValueError(
            "groups must say the person of each record, but the entry of record "
            f"{int(np.argmax(numbers < 0))} is missing. Give each such record a person "
            "of its own, or leave it out."
        )
    return numbers
