"""Augmenters: scikit-learn estimators that learn series, one family in each file."""

from typing import Any

__all__ = ["default_augmenter"]


def default_augmenter() -> Any:
    """Return the augmenter that composers take if they are given none.

    Returns
    -------
    LatentAugmenter
        Unfitted, with its defaults.
    """
    from lgta_sklearn.augmenters.latent import LatentAugmenter

    return LatentAugmenter()
