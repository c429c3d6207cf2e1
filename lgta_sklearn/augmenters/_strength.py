"""The strength curve: how far variations lie from their sources.

The share of a variation is its distance from its source: root mean square over time and
channels, in units of the source's own standard deviation over time. The energy of a
variation is its variance over time, in the same units.
"""

import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from lgta_sklearn._files.registry import storable
from lgta_sklearn.scaling import level_and_scale

__all__ = [
    "StrengthCurve",
    "amplified",
    "key_of",
    "share_moved",
]

# smallest share that counts as a move, and largest value that can be squared
LEAST, LARGEST = 1e-9, 1e100
TRIED_SHARES = 0.1 * 2.0 ** np.arange(-1, 6)  # target shares, if growth were linear


@storable
class StrengthCurve:
    """The share that series move by, as a function of the factor of a transformation.

    Parameters
    ----------
    factors, shares : ndarray of shape (n_tried,)
        Both ascending; empty if no factor moves anything.
    losses : ndarray of shape (n_tried,)
        Factors that give variations the energy of their sources.
    """

    def __init__(
        self, factors: np.ndarray, shares: np.ndarray, losses: np.ndarray
    ) -> None:
        self.factors, self.shares, self.losses = factors, shares, losses

    @classmethod
    def measured(
        cls,
        X: np.ndarray,
        perturb: Callable[[float], np.ndarray],
        *,
        min_scale: np.ndarray,
        keep_energy: bool,
    ) -> Self:
        """Measure the shares for factors that move series by about a tenth to three.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        perturb : callable
            Returns a variation of each series for a factor.
        min_scale : ndarray of shape (n_channels,)
            Floor of the scale of each channel.
        keep_energy : bool
            Whether the energy that variations lose is restored.

        Returns
        -------
        StrengthCurve
            The curve.
        """

        def tried(factor: float) -> tuple[float, float]:
            varied = perturb(factor)
            loss = lost_energy(X, varied, min_scale) if keep_energy else 1.0
            shares = share_moved(X, amplified(varied, loss), min_scale)
            moved = shares[shares > 0]
            return (float(moved.mean()) if len(moved) else 0.0), loss

        natural, _ = tried(1.0)
        if not natural > 0:
            return cls(*np.empty((3, 0)))
        factors = TRIED_SHARES / max(natural, LEAST)
        shares, losses = np.array([tried(factor) for factor in factors]).T
        return cls(factors, np.maximum.accumulate(shares), losses)

    def loss(self, factor: float) -> float:
        """Return the factor that gives variations the energy of their sources.

        Parameters
        ----------
        factor : float
            Factor of the transformation.

        Returns
        -------
        float
            At least 1: surplus energy is kept.
        """
        if not len(self.factors):
            return 1.0
        return float(
            np.interp(factor, np.r_[0.0, self.factors], np.r_[1.0, self.losses])
        )

    def factor(self, strength: float) -> float:
        """Return the factor that moves series by a share.

        Parameters
        ----------
        strength : float
            The share, not negative.

        Returns
        -------
        float
            The factor. If the transformation cannot move series so far, the largest
            factor that was tried, with a warning.
        """
        if not len(self.factors):
            return strength
        if strength > self.shares[-1]:
            warnings.warn(
                f"strength={strength:g} asks for series moved by as much of their own "
                "standard deviation, and the transformation cannot move them by more "
                f"than {self.shares[-1]:.2g}. They are moved by that much.",
                stacklevel=5,
            )
        return float(
            np.interp(strength, np.r_[0.0, self.shares], np.r_[0.0, self.factors])
        )


def share_moved(X: np.ndarray, varied: np.ndarray, min_scale: np.ndarray) -> np.ndarray:
    """Return the share of each variation.

    Parameters
    ----------
    X, varied : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series and their variations; NaN where a value is missing.
    min_scale : ndarray of shape (n_channels,)
        Floor of the scale of each channel.

    Returns
    -------
    ndarray of shape (n_samples,)
        Shares; 0 for a series without known values.
    """
    own = _own_scale(X, min_scale)
    moved = _relative(varied - X, own[:, :, None]) ** 2
    known = ~np.isnan(moved)
    total = np.where(known, moved, 0.0).sum(axis=(1, 2))
    share: np.ndarray = np.sqrt(total / np.maximum(known.sum(axis=(1, 2)), 1))
    return share


def lost_energy(X: np.ndarray, varied: np.ndarray, min_scale: np.ndarray) -> float:
    """Return the factor that gives variations the energy of their sources.

    Parameters
    ----------
    X, varied : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series and their variations.
    min_scale : ndarray of shape (n_channels,)
        Floor of the scale of each channel.

    Returns
    -------
    float
        At least 1.
    """
    own = _own_scale(X, min_scale)
    before, after = (
        np.nansum(_relative(level_and_scale(series)[1], own) ** 2)
        for series in (X, varied)
    )
    return float(np.sqrt(max(before / after, 1.0))) if after > 0 else 1.0


def _relative(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Divide values by scales, clipped so that the result can be squared."""
    with np.errstate(over="ignore"):
        return np.clip(values / scale, -LARGEST, LARGEST)


def _own_scale(X: np.ndarray, min_scale: np.ndarray) -> np.ndarray:
    """Return the scale of each series and channel, floored, (n_samples, n_channels)."""
    return np.fmax(level_and_scale(X)[1], min_scale)


def amplified(X: np.ndarray, factor: float) -> np.ndarray:
    """Multiply the deviations of series from their levels by a factor.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series.
    factor : float
        Factor.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Series; for a factor of 1 exactly the given ones.
    """
    if factor == 1.0:
        return X
    level = level_and_scale(X)[0][:, :, None]
    stretched: np.ndarray = level + factor * (X - level)
    return stretched


def key_of(transformation: Any) -> Any:
    """Return a key that is equal for two transformations if they do the same.

    Parameters
    ----------
    transformation : object
        Transformation, or a parameter of one.

    Returns
    -------
    object
        Key, to be compared by ``==``.
    """
    if hasattr(transformation, "get_params"):
        params = transformation.get_params(deep=False)
        return type(transformation), {k: key_of(v) for k, v in params.items()}
    if isinstance(transformation, list | tuple):
        return [key_of(part) for part in transformation]
    return transformation
