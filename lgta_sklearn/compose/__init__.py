"""Growth at fit time: estimators and a sampler that add synthetic series.

A scikit-learn Pipeline cannot add rows, so growth stands around an estimator
(`AugmentedClassifier`, `AugmentedRegressor`) or, in the Pipeline of imbalanced-learn,
in front of it (`SyntheticOverSampler`). All of them work while fitting only: series to
predict reach the estimator unchanged.
"""

from lgta_sklearn.compose.augmented import AugmentedClassifier, AugmentedRegressor
from lgta_sklearn.compose.oversampler import SyntheticOverSampler

__all__ = ["AugmentedClassifier", "AugmentedRegressor", "SyntheticOverSampler"]
