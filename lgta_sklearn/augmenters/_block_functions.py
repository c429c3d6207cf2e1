"""Functions of blocks of rows, for engines: joblib, Dask, Ray, Spark, or a loop.

Such a function holds a fitted model and a seed, and can be pickled. Row i depends on
the seed and on i alone, so that partitions, their order and repetitions do not matter.
In each process the model is loaded once, however many functions and calls use it.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from lgta_sklearn._files.bytes import read
from lgta_sklearn._random import Use, stream
from lgta_sklearn._series.arrow import arrow_batch, series_of_batch
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.containers import Container

__all__ = ["BlockAugmenter", "BlockSampler"]

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
        if hasattr(X, "schema"):
            ids = _ids(X) if ids is None else _ids(ids)
            if y is None and "y" in X.schema.names:
                y = X.column("y").to_numpy(zero_copy_only=False)
            panel = series_of_batch(X, self._names)
            values = panel.values
            X = values[:, 0] if augmenter.input_ndim_ == 2 else values
            if augmenter.lengths_vary_:
                ends = zip(X, panel.lengths, strict=True)
                X = [row[..., :length] for row, length in ends]
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
        kind = "list" if augmenter.lengths_vary_ else "array"
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
