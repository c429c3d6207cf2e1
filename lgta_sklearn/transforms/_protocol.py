"""The protocol of a transformation: what it may say about itself, and how it is read.

Any callable is a transformation. All other parts of the protocol have a default, which
stands here, and so has each function that reads one of them.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

__all__ = [
    "KINDS",
    "BaseTransformation",
    "Transformation",
    "acts_on_residual",
    "moves_of",
    "needs_posterior",
    "needs_time",
    "scaled",
    "transformed",
]

Transformation = Callable[..., np.ndarray]
KINDS = ("codes", "levels", "series")  # each moves what the one before it moves, too


class BaseTransformation(BaseEstimator):
    """The protocol of a transformation, with its defaults.

    A transformation that moves codes is called ``(Z, rng) -> Z`` with sequences of
    shape (n_samples, n_steps, n_features), or (n_samples, n_features) if they have no
    time axis. One that moves more is called ``(V, rng, reference) -> V`` with rows of
    shape (n_samples, n_columns) and the training series. Z and V are not written to.

    Attributes
    ----------
    moves : {"codes", "levels", "series"}, default="codes"
        What it moves: the codes; the codes, the levels and the log-scales; or all of
        these and the residual, which the model cannot explain.
    needs_time : bool, default=False
        Whether it acts along time, so that sequences must have a time axis.
    needs_posterior : bool, default=False
        Whether it needs a model that knows the uncertainty of the codes.
    acts_on_residual : bool, default=True
        Whether the residual of a series is transformed in the same way as its codes,
        if both have a time axis. It concerns transformations that move codes.
    """

    moves: ClassVar[str] = "codes"
    needs_time: ClassVar[bool] = False
    needs_posterior: ClassVar[bool] = False
    acts_on_residual: ClassVar[bool] = True

    def scaled(self, factor: float) -> Transformation:
        """Return a transformation with a larger or smaller effect.

        Parameters
        ----------
        factor : float
            Factor of the effect; 1 is that of the transformation itself.

        Returns
        -------
        callable
            Transformation of the same kind; by default the differences between the
            values after and before the transformation are multiplied.
        """
        return _Rescaled(self, factor)


def moves_of(transformation: Transformation | None) -> str:
    """Return what a transformation moves.

    Parameters
    ----------
    transformation : callable or None
        Transformation of any kind.

    Returns
    -------
    {"codes", "levels", "series"}
        Its attribute `moves`, or the default.
    """
    return getattr(transformation, "moves", BaseTransformation.moves)


def needs_time(transformation: Transformation | None) -> bool:
    """Tell whether a transformation acts along time.

    Parameters
    ----------
    transformation : callable or None
        Transformation of any kind.

    Returns
    -------
    bool
        Its attribute `needs_time`, or the default.
    """
    return getattr(transformation, "needs_time", BaseTransformation.needs_time)


def needs_posterior(transformation: Transformation | None) -> bool:
    """Tell whether a transformation needs the uncertainty of the codes.

    Parameters
    ----------
    transformation : callable or None
        Transformation of any kind.

    Returns
    -------
    bool
        Its attribute `needs_posterior`, or the default.
    """
    default = BaseTransformation.needs_posterior
    return getattr(transformation, "needs_posterior", default)


def acts_on_residual(transformation: Transformation | None) -> bool:
    """Tell whether a transformation transforms residuals as it does codes.

    Parameters
    ----------
    transformation : callable or None
        Transformation of any kind.

    Returns
    -------
    bool
        Its attribute `acts_on_residual`, or the default.
    """
    default = BaseTransformation.acts_on_residual
    return getattr(transformation, "acts_on_residual", default)


def scaled(transformation: Transformation, factor: float) -> Transformation:
    """Return a transformation with a larger or smaller effect.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind. If it has a method `scaled`, that is called; else
        its effect is multiplied.
    factor : float
        Factor of the effect; 1 is that of the transformation itself.

    Returns
    -------
    callable
        Transformation of the same kind.
    """
    if hasattr(transformation, "scaled"):
        return transformation.scaled(factor)
    return _Rescaled(transformation, factor)


def transformed(
    transformation: Transformation, Z: np.ndarray, *others: Any, may_lose: bool = False
) -> np.ndarray:
    """Return the values that a transformation makes of others, checked.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind; it gets a copy.
    Z : ndarray of shape (n_samples, ...)
        Values, NaN where a value is missing.
    *others : object
        Further arguments of the transformation.
    may_lose : bool, default=False
        Whether it may return NaN where `Z` has none, such as a value that a neighbour
        lacks.

    Returns
    -------
    ndarray of the shape of Z
        Values.

    Raises
    ------
    ValueError
        If they have another shape, or are not finite although all of `Z` is.
    """
    moved = np.asarray(transformation(Z.copy(), *others))
    if moved.shape != Z.shape or moved.dtype.kind not in "biuf":
        raise ValueError(
            f"{transformation!r} returned {moved.dtype} of shape {moved.shape}, "
            f"expected numbers of the shape of what it was given, {Z.shape}."
        )
    lost = np.isinf(moved) if may_lose or np.isnan(Z).any() else ~np.isfinite(moved)
    if lost.any():
        raise ValueError(
            f"{transformation!r} returned {int(lost.sum())} values that are NaN or "
            "infinite, expected finite numbers."
        )
    return moved


class _Rescaled:
    """Multiply the effect of a transformation by a factor."""

    def __init__(self, inner: Transformation, factor: float) -> None:
        self.inner, self.factor = inner, factor
        self.moves, self.needs_time = moves_of(inner), needs_time(inner)
        self.needs_posterior = needs_posterior(inner)
        self.acts_on_residual = acts_on_residual(inner)

    def __repr__(self) -> str:
        return repr(self.inner)

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, *reference: Any
    ) -> np.ndarray:
        moved = transformed(self.inner, V, rng, *reference, may_lose=bool(reference))
        rescaled: np.ndarray = V + self.factor * (moved - V)
        return rescaled
