"""The skorch net of the augmenters and its callbacks."""

import math
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import Tensor
from tqdm.auto import tqdm

from lgta_sklearn.networks.vae import VAE
from lgta_sklearn.training import ACTIVE_VARIANCE
from lgta_sklearn.training.data import TensorBatches
from lgta_sklearn.training.losses import ELBOLoss

__all__ = [
    "AugmenterNet",
    "DivergenceGuard",
    "HoldThenCool",
    "KLWarmUp",
    "LossParts",
    "Progress",
]

GAIN = 0.05  # share of what has been gained so far that is worth going on for
COOLING = 0.2  # share of all steps during which the learning rate falls


class KLWarmUp(Callback):
    """Raise the weight of the KL term linearly from 0 to `beta`.

    Without it the KL term can win before the decoder has learnt to use the code,
    and the posterior collapses (Bowman et al., 2016, arXiv:1511.06349).

    Parameters
    ----------
    n_steps : int
        Optimisation steps until the full weight.
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
            net.criterion_.warmth = min(1.0, self.step_ / max(self.n_steps, 1))
            self.step_ += 1


class HoldThenCool(Callback):
    """Hold the learning rate while the loss falls, then let it fall to zero and stop.

    A rate that falls along a fixed curve makes every training last as long as it was
    planned. Here the plan is a ceiling: when the held-out loss has gained little for
    some epochs, or the ceiling comes near, the rate falls with one minus the square
    root of time.

    Parameters
    ----------
    n_steps : int
        Optimisation steps at most.
    n_warm : int
        Steps over which the rate rises linearly at first.
    patience : int
        Epochs in which the held-out loss must gain something.

    Attributes
    ----------
    complete_ : bool
        Whether the rate has fallen to zero.

    References
    ----------
    Hägele et al. (2024), "Scaling laws and compute-optimal training beyond fixed
    training durations", arXiv:2405.18392.
    """

    def __init__(self, n_steps: int, n_warm: int, patience: int) -> None:
        self.n_steps, self.n_warm, self.patience = n_steps, n_warm, patience

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Start at step 0, without an end before the ceiling."""
        self.step_, self.complete_ = 0, False
        self.start_, self.stop_ = (1 - COOLING) * self.n_steps, self.n_steps
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
        """Begin to cool when little was gained, end when it is done."""
        row = net.history[-1]
        if self.step_ >= self.stop_:
            self.complete_ = True
            raise KeyboardInterrupt  # how skorch is told to stop
        if "valid_loss" not in row or self.step_ < self.n_warm:
            return
        self._first = max(self._first, row["valid_loss"])
        if self._best - row["valid_loss"] > GAIN * (self._first - row["valid_loss"]):
            self._best, self._gained_at = row["valid_loss"], row["epoch"]
        waited = row["epoch"] - self._gained_at >= self.patience
        if waited and self.step_ < self.start_:
            # whole epochs: what is left of one at rate zero would be in vain
            n_epochs = math.ceil(row["epoch"] / (1 - COOLING))
            self.start_ = self.step_
            self.stop_ = min(n_epochs * self.step_ // row["epoch"], self.n_steps)


class LossParts(Callback):
    """Note what the training loss of each epoch consists of, and the active units.

    An epoch of the history gets `train_reconstruction`, `train_kl` and, if there is
    such a term, `train_equivariance`, in nats per series and without weights; and
    `active_units`, how many coordinates of the posterior mean varied over its series
    by more than 0.01 (Burda et al., 2016, arXiv:1509.00519). A loss that does not tell
    its parts, or a network that returns no codes, leaves no such columns.
    """

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Start the sums."""
        self.n_ = 0
        self.sums_: dict[str, Tensor] = {}

    def on_batch_end(
        self,
        net: NeuralNet,
        batch: Any = None,
        training: bool = False,
        y_pred: Any = None,
        **kwargs: Any,
    ) -> None:
        """Add what the batch says; nothing waits for the device."""
        parts = getattr(net.criterion_, "parts", None)
        if not training or not parts:
            return
        mu = y_pred[1].detach()
        rows = {f"train_{name}": part * len(mu) for name, part in parts.items()}
        rows |= {"code": mu.sum(0), "squared code": (mu**2).sum(0)}
        for name, value in rows.items():
            self.sums_[name] = self.sums_.get(name, 0) + value
        self.n_ += len(mu)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Write the means into the history."""
        if not self.sums_:
            return
        means = {name: total / self.n_ for name, total in self.sums_.items()}
        variance = means.pop("squared code") - means.pop("code") ** 2
        for name, mean in means.items():
            net.history.record(name, float(mean))
        net.history.record("active_units", int((variance > ACTIVE_VARIANCE).sum()))


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


class AugmenterNet(NeuralNet):
    """A skorch net with defaults for generative training.

    Every argument of `skorch.NeuralNet` is accepted. ``None`` for `optimizer`, `lr`,
    `batch_size` or `max_epochs` leaves the choice to the augmenter, which sets it
    from the number of series.

    Parameters
    ----------
    module : type, default=VAE
        The network; the augmenter sets its sizes.
    criterion : type, default=ELBOLoss
        The loss, called with the network's output and the batch.
    optimizer : type or None, default=None
        A class of `torch.optim`.
    lr : float or None, default=None
        Peak learning rate.
    batch_size : int or None, default=None
        Series per optimisation step.
    max_epochs : int or None, default=None
        Passes over the training series.
    **kwargs : dict
        What else `skorch.NeuralNet` takes.
    """

    def __init__(
        self,
        module: Any = VAE,
        criterion: Any = ELBOLoss,
        *,
        optimizer: Any = None,
        lr: float | None = None,
        batch_size: int | None = None,
        max_epochs: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            module,
            criterion,
            optimizer=optimizer,
            lr=lr,
            batch_size=batch_size,
            max_epochs=max_epochs,
            **{
                "train_split": None,
                "iterator_train": TensorBatches,
                "iterator_valid": TensorBatches,
                **kwargs,
            },
        )

    def infer(self, x: Tensor, **fit_params: Any) -> tuple[Tensor | None, ...]:
        """Run the network, in mixed precision on a GPU that has bfloat16.

        Parameters
        ----------
        x : Tensor of shape (B, T, C)
            Batch.
        **fit_params : dict
            What else the network takes.

        Returns
        -------
        tuple
            Its output, in single precision for the loss.
        """
        device = torch.device(self.device).type
        if not _has_bfloat16(device):
            return super().infer(x, **fit_params)
        with torch.autocast(device, torch.bfloat16):
            output = super().infer(x, **fit_params)
        return tuple(None if part is None else part.float() for part in output)


def _has_bfloat16(device: str) -> bool:
    """Tell whether mixed precision is faster there; on a CPU it hardly ever is."""
    return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
