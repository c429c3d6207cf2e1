"""What the author of a family of generators needs, in one place.

``docs/families.md`` shows how to write a family.
"""

from lgta_sklearn._files.registry import storable
from lgta_sklearn._parameters import Bounds
from lgta_sklearn._random import Use, stream, torch_stream
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._imputing import ImputingMixin, MultipleImputationMixin
from lgta_sklearn.augmenters._interpolating import InterpolatingMixin
from lgta_sklearn.augmenters._trained import SeriesParts, TrainedAugmenter
from lgta_sklearn.augmenters._varying import VaryingMixin
from lgta_sklearn.augmenters.base import BaseAugmenter
from lgta_sklearn.training.spec import TrainingSpec

__all__ = [
    "BaseAugmenter",
    "Bounds",
    "ImputingMixin",
    "InterpolatingMixin",
    "MultipleImputationMixin",
    "Panel",
    "SeriesParts",
    "TrainedAugmenter",
    "TrainingSpec",
    "Use",
    "VaryingMixin",
    "storable",
    "stream",
    "torch_stream",
]
