"""Growth at fit time: estimators and a sampler that add synthetic series.

A scikit-learn Pipeline cannot add rows, so growth wraps an estimator
(`AugmentedClassifier`, `AugmentedRegressor`) or precedes it in the Pipeline of
imbalanced-learn (`SyntheticOverSampler`). All of them only work during fitting: series
to predict reach the estimator unchanged.
"""

from lgta_sklearn.compose.augmented import AugmentedClassifier, AugmentedRegressor
from lgta_sklearn.compose.oversampler import SyntheticOverSampler

__all__ = ["AugmentedClassifier", "AugmentedRegressor", "SyntheticOverSampler"]
