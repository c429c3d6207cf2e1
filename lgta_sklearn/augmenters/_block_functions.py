"""Functions of blocks of rows, for engines: joblib, Dask, Ray, Spark, or a loop.

Such a function holds a fitted model and a seed, and can be pickled. Row i depends on
the seed and on i alone, so that partitions, their order and repetitions do not matter.
In each process the model is loaded once, however many functions and calls use it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from lgta_sklearn._chunks import BLOCK
from lgta_sklearn._files.bytes import read
from lgta_sklearn._random import Use, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.arrow import (
    arrow_batch,
    channel_names,
    check_out,
    series_of_batch,
)
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.containers import Container
from lgta_sklearn._series.labels import required_classes, wanted_labels
from lgta_sklearn._series.panel import Panel

__all__ = ["BlockAugmenter", "BlockSampler", "BlockSamplingMixin"]

MOST_LOADED = 4  # models that a process keeps
_loaded: OrderedDict[str, Any] = OrderedDict()  # by the digest of the file
_lock = Lock()


class _Model:
    """A fitted augmenter that travels as a file of `save`, or as the path of one.

    Parameters
    ----------
    augmenter : BaseAugmenter
        Fitted augmenter.
    path : str, path-like or None
        File that `save` has written, which each process reads; None sends the file with
        the function.
    """

    def __init__(self, augmenter: Any, path: Any) -> None:
        self.kind, self.path = type(augmenter), None if path is None else str(path)
        self.content, self.own, self.augmenter = b"", {}, None
        try:
            with _file(augmenter, path) as file:
                content, own = file.read_bytes(), read(file)[0]["own"]
        except ValueError:  # it has learned something by code of the user's own
            if path is not None:
                raise
            self.augmenter = augmenter
            return
        # parameters that are code travel beside the file
        self.own = {name: getattr(augmenter, name) for name in own}
        self.content = content if path is None else b""
        self.key = sha256(content).hexdigest()

    def get(self) -> Any:
        """Return the augmenter, loaded at most once in this process."""
        if self.augmenter is not None:
            return self.augmenter
        with _lock:
            if self.key not in _loaded:
                _loaded[self.key] = self._load()
                while len(_loaded) > MOST_LOADED:
                    _loaded.popitem(last=False)
            _loaded.move_to_end(self.key)
            return _loaded[self.key]

    def _load(self) -> Any:
        if self.path is None:
            with TemporaryDirectory() as folder:
                file = Path(folder) / "model"
                file.write_bytes(self.content)
                return self.kind.load(file, **self.own)
        found = sha256(Path(self.path).read_bytes()).hexdigest()
        if found != self.key:
            raise ValueError(
                f"{self.path} has changed since this function was made, so that its "
                "rows would be others. Make the function again."
            )
        return self.kind.load(self.path, **self.own)


@contextmanager
def _file(augmenter: Any, path: Any) -> Iterator[Path]:
    """Give the file of an augmenter, written for the moment if there is none."""
    if path is not None:
        yield Path(path)
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model"
        augmenter.save(file)
        yield file


class BlockSampler:
    """Rows of an endless sample: what `BaseAugmenter.block_sampler` returns.

    Parameters
    ----------
    augmenter : BaseAugmenter
        Fitted augmenter.
    seed : int
        Seed of the sample.
    labels : ndarray of int, int or None
        Numbers of the classes: of each row, of all rows, or drawn.
    return_y : bool
        Whether to return labels, too.
    out : {"numpy", "arrow"}
        Kind of result.
    path : str, path-like or None
        File of the model.
    """

    def __init__(
        self,
        augmenter: Any,
        seed: int,
        labels: Any,
        *,
        return_y: bool,
        out: str,
        path: Any,
    ) -> None:
        self.seed, self.labels, self.return_y, self.out = seed, labels, return_y, out
        self._model = _Model(augmenter, path)
        self._names = augmenter._arrow_names()

    def __call__(self, rows: Any) -> Any:
        """Return rows of the sample.

        Parameters
        ----------
        rows : range, array-like of int, or batch with a column ``"id"``
            Numbers of the rows, from 0, in any order. A batch is a dict of arrays, a
            DataFrame, or a record batch or table of Arrow.

        Returns
        -------
        array, list, tuple or pyarrow.RecordBatch
            The series, as `sample` returns them, but without row labels and times; with
            `return_y` also their labels. In Arrow: ``"id"``, a list for each channel,
            and ``"y"`` if there are classes.
        """
        ids, augmenter = _ids(rows), self._model.get()
        panel, labels = augmenter._sampled_rows(ids, self.labels, self.seed)
        classes = getattr(augmenter, "classes_", None)
        y = None if labels is None or classes is None else classes[labels]
        if self.out == "arrow":
            return arrow_batch(ids, panel, y, self._names)
        X = augmenter._state.container.plain().pack(panel)
        return (X, y) if self.return_y else X


class BlockSamplingMixin:
    """Add `block_sampler` to an augmenter."""

    n_channels_in_: int
    _state: Any
    _check_ready: Callable[[], None]
    _call_seed: Callable[..., int]
    _drawn_labels: Callable[[int, int], np.ndarray | None]
    _numbered_block: Callable[..., Panel]
    _in_data_units: Callable[[np.ndarray], np.ndarray]
    _each: Callable[..., Iterator[Any]]

    def block_sampler(
        self,
        y: Any = None,
        *,
        return_y: bool = False,
        random_state: Any = None,
        out: str = "numpy",
        path: Any = None,
    ) -> BlockSampler:
        """Return a function that samples any rows of an endless sample.

        It can be pickled, and sent to the workers of any engine. The rows of
        ``range(a, b)`` are, bit for bit on machines of one kind, those of
        ``sample(b, random_state=random_state)[a:b]``, whichever rows are asked for in
        whichever order and process.

        Parameters
        ----------
        y : label or array-like of labels, default=None
            One label for all rows, or one label for each; then there are as many rows.
            None draws classes by their frequency in `fit`.
        return_y : bool, default=False
            Whether to return the labels, too. In Arrow they always are.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the sample, as in `sample`.
        out : {"numpy", "arrow"}, default="numpy"
            Arrays, or record batches of Arrow, for which pyarrow is needed.
        path : str, path-like or None, default=None
            File that `save` has written, where each worker finds it. None sends the
            model with the function.

        Returns
        -------
        callable
            Takes a range, numbers of rows, or a batch with a column ``"id"``. For
            multi-index frames and other panels it returns lists or arrays.

        Raises
        ------
        ValueError
            If a label was not in `fit`, or an argument is none of what it may be.

        Examples
        --------
        >>> from lgta_sklearn import DirectAugmenter
        >>> from lgta_sklearn.datasets import make_waves
        >>> augmenter = DirectAugmenter().fit(make_waves(20, random_state=0))
        >>> block = augmenter.block_sampler(random_state=0)
        >>> bool((block(range(300, 400)) == block(range(500))[300:400]).all())
        True
        """
        self._check_ready()
        check_out(out)
        classes = getattr(self, "classes_", None)
        if return_y:
            classes = required_classes(classes, "return_y=True")
        labels: Any = None
        if y is not None:
            n_samples = 1 if np.ndim(y) == 0 else len(y)
            labels = wanted_labels(y, n_samples, classes)
            labels = int(labels[0]) if np.ndim(y) == 0 else labels
        seed = self._call_seed(random_state)
        how = {"return_y": return_y, "out": out, "path": path}
        return BlockSampler(self, seed, labels, **how)

    def _sampled_rows(
        self, ids: np.ndarray, labels: np.ndarray | int | None, seed: int
    ) -> tuple[Panel, np.ndarray | None]:
        """Return rows of an endless sample in the units of `fit`, and their classes.

        `labels` has the class of each row of a sample that ends, or is that of all.
        """
        self._check_ready()
        if isinstance(labels, np.ndarray) and ids.max(initial=-1) >= len(labels):
            raise ValueError(
                f"Row {ids.max()} has no label: {len(labels)} labels were given."
            )
        layout: tuple[int, ...] = self._layout  # type: ignore[attr-defined]
        values = np.empty((len(ids), *layout), self._state.dtype)
        lengths, classes = np.empty((2, len(ids)), dtype=int)
        numbers, offsets = np.divmod(ids, BLOCK)

        def drawn(number: int) -> tuple[int, Panel, np.ndarray | None]:
            some = self._labels_of_block(number, labels, seed)
            n_rows = int(offsets[numbers == number].max()) + 1
            return number, self._numbered_block(number, n_rows, some, seed), some

        with pinned_runtime():
            for number, block, some in self._each(drawn, np.unique(numbers)):
                rows = numbers == number
                place = offsets[rows]
                values[rows] = self._in_data_units(block.values[place])
                lengths[rows] = block.lengths[place]
                classes[rows] = -1 if some is None else some[place]
        has_classes = labels is not None or self._state.class_prior is not None
        return Panel(values, lengths), classes if has_classes else None

    def _labels_of_block(
        self, number: int, labels: np.ndarray | int | None, seed: int
    ) -> np.ndarray | None:
        """Return the classes of a block of a sample: given, or drawn."""
        if labels is None:
            return self._drawn_labels(number, seed)
        if isinstance(labels, np.ndarray):
            return labels[BLOCK * number : BLOCK * (number + 1)]
        return np.full(BLOCK, labels)

    def _arrow_names(self) -> list[str]:
        """Return the names of the channels in Arrow."""
        container = self._state.container
        columns = None if container.kind == "table" else container.columns
        return channel_names(columns, self.n_channels_in_)


class BlockAugmenter:
    """A variation for each row: what `VaryingMixin.block_augmenter` returns.

    Parameters
    ----------
    augmenter : BaseAugmenter
        Fitted augmenter.
    seed : int
        Seed of the variations.
    strength : float or None
        How far series move.
    out : {"numpy", "arrow"}
        Kind of result.
    path : str, path-like or None
        File of the model.
    """

    def __init__(
        self, augmenter: Any, seed: int, strength: float | None, out: str, path: Any
    ) -> None:
        self.seed, self.strength, self.out = seed, strength, out
        self._model = _Model(augmenter, path)
        self._names = augmenter._arrow_names()

    def __call__(self, X: Any, ids: Any = None, y: Any = None) -> Any:
        """Return a variation of each series.

        Parameters
        ----------
        X : array-like, list or Arrow batch
            Series in the layout of `fit`; or a record batch or table with a column
            ``"id"`` and a column of lists for each channel, and perhaps ``"y"``.
        ids : range or array-like of int of shape (n_samples,), default=None
            Numbers of the rows: the same number and series have the same variation. Not
            needed if `X` has them.
        y : array-like of shape (n_samples,), default=None
            Labels, as in `augment`.

        Returns
        -------
        array, list or pyarrow.RecordBatch
            Variations in the order of `X`, without their labels (in Arrow with them);
            frames and panels become arrays or lists.
        """
        augmenter = self._model.get()
        if len(X) == 0:  # an empty partition
            return X
        kind = "list" if augmenter.lengths_vary_ else "array"
        if hasattr(X, "schema"):
            ids = X if ids is None else ids
            if y is None and "y" in X.schema.names:
                y = X.column("y").to_numpy(zero_copy_only=False)
            panel = series_of_batch(X, self._names)
            if augmenter.input_ndim_ == 2:
                panel = replace(panel, values=panel.values[:, 0])
            X = Container(kind).pack(panel)
        panel = check_series(augmenter, X, reset=False)
        ids = _ids(ids)
        if y is not None:
            check_consistent_length(panel.values, y)
        if len(ids) != len(panel):
            raise ValueError(
                f"Expected a number for each of the {len(panel)} series, got "
                f"{len(ids)}."
            )

        def of_rows(rows: np.ndarray, *key: int) -> list[np.random.Generator]:
            return [stream(self.seed, Use.VARY, int(i)) for i in ids[rows]]

        index, labels = np.arange(len(panel)), augmenter._known_labels(y)
        varied = augmenter._varied(panel, index, self.strength, of_rows, labels)
        if self.out == "arrow":
            y = None if y is None else np.asarray(y)
            return arrow_batch(ids, varied, y, self._names)
        return Container(kind).pack(varied)


def _ids(rows: Any) -> np.ndarray:
    """Return the numbers of rows, checked."""
    if isinstance(rows, dict) or hasattr(rows, "columns"):  # also of Arrow
        rows = rows["id"]
    ids = np.asarray(rows)
    if ids.size == 0:
        ids = ids.astype(int)
    is_int = ids.ndim == 1 and ids.dtype.kind in "iu"
    if not is_int or ids.min(initial=0) < 0:
        raise ValueError(
            "Expected numbers of rows: a range, ints >= 0 in one dimension, or a batch "
            f"with such a column 'id'; got {ids.dtype} of shape {ids.shape}."
        )
    return ids.astype(np.int64)
