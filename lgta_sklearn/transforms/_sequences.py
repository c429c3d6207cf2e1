"""Transformations of sequences of standardised values: codes, series or residuals.

Letters: ``Z`` values, (n, L, d), or (n, d) without a time axis; ``tau`` the time of a
step, from -1/2 to 1/2.

The draws of a transformation for a series do not depend on L or d, except for white
noise and random walks. Generators in the same state therefore give the same warp to a
code, to its series, and to the residual.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.interpolate import CubicSpline
from sklearn.base import clone

from lgta_sklearn._files.registry import storable
from lgta_sklearn.transforms._protocol import BaseTransformation

__all__ = ["Drift", "Jitter", "MagnitudeWarp", "Scaling", "TimeWarp", "Trend"]

SLOWEST = 0.1  # speed of a warped clock; an unwarped one has 1


class _OfSequences(BaseTransformation):
    """A transformation of sequences, with a scale."""

    def __init__(self, scale: float = 0.25) -> None:
        self.scale = scale

    def __call__(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return transformed values.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_steps, n_features) or (n_samples, n_features)
            Standardised values. They are not written to.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of the shape of Z
            Transformed values.

        Raises
        ------
        ValueError
            If the transformation acts along time and `Z` has no time axis.
        """
        if self.needs_time and Z.ndim != 3:
            name = type(self).__name__
            raise ValueError(
                f"{name} acts along the time axis, (n_samples, n_steps, n_features), "
                f"and codes of shape {Z.shape} have none. Use "
                "LatentAugmenter(latent='per_step'), whose codes have one, or "
                f"DirectAugmenter({name}())."
            )
        return self._transformed(Z, rng)

    def scaled(self, factor: float) -> Any:
        """Return the same transformation with another scale.

        Half of a time warp is a clock that deviates by half, not the mean of a series
        and its warped version.

        Parameters
        ----------
        factor : float
            Factor of the scale.

        Returns
        -------
        transformation
            A new object.
        """
        return clone(self).set_params(scale=self.scale * factor)

    def _transformed(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError


@storable
class Jitter(_OfSequences):
    """Add independent Gaussian noise to every value.

    Parameters
    ----------
    scale : float, default=0.25
        Standard deviation of the noise, in standard deviations of the values. For one
        code per series these are taken within the classes, if there are labels.

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

    def _transformed(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        jittered: np.ndarray = Z + self.scale * rng.standard_normal(Z.shape)
        return jittered


@storable
class Scaling(_OfSequences):
    """Multiply each series by one random factor near 1.

    Parameters
    ----------
    scale : float, default=0.25
        Standard deviation of the factor, which is Gaussian with mean 1.

    References
    ----------
    Um et al. (2017), "Data augmentation of wearable sensor data for Parkinson's
    disease monitoring using convolutional neural networks", arXiv:1706.00527.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Scaling
    >>> Scaling(scale=0.1)(np.ones((1, 4, 1)), np.random.default_rng(0)).ravel()
    array([1.01, 1.01, 1.01, 1.01])
    """

    acts_on_residual: ClassVar[bool] = False  # noise does not grow with the signal

    def _transformed(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        factor = 1 + self.scale * rng.standard_normal(len(Z))
        scaled: np.ndarray = Z * factor.reshape(-1, *[1] * (Z.ndim - 1))
        return scaled


@storable
class MagnitudeWarp(_OfSequences):
    """Multiply each series by a smooth random curve around 1.

    Parameters
    ----------
    scale : float, default=0.25
        Standard deviation of the curve at its knots. Its values there are Gaussian with
        mean 1; between the knots it is a cubic spline.
    n_knots : int, default=4
        Number of knots, without those at both ends.

    References
    ----------
    Um et al. (2017), "Data augmentation of wearable sensor data for Parkinson's
    disease monitoring using convolutional neural networks", arXiv:1706.00527.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import MagnitudeWarp
    >>> MagnitudeWarp(0.1)(np.ones((1, 3, 1)), np.random.default_rng(0)).ravel()
    array([1.01, 1.06, 1.04])
    """

    needs_time: ClassVar[bool] = True
    acts_on_residual: ClassVar[bool] = False  # noise does not grow with the signal

    def __init__(self, scale: float = 0.25, n_knots: int = 4) -> None:
        super().__init__(scale)
        self.n_knots = n_knots

    def _transformed(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        curve = 1 + self.scale * _smooth(len(Z), Z.shape[1], self.n_knots, rng)
        warped: np.ndarray = Z * curve[:, :, None]
        return warped


@storable
class TimeWarp(_OfSequences):
    """Read each series by a smooth random clock; both ends keep their values.

    Parameters
    ----------
    scale : float, default=0.25
        Standard deviation of the speed of the clock at its knots. Its values there are
        Gaussian with mean 1; between the knots it is a cubic spline. The speed is at
        least 0.1, so that time never stops or goes back.
    n_knots : int, default=4
        Number of knots, without those at both ends.

    References
    ----------
    Um et al. (2017), "Data augmentation of wearable sensor data for Parkinson's
    disease monitoring using convolutional neural networks", arXiv:1706.00527.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import TimeWarp
    >>> line = np.arange(5.0).reshape(1, 5, 1)
    >>> TimeWarp(0.5)(line, np.random.default_rng(0)).ravel()
    array([0.  , 0.91, 2.16, 3.16, 4.  ])
    """

    needs_time: ClassVar[bool] = True

    def __init__(self, scale: float = 0.25, n_knots: int = 4) -> None:
        super().__init__(scale)
        self.n_knots = n_knots

    def _transformed(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n, n_steps = Z.shape[:2]
        # on a grid of fixed size, so that codes and series get the same clock
        speed = 1 + self.scale * _smooth(n, 129, self.n_knots, rng)
        speed = np.maximum(speed, SLOWEST)
        passed = np.cumsum((speed[:, 1:] + speed[:, :-1]) / 2, axis=1)
        passed = np.concatenate([np.zeros((n, 1)), passed / passed[:, -1:]], axis=1)
        grid, steps = np.linspace(0, 1, 129), np.linspace(0, 1, n_steps)
        clock = np.stack([np.interp(steps, grid, row) for row in passed])
        position = clock * (n_steps - 1)
        before = np.clip(np.floor(position).astype(int), 0, max(n_steps - 2, 0))
        share = (position - before)[:, :, None]
        row = np.arange(n)[:, None]
        after = np.minimum(before + 1, n_steps - 1)
        warped: np.ndarray = (1 - share) * Z[row, before] + share * Z[row, after]
        return warped


@storable
class Drift(_OfSequences):
    """Add a random walk, the same to all features.

    Parameters
    ----------
    scale : float, default=0.5
        Standard deviation of the walk at its end.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Drift
    >>> Drift()(np.zeros((1, 4, 1)), np.random.default_rng(1)).ravel()
    array([0.09, 0.29, 0.38, 0.05])
    """

    needs_time: ClassVar[bool] = True

    def __init__(self, scale: float = 0.5) -> None:
        super().__init__(scale)

    def _transformed(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n, n_steps = Z.shape[:2]
        walk = np.cumsum(rng.standard_normal((n, n_steps)), axis=1) / np.sqrt(n_steps)
        drifted: np.ndarray = Z + self.scale * walk[:, :, None]
        return drifted


@storable
class Trend(_OfSequences):
    """Add a straight line of random slope, 0 in the middle, the same to all features.

    Parameters
    ----------
    scale : float, default=1.0
        Standard deviation of the rise of the line from the first step to the last.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Trend
    >>> Trend()(np.zeros((1, 3, 1)), np.random.default_rng(0)).ravel()
    array([-0.06,  0.  ,  0.06])
    """

    needs_time: ClassVar[bool] = True

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)

    def _transformed(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        slope = self.scale * rng.standard_normal(len(Z))
        tau = np.linspace(-0.5, 0.5, Z.shape[1])
        risen: np.ndarray = Z + (slope[:, None] * tau)[:, :, None]
        return risen


def _smooth(
    n_samples: int, n_steps: int, n_knots: int, rng: np.random.Generator
) -> np.ndarray:
    """Return random cubic splines, (n_samples, n_steps), N(0, 1) at the knots."""
    heights = rng.standard_normal((n_samples, n_knots + 2))
    knots = np.linspace(0, 1, n_knots + 2)
    curve: np.ndarray = CubicSpline(knots, heights, axis=1)(np.linspace(0, 1, n_steps))
    return curve
