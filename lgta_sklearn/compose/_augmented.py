"""The base class of estimators that are trained on more series than they were given."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import Tags, check_consistent_length, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._random import seed_from
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.labels import take_labels
from lgta_sklearn._series.panel import Panel, stacked
from lgta_sklearn.compose._choosing import chosen_before_growth
from lgta_sklearn.compose._growth import Grown

__all__ = ["Augmented", "take_params"]

FITTED = {"estimator_", "augmenter_", "n_augmented_", "validation_"}


class Augmented(MetaEstimatorMixin, BaseEstimator):
    """Base class of the augmented classifier and the augmented regressor."""

    estimator: Any
    augmenter: Any
    n_copies: int | str
    random_state: Any

    def _grow(
        self, panel: Panel, y: Any, seed: int, fit_params: Mapping[str, Any]
    ) -> Grown:
        """Return new series, their source rows, and their targets if these differ."""
        raise NotImplementedError

    def _fit_grown(self, X: Any, y: Any, fit_params: Mapping[str, Any]) -> Self:
        """Fit the estimator on the series and the new ones."""
        for name in FITTED & set(vars(self)):
            delattr(self, name)  # of an earlier fit
        panel = check_series(self, X, reset=True)
        check_consistent_length(panel, y)
        self._check_gaps(panel)
        params = fit_params
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "fit", **fit_params).estimator.fit
        seed = seed_from(self.random_state)
        new = self._grow(panel, y, seed, fit_params)
        index = np.concatenate([np.arange(len(panel)), new.source])
        grown = stacked([panel, new.panel]).packed(index)
        targets = take_labels(y, index)
        if new.targets is not None:
            targets = np.concatenate([y, new.targets])
        self.n_augmented_ = len(new.source)
        estimator = clone(self.estimator)

        def fitted_to_real() -> Any:
            return clone(estimator).fit(panel.packed(), y, **params)

        with chosen_before_growth(
            estimator, fitted_to_real, len(index) / max(len(panel), 1)
        ):
            self.estimator_ = estimator.fit(
                grown, targets, **take_params(params, len(panel), index)
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


def take_params(
    params: Mapping[str, Any], n_samples: int, index: np.ndarray
) -> dict[str, Any]:
    """Return parameters of `fit`; those with one entry per series are indexed.

    Parameters
    ----------
    params : mapping
        Parameters.
    n_samples : int
        Number of series.
    index : ndarray of int
        Rows.

    Returns
    -------
    dict
        Parameters for these rows.
    """
    return {
        name: take_labels(value, index)
        if np.ndim(value) and len(value) == n_samples
        else value
        for name, value in params.items()
    }
