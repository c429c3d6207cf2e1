"""How far variations lie from their sources, and what makes them lie as far as wanted.

The share of a variation is its distance from its source, root mean square over time and
channels, in units of the standard deviation over time that the source has itself. The
energy of variations is their variance over time, in the same units.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._random import BLOCK
from lgta_sklearn.scaling import ScaleDecomposition, level_and_scale

__all__ = [
    "CalibratedMixin",
    "ResponseCurve",
    "Rngs",
    "Varier",
    "amplified",
    "key_of",
    "share_moved",
]

Rngs = np.random.Generator | Sequence[np.random.Generator]
Varier = Callable[[float, Rngs], np.ndarray]  # from a factor, and one seed or many

VALUES = 2**17  # of training series that are varied to find out how far they move
# a share below which nothing moves, and one above which all is the same
LEAST, MOST = 1e-9, 1e100
TRIED = 0.1 * 2.0 ** np.arange(-1, 6)  # shares aimed at, as if shares grew linearly


class ResponseCurve:
    """The share that series move by, against the factor of a transformation.

    Parameters
    ----------
    factors, shares : ndarray of shape (n_tried,)
        Both ascending; empty if nothing moves whatever the factor.
    losses : ndarray of shape (n_tried,)
        What variations are multiplied by to have the energy of their sources.
    """

    def __init__(
        self, factors: np.ndarray, shares: np.ndarray, losses: np.ndarray
    ) -> None:
        self.factors, self.shares, self.losses = factors, shares, losses

    @classmethod
    def measured(
        cls, X: np.ndarray, vary: Callable[[float], np.ndarray], *, keep_energy: bool
    ) -> Self:
        """Try factors around those that move series by a tenth to three.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        vary : callable
            Returns a variation of each for a factor.
        keep_energy : bool
            Whether variations that have less energy than their sources shall get it
            back.

        Returns
        -------
        ResponseCurve
            The curve.
        """

        def tried(factor: float) -> tuple[float, float]:
            varied = vary(factor)
            loss = lost_energy(X, varied) if keep_energy else 1.0
            shares = share_moved(X, amplified(varied, loss))
            moved = shares[shares > 0]
            return (float(moved.mean()) if len(moved) else 0.0), loss

        natural, _ = tried(1.0)
        if not natural > 0:
            return cls(*np.empty((3, 0)))
        factors = TRIED / max(natural, LEAST)
        shares, losses = np.array([tried(factor) for factor in factors]).T
        return cls(factors, np.maximum.accumulate(shares), losses)

    def loss(self, factor: float) -> float:
        """Return what variations are multiplied by to have the energy of their sources.

        Parameters
        ----------
        factor : float
            What the effect of the transformation is multiplied by.

        Returns
        -------
        float
            At least 1: what they have more they keep.
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
            The factor; the largest that was tried, with a warning, if the
            transformation cannot move series so far.
        """
        if not len(self.factors):
            return strength
        if strength > self.shares[-1]:
            warnings.warn(
                f"strength={strength:g} asks for series moved by as much of their own "
                "standard deviation, and the transformation cannot move them by more "
                f"than {self.shares[-1]:.2g}. They are moved as far.",
                stacklevel=5,
            )
        return float(
            np.interp(strength, np.r_[0.0, self.shares], np.r_[0.0, self.factors])
        )


class CalibratedMixin:
    """One strength for every transformation: measured on the training series."""

    transformation: Any
    strength: float | None
    _seed: int
    _varier: Callable[[np.ndarray, np.ndarray | None], Varier]

    def _prepare_response(self, X: np.ndarray, labels: np.ndarray | None) -> None:
        """Keep series to find out by how far a transformation moves them."""
        # at least as many as the network takes at once: few stand for several
        n_rows = max(BLOCK, min(len(X), VALUES // X[0].size))
        some = np.linspace(0, len(X), n_rows, endpoint=False).astype(int)
        kept, self._stand_ins = np.unique(some, return_inverse=True)
        self._reference = X[kept], None if labels is None else labels[kept]
        self._calibrated: tuple[Any, ResponseCurve | None] = None, None
        if self.strength or self._keeps_energy():  # else it may never be asked for
            self.response()

    def _factor(self, strength: float | None) -> float:
        """Return what the effect of the transformation is multiplied by."""
        return 1.0 if strength is None else self.response().factor(strength)

    def response(self) -> ResponseCurve:
        """Return how far the transformation moves the training series.

        It is measured once for each transformation, also for one set after `fit`: in
        `fit` if `strength` is a number, else when it is first asked for.

        Returns
        -------
        object
            Its `shares`, of their own standard deviations, are what series move by if
            the effect of the transformation is multiplied by its `factors`.
        """
        check_is_fitted(self)
        key = key_of(self.transformation)
        measured, response = self._calibrated
        if response is None or measured != key:
            response = self._measured_response()
            self._calibrated = key, response
        return response

    def _measured_response(self) -> ResponseCurve:
        (X, labels), some = self._reference, self._stand_ins
        X, labels = X[some], None if labels is None else labels[some]
        varier = self._varier(X, labels)

        def vary(factor: float) -> np.ndarray:
            rng = np.random.default_rng([self._seed, 2])  # the same for each factor
            return varier(factor, rng)

        return ResponseCurve.measured(X, vary, keep_energy=self._keeps_energy())

    def _keeps_energy(self) -> bool:
        """Tell whether variations get back the energy that they lose."""
        return False


def share_moved(X: np.ndarray, varied: np.ndarray) -> np.ndarray:
    """Return the share of each variation.

    Parameters
    ----------
    X, varied : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series and their variations; NaN where they are not known.

    Returns
    -------
    ndarray of shape (n_samples,)
        Shares; 0 for a series of which nothing is known.
    """
    moved = _in_own_units(varied - X, _own_unit(X)[:, :, None]) ** 2
    known = ~np.isnan(moved)
    total = np.where(known, moved, 0.0).sum(axis=(1, 2))
    share: np.ndarray = np.sqrt(total / np.maximum(known.sum(axis=(1, 2)), 1))
    return share


def lost_energy(X: np.ndarray, varied: np.ndarray) -> float:
    """Return what variations are multiplied by to have the energy of their sources.

    Parameters
    ----------
    X, varied : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series and their variations.

    Returns
    -------
    float
        At least 1.
    """
    unit = _own_unit(X)
    before, after = (
        np.nansum(_in_own_units(level_and_scale(series)[1], unit) ** 2)
        for series in (X, varied)
    )
    return float(np.sqrt(max(before / after, 1.0))) if after > 0 else 1.0


def _in_own_units(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return values in units, of a size that may be squared."""
    with np.errstate(over="ignore"):
        return np.clip(values / unit, -MOST, MOST)


def _own_unit(X: np.ndarray) -> np.ndarray:
    """Return the scale of each series and channel, floored, (n_samples, n_channels)."""
    return np.fmax(level_and_scale(X)[1], ScaleDecomposition().fit(X).min_scale_)


def amplified(X: np.ndarray, factor: float) -> np.ndarray:
    """Return series with their deviations from their levels multiplied.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series.
    factor : float
        Factor.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Series; exactly those given for 1.
    """
    if factor == 1.0:
        return X
    level = level_and_scale(X)[0][:, :, None]
    stretched: np.ndarray = level + factor * (X - level)
    return stretched


def key_of(transformation: Any) -> Any:
    """Return what two transformations have in common if and only if they do the same.

    Parameters
    ----------
    transformation : object
        Transformation, or a parameter of one.

    Returns
    -------
    object
        To be compared by ``==``.
    """
    if hasattr(transformation, "get_params"):
        params = transformation.get_params(deep=False)
        return type(transformation), {k: key_of(v) for k, v in params.items()}
    if isinstance(transformation, list | tuple):
        return [key_of(part) for part in transformation]
    return transformation
