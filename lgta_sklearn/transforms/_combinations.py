"""Transformations made of transformations, and how far any of them moves rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

__all__ = [
    "Compose",
    "OneOf",
    "SomeOf",
    "check_transformation",
    "moves_of",
    "scaled",
    "step_of",
]

Transformation = Callable[..., np.ndarray]
KINDS = ("codes", "levels", "series")  # each moves what the one before it moves, too


def moves_of(transformation: Transformation) -> str:
    """Return what a transformation moves.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind.

    Returns
    -------
    {"codes", "levels", "series"}
        What it says; ``"codes"`` if it says nothing.
    """
    return getattr(transformation, "moves", "codes")


def check_transformation(
    transformation: Transformation | None, *, has_time: bool, has_posterior: bool
) -> None:
    """Refuse, before anything is trained, a transformation that cannot be applied.

    Parameters
    ----------
    transformation : callable or None
        Transformation of any kind.
    has_time : bool
        Whether what it acts on has a time axis.
    has_posterior : bool
        Whether a model knows how uncertain it is.

    Raises
    ------
    ValueError
        If it needs a time axis or a posterior and there is none, or its probabilities
        do not fit.
    """
    if getattr(transformation, "needs_time", False) and not has_time:
        raise ValueError(
            f"transformation={transformation!r} acts along time, and one code for the "
            "whole series has no time axis. Use LatentAugmenter(latent='temporal'), "
            "whose codes have one, or DirectAugmenter(transformation)."
        )
    if getattr(transformation, "needs_posterior", False) and not has_posterior:
        raise ValueError(
            f"transformation={transformation!r} asks a model how uncertain it is, and "
            "there is none that knows. Use LatentAugmenter with variational=True."
        )
    if isinstance(transformation, _Combination):
        list(transformation._chosen(0, np.random.default_rng(0)))
        for inner in transformation.transformations:
            check_transformation(inner, has_time=has_time, has_posterior=has_posterior)


def scaled(transformation: Transformation, factor: float) -> Transformation:
    """Return a transformation that goes farther, or less far.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind. One that has a method `scaled` is asked; of another
        the effect is multiplied.
    factor : float
        How much farther it goes than by itself.

    Returns
    -------
    callable
        Transformation of the same kind.
    """
    if hasattr(transformation, "scaled"):
        return transformation.scaled(factor)
    return _Farther(transformation, factor)


def step_of(
    transformation: Transformation, V: np.ndarray, rng: np.random.Generator, peers: Any
) -> np.ndarray:
    """Return how far a transformation moves rows.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind.
    V : ndarray of shape (n_samples, n_columns)
        As much of each series as it moves, or more.
    rng : numpy.random.Generator
        Source of randomness.
    peers : object
        The training series, and where in V there are sequences.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Steps; 0 in the columns that it does not move.
    """
    if isinstance(transformation, _Combination):
        return transformation(V, rng, peers) - V
    step = np.zeros_like(V)
    moves = moves_of(transformation)
    if moves == "codes":  # it knows nothing but sequences
        noise = not getattr(transformation, "spares_noise", False)
        for part in peers.sequences(V, rng, noise=noise):
            moved = transformed(transformation, part.Z, part.rng)
            step[part.where] = part.unfold(moved - part.Z)
    else:
        part = V if moves == "series" else V[:, : peers.n_movable]
        moved = transformed(transformation, part, rng, peers, may_lose=True)
        step[:, : part.shape[1]] = moved - part
    return step


def transformed(
    transformation: Transformation, Z: np.ndarray, *others: Any, may_lose: bool = False
) -> np.ndarray:
    """Return what a transformation makes of values, checked.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind; it gets a copy.
    Z : ndarray of shape (n_samples, ...)
        Values, NaN where nothing is known.
    *others : object
        What else it is called with.
    may_lose : bool, default=False
        Whether it may return NaN where `Z` has none: what a neighbour does not have.

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


class _Farther:
    """A transformation whose effect is multiplied."""

    def __init__(self, inner: Transformation, factor: float) -> None:
        self.inner, self.factor, self.moves = inner, factor, moves_of(inner)

    def __repr__(self) -> str:
        return repr(self.inner)

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, *peers: Any
    ) -> np.ndarray:
        moved = transformed(self.inner, V, rng, *peers, may_lose=bool(peers))
        farther: np.ndarray = V + self.factor * (moved - V)
        return farther


class _Combination(BaseEstimator):
    """What the combinations share: each row goes through some of the transformations.

    What is drawn for one transformation does not depend on what others draw.
    """

    transformations: Sequence[Transformation]

    @property
    def moves(self) -> str:
        """Return what the transformations move, together.

        Returns
        -------
        {"codes", "levels", "series"}
            The most that one of them moves.
        """
        kinds = [moves_of(inner) for inner in self.transformations]
        return max(kinds, key=KINDS.index, default="codes")

    def scaled(self, factor: float) -> Any:
        """Return the same combination, every part of it on another scale.

        Parameters
        ----------
        factor : float
            What the scales are multiplied by.

        Returns
        -------
        transformation
            A new object.
        """
        inner = [scaled(part, factor) for part in self.transformations]
        return type(self)(**{**self.get_params(deep=False), "transformations": inner})

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, peers: Any = None
    ) -> np.ndarray:
        """Return rows, moved one transformation after another.

        Parameters
        ----------
        V : ndarray of shape (n_samples, ...)
            Sequences or codes; or, with `peers`, as much of each series as the widest
            of the transformations moves.
        rng : numpy.random.Generator
            Source of randomness.
        peers : object or None, default=None
            The training series; None if all transformations are of sequences.

        Returns
        -------
        ndarray of the shape of V
            Rows.
        """
        own, *streams = rng.spawn(1 + len(self.transformations))
        chosen = self._chosen(len(V), own)
        for transformation, stream, rows in zip(
            self.transformations, streams, chosen, strict=True
        ):
            if peers is None:
                step = transformed(transformation, V, stream) - V
            else:
                step = step_of(transformation, V, stream, peers)
            # by choice, not by product: a step may be NaN where nothing is known
            V = np.where(rows.reshape(-1, *[1] * (V.ndim - 1)), V + step, V)
        return V

    def _chosen(self, n_rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield for each transformation which rows go through it."""
        raise NotImplementedError


class Compose(_Combination):
    """Apply transformations one after another, each to every row.

    Parameters
    ----------
    transformations : sequence of callable
        Transformations of any kind.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Compose, Drift, TimeWarp
    >>> both = Compose([TimeWarp(scale=0.3), Drift(scale=0.2)])
    >>> both(np.zeros((2, 10, 1)), np.random.default_rng(0)).shape
    (2, 10, 1)
    """

    def __init__(self, transformations: Sequence[Transformation]) -> None:
        self.transformations = transformations

    def _chosen(self, n_rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        yield from np.ones((len(self.transformations), n_rows), dtype=bool)


class SomeOf(_Combination):
    """Apply transformations one after another, each to some of the rows.

    Parameters
    ----------
    transformations : sequence of callable
        Transformations of any kind.
    probabilities : sequence of float in [0, 1]
        For each, the share of rows that it is applied to, at random.

    Raises
    ------
    ValueError
        When called, if there are not as many probabilities as transformations.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.transforms import Jitter, Mixup, SomeOf
    >>> both = SomeOf([Mixup(), Jitter(scale=0.1)], probabilities=[0.5, 1.0])
    >>> augmenter = LatentAugmenter(transformation=both)
    """

    def __init__(
        self,
        transformations: Sequence[Transformation],
        probabilities: Sequence[float],
    ) -> None:
        self.transformations = transformations
        self.probabilities = probabilities

    def _chosen(self, n_rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        for probability in _checked(self.probabilities, self):
            yield rng.uniform(size=n_rows) < probability


class OneOf(_Combination):
    """Apply to each row one of several transformations, drawn at random.

    Parameters
    ----------
    transformations : sequence of callable
        Transformations of any kind.
    probabilities : sequence of float or None, default=None
        How often each is drawn, in relation to the others; None draws all alike.

    Raises
    ------
    ValueError
        When called, if there are not as many probabilities as transformations.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Drift, OneOf, Trend
    >>> either = OneOf([Drift(), Trend()], probabilities=[3, 1])
    >>> either(np.zeros((2, 10, 1)), np.random.default_rng(0)).shape
    (2, 10, 1)
    """

    def __init__(
        self,
        transformations: Sequence[Transformation],
        probabilities: Sequence[float] | None = None,
    ) -> None:
        self.transformations = transformations
        self.probabilities = probabilities

    def _chosen(self, n_rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        weights = np.ones(len(self.transformations))
        if self.probabilities is not None:
            weights = _checked(self.probabilities, self)
        drawn = rng.choice(len(weights), size=n_rows, p=weights / weights.sum())
        yield from drawn == np.arange(len(weights))[:, None]


def _checked(probabilities: Sequence[float], combination: _Combination) -> np.ndarray:
    """Return probabilities, one for each transformation."""
    checked = np.asarray(probabilities, dtype=float)
    n = len(combination.transformations)
    if checked.shape != (n,) or (checked < 0).any() or not checked.any():
        raise ValueError(
            f"{type(combination).__name__} needs one probability for each of {n} "
            f"transformations, none negative and not all 0, got {probabilities!r}."
        )
    return checked
