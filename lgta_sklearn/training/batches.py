"""Mini-batches taken directly from tensors.

A ``DataLoader`` fetches and collates one item after another, which costs more than the
step of a small network; indexing the tensors once per batch costs next to nothing.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["TensorBatches", "as_tensors"]

Tensors = Tensor | dict[str, Tensor]


def as_tensors(inputs: Any, device: str) -> Tensors:
    """Return arrays as tensors on a device.

    Parameters
    ----------
    inputs : ndarray or mapping of str to ndarray
        Rows: floating-point numbers become single precision; integers and bools keep
        their dtype.
    device : str
        Device of torch.

    Returns
    -------
    Tensor or dict of str to Tensor
        The same rows.
    """
    if isinstance(inputs, np.ndarray):
        dtype = torch.float32 if inputs.dtype.kind == "f" else None
        return torch.as_tensor(inputs, dtype=dtype, device=device)
    return {name: as_tensors(rows, device) for name, rows in inputs.items()}  # type: ignore[misc]


class TensorBatches:
    """Iterate over tensors in batches of ``(x, x)``: the batch is its own target.

    Replaces ``DataLoader`` in skorch (``iterator_train=TensorBatches``).

    Parameters
    ----------
    dataset : skorch.dataset.Dataset or torch.utils.data.Subset
        Data set whose ``X`` is a tensor or a dict of tensors; subsets (made by a
        validation split) are unwrapped.
    batch_size : int
        Rows per batch.
    shuffle : bool, default=False
        Whether every pass takes the rows in a new order.
    generator : torch.Generator or None, default=None
        Source of that order.
    drop_last : bool, default=False
        Whether an incomplete last batch is left out, if there is a complete one.
    min_batches : int, default=0
        Least number of batches: if the rows do not suffice, they are passed several
        times.
    """

    def __init__(  # noqa: PLR0917
        self,
        dataset: Any,
        batch_size: int,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
        drop_last: bool = False,
        min_batches: int = 0,
    ) -> None:
        self.X = _rows_of(dataset)
        self.n_rows = max(len(_first(self.X)), min_batches * batch_size)
        self.batch_size = batch_size
        self.shuffle, self.generator = shuffle, generator
        self.drop_last = drop_last and self.n_rows > batch_size

    def __len__(self) -> int:
        """Return the number of batches."""
        n_batches = self.n_rows / self.batch_size
        return math.floor(n_batches) if self.drop_last else math.ceil(n_batches)

    def __iter__(self) -> Iterator[tuple[Tensors, Tensors]]:
        """Yield the batches of one pass."""
        X = self.X
        if self.shuffle:
            X = _taken(X, self._order().to(_first(X).device))
        for number in range(len(self)):
            start = number * self.batch_size
            batch = _taken(X, slice(start, start + self.batch_size))
            yield batch, batch

    def _order(self) -> Tensor:
        """Return the numbers of the rows of a pass, each time in a new order."""
        n_given = len(_first(self.X))
        n_orders = -(-self.n_rows // max(n_given, 1))
        orders = [
            torch.randperm(n_given, generator=self.generator) for _ in range(n_orders)
        ]
        return torch.cat(orders)[: self.n_rows] if orders else torch.arange(0)


def _first(X: Tensors) -> Tensor:
    """Return one of the tensors."""
    return X if isinstance(X, Tensor) else next(iter(X.values()))


def _taken(X: Tensors, rows: Any) -> Tensors:
    """Return some of the rows."""
    if isinstance(X, Tensor):
        return X[rows]
    return {name: part[rows] for name, part in X.items()}


def _rows_of(dataset: Any) -> Tensors:
    """Return the rows of a data set or of a (nested) subset of it."""
    if hasattr(dataset, "indices"):
        parent = _rows_of(dataset.dataset)
        return _taken(
            parent,
            torch.as_tensor(
                dataset.indices, dtype=torch.long, device=_first(parent).device
            ),
        )
    X: Tensors = dataset.X
    return X
