"""Settings of torch and OpenMP while the package computes, restored afterwards.

Where torch offers nothing but its global generator (the initialisation of layers) that
is seeded inside a lock and restored.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TypeVar

__all__ = [
    "configured_threads",
    "in_threads",
    "pinned_runtime",
    "seeded_initialisation",
]

Item = TypeVar("Item")
Result = TypeVar("Result")

_INIT_LOCK = threading.RLock()
_THREADS_LOCK = threading.Lock()
_threads = {"users": 0, "before": 1}
_pinned = threading.local()
_in_pool = threading.local()


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


@contextmanager
def pinned_runtime(n_threads: int = 1) -> Iterator[None]:
    """Pin the number of threads and disable torch's modes; restore them on exit.

    The number of threads changes the last bits of a result, and small operations run
    fastest on one thread: if another process is busy, a second thread makes the search
    for neighbours four times slower. A result must also not depend on inference mode,
    autocast or a default device that the caller has set.

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

    pools = ThreadpoolController()  # of OpenMP and BLAS
    # the setting is per thread but new threads inherit it: the first call to enter
    # notes the user's value and every call restores that one
    with _THREADS_LOCK:
        # asked first, because a thread takes the value of another one at its first
        # operation, also if it has set its own before
        current = torch.get_num_threads()
        if _threads["users"] == 0:
            _threads["before"] = current
        _threads["users"] += 1
        torch.set_num_threads(n_threads)
    own = _pinned.__dict__.setdefault("stack", [])  # one call within another
    own.append(n_threads)
    try:
        with pools.limit(limits=n_threads), _neutral_torch_modes():
            yield
    finally:
        own.pop()
        with _THREADS_LOCK:
            _threads["users"] -= 1
            torch.set_num_threads(own[-1] if own else _threads["before"])


@contextmanager
def _neutral_torch_modes() -> Iterator[None]:
    """Disable inference mode, autocast and default devices in this thread."""
    import torch

    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield


def configured_threads() -> int:
    """Return the number of threads that the user has set in torch.

    Returns
    -------
    int
        The setting outside `pinned_runtime`, also when called inside it.
    """
    import torch

    with _THREADS_LOCK:
        return _threads["before"] if _threads["users"] else torch.get_num_threads()


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Apply a function to items, several at a time.

    As many threads work as the user has set in torch; each is pinned as by
    `pinned_runtime`, so that a result does not depend on their number. Used for blocks
    of rows, which do not know of each other: one operation on several threads gains
    less, and changes the last bits.

    Parameters
    ----------
    function : callable
        Takes an item. It must not write to anything that is shared.
    items : iterable
        Items. No more results are kept than there are threads.

    Yields
    ------
    object
        Results in the order of the items.
    """
    n_threads, items = configured_threads(), iter(items)
    if n_threads == 1 or getattr(_in_pool, "working", False):
        yield from map(function, items)
        return

    def pinned(item: Item) -> Result:
        _in_pool.working = True  # a thread of a pool starts no pool
        with pinned_runtime():
            return function(item)

    some = list(islice(items, n_threads))
    if len(some) == 1:  # not worth a pool
        yield function(some[0])
        return
    with ThreadPoolExecutor(n_threads) as pool:
        while some:
            yield from pool.map(pinned, some)
            some = list(islice(items, n_threads))
