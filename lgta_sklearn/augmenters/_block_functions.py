"""Functions of blocks of rows, for engines: joblib, Dask, Ray, Spark, or a loop.

Such a function holds a fitted model and a seed, and can be pickled. Row i depends on
the seed and on i alone, so that partitions, their order and repetitions do not matter.
In each process the model is loaded once, however many functions and calls use it.
"""

import pickle
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from lgta_sklearn._random import Use, stream
from lgta_sklearn._series.arrow import arrow_batch, series_of_batch
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.containers import Container

__all__ = ["BlockAugmenter", "BlockSampler"]

MOST_LOADED = 4  # models that a process keeps
_loaded: OrderedDict[str, Any] = OrderedDict()
_lock = Lock()


class _Model:
    """A fitted augmenter that travels as bytes or as the path of a file.

    Parameters
    ----------
    augmenter : BaseAugmenter
        Fitted augmenter.
    path : str, path-like or None
        File that `save` has written, which each process reads; None sends the model
        with the function.
    """

    def __init__(self, augmenter: Any, path: Any) -> None:
        self.kind = type(augmenter)
        self.path = None if path is None else str(path)
        # bytes of pickle, since a model may have parts that are code
        self.content = pickle.dumps(augmenter) if path is None else b""
        self.key = sha256(self.content or Path(str(path)).read_bytes()).hexdigest()

    def get(self) -> Any:
        """Return the augmenter, loaded at most once in this process."""
        with _lock:
            if self.key not in _loaded:
                _loaded[self.key] = self._load()
                while len(_loaded) > MOST_LOADED:
                    _loaded.popitem(last=False)
            _loaded.move_to_end(self.key)
            return _loaded[self.key]

    def _load(self) -> Any:
        if self.path is None:
            # bytes of our own: whoever sends them also sends the function itself
            return pickle.loads(self.content)  # nosec B301
        found = sha256(Path(self.path).read_bytes()).hexdigest()
        if found != self.key:
            raise ValueError(
                f"{self.path} has changed since this function was made, so that its "
                "rows would be others. Make the function again."
            )
        return self.kind.load(self.path)


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
            Variations in the order of `X`.
        """
        augmenter = self._model.get()
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
