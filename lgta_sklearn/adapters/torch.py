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

from lgta_sklearn._parameters import AT_LEAST_ONE

__all__ = ["AugmentedDataset"]

MOST_WORKERS = 1024


class AugmentedDataset(IterableDataset):  # type: ignore[type-arg]
    """Batches of series, a part of them varied anew in each epoch.

    An epoch has as many batches as there are series, divided by the size of a batch.
    Each epoch goes on where the one before ended. If the workers of a `DataLoader` make
    the batches, each makes its own; then an epoch does not see each series once, but
    all see them equally often in the long run.

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
        Seed, as in `augment`. The same int, number of workers and number of epochs give
        the same batches.

    Raises
    ------
    NotFittedError
        If the augmenter is not fitted.
    ValueError
        If an argument is out of range, series have missing values or different lengths,
        or labels are no numbers.

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
        self.augmenter, self.X, self.dtype = augmenter, np.asarray(X), dtype
        self.y = None if y is None else _as_numbers(y)
        self._check(n_batches)
        how = {
            "batch_size": batch_size,
            "real_share": real_share,
            "strength": strength,
        }
        self._stream = augmenter.stream(
            self.X, self.y, **how, random_state=random_state
        )
        self.how = {**how, "random_state": self._stream.seed}
        in_pass = self._stream.batches_in_pass
        self.n_batches = in_pass if n_batches is None else n_batches
        # workers may live for an epoch only, but this memory is shared with them
        self._epochs = torch.zeros(MOST_WORKERS, dtype=torch.int64).share_memory_()

    def _check(self, n_batches: Any) -> None:
        """Refuse what would fail in the first batch, or in the loss."""
        if n_batches is not None and n_batches not in AT_LEAST_ONE:
            raise ValueError(
                f"n_batches must be None or an int >= 1, got {n_batches!r}."
            )
        if not isinstance(self.dtype, torch.dtype):
            raise ValueError(f"dtype must be a torch.dtype, got {self.dtype!r}.")
        if self.X.dtype.kind not in "biuf" or self.augmenter.lengths_vary_:
            raise ValueError(
                "AugmentedDataset needs series of one length as an array of numbers, "
                f"got {self.X.dtype} and an augmenter of "
                f"{'lists' if self.augmenter.lengths_vary_ else 'arrays'}."
            )
        if np.isnan(self.X).any():
            raise ValueError(
                "X has missing values, and a network would return NaN. Fill them "
                "first, for instance by augmenter.impute(X)."
            )

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


def _as_numbers(y: Any) -> np.ndarray:
    """Return labels as tensors take them; whole numbers as losses take them."""
    labels = np.asarray(y)
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            f"y must be numbers, got {labels.dtype}. Number the classes first: "
            "sklearn.preprocessing.LabelEncoder().fit_transform(y)."
        )
    return labels.astype(np.int64) if labels.dtype.kind in "iu" else labels
