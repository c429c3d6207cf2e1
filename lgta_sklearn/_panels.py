"""Sets of series inside the package: one array, NaN where a value is missing.

What lies beyond the end of a series is NaN too, so that each has its length beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

__all__ = [
    "Panel",
    "in_units",
    "pad",
    "panel_of",
    "stacked",
    "unit_of",
    "unpadded",
    "with_channels",
]


@dataclass(frozen=True)
class Panel:
    """A checked set of series.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        NaN where a value is missing, and beyond the end of a series.
    lengths : ndarray of int of shape (n_samples,)
        Time points of each series.
    unit : ndarray of shape (n_channels, 1), default=1
        Powers of two in which the package counts the values of each channel, so that
        it may square what is near the ends of the range of floating-point numbers.
    """

    values: np.ndarray
    lengths: np.ndarray
    unit: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.values)

    def __getitem__(self, rows: Any) -> Self:
        """Return some of the series."""
        return replace(self, values=self.values[rows], lengths=self.lengths[rows])

    def as_channels(self) -> np.ndarray:
        """Return the series in double precision, counted in `unit`, with channels.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            A copy.
        """
        # the order in memory changes the last bits of a sum
        X = with_channels(self.values).astype(np.float64, order="C")
        X /= self.unit
        return X

    def with_values(self, X: np.ndarray, where: np.ndarray | bool = True) -> Self:
        """Return other series in the layout, lengths and dtype of these.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            The series, counted in `unit`; what lies beyond the end of one is not
            looked at.
        where : ndarray of bool of the shape of X, default=True
            Which values to take; the others stay as they are, to the last bit.

        Returns
        -------
        Panel
            The series.
        """
        X = np.where(self.inside()[:, None], X, np.nan)
        X = in_units(X, self.unit, self.values.dtype)
        X = np.where(where, X, with_channels(self.values))
        return replace(self, values=X[:, 0] if self.values.ndim == 2 else X)

    def widened(self, n_timepoints: int) -> Self:
        """Return the series with NaN beyond their ends, to a length at least.

        Parameters
        ----------
        n_timepoints : int
            Length of the array; it is not cut where it is longer.

        Returns
        -------
        Panel
            The series.
        """
        missing = n_timepoints - self.values.shape[-1]
        if missing <= 0:
            return self
        width = [(0, 0)] * (self.values.ndim - 1) + [(0, missing)]
        return replace(self, values=np.pad(self.values, width, constant_values=np.nan))

    def gaps(self) -> np.ndarray:
        """Tell which values are missing.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_channels, n_timepoints)
            True for those; what lies beyond the end of a series is none.
        """
        return np.isnan(with_channels(self.values)) & self.inside()[:, None]

    def inside(self) -> np.ndarray:
        """Tell which time points lie before the end of a series.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_timepoints)
            True for those.
        """
        return np.arange(self.values.shape[-1]) < self.lengths[:, None]


def with_channels(values: np.ndarray) -> np.ndarray:
    """Return series with an axis of channels.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        The same values, not copied.
    """
    return values[:, None] if values.ndim == 2 else values


def unit_of(values: np.ndarray) -> np.ndarray:
    """Return the powers of two in which to count the values of each channel.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series.

    Returns
    -------
    ndarray of shape (n_channels, 1)
        Counted in them the largest value lies between 1 and 2; 1 for zeros.
    """
    X = with_channels(values)
    largest = np.fmax.reduce(X, axis=(0, 2)), -np.fmin.reduce(X, axis=(0, 2))
    exponent = np.frexp(np.maximum(*largest).astype(float))[1]
    # not below the smallest normal number: its inverse is a number too
    unit = np.ldexp(1.0, np.maximum(exponent - 1, -1022))
    return np.where(np.maximum(*largest) > 0, unit, 1.0)[:, None]


def in_units(X: np.ndarray, unit: np.ndarray, dtype: Any) -> np.ndarray:
    """Return what was counted in units as plain values, cut to what the dtype holds.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series, counted in units.
    unit : ndarray of shape (n_channels, 1)
        Powers of two.
    dtype : dtype
        Of floating-point numbers.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Series.
    """
    most = np.finfo(dtype).max
    if unit.max(initial=1.0) < most / 2.0**64:  # nothing comes near the end
        return (X * unit).astype(dtype, copy=False)
    with np.errstate(over="ignore"):
        return np.clip(X * unit, -most, most).astype(dtype)


def pad(rows: Sequence[np.ndarray]) -> Panel:
    """Return series as one array, NaN beyond their ends.

    Parameters
    ----------
    rows : sequence of ndarray of shape (..., n_timepoints)
        Series that differ in length only, of a dtype with NaN.

    Returns
    -------
    Panel
        The series.
    """
    lengths = np.array([row.shape[-1] for row in rows])
    shape = (len(rows), *rows[0].shape[:-1], lengths.max())
    values = np.full(shape, np.nan, dtype=np.result_type(*rows))
    for row, padded in zip(rows, values, strict=True):
        padded[..., : row.shape[-1]] = row
    return Panel(values, lengths)


def panel_of(X: Any, n_timepoints: int) -> Panel:
    """Return series of ours, an array or a list of arrays, as a panel.

    Parameters
    ----------
    X : ndarray or list of ndarray
        Series that need no check.
    n_timepoints : int
        Length to pad to, at least.

    Returns
    -------
    Panel
        The series.
    """
    if isinstance(X, list):
        return pad(X).widened(n_timepoints)
    return Panel(X, np.full(len(X), X.shape[-1]))


def stacked(panels: Sequence[Panel]) -> Panel:
    """Return the series of several panels of one layout as one.

    Parameters
    ----------
    panels : sequence of Panel
        Panels, padded to one length.

    Returns
    -------
    Panel
        All series.
    """
    return Panel(
        np.concatenate([panel.values for panel in panels]),
        np.concatenate([panel.lengths for panel in panels]),
    )


def unpadded(values: np.ndarray) -> Panel:
    """Return the series of an array, each as long as to its last known value.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        NaN beyond the end of a series.

    Returns
    -------
    Panel
        The series; one without a value is as long as the array.
    """
    known = ~np.isnan(values)
    known = known if known.ndim == 2 else known.any(axis=1)
    return Panel(values, known.shape[1] - known[:, ::-1].argmax(axis=1))
