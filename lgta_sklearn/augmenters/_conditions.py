"""What generators are told about series: attributes, and noisy or known values.

This module keeps statistics of channels, no row of any series.

Letters: ``a`` the attributes of series, (n, K): levels from their mean, log-scales, if
lengths vary log-lengths, and codes, if the series have any; ``w`` the same as normal
scores; ``U`` shapes, (n, T, C), and ``Y`` the same with uncorrelated channels.
"""

import warnings
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from scipy.special import ndtri

from lgta_sklearn._files.registry import storable
from lgta_sklearn.augmenters._attributes import MIN_SPREAD, log_of_scale
from lgta_sklearn.augmenters._trained import SeriesParts
from lgta_sklearn.density.whitening import NormalScores

__all__ = ["ChannelStatistics", "Conditions"]

N_KNOTS = 257  # quantiles of an attribute
SMALLEST_VARIANCE = 1e-4  # of a direction among channels, as a share of the largest
LEAST_DOUBT, MOST_DOUBT = 0.05, 1e4


@dataclass(frozen=True)
class Conditions:
    """Arguments of the denoiser besides noisy values; see `Denoiser.denoise`.

    Parameters
    ----------
    w : ndarray of shape (n_samples, n_attributes)
        Normal scores of the attributes.
    lines : ndarray of shape (n_samples, n_timepoints, n_channels)
        Straight lines between known values.
    known : ndarray of bool of the same shape
        Which values are known.
    imputing : ndarray of bool of shape (n_samples,)
        Whether the series is imputed.
    label : ndarray of int of shape (n_samples,)
        Numbers of classes.
    """

    w: np.ndarray
    lines: np.ndarray
    known: np.ndarray
    imputing: np.ndarray
    label: np.ndarray

    @classmethod
    def free(cls, w: np.ndarray, label: np.ndarray, layout: tuple[int, int]) -> Self:
        """Return the conditions of series of which only attributes are known.

        Parameters
        ----------
        w : ndarray of shape (n_samples, n_attributes)
            Normal scores of the attributes.
        label : ndarray of int of shape (n_samples,)
            Numbers of classes.
        layout : tuple of (int, int)
            Time points and channels.

        Returns
        -------
        Conditions
            The conditions.
        """
        none = np.zeros((len(w), *layout))
        return cls(w, none, none.astype(bool), np.zeros(len(w), dtype=bool), label)

    def __getitem__(self, rows: Any) -> Self:
        """Return those of some series."""
        parts = [getattr(self, field.name)[rows] for field in fields(self)]
        return type(self)(*parts)

    def arguments(self, x: np.ndarray, sigma: float) -> tuple[np.ndarray, ...]:
        """Return the arguments of the denoiser.

        Parameters
        ----------
        x : ndarray of shape (n_samples, n_timepoints, n_channels)
            Noisy values.
        sigma : float
            Level of their noise.

        Returns
        -------
        tuple of ndarray
            In their order.
        """
        sigmas = np.full(len(x), float(sigma))
        return x, self.w, sigmas, self.lines, self.known, self.imputing, self.label


@storable
class ChannelStatistics:
    """Statistics of channels: what is usual, and how channels go together.

    Parameters
    ----------
    parts : SeriesParts
        Training series.
    min_scale : ndarray of shape (n_channels,)
        Smallest scale of a series that is not constant.

    Attributes
    ----------
    centre : ndarray of shape (n_channels,)
        Mean level.
    usual : dict of str to ndarray of shape (n_channels,)
        `typical_scale`, the geometric mean; `level_variance`; `level_doubt` and
        `scale_doubt`, the numbers of known values that tell as much about the level and
        the scale of a series as the other series do: the variance within series over
        that between them.
    knots : ndarray of shape (n_knots, n_attributes)
        Quantiles of the attributes.
    whiten, colour : ndarray of shape (n_channels, n_channels)
        The symmetric matrix that makes the channels of shapes uncorrelated, and its
        inverse.
    """

    def __init__(self, parts: SeriesParts, min_scale: np.ndarray) -> None:
        self.min_scale = min_scale
        self.lengths_vary = bool(np.ptp(parts.lengths))
        self.centre = np.nanmean(parts.level, axis=0)
        self.usual = _usual(parts, min_scale)
        self.knots = self._quantiles(self.attributes(parts))
        self.whiten, self.colour = _whitening(parts.shape)

    @property
    def n_attributes(self) -> int:
        """Return the number of attributes, K.

        Returns
        -------
        int
            Levels, log-scales, the log-length if lengths vary, and codes.
        """
        return self.knots.shape[1]

    def attributes(self, parts: SeriesParts) -> np.ndarray:
        """Return the attributes of series.

        Parameters
        ----------
        parts : SeriesParts
            Series; a channel without values gets what is usual.

        Returns
        -------
        ndarray of shape (n_samples, n_attributes)
            Attributes, without NaN.
        """
        level = np.nan_to_num(parts.level - self.centre)
        usual = self.usual["typical_scale"]
        scale = np.where(np.isnan(parts.scale), usual, parts.scale)
        columns = [level, log_of_scale(scale, self.min_scale)]
        if self.lengths_vary:
            columns.append(np.log(parts.lengths)[:, None])
        if parts.code is not None:
            columns.append(parts.code)
        return np.concatenate(columns, axis=1)

    def columns(self, w: np.ndarray) -> np.ndarray:
        """Return levels, log-scales and log-lengths of normal scores.

        Parameters
        ----------
        w : ndarray of shape (n_samples, n_attributes)
            Normal scores.

        Returns
        -------
        ndarray of shape (n_samples, n_attributes)
            Columns of an `AttributeSpace` without codes, not standardised.
        """
        columns = NormalScores(self.knots).backward(w)
        columns[:, : len(self.centre)] += self.centre
        return columns

    def restored(self, attributes: np.ndarray, U: np.ndarray) -> np.ndarray:
        """Return series of given attributes and shapes.

        Parameters
        ----------
        attributes : ndarray of shape (n_samples, n_attributes)
            Attributes.
        U : ndarray of shape (..., n_samples, n_timepoints, n_channels)
            Shapes.

        Returns
        -------
        ndarray of shape (..., n_samples, n_channels, n_timepoints)
            Series in model units.
        """
        n_channels = len(self.centre)
        level, log_scale, _ = np.split(
            attributes[:, :, None], [n_channels, 2 * n_channels], axis=1
        )
        series: np.ndarray = np.exp(log_scale) * U.swapaxes(-1, -2)
        return series + level + self.centre[:, None]

    def uncorrelated(self, U: np.ndarray) -> np.ndarray:
        """Return shapes with uncorrelated channels.

        Parameters
        ----------
        U : ndarray of shape (n_samples, n_timepoints, n_channels)
            Shapes.

        Returns
        -------
        ndarray of the same shape
            Y.
        """
        return _mixed(U, self.whiten)

    def correlated(self, Y: np.ndarray) -> np.ndarray:
        """Return shapes of the channels.

        Parameters
        ----------
        Y : ndarray of shape (n_samples, n_timepoints, n_channels)
            Shapes with uncorrelated channels.

        Returns
        -------
        ndarray of the same shape
            U.
        """
        return _mixed(Y, self.colour)

    def _quantiles(self, attributes: np.ndarray) -> np.ndarray:
        """Return quantiles of attributes; of a narrow normal law where all agree."""
        knots = np.quantile(attributes, np.linspace(0, 1, N_KNOTS), axis=0)
        least = np.full(attributes.shape[1], MIN_SPREAD)
        least[: len(self.centre)] *= self.min_scale
        rank = (np.arange(N_KNOTS) + 0.5) / N_KNOTS
        narrow = attributes.mean(axis=0) + least * ndtri(rank)[:, None]
        return np.where(attributes.std(axis=0) < least, narrow, knots)


def _usual(parts: SeriesParts, min_scale: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is usual in each channel, and how much series differ in it."""
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # a channel of constant series
        log_scale = np.log(np.where(parts.scale > 0, parts.scale, np.nan))
        typical = np.exp(np.nanmean(log_scale, axis=0))
        typical = np.where(np.isnan(typical), min_scale, typical)
        of_levels = np.nanvar(parts.level, axis=0)
        doubts = typical**2 / of_levels, 1 / (2 * np.nanvar(log_scale, axis=0))
    level_doubt, scale_doubt = (
        np.clip(np.nan_to_num(doubt, nan=LEAST_DOUBT), LEAST_DOUBT, MOST_DOUBT)
        for doubt in doubts
    )
    return {
        "typical_scale": typical,
        "level_variance": of_levels,
        "level_doubt": level_doubt,
        "scale_doubt": scale_doubt,
    }


def _whitening(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the symmetric matrix that makes channels uncorrelated, and its inverse."""
    rows = shape.swapaxes(0, 1).reshape(shape.shape[1], -1)
    rows = rows[:, ~np.isnan(rows).any(axis=0)]
    if rows.shape[1] <= len(rows) or not rows.any():
        return np.eye(len(rows)), np.eye(len(rows))
    values, vectors = np.linalg.eigh(rows @ rows.T / rows.shape[1])
    root = np.sqrt(np.maximum(values, SMALLEST_VARIANCE * values[-1]))
    return vectors / root @ vectors.T, vectors * root @ vectors.T


def _mixed(U: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiply channels by a matrix."""
    # not by a product of matrices: its last bits depend on the number of rows
    return np.stack([(U * column).sum(axis=2) for column in matrix.T], axis=2)
