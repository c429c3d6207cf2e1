"""Combinations of transformations, and the steps by which transformations move rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lgta_sklearn._files.registry import storable
from lgta_sklearn.transforms._protocol import (
    KINDS,
    BaseTransformation,
    Transformation,
    acts_on_residual,
    moves_of,
    needs_posterior,
    needs_time,
    scaled,
    transformed,
)

__all__ = [
    "Compose",
    "OneOf",
    "SomeOf",
    "Transformation",
    "check_transformation",
    "moves_of",
    "scaled",
    "step_of",
    "transformed",
]


def check_transformation(
    transformation: Transformation | None, *, has_time: bool, has_posterior: bool
) -> None:
    """Check, before anything is trained, that a transformation can be applied.

    Parameters
    ----------
    transformation : callable or None
        Transformation of any kind.
    has_time : bool
        Whether the codes have a time axis.
    has_posterior : bool
        Whether a model knows the uncertainty of the codes.

    Raises
    ------
    ValueError
        If it needs a time axis or a posterior and there is none, or if the
        probabilities of a combination do not fit.
    """
    if needs_time(transformation) and not has_time:
        raise ValueError(
            f"transformation={transformation!r} acts along time, and one code for the "
            "whole series has no time axis. Use LatentAugmenter(latent='per_step'), "
            "whose codes have one, or DirectAugmenter(transformation)."
        )
    if needs_posterior(transformation) and not has_posterior:
        raise ValueError(
            f"transformation={transformation!r} asks a model how uncertain it is, and "
            "there is none that knows. Use LatentAugmenter with variational=True."
        )
    if isinstance(transformation, _Combination):
        list(transformation._chosen(0, np.random.default_rng(0)))
        for inner in transformation.transformations:
            check_transformation(inner, has_time=has_time, has_posterior=has_posterior)


def step_of(
    transformation: Transformation,
    V: np.ndarray,
    rng: np.random.Generator,
    reference: Any,
) -> np.ndarray:
    """Return the steps by which a transformation moves rows.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind.
    V : ndarray of shape (n_samples, n_columns)
        The columns that it moves, and possibly more, of each series.
    rng : numpy.random.Generator
        Source of randomness.
    reference : object
        The training series; it knows which columns of V are sequences.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Steps, 0 in the columns that it does not move.
    """
    if isinstance(transformation, _Combination):
        return transformation(V, rng, reference) - V
    step = np.zeros_like(V)
    moves = moves_of(transformation)
    if moves == "codes":  # it is called with sequences
        noise = acts_on_residual(transformation)
        for part in reference.sequences(V, rng, noise=noise):
            moved = transformed(transformation, part.Z, part.rng)
            step[part.where] = part.unfold(moved - part.Z)
    else:
        part = V if moves == "series" else V[:, : reference.n_movable]
        moved = transformed(transformation, part, rng, reference, may_lose=True)
        step[:, : part.shape[1]] = moved - part
    return step


class _Combination(BaseTransformation):
    """Apply transformations one after another, each to some of the rows.

    Each transformation has a generator of its own, so that its draws do not depend on
    the other transformations.
    """

    transformations: Sequence[Transformation]

    @property
    def moves(self) -> str:  # type: ignore[override]  # it depends on the parts
        """Return what the transformations move together.

        Returns
        -------
        {"codes", "levels", "series"}
            The widest kind among the transformations.
        """
        kinds = [moves_of(inner) for inner in self.transformations]
        return max(kinds, key=KINDS.index, default="codes")

    def scaled(self, factor: float) -> Any:
        """Return the same combination of scaled transformations.

        Parameters
        ----------
        factor : float
            Factor of the effect of each transformation.

        Returns
        -------
        transformation
            A new object.
        """
        inner = [scaled(part, factor) for part in self.transformations]
        return type(self)(**{**self.get_params(deep=False), "transformations": inner})

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, reference: Any = None
    ) -> np.ndarray:
        """Return rows that were moved by one transformation after another.

        Parameters
        ----------
        V : ndarray of shape (n_samples, ...)
            Sequences or codes; with `reference`, the columns of each series that the
            widest of the transformations moves.
        rng : numpy.random.Generator
            Source of randomness.
        reference : object or None, default=None
            The training series; None if all transformations move sequences.

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
            if reference is None:
                step = transformed(transformation, V, stream) - V
            else:
                step = step_of(transformation, V, stream, reference)
            # not a product with 0 or 1: a step is NaN where a value is missing
            V = np.where(rows.reshape(-1, *[1] * (V.ndim - 1)), V + step, V)
        return V

    def _chosen(self, n_rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield for each transformation the rows that it is applied to."""
        raise NotImplementedError


@storable
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


@storable
class SomeOf(_Combination):
    """Apply transformations one after another, each to some of the rows.

    Parameters
    ----------
    transformations : sequence of callable
        Transformations of any kind.
    probabilities : sequence of float in [0, 1]
        Probability that a transformation is applied to a row, one for each.

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


@storable
class OneOf(_Combination):
    """Apply one of several transformations to each row, drawn at random.

    Parameters
    ----------
    transformations : sequence of callable
        Transformations of any kind.
    probabilities : sequence of float or None, default=None
        Probability of each transformation, up to a common factor; None draws all of
        them with the same probability.

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
