"""Augmentation and synthesis of time series as scikit-learn estimators."""

from lgta_sklearn.augmenters.direct import DirectAugmenter
from lgta_sklearn.augmenters.latent import LatentAugmenter, PosteriorCollapseWarning
from lgta_sklearn.compose import (
    AugmentedClassifier,
    AugmentedRegressor,
    LatentResampler,
)

__all__ = [
    "AugmentedClassifier",
    "AugmentedRegressor",
    "DirectAugmenter",
    "LatentAugmenter",
    "LatentResampler",
    "PosteriorCollapseWarning",
]
__version__ = "0.1.0.dev0"
