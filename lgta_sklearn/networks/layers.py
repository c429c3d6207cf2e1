"""Layers that shorten a sequence before the costly part and restore it after.

Shapes: B batch, T time points, C channels, H features, L = T / stride steps.

A strided convolution is written as one matrix product of shifted copies, and its
mirror as a sub-pixel convolution (Shi et al., 2016, arXiv:1609.05158): on a CPU
both are faster than ``Conv1d`` and ``ConvTranspose1d`` at the small widths used
here, and neither leaves checkerboard patterns.
"""

from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "Conv",
    "Lengthen",
    "SeededModule",
    "Shorten",
    "choose_stride",
    "sinusoidal_positions",
]


class SeededModule(nn.Module):
    """A network that lends its source of randomness to its parts while it trains.

    A part that has an attribute `generator` drops features by it.
    """

    generator: torch.Generator | None

    def train(self, mode: bool = True) -> Self:
        """Switch training on or off.

        Parameters
        ----------
        mode : bool, default=True
            Whether to train.

        Returns
        -------
        SeededModule
            The network.
        """
        for part in self.modules():
            if part is not self and hasattr(part, "generator"):
                part.generator = self.generator if mode else None  # type: ignore[assignment]
        return super().train(mode)


class Conv(nn.Module):
    """Convolution over time of channels-last sequences.

    Parameters
    ----------
    in_features, out_features : int
        Channels of the input and of the output.
    kernel_size : int, default=3
        Time points under the kernel, a multiple of `stride`.
    stride : int, default=1
        Step of the kernel; ``kernel_size - stride`` zeros are padded, so that
        T time points become ``T / stride``.
    """

    def __init__(
        self, in_features: int, out_features: int, kernel_size: int = 3, stride: int = 1
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        self.linear = nn.Linear(in_features * kernel_size, out_features)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, T / stride, out_features)."""
        pad = self.kernel_size - self.stride
        x = F.pad(x, (0, 0, pad // 2, pad - pad // 2))
        x = x.unflatten(1, (-1, self.stride)).flatten(2)  # (B, ..., stride * in)
        n_taps = self.kernel_size // self.stride
        n_steps = x.shape[1] - n_taps + 1
        windows = [x[:, k : k + n_steps] for k in range(n_taps)]
        out: Tensor = self.linear(torch.cat(windows, dim=2))  # (B, L, out)
        return out


class Shorten(nn.Module):
    """Stem: one convolution of stride 2 for each factor of two in `stride`.

    Parameters
    ----------
    in_features, out_features : int
        Channels of the input and of the output.
    stride : int
        Power of two by which the sequence is shortened; 1 keeps its length.
    """

    def __init__(self, in_features: int, out_features: int, stride: int) -> None:
        super().__init__()
        n_halvings = stride.bit_length() - 1
        if n_halvings == 0:
            self.convs = nn.ModuleList([nn.Linear(in_features, out_features)])
            return
        widths = [in_features] + [out_features] * n_halvings
        self.convs = nn.ModuleList(
            Conv(a, b, kernel_size=4, stride=2) for a, b in pairwise(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, T / stride, out_features)."""
        for conv in self.convs:
            x = F.gelu(conv(x))
        return x


class Lengthen(nn.Module):
    """Mirror of `Shorten`: each stage doubles the length.

    Parameters
    ----------
    in_features, out_features : int
        Channels of the input and of the output.
    stride : int
        Power of two by which the sequence is lengthened; 1 keeps its length.
    """

    def __init__(self, in_features: int, out_features: int, stride: int) -> None:
        super().__init__()
        n_doublings = stride.bit_length() - 1
        widths = [in_features] * max(n_doublings, 1) + [out_features]
        factor = 2 if n_doublings else 1
        self.convs = nn.ModuleList(Conv(a, factor * b) for a, b in pairwise(widths))
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, in_features) to (B, L * stride, out_features)."""
        for i, conv in enumerate(self.convs):
            x = conv(F.gelu(x) if i else x)
            x = x.reshape(x.shape[0], x.shape[1] * self.factor, -1)  # (B, 2L, H)
        return x


def choose_stride(n_timepoints: int, most: int, least: int = 1) -> int:
    """Return the smallest power of two that leaves at most so many steps.

    Parameters
    ----------
    n_timepoints : int
        Length of the series.
    most : int
        Largest number of steps.
    least : int, default=1
        Smallest stride, a power of two.

    Returns
    -------
    int
        Time points of a step.
    """
    stride = least
    while n_timepoints > most * stride:
        stride *= 2
    return stride


def sinusoidal_positions(n_steps: int, n_features: int, like: Tensor) -> Tensor:
    """Return the sinusoidal position code of Vaswani et al. (2017, arXiv:1706.03762).

    Parameters
    ----------
    n_steps, n_features : int
        Length L of the sequence and width H of the code.
    like : Tensor
        Tensor whose dtype and device are used.

    Returns
    -------
    Tensor of shape (L, H)
        Sines in the even columns and cosines in the odd ones.
    """
    step = torch.arange(n_steps, dtype=like.dtype, device=like.device)
    pair = torch.arange(0, n_features, 2, dtype=like.dtype, device=like.device)
    angle = step[:, None] * 10_000 ** (-pair / n_features)  # (L, ceil(H / 2))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :n_features]
