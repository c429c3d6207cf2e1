"""Rows in blocks that share a random stream, and in chunks that bound the memory."""

from collections.abc import Callable, Iterator

import numpy as np

__all__ = ["BLOCK", "blocks", "chunks", "map_chunks"]

BLOCK = 256  # rows that share one random stream
CHUNK_VALUES = 2**18  # values that are worked on together: they stay in the cache


def blocks(n_rows: int, first: int = 0) -> Iterator[tuple[int, slice]]:
    """Yield the number and the slice of each block of `BLOCK` rows.

    Parameters
    ----------
    n_rows : int
        Number of rows in all.
    first : int, default=0
        Number of the first block.

    Yields
    ------
    tuple of (int, slice)
        Number of the block and its rows.
    """
    for number, start in enumerate(range(0, n_rows, BLOCK), first):
        yield number, slice(start, min(start + BLOCK, n_rows))


def chunks(n_rows: int, n_values: int, at_most: int | None = None) -> Iterator[slice]:
    """Yield slices of rows that together hold a bounded number of values.

    Parameters
    ----------
    n_rows : int
        Number of rows in all.
    n_values : int
        Values in a row. A slice has at least one row, however many these are.
    at_most : int or None, default=None
        Values in a slice; None takes `CHUNK_VALUES`.

    Yields
    ------
    slice
        Consecutive rows.
    """
    size = max((at_most or CHUNK_VALUES) // max(n_values, 1), 1)
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def map_chunks(
    function: Callable[[slice], np.ndarray], n_rows: int, n_values: int
) -> np.ndarray:
    """Apply a function to consecutive slices of rows and concatenate the results.

    The memory that the function takes is bounded, however many rows there are.

    Parameters
    ----------
    function : callable
        Takes a slice of whole blocks (the last one may be shorter) and returns an array
        with as many rows.
    n_rows : int
        Number of rows in all; for 0 the function is called with an empty slice.
    n_values : int
        Values in a row, which decide how many rows a slice has.

    Returns
    -------
    ndarray of shape (n_rows, ...)
        All rows.
    """
    size = max(CHUNK_VALUES // (BLOCK * max(n_values, 1)), 1) * BLOCK
    first = function(slice(0, min(size, n_rows)))
    if size >= n_rows:
        return first
    whole = np.empty((n_rows, *first.shape[1:]), first.dtype)
    whole[:size] = first
    for start in range(size, n_rows, size):
        rows = slice(start, min(start + size, n_rows))
        whole[rows] = function(rows)
    return whole
