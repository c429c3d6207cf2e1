"""Training of denoisers: the loss."""

from typing import Any

from torch import Tensor, nn

__all__ = ["DenoisingLoss"]


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
