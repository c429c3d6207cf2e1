"""Draws from anything that has `sample`, reproducible block by block."""

import copy
import inspect
from typing import Any

import numpy as np

from lgta_sklearn._random import BLOCK, blocks

__all__ = ["draw", "sample_density"]


def draw(
    density: Any,
    n_samples: int,
    seed: int,
    start: int = 0,
    *,
    row: tuple[int, ...] | None = None,
) -> np.ndarray:
    """Draw rows block by block, each block with a seed of its own.

    The first rows of a long draw are then those of a short one, and any block can
    be drawn without the ones before it.

    Parameters
    ----------
    density : object
        Fitted density.
    n_samples : int
        Number of rows.
    seed : int
        Seed of the draw.
    start : int, default=0
        Number of the first row: a long draw may be made in parts.
    row : tuple of int or None, default=None
        Shape of a row, such as (n_features,); None if it is not to be checked.

    Returns
    -------
    ndarray of shape (n_samples, ...)
        Drawn rows.

    Raises
    ------
    ValueError
        If what was drawn has another shape, or is not finite.
    """
    parts = []
    first, skipped = divmod(start, BLOCK)
    for number, rows in blocks(max(skipped + n_samples, 1), first):
        rng = np.random.default_rng([seed, number])
        part = sample_density(density, BLOCK, int(rng.integers(1, 2**31)))
        if row is not None:
            _check_drawn(part, (BLOCK, *row), density)
        # some densities return their rows component by component
        parts.append(rng.permutation(part)[: rows.stop - rows.start])
    return np.concatenate(parts)[skipped : skipped + n_samples]


def sample_density(density: Any, n_samples: int, random_state: Any) -> np.ndarray:
    """Call `sample` with a seed, whichever way the density takes one.

    Parameters
    ----------
    density : object
        Fitted density.
    n_samples : int
        Number of rows.
    random_state : None, int, RandomState or Generator
        Seed.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        Drawn rows.
    """
    if "random_state" in inspect.signature(density.sample).parameters:
        drawn = density.sample(n_samples, random_state=random_state)
    else:
        if hasattr(density, "random_state"):
            density = copy.copy(density)
            density.random_state = random_state
        drawn = density.sample(n_samples)
    # a mixture of sklearn returns the components too
    return np.asarray(drawn[0] if isinstance(drawn, tuple) else drawn)


def _check_drawn(rows: np.ndarray, shape: tuple[int, ...], density: Any) -> None:
    """Refuse what is not the rows that were asked for: anybody may write a density."""
    name = type(density).__name__
    if rows.shape != shape:
        raise ValueError(
            f"{name}.sample({shape[0]}) returned an array of shape {rows.shape}, "
            f"expected {shape}."
        )
    if not np.isfinite(rows).all():
        raise ValueError(
            f"{name}.sample({shape[0]}) returned NaN or infinity, expected finite "
            "numbers."
        )
