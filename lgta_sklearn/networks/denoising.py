"""Backbones of denoisers: sequence to sequence, given a condition.

Such a backbone has the class attribute ``conditioned = True``, is called with
``(in_features, out_features, n_timepoints, condition_features)`` and maps a sequence,
(B, T, in_features), and a condition, (B, condition_features), to (B, T, out_features).
The condition says how strong the noise is, and of which class, level and scale the
series is. A backbone without the attribute (those of `networks.backbones`) gets the
condition as further features of every time point.

Letters: B batch, T time points, L tokens (patches of time points), H hidden features,
N heads of D features; ``c`` the condition. Inside, tokens come first: (L, B, H).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.layers import choose_stride

__all__ = [
    "DENOISERS",
    "DenoisingTransformer",
    "Mixer",
    "UNet",
    "build_denoiser",
    "choose_dropout",
    "choose_patch",
    "joined",
    "patches",
    "zeroed",
]

# most patches of a series, if there are many series, and if there are fewer than FEW:
# few are memorised later by a network that treats more time points alike
MANY_TOKENS, FEW_TOKENS, FEW = 16, 24, 1000
DROPOUT = 0.05  # for few series


def choose_patch(n_timepoints: int, n_samples: int = FEW) -> int:
    """Return the number of time points in a patch.

    Parameters
    ----------
    n_timepoints : int
        Length of the series.
    n_samples : int, default=1000
        Number of series.

    Returns
    -------
    int
        The smallest power of two that gives at most 16 patches, or 24 for fewer than
        1000 series.
    """
    most = FEW_TOKENS if n_samples < FEW else MANY_TOKENS
    return choose_stride(n_timepoints, most)


def patches(x: Tensor, patch: int) -> Tensor:
    """Return the patches of sequences.

    Parameters
    ----------
    x : Tensor of shape (B, T, F)
        Sequences.
    patch : int
        Time points of a patch.

    Returns
    -------
    Tensor of shape (B, L, patch * F)
        L = T / patch, rounded up; zeros follow the sequence.
    """
    x = F.pad(x, (0, 0, 0, -x.shape[1] % patch))
    return x.unflatten(1, (-1, patch)).flatten(2)


def joined(h: Tensor, patch: int, n_timepoints: int) -> Tensor:
    """Return the sequences of patches: the inverse of `patches`.

    Parameters
    ----------
    h : Tensor of shape (B, L, patch * F)
        Patches.
    patch : int
        Time points of a patch.
    n_timepoints : int
        T, at most L * patch.

    Returns
    -------
    Tensor of shape (B, T, F)
        Sequences, without what follows them.
    """
    return h.unflatten(2, (patch, -1)).flatten(1, 2)[:, :n_timepoints]


def choose_dropout(n_samples: int) -> float:
    """Return the share of features that is dropped in training.

    Parameters
    ----------
    n_samples : int
        Number of series.

    Returns
    -------
    float
        0.05 for fewer than 1000 series, else 0: many are not memorised.
    """
    return DROPOUT if n_samples < FEW else 0.0


def zeroed(layer: nn.Linear) -> nn.Linear:
    """Return a layer that starts at zero, so that a block starts as the identity.

    Parameters
    ----------
    layer : torch.nn.Linear
        The layer, which is changed.

    Returns
    -------
    torch.nn.Linear
        The same layer.
    """
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class _TokenMixing(nn.Module):
    """Multilayer perceptron over the tokens, the same for all features."""

    def __init__(self, n_tokens: int, width: int) -> None:
        super().__init__()
        hidden = max(2 * n_tokens, 32) if n_tokens > 1 else 2  # one: nothing to mix
        self.inner = nn.Linear(n_tokens, hidden)
        self.outer = nn.Linear(hidden, n_tokens)

    def forward(self, h: Tensor) -> Tensor:
        """Map (L, B, H) to (L, B, H)."""
        rows = h.flatten(1)  # (L, B * H)
        inner = F.gelu(torch.addmm(self.inner.bias[:, None], self.inner.weight, rows))
        outer = torch.addmm(self.outer.bias[:, None], self.outer.weight, inner)
        return outer.view_as(h)


class _Attention(nn.Module):
    """Self-attention over the tokens."""

    def __init__(self, n_tokens: int, width: int, n_heads: int = 4) -> None:
        super().__init__()
        if width % n_heads:
            raise ValueError(
                f"the width of a Transformer must be divisible by n_heads={n_heads}, "
                f"got {width}. Change hidden_dim or n_heads."
            )
        self.n_heads = n_heads
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """Map (L, B, H) to (L, B, H)."""
        heads = self.project(h).unflatten(2, (3, self.n_heads, -1))  # (L, B, 3, N, D)
        query, key, value = heads.permute(2, 1, 3, 0, 4)  # (B, N, L, D)
        mixed = F.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.out(mixed.permute(2, 0, 1, 3).flatten(2))
        return out


class _Block(nn.Module):
    """Mixing over tokens, then over features, each modulated by the condition."""

    def __init__(
        self,
        mixing: Callable[[int, int], nn.Module],
        n_tokens: int,
        width: int,
        condition_features: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.mixing = mixing(n_tokens, width)
        self.features = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.modulate = zeroed(nn.Linear(condition_features, 6 * width))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.dropout = dropout

    def forward(self, h: Tensor, c: Tensor, dropped: Callable[..., Tensor]) -> Tensor:
        """Map (L, B, H), given (B, condition_features), to (L, B, H)."""
        parts = self.modulate(c).chunk(6, dim=-1)
        for part, (scale, shift, gate) in (
            (self.mixing, parts[:3]),
            (self.features, parts[3:]),
        ):
            inner = torch.addcmul(shift, self.norm(h), 1 + scale)
            h = torch.addcmul(h, gate, dropped(part(inner), self.dropout))
        return h


class _Patched(nn.Module):
    """Blocks over patches of time points, with adaptive layer normalisation.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    width : int or None, default=None
        Features of a token; None takes `condition_features`.
    n_blocks : int, default=3
        Number of blocks.
    patch : int or None, default=None
        Time points of a token; None chooses them by the length of the series.
    dropout : float in [0, 1), default=0.05
        Share of features dropped in training.
    started : bool, default=False
        Whether the output differs from zero before the training.
    """

    conditioned: ClassVar[bool] = True
    mixing: ClassVar[type[nn.Module]]

    def __init__(
        self,
        in_features: int,
        out_features: int,
        n_timepoints: int,
        condition_features: int,
        *,
        width: int | None = None,
        n_blocks: int = 3,
        patch: int | None = None,
        dropout: float = DROPOUT,
        started: bool = False,
    ) -> None:
        super().__init__()
        width = width or condition_features
        self.patch = patch or choose_patch(n_timepoints)
        n_tokens = math.ceil(n_timepoints / self.patch)
        self.embed = nn.Linear(self.patch * in_features, width)
        self.positions = nn.Parameter(0.02 * torch.randn(n_tokens, width))
        self.blocks = nn.ModuleList(
            _Block(type(self).mixing, n_tokens, width, condition_features, dropout)
            for _ in range(n_blocks)
        )
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = zeroed(nn.Linear(condition_features, 2 * width))
        out = nn.Linear(width, self.patch * out_features)
        self.out = out if started else zeroed(out)
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, T, out_features)."""
        n_timepoints = x.shape[1]
        x = patches(x, self.patch)  # (B, L, patch * in)
        # tokens first: mixing over them is then one product of matrices
        h = self.embed(x.transpose(0, 1)) + self.positions[:, None]  # (L, B, H)
        c = F.silu(c)
        for block in self.blocks:
            h = block(h, c, self._dropped)
        scale, shift = self.modulate(c).chunk(2, dim=-1)
        h = self.out(self.norm(h) * (1 + scale) + shift).transpose(0, 1)
        return joined(h, self.patch, n_timepoints)

    def _dropped(self, h: Tensor, share: float) -> Tensor:
        """Drop features in training, by the generator of the training."""
        if not (share and self.training):
            return h
        kept = torch.rand(h.shape, generator=self.generator, dtype=h.dtype) >= share
        return h * kept.to(h.device) / (1 - share)


@storable
class Mixer(_Patched):
    """MLP-Mixer over patches of time points, with adaptive layer normalisation.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    width : int or None, default=None
        Features of a token; None takes `condition_features`.
    n_blocks : int, default=3
        Number of blocks.
    patch : int or None, default=None
        Time points of a token; None chooses them by the length of the series.
    dropout : float in [0, 1), default=0.05
        Share of features dropped in training.
    started : bool, default=False
        Whether the output differs from zero before the training.

    References
    ----------
    Tolstikhin et al. (2021), "MLP-Mixer: an all-MLP architecture for vision",
    arXiv:2105.01601; the conditioning is that of Peebles and Xie (2023),
    arXiv:2212.09748.
    """

    mixing = _TokenMixing


@storable
class DenoisingTransformer(_Patched):
    """Transformer over patches of time points, with adaptive layer normalisation.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    width : int or None, default=None
        Features of a token, divisible by 4; None takes `condition_features`.
    n_blocks : int, default=3
        Number of blocks.
    patch : int or None, default=None
        Time points of a token; None chooses them by the length of the series.
    dropout : float in [0, 1), default=0.05
        Share of features dropped in training.
    started : bool, default=False
        Whether the output differs from zero before the training.

    References
    ----------
    Peebles and Xie (2023), "Scalable diffusion models with transformers",
    arXiv:2212.09748.
    """

    mixing = _Attention


class _Residual(nn.Module):
    """Two convolutions with adaptive group normalisation, around a shortcut."""

    def __init__(
        self, in_features: int, out_features: int, condition_features: int
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleList(_groups(n) for n in (in_features, out_features))
        self.convs = nn.ModuleList(
            nn.Conv1d(n, out_features, 3, padding=1)
            for n in (in_features, out_features)
        )
        self.modulate = zeroed(nn.Linear(condition_features, 2 * out_features))
        same = in_features == out_features
        self.shortcut = (
            nn.Identity() if same else nn.Conv1d(in_features, out_features, 1)
        )

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        """Map (B, in_features, T) to (B, out_features, T)."""
        scale, shift = self.modulate(c)[:, :, None].chunk(2, dim=1)
        inner = self.convs[0](F.silu(self.norms[0](h)))
        inner = self.norms[1](inner) * (1 + scale) + shift
        out: Tensor = self.shortcut(h) + self.convs[1](F.silu(inner))
        return out


def _groups(n_features: int) -> nn.GroupNorm:
    """Return a normalisation of groups of at least four features."""
    return nn.GroupNorm(math.gcd(8, max(n_features // 4, 1)), n_features)


@storable
class UNet(nn.Module):
    """One-dimensional U-Net: residual blocks at falling and rising resolution.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    width : int or None, default=None
        Features at full resolution; None takes half of `condition_features`.
    factors : tuple of int, default=(1, 2, 2)
        Multiples of the width at each resolution; each is half of the one before.
    patch : int or None, default=None
        Time points that are joined before the first block; None takes 1, and more for
        series of more than 64 time points.

    References
    ----------
    Ronneberger et al. (2015), "U-Net", arXiv:1505.04597; Ho et al. (2020), "Denoising
    diffusion probabilistic models", arXiv:2006.11239; the adaptive group normalisation
    is that of Dhariwal and Nichol (2021), arXiv:2105.05233.
    """

    conditioned: ClassVar[bool] = True

    def __init__(
        self,
        in_features: int,
        out_features: int,
        n_timepoints: int,
        condition_features: int,
        *,
        width: int | None = None,
        factors: tuple[int, ...] = (1, 2, 2),
        patch: int | None = None,
    ) -> None:
        super().__init__()
        width = width or max(condition_features // 2, 4)
        self.patch = patch or max(choose_patch(n_timepoints) // 4, 1)
        self.multiple = self.patch * 2 ** (len(factors) - 1)
        widths = [width * factor for factor in factors]
        block = partial(_Residual, condition_features=condition_features)
        self.first = nn.Conv1d(self.patch * in_features, width, 3, padding=1)
        self.down, self.shorten = nn.ModuleList(), nn.ModuleList()
        self.up, self.lengthen = nn.ModuleList(), nn.ModuleList()
        before = width
        for k, n in enumerate(widths):
            self.down.append(block(before, n))
            after = widths[max(k - 1, 0)]
            self.up.insert(0, block(2 * n, after))
            if k + 1 < len(widths):
                self.shorten.append(nn.Conv1d(n, n, 4, stride=2, padding=1))
                self.lengthen.insert(
                    0, nn.ConvTranspose1d(n, n, 4, stride=2, padding=1)
                )
            before = n
        self.attend = _Attention(0, widths[-1])
        self.middle = nn.ModuleList(block(widths[-1], widths[-1]) for _ in range(2))
        self.norm = _groups(width)
        self.out = nn.Conv1d(width, self.patch * out_features, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, T, out_features)."""
        n_timepoints = x.shape[1]
        x = F.pad(x, (0, 0, 0, -n_timepoints % self.multiple))
        h = self.first(patches(x, self.patch).transpose(1, 2))
        c = F.silu(c)
        skips = []
        for k, block in enumerate(self.down):
            h = self.shorten[k - 1](h) if k else h
            h = block(h, c)
            skips.append(h)
        h = self.middle[0](h, c)
        h = h + self.attend(h.permute(2, 0, 1)).permute(1, 2, 0)
        h = self.middle[1](h, c)
        for k, block in enumerate(self.up):
            h = block(torch.cat([h, skips.pop()], dim=1), c)
            h = self.lengthen[k](h) if k < len(self.lengthen) else h
        h = self.out(F.silu(self.norm(h))).transpose(1, 2)
        return joined(h, self.patch, n_timepoints)


class _Joined(nn.Module):
    """A backbone without conditions, which gets them as features of each time point."""

    def __init__(
        self,
        backbone: Callable[..., nn.Module],
        in_features: int,
        out_features: int,
        condition_features: int,
    ) -> None:
        super().__init__()
        width = condition_features
        self.embed = nn.Linear(in_features, width)
        self.backbone = backbone(width, width)
        self.out = zeroed(nn.Linear(width, out_features))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, T, out_features)."""
        h = F.silu(self.embed(x) + c[:, None])
        out: Tensor = self.out(h + self.backbone(h))
        return out


DENOISERS: dict[str, Callable[..., nn.Module]] = {
    "mixer": Mixer,
    "unet": UNet,
    "transformer": DenoisingTransformer,
}


def build_denoiser(
    backbone: Callable[..., nn.Module],
    in_features: int,
    out_features: int,
    n_timepoints: int,
    condition_features: int,
) -> nn.Module:
    """Return a backbone that takes a sequence and a condition.

    Parameters
    ----------
    backbone : callable
        A backbone with or without the attribute `conditioned`.
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.

    Returns
    -------
    torch.nn.Module
        Called with (B, T, in_features) and (B, condition_features).
    """
    plain = backbone
    while isinstance(plain, partial):
        plain = plain.func
    if getattr(plain, "conditioned", False):
        return backbone(in_features, out_features, n_timepoints, condition_features)
    return _Joined(backbone, in_features, out_features, condition_features)
