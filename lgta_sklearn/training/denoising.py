"""Training of denoisers: the loss, and averaged weights."""

import math
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from lgta_sklearn.training.memorisation import warn_of_memorisation

__all__ = ["AveragedWeights", "DenoisingLoss"]

HALF_LIFE = 0.05  # of the averages, as a share of the steps so far
PATIENCE = 0.25  # share of the plan without a gain after which training ends


class DenoisingLoss(nn.Module):
    """Weighted squared error of denoised values, the mean over those that count."""

    def forward(self, output: tuple[Tensor, Tensor, Tensor], batch: Any) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        output : tuple of Tensor of shape (B, n_values)
            Estimated and clean values, and their weights.
        batch : dict
            Not used: the network returns what it wants to estimate.

        Returns
        -------
        Tensor of shape ()
            Mean squared error.
        """
        estimate, clean, weight = output
        # select before squaring: the gradient of an unselected NaN would be NaN
        error = (estimate - clean).where(weight > 0, 0.0)
        count = (weight > 0).sum().clamp(min=1)
        return (weight * error**2).sum() / count


class AveragedWeights(Callback):
    """Keep exponentially averaged weights, validate them, and restore the best.

    The averages reach over a fixed share of the steps so far, so that they forget the
    beginning. The held-out loss is measured with the averages; those with the smallest
    loss are what is left after the training, which ends when they have not improved for
    a quarter of the plan.

    Parameters
    ----------
    max_epochs : int
        Epochs of the plan.

    Attributes
    ----------
    best_ : dict
        Row of the history with the smallest held-out loss.

    References
    ----------
    Karras et al. (2024), "Analyzing and improving the training dynamics of diffusion
    models", arXiv:2312.02696.
    """

    def __init__(self, max_epochs: int = 1) -> None:
        self.max_epochs = max_epochs

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
        if waited > PATIENCE * self.max_epochs:
            raise KeyboardInterrupt  # how callbacks of skorch end a training

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Keep the best averages; warn if the losses have parted."""
        _exchanged(net, self.kept_)
        if self.best_:
            row = net.history[-1]
            losses = row["train_loss"], row["valid_loss"]
            warn_of_memorisation(*losses, row["epoch"], self.best_["epoch"])


def _exchanged(net: NeuralNet, weights: list[Tensor]) -> list[Tensor]:
    """Give a network other weights; return those that it had."""
    before = [p.detach().clone() for p in net.module_.parameters()]
    with torch.no_grad():
        for parameter, weight in zip(net.module_.parameters(), weights, strict=True):
            parameter.copy_(weight)
    return before
