"""Differential privacy by Gaussian noise, and the account of what was spent.

Two sets are neighbours if one has the records of one person more. A release is a vector
of sums over persons, to which noise is added. If no person can move the vector by more
than ``D`` (its sensitivity, an L2 norm), noise of standard deviation ``D / mu`` makes
the release mu-Gaussian differentially private, and releases with ``mu_1, mu_2, ...``
are together private with ``sqrt(mu_1**2 + mu_2**2 + ...)``, exactly, also if a later
one depends on an earlier one (Dong et al., 2022, doi:10.1111/rssb.12454). That ``mu``
has a pair (epsilon, delta) in closed form (Balle and Wang, 2018, arXiv:1805.06530).
"""

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import norm

__all__ = ["PrivacyBudget", "system_normal"]

Normal = Callable[[Any], np.ndarray]


def system_normal(shape: tuple[int, ...]) -> np.ndarray:
    """Return standard normal numbers from the random source of the operating system.

    Of a generator with a seed, whoever guesses the seed can remove the noise.

    Parameters
    ----------
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    ndarray of that shape
        Numbers that nothing can repeat.
    """
    size = math.prod(shape)
    bits = np.frombuffer(os.urandom(8 * size), dtype=np.uint64) >> np.uint64(11)
    drawn: np.ndarray = ndtri((bits + 0.5) / 2.0**53).reshape(shape)
    return drawn


class PrivacyBudget:
    """What may be released with (epsilon, delta)-differential privacy, and what was.

    Parameters
    ----------
    epsilon : float
        Largest log-ratio, > 0, of the probabilities that two neighbouring sets give to
        an outcome.
    delta : float
        Probability, in (0, 1), by which that may fail.

    Attributes
    ----------
    mu : float
        Parameter of Gaussian differential privacy of all releases together.
    spent : float
        Share of `mu` squared that was spent, at most 1.
    """

    def __init__(self, epsilon: float, delta: float) -> None:
        self.mu = _gaussian_privacy(epsilon, delta)
        self.spent = 0.0

    def noise(self, sensitivity: float, share: float) -> float:
        """Return the standard deviation of the noise of a release, and charge for it.

        Parameters
        ----------
        sensitivity : float
            Largest L2 norm by which a person can move what is released.
        share : float
            Share of the budget, in (0, 1].

        Returns
        -------
        float
            Standard deviation.

        Raises
        ------
        ValueError
            If the shares exceed 1.
        """
        if not 0 < share <= 1 - self.spent + 1e-9:
            raise ValueError(
                f"A share of {share:g} was asked for, but {1 - self.spent:g} is left."
            )
        self.spent += share
        return sensitivity / (self.mu * math.sqrt(share))

    def release(
        self,
        sums: np.ndarray,
        sensitivity: float,
        share: float,
        normal: Normal,
    ) -> tuple[np.ndarray, float]:
        """Add noise to sums over persons, and charge for it.

        Parameters
        ----------
        sums : ndarray of any shape
            Sums.
        sensitivity : float
            Largest L2 norm by which a person can move them.
        share : float
            Share of the budget.
        normal : callable
            Takes a shape and returns standard normal numbers, such as `system_normal`.

        Returns
        -------
        released : ndarray of the shape of sums
            Sums with noise.
        noise : float
            Its standard deviation.
        """
        noise = self.noise(sensitivity, share)
        return sums + noise * normal(sums.shape), noise

    def release_symmetric(
        self,
        sums: np.ndarray,
        sensitivity: float,
        share: float,
        normal: Normal,
    ) -> tuple[np.ndarray, float]:
        """Add symmetric noise to a sum of symmetric matrices, and charge for it.

        Parameters
        ----------
        sums : ndarray of shape (n_columns, n_columns)
            Symmetric matrix.
        sensitivity : float
            Largest Frobenius norm by which a person can move it.
        share : float
            Share of the budget.
        normal : callable
            Takes a shape and returns standard normal numbers, such as `system_normal`.

        Returns
        -------
        released : ndarray of shape (n_columns, n_columns)
            Matrix with noise.
        noise : float
            Standard deviation of the noise beside the diagonal.
        """
        # an entry beside the diagonal counts twice in the norm, so that it needs less
        noise = self.noise(sensitivity, share) / math.sqrt(2)
        drawn = normal(sums.shape)
        return sums + noise * (drawn + drawn.T) / math.sqrt(2), noise


def _gaussian_privacy(epsilon: float, delta: float) -> float:
    """Return the mu whose delta, for this epsilon, is the given one."""

    def excess(mu: float) -> float:
        far, near = norm.logcdf([-epsilon / mu - mu / 2, -epsilon / mu + mu / 2])
        return math.exp(near) - math.exp(epsilon + far) - delta

    low = 1e-3 * min(epsilon, delta, 1.0)
    high = 40 + 2 * math.sqrt(2 * epsilon)
    return float(brentq(excess, low, high, xtol=1e-3 * low, maxiter=10_000))
