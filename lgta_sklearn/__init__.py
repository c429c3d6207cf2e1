"""Augmentation and synthesis of time series as scikit-learn estimators."""

from lgta_sklearn.augmenters.latent import LatentAugmenter, PosteriorCollapseWarning

__all__ = ["LatentAugmenter", "PosteriorCollapseWarning"]
__version__ = "0.1.0.dev0"
