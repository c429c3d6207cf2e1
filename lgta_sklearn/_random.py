"""Random streams: every use of a seed has a stream of its own.

A stream is a generator that a seed, the name of its use and further numbers (a block, a
class) determine, by the spawn keys of NumPy's `SeedSequence`. Two uses never share a
stream, and no seed is ever computed from another one by arithmetic. Nothing here reads
or advances a global generator.
"""

from collections.abc import Iterator
from enum import IntEnum
from hashlib import shake_128
from numbers import Integral
from typing import Any

import numpy as np

__all__ = [
    "Use",
    "as_int",
    "choose_per_row",
    "content_generators",
    "seed_from",
    "stream",
    "torch_stream",
]


class Use(IntEnum):
    """What a stream is for. The numbers are part of what a seed means: only append."""

    CALLS = 1  # the sequence of calls whose random_state is None
    FIT = 2
    SAMPLE = 3
    VARY = 4
    STRENGTH = 5  # calibration of the strength
    LABELS = 6
    DENSITY = 7
    CLASS = 8  # one class of a density
    NOISE = 9
    GAPS = 10
    WEIGHTS = 12
    ORDER = 13  # of the rows in an epoch
    SPLIT = 14  # validation split
    LATENT = 15  # posterior samples during training
    PERTURB = 16  # equivariance term
    CALIBRATION = 19
    AUGMENTER = 20  # the augmenter inside a composer
    SOURCES = 21  # rows that new series come from
    GROWTH = 22
    MEASURE = 23
    IMPUTE = 24
    DIFFUSION = 25  # the noise that samples start from
    GROUPS = 26  # of similar shapes
    BATCH = 27  # which series of a batch are varied
    RESERVOIR = 28  # which series of many are learned
    REJECT = 29  # which samples are rejected
    REDRAW = 30  # samples in place of those


def stream(
    source: int | np.random.Generator, use: Use, *key: int
) -> np.random.Generator:
    """Return the generator of one use of a seed.

    Parameters
    ----------
    source : int or numpy.random.Generator
        A seed, or a stream to branch off from. The stream is not advanced: the same
        arguments give the same generator however much was drawn before.
    use : Use
        What the numbers are for.
    *key : int
        Further numbers, such as that of a block or of a class.

    Returns
    -------
    numpy.random.Generator
        Independent of the streams of all other arguments.
    """
    entropy: Any = source
    path: tuple[int, ...] = ()
    if isinstance(source, np.random.Generator):
        parent: Any = source.bit_generator.seed_seq
        entropy, path = parent.entropy, tuple(parent.spawn_key)
    sequence = np.random.SeedSequence(entropy, spawn_key=(*path, int(use), *key))
    return np.random.default_rng(sequence)


def torch_stream(source: int | np.random.Generator, use: Use, *key: int) -> Any:
    """Return the generator of one use of a seed, for torch.

    Parameters
    ----------
    source : int or numpy.random.Generator
        As in `stream`.
    use : Use
        What the numbers are for.
    *key : int
        Further numbers.

    Returns
    -------
    torch.Generator
        On the CPU, so that it gives the same numbers for every device.
    """
    import torch

    return torch.Generator().manual_seed(seed_from(stream(source, use, *key)))


def as_int(rng: np.random.Generator) -> int:
    """Return a seed for a library that takes small integers only.

    Parameters
    ----------
    rng : numpy.random.Generator
        Stream, which is advanced.

    Returns
    -------
    int
        Seed in [0, 2**31).
    """
    return int(rng.integers(2**31))


def seed_from(random_state: Any) -> int:
    """Return one integer seed.

    Parameters
    ----------
    random_state : None, int, numpy.random.RandomState or numpy.random.Generator
        None gives fresh entropy without touching NumPy's global state; an int is
        returned as it is; a generator is advanced.

    Returns
    -------
    int
        Seed in [0, 2**63).

    Raises
    ------
    ValueError
        If `random_state` is none of these.
    """
    if random_state is None:
        random_state = np.random.default_rng()
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, Integral) and int(random_state) >= 0:
        return int(random_state)
    raise ValueError(
        "random_state must be None, an int that is not negative, a RandomState or a "
        f"Generator, got {random_state!r}."
    )


def content_generators(X: np.ndarray, seed: int) -> Iterator[np.random.Generator]:
    """Yield a generator per row that depends on the values of the row alone.

    The same row gets the same numbers among any other rows, so that
    subsets, order and chunks do not matter; equal rows get equal numbers.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Rows whose bytes are hashed.
    seed : int
        Another seed gives other numbers.

    Yields
    ------
    numpy.random.Generator
        Generator of one row.
    """
    key = seed.to_bytes(8, "little")
    for row in np.ascontiguousarray(X):
        digest = shake_128(key + row.tobytes()).digest(16)
        yield np.random.default_rng(int.from_bytes(digest, "little"))


def choose_per_row(choices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one entry of each row.

    Parameters
    ----------
    choices : ndarray of shape (n_rows, n_choices)
        Entries to draw from.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_rows,)
        Entries.
    """
    n_rows, n_choices = choices.shape
    drawn: np.ndarray = choices[np.arange(n_rows), rng.integers(n_choices, size=n_rows)]
    return drawn
