"""Augmentation and synthesis of time series as scikit-learn estimators.

What the package offers is imported when it is first asked for (PEP 562), so that to
import the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lgta_sklearn._storage import FormatError
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
    "FormatError",
    "LatentAugmenter",
    "LatentResampler",
    "PosteriorCollapseWarning",
]
__version__ = "0.1.0.dev0"

_HOMES = {
    "AugmentedClassifier": "compose",
    "AugmentedRegressor": "compose",
    "DirectAugmenter": "augmenters.direct",
    "FormatError": "_storage",
    "LatentAugmenter": "augmenters.latent",
    "LatentResampler": "compose",
    "PosteriorCollapseWarning": "augmenters.latent",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
