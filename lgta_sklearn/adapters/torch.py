"""Fresh variations in every epoch, for the training loops of torch.

`AugmentedDataset` is an iterable dataset of torch whose items are batches, so that a
``DataLoader(dataset, batch_size=None)`` serves a plain loop, skorch and Lightning.
Keras takes the batches of ``augmenter.stream(X, y)`` themselves.
"""

from collections.abc import Iterator
from math import ceil
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch.utils.data import IterableDataset, get_worker_info

from lgta_sklearn._random import seed_from

__all__ = ["AugmentedDataset"]

MOST_WORKERS = 1024


class AugmentedDataset(IterableDataset):  # type: ignore[type-arg]
    """Batches of series, a part of them varied anew in each epoch.

    An epoch has as many batches as it takes to see each series about once. Each epoch
    goes on where the one before ended, also if the workers of a `DataLoader` make the
    batches: each makes its own.

    Parameters
    ----------
    augmenter : estimator
        Fitted augmenter with a method `stream`.
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series of one length, without missing values.
    y : array-like of shape (n_samples, ...), default=None
        Labels or targets, as numbers.
    batch_size : int, default=64
        Series in a batch.
    real_share : float in [0, 1], default=0.5
        Probability that a series is left as it is.
    strength : float or None, default=None
        As in `augment`.
    n_batches : int or None, default=None
        Batches in an epoch; None takes the number of series divided by `batch_size`.
    dtype : torch.dtype, default=torch.float32
        Type of the series.
    random_state : None, int, RandomState or Generator, default=None
        Seed. The same int, number of workers and number of epochs give the same
        batches.

    Raises
    ------
    NotFittedError
        If the augmenter is not fitted.
    ValueError
        If an argument is out of range.

    Notes
    -----
    A batch is a tensor of shape (batch_size, n_channels, n_timepoints) or (batch_size,
    n_timepoints), or a tuple of it and the labels. With ``num_workers=0`` the batches
    are those of ``augmenter.stream``.

    Examples
    --------
    >>> import numpy as np
    >>> from torch.utils.data import DataLoader
    >>> from lgta_sklearn import DirectAugmenter
    >>> from lgta_sklearn.adapters.torch import AugmentedDataset
    >>> from lgta_sklearn.datasets import make_waves
    >>> X, y = make_waves(128, n_timepoints=24, random_state=0), np.arange(128) % 2
    >>> dataset = AugmentedDataset(DirectAugmenter().fit(X, y), X, y)
    >>> [tuple(x.shape) for x, _ in DataLoader(dataset, batch_size=None)]
    [(64, 24), (64, 24)]
    """

    def __init__(
        self,
        augmenter: Any,
        X: Any,
        y: Any = None,
        *,
        batch_size: int = 64,
        real_share: float = 0.5,
        strength: float | None = None,
        n_batches: int | None = None,
        dtype: torch.dtype = torch.float32,
        random_state: Any = None,
    ) -> None:
        super().__init__()
        check_is_fitted(augmenter)
        self.augmenter, self.X, self.dtype = augmenter, X, dtype
        self.y = None if y is None else np.asarray(y)
        self.how = {
            "batch_size": batch_size,
            "real_share": real_share,
            "strength": strength,
            "random_state": seed_from(random_state),
        }
        self._stream = augmenter.stream(X, self.y, **self.how)  # also checks
        self.n_batches = len(self._stream) if n_batches is None else n_batches
        # workers may live for an epoch only, but this memory is shared with them
        self._epochs = torch.zeros(MOST_WORKERS, dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self.n_batches

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches of the next epoch, or a worker's part of them."""
        worker = get_worker_info()
        number, n_workers = (worker.id, worker.num_workers) if worker else (0, 1)
        if self._stream is None:
            self._stream = self.augmenter.stream(self.X, self.y, **self.how)
        # batches that are made together are made by one worker
        together = self._stream.n_together
        epoch = int(self._epochs[number])
        self._epochs[number] += 1
        mine = ceil((self.n_batches - number) / n_workers)
        for i in range(epoch * mine, (epoch + 1) * mine):
            group, place = divmod(i, together)
            yield self._tensors(
                self._stream.batch((group * n_workers + number) * together + place)
            )

    def _tensors(self, batch: Any) -> Any:
        """Return a batch as tensors."""
        X, *y = batch if isinstance(batch, tuple) else (batch,)
        series = torch.from_numpy(X).to(self.dtype)
        return (series, torch.from_numpy(y[0])) if y else series

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_stream": None}  # each process encodes the series itself
