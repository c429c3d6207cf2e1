"""The loss: a calibrated evidence lower bound.

For a shape ``u`` of T time points and C channels, with reconstruction ``u_hat``,

    ELBO = sum_{t,c} log N(u | u_hat, sigma_c^2)  -  beta * KL(q(z | u) || N(0, I)),

a sum over time and channels, so that ``beta = 1`` is the bound itself for any
length. The observation variance ``sigma_c^2`` is not a parameter: its optimum is the
mean squared error of the channel, in closed form (sigma-VAE, Rybkin et al., 2021,
arXiv:2006.13202), which balances reconstruction and KL without tuning. Missing values
(NaN) and time points beyond the end of a series have no term in the sum.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["ELBOLoss", "gaussian_log_likelihood", "kl_divergence"]

MIN_VARIANCE = 1e-2  # smallest observation variance (shapes have variance one)


def kl_divergence(mu: Tensor, logvar: Tensor | None = None) -> Tensor:
    """Return KL(N(mu, exp(logvar)) || N(0, I)) of each row in nats.

    Parameters
    ----------
    mu : Tensor of shape (B, latent_dim)
        Posterior means.
    logvar : Tensor of shape (B, latent_dim) or None, default=None
        Log variances; None (a plain autoencoder) gives zero.

    Returns
    -------
    Tensor of shape (B,)
        Divergences, not negative.
    """
    if logvar is None:
        return mu.new_zeros(len(mu))
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)


def gaussian_log_likelihood(u: Tensor, u_hat: Tensor, variance: Tensor) -> Tensor:
    """Return log N(u | u_hat, variance) of each series, summed over time and channels.

    Parameters
    ----------
    u, u_hat : Tensor of shape (B, T, C)
        Shapes and their reconstructions; NaN in `u` is ignored.
    variance : Tensor of shape (C,)
        Observation variance of each channel.

    Returns
    -------
    Tensor of shape (B,)
        Log likelihoods in nats.
    """
    observed = ~u.isnan()
    # select before squaring: the gradient of an unselected NaN would be NaN
    squared = (torch.where(observed, u, u_hat) - u_hat) ** 2 / variance
    constant = (variance.log() + math.log(2 * math.pi)) * observed
    return -0.5 * (squared + constant).sum((1, 2))


class ELBOLoss(nn.Module):
    """Negative evidence lower bound, the mean over a batch.

    Parameters
    ----------
    n_channels : int
        C of the series.
    beta : float, default=1.0
        Weight of the KL term.
    equivariance : float, default=0.0
        Weight of the squared equivariance error, in units of the observation variance:
        1 gives it the same weight as the reconstruction error.

    Attributes
    ----------
    kl_weight : float in [0, 1]
        Annealing factor of `beta` in training; a callback raises it. Evaluation always
        uses the full `beta`, so that losses of different epochs can be compared.
    variance : Tensor of shape (C,)
        Running observation variance, used in evaluation.
    parts : dict of Tensor of shape ()
        Terms of the last loss, in nats per series and without weights:
        `reconstruction` (the negative log likelihood), `kl`, and `equivariance`, the
        error in units of the observation variance, if there is one.

    References
    ----------
    Rybkin et al. (2021), "Simple and effective VAE training with calibrated
    decoders", arXiv:2006.13202; Higgins et al. (2017), "beta-VAE".
    """

    variance: Tensor

    def __init__(
        self, n_channels: int, beta: float = 1.0, equivariance: float = 0.0
    ) -> None:
        super().__init__()
        self.beta, self.kl_weight, self.equivariance = beta, 1.0, equivariance
        self.register_buffer("variance", torch.ones(n_channels))
        self.parts: dict[str, Tensor] = {}

    def forward(self, output: tuple[Any, ...], target: Tensor) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        output : tuple
            ``(u_hat, mu, logvar)`` as the VAE returns them, and the equivariance error
            if the codes were perturbed.
        target : Tensor of shape (B, T, C)
            The shapes, NaN where a value is missing.

        Returns
        -------
        Tensor of shape ()
            Negative bound in nats per series.
        """
        u_hat, mu, logvar, *apart = output
        variance = self.variance
        if self.training:
            error = ((target - u_hat.detach()) ** 2).nanmean((0, 1))  # (C,)
            # a channel without values in the batch keeps its variance
            variance = torch.where(error.isnan(), variance, error)
            variance = variance.clamp_min(MIN_VARIANCE)
            self.variance.lerp_(variance, 0.05)
        likelihood = gaussian_log_likelihood(target, u_hat, variance)
        beta = self.beta * (self.kl_weight if self.training else 1.0)
        parts = {"reconstruction": -likelihood, "kl": kl_divergence(mu, logvar)}
        loss = beta * parts["kl"] - likelihood
        for difference in apart:
            parts["equivariance"] = 0.5 * (difference**2 / variance).sum((1, 2))
            loss = loss + self.equivariance * parts["equivariance"]
        self.parts = {name: part.detach().mean() for name, part in parts.items()}
        return loss.mean()
