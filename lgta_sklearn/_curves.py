"""Autocorrelations, spectra and standardised rows, for measures and pictures."""

import numpy as np

__all__ = ["autocorrelation", "flat", "spectrum"]


def autocorrelation(X: np.ndarray, n_lags: int) -> np.ndarray:
    """Return the autocorrelation of each series and channel.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series without gaps. Zeros may follow a series whose mean is 0.
    n_lags : int
        Largest lag.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, 1 + n_lags)
        Autocorrelation at the lags 0 to `n_lags`, in [-1, 1]; 0 for a constant series.
    """
    u = X - X.mean(axis=2, keepdims=True)
    power = np.abs(np.fft.rfft(u, 2 * X.shape[2])) ** 2
    covariance = np.fft.irfft(power)[:, :, : n_lags + 1]
    variance = covariance[:, :, :1]
    correlation: np.ndarray = covariance / np.where(variance > 0, variance, 1.0)
    return correlation


def spectrum(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the power spectrum of each series and channel.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series without gaps.

    Returns
    -------
    frequencies : ndarray of shape (n_timepoints // 2,)
        Frequencies in cycles per time step, without 0.
    power : ndarray of shape (n_samples, n_channels, n_timepoints // 2)
        Periodograms.
    """
    from scipy.signal import periodogram

    frequencies, power = periodogram(X, axis=2, detrend="constant")
    return frequencies[1:], power[:, :, 1:]


def flat(X: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return one row per series, each channel standardised by a reference set.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series.
    like : ndarray of shape (n_reference, n_channels, n_timepoints)
        Set whose mean and standard deviation of each channel are used.

    Returns
    -------
    ndarray of shape (n_samples, n_channels * n_timepoints)
        Rows.
    """
    centre = like.mean(axis=(0, 2), keepdims=True)
    scale = like.std(axis=(0, 2), keepdims=True)
    return ((X - centre) / np.where(scale > 0, scale, 1.0)).reshape(len(X), -1)
