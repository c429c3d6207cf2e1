"""A sampler of imbalanced-learn that balances classes of series."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, clone
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import Tags, check_consistent_length

from lgta_sklearn._parameters import Constraint, check_parameters
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.labels import take_labels
from lgta_sklearn._series.panel import Panel, stacked
from lgta_sklearn.compose._growth import (
    GROWTH_CONSTRAINTS,
    Growth,
    check_augmenter,
    checked_labels,
    fitted_augmenter,
    labels_from_one_hot,
    source_rows,
)
from lgta_sklearn.compose._strategy import wanted_counts

__all__ = ["SyntheticOverSampler"]


class SyntheticOverSampler(OneToOneFeatureMixin, BaseEstimator):
    """Balance classes with synthetic series, as a sampler of imbalanced-learn.

    Works as a step of imbalanced-learn's Pipeline, which only calls it during fitting,
    or on its own. imbalanced-learn need not be installed.

    Parameters
    ----------
    augmenter : augmenter or None, default=None
        Source of the new series; None takes `LatentAugmenter` with its defaults.
    sampling_strategy : {"auto", "minority", "not minority", "not majority", "all"}, \
float, dict or callable, default="auto"
        Classes that grow to the size of the largest: the smallest one, all but the
        smallest, all but the largest (also `"auto"`), or all. For two classes it may be
        the wanted ratio of the smaller to the larger one. A dict gives the wanted
        number of series for each label, and a function of `y` returns such a dict.
    method : {"augment", "sample"}, default="augment"
        Whether new series are variations of those of the class (`augment`) or sampled
        from its density (`sample`). The augmenter must have that method.
    on_mislabeled : {"keep", "reject", "relabel"}, default="keep"
        Treatment of new series that `label_checker` assigns to another class: they are
        kept; they are drawn again (up to ten times, then the real series is repeated
        instead); or they get that label.
    label_checker : classifier or None, default=None
        Classifier that is fitted to the real series and checks the labels of new ones,
        unless `on_mislabeled` is ``"keep"``. None takes the nearest neighbour.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the growth, and of the augmenter if it has none of its own.

    Attributes
    ----------
    sampling_strategy_ : dict
        Number of new series for each label.
    augmenter_ : augmenter
        The fitted augmenter; absent if no new series were needed.
    sample_indices_ : ndarray of int
        Row of `X` from which each row of the result was copied or made.
    n_channels_in_, n_timepoints_in_ : int
        Layout of the series.
    n_features_in_ : int
        Number of time points, if the series came in two dimensions.
    feature_names_in_ : ndarray of str
        Column names, if the series came as a DataFrame.

    See Also
    --------
    AugmentedClassifier : The same around a classifier, in any Pipeline.

    References
    ----------
    Lemaitre et al. (2017), "Imbalanced-learn: a Python toolbox to tackle the curse of
    imbalanced datasets in machine learning", arXiv:1609.06570. Roque et al. (2025),
    "L-GTA: latent generative modeling for time series augmentation",
    arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn import LatentAugmenter, SyntheticOverSampler
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> y = np.repeat(["often", "rare"], [34, 6])
    >>> sampler = SyntheticOverSampler(LatentAugmenter(max_epochs=5), random_state=0)
    >>> X_balanced, y_balanced = sampler.fit_resample(X, y)
    >>> np.unique(y_balanced, return_counts=True)[1].tolist()
    [34, 34]
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "label_checker": [None, "method predict"],
        **GROWTH_CONSTRAINTS,
    }

    def __init__(
        self,
        augmenter: Any = None,
        *,
        sampling_strategy: Any = "auto",
        method: str = "augment",
        on_mislabeled: str = "keep",
        label_checker: Any = None,
        random_state: Any = None,
    ) -> None:
        self.augmenter = augmenter
        self.sampling_strategy = sampling_strategy
        self.method = method
        self.on_mislabeled = on_mislabeled
        self.label_checker = label_checker
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Check the input and count the series that would be made.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, or one-hot indicators of them.

        Returns
        -------
        SyntheticOverSampler
            The sampler, with `sampling_strategy_`.

        Raises
        ------
        ValueError
            For bad parameters, series or labels.
        """
        self._checked(X, y)
        return self

    def _checked(self, X: Any, y: Any) -> tuple[Panel, np.ndarray]:
        """Check the input; return the series and labels of one dimension."""
        name = type(self).__name__
        check_parameters(self, self._parameter_constraints)
        check_augmenter(self, self.method)
        labels = np.asarray(checked_labels(name, labels_from_one_hot(y), warn=False))
        panel = check_series(self, X, reset=True)
        check_consistent_length(panel, labels)
        self.sampling_strategy_ = wanted_counts(self.sampling_strategy, labels)
        return panel, labels

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return the series and new ones of the classes that are too small.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, or one-hot indicators of them.

        Returns
        -------
        X_resampled : array of shape (n_resampled, ...)
            The series of `X`, then the new ones, in the container of `X`.
        y_resampled : array of shape (n_resampled,) or (n_resampled, n_classes)
            Labels in the dtype and container of `y`.

        Raises
        ------
        ValueError
            For bad parameters, series or labels, before any training.
        """
        panel, labels = self._checked(X, y)
        seed = seed_from(self.random_state)
        choose = stream(seed, Use.SOURCES)
        source = source_rows(labels, self.sampling_strategy_, choose)
        new = panel[:0]
        if len(source):
            self.augmenter_ = fitted_augmenter(self.augmenter, panel, labels, seed)
            plain = replace(panel, container=panel.container.plain())
            growth = Growth(
                self.augmenter_,
                plain,
                labels,
                seed,
                method=self.method,
                label_checker=self._fitted_checker(plain, labels),
                on_mislabeled=self.on_mislabeled,
            )
            grown = growth.grow(source)
            new, source = grown.panel, grown.source
        self.sample_indices_ = np.concatenate([np.arange(len(panel)), source])
        container = replace(panel.container, rows=None)
        X_resampled = container.pack(stacked([panel, new]), self.sample_indices_)
        resampled = take_labels(y, self.sample_indices_)
        if isinstance(y, list):
            resampled = resampled.tolist()
        if isinstance(X, list) and container.kind == "array":
            X_resampled = X_resampled.tolist()
        return X_resampled, _numbered_anew(resampled)

    def _fitted_checker(self, panel: Panel, labels: np.ndarray) -> Any:
        """Return the classifier that checks labels; None if none is needed."""
        if self.on_mislabeled == "keep":
            return None
        checker = self.label_checker
        checker = _NearestSeries() if checker is None else clone(checker)
        return checker.fit(panel.packed(), labels)

    def __sklearn_tags__(self) -> Tags:
        """Say what input is accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        return tags


def _numbered_anew(y: Any) -> Any:
    """Return labels of pandas with an index from 0, others unchanged."""
    return y.reset_index(drop=True) if hasattr(y, "reset_index") else y


class _NearestSeries(KNeighborsClassifier):
    """Nearest-neighbour classifier for series in two or three dimensions."""

    def __init__(self) -> None:
        super().__init__(n_neighbors=1)

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        return super().fit(X.reshape(len(X), -1), y)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return super().predict(X.reshape(len(X), -1))
