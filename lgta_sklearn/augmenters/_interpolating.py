"""`InterpolatingMixin`: series on the way from one series to another."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from lgta_sklearn._chunks import blocks
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.panel import Panel

__all__ = ["InterpolatingMixin"]


class InterpolatingMixin(ABC):
    """Add `interpolate` to an augmenter.

    A family fills the hook `_between`.
    """

    _check_ready: Callable[[], None]
    _with_gaps: Callable[[Panel], Panel]

    @abstractmethod
    def _between(self, one: Panel, other: Panel, share: np.ndarray) -> np.ndarray:
        """Return series on the way from some to others.

        Parameters
        ----------
        one, other : Panel
            As many series each, in model units.
        share : ndarray of shape (n_samples,)
            Share of the way.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Series in model units; where `one` has no value, theirs does not matter.
        """

    def interpolate(self, X: Any, X_other: Any, share: Any = 0.5) -> Any:
        """Return series between some series and others.

        A `LatentAugmenter` interpolates the codes, the levels, the scales and the
        residuals, which the model cannot explain; a `DirectAugmenter` interpolates the
        values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series of weight 1 - `share`.
        X_other : array-like of the shape of X
            As many series, row by row the other ends.
        share : float or array-like of shape (n_samples,), default=0.5
            Weight of `X_other`, in [0, 1]. 0 is exactly `X`, 1 is `X_other` up to
            rounding.

        Returns
        -------
        array, DataFrame or list of the shape of X
            Series in the units and the container of `X`, with its lengths. A value
            that is missing in `X` is missing, unless ``gaps="fill"``; one that is
            missing only in `X_other`, or beyond its end, is replaced by that of `X` (by
            a line in a `DirectAugmenter`).

        Raises
        ------
        ValueError
            If the numbers of series differ, or a share is not in [0, 1].

        References
        ----------
        DeVries and Taylor (2017), "Dataset augmentation in feature space",
        arXiv:1702.05538.
        """
        self._check_ready()
        panel, other = (
            self._with_gaps(check_series(self, A, reset=False)) for A in (X, X_other)
        )
        check_consistent_length(panel, other)
        shares = _checked_shares(share, len(panel))
        values = panel.values.copy()
        with pinned_runtime():
            for _, rows in blocks(len(panel)):
                one = panel[rows]
                ends = one.in_model_units(), other[rows].in_model_units()
                new = one.with_model_values(self._between(*ends, shares[rows])).values
                new = np.where(np.isnan(one.values), np.nan, new)
                values[rows] = np.where(shares[rows] > 0, new.T, one.values.T).T
        return replace(panel, values=values).packed()


def _checked_shares(share: Any, n_samples: int) -> np.ndarray:
    """Return a share for each series."""
    shares = np.asarray(share, dtype=float)
    if shares.ndim > 1 or shares.size not in (1, n_samples):
        raise ValueError(
            f"share must be a number or have one for each of the {n_samples} series, "
            f"got an array of shape {shares.shape}."
        )
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"share must lie in [0, 1], got {share!r}.")
    return np.broadcast_to(shares, n_samples)
