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

__all__ = ["InterpolatingMixin", "Movable"]

# rows of series, and a function (numbers of series, steps of their rows) -> values
Movable = tuple[np.ndarray, Callable[[np.ndarray, np.ndarray], np.ndarray]]


class InterpolatingMixin(ABC):
    """Add `interpolate` to an augmenter.

    A family fills the hook `_movable`.
    """

    _check_ready: Callable[[], None]

    @abstractmethod
    def _movable(self, panel: Panel) -> Movable:
        """Return series as rows of everything that is known of them.

        Parameters
        ----------
        panel : Panel
            Series in model units.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_columns)
            Rows; NaN where a value is missing.
        move : callable
            ``(index, step) -> X``: the series with these numbers, (len(index), C, T) in
            model units, after their rows have moved by the steps.
        """

    def interpolate(self, X: Any, X_other: Any, share: Any = 0.5) -> Any:
        """Return series on the way from some series to others.

        In the latent space the codes, the levels and the log-scales go a share of the
        way, and so does what the model cannot explain. A `DirectAugmenter` interpolates
        the values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series at the beginning of the way.
        X_other : array-like of the shape of X
            Series at the end of the way.
        share : float or array-like of shape (n_samples,), default=0.5
            Share of the way, in [0, 1]. 0 is exactly `X`, 1 is `X_other` up to
            rounding.

        Returns
        -------
        array, DataFrame or list of the shape of X
            Series in the units and the container of `X`, with its lengths and gaps.

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
        panel, other = (check_series(self, A, reset=False) for A in (X, X_other))
        check_consistent_length(panel, other)
        shares = _checked_shares(share, len(panel))
        values = panel.values.copy()
        with pinned_runtime():
            for _, rows in blocks(len(panel)):
                one, share_of = panel[rows], shares[rows, None]
                start, move = self._movable(one.in_model_units())
                end, _ = self._movable(other[rows].in_model_units())
                moved = move(np.arange(len(one)), share_of * (end - start))
                new = one.with_model_values(moved).values
                values[rows] = np.where(shares[rows] > 0, new.T, one.values.T).T
        return replace(panel, values=values).packed()


def _checked_shares(share: Any, n_samples: int) -> np.ndarray:
    """Return a share for each series."""
    shares = np.asarray(share, dtype=float)
    if shares.ndim > 1 or (shares.ndim and len(shares) != n_samples):
        raise ValueError(
            f"share must be a number or have one for each of the {n_samples} series, "
            f"got an array of shape {shares.shape}."
        )
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"share must lie in [0, 1], got {share!r}.")
    return np.broadcast_to(shares, n_samples)
