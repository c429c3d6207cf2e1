"""Missing values: their positions, and their imputation.

A gap is a missing value within a series. Padding beyond the end of a series is not a
gap.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from lgta_sklearn._files.registry import storable
from lgta_sklearn._neighbors import NearestRows
from lgta_sklearn._random import choose_per_row, seed_from

__all__ = ["GapPatterns", "impute_from_neighbors", "interpolate_gaps"]


@storable
class GapPatterns(BaseEstimator):
    """The gaps of a training series with a similar code, drawn at random.

    Parameters
    ----------
    n_neighbors : int, default=15
        Number of nearest codes among which to draw; fewer if there are fewer codes.

    Attributes
    ----------
    gaps_ : ndarray of bool of shape (n_samples, n_channels, n_timepoints) or None
        Gaps of the training series; None if they have none.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.gaps import GapPatterns
    >>> gaps = np.zeros((3, 1, 4), dtype=bool)
    >>> gaps[:, :, 2] = True
    >>> V = np.zeros((3, 2))
    >>> GapPatterns().fit(gaps, given=V).sample(1, given=V[:1], random_state=0)
    array([[[False, False,  True, False]]])
    """

    def __init__(self, n_neighbors: int = 15) -> None:
        self.n_neighbors = n_neighbors

    def fit(self, gaps: np.ndarray, given: np.ndarray) -> Self:
        """Keep gaps and the codes that they belong to.

        Parameters
        ----------
        gaps : ndarray of bool of shape (n_samples, n_channels, n_timepoints)
            True where a value is missing.
        given : ndarray of shape (n_samples, n_features)
            Codes of the series, standardised.

        Returns
        -------
        GapPatterns
            The fitted object.
        """
        self.gaps_ = None
        if gaps.any():
            self.gaps_, self._nearest = gaps, NearestRows(given, self.n_neighbors)
        return self

    def sample(
        self, n_samples: int = 1, *, given: np.ndarray, random_state: Any = None
    ) -> np.ndarray:
        """Draw gaps for series with given codes.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series, one for each row of `given`.
        given : ndarray of shape (n_samples, n_features)
            Codes.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_channels, n_timepoints), or \
(n_samples, 1, 1) if no training series has a gap
            True where a value of the new series is missing.
        """
        if self.gaps_ is None:
            return np.zeros((len(given), 1, 1), dtype=bool)
        rng = np.random.default_rng(seed_from(random_state))
        drawn: np.ndarray = self.gaps_[choose_per_row(self._nearest.to(given), rng)]
        return drawn


def impute_from_neighbors(
    R: np.ndarray, V: np.ndarray, n_neighbors: int = 15
) -> np.ndarray:
    """Fill missing residuals with residuals of series with similar codes.

    Parameters
    ----------
    R : ndarray of shape (n_samples, n_channels, n_timepoints)
        Residuals, NaN where a value is missing.
    V : ndarray of shape (n_samples, n_features)
        Codes of the series, standardised.
    n_neighbors : int, default=15
        Number of nearest codes that are searched, the nearest first. If none of them
        has a value, the residual is 0.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Residuals without NaN.
    """
    from sklearn.neighbors import NearestNeighbors

    incomplete = np.flatnonzero(np.isnan(R).any(axis=(1, 2)))
    if not len(incomplete):
        return R
    n_neighbors = min(n_neighbors, len(R) - 1)
    lent = R[incomplete]
    if n_neighbors:
        index = NearestNeighbors(n_neighbors=n_neighbors + 1).fit(V)
        near = index.kneighbors(V[incomplete], return_distance=False)
        for column in near.T:  # the series itself changes nothing
            lent = np.where(np.isnan(lent), R[column], lent)
    filled = R.copy()
    filled[incomplete] = np.nan_to_num(lent)
    return filled


def interpolate_gaps(R: np.ndarray) -> np.ndarray:
    """Interpolate residuals linearly between the values on both sides of a gap.

    Gaps at the ends of a series get the nearest value.

    Parameters
    ----------
    R : ndarray of shape (n_samples, n_channels, n_timepoints)
        Residuals, NaN where a value is missing.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Residuals without NaN; 0 if a channel has no value at all.
    """
    time = np.arange(R.shape[2])
    bridged = R.copy()
    for i, c in np.argwhere(np.isnan(R).any(axis=2)):
        known = ~np.isnan(R[i, c])
        bridged[i, c] = (
            np.interp(time, time[known], R[i, c, known]) if known.any() else 0
        )
    return bridged
