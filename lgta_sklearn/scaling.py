"""Scale decomposition: the level and scale of each series, and its shape.

Each series and channel is written as ``x = m + s * u`` with level ``m`` (mean over
time), scale ``s`` (standard deviation over time) and shape ``u``, as in reversible
instance normalisation (Kim et al., 2022, ICLR). The network only sees the shape, so
that it need not spend capacity on level and scale, which two numbers describe exactly.
Every sum ignores NaN, which marks missing values and the padding of a series.
"""

import math
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator

from lgta_sklearn._chunks import map_chunks
from lgta_sklearn._files.registry import storable

__all__ = ["ScaleDecomposition", "ValueGrid", "level_and_scale"]

# scales are capped at 50 times their 90 % quantile before averaging, so that outliers
# do not raise the floor
OUTLYING, QUANTILE = 50.0, 0.9
MIN_REPEATS = 0.1  # smallest share of recurring values that indicates a grid
N_INSPECTED = 2**18  # values of a channel that are inspected for a grid


@storable
class ScaleDecomposition(BaseEstimator):
    """Split series into level, scale and shape, and join them again.

    Parameters
    ----------
    floor : float in (0, 1], default=0.02
        Smallest scale of a series, as a share of the root mean square of the scales of
        its channel (scales are capped at 50 times their 90 % quantile first). The floor
        prevents noise in an almost constant series from being amplified.

    Attributes
    ----------
    min_scale_ : ndarray of shape (n_channels,)
        Floor of each channel in the units of the data.
    max_scale_ : ndarray of shape (n_channels,)
        Largest scale of each channel; 0 if all its series are constant.

    References
    ----------
    Kim et al. (2022), "Reversible instance normalization for accurate time-series
    forecasting against distribution shift", ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.scaling import ScaleDecomposition
    >>> X = np.array([[[1.0, 2.0, 3.0]], [[10.0, 10.0, 40.0]]])
    >>> scaling = ScaleDecomposition().fit(X)
    >>> level, scale, shape = scaling.split(X)
    >>> level.ravel()
    array([ 2., 20.])
    >>> np.allclose(scaling.join(level, scale, shape), X)
    True
    """

    def __init__(self, floor: float = 0.02) -> None:
        self.floor = floor

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Learn the typical scale of each channel.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        y : None
            Ignored.

        Returns
        -------
        ScaleDecomposition
            The fitted object.
        """
        _, scale = level_and_scale(X)
        self.max_scale_ = np.nanmax(scale, axis=0)
        unit = np.where(self.max_scale_ > 0, self.max_scale_, 1.0)
        # relative to the largest scale: the square of 1e-200 would underflow to 0
        scale = scale / unit
        most = np.nanquantile(scale, QUANTILE, axis=0, method="lower")
        scale = np.minimum(scale, np.where(most > 0, OUTLYING * most, np.inf))
        typical = np.sqrt(np.nanmean(scale**2, axis=0))
        self.min_scale_ = np.where(typical > 0, self.floor * typical, 1.0) * unit
        return self

    def split(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return level, scale and shape.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.

        Returns
        -------
        level, scale : ndarray of shape (n_samples, n_channels)
            Mean and floored standard deviation over time, in the units of `X`; the
            scale of a constant series is exactly 0, so that it stays constant. NaN for
            a channel without observed values.
        shape : ndarray of shape (n_samples, n_channels, n_timepoints)
            Standardised series, without units.
        """
        level, scale = level_and_scale(X)
        divisor = np.maximum(scale, self.min_scale_)
        shape = (X - level[:, :, None]) / divisor[:, :, None]
        return level, np.where(scale == 0, 0.0, divisor), shape

    def as_shape(self, shape: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Standardise sampled shapes to mean 0 and standard deviation 1.

        The level and the scale that belong to a shape are then exactly those of the
        composed series. If the scale is at its floor, the shape of a real series has a
        standard deviation below 1, and a sampled shape is not changed.

        Parameters
        ----------
        shape : ndarray of shape (n_samples, n_channels, n_timepoints)
            Sampled shapes.
        scale : ndarray of shape (n_samples, n_channels)
            Scales of the series.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Standardised shapes.
        """
        level, deviation = level_and_scale(shape)
        divisor = np.where((scale > self.min_scale_) & (deviation > 0), deviation, 1.0)
        return (shape - level[:, :, None]) / divisor[:, :, None]

    def join(
        self, level: np.ndarray, scale: np.ndarray, shape: np.ndarray
    ) -> np.ndarray:
        """Compose series from level, scale and shape.

        Parameters
        ----------
        level, scale : ndarray of shape (n_samples, n_channels)
            In the units of the data.
        shape : ndarray of shape (n_samples, n_channels, n_timepoints)
            Without units.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Series in the units of the data.
        """
        series: np.ndarray = level[:, :, None] + scale[:, :, None] * shape
        return series


@storable
class ValueGrid(BaseEstimator):
    """Round sampled values to the values that a channel takes.

    Sensors round, counts are whole numbers, and rain is exactly zero in dry hours. If
    a tenth of the values of a channel recur within their own series, the channel is
    taken to have such a grid of values; other channels are left as they are.

    Attributes
    ----------
    values_ : list of (ndarray or None), one per channel
        Values seen in `fit`, ascending; None for channels without a grid.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.scaling import ValueGrid
    >>> X = np.random.default_rng(0).poisson(3.0, size=(20, 1, 12)).astype(float)
    >>> ValueGrid().fit(X).snap(np.array([[[0.2, 2.9]]]))
    array([[[0., 3.]]])
    """

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Find the grids.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        y : None
            Ignored.

        Returns
        -------
        ValueGrid
            The fitted object.
        """
        self.values_ = [_grid(channel) for channel in X.transpose(1, 0, 2)]
        return self

    def common(self, X: np.ndarray, k: int, groups: np.ndarray | None = None) -> Self:
        """Leave out values that fewer than k persons have.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            The series of `fit`.
        k : int
            Smallest number of persons.
        groups : array-like of shape (n_samples,) or None, default=None
            Person of each series; None if each has its own.

        Returns
        -------
        ValueGrid
            The same object. A channel that has fewer than two values left has no grid.
        """
        groups = np.arange(len(X)) if groups is None else groups
        persons = np.unique(groups, return_inverse=True)[1]
        for c, values in enumerate(self.values_):
            if values is not None:
                self.values_[c] = _common(values, X[:, c], persons, k)
        return self

    def snap(self, X: np.ndarray, *, extended: bool = False) -> np.ndarray:
        """Round each value to the nearest value of the grid of its channel.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        extended : bool, default=False
            Whether to continue the grid, by its median step, beyond its ends and
            between rare values: known values of a series may show that these are
            possible.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Series on the grids.
        """
        snapped = X.copy()
        for c, values in enumerate(self.values_):
            if values is not None:
                between = (values[1:] + values[:-1]) / 2
                nearest = values[np.searchsorted(between, X[:, c])]
                if extended:
                    step = np.median(np.diff(values))
                    nearest = nearest + np.rint((X[:, c] - nearest) / step) * step
                snapped[:, c] = nearest
        return snapped


def _grid(channel: np.ndarray) -> np.ndarray | None:
    """Return the values of a channel, (n, T), if they recur; else None."""
    some = channel[:: math.ceil(channel.size / N_INSPECTED)]
    ordered = np.sort(some, axis=1)  # NaN comes last
    steps = np.diff(ordered, axis=1)
    # a constant series does not indicate a grid
    steps = steps[np.nanmax(steps, axis=1, initial=0.0) > 0]
    steps = steps[~np.isnan(steps)]
    if steps.size == 0 or (steps == 0).mean() < MIN_REPEATS:
        return None
    return np.unique(channel[~np.isnan(channel)])


def _common(
    values: np.ndarray, channel: np.ndarray, persons: np.ndarray, k: int
) -> np.ndarray | None:
    """Return the values of a grid that the series of k persons have; None if few."""
    rows, times = np.nonzero(~np.isnan(channel))
    place = np.searchsorted(values, channel[rows, times])
    n_persons = persons.max() + 1
    pairs = np.unique(place * n_persons + persons[rows])
    kept = values[np.bincount(pairs // n_persons, minlength=len(values)) >= k]
    return kept if len(kept) > 1 else None


def level_and_scale(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation over time, exact for constant series.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series; NaN is ignored.

    Returns
    -------
    level, scale : ndarray of shape (n_samples, n_channels)
        NaN if no value was observed.
    """
    n_values = X.shape[1] * X.shape[2]
    both = map_chunks(lambda rows: _moments(X[rows]), len(X), n_values)
    return both[:, 0], both[:, 1]


def _moments(X: np.ndarray) -> np.ndarray:
    """Return levels and scales of some series, (n_samples, 2, n_channels)."""
    observed = ~np.isnan(X)
    count = observed.sum(axis=2)
    some = np.maximum(count, 1)
    level = np.where(observed, X, 0.0).sum(axis=2) / some
    deviation = np.where(observed, X - level[:, :, None], 0.0)
    scale = np.sqrt((deviation**2).sum(axis=2) / some)
    low = np.where(observed, X, np.inf).min(axis=2)
    high = np.where(observed, X, -np.inf).max(axis=2)
    constant = low == high  # rounding would make it about 1e-16
    level, scale = np.where(constant, low, level), np.where(constant, 0.0, scale)
    both = np.stack([level, scale], axis=1)
    return np.where(count[:, None] > 0, both, np.nan)
