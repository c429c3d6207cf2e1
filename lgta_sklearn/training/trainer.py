"""One training, from a prepared skorch net to trained weights.

skorch was made for supervised learning; for a generative net inside somebody else's
pipeline five of its habits are changed here: it prints, it holds out a fifth of the
rows, it draws from torch's global generator, it trains on through NaN, and it
swallows Ctrl-C.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, GradientNormClipping

from lgta_sklearn._random import free_threads, own_settings, seeded_initialisation
from lgta_sklearn.training.equivariance import TwinPerturbation
from lgta_sklearn.training.nets import (
    AugmenterNet,
    DivergenceGuard,
    HoldThenCool,
    KLWarmUp,
    LossParts,
    Progress,
)

__all__ = ["Plan", "make_plan", "train"]

# optimisation steps: few series are learnt by heart, many want the whole schedule
MIN_STEPS, MAX_STEPS = 500, 3000
STEPS_PER_ROOT = 50  # times the square root of the number of series
MIN_BATCH, MAX_BATCH = 16, 64
RATE = 5e-3  # of the largest batch
MAX_BATCH_GPU = 1024  # where a step costs what it costs to call, not what it computes
BATCH_VALUES = 2**16  # time points in a batch: more no longer fit into the caches
# time points in a batch from which a second thread pays, and threads of which one may
# be taken: where every core is wanted by others too, it makes a step slower
TWO_THREADS, SPARE_THREADS = 2**15, 4
MIN_VALIDATION = 5  # fewer held-out series say too little to stop by


@dataclass(frozen=True)
class Plan:
    """How long and in what portions to train.

    Parameters
    ----------
    n_train, n_valid : int
        Series to train on and held out.
    batch_size : int
        Series per step.
    max_epochs : int
        Passes at most.
    lr : float
        Peak learning rate.
    n_threads : int, default=1
        Threads of torch.
    """

    n_train: int
    n_valid: int
    batch_size: int
    max_epochs: int
    lr: float
    n_threads: int = 1

    @property
    def n_steps(self) -> int:
        """Return the optimisation steps of a training that does not stop early.

        Returns
        -------
        int
            Number of steps.
        """
        return self.max_epochs * math.ceil(self.n_train / self.batch_size)

    @property
    def n_warm(self) -> int:
        """Return the steps over which the learning rate rises.

        Returns
        -------
        int
            A tenth of all, but not more than a hundred.
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
) -> Plan:
    """Choose by the number of series what was left at None.

    Parameters
    ----------
    n_samples, n_timepoints : int
        Number and length of the series.
    device : str, default="cpu"
        Where the training will run.
    batch_size, max_epochs : int or None
        None takes batches of an eighth of the series, between 16 and 64 (1024 on a
        GPU), and fewer on the CPU if they are longer than 1024 time points; and as many
        passes as make 500 (for a hundred series or fewer) to 3000 steps (for 3600 or
        more), but at least two. Training stops earlier if held-out series permit.
    lr : float or None
        None takes 0.005 for batches of 64 or more, and less for smaller ones, by the
        square root of their size (Malladi et al., 2022, arXiv:2205.10287).
    validation_fraction : float in [0, 1)
        Share to hold out; nothing is held out where it comes to less than five.

    Returns
    -------
    Plan
        The choice.
    """
    n_valid = round(n_samples * validation_fraction)
    if n_valid < MIN_VALIDATION:
        n_valid = 0
    n_train = n_samples - n_valid
    if batch_size is None:
        fitting = min(MAX_BATCH, max(BATCH_VALUES // n_timepoints, MIN_BATCH))
        most = fitting if device == "cpu" else MAX_BATCH_GPU
        batch_size = int(np.clip(n_train // 8, MIN_BATCH, most))
    if max_epochs is None:
        wanted = np.clip(STEPS_PER_ROOT * math.sqrt(n_train), MIN_STEPS, MAX_STEPS)
        max_epochs = max(2, math.ceil(wanted / math.ceil(n_train / batch_size)))
    if lr is None:
        lr = RATE * math.sqrt(min(batch_size / MAX_BATCH, 1.0))
    long = batch_size * n_timepoints >= TWO_THREADS
    n_threads = 2 if long and free_threads() >= SPARE_THREADS else 1
    return Plan(n_train, n_valid, batch_size, max_epochs, lr, n_threads)


def train(
    U: np.ndarray,
    net: NeuralNet | None,
    plan: Plan,
    *,
    module: dict[str, Any],
    criterion: dict[str, Any],
    optimizer: type | None,
    callbacks: Sequence[Any],
    device: str,
    seed: int,
    verbose: int,
) -> tuple[Any, list[dict[str, float]]]:
    """Train a network and return it with the history of its training.

    Parameters
    ----------
    U : ndarray of shape (n_samples, n_timepoints, n_channels)
        Shapes of series.
    net : NeuralNet or None
        An initialised skorch net is not needed; None takes `AugmenterNet`. It is
        changed: pass a clone.
    plan : Plan
        How long to train.
    module, criterion : dict
        Arguments of the network and of the loss.
    optimizer : type or None
        Class of `torch.optim`; None takes the net's own, and failing that AdamW.
    callbacks : sequence
        skorch callbacks of the user, copied.
    device : str
        Device of torch.
    seed : int
        Seed of the weights, the order, the noise and the split.
    verbose : int
        1 shows a progress bar.

    Returns
    -------
    module : torch.nn.Module
        Trained network in evaluation mode.
    history : list of dict
        One row per epoch: `epoch`, `train_loss`, `valid_loss`, `dur` (seconds), and
        what `LossParts` notes.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite, or a callback is none of skorch.
    MemoryError, torch.OutOfMemoryError
        If the memory does not suffice.
    KeyboardInterrupt
        After Ctrl-C.
    """
    streams = [int(s) for s in np.random.SeedSequence(seed).generate_state(5)]
    noise, order = (torch.Generator().manual_seed(s) for s in streams[:2])
    net = AugmenterNet() if net is None else net
    if criterion.get("equivariance"):
        module = {**module, "perturb": TwinPerturbation(streams[4])}
    if optimizer is None and net.optimizer is None:
        net.set_params(optimizer=torch.optim.AdamW, optimizer__fused=device != "mps")
    elif optimizer is not None:
        net.set_params(optimizer=optimizer)
    net.set_params(
        **{f"module__{name}": value for name, value in module.items()},
        **{f"criterion__{name}": value for name, value in criterion.items()},
        module__generator=noise,
        iterator_train__shuffle=True,
        iterator_train__generator=order,
        train_split=_HeldOut(plan.n_valid, streams[2]) if plan.n_valid else None,
        batch_size=plan.batch_size,
        max_epochs=plan.max_epochs,
        lr=plan.lr,
        callbacks=[
            *copy.deepcopy(_listed(net.callbacks, callbacks)),
            *_own_callbacks(plan, verbose),
        ],
        device=device,
        verbose=0,
    )
    with torch.enable_grad(), own_settings(plan.n_threads):
        with seeded_initialisation(streams[3]):
            net.initialize()
        with _out_of_memory(device, plan.batch_size):
            net.partial_fit(torch.as_tensor(U, dtype=torch.float32, device=device))
    if _interrupted(net):
        raise KeyboardInterrupt("training was interrupted; the estimator is not fitted")
    trained = net.module_.eval()
    trained.generator = trained.perturb = None
    return trained, _plain(net.history)


@contextmanager
def _out_of_memory(device: str, batch_size: int) -> Iterator[None]:
    """Say what to do where the memory of a device does not suffice."""
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
            f"{batch_size}) or hidden_dim, or take another device. torch said: {error}"
        ) from error


@dataclass(frozen=True)
class _HeldOut:
    """Seeded split for skorch's `train_split`."""

    n_valid: int
    seed: int

    def __call__(self, dataset: Any, **kwargs: Any) -> tuple[Any, Any]:
        rows = np.random.default_rng(self.seed).permutation(len(dataset))
        subset = torch.utils.data.Subset
        return (
            subset(dataset, rows[self.n_valid :].tolist()),
            subset(dataset, rows[: self.n_valid].tolist()),
        )


def _listed(of_net: Any, of_user: Sequence[Any]) -> list[Any]:
    """Return the callbacks of the net and of the user as one list."""
    for given in of_user:
        callback = given[-1] if isinstance(given, tuple) else given
        if not hasattr(callback, "on_epoch_end"):
            raise ValueError(
                "callbacks must be callbacks of skorch (skorch.callbacks.Callback) or "
                f"pairs of a name and one, got {given!r}."
            )
    return [*(of_net if isinstance(of_net, list) else []), *of_user]


def _own_callbacks(plan: Plan, verbose: int) -> list[Any]:
    """Return the callbacks of every training; early stopping must stand last."""
    callbacks = [
        ("kl_warm_up", KLWarmUp(2 * plan.n_warm)),
        ("parts", LossParts()),
        ("clipping", GradientNormClipping(1.0)),
        ("divergence", DivergenceGuard()),
    ]
    if verbose:
        callbacks.append(("progress", Progress()))
    schedule = HoldThenCool(plan.n_steps, plan.n_warm, max(plan.max_epochs // 12, 2))
    if plan.n_valid:
        patience = max(10, plan.max_epochs // 4)
        stop = EarlyStopping(patience=patience, threshold_mode="abs", load_best=True)
        callbacks.append(("early_stopping", stop))
    # whoever stops the training is the last that is asked
    return [*callbacks, ("schedule", schedule)]


def _interrupted(net: NeuralNet) -> bool:
    """Tell whether Ctrl-C ended the training: skorch swallows it."""
    stopped_early = any(
        getattr(callback, "complete_", False)
        or (
            isinstance(callback, EarlyStopping)
            and callback.misses_ >= callback.patience
        )
        for _, callback in net.callbacks_
    )
    complete = bool(net.history) and "train_loss" in net.history[-1]
    return not stopped_early and (len(net.history) < net.max_epochs or not complete)


def _plain(history: Any) -> list[dict[str, float]]:
    """Return the epochs without skorch's rows per batch."""
    kinds = {
        "epoch": int,
        "train_loss": float,
        "valid_loss": float,
        "dur": float,
        "train_reconstruction": float,
        "train_kl": float,
        "train_equivariance": float,
        "active_units": int,
    }
    return [
        {k: kind(row[k]) for k, kind in kinds.items() if k in row} for row in history
    ]
