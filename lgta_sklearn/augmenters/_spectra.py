"""Bounded features of series in a fixed basis: nothing of them is learned from data.

Letters: ``x = m + s * u`` with level ``m``, scale ``s`` and shape ``u`` of a channel;
``z_f`` the coefficients of ``u`` in the orthonormal cosine basis of the length ``l`` of
the series, divided by ``sqrt(l)``, so that the squares of all of them sum to 1 at most
(Parseval). The first ``K`` are kept; of the others the energy in bands is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct, idct

from lgta_sklearn._files.registry import storable
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.gaps import interpolate_gaps
from lgta_sklearn.scaling import level_and_scale

__all__ = ["Spectra", "SpectralBasis"]

SMALLEST = 1e-3  # scale that counts as constant, as a share of half the bounds


@dataclass(frozen=True)
class Spectra:
    """Features of series, each bounded whatever the series.

    Parameters
    ----------
    attributes : ndarray of shape (n_samples, n_attributes)
        Levels, log-scales and, if lengths differ, the length, in [-1, 1].
    z : ndarray of shape (n_samples, n_channels, n_coefficients)
        Coefficients of the shapes: of each channel with a norm of at most 1.
    energy : ndarray of shape (n_samples, n_channels, n_bands)
        Sums of squared coefficients, of those in `z` and of each band beyond: of each
        channel with a sum of at most 1.
    """

    attributes: np.ndarray
    z: np.ndarray
    energy: np.ndarray


@storable
class SpectralBasis:
    """Turn series into bounded features, and such features into series.

    Parameters
    ----------
    bounds : ndarray of shape (n_channels, 2)
        Smallest and largest value of each channel; values are clipped.
    n_timepoints : int
        Largest length.
    n_coefficients : int
        Largest number of coefficients of a channel.
    lengths_vary : bool
        Whether series differ in length, which is an attribute then.
    """

    def __init__(
        self,
        bounds: np.ndarray,
        n_timepoints: int,
        n_coefficients: int,
        lengths_vary: bool,
    ) -> None:
        self.lengths_vary = lengths_vary
        self.low, self.high = bounds.T
        self.n_timepoints = n_timepoints
        self.n_coefficients = max(min(n_coefficients, n_timepoints - 1), 1)
        self.edges = [1, 1 + self.n_coefficients]
        while self.edges[-1] < n_timepoints:  # each band is as wide as all before
            self.edges.append(min(2 * self.edges[-1], n_timepoints))

    def of(self, panel: Panel) -> Spectra:
        """Return the features of series.

        Parameters
        ----------
        panel : Panel
            Series. Gaps are filled by lines; values beyond the bounds are clipped.

        Returns
        -------
        Spectra
            Their features.
        """
        X, half = panel.values, (self.high - self.low) / 2
        middle = (self.high + self.low) / 2
        X = np.clip(X, self.low[:, None], self.high[:, None]) - middle[:, None]
        X = interpolate_gaps(X) / half[:, None]
        X = np.where(panel.inside()[:, None], X, np.nan)
        level, scale = level_and_scale(X)
        scale = np.clip(scale, SMALLEST, 1.0)
        length = panel.lengths[:, None] / self.n_timepoints
        log_scale = 1 - np.log(scale) / np.log(SMALLEST)
        columns = [level, 2 * log_scale - 1, 2 * length - 1]
        attributes = np.hstack(columns[: 2 + self.lengths_vary])
        U = (X - level[:, :, None]) / scale[:, :, None]
        return Spectra(attributes.clip(-1, 1), *self._spectra(U, panel.lengths))

    def _spectra(
        self, U: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the coefficients of shapes, and the energies of bands."""
        z = np.zeros((*U.shape[:2], max(self.edges)))
        for length in np.unique(lengths):
            rows = lengths == length
            some = dct(U[rows, :, :length], norm="ortho") / np.sqrt(length)
            z[rows, :, :length] = some
        # rounding must not take a norm beyond 1
        z /= np.maximum(np.linalg.norm(z, axis=2, keepdims=True), 1.0)
        bands = zip(self.edges[:-1], self.edges[1:], strict=True)
        energy = [(z[:, :, low:high] ** 2).sum(axis=2) for low, high in bands]
        return z[:, :, 1 : 1 + self.n_coefficients], np.stack(energy, axis=2)

    def series(
        self,
        attributes: np.ndarray,
        z: np.ndarray,
        energy: np.ndarray,
        rng: np.random.Generator,
    ) -> Panel:
        """Return series with given features; beyond the coefficients they are noise.

        Parameters
        ----------
        attributes : ndarray of shape (n_samples, n_attributes)
            Levels, log-scales and, if they differ, lengths; clipped to [-1, 1].
        z : ndarray of shape (n_samples, n_channels, n_coefficients)
            Coefficients.
        energy : ndarray of shape (n_samples, n_channels, n_bands)
            Mean energies; the first, of `z`, is not used.
        rng : numpy.random.Generator
            Source of the noise.

        Returns
        -------
        Panel
            Series within the bounds.
        """
        attributes, n_channels = attributes.clip(-1, 1), len(self.low)
        lengths = np.full(len(z), self.n_timepoints)
        if self.lengths_vary:
            share = (attributes[:, -1] + 1) / 2
            lengths = np.rint(share * self.n_timepoints).astype(int).clip(min=1)
        spectrum = np.zeros((*z.shape[:2], max(self.edges)))
        spectrum[:, :, 1 : 1 + self.n_coefficients] = z
        for band in range(1, len(self.edges) - 1):
            low, high = self.edges[band : band + 2]
            sd = np.sqrt(energy[:, :, band, None] / (high - low))
            drawn = rng.standard_normal((*z.shape[:2], high - low))
            spectrum[:, :, low:high] = sd * drawn
        U = np.full((*z.shape[:2], self.n_timepoints), np.nan)
        for length in np.unique(lengths):
            rows = lengths == length
            U[rows, :, :length] = idct(spectrum[rows, :, :length], norm="ortho")
        level, scale = level_and_scale(U)
        U = (U - level[:, :, None]) / np.where(scale > 0, scale, 1.0)[:, :, None]
        half, middle = (self.high - self.low) / 2, (self.high + self.low) / 2
        log_scale = (attributes[:, n_channels : 2 * n_channels] + 1) / 2
        scale = half * SMALLEST ** (1 - log_scale)
        X = (
            scale[:, :, None] * U
            + (middle + half * attributes[:, :n_channels])[:, :, None]
        )
        return Panel(np.clip(X, self.low[:, None], self.high[:, None]), lengths)
