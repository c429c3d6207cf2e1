"""One training, from a prepared skorch net to trained weights.

skorch was made for supervised learning; for a generative net inside somebody else's
pipeline five of its habits are changed here: it prints, it holds out a fifth of the
rows, it draws from torch's global generator, it trains on through NaN, and it
swallows Ctrl-C.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, GradientNormClipping, LRScheduler

from lgta_sklearn._random import pinned_threads, seeded_initialisation
from lgta_sklearn.training.equivariance import TwinPerturbation
from lgta_sklearn.training.nets import (
    AugmenterNet,
    DivergenceGuard,
    KLWarmUp,
    Progress,
)

__all__ = ["Plan", "make_plan", "train"]

# optimisation steps: few series are learnt by heart, many want the whole schedule
MIN_STEPS, MAX_STEPS = 500, 3000
STEPS_PER_ROOT = 50  # times the square root of the number of series
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
    """

    n_train: int
    n_valid: int
    batch_size: int
    max_epochs: int
    lr: float

    @property
    def n_steps(self) -> int:
        """Return the optimisation steps of a training that does not stop early.

        Returns
        -------
        int
            Number of steps.
        """
        return self.max_epochs * math.ceil(self.n_train / self.batch_size)


def make_plan(
    n_samples: int,
    *,
    batch_size: int | None,
    max_epochs: int | None,
    lr: float | None,
    validation_fraction: float,
) -> Plan:
    """Choose by the number of series what was left at None.

    Parameters
    ----------
    n_samples : int
        Number of series.
    batch_size, max_epochs : int or None
        None takes batches of an eighth of the series, between 16 and 128, and as
        many passes as make 500 (for a hundred series or fewer) to 3000 steps (for
        3600 or more), but not fewer than ten.
    lr : float or None
        None takes 0.003.
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
    batch_size = batch_size or int(np.clip(n_train // 8, 16, 128))
    if max_epochs is None:
        wanted = np.clip(STEPS_PER_ROOT * math.sqrt(n_train), MIN_STEPS, MAX_STEPS)
        max_epochs = max(10, math.ceil(wanted / math.ceil(n_train / batch_size)))
    return Plan(n_train, n_valid, batch_size, max_epochs, lr or 3e-3)


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
        One row per epoch: `epoch`, `train_loss`, `valid_loss`, `dur` (seconds).

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite.
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
    with torch.enable_grad(), pinned_threads():
        with seeded_initialisation(streams[3]):
            net.initialize()
        net.partial_fit(torch.as_tensor(U, dtype=torch.float32, device=device))
    if _interrupted(net):
        raise KeyboardInterrupt("training was interrupted; the estimator is not fitted")
    trained = net.module_.eval()
    trained.generator = trained.perturb = None
    return trained, _plain(net.history)


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
    return [*(of_net if isinstance(of_net, list) else []), *of_user]


def _own_callbacks(plan: Plan, verbose: int) -> list[Any]:
    """Return the callbacks of every training; early stopping must stand last."""
    callbacks = [
        ("kl_warm_up", KLWarmUp(plan.n_steps // 4)),
        ("clipping", GradientNormClipping(1.0)),
        (
            "schedule",
            LRScheduler(
                torch.optim.lr_scheduler.LambdaLR,
                lr_lambda=partial(_warm_up_and_cosine, n_steps=plan.n_steps),
                step_every="batch",
                event_name=None,
            ),
        ),
        ("divergence", DivergenceGuard()),
    ]
    if verbose:
        callbacks.append(("progress", Progress()))
    if plan.n_valid:
        patience = max(10, plan.max_epochs // 4)
        stop = EarlyStopping(patience=patience, threshold_mode="abs", load_best=True)
        callbacks.append(("early_stopping", stop))
    return callbacks


def _warm_up_and_cosine(step: int, n_steps: int) -> float:
    """Return the share of the peak learning rate at a step."""
    n_warm = max(n_steps // 10, 1)
    if step < n_warm:
        return (step + 1) / n_warm
    return 0.5 * (1 + math.cos(math.pi * min((step - n_warm) / n_steps / 0.9, 1.0)))


def _interrupted(net: NeuralNet) -> bool:
    """Tell whether Ctrl-C ended the training: skorch swallows it."""
    stopped_early = any(
        isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
        for _, callback in net.callbacks_
    )
    complete = bool(net.history) and "train_loss" in net.history[-1]
    return not stopped_early and (len(net.history) < net.max_epochs or not complete)


def _plain(history: Any) -> list[dict[str, float]]:
    """Return the epochs without skorch's rows per batch."""
    kinds = {"epoch": int, "train_loss": float, "valid_loss": float, "dur": float}
    return [
        {k: kind(row[k]) for k, kind in kinds.items() if k in row} for row in history
    ]
