"""`Panel`: a checked set of series as one array, with lengths and container.

A value is NaN where it is missing and beyond the end of a series. Everything inside the
package takes and returns panels: in the units and layout of the user outside the
augmenters' hooks, in model units inside them (`Panel.in_model_units`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

__all__ = [
    "Panel",
    "in_data_units",
    "pad",
    "panel_of",
    "power_of_two_scale",
    "stacked",
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
    channel_scale : ndarray of shape (n_channels, 1), default=1
        Power of two of each channel, by which its values are divided in model units,
        so that numbers near the ends of the floating-point range can be squared.
    container : Container or None, default=None
        Container of the input, in which results are returned.
    """

    values: np.ndarray
    lengths: np.ndarray
    channel_scale: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))
    container: Any = None

    @classmethod
    def full(cls, values: np.ndarray) -> Self:
        """Return series that are as long as the array.

        Parameters
        ----------
        values : ndarray of shape (n_samples, ..., n_timepoints)
            Series.

        Returns
        -------
        Panel
            The series, not copied.
        """
        return cls(values, np.full(len(values), values.shape[-1]))

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.values)

    def __getitem__(self, rows: Any) -> Self:
        """Return some of the series, in the same container."""
        return replace(self, values=self.values[rows], lengths=self.lengths[rows])

    def in_model_units(self) -> Self:
        """Return the series in model units.

        Returns
        -------
        Panel
            Values of shape (n_samples, n_channels, n_timepoints) in double precision,
            divided by `channel_scale`: a copy.
        """
        # the order in memory changes the last bits of a sum
        X = with_channels(self.values).astype(np.float64, order="C")
        X /= self.channel_scale
        return replace(self, values=X)

    def with_model_values(self, X: np.ndarray, where: np.ndarray | bool = True) -> Self:
        """Return new values in the layout, lengths, units and dtype of this panel.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series in model units; values beyond the end of a series are ignored.
        where : ndarray of bool of the shape of X, default=True
            Mask of the values to replace; the others stay the same to the last bit.

        Returns
        -------
        Panel
            The series.
        """
        X = np.where(self.inside()[:, None], X, np.nan)
        X = in_data_units(X, self.channel_scale, self.values.dtype)
        X = np.where(where, X, with_channels(self.values))
        return replace(self, values=X[:, 0] if self.values.ndim == 2 else X)

    def packed(self, index: np.ndarray | None = None) -> Any:
        """Return the series in the container of the input.

        Parameters
        ----------
        index : ndarray of int or None, default=None
            Source row of each series in the container: the series gets its label and
            times. None for the same rows.

        Returns
        -------
        array, DataFrame or list
            The series.
        """
        return self.container.pack(self, index)

    def widened(self, n_timepoints: int) -> Self:
        """Return the series, padded with NaN to at least a given length.

        Parameters
        ----------
        n_timepoints : int
            Smallest length of the array; a longer array is not cut.

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
            True for missing values; padding beyond the end of a series is not a gap.
        """
        return np.isnan(with_channels(self.values)) & self.inside()[:, None]

    def inside(self) -> np.ndarray:
        """Tell which time points lie before the end of a series.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_timepoints)
            True for time points before the end.
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


def power_of_two_scale(values: np.ndarray) -> np.ndarray:
    """Return a power of two near the largest absolute value of each channel.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series.

    Returns
    -------
    ndarray of shape (n_channels, 1)
        The largest absolute value divided by it lies in [1, 2); 1 for a channel of
        zeros.
    """
    X = with_channels(values)
    largest = np.fmax.reduce(X, axis=(0, 2)), -np.fmin.reduce(X, axis=(0, 2))
    exponent = np.frexp(np.maximum(*largest).astype(float))[1]
    # not below the smallest normal number, so that its inverse is finite
    scale = np.ldexp(1.0, np.maximum(exponent - 1, -1022))
    return np.where(np.maximum(*largest) > 0, scale, 1.0)[:, None]


def in_data_units(X: np.ndarray, channel_scale: np.ndarray, dtype: Any) -> np.ndarray:
    """Multiply series by the scale of their channels, clipped to the range of a dtype.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series in model units.
    channel_scale : ndarray of shape (n_channels, 1)
        Powers of two.
    dtype : dtype
        Floating-point type of the result.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Series in the units of the data.
    """
    most = np.finfo(dtype).max
    if channel_scale.max(initial=1.0) < most / 2.0**64:  # no value is near the limit
        return (X * channel_scale).astype(dtype, copy=False)
    with np.errstate(over="ignore"):
        return np.clip(X * channel_scale, -most, most).astype(dtype)


def pad(rows: Sequence[np.ndarray]) -> Panel:
    """Return series as one array, padded with NaN.

    Parameters
    ----------
    rows : sequence of ndarray of shape (..., n_timepoints)
        Series that only differ in length, of a dtype that has NaN.

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
    """Return an array or a list of arrays as a panel, without checks.

    Parameters
    ----------
    X : ndarray or list of ndarray
        Series that need no check.
    n_timepoints : int
        Smallest length of the result.

    Returns
    -------
    Panel
        The series.
    """
    if isinstance(X, list):
        return pad(X).widened(n_timepoints)
    return Panel.full(X)


def stacked(panels: Sequence[Panel]) -> Panel:
    """Concatenate panels of one layout.

    Parameters
    ----------
    panels : sequence of Panel
        Panels, padded to one length.

    Returns
    -------
    Panel
        All series, in the container of the first panel.
    """
    return replace(
        panels[0],
        values=np.concatenate([panel.values for panel in panels]),
        lengths=np.concatenate([panel.lengths for panel in panels]),
    )


def unpadded(values: np.ndarray) -> Panel:
    """Return the series of an array; each ends with its last known value.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        NaN beyond the end of a series.

    Returns
    -------
    Panel
        The series; a series without values is as long as the array.
    """
    known = ~np.isnan(values)
    known = known if known.ndim == 2 else known.any(axis=1)
    return Panel(values, known.shape[1] - known[:, ::-1].argmax(axis=1))
