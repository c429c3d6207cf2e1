"""A reservoir: a random sample of a stream of series, in one pass and little memory.

Each series gets a random number that depends on the seed and on its place in the stream
alone; those with the smallest numbers are kept. So the sizes of the blocks in which the
series come do not matter. Classes are sampled separately, and in the end each has its
share of the stream.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from lgta_sklearn._chunks import chunks
from lgta_sklearn._parameters import AT_LEAST_ONE
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._series.arrow import import_arrow, series_of_batch
from lgta_sklearn._series.containers import Container
from lgta_sklearn._series.labels import check_labels_present

__all__ = ["RESERVOIR", "comes_in_blocks", "reservoir"]

RESERVOIR = 20_000  # benchmarks/reservoir.py: more series change little
BLOCK = 16_384  # series of an array that are read together
KEYS = 4096  # numbers that share one random stream
SPARE, DEVIATIONS = 50, 6.0  # series of a class that are kept beyond its share so far


def comes_in_blocks(X: Any) -> bool:
    """Tell whether series are given as something to be read in blocks.

    Parameters
    ----------
    X : object
        What `fit` was given.

    Returns
    -------
    bool
        True for an iterator or another iterable without a length, a memory-mapped array
        of more than `RESERVOIR` series, an array of Dask, a Parquet data set or a path.
    """
    if isinstance(X, np.memmap):
        return len(X) > RESERVOIR
    if isinstance(X, str):  # else a text that was given by mistake
        return X.endswith(".parquet") or Path(X).exists()
    endless = isinstance(X, Iterable) and not hasattr(X, "__len__")
    if endless and not hasattr(X, "__array__"):
        return True
    return isinstance(X, Path) or _is_dask(X) or _is_arrow(X)


def reservoir(
    X: Any, y: Any = None, *, size: int = RESERVOIR, random_state: Any = None
) -> tuple[Any, np.ndarray | None]:
    """Draw a random sample from series that do not fit into memory.

    Parameters
    ----------
    X : iterator, array, list, Dask array, pyarrow Dataset or Table, str or Path
        An iterator yields blocks, not series: arrays of shape (n, n_timepoints) or (n,
        n_channels, n_timepoints), lists of arrays, or tuples of such a block and its
        labels. A list is a set of series, as everywhere. A path is that of a Parquet
        file or of a folder of such files, where columns of lists are channels.
    y : array, Dask array, str or None, default=None
        Labels; of a Parquet data set the name of their column. Those of an iterable
        come with its blocks.
    size : int, default=20000
        Largest number of series. Measured on four sets, more change little.
    random_state : None, int, RandomState or Generator, default=None
        Seed: the same int gives the same series, whatever the sizes of the blocks.

    Returns
    -------
    X : ndarray of shape (n_samples, ...) or list of ndarray
        Series in the order of the stream; all of them, if there are not more.
    y : ndarray of shape (n_samples,) or None
        Their labels. The share of a class is that in the stream, rounded; at least one
        series of each class is kept.

    Raises
    ------
    ValueError
        If there are no series, blocks do not fit together, or only some have labels.
    TypeError
        If `X` is nothing that can be read in blocks.

    See Also
    --------
    LatentAugmenter.fit : Accepts all that this accepts, and draws such a sample.

    References
    ----------
    Efraimidis and Spirakis (2006), "Weighted random sampling with a reservoir",
    doi:10.1016/j.ipl.2005.11.003.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves, reservoir
    >>> blocks = (make_waves(1000, n_timepoints=24, random_state=i) for i in range(9))
    >>> X, _ = reservoir(blocks, size=500, random_state=0)
    >>> X.shape
    (500, 24)
    """
    if size not in AT_LEAST_ONE:
        raise ValueError(f"size must be an int >= 1, got {size!r}.")
    kept = _Reservoir(size, seed_from(random_state))
    for block, labels in _blocks(X, y):
        kept.add(block, labels)
    return kept.result()


class _Reservoir:
    """The series of each class with the smallest numbers so far."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed, self.n_seen = size, seed, 0
        self.counts: dict[Any, int] = {}
        self.limits: dict[Any, float] = {}  # numbers beyond are never needed
        self.rows: list[np.ndarray] = []
        self.keys = np.empty(0)
        self.classes: list[Any] = []
        self.labels: list[Any] | None = None

    def add(self, block: Any, y: np.ndarray | None) -> None:
        """Add a block of series."""
        n = len(block)
        if not n:
            return
        self._check(block, y)
        keys = self._drawn(self.n_seen + np.arange(n))
        self.n_seen += n
        classes: Any = [None]
        numbers = np.zeros(n, dtype=int)
        if y is not None and not _is_target(y):
            classes, numbers = np.unique(y, return_inverse=True)
        for number, count in enumerate(np.bincount(numbers)):
            label = classes[number]
            self.counts[label] = self.counts.get(label, 0) + int(count)
        limits = np.array([self.limits.get(label, 1.0) for label in classes])
        chosen = np.flatnonzero(keys <= limits[numbers])
        self.rows += [np.array(block[i]) for i in chosen]
        self.keys = np.concatenate([self.keys, keys[chosen]])
        self.classes += [classes[i] for i in numbers[chosen]]
        if self.labels is not None and y is not None:
            self.labels += list(y[chosen])
        if len(self.rows) > 2 * self.size + SPARE * len(self.counts):
            self._keep(self._shares(spare=True))

    def result(self) -> tuple[Any, np.ndarray | None]:
        """Return the sample."""
        if not self.n_seen:
            raise ValueError("Expected series, but all blocks were empty.")
        if self.n_seen > self.size:
            self._keep(self._shares(spare=False))
        same = len({row.shape for row in self.rows}) == 1
        X = np.stack(self.rows) if same else self.rows
        return X, None if self.labels is None else np.array(self.labels)

    def _check(self, block: Any, y: np.ndarray | None) -> None:
        """Refuse a block that does not fit to those before."""
        if not self.n_seen:
            self.labels = None if y is None else []
            self.n_axes = block[0].ndim
        if (y is None) != (self.labels is None):
            raise ValueError("Expected labels with each block, or with none of them.")
        if block[0].ndim != self.n_axes:
            raise ValueError(
                f"Expected blocks of one layout, got series of {self.n_axes} and of "
                f"{block[0].ndim} dimensions."
            )

    def _drawn(self, places: np.ndarray) -> np.ndarray:
        """Return the random numbers of places in the stream."""
        first, last = places[0] // KEYS, places[-1] // KEYS
        streams = (
            stream(self.seed, Use.RESERVOIR, int(number)).random(KEYS)
            for number in range(first, last + 1)
        )
        return np.concatenate(list(streams))[places - first * KEYS]

    def _shares(self, *, spare: bool) -> dict[Any, int]:
        """Return how many series of each class to keep."""
        exact = {c: self.size * n / self.n_seen for c, n in self.counts.items()}
        if spare:  # its share in the end may be larger by chance
            return {
                c: min(ceil(m + DEVIATIONS * sqrt(m)) + SPARE, self.counts[c])
                for c, m in exact.items()
            }
        shares = {c: max(int(m), 1) for c, m in exact.items()}
        # what rounding leaves goes to the largest remainders
        left = max(self.size - sum(shares.values()), 0)
        for c in sorted(exact, key=lambda c: shares[c] - exact[c])[:left]:
            shares[c] += 1
        return shares

    def _keep(self, shares: dict[Any, int]) -> None:
        """Keep so many series of each class: those with the smallest numbers."""
        codes = {label: code for code, label in enumerate(self.counts)}
        of_row = np.array([codes[label] for label in self.classes])
        chosen = []
        for label, code in codes.items():
            rows = np.flatnonzero(of_row == code)
            smallest = rows[np.argsort(self.keys[rows])[: shares[label]]]
            chosen.append(smallest)
            if shares[label] < self.counts[label] and len(smallest):
                self.limits[label] = self.keys[smallest[-1]]
        order = np.sort(np.concatenate(chosen))
        self.rows = [self.rows[i] for i in order]
        self.classes = [self.classes[i] for i in order]
        self.keys = self.keys[order]
        if self.labels is not None:
            self.labels = [self.labels[i] for i in order]


def _is_target(y: np.ndarray) -> bool:
    """Tell whether labels are those of a regression."""
    return y.dtype.kind == "f" and bool((y != np.rint(y)).any())


def _blocks(X: Any, y: Any) -> Iterator[tuple[Any, np.ndarray | None]]:
    """Yield blocks of series, as arrays or lists of arrays, and their labels."""
    for item in _read(X, y):
        if len(item) != 2:
            raise ValueError(
                f"Expected blocks X or tuples (X, y), got a tuple of {len(item)}."
            )
        rows, labels = _rows_of(item[0]), item[1]
        if labels is None:
            yield rows, None
            continue
        check_consistent_length(rows, labels)
        check_labels_present(labels)
        labels = np.asarray(labels)
        yield rows, labels[:, 0] if labels.shape == (len(rows), 1) else labels


def _rows_of(block: Any) -> Any:
    """Return a block as an array or a list of arrays."""
    array = np.empty(0)
    if isinstance(block, list):
        if not any(hasattr(row, "columns") for row in block):
            rows = [np.asarray(row) for row in block]
            if all(row.ndim in (1, 2) for row in rows):
                return rows
    elif not hasattr(getattr(block, "index", None), "levels"):
        array = np.asarray(block)
        if array.ndim in (2, 3) and array.dtype.kind in "biuf":
            return array
    raise ValueError(
        "Expected blocks of shape (n, n_timepoints) or (n, n_channels, n_timepoints), "
        "or lists of series as arrays (a panel of sktime has to be converted), got "
        f"{type(block).__name__} of shape {np.shape(array)}."
    )


def _read(X: Any, y: Any) -> Iterator[tuple[Any, Any]]:
    """Read series from wherever they are."""
    if isinstance(X, str | Path) or _is_arrow(X):
        return _read_parquet(X, y)
    if hasattr(X, "shape"):
        return _read_array(X, y)
    if isinstance(X, list):  # a set of series, as everywhere
        return iter([(X, y)])
    if not isinstance(X, Iterable) or isinstance(X, dict | set | bytes):
        raise TypeError(
            "Expected an iterable of blocks, an array, an array of Dask, a pyarrow "
            f"Dataset or the path of a Parquet file, got {type(X).__name__}."
        )
    if y is not None:
        raise ValueError(
            "y must be None if X is an iterable: let it yield (X_block, y_block)."
        )
    return (block if isinstance(block, tuple) else (block, None) for block in X)


def _read_array(X: Any, y: Any) -> Iterator[tuple[Any, Any]]:
    """Read an array of NumPy or Dask, a part at a time."""
    if _is_dask(X) and np.isnan(X.shape).any():
        raise ValueError(
            "The sizes of the chunks of this array of Dask are not known: call "
            "X.compute_chunk_sizes() first."
        )
    if y is not None and len(y) != len(X):
        raise ValueError(f"Expected {len(X)} labels, one per series, got {len(y)}.")
    for rows in chunks(len(X), 1, BLOCK):
        yield _computed(X[rows]), None if y is None else _computed(y[rows])


def _read_parquet(X: Any, y: Any) -> Iterator[tuple[Any, Any]]:
    """Read the columns of lists of a Parquet data set, and that of the labels."""
    import_arrow()
    from pyarrow.dataset import dataset

    if isinstance(X, str | Path):
        if not Path(X).exists():
            raise FileNotFoundError(f"There is no Parquet file or folder {X}.")
        if Path(X).suffix in (".npy", ".npz"):
            raise ValueError(
                f"Expected Parquet; read {X} by np.load(..., mmap_mode='r')."
            )
        X = dataset(X, partitioning="hive")
    elif not hasattr(X, "scanner"):
        X = dataset(X)
    columns = [field.name for field in X.schema if "list" not in str(field.type)]
    if y is not None and not (isinstance(y, str) and y in columns):
        raise ValueError(
            f"y must be the name of a column of labels, one of {columns}, or None; got "
            f"{y!r}."
        )
    for batch in X.to_batches(batch_size=BLOCK):
        if not batch.num_rows:
            continue
        panel = series_of_batch(batch)
        if panel.values.shape[1] == 1:
            panel = replace(panel, values=panel.values[:, 0])
        whole = (panel.lengths == panel.values.shape[-1]).all()
        rows = Container("array" if whole else "list").pack(panel)
        labels = None
        if y is not None:
            labels = batch.column(y).to_numpy(zero_copy_only=False)
        yield rows, labels


def _computed(some: Any) -> Any:
    """Return a part of an array, computed in this thread if it is one of Dask."""
    return some.compute(scheduler="sync") if hasattr(some, "dask") else some


def _is_dask(X: Any) -> bool:
    """Tell whether something is an array of Dask."""
    return hasattr(X, "dask") and hasattr(X, "chunks")


def _is_arrow(X: Any) -> bool:
    """Tell whether something is a data set or a table of pyarrow."""
    return type(X).__module__.startswith("pyarrow") and hasattr(X, "schema")
