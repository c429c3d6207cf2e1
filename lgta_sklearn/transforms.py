"""Latent transformations: small objects called ``(Z, rng) -> Z``.

They act on standardised codes, whose mean is 0 and whose standard deviation is 1 over
the training series. The augmenter scales their effect by its `strength`.
"""

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["Jitter"]


class Jitter(BaseEstimator):
    """Add independent Gaussian noise to every coordinate of the code.

    Parameters
    ----------
    scale : float, default=1.0
        Standard deviation of the noise, in standard deviations of the code.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Jitter
    >>> Jitter(scale=0.5)(np.zeros((2, 3)), np.random.default_rng(0)).shape
    (2, 3)
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def __call__(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return jittered codes.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, latent_dim)
            Standardised codes.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Codes.
        """
        jittered: np.ndarray = Z + self.scale * rng.standard_normal(Z.shape)
        return jittered
