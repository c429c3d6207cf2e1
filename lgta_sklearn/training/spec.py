"""`TrainingSpec`: the settings that a family of generators gives to the trainer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Budget", "Inputs", "TrainingSpec"]

Inputs = np.ndarray | Mapping[str, np.ndarray]  # rows first


@dataclass(frozen=True)
class Budget:
    """How long a family trains, where the user does not say.

    Parameters
    ----------
    min_steps, max_steps : int, default=500, 3000
        Optimisation steps for few series, which are soon memorised, and for many.
    steps_per_root : float, default=50
        Steps between these limits, divided by the square root of the number of series.
    min_batch, max_batch : int, default=16, 64
        Limits of the batch size, which is an eighth of the series.
    lr : float, default=0.005
        Learning rate of the largest batch.
    min_batches : int, default=0
        Least number of batches in a pass; if there are fewer, the rows are repeated.
    """

    min_steps: int = 500
    max_steps: int = 3000
    steps_per_root: float = 50
    min_batch: int = 16
    max_batch: int = 64
    lr: float = 5e-3
    min_batches: int = 0


@dataclass(frozen=True)
class TrainingSpec:
    """Network, training rows, loss, and special settings of a training.

    Parameters
    ----------
    module : type
        Class of the network. It is called with the inputs: one tensor, or keyword
        arguments if they are a mapping (shapes, conditions, classes, masks).
    inputs : ndarray or mapping of str to ndarray
        Training rows; each array has the rows first. Floating-point numbers become
        single precision, integers keep their dtype. The batch is also the target that
        the loss gets.
    module_params : mapping, default={}
        Arguments of the network that are saved with the estimator.
    training_params : mapping, default={}
        Further arguments that only the training needs, such as a source of noise. After
        training, the attributes with these names are set to None.
    criterion : type
        Class of the loss, called with the output of the network and the batch.
    criterion_params : mapping, default={}
        Arguments of the loss. A user's net may override them.
    net : type or None, default=None
        Class of the skorch net; None takes `AugmenterNet`.
    callbacks : callable, default=none
        Function of the `Plan` that returns pairs of a name and a skorch callback. They
        are called after those that record an epoch, so that they may end the training.
    monitor : str or None, default="valid_loss"
        Column of the history that early stopping watches. None disables early stopping:
        the training lasts as long as planned.
    drop_last : bool, default=False
        Whether an incomplete last batch of an epoch is left out.
    budget : Budget, default=Budget()
        How long to train, where the user does not say.
    """

    module: type
    inputs: Inputs
    criterion: type
    module_params: Mapping[str, Any] = field(default_factory=dict)
    training_params: Mapping[str, Any] = field(default_factory=dict)
    criterion_params: Mapping[str, Any] = field(default_factory=dict)
    net: type | None = None
    callbacks: Callable[[Any], Sequence[tuple[str, Any]]] = lambda plan: ()
    monitor: str | None = "valid_loss"
    drop_last: bool = False
    budget: Budget = field(default_factory=Budget)
