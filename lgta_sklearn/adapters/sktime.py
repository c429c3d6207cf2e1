"""Native sktime objects: a transformer, a classifier and a regressor.

sktime wraps a scikit-learn transformer so that it is fitted to each series separately,
and its `ClassifierPipeline` never calls `fit_transform`, so a scikit-learn augmenter
has no effect there. These objects delegate to the scikit-learn ones and leave panels of
any type, checks and conversions to sktime.
"""

from typing import Any, ClassVar, Self

import numpy as np
from sktime.classification.base import BaseClassifier
from sktime.regression.base import BaseRegressor
from sktime.transformations.base import BaseTransformer

from lgta_sklearn.augmenters.latent import LatentAugmenter
from lgta_sklearn.compose import AugmentedClassifier, AugmentedRegressor
from lgta_sklearn.compose._growth import clone_with_seed

__all__ = [
    "AugmentedTimeSeriesClassifier",
    "AugmentedTimeSeriesRegressor",
    "AugmenterTransformer",
]

_PANEL_TAGS = {
    "authors": ["lgta_sklearn developers"],
    "maintainers": ["lgta_sklearn developers"],
    "python_dependencies": ["torch", "skorch"],
    "X_inner_mtype": "df-list",
    "capability:multivariate": True,
    "capability:unequal_length": True,
    "capability:missing_values": True,
    "capability:random_state": True,
}


def _tiny() -> LatentAugmenter:
    """Return an augmenter that trains quickly, for sktime's tests."""
    return LatentAugmenter(
        latent_dim=2, hidden_dim=8, max_epochs=1, noise=None, random_state=0
    )


def _simplest(X: list[Any]) -> Any:
    """Return a panel as an array if its series have one length, else as it is.

    Estimators of scikit-learn only accept arrays, those of sktime accept both.
    """
    if len({len(frame) for frame in X}) > 1:
        return X
    return np.stack([frame.to_numpy().T for frame in X])


class _AugmentedPanelEstimator:
    """Base class of the classifier and the regressor: they delegate."""

    estimator: Any
    model_: Any
    _delegate: ClassVar[type]

    def _take_tags(self) -> None:
        """Copy the capability tags of the inner estimator if it is one of sktime."""
        for what in ("missing_values", "unequal_length"):
            tag = f"capability:{what}"
            if hasattr(self.estimator, "get_tag"):
                self.set_tags(**{tag: self.estimator.get_tag(tag, False, False)})  # type: ignore[attr-defined]

    def _fit(self, X: list[Any], y: np.ndarray) -> Self:
        params = self.get_params(deep=False)  # type: ignore[attr-defined]
        model = self._delegate(params.pop("estimator"), **params)
        self.model_ = model.fit(_simplest(X), y)
        return self

    def _predict(self, X: list[Any]) -> np.ndarray:
        return self.model_.predict(_simplest(X))


class AugmenterTransformer(BaseTransformer):
    """An augmenter as a transformer of sktime: it learns a panel and maps panels.

    `transform` does what the augmenter's `on_transform` says: by default nothing, with
    ``"reconstruct"`` it returns what the model keeps of the series, with ``"augment"``
    a variation of each. sktime's pipelines call `transform` while training and while
    predicting alike; to grow a training set use `AugmentedTimeSeriesClassifier`.

    Parameters
    ----------
    augmenter : LatentAugmenter or None, default=None
        Unfitted augmenter; None takes `LatentAugmenter` with its defaults.
    random_state : None, int or RandomState, default=None
        Seed of the augmenter if it has none of its own.

    Attributes
    ----------
    augmenter_ : LatentAugmenter
        The fitted augmenter.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.adapters.sktime import AugmenterTransformer
    >>> from sktime.datasets import load_italy_power_demand
    >>> X, y = load_italy_power_demand(split="train", return_type="pd-multiindex")
    >>> denoiser = AugmenterTransformer(
    ...     LatentAugmenter(on_transform="reconstruct", max_epochs=5)
    ... )
    >>> denoiser.fit_transform(X).shape
    (1608, 1)
    """

    _tags: ClassVar[dict[str, Any]] = {
        **_PANEL_TAGS,
        # transformers of sktime that are fitted to a panel have these tags
        "scitype:transform-input": "Series",
        "scitype:transform-output": "Series",
        "scitype:instancewise": False,
        "y_inner_mtype": "None",
        "capability:categorical_in_X": False,
        "capability:inverse_transform": False,
        "fit_is_empty": False,
        "transform-returns-same-time-index": True,
        "property:randomness": "derandomized",
    }

    def __init__(self, augmenter: Any = None, random_state: Any = None) -> None:
        self.augmenter = augmenter
        self.random_state = random_state
        super().__init__()

    def _fit(self, X: list[Any], y: Any = None) -> "AugmenterTransformer":
        self.augmenter_ = clone_with_seed(self.augmenter, self.random_state).fit(X)
        return self

    def _transform(self, X: list[Any], y: Any = None) -> list[Any]:
        return self.augmenter_.transform(X)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters for sktime's tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            Ignored.

        Returns
        -------
        list of dict
            Parameters.
        """
        reconstructing = _tiny().set_params(on_transform="reconstruct")
        return [{"augmenter": _tiny()}, {"augmenter": reconstructing}]


class AugmentedTimeSeriesClassifier(_AugmentedPanelEstimator, BaseClassifier):
    """A classifier of sktime that is trained on more series than it was given.

    It corresponds to `lgta_sklearn.AugmentedClassifier`: the classifier is trained on
    the training series and new ones; series to predict are not changed.

    Parameters
    ----------
    estimator : classifier
        Classifier of sktime (or of scikit-learn, for arrays of three dimensions).
    augmenter : augmenter, list of augmenters, or None, default=None
        Source of the new series; None takes the `DirectAugmenter` of
        `AugmentedClassifier`.
    n_copies : int or "auto", default=4
        New series per series; with ``"auto"``, cross-validation decides inside `fit`.
    sampling_strategy : None, str, float, dict or callable, default=None
        Wanted number of series of each class; it replaces `n_copies`.
    method : {"augment", "sample"}, default="augment"
        Whether new series are variations of those of the class (`augment`) or sampled
        from its density (`sample`).
    on_mislabeled : {"keep", "reject", "relabel"}, default="keep"
        Treatment of new series that the classifier, fitted on the real series alone,
        assigns to another class.
    n_jobs : int or None, default=None
        Number of processes of the cross-validation.
    random_state : None, int or RandomState, default=None
        Seed of the growth, and of the augmenter if it has none of its own.

    Attributes
    ----------
    model_ : AugmentedClassifier
        The fitted model.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.adapters.sktime import AugmentedTimeSeriesClassifier
    >>> from sktime.classification.dummy import DummyClassifier
    >>> from sktime.datasets import load_italy_power_demand
    >>> X, y = load_italy_power_demand(split="train", return_type="nested_univ")
    >>> model = AugmentedTimeSeriesClassifier(
    ...     DummyClassifier(), LatentAugmenter(max_epochs=5), random_state=0
    ... )
    >>> model.fit(X, y).predict(X).shape
    (67,)
    """

    _tags: ClassVar[dict[str, Any]] = {
        **_PANEL_TAGS,
        "capability:predict_proba": True,
    }
    _delegate = AugmentedClassifier

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
        super().__init__()
        self._take_tags()

    def _predict_proba(self, X: list[Any]) -> np.ndarray:
        if hasattr(self.model_, "predict_proba"):
            return self.model_.predict_proba(_simplest(X))
        return super()._predict_proba(X)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters for sktime's tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            Ignored.

        Returns
        -------
        list of dict
            Parameters.
        """
        from sktime.classification.dummy import DummyClassifier

        return [
            {"estimator": DummyClassifier(), "augmenter": _tiny(), "n_copies": 1},
            {"estimator": DummyClassifier(), "augmenter": _tiny(), "method": "sample"},
        ]


class AugmentedTimeSeriesRegressor(_AugmentedPanelEstimator, BaseRegressor):
    """A regressor of sktime that is trained on more series than it was given.

    It corresponds to `lgta_sklearn.AugmentedRegressor`: new series are added that lie
    between two of similar targets, and their targets between theirs.

    Parameters
    ----------
    estimator : regressor
        Regressor of sktime (or of scikit-learn, for arrays of three dimensions).
    augmenter : LatentAugmenter or None, default=None
        Source of the new series; None takes `LatentAugmenter` with its defaults.
    n_copies : int, default=4
        New series per series.
    method : {"mix", "augment"}, default="mix"
        Whether new series lie between two of similar targets, which are mixed, too, or
        are variations that keep the target of their source.
    bandwidth : float in [0.001, 1000], default=0.5
        Bandwidth of the kernel of the target's distance, in standard deviations of the
        targets, by which the second series is drawn.
    random_state : None, int or RandomState, default=None
        Seed of the growth, and of the augmenter if it has none of its own.

    Attributes
    ----------
    model_ : AugmentedRegressor
        The fitted model.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.adapters.sktime import AugmentedTimeSeriesRegressor
    >>> from sktime.datasets import load_italy_power_demand
    >>> from sktime.regression.dummy import DummyRegressor
    >>> X, _ = load_italy_power_demand(split="train", return_type="numpy3D")
    >>> model = AugmentedTimeSeriesRegressor(
    ...     DummyRegressor(), LatentAugmenter(max_epochs=5), random_state=0
    ... )
    >>> model.fit(X, X.max(axis=(1, 2))).predict(X).shape
    (67,)
    """

    _tags: ClassVar[dict[str, Any]] = dict(_PANEL_TAGS)
    _delegate = AugmentedRegressor

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
        super().__init__()
        self._take_tags()

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters for sktime's tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            Ignored.

        Returns
        -------
        list of dict
            Parameters.
        """
        from sktime.regression.dummy import DummyRegressor

        return [
            {"estimator": DummyRegressor(), "augmenter": _tiny(), "n_copies": 1},
            {"estimator": DummyRegressor(strategy="median"), "augmenter": _tiny()},
        ]
