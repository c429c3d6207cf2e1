"""The variational autoencoder (Kingma and Welling, 2014, arXiv:1312.6114).

Letters: ``u`` the shape of a series, (B, T, C); ``z`` its code, (B, latent_dim),
with posterior ``q(z | u) = N(mu, exp(logvar))`` and prior ``N(0, I)``; B batch, T time
points, C channels, H hidden features, L = T / stride steps of the shortened series.

    encoder   u -> Shorten -> backbone -> (B, L, H) -> squeeze, flatten -> mu, logvar
    decoder   z -> expand, unflatten -> (B, L, H) -> backbone -> Lengthen -> u_hat

or, with a code for each step, z is (B, L * latent_dim) and

    encoder   u -> Shorten -> backbone -> (B, L, H) -> mu, logvar of each step
    decoder   z -> (B, L, H) -> backbone -> Lengthen -> u_hat

Because the sequence is flattened, the latent head has separate weights for every step;
because it is squeezed to a few features before, the number of weights stays small.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.layers import Lengthen, Shorten, choose_stride

__all__ = ["VAE"]

LEAST_STRIDE = 4
MAX_STEPS = 64  # a longer sequence is shortened further before the backbone
SQUEEZED = 8  # features per step that the latent head sees


@storable
class VAE(nn.Module):
    """Encoder, Gaussian latent head and decoder around one kind of backbone.

    Parameters
    ----------
    n_channels, n_timepoints : int
        C and T of the series.
    backbone : callable
        ``backbone(in_features, out_features)`` returns a module that maps
        (B, L, in_features) to (B, L, out_features).
    latent_dim : int, default=8
        Dimension of the code, or of the code of each step.
    temporal : bool, default=False
        Whether each of the L steps has a code of its own.
    hidden_dim : int, default=32
        Features H of the backbone.
    masked : bool, default=False
        Whether shapes contain NaN; the encoder then also gets a mask of the known
        values.
    variational : bool, default=True
        False gives a plain autoencoder: no posterior variance, no sampling.
    generator : torch.Generator or None, default=None
        Source of the posterior's noise during training.
    perturb : callable or None, default=None
        Function ``(z, u) -> (z, u)`` that applies the same transformation to the codes
        of the steps and to the decoded shapes. During training `forward` then also
        returns the equivariance error.

    Raises
    ------
    ValueError
        If the backbone asks for a stride that is not a power of two.

    References
    ----------
    Kingma and Welling (2014), "Auto-encoding variational Bayes", arXiv:1312.6114.
    """

    def __init__(
        self,
        n_channels: int,
        n_timepoints: int,
        backbone: Callable[..., nn.Module],
        *,
        latent_dim: int = 8,
        temporal: bool = False,
        hidden_dim: int = 32,
        masked: bool = False,
        variational: bool = True,
        generator: torch.Generator | None = None,
        perturb: Callable[..., tuple[Tensor, Tensor]] | None = None,
    ) -> None:
        super().__init__()
        self.n_timepoints, self.variational = n_timepoints, variational
        self.masked = masked
        self.generator, self.perturb = generator, perturb
        self.encoder = backbone(hidden_dim, hidden_dim)
        self.decoder = backbone(hidden_dim, hidden_dim)
        self.stride = getattr(self.encoder, "stride", 1) or choose_stride(
            n_timepoints, MAX_STEPS, LEAST_STRIDE
        )
        if self.stride.bit_count() != 1:
            raise ValueError(
                f"the stride of a backbone must be a power of two, got {self.stride}."
            )
        self.n_steps = math.ceil(n_timepoints / self.stride)  # L
        n_inputs = 2 * n_channels if masked else n_channels  # values, and a mask
        self.shorten = Shorten(n_inputs, hidden_dim, self.stride)
        self.lengthen = Lengthen(hidden_dim, n_channels, self.stride)
        self.code_shape = (self.n_steps, latent_dim) if temporal else (latent_dim,)
        n_moments = 2 if variational else 1  # mean, and log variance
        if temporal:
            self.to_code = nn.Linear(hidden_dim, latent_dim * n_moments)
            self.from_code = nn.Linear(latent_dim, hidden_dim)
            return
        flat = self.n_steps * SQUEEZED
        self.squeeze = nn.Linear(hidden_dim, SQUEEZED)
        self.to_code = nn.Linear(flat, latent_dim * n_moments)
        self.from_code = nn.Linear(latent_dim, flat)
        self.expand = nn.Linear(SQUEEZED, hidden_dim)

    @property
    def temporal(self) -> bool:
        """Tell whether each step has a code of its own.

        Returns
        -------
        bool
            False if the series has one.
        """
        return len(self.code_shape) > 1

    def encode(self, u: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the posterior's mean and log variance.

        Parameters
        ----------
        u : Tensor of shape (B, T, C)
            Shapes of series, NaN where a value is missing.

        Returns
        -------
        mu : Tensor of shape (B, n_codes)
            Posterior mean, flattened.
        logvar : Tensor of shape (B, n_codes) or None
            Log of the posterior variance; None without `variational`.
        """
        missing = self.n_steps * self.stride - self.n_timepoints
        if missing:  # the last value is repeated: padding with zeros makes a step
            u = torch.cat([u, u[:, -1:].expand(-1, missing, -1)], dim=1)
        observed = ~u.isnan()
        u = u.where(observed, 0.0)  # the level
        if self.masked:
            u = torch.cat([u, observed.to(u.dtype)], dim=-1)
        h = _applied(self.encoder, self.shorten(u))  # (B, L, H)
        if not self.temporal:
            h = F.gelu(self.squeeze(h)).flatten(1)
        code = self.to_code(h)
        if not self.variational:
            return code.flatten(1), None
        mu, logvar = code.chunk(2, dim=-1)
        return mu.flatten(1), logvar.flatten(1).clamp(-12, 6)

    def decode(self, z: Tensor) -> Tensor:
        """Return the mean of ``p(u | z)``.

        Parameters
        ----------
        z : Tensor of shape (B, n_codes)
            Codes, flattened.

        Returns
        -------
        Tensor of shape (B, T, C)
            Shapes of series.
        """
        h = self.from_code(z.unflatten(1, self.code_shape))
        if not self.temporal:
            h = self.expand(h.reshape(z.shape[0], self.n_steps, SQUEEZED))
        h = _applied(self.decoder, F.gelu(h))  # (B, L, H)
        return self.lengthen(h)[:, : self.n_timepoints]  # (B, T, C)

    def forward(self, u: Tensor) -> tuple[Tensor | None, ...]:
        """Encode, draw a code while training (else take the mean), decode.

        Parameters
        ----------
        u : Tensor of shape (B, T, C)
            Shapes of series.

        Returns
        -------
        u_hat : Tensor of shape (B, T, C)
            Reconstruction.
        mu, logvar : Tensor of shape (B, n_codes)
            Posterior mean and log variance (None without `variational`).
        error : Tensor of shape (B, T, C)
            ``D(T(z)) - T(D(z))``; only with `perturb`, while training.
        """
        mu, logvar = self.encode(u)
        z = mu
        if self.training and logvar is not None:
            # drawn on the CPU: the same codes on every device
            noise = torch.randn(mu.shape, generator=self.generator, dtype=mu.dtype)
            z = mu + (logvar / 2).exp() * noise.to(mu.device)
        u_hat = self.decode(z)
        if not self.training or self.perturb is None:
            return u_hat, mu, logvar
        # its gradient reaches only the decoder, and only at the perturbed codes
        moved, wanted = self.perturb(z.detach().unflatten(1, self.code_shape), u_hat)
        return u_hat, mu, logvar, self.decode(moved.flatten(1)) - wanted


def _applied(backbone: nn.Module, h: Tensor) -> Tensor:
    """Apply a backbone to a sequence; check that the output has the same shape."""
    out = backbone(h)
    if isinstance(out, Tensor) and out.shape == h.shape:
        return out
    got = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
    raise ValueError(
        f"a backbone maps (batch, time, features) to the same layout: {h.shape[1]} "
        f"time steps of {h.shape[2]} features were expected, as asked for in "
        f"{type(backbone).__name__}(in_features={h.shape[2]}, out_features="
        f"{h.shape[2]}), and it returned {got}."
    )
