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

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

__all__ = ["PrivacyBudget"]


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
        rng: np.random.Generator,
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
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        released : ndarray of the shape of sums
            Sums with noise.
        noise : float
            Its standard deviation.
        """
        noise = self.noise(sensitivity, share)
        return sums + noise * rng.standard_normal(sums.shape), noise

    def release_symmetric(
        self,
        sums: np.ndarray,
        sensitivity: float,
        share: float,
        rng: np.random.Generator,
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
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        released : ndarray of shape (n_columns, n_columns)
            Matrix with noise.
        noise : float
            Standard deviation of the noise beside the diagonal.
        """
        # an entry beside the diagonal counts twice in the norm, so that it needs less
        noise = self.noise(sensitivity, share) / math.sqrt(2)
        drawn = rng.standard_normal(sums.shape)
        return sums + noise * (drawn + drawn.T) / math.sqrt(2), noise


def _gaussian_privacy(epsilon: float, delta: float) -> float:
    """Return the mu whose delta, for this epsilon, is the given one."""

    def excess(mu: float) -> float:
        far, near = norm.logcdf([-epsilon / mu - mu / 2, -epsilon / mu + mu / 2])
        return math.exp(near) - math.exp(epsilon + far) - delta

    # the second term is at most delta if the first is: it bounds mu from below
    return float(brentq(excess, 1e-9, 40 + 2 * math.sqrt(2 * epsilon), xtol=1e-12))
