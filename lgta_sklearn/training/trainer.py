"""One training, from a `TrainingSpec` to a trained network and its history.

skorch was made for supervised learning. Five of its habits do not fit a generative net
inside another pipeline, and are changed here: it prints, it holds out a fifth of the
rows, it draws from torch's global generator, it trains on after NaN, and it swallows
Ctrl-C.
"""

import copy
import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, GradientNormClipping

from lgta_sklearn._random import Use, seed_from, stream, torch_stream
from lgta_sklearn._runtime import (
    configured_threads,
    pinned_runtime,
    seeded_initialisation,
)
from lgta_sklearn.training.batches import as_tensors
from lgta_sklearn.training.callbacks import (
    DivergenceGuard,
    LossParts,
    Progress,
    WarmupStableDecay,
)
from lgta_sklearn.training.nets import AugmenterNet
from lgta_sklearn.training.spec import Budget, TrainingSpec

__all__ = ["Plan", "make_plan", "train"]

MAX_BATCH_GPU = 1024  # on a GPU kernel launches dominate the cost of a step
BATCH_VALUES = 2**16  # time points in a batch: more no longer fit into the caches
# batch size (in time points) above which a second thread pays, if at least four threads
# are configured: on a busy machine it makes a step slower
TWO_THREADS, SPARE_THREADS = 2**15, 4
MIN_VALIDATION = 5  # fewer held-out series are too few for early stopping


@dataclass(frozen=True)
class Plan:
    """Number of passes, batch size and learning rate of a training.

    Parameters
    ----------
    n_train, n_valid : int
        Number of series to train on, and of those held out.
    batch_size : int
        Series per step.
    max_epochs : int
        Largest number of passes.
    lr : float
        Peak learning rate.
    n_threads : int, default=1
        Threads of torch.
    min_batches : int, default=0
        Least number of batches in a pass.
    """

    n_train: int
    n_valid: int
    batch_size: int
    max_epochs: int
    lr: float
    n_threads: int = 1
    min_batches: int = 0

    @property
    def n_batches(self) -> int:
        """Return the number of batches in a pass.

        Returns
        -------
        int
            Number of batches.
        """
        return max(math.ceil(self.n_train / self.batch_size), self.min_batches)

    @property
    def n_steps(self) -> int:
        """Return the number of optimisation steps without early stopping.

        Returns
        -------
        int
            Number of steps.
        """
        return self.max_epochs * self.n_batches

    @property
    def n_warm(self) -> int:
        """Return the number of steps during which the learning rate rises.

        Returns
        -------
        int
            A tenth of all steps, but not more than a hundred.
        """
        return min(math.ceil(self.n_steps / 10), 100)


def make_plan(
    n_samples: int,
    n_timepoints: int,
    *,
    device: str = "cpu",
    batch_size: int | None,
    max_epochs: int | None,
    lr: float | None,
    validation_fraction: float,
    budget: Budget | None = None,
) -> Plan:
    """Choose the settings that are None by the number of series.

    Parameters
    ----------
    n_samples, n_timepoints : int
        Number and length of the series.
    device : str, default="cpu"
        Where the training will run.
    batch_size, max_epochs : int or None
        A `batch_size` of None is an eighth of the series, within the limits of the
        budget (at most 1024 on a GPU), and smaller on the CPU if series are longer than
        1024 time points. A `max_epochs` of None gives as many steps as the budget, and
        at least two passes. Early stopping may end the training before.
    lr : float or None
        None takes that of the budget for its largest batches, and less for smaller
        ones, by the square root of their size (Malladi et al., 2022,
        arXiv:2205.10287).
    validation_fraction : float in [0, 1)
        Share to hold out; no series are held out if they would be fewer than five.
    budget : Budget or None, default=None
        Limits; None takes the default ones.

    Returns
    -------
    Plan
        The plan.
    """
    n_valid = round(n_samples * validation_fraction)
    if n_valid < MIN_VALIDATION:
        n_valid = 0
    n_train, budget = n_samples - n_valid, budget or Budget()
    if batch_size is None:
        least = budget.min_batch
        fitting = min(budget.max_batch, max(BATCH_VALUES // n_timepoints, least))
        most = fitting if device == "cpu" else max(MAX_BATCH_GPU, least)
        batch_size = int(np.clip(n_train // 8, min(least, fitting), most))
    n_batches = max(math.ceil(n_train / batch_size), budget.min_batches)
    if max_epochs is None:
        wanted = budget.steps_per_root * math.sqrt(n_train)
        wanted = np.clip(wanted, budget.min_steps, budget.max_steps)
        max_epochs = max(2, math.ceil(wanted / n_batches))
    if lr is None:
        lr = budget.lr * math.sqrt(min(batch_size / budget.max_batch, 1.0))
    long = batch_size * n_timepoints >= TWO_THREADS
    n_threads = 2 if long and configured_threads() >= SPARE_THREADS else 1
    return Plan(
        n_train, n_valid, batch_size, max_epochs, lr, n_threads, budget.min_batches
    )


def train(
    spec: TrainingSpec,
    net: NeuralNet | None,
    plan: Plan,
    rng: np.random.Generator,
    *,
    device: str,
    verbose: int,
) -> tuple[Any, list[dict[str, float]]]:
    """Train a network and return it with the history of its training.

    Parameters
    ----------
    spec : TrainingSpec
        What to train.
    net : NeuralNet or None
        skorch net, which is modified, so pass a clone. None takes that of the spec.
    plan : Plan
        How long to train.
    rng : numpy.random.Generator
        Source of the streams for the weights, the order of rows and the split.
    device : str
        Device of torch.
    verbose : int
        1 shows a progress bar.

    Returns
    -------
    module : torch.nn.Module
        Trained network in evaluation mode.
    history : list of dict
        One row per epoch: `epoch`, `train_loss`, `valid_loss`, `dur` (seconds), and
        the columns of the callbacks.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite, or a callback is not one of skorch.
    MemoryError, torch.OutOfMemoryError
        If the memory does not suffice.
    KeyboardInterrupt
        After Ctrl-C.
    """
    net = (spec.net or AugmenterNet)() if net is None else net
    _configure(net, spec, plan, rng, device)
    net.set_params(callbacks=_callbacks(net, spec, plan, verbose))
    with torch.enable_grad(), pinned_runtime(plan.n_threads):
        with seeded_initialisation(seed_from(stream(rng, Use.WEIGHTS))):
            net.initialize()
        with _out_of_memory(device, plan.batch_size):
            _run(net, as_tensors(spec.inputs, device))
    trained = net.module_.eval()
    for name in spec.training_params:
        setattr(trained, name, None)
    return trained, _plain(net.history)


def _configure(
    net: NeuralNet,
    spec: TrainingSpec,
    plan: Plan,
    rng: np.random.Generator,
    device: str,
) -> None:
    """Set the parameters of a net, except the callbacks."""
    if net.optimizer is None:
        net.set_params(optimizer=torch.optim.AdamW, optimizer__fused=device != "mps")
    for part in ("module", "criterion"):
        if getattr(net, part) is None:
            net.set_params(**{part: getattr(spec, part)})
    module = {**spec.module_params, **spec.training_params}
    criterion = {f"criterion__{k}": v for k, v in spec.criterion_params.items()}
    split = _HeldOut(plan.n_valid, stream(rng, Use.SPLIT)) if plan.n_valid else None
    options: dict[str, Any] = {}
    if spec.drop_last:
        options["iterator_train__drop_last"] = True
    if plan.min_batches:
        options["iterator_train__min_batches"] = plan.min_batches
    net.set_params(
        **{f"module__{name}": value for name, value in module.items()},
        **{name: value for name, value in criterion.items() if name not in vars(net)},
        **options,
        iterator_train__shuffle=True,
        iterator_train__generator=torch_stream(rng, Use.ORDER),
        train_split=split,
        batch_size=plan.batch_size,
        max_epochs=plan.max_epochs,
        lr=plan.lr,
        device=device,
        verbose=0,
    )


def _run(net: NeuralNet, X: Any) -> None:
    """Train until the plan or a callback ends it; let Ctrl-C through.

    Callbacks of skorch also end a training by a `KeyboardInterrupt`, and its
    `partial_fit` cannot tell it from Ctrl-C.
    """
    with _noticed_interrupts() as interrupts:
        net.notify("on_train_begin", X=X, y=None)
        try:
            net.fit_loop(X)
        except KeyboardInterrupt as error:
            if interrupts:
                raise KeyboardInterrupt(
                    "training was interrupted; the estimator is not fitted"
                ) from error
        net.notify("on_train_end", X=X, y=None)


@contextmanager
def _noticed_interrupts() -> Iterator[list[int]]:
    """Yield a list that grows when SIGINT arrives, which is handled as before."""
    arrived: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if in_main else None
    if not callable(before):  # other threads get no signals
        yield arrived
        return

    def handle(number: int, frame: Any) -> Any:
        arrived.append(number)
        return before(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield arrived
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _out_of_memory(device: str, batch_size: int) -> Iterator[None]:
    """Raise an error that says what to do if the memory of a device is exhausted."""
    try:
        yield
    except RuntimeError as error:
        on_device = isinstance(error, torch.OutOfMemoryError)
        if not on_device and "can't allocate memory" not in str(error):
            raise
        if device.startswith("cuda"):
            torch.cuda.empty_cache()
        kind: type[Exception] = torch.OutOfMemoryError if on_device else MemoryError
        raise kind(
            f"training ran out of memory on {device}: lower batch_size (now "
            f"{batch_size}) or the width of the network, or take another device. "
            f"torch said: {error}"
        ) from error


class _HeldOut:
    """Seeded split for skorch's `train_split`."""

    def __init__(self, n_valid: int, rng: np.random.Generator) -> None:
        self.n_valid, self.rng = n_valid, rng

    def __call__(self, dataset: Any, **kwargs: Any) -> tuple[Any, Any]:
        rows = self.rng.permutation(len(dataset))
        subset = torch.utils.data.Subset
        return (
            subset(dataset, rows[self.n_valid :].tolist()),
            subset(dataset, rows[: self.n_valid].tolist()),
        )


def _callbacks(
    net: NeuralNet, spec: TrainingSpec, plan: Plan, verbose: int
) -> list[Any]:
    """Return the callbacks of the net (copied), the family, and every training."""
    given = net.callbacks if isinstance(net.callbacks, list) else []
    for one in given:
        callback = one[-1] if isinstance(one, tuple) else one
        if not hasattr(callback, "on_epoch_end"):
            raise ValueError(
                "callbacks must be callbacks of skorch (skorch.callbacks.Callback) or "
                f"pairs of a name and one, got {one!r}."
            )
    callbacks = [
        *copy.deepcopy(given),
        ("parts", LossParts()),
        ("clipping", GradientNormClipping(1.0)),
        ("divergence", DivergenceGuard()),
    ]
    if verbose:
        callbacks.append(("progress", Progress()))
    # those that stop the training come last, so that no other misses the last epoch
    callbacks += spec.callbacks(plan)
    monitor = spec.monitor if plan.n_valid else None
    if monitor is not None:
        patience = max(10, plan.max_epochs // 4)
        options = {"threshold_mode": "abs", "load_best": True}
        stopping = EarlyStopping(monitor, patience=patience, **options)
        callbacks.append(("early_stopping", stopping))
    # of long plans a twelfth; of short ones ten epochs, since a plateau can be as long
    patience = max(plan.max_epochs // 12, min(10, plan.max_epochs // 4), 2)
    schedule = WarmupStableDecay(plan.n_steps, plan.n_warm, patience, monitor)
    return [*callbacks, ("schedule", schedule)]


def _plain(history: Any) -> list[dict[str, float]]:
    """Return the numbers of each epoch, without skorch's rows per batch."""
    first = ("epoch", "train_loss", "valid_loss", "dur")
    left_out = ("train_batch_count", "valid_batch_count")
    rows = []
    for row in history:
        names = [*first, *(name for name in row if name not in first)]
        rows.append(
            {
                name: int(row[name]) if isinstance(row[name], int) else float(row[name])
                for name in names
                if name in row
                and name not in left_out
                and isinstance(row[name], Real)
                and not isinstance(row[name], bool)
            }
        )
    return rows
