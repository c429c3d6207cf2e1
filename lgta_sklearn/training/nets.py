"""The skorch net of the augmenters."""

from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor

from lgta_sklearn.training.batches import TensorBatches

__all__ = ["AugmenterNet"]


class AugmenterNet(NeuralNet):
    """A skorch net with defaults for generative training.

    Every argument of `skorch.NeuralNet` is accepted. None for `module`, `criterion`,
    `optimizer`, `lr`, `batch_size` or `max_epochs` leaves the choice to the augmenter.

    Parameters
    ----------
    module : type or None, default=None
        Class of the network; the augmenter sets its sizes.
    criterion : type or None, default=None
        Class of the loss, called with the network's output and the batch.
    optimizer : type or None, default=None
        A class of `torch.optim`.
    lr : float or None, default=None
        Peak learning rate.
    batch_size : int or None, default=None
        Series per optimisation step.
    max_epochs : int or None, default=None
        Passes over the training series.
    **kwargs : dict
        Further arguments of `skorch.NeuralNet`, such as ``callbacks=[...]`` or
        ``criterion__beta=2.0``, which take precedence over the augmenter's.
    """

    def __init__(
        self,
        module: Any = None,
        criterion: Any = None,
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

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Run the network, in mixed precision on a GPU that has bfloat16.

        Parameters
        ----------
        x : Tensor of shape (B, ...) or dict of such
            Batch.
        **fit_params : dict
            Further arguments of the network.

        Returns
        -------
        Tensor, or tuple of Tensor and None
            Output of the network, in single precision for the loss.
        """
        device = torch.device(self.device).type
        if not _has_bfloat16(device):
            return super().infer(x, **fit_params)
        with torch.autocast(device, torch.bfloat16):
            output = super().infer(x, **fit_params)
        if isinstance(output, Tensor):
            return output.float()
        return tuple(None if part is None else part.float() for part in output)


def _has_bfloat16(device: str) -> bool:
    """Tell whether mixed precision is faster on a device; on a CPU it rarely is."""
    return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
