"""Mini-batches straight from one tensor.

A ``DataLoader`` fetches and collates one item after another, which costs more than a
small network's step; indexing the tensor once per batch costs next to nothing.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

__all__ = ["TensorBatches"]


class TensorBatches:
    """Iterate over a data set of one tensor in batches of ``(x, x)``.

    Takes the place of ``DataLoader`` in skorch (``iterator_train=TensorBatches``).
    The batch is its own target, as an autoencoder wants it.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset or torch.utils.data.Subset
        Data set whose ``X`` is a tensor; subsets (made by a validation split) are
        unwrapped.
    batch_size : int
        Rows per batch.
    shuffle : bool, default=False
        Whether every pass takes the rows in a new order.
    generator : torch.Generator or None, default=None
        Source of that order.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        self.X = _as_tensor(dataset)
        self.batch_size = batch_size
        self.shuffle, self.generator = shuffle, generator

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self.X) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of one pass."""
        X = self.X
        if self.shuffle:
            order = torch.randperm(len(X), generator=self.generator)
            X = X[order.to(X.device)]
        for start in range(0, len(X), self.batch_size):
            batch = X[start : start + self.batch_size]
            yield batch, batch


def _as_tensor(dataset: Any) -> Tensor:
    """Return the rows of a data set or of a (nested) subset of it."""
    if hasattr(dataset, "indices"):
        parent = _as_tensor(dataset.dataset)
        return parent[torch.as_tensor(dataset.indices, device=parent.device)]
    X: Tensor = dataset.X
    return X
