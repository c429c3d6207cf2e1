"""A native transformer of aeon.

Like those of scikit-learn, aeon's pipelines call `fit_transform` while training and
`transform` while predicting, so that the augmenter varies training series there too.
The scikit-learn class only works for one channel there, since aeon asks its own base
class whether several channels are allowed. To grow a training set, put
`lgta_sklearn.AugmentedClassifier` around any classifier of aeon.
"""

from typing import Any, ClassVar

from aeon.transformations.collection import BaseCollectionTransformer

from lgta_sklearn.augmenters.latent import LatentAugmenter
from lgta_sklearn.compose._growth import clone_with_seed

__all__ = ["AugmenterTransformer"]


class AugmenterTransformer(BaseCollectionTransformer):
    """An augmenter as a collection transformer of aeon.

    `fit_transform` returns a variation of each series, `transform` does what the
    augmenter's `on_transform` says: by default nothing.

    Parameters
    ----------
    augmenter : LatentAugmenter or None, default=None
        Unfitted augmenter; None takes `LatentAugmenter` with its defaults.
    random_state : None, int or RandomState, default=None
        Seed of the augmenter if it has none of its own.

    Attributes
    ----------
    augmenter_ : LatentAugmenter
        The fitted augmenter.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.adapters.aeon import AugmenterTransformer
    >>> X = np.random.default_rng(0).normal(size=(20, 2, 24)).cumsum(axis=2)
    >>> varying = AugmenterTransformer(
    ...     LatentAugmenter(max_epochs=5), random_state=0
    ... )
    >>> varying.fit_transform(X).shape
    (20, 2, 24)
    >>> bool((varying.transform(X) == X).all())
    True
    """

    _tags: ClassVar[dict[str, Any]] = {
        "X_inner_type": ["np-list", "numpy3D"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:missing_values": True,
        "fit_is_empty": False,
        "python_dependencies": ["torch", "skorch"],
    }

    def __init__(self, augmenter: Any = None, random_state: Any = None) -> None:
        self.augmenter = augmenter
        self.random_state = random_state
        super().__init__()

    def _fit(self, X: Any, y: Any = None) -> "AugmenterTransformer":
        self.augmenter_ = clone_with_seed(self.augmenter, self.random_state).fit(X, y)
        return self

    def _fit_transform(self, X: Any, y: Any = None) -> Any:
        self.augmenter_ = clone_with_seed(self.augmenter, self.random_state)
        return self.augmenter_.fit_transform(X, y)

    def _transform(self, X: Any, y: Any = None) -> Any:
        return self.augmenter_.transform(X)

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        """Return parameters for aeon's tests."""
        tiny = LatentAugmenter(latent_dim=2, hidden_dim=8, max_epochs=1)
        return {"augmenter": tiny, "random_state": 0}
