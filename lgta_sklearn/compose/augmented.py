"""Estimators that are trained on more series than they were given."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import (
    ClassifierMixin,
    RegressorMixin,
    clone,
)
from sklearn.utils import (
    check_array,
    column_or_1d,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._parameters import (
    Bounds,
    Constraint,
    check_parameters,
)
from lgta_sklearn._random import Use, stream
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters.suggestion import direct_augmenter
from lgta_sklearn.compose._augmented import Augmented
from lgta_sklearn.compose._growth import (
    GROWTH_CONSTRAINTS,
    Grown,
    Growth,
    check_augmenter,
    checked_labels,
    fitted_augmenter,
    source_rows,
)
from lgta_sklearn.compose._mixing import mixed
from lgta_sklearn.compose._strategy import wanted_counts
from lgta_sklearn.compose._validated import growth_of, validated_growth

__all__ = ["AugmentedClassifier", "AugmentedRegressor"]

METHODS = {"mix": "interpolate", "augment": "augment"}  # of a regressor


def _estimator_has(name: str) -> Callable[[Any], bool]:
    """Return a check that the (fitted) inner estimator has a method."""

    def check(self: Any) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    return check


class AugmentedClassifier(ClassifierMixin, Augmented):
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
    augmenter : augmenter, list of augmenters, or None, default=None
        Source of the new series. None takes a `DirectAugmenter` that moves each series
        by the difference of two others of its class and, in half of the copies, towards
        one of its five neighbours: of all that was measured it helps most classifiers
        on most sets (`docs/benchmarks/uplift.md`). A list is what ``n_copies="auto"``
        chooses from.
    n_copies : int or "auto", default=4
        New series per series; 0 only fits the classifier. With ``"auto"``,
        cross-validation decides inside `fit` whether the set grows, and by which
        augmenter; then there are about 1000 new series, 1 to 10 for each (see Notes).
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
    n_jobs : int or None, default=None
        Number of processes of the cross-validation, as in joblib.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the growth, and of the augmenter if it has none of its own.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    augmenter_ : augmenter
        The fitted augmenter; absent if no new series were needed.
    validation_ : dict
        What was tried, only with ``n_copies="auto"``: `augmenter` (the first is None,
        no growth), `accuracy`, `gain` over no growth, its `standard_error`, and `best`,
        the number of the choice.
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

    Notes
    -----
    With ``n_copies="auto"``, each augmenter is compared with no growth by five-fold
    cross-validation of the classifier itself (twice for fewer than 100 series). The one
    with the largest gain minus its standard error (two for a linear model, which gains
    nothing by growth on average) is taken; if that is not positive, the set does not
    grow. Augmenters learn the training folds only. With
    ``augmenter=None`` there are three: the default, the same with a time warp
    (`transforms.TimeWarp`), and a time warp alone. The cost is five fits of the
    classifier for each augmenter and for no growth, twice as many for fewer than 100
    series, and five or ten fits of each augmenter. What cannot be fitted in a fold is
    warned of, and counts as wrong. Accuracy decides; therefore rare classes hardly
    count. Series of one person may be in several folds: if a person has several, choose
    by a search with ``GroupKFold`` instead.

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
        "n_copies": ["auto", Bounds(Integral, 0)],
        **GROWTH_CONSTRAINTS,
        "augmenter": [None, "method fit", list],
    }

    def __init__(
        self,
        estimator: Any,
        augmenter: Any = None,
        *,
        n_copies: int | str = 4,
        sampling_strategy: Any = None,
        method: str = "augment",
        on_mislabeled: str = "keep",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.augmenter = augmenter
        self.n_copies = n_copies
        self.sampling_strategy = sampling_strategy
        self.method = method
        self.on_mislabeled = on_mislabeled
        self.n_jobs = n_jobs
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
        self._check_list()
        check_augmenter(self, self.method)
        y = checked_labels(type(self).__name__, y)
        self._fit_grown(X, y, fit_params)
        return self

    def _grow(
        self, panel: Panel, y: Any, seed: int, fit_params: Mapping[str, Any]
    ) -> Grown:
        """Return new series and the rows whose labels they get."""
        labels, augmenter, n_copies = np.asarray(y), self.augmenter, self.n_copies
        if self._validates():
            tried = validated_growth(self, panel, y, fit_params, seed)
            self.validation_ = tried
            augmenter = tried["augmenter"][tried["best"]]
            n_copies = growth_of(len(panel)) if tried["best"] else 0
        if self.sampling_strategy is not None:
            counts = wanted_counts(self.sampling_strategy, labels)
            source = source_rows(labels, counts, stream(seed, Use.SOURCES))
        else:
            source = np.tile(np.arange(len(panel)), int(n_copies))
        if not len(source):
            return Grown(panel[:0], source)
        augmenter = direct_augmenter() if augmenter is None else augmenter
        self.augmenter_ = fitted_augmenter(augmenter, panel, labels, seed)
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

    def _check_list(self) -> None:
        """Refuse a list of augmenters where nothing is chosen, or an empty one."""
        if not isinstance(self.augmenter, list):
            return
        if not self._validates():
            raise ValueError(
                "a list of augmenters is what n_copies='auto' chooses from, got "
                f"n_copies={self.n_copies!r} and sampling_strategy="
                f"{self.sampling_strategy!r}. Give one augmenter, or n_copies='auto' "
                "without a sampling_strategy."
            )
        if not self.augmenter:
            raise ValueError("augmenter is an empty list: expected one or more.")

    def _validates(self) -> bool:
        """Tell whether growth is chosen by validation."""
        return self.n_copies == "auto" and self.sampling_strategy is None

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


class AugmentedRegressor(RegressorMixin, Augmented):
    """A regressor that is trained on more series than it was given.

    During fitting, and only then, new series are added: each lies between two training
    series of similar targets, and its target between theirs, at the same share of the
    way (C-Mixup, in the latent space of the augmenter).

    Parameters
    ----------
    estimator : regressor
        Regressor of scikit-learn, sktime or aeon, or a Pipeline that ends in one.
    augmenter : augmenter or None, default=None
        Source of the new series; None takes `LatentAugmenter` with its defaults.
    n_copies : int, default=4
        New series per series; 0 only fits the regressor.
    method : {"mix", "augment"}, default="mix"
        Whether new series lie between two of similar targets, which are mixed, too
        (the augmenter must have `interpolate`), or are variations that keep the target
        of their source.
    bandwidth : float in [0.001, 1000], default=0.5
        Bandwidth of the Gaussian kernel of the target's distance by which the second
        series is drawn, in standard deviations of the targets. Only for ``"mix"``.
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
    Yao et al. (2022), "C-Mixup: improving generalization in regression",
    arXiv:2210.05775; Roque et al. (2025), "L-GTA: latent generative modeling for time
    series augmentation", arXiv:2507.23615.

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
        "method": ["mix", "augment"],
        "bandwidth": [Bounds(Real, 0.001, 1000)],
    }

    def __init__(
        self,
        estimator: Any,
        augmenter: Any = None,
        *,
        n_copies: int = 4,
        method: str = "mix",
        bandwidth: float = 0.5,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.augmenter = augmenter
        self.n_copies = n_copies
        self.method = method
        self.bandwidth = bandwidth
        self.random_state = random_state

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Fit the augmenter, make new series, and fit the regressor on all.

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
        check_augmenter(self, METHODS[self.method])
        _require_y(self, y)
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return self._fit_grown(X, y, fit_params)

    def _grow(
        self, panel: Panel, y: Any, seed: int, fit_params: Mapping[str, Any]
    ) -> Grown:
        """Return new series, their source rows, and mixed targets."""
        source = np.tile(np.arange(len(panel)), int(self.n_copies))
        if not len(source):
            return Grown(panel[:0], source)
        self.augmenter_ = fitted_augmenter(self.augmenter, panel, None, seed)
        if self.method == "mix":
            rng = stream(seed, Use.GROWTH)
            return mixed(
                self.augmenter_, panel, y, source, bandwidth=self.bandwidth, rng=rng
            )
        return Growth(self.augmenter_, panel, None, seed).grow(source)


def _require_y(estimator: Any, y: Any) -> None:
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None."
        )
