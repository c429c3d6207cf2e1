"""The skorch net of the augmenters and its callbacks."""

import math
from typing import Any

from skorch import NeuralNet
from skorch.callbacks import Callback
from tqdm.auto import tqdm

from lgta_sklearn.networks.vae import VAE
from lgta_sklearn.training.data import TensorBatches
from lgta_sklearn.training.losses import ELBOLoss

__all__ = ["AugmenterNet", "DivergenceGuard", "KLWarmUp", "Progress"]


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
