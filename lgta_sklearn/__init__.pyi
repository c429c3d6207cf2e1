from ._files.bytes import FormatError as FormatError
from ._series.panel import Panel as Panel
from .augmenters.adversarial import AdversarialAugmenter as AdversarialAugmenter
from .augmenters.anonymizer import LatentAnonymizer as LatentAnonymizer
from .augmenters.base import BaseAugmenter as BaseAugmenter
from .augmenters.diffusion import DiffusionAugmenter as DiffusionAugmenter
from .augmenters.direct import DirectAugmenter as DirectAugmenter
from .augmenters.gaussian import GaussianAnonymizer as GaussianAnonymizer
from .augmenters.gaussian import PrivacyLeakWarning as PrivacyLeakWarning
from .augmenters.latent import LatentAugmenter as LatentAugmenter
from .augmenters.suggestion import Suggestion as Suggestion
from .augmenters.suggestion import suggest_augmenter as suggest_augmenter
from .compose.augmented import AugmentedClassifier as AugmentedClassifier
from .compose.augmented import AugmentedRegressor as AugmentedRegressor
from .compose.oversampler import SyntheticOverSampler as SyntheticOverSampler
from .training.collapse import ModeCollapseWarning as ModeCollapseWarning
from .training.collapse import PosteriorCollapseWarning as PosteriorCollapseWarning
from .training.memorisation import MemorisationWarning as MemorisationWarning

__version__: str
