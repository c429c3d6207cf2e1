"""A sampler of imbalanced-learn that balances classes of series."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, clone
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import Tags, check_consistent_length

from lgta_sklearn._containers import container_of
from lgta_sklearn._panels import stacked
from lgta_sklearn._random import seed_from
from lgta_sklearn._validation import (
    Constraint,
    check_parameters,
    check_series,
    take_labels,
)
from lgta_sklearn.compose._growth import (
    GROWTH,
    checked_labels,
    new_rows,
    one_of,
    seeded,
    sources,
)
from lgta_sklearn.compose._strategy import wanted_counts

__all__ = ["LatentResampler"]


class LatentResampler(OneToOneFeatureMixin, BaseEstimator):
    """Balance classes with synthetic series, as a sampler of imbalanced-learn.

    Works as a step of imbalanced-learn's Pipeline, which calls it while fitting only,
    and by hand. imbalanced-learn is not needed.

    Parameters
    ----------
    augmenter : augmenter or None, default=None
        What makes the new series; None takes `LatentAugmenter` with its defaults.
    sampling_strategy : {"auto", "minority", "not minority", "not majority", "all"}, \
float, dict or callable, default="auto"
        Which classes grow to the size of the largest: the smallest one, all but the
        smallest, all but the largest (also `"auto"`), all; or, of two classes, the
        ratio of the smaller to the larger one afterwards; or the number of series
        afterwards for each label; or a function that makes such a dict of `y`.
    method : {"augment", "sample"}, default="augment"
        Whether new series are variations of those of the class or invented from
        its density.
    off_class : {"keep", "reject", "relabel"}, default="keep"
        What becomes of new series that `judge` puts into another class: nothing, they
        are drawn anew (up to ten times, then the real series is repeated in their
        place), or they get that label.
    judge : classifier or None, default=None
        Classifier fitted on the real series, for `off_class`; None takes the nearest
        neighbour.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the growth; also of the augmenter, where that has none of its own.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many series were made for each label.
    augmenter_ : augmenter
        The fitted augmenter; absent if nothing was to be made.
    sample_indices_ : ndarray of int
        Row of `X` that each row of the result is or comes from.
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
    >>> from lgta_sklearn import LatentAugmenter, LatentResampler
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> y = np.repeat(["often", "rare"], [34, 6])
    >>> sampler = LatentResampler(LatentAugmenter(max_epochs=5), random_state=0)
    >>> X_balanced, y_balanced = sampler.fit_resample(X, y)
    >>> np.unique(y_balanced, return_counts=True)[1].tolist()
    [34, 34]
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "judge": [None, "has predict"],
        **GROWTH,
    }

    def __init__(
        self,
        augmenter: Any = None,
        *,
        sampling_strategy: Any = "auto",
        method: str = "augment",
        off_class: str = "keep",
        judge: Any = None,
        random_state: Any = None,
    ) -> None:
        self.augmenter = augmenter
        self.sampling_strategy = sampling_strategy
        self.method = method
        self.off_class = off_class
        self.judge = judge
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Check the input and count what would be made.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, or one-hot indicators of them.

        Returns
        -------
        LatentResampler
            The sampler, with `sampling_strategy_`.

        Raises
        ------
        ValueError
            For bad parameters, series or labels.
        """
        check_parameters(self, self._parameter_constraints)
        y = checked_labels(one_of(y), warn=False)
        check_consistent_length(check_series(self, X, reset=True), y)
        self.sampling_strategy_ = wanted_counts(self.sampling_strategy, np.asarray(y))
        return self

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
        self.fit(X, y)
        labels = np.asarray(checked_labels(one_of(y), warn=False))
        panel, container = check_series(self, X, reset=False), container_of(X)
        seed = seed_from(self.random_state)
        source = sources(labels, self.sampling_strategy_, np.random.default_rng(seed))
        new = panel[:0]
        if len(source):
            plain = container.plain()
            self.augmenter_ = seeded(self.augmenter, seed % 2**31).fit(
                plain.pack(panel), labels
            )
            new, source = new_rows(
                self.augmenter_,
                panel,
                plain,
                labels,
                source,
                method=self.method,
                judge=self._fitted_judge(plain.pack(panel), labels),
                off_class=self.off_class,
                seed=seed,
            )
        self.sample_indices_ = np.concatenate([np.arange(len(panel)), source])
        container = replace(container, rows=None)
        grown = container.pack(stacked([panel, new]), self.sample_indices_)
        resampled = take_labels(y, self.sample_indices_)
        if isinstance(y, list):
            resampled = resampled.tolist()
        if isinstance(X, list) and container.kind == "array":
            grown = grown.tolist()
        return grown, _numbered_anew(resampled)

    def _fitted_judge(self, X: np.ndarray, labels: np.ndarray) -> Any:
        if self.off_class == "keep":
            return None
        if self.judge is not None:
            return clone(self.judge).fit(X, labels)
        return _NearestSeries().fit(X, labels)

    def __sklearn_tags__(self) -> Tags:
        """Say what input is accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        return tags


def _numbered_anew(y: Any) -> Any:
    """Return labels of pandas with an index from 0, others as they are."""
    return y.reset_index(drop=True) if hasattr(y, "reset_index") else y


class _NearestSeries(KNeighborsClassifier):
    """The label of the nearest series, in two dimensions or three."""

    def __init__(self) -> None:
        super().__init__(n_neighbors=1)

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        return super().fit(X.reshape(len(X), -1), y)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return super().predict(X.reshape(len(X), -1))
