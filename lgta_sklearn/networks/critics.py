"""Critics of adversarial networks, and how they compare the series of a batch.

A critic is called with
``(in_features, out_features, n_timepoints, condition_features)`` and maps a sequence,
(B, T, in_features), and a condition, (B, condition_features), to features, (B,
out_features), of which the score is a linear function.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.denoising import DenoisingTransformer, choose_patch, patches
from lgta_sklearn.networks.layers import Conv, choose_stride

__all__ = [
    "CRITICS",
    "MINIBATCH",
    "CNNCritic",
    "MinibatchDeviation",
    "MinibatchDiscrimination",
    "TransformerCritic",
]

SMALL = 1e-4  # added to a variance, so that a constant feature has a gradient
SLOPE = 0.2  # of leaky rectified units
GROUP = 8  # series that are compared with each other by a minibatch layer
SHORTEST, LONGEST = 4, 32  # lengths between which a critic convolves


@storable
class CNNCritic(nn.Module):
    """Strided convolutions down to a few steps, then a linear layer.

    The first convolution strides so far that at most 32 steps are left: at full length
    a training step would take several times as long.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    width : int or None, default=None
        Features of a step; None takes `condition_features`.
    stride : int or None, default=None
        Step of the first convolution; None chooses it from the length of the series.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        n_timepoints: int,
        condition_features: int,
        *,
        width: int | None = None,
        stride: int | None = None,
    ) -> None:
        super().__init__()
        width = width or condition_features
        stride = stride or choose_stride(n_timepoints, LONGEST)
        n_steps = -(-n_timepoints // stride)
        n_halvings = max(math.ceil(math.log2(n_steps / SHORTEST)), 0)
        self.multiple = stride * 2**n_halvings
        n_steps = -(-n_timepoints // self.multiple) * 2**n_halvings
        kernel = 2 * stride if stride > 1 else 3
        self.first = Conv(in_features, width, kernel, stride)
        self.modulate = nn.Linear(condition_features, width)
        self.positions = nn.Parameter(0.02 * torch.randn(n_steps, width))
        self.convs = nn.ModuleList(
            Conv(width, width, kernel_size=4, stride=2) for _ in range(n_halvings)
        )
        self.out = nn.Linear(n_steps // 2**n_halvings * width, out_features)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, out_features)."""
        x = F.pad(x, (0, 0, 0, -x.shape[1] % self.multiple))
        h = self.first(x) + self.positions + self.modulate(c)[:, None]
        for conv in self.convs:
            h = conv(F.leaky_relu(h, SLOPE))
        features: Tensor = self.out(F.leaky_relu(h, SLOPE).flatten(1))
        return F.leaky_relu(features, SLOPE)


@storable
class TransformerCritic(nn.Module):
    """Transformer over patches of time points, whose outputs are averaged.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    patch : int or None, default=None
        Time points of a token; None chooses them by the length of the series.
    **options : dict
        Further options of `DenoisingTransformer`.

    References
    ----------
    Li et al. (2022), "TTS-GAN: a transformer-based time-series generative adversarial
    network", arXiv:2202.02691.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        n_timepoints: int,
        condition_features: int,
        *,
        patch: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self.patch = patch or choose_patch(n_timepoints)
        of_point = -(-out_features // self.patch)  # features of a time point
        self.transformer = DenoisingTransformer(
            in_features,
            of_point,
            n_timepoints,
            condition_features,
            patch=self.patch,
            **{"started": True, "dropout": 0.0, **options},
        )
        self.out = nn.Linear(self.patch * of_point, out_features)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, out_features)."""
        tokens = patches(self.transformer(x, c), self.patch)  # (B, L, features)
        return F.leaky_relu(self.out(tokens.mean(1)), SLOPE)


class MinibatchDeviation(nn.Module):
    """One more feature: how much the features vary within a group of series.

    Parameters
    ----------
    n_features : int
        Features of a series.

    References
    ----------
    Karras et al. (2018), "Progressive growing of GANs for improved quality, stability,
    and variation", arXiv:1710.10196.
    """

    n_added = 1

    def __init__(self, n_features: int) -> None:
        super().__init__()

    def forward(self, features: Tensor, n_sets: int = 1) -> Tensor:
        """Map (B, n_features) to (B, n_features + 1)."""
        groups = _grouped(features, n_sets)
        deviation = (groups.var(1, correction=0) + SMALL).sqrt().mean(1)
        added = deviation[:, None].expand(groups.shape[:2]).reshape(-1, 1)
        return torch.cat([features, added], dim=1)


class MinibatchDiscrimination(nn.Module):
    """More features: how near a series is to the others of its group.

    Parameters
    ----------
    n_features : int
        Features of a series.
    n_kernels : int, default=8
        Number of added features.
    kernel_dim : int, default=16
        Coordinates in which a distance is measured.

    References
    ----------
    Salimans et al. (2016), "Improved techniques for training GANs", arXiv:1606.03498.
    """

    def __init__(
        self, n_features: int, n_kernels: int = 8, kernel_dim: int = 16
    ) -> None:
        super().__init__()
        self.n_added, self.kernel_dim = n_kernels, kernel_dim
        self.embed = nn.Linear(n_features, n_kernels * kernel_dim, bias=False)

    def forward(self, features: Tensor, n_sets: int = 1) -> Tensor:
        """Map (B, n_features) to (B, n_features + n_kernels)."""
        groups = _grouped(self.embed(features), n_sets).unflatten(
            2, (-1, self.kernel_dim)
        )
        distance = (groups[:, :, None] - groups[:, None]).abs().sum(-1)
        added = (-distance).exp().sum(2) - 1  # without the series itself
        return torch.cat([features, added.flatten(0, 1)], dim=1)


class _NoComparison(nn.Module):
    """The features as they are."""

    n_added = 0

    def __init__(self, n_features: int) -> None:
        super().__init__()

    def forward(self, features: Tensor, n_sets: int = 1) -> Tensor:
        """Map (B, n_features) to (B, n_features)."""
        return features


MINIBATCH: dict[str | None, type[Any]] = {
    "deviation": MinibatchDeviation,
    "discrimination": MinibatchDiscrimination,
    None: _NoComparison,
}


def _grouped(features: Tensor, n_sets: int) -> Tensor:
    """Return features, (B, F), in groups of series of one set, (groups, size, F)."""
    n_rows = len(features) // n_sets
    size = GROUP if n_rows % GROUP == 0 else n_rows
    return features.unflatten(0, (-1, size))


CRITICS: dict[str, Callable[..., nn.Module]] = {
    "cnn": CNNCritic,
    "transformer": TransformerCritic,
}
