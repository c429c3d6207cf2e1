"""Growth at fit time: estimators and a sampler that add synthetic series.

A scikit-learn Pipeline cannot add rows, so growth stands around an estimator
(`AugmentedClassifier`, `AugmentedRegressor`) or, in the Pipeline of imbalanced-learn,
in front of it (`LatentResampler`). All of them work while fitting only: what is
predicted reaches the estimator untouched.
"""

from lgta_sklearn.compose.augmented import AugmentedClassifier, AugmentedRegressor
from lgta_sklearn.compose.resampler import LatentResampler

__all__ = ["AugmentedClassifier", "AugmentedRegressor", "LatentResampler"]
