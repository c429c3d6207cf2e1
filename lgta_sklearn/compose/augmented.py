"""Estimators that are trained on more series than they were given."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    clone,
)
from sklearn.utils import (
    Tags,
    check_array,
    check_consistent_length,
    column_or_1d,
    get_tags,
)
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._parameters import Bounds, Constraint, check_parameters
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.labels import take_labels
from lgta_sklearn._series.panel import Panel, stacked
from lgta_sklearn.compose._choosing import chosen_before_growth
from lgta_sklearn.compose._growth import (
    GROWTH_CONSTRAINTS,
    Growth,
    check_augmenter,
    checked_labels,
    fitted_augmenter,
    source_rows,
)
from lgta_sklearn.compose._strategy import wanted_counts

__all__ = ["AugmentedClassifier", "AugmentedRegressor"]


def _estimator_has(name: str) -> Callable[[Any], bool]:
    """Return a check that the (fitted) inner estimator has a method."""

    def check(self: Any) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    return check


class _Augmented(MetaEstimatorMixin, BaseEstimator):
    """Base class of the augmented classifier and the augmented regressor."""

    estimator: Any
    augmenter: Any
    n_copies: int
    random_state: Any

    def _grow(self, panel: Panel, y: Any, seed: int) -> tuple[Panel, np.ndarray]:
        """Return new series and their source rows."""
        raise NotImplementedError

    def _fit_grown(self, X: Any, y: Any, fit_params: Mapping[str, Any]) -> Self:
        """Fit the estimator on the series and the new ones."""
        for name in {"estimator_", "augmenter_", "n_augmented_"} & set(vars(self)):
            delattr(self, name)  # of an earlier fit
        panel = check_series(self, X, reset=True)
        check_consistent_length(panel, y)
        self._check_gaps(panel)
        params = fit_params
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "fit", **fit_params).estimator.fit
        seed = seed_from(self.random_state)
        new, source = self._grow(panel, y, seed)
        index = np.concatenate([np.arange(len(panel)), source])
        grown = stacked([panel, new]).packed(index)
        self.n_augmented_ = len(new)
        estimator = clone(self.estimator)

        def fitted_to_real() -> Any:
            return clone(estimator).fit(panel.packed(), y, **params)

        with chosen_before_growth(
            estimator, fitted_to_real, len(index) / max(len(panel), 1)
        ):
            self.estimator_ = estimator.fit(
                grown, take_labels(y, index), **_take_params(params, len(panel), index)
            )
        return self

    def _check_gaps(self, panel: Panel) -> None:
        """Refuse missing values at once if the inner estimator would do so later."""
        tags = _tags_of(self.estimator)
        if tags is None or tags.input_tags.allow_nan:
            return
        n_missing = int(panel.gaps().sum())
        if n_missing:
            raise ValueError(
                f"Input X contains NaN: {n_missing} values are missing, and "
                f"{type(self.estimator).__name__} does not take missing values. Put an "
                "imputer in a Pipeline before it, or take an estimator that does, such "
                "as HistGradientBoostingClassifier."
            )

    def predict(self, X: Any) -> Any:
        """Predict with the fitted estimator; the series are not touched.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series, or any other input that the estimator takes.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels or values.
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether the estimator inside has been fitted."""
        return hasattr(self, "estimator_")

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the routing: parameters of `fit` go to the estimator's `fit`.

        Returns
        -------
        MetadataRouter
            The routing.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=type(self).__name__).add(
            estimator=self.estimator, method_mapping=mapping
        )

    def __sklearn_tags__(self) -> Tags:
        """Take the tags of the inner estimator, if it has any."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        inner = _tags_of(self.estimator)
        if inner is None:
            return tags
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        if tags.classifier_tags is not None and inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
        if tags.regressor_tags is not None and inner.regressor_tags is not None:
            tags.regressor_tags = inner.regressor_tags
        tags.target_tags.single_output = inner.target_tags.single_output
        return tags


def _tags_of(estimator: Any) -> Tags | None:
    """Return the tags of an estimator of scikit-learn, None for others."""
    try:
        return get_tags(estimator)
    except (AttributeError, TypeError):  # of sktime, or a class
        return None


class AugmentedClassifier(ClassifierMixin, _Augmented):
    """A classifier that is trained on more series than it was given.

    During fitting, and only then, an augmenter learns the training series and makes new
    ones with labels, and the classifier is fitted on both. Inside cross-validation the
    augmenter only sees the training fold, and series to predict are passed on
    unchanged.

    A classifier, or a step of a Pipeline, that chooses a parameter by validation
    (`RidgeClassifierCV`, `LogisticRegressionCV`, `GridSearchCV`, `RandomizedSearchCV`)
    chooses it on the real series alone, since validation among copies would choose the
    smallest penalty; a penalty is then multiplied by the growth. Where that cannot be
    done, a warning names the classifier.

    Parameters
    ----------
    estimator : classifier
        Classifier of scikit-learn, sktime or aeon, or a Pipeline that ends in one.
    augmenter : augmenter or None, default=None
        Source of the new series; None takes `LatentAugmenter` with its defaults.
    n_copies : int, default=4
        New series per series; 0 only fits the classifier.
    sampling_strategy : None, str, float, dict or callable, default=None
        Wanted number of series of each class, as in `SyntheticOverSampler`; it replaces
        `n_copies`.
    method : {"augment", "sample"}, default="augment"
        Whether new series are variations of those of the class (`augment`) or sampled
        from its density (`sample`). The augmenter must have that method.
    on_mislabeled : {"keep", "reject", "relabel"}, default="keep"
        Treatment of new series that a classifier, fitted on the real series alone,
        assigns to another class: they are kept; they are drawn again (up to ten times,
        then the real series is repeated instead); or they get that label.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the growth, and of the augmenter if it has none of its own.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    augmenter_ : augmenter
        The fitted augmenter; absent if no new series were needed.
    classes_ : ndarray
        Labels.
    n_augmented_ : int
        Series that were added.
    n_channels_in_, n_timepoints_in_ : int
        Layout of the series.
    n_features_in_ : int
        Number of time points, if the series came in two dimensions.
    feature_names_in_ : ndarray of str
        Column names, if the series came as a DataFrame.

    See Also
    --------
    SyntheticOverSampler : The same as a step of imbalanced-learn's Pipeline.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> from lgta_sklearn import AugmentedClassifier, LatentAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from sklearn.linear_model import RidgeClassifier
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> y = (X.mean(axis=1) > 0).astype(int)
    >>> model = AugmentedClassifier(
    ...     RidgeClassifier(), LatentAugmenter(max_epochs=5), random_state=0
    ... )
    >>> model.fit(X, y).n_augmented_
    160
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "estimator": ["method fit"],
        "n_copies": [Bounds(Integral, 0)],
        **GROWTH_CONSTRAINTS,
    }

    def __init__(
        self,
        estimator: Any,
        augmenter: Any = None,
        *,
        n_copies: int = 4,
        sampling_strategy: Any = None,
        method: str = "augment",
        on_mislabeled: str = "keep",
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.augmenter = augmenter
        self.n_copies = n_copies
        self.sampling_strategy = sampling_strategy
        self.method = method
        self.on_mislabeled = on_mislabeled
        self.random_state = random_state

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Fit the augmenter, make new series, and fit the classifier on all.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,)
            Labels.
        **fit_params : dict
            Passed on to the classifier (by scikit-learn's metadata routing, if that is
            enabled); those with one entry per series, such as `sample_weight`, are
            repeated for the new series.

        Returns
        -------
        AugmentedClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            For bad parameters, series or labels, before any training.
        """
        check_parameters(self, self._parameter_constraints)
        check_augmenter(self, self.method)
        y = checked_labels(type(self).__name__, y)
        self._fit_grown(X, y, fit_params)
        return self

    def _grow(self, panel: Panel, y: Any, seed: int) -> tuple[Panel, np.ndarray]:
        """Return new series and the rows whose labels they get."""
        labels = np.asarray(y)
        source = np.tile(np.arange(len(panel)), self.n_copies)
        if self.sampling_strategy is not None:
            counts = wanted_counts(self.sampling_strategy, labels)
            source = source_rows(labels, counts, stream(seed, Use.SOURCES))
        if not len(source):
            return panel[:0], source
        self.augmenter_ = fitted_augmenter(self.augmenter, panel, labels, seed)
        checker = None
        if self.on_mislabeled != "keep":
            checker = clone(self.estimator).fit(panel.packed(), labels)
        growth = Growth(
            self.augmenter_,
            panel,
            labels,
            seed,
            method=self.method,
            label_checker=checker,
            on_mislabeled=self.on_mislabeled,
        )
        return growth.grow(source)

    @property
    def classes_(self) -> np.ndarray:
        """Return the labels that the classifier knows.

        Returns
        -------
        ndarray of shape (n_classes,)
            Labels.
        """
        return self.estimator_.classes_

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities.
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Return the classifier's decision values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Decision values.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)


class AugmentedRegressor(RegressorMixin, _Augmented):
    """A regressor that is trained on more series than it was given.

    During fitting, and only then, latent variations of each training series are added,
    with the same target.

    Parameters
    ----------
    estimator : regressor
        Regressor of scikit-learn, sktime or aeon, or a Pipeline that ends in one.
    augmenter : augmenter or None, default=None
        Source of the variations; None takes `LatentAugmenter` with its defaults.
    n_copies : int, default=4
        Variations of each series; 0 only fits the regressor.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the growth, and of the augmenter if it has none of its own.

    Attributes
    ----------
    estimator_ : regressor
        The fitted regressor.
    augmenter_ : augmenter
        The fitted augmenter; absent if no new series were needed.
    n_augmented_ : int
        Series that were added.
    n_channels_in_, n_timepoints_in_ : int
        Layout of the series.
    n_features_in_ : int
        Number of time points, if the series came in two dimensions.
    feature_names_in_ : ndarray of str
        Column names, if the series came as a DataFrame.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> from lgta_sklearn import AugmentedRegressor, LatentAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from sklearn.linear_model import Ridge
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> model = AugmentedRegressor(
    ...     Ridge(), LatentAugmenter(max_epochs=5), random_state=0
    ... )
    >>> model.fit(X, X.max(axis=1)).predict(X[:2]).shape
    (2,)
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "estimator": ["method fit"],
        "n_copies": [Bounds(Integral, 0)],
        "augmenter": GROWTH_CONSTRAINTS["augmenter"],
    }

    def __init__(
        self,
        estimator: Any,
        augmenter: Any = None,
        *,
        n_copies: int = 4,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.augmenter = augmenter
        self.n_copies = n_copies
        self.random_state = random_state

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Fit the augmenter, vary the series, and fit the regressor on all.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        **fit_params : dict
            Passed on to the regressor, as in `AugmentedClassifier`.

        Returns
        -------
        AugmentedRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            For bad parameters, series or targets, before any training.
        """
        check_parameters(self, self._parameter_constraints)
        check_augmenter(self, "augment")
        _require_y(self, y)
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return self._fit_grown(X, y, fit_params)

    def _grow(self, panel: Panel, y: Any, seed: int) -> tuple[Panel, np.ndarray]:
        """Return variations and their source rows."""
        source = np.tile(np.arange(len(panel)), self.n_copies)
        if not len(source):
            return panel[:0], source
        self.augmenter_ = fitted_augmenter(self.augmenter, panel, None, seed)
        return Growth(self.augmenter_, panel, None, seed).grow(source)


def _require_y(estimator: Any, y: Any) -> None:
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None."
        )


def _take_params(
    params: Mapping[str, Any], n_samples: int, index: np.ndarray
) -> dict[str, Any]:
    """Return parameters of `fit`; those with one entry per series are indexed."""
    return {
        name: take_labels(value, index)
        if np.ndim(value) and len(value) == n_samples
        else value
        for name, value in params.items()
    }
