"""Schedules: the noise levels that are trained, and those that a sampler visits.

A schedule has two methods: ``grid(n_steps)`` returns the levels of a sampler,
descending to 0, and ``quantiles(n)`` returns levels of which each is trained equally
often, ascending.
"""

from typing import Any

import numpy as np
from scipy.special import ndtri
from sklearn.base import BaseEstimator

from lgta_sklearn._files.registry import storable

__all__ = ["SCHEDULES", "CosineSchedule", "EDMSchedule", "LinearSchedule"]


def _centres(n: int) -> np.ndarray:
    """Return the centres of n equal parts of the unit interval."""
    centres: np.ndarray = (np.arange(n) + 0.5) / n
    return centres


@storable
class EDMSchedule(BaseEstimator):
    """Schedule of Karras et al.: log-normal in training, a power law in sampling.

    Parameters
    ----------
    sigma_min, sigma_max : float, default=0.02, 20.0
        Smallest and largest level of a sampler; data have unit variance.
    rho : float, default=7.0
        Exponent of the grid: a larger one takes more steps at low noise.
    log_mean, log_std : float, default=-0.8, 1.5
        Mean and standard deviation of the log of the levels in training. Karras et al.
        trained images with -1.2 and 1.2; at high levels, which decide how far draws
        spread, series want more.

    References
    ----------
    Karras et al. (2022), "Elucidating the design space of diffusion-based generative
    models", arXiv:2206.00364.

    Examples
    --------
    >>> from lgta_sklearn.diffusion import EDMSchedule
    >>> EDMSchedule(sigma_min=0.1, sigma_max=10.0).grid(3).round(2)
    array([10.  ,  1.45,  0.1 ,  0.  ])
    """

    def __init__(
        self,
        sigma_min: float = 0.02,
        sigma_max: float = 20.0,
        rho: float = 7.0,
        log_mean: float = -0.8,
        log_std: float = 1.5,
    ) -> None:
        self.sigma_min, self.sigma_max, self.rho = sigma_min, sigma_max, rho
        self.log_mean, self.log_std = log_mean, log_std

    def grid(self, n_steps: int) -> np.ndarray:
        """Return the levels of a sampler.

        Parameters
        ----------
        n_steps : int
            Number of steps.

        Returns
        -------
        ndarray of shape (n_steps + 1,)
            Levels, descending to 0.
        """
        ends = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        return np.append(np.linspace(*ends, n_steps) ** self.rho, 0.0)

    def quantiles(self, n: int) -> np.ndarray:
        """Return levels of which each is trained equally often.

        Parameters
        ----------
        n : int
            Number of levels.

        Returns
        -------
        ndarray of shape (n,)
            Levels, ascending.
        """
        return np.exp(self.log_mean + self.log_std * ndtri(_centres(n)))


class _DiscreteSchedule(BaseEstimator):
    """Schedule of Ho et al.: a fixed sequence of levels, trained equally often."""

    n_levels: int

    def _shares(self) -> np.ndarray:
        """Return the variance that each step leaves of the data, (n_levels,)."""
        raise NotImplementedError

    def levels(self) -> np.ndarray:
        """Return all levels.

        Returns
        -------
        ndarray of shape (n_levels,)
            ``sigma_t / alpha_t``, ascending.
        """
        left = np.cumprod(self._shares())
        return np.sqrt((1 - left) / left)

    def grid(self, n_steps: int) -> np.ndarray:
        """Return the levels of a sampler, evenly spaced in the sequence.

        Parameters
        ----------
        n_steps : int
            Number of steps, at most `n_levels`.

        Returns
        -------
        ndarray of shape (n_steps + 1,)
            Levels, descending to 0.

        Raises
        ------
        ValueError
            If `n_steps` is larger than `n_levels`.
        """
        if n_steps > self.n_levels:
            raise ValueError(
                f"a schedule of {self.n_levels} levels has no {n_steps} steps; lower "
                "n_steps or raise n_levels."
            )
        chosen = np.rint(np.linspace(self.n_levels - 1, 0, n_steps)).astype(int)
        return np.append(self.levels()[chosen], 0.0)

    def quantiles(self, n: int) -> np.ndarray:
        """Return levels of which each is trained equally often.

        Parameters
        ----------
        n : int
            Number of levels.

        Returns
        -------
        ndarray of shape (n,)
            Levels, ascending.
        """
        return np.quantile(self.levels(), _centres(n))


@storable
class LinearSchedule(_DiscreteSchedule):
    """Schedule of Ho et al.: the variance of the steps grows linearly.

    Parameters
    ----------
    n_levels : int, default=1000
        Number of levels.
    first, last : float in (0, 1), default=1e-4, 0.02
        Variance of the noise of the first and of the last step.

    References
    ----------
    Ho et al. (2020), "Denoising diffusion probabilistic models", arXiv:2006.11239.

    Examples
    --------
    >>> from lgta_sklearn.diffusion import LinearSchedule
    >>> LinearSchedule().levels()[[0, 499, 999]].round(2)
    array([1.0000e-02, 3.4200e+00, 1.5741e+02])
    """

    def __init__(
        self, n_levels: int = 1000, first: float = 1e-4, last: float = 0.02
    ) -> None:
        self.n_levels, self.first, self.last = n_levels, first, last

    def _shares(self) -> np.ndarray:
        return 1 - np.linspace(self.first, self.last, self.n_levels)


@storable
class CosineSchedule(_DiscreteSchedule):
    """Schedule of Nichol and Dhariwal: what is left of the data is a squared cosine.

    Parameters
    ----------
    n_levels : int, default=1000
        Number of levels.
    offset : float, default=0.008
        Keeps the first steps from being too small.
    most : float in (0, 1), default=0.999
        Largest variance of the noise of a step.

    References
    ----------
    Nichol and Dhariwal (2021), "Improved denoising diffusion probabilistic models",
    arXiv:2102.09672.

    Examples
    --------
    >>> from lgta_sklearn.diffusion import CosineSchedule
    >>> CosineSchedule(n_levels=100).grid(2).round(2)
    array([2.0292e+03, 3.0000e-02, 0.0000e+00])
    """

    def __init__(
        self, n_levels: int = 1000, offset: float = 0.008, most: float = 0.999
    ) -> None:
        self.n_levels, self.offset, self.most = n_levels, offset, most

    def _shares(self) -> np.ndarray:
        time = (np.arange(self.n_levels + 1) / self.n_levels + self.offset) / (
            1 + self.offset
        )
        left = np.cos(time * np.pi / 2) ** 2
        shares: np.ndarray = np.maximum(left[1:] / left[:-1], 1 - self.most)
        return shares


SCHEDULES: dict[str, Any] = {
    "edm": EDMSchedule,
    "linear": LinearSchedule,
    "cosine": CosineSchedule,
}
