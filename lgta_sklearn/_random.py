"""Randomness that is local: generators from `random_state`, seeded initialisation.

Nothing here reads or advances a global generator. Where torch offers nothing but the
global one (the initialisation of layers) it is seeded inside a lock and restored.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import shake_128
from numbers import Integral
from typing import Any

import numpy as np

__all__ = [
    "BLOCK",
    "blocks",
    "content_generators",
    "free_threads",
    "in_portions",
    "one_of_each",
    "own_settings",
    "seed_from",
    "seeded_initialisation",
]

BLOCK = 256  # rows that share one seed
PORTION = 2**18  # values that are worked on together: they stay in the cache
_INIT_LOCK = threading.RLock()
_THREADS_LOCK = threading.Lock()
_threads = {"users": 0, "before": 1}
_pinned = threading.local()


def seed_from(random_state: Any) -> int:
    """Return one integer seed.

    Parameters
    ----------
    random_state : None, int, numpy.random.RandomState or numpy.random.Generator
        None gives fresh entropy without touching NumPy's global state; an int gives
        always the same seed; a generator is advanced.

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


def blocks(n_rows: int, first: int = 0) -> Iterator[tuple[int, slice]]:
    """Yield the number and the slice of each block of `BLOCK` rows.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    first : int, default=0
        Number of the first block.

    Yields
    ------
    tuple of (int, slice)
        Number of the block and its rows.
    """
    for number, start in enumerate(range(0, n_rows, BLOCK), first):
        yield number, slice(start, min(start + BLOCK, n_rows))


def in_portions(
    function: Callable[[slice], np.ndarray], n_rows: int, n_values: int
) -> np.ndarray:
    """Return the rows that a function makes, some at a time: in bounded memory.

    Parameters
    ----------
    function : callable
        Takes a slice, of whole blocks but for the last, and returns its rows.
    n_rows : int
        Rows in all; if there are none, the function is called with an empty slice.
    n_values : int
        Values in a row, which decide how many rows are made at a time.

    Returns
    -------
    ndarray of shape (n_rows, ...)
        All rows.
    """
    size = max(PORTION // (BLOCK * max(n_values, 1)), 1) * BLOCK
    first = function(slice(0, min(size, n_rows)))
    if size >= n_rows:
        return first
    whole = np.empty((n_rows, *first.shape[1:]), first.dtype)
    whole[:size] = first
    for start in range(size, n_rows, size):
        rows = slice(start, min(start + size, n_rows))
        whole[rows] = function(rows)
    return whole


def content_generators(X: np.ndarray, seed: int) -> Iterator[np.random.Generator]:
    """Yield a generator per row that depends on the row, not on its place.

    The same row gets the same numbers whatever the rows around it, so that subsets,
    order and chunks cannot matter; equal rows get equal numbers.

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


@contextmanager
def seeded_initialisation(seed: int) -> Iterator[None]:
    """Seed torch's global generator for a moment, one thread at a time.

    Parameters
    ----------
    seed : int
        Seed of the weights.

    Yields
    ------
    None
        Inside, torch's CPU generator starts at `seed` and weights are made in single
        precision; after, all is as before.
    """
    import torch

    with _INIT_LOCK, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def one_of_each(options: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one entry of each row.

    Parameters
    ----------
    options : ndarray of shape (n_rows, n_options)
        What to draw from.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_rows,)
        Entries.
    """
    n_rows, n_options = options.shape
    drawn: np.ndarray = options[np.arange(n_rows), rng.integers(n_options, size=n_rows)]
    return drawn


@contextmanager
def own_settings(n_threads: int = 1) -> Iterator[None]:
    """Let torch and OpenMP run as the package wants them to, and restore the settings.

    The number of threads changes the last bits of a result, and what is small runs
    fastest on one: beside another busy process a second thread makes the search for
    neighbours, block by block, four times slower. Nor may it matter whether the caller
    has switched torch to inference, to mixed precision or to another default device.

    Parameters
    ----------
    n_threads : int, default=1
        Threads inside one operation.

    Yields
    ------
    None
        Inside, ``torch.get_num_threads()`` is `n_threads`.
    """
    import torch
    from threadpoolctl import ThreadpoolController

    openmp = ThreadpoolController().select(user_api="openmp")
    # the setting is per thread but new threads inherit it: the first call to enter
    # notes the user's value and every call restores that one
    with _THREADS_LOCK:
        if _threads["users"] == 0:
            _threads["before"] = torch.get_num_threads()
        _threads["users"] += 1
        torch.set_num_threads(n_threads)
    own = _pinned.__dict__.setdefault("stack", [])  # one call within another
    own.append(n_threads)
    try:
        with openmp.limit(limits=n_threads), _unmoved():
            yield
    finally:
        own.pop()
        with _THREADS_LOCK:
            _threads["users"] -= 1
            torch.set_num_threads(own[-1] if own else _threads["before"])


@contextmanager
def _unmoved() -> Iterator[None]:
    """Set aside what the caller may have switched on in this thread."""
    import torch

    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield


def free_threads() -> int:
    """Return how many threads torch may use as far as the user is concerned.

    Returns
    -------
    int
        Their setting, whatever is pinned now.
    """
    import torch

    with _THREADS_LOCK:
        return _threads["before"] if _threads["users"] else torch.get_num_threads()
