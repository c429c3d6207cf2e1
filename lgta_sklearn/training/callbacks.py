"""Callbacks of skorch: annealing, schedule, records, guard and progress."""

import math
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm.auto import tqdm

from lgta_sklearn.training.collapse import ACTIVE_VARIANCE
from lgta_sklearn.training.memorisation import warn_of_memorisation

__all__ = [
    "ActiveUnits",
    "AveragedWeights",
    "DivergenceGuard",
    "KLWarmUp",
    "LossParts",
    "Progress",
    "WarmupStableDecay",
]

GAIN = 0.05  # smallest relevant gain, as a share of the gain so far
HALF_LIFE = 0.05  # of averages, as a share of the steps so far
DECAY = 0.2  # share of all steps during which the learning rate decays


class KLWarmUp(Callback):
    """Raise the weight of the KL term linearly from 0 to `beta`.

    Without it the KL term can win before the decoder has learnt to use the code,
    and the posterior collapses (Bowman et al., 2016, arXiv:1511.06349).

    Parameters
    ----------
    n_steps : int
        Number of optimisation steps until the weight is `beta`.
    """

    def __init__(self, n_steps: int = 0) -> None:
        self.n_steps = n_steps

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Start at zero."""
        self.step_ = 0

    def on_batch_begin(
        self, net: NeuralNet, training: bool = False, **kwargs: Any
    ) -> None:
        """Set the weight of this step."""
        if training:
            net.criterion_.kl_weight = min(1.0, self.step_ / max(self.n_steps, 1))
            self.step_ += 1


class WarmupStableDecay(Callback):
    """Warmup-stable-decay schedule of the learning rate, whose decay ends the training.

    The rate rises linearly, stays constant while the held-out loss falls, and decays to
    zero as one minus the square root of time. The decay begins when the held-out loss
    has gained little for some epochs, or when the planned number of steps is nearly
    reached: so the plan is an upper limit.

    Parameters
    ----------
    n_steps : int
        Largest number of optimisation steps.
    n_warm : int
        Number of steps at the beginning, during which the rate rises linearly.
    patience : int
        Number of epochs within which the held-out loss must have improved.
    monitor : str or None, default="valid_loss"
        Column of the history with the held-out loss; None decays at the end only.

    Attributes
    ----------
    complete_ : bool
        Whether the rate has fallen to zero.

    References
    ----------
    Hägele et al. (2024), "Scaling laws and compute-optimal training beyond fixed
    training durations", arXiv:2405.18392.
    """

    def __init__(
        self,
        n_steps: int,
        n_warm: int,
        patience: int,
        monitor: str | None = "valid_loss",
    ) -> None:
        self.n_steps, self.n_warm, self.patience = n_steps, n_warm, patience
        self.monitor = monitor

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Start at step 0, without an early end."""
        self.step_, self.complete_ = 0, False
        self.start_, self.stop_ = (1 - DECAY) * self.n_steps, self.n_steps
        self._first, self._best, self._gained_at = -math.inf, math.inf, 0

    def on_batch_begin(
        self, net: NeuralNet, training: bool = False, **kwargs: Any
    ) -> None:
        """Set the rate of this step."""
        if not training:
            return
        warm = min((self.step_ + 1) / self.n_warm, 1.0)
        cooled = (self.step_ - self.start_) / (self.stop_ - self.start_)
        share = warm * (1 - math.sqrt(min(max(cooled, 0.0), 1.0)))
        for group in net.optimizer_.param_groups:
            group["lr"] = share * group.setdefault("initial_lr", group["lr"])
        self.step_ += 1

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Begin the decay when the loss improves little; stop after the decay."""
        row = net.history[-1]
        if self.step_ >= self.stop_:
            self.complete_ = True
            raise KeyboardInterrupt  # how callbacks of skorch end a training
        loss = row.get(self.monitor)
        if loss is None or self.step_ < self.n_warm:
            return
        self._first = max(self._first, loss)
        if self._best - loss > GAIN * (self._first - loss):
            self._best, self._gained_at = loss, row["epoch"]
        waited = row["epoch"] - self._gained_at >= self.patience
        if waited and self.step_ < self.start_:
            # whole epochs: the rest of an epoch at rate zero would change nothing
            n_epochs = math.ceil(row["epoch"] / (1 - DECAY))
            self.start_ = self.step_
            self.stop_ = min(n_epochs * self.step_ // row["epoch"], self.n_steps)


class LossParts(Callback):
    """Record the terms of the training loss of each epoch.

    If the loss has an attribute `parts`, a dict of its terms as tensors, each term
    gives a column ``train_<name>``: the mean over the series, without weights.
    """

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Start the sums."""
        self.n_ = 0
        self.sums_: dict[str, Tensor] = {}

    def on_batch_end(
        self, net: NeuralNet, batch: Any = None, training: bool = False, **kwargs: Any
    ) -> None:
        """Add the terms of a batch, without waiting for the device."""
        if not training:
            return
        inputs = batch[0]
        whole = isinstance(inputs, Tensor)
        n_rows = len(inputs if whole else next(iter(inputs.values())))
        self.n_ += n_rows
        for name, part in getattr(net.criterion_, "parts", {}).items():
            self.sums_[name] = self.sums_.get(name, 0) + part * n_rows

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Write the means into the history."""
        for name, total in self.sums_.items():
            net.history.record(f"train_{name}", float(total / self.n_))


class ActiveUnits(Callback):
    """Record the active units of an autoencoder in each epoch.

    `active_units` is the number of coordinates of the posterior mean (the second output
    of the network) that vary over the training series by more than 0.01 (Burda et al.,
    2016, arXiv:1509.00519).
    """

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Start the sums."""
        self.n_: int = 0
        self.sum_: Any = 0
        self.squares_: Any = 0

    def on_batch_end(
        self, net: NeuralNet, training: bool = False, y_pred: Any = None, **kwargs: Any
    ) -> None:
        """Add the codes of a batch."""
        if training and isinstance(y_pred, tuple) and len(y_pred) > 1:
            mu = y_pred[1].detach()
            self.n_ += len(mu)
            self.sum_ = self.sum_ + mu.sum(0)
            self.squares_ = self.squares_ + (mu**2).sum(0)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Write the number into the history."""
        if self.n_:
            variance = self.squares_ / self.n_ - (self.sum_ / self.n_) ** 2
            n_active = int((variance > ACTIVE_VARIANCE).sum())
            net.history.record("active_units", n_active)


class AveragedWeights(Callback):
    """Keep exponentially averaged weights, validate them, and restore the best.

    The averages reach over a fixed share of the steps so far, so that they forget the
    beginning. The held-out loss is measured with the averages; those with the smallest
    loss are what is left after the training, which ends when they have not improved for
    a share of the plan.

    Parameters
    ----------
    max_epochs : int
        Epochs of the plan.
    patience : float, default=0.25
        That share.
    comparable : bool, default=True
        Whether training and held-out loss measure the same: if they part, the network
        memorises, and a warning says so.

    Attributes
    ----------
    best_ : dict
        Row of the history with the smallest held-out loss.

    References
    ----------
    Karras et al. (2024), "Analyzing and improving the training dynamics of diffusion
    models", arXiv:2312.02696.
    """

    def __init__(
        self, max_epochs: int = 1, patience: float = 0.25, comparable: bool = True
    ) -> None:
        self.max_epochs, self.patience = max_epochs, patience
        self.comparable = comparable

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Begin with the initial weights."""
        self.average_ = [p.detach().clone() for p in net.module_.parameters()]
        self.trained_: list[Tensor] | None = None  # while the averages are in place
        self.best_: dict[str, float] = {}
        self.step_, self.kept_ = 0, self.average_

    def on_batch_begin(
        self, net: NeuralNet, training: bool = False, **kwargs: Any
    ) -> None:
        """Validate the averages."""
        if not training and self.trained_ is None:
            self.trained_ = _exchanged(net, self.average_)

    def on_batch_end(
        self, net: NeuralNet, training: bool = False, **kwargs: Any
    ) -> None:
        """Average the weights."""
        if not training:
            return
        self.step_ += 1
        decay = 1 - math.log(2) / max(HALF_LIFE * self.step_, 1.0)
        average = get_ema_multi_avg_fn(max(decay, 0.0))
        average(self.average_, [p.detach() for p in net.module_.parameters()], None)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Put the trained weights back; note the best averages."""
        if self.trained_ is not None:
            _exchanged(net, self.trained_)
            self.trained_ = None
        row = net.history[-1]
        loss = row.get("valid_loss")
        if loss is None:
            self.kept_ = self.average_
            return
        if loss < self.best_.get("valid_loss", math.inf):
            self.best_ = {"valid_loss": loss, "epoch": row["epoch"]}
            self.kept_ = [p.clone() for p in self.average_]
        waited = row["epoch"] - self.best_.get("epoch", row["epoch"])
        if waited > self.patience * self.max_epochs:
            raise KeyboardInterrupt  # how callbacks of skorch end a training

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Keep the best averages; warn if the losses have parted."""
        _exchanged(net, self.kept_)
        if self.best_ and self.comparable:
            row = net.history[-1]
            losses = row["train_loss"], row["valid_loss"]
            warn_of_memorisation(*losses, row["epoch"], self.best_["epoch"])


class DivergenceGuard(Callback):
    """End a training whose loss is no longer finite, with an error that says so."""

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Check the losses of the epoch."""
        row = net.history[-1]
        losses = [row.get("train_loss", 0.0), row.get("valid_loss", 0.0)]
        if not all(math.isfinite(loss) for loss in losses):
            raise ValueError(
                f"training diverged in epoch {row['epoch']}: the loss became "
                f"{losses[0]}, expected a finite number. Lower lr "
                f"(now {net.lr:g}) or look for extreme values in X."
            )


class Progress(Callback):
    """Show one progress bar with the loss and the time left."""

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Open the bar."""
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch")

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Advance the bar."""
        row = net.history[-1]
        loss = row.get("valid_loss", row["train_loss"])
        self.bar_.set_postfix(loss=f"{loss:.3g}", refresh=False)
        self.bar_.update()

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Close the bar."""
        self.bar_.close()


def _exchanged(net: NeuralNet, weights: list[Tensor]) -> list[Tensor]:
    """Give a network other weights; return those that it had."""
    before = [p.detach().clone() for p in net.module_.parameters()]
    with torch.no_grad():
        for parameter, weight in zip(net.module_.parameters(), weights, strict=True):
            parameter.copy_(weight)
    return before
