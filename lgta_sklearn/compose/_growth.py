"""Growth of a training set, as shared by the estimators and the sampler.

Letters: ``source`` the rows of the training set from which new rows are made; the new
rows get their labels (and weights).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from lgta_sklearn._parameters import Constraint
from lgta_sklearn._random import Use, as_int, stream
from lgta_sklearn._series.containers import Container
from lgta_sklearn._series.labels import check_labels_present
from lgta_sklearn._series.panel import Panel, panel_of
from lgta_sklearn.augmenters import default_augmenter
from lgta_sklearn.augmenters._interpolating import InterpolatingMixin
from lgta_sklearn.augmenters._varying import VaryingMixin
from lgta_sklearn.augmenters.base import BaseAugmenter

__all__ = [
    "GROWTH_CONSTRAINTS",
    "Grown",
    "Growth",
    "check_augmenter",
    "checked_labels",
    "clone_with_seed",
    "fitted_augmenter",
    "given_to",
    "labels_from_one_hot",
    "source_rows",
]

ROUNDS = 10  # redraws of a rejected sample before the real series is repeated instead
GROWTH_CONSTRAINTS: Mapping[str, Sequence[Constraint]] = {
    "augmenter": [None, "method fit"],
    "method": ["augment", "sample"],
    "on_mislabeled": ["keep", "reject", "relabel"],
}


def check_augmenter(composer: Any, method: str) -> None:
    """Refuse an augmenter without the method that makes new series.

    Parameters
    ----------
    composer : estimator
        Has a parameter `augmenter`; None is the default augmenter.
    method : {"augment", "sample"}
        The method.

    Raises
    ------
    ValueError
        If the augmenter does not have the method.
    """
    given = composer.augmenter
    for augmenter in given if isinstance(given, list) else [given]:
        _check_one(composer, augmenter, method)


def _check_one(composer: Any, augmenter: Any, method: str) -> None:
    """Refuse one augmenter without the method."""
    is_class = isinstance(augmenter, type)
    if augmenter is None or (hasattr(augmenter, method) and not is_class):
        return
    others = {"augment": "sample", "sample": "augment", "interpolate": "augment"}
    other, cure = others[method], ""
    if is_class:
        cure = f" Pass an instance: augmenter={augmenter.__name__}()."
    elif hasattr(augmenter, other) and hasattr(composer, "method"):
        cure = f" Use method={other!r}."
    raise ValueError(
        f"{type(composer).__name__} needs an augmenter with the method `{method}`, got "
        f"{augmenter!r}.{cure}"
    )


def checked_labels(name: str, y: Any, *, warn: bool = True) -> Any:
    """Return labels of one dimension; a container of pandas is kept.

    Parameters
    ----------
    name : str
        Name of the estimator, for the message.
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
        If labels are missing or are not classes.
    """
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None. Expected one "
            "label for each series."
        )
    flat = column_or_1d(y, warn=warn)
    check_labels_present(flat)
    if flat.dtype.kind == "f":
        assert_all_finite(flat, input_name="y")
    check_classification_targets(flat)
    in_pandas = hasattr(y, "iloc") or hasattr(y, "categories")
    return y if in_pandas and y.ndim == 1 else flat


def labels_from_one_hot(y: Any) -> Any:
    """Return one-hot indicators as numbers of classes, other labels unchanged.

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
        If a row of indicators does not contain exactly one 1.
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


def clone_with_seed(augmenter: Any, random_state: Any) -> Any:
    """Clone an augmenter, and seed the clone if it has no seed of its own.

    Parameters
    ----------
    augmenter : augmenter or None
        None is the default augmenter; it is cloned.
    random_state : None, int, RandomState or Generator
        The seed.

    Returns
    -------
    augmenter
        Unfitted clone.
    """
    fresh = default_augmenter() if augmenter is None else clone(augmenter)
    if getattr(fresh, "random_state", 0) is None:
        fresh.set_params(random_state=random_state)
    return fresh


def source_rows(
    y: np.ndarray, wanted: Mapping[Any, int], rng: np.random.Generator
) -> np.ndarray:
    """Return source rows of new series; the rows of a class are used in turn.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    wanted : mapping of label to int
        Number of new rows.
    rng : numpy.random.Generator
        Chooses the rows that are used once more than others.

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


def fitted_augmenter(
    augmenter: Any, panel: Panel, labels: np.ndarray | None, seed: int
) -> Any:
    """Return a clone of an augmenter, fitted to checked series.

    Parameters
    ----------
    augmenter : augmenter or None
        None is the default augmenter.
    panel : Panel
        Training series.
    labels : ndarray of shape (n_samples,) or None
        Their labels.
    seed : int
        Seed for an augmenter that has none.

    Returns
    -------
    augmenter
        Fitted; it returns arrays, or lists of arrays if lengths vary.
    """
    fresh = clone_with_seed(augmenter, as_int(stream(seed, Use.AUGMENTER)))
    plain = replace(panel, container=panel.container.plain())
    given = plain if _takes_panels(fresh) else plain.packed()
    return fresh.fit(given) if labels is None else fresh.fit(given, labels)


def given_to(augmenter: Any, panel: Panel) -> Any:
    """Return checked series as an augmenter takes them.

    Parameters
    ----------
    augmenter : augmenter
        Fitted augmenter.
    panel : Panel
        Series.

    Returns
    -------
    Panel, array or list
        Series.
    """
    if _takes_panels(augmenter):
        return replace(panel, container=Container("panel"))
    return panel.container.plain().pack(panel)


def _takes_panels(augmenter: Any) -> bool:
    """Tell whether an augmenter accepts a checked `Panel`.

    A user-defined augmenter, or one that overrides a method, gets plain arrays.
    """
    kind = type(augmenter)
    if getattr(kind, "fit", None) is not BaseAugmenter.fit:
        return False
    ours = {"augment": VaryingMixin, "interpolate": InterpolatingMixin}
    return all(
        getattr(kind, name, None) in (None, getattr(mixin, name))
        for name, mixin in ours.items()
    )


@dataclass(frozen=True)
class Grown:
    """New series.

    Parameters
    ----------
    panel : Panel
        The new series.
    source : ndarray of int of shape (n_new,)
        Training rows that they come from, whose labels and weights they get.
    targets : ndarray or None, default=None
        Targets of their own; None if they have those of their source.
    """

    panel: Panel
    source: np.ndarray
    targets: np.ndarray | None = None


@dataclass(frozen=True)
class Growth:
    """Make new series from training series.

    Parameters
    ----------
    augmenter : augmenter
        Fitted to the series and their labels.
    panel : Panel
        Training series.
    labels : ndarray of shape (n_samples,) or None
        Their labels; None if the targets are numbers.
    seed : int
        Seed of the draws.
    method : {"augment", "sample"}, default="augment"
        Whether to vary the rows or to sample others of their class.
    label_checker : classifier or None, default=None
        Fitted classifier that checks the labels of new series.
    on_mislabeled : {"keep", "reject", "relabel"}, default="keep"
        Treatment of new series to which the checker gives another label.
    """

    augmenter: Any
    panel: Panel
    labels: np.ndarray | None
    seed: int
    method: str = "augment"
    label_checker: Any = None
    on_mislabeled: str = "keep"

    def grow(self, source: np.ndarray) -> Grown:
        """Return new series and the rows whose labels they get.

        Parameters
        ----------
        source : ndarray of int of shape (n_new,)
            Source rows of the new series.

        Returns
        -------
        Grown
            New series, and the training rows whose labels they get.
        """
        new = self._drawn(source, 0)
        if self.label_checker is None or self.labels is None:
            return Grown(new, source)
        if self.on_mislabeled == "relabel":
            return Grown(new, self._relabelled(new, source))
        return Grown(self._redrawn(new, source), source)

    def _drawn(self, source: np.ndarray, attempt: int) -> Panel:
        """Return a new series for each source row."""
        seed = as_int(stream(self.seed, Use.GROWTH, attempt))
        width = self.panel.values.shape[-1]
        labels = [] if self.labels is None else [self.labels[source]]
        if self.method == "sample":
            drawn = self.augmenter.sample(y=labels[0], random_state=seed)
            return self._with_container(panel_of(drawn, width))
        given = given_to(self.augmenter, self.panel[source])
        drawn = self.augmenter.augment(given, *labels, random_state=seed)
        drawn = drawn[0] if labels else drawn
        return self._with_container(
            drawn if isinstance(drawn, Panel) else panel_of(drawn, width)
        )

    def _with_container(self, panel: Panel) -> Panel:
        return replace(panel, container=self.panel.container)

    def _checked(self, new: Panel, source: np.ndarray) -> np.ndarray:
        """Return the labels that the checker gives to new series."""
        return self.label_checker.predict(new.packed(source))

    def _relabelled(self, new: Panel, source: np.ndarray) -> np.ndarray:
        """Return rows with the labels that the checker gives."""
        labels: np.ndarray = self.labels  # type: ignore[assignment]
        first = {label: np.argmax(labels == label) for label in np.unique(labels)}
        predicted = self._checked(new, source)
        off = predicted != labels[source]
        return np.where(off, [first[label] for label in predicted], source)

    def _redrawn(self, new: Panel, source: np.ndarray) -> Panel:
        """Return new series, redrawn until the checker gives them their label."""
        labels: np.ndarray = self.labels  # type: ignore[assignment]
        for attempt in range(1, ROUNDS + 1):
            off = np.flatnonzero(self._checked(new, source) != labels[source])
            if not len(off):
                return new
            real = self.panel[source[off]]
            last = attempt == ROUNDS
            other = real if last else self._drawn(source[off], attempt)
            new.values[off], new.lengths[off] = other.values, other.lengths
        return new
