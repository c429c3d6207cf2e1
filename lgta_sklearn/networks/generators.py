"""Generators of adversarial networks, besides the backbones of `networks.denoising`.

A generator is called with ``(in_features, out_features, n_timepoints,
condition_features)`` and maps a sequence of noise, (B, T, in_features), and a
condition, (B, condition_features), to a sequence, (B, T, out_features).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.denoising import (
    DenoisingTransformer,
    Mixer,
    choose_patch,
    joined,
    patches,
    zeroed,
)

__all__ = ["GENERATORS", "BiLSTM", "MultiScale"]


@storable
class BiLSTM(nn.Module):
    """Bidirectional long short-term memory over patches of time points.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    width : int or None, default=None
        Features of each direction; None takes `condition_features`.
    n_layers : int, default=2
        Stacked layers.
    patch : int or None, default=None
        Time points that are generated at once; None chooses them by the length of the
        series, 1 recurs over every time point.

    References
    ----------
    Delaney, Brophy and Ward (2019), "Synthesis of realistic ECG using generative
    adversarial networks", arXiv:1909.09150.
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
        n_layers: int = 2,
        patch: int | None = None,
    ) -> None:
        super().__init__()
        width = width or condition_features
        self.patch = patch or choose_patch(n_timepoints)
        self.embed = nn.Linear(self.patch * in_features, width)
        self.positions = nn.Parameter(
            0.02 * torch.randn(-(-n_timepoints // self.patch), width)
        )
        self.modulate = nn.Linear(condition_features, width)
        self.lstm = nn.LSTM(
            width, width, n_layers, batch_first=True, bidirectional=True
        )
        self.out = zeroed(nn.Linear(width, self.patch * out_features))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, T, out_features)."""
        h = self.embed(patches(x, self.patch)) + self.positions
        h = self.lstm(h + self.modulate(c)[:, None])[0]  # (B, L, 2 * width)
        forwards, backwards = h.chunk(2, dim=2)
        return joined(self.out(forwards + backwards), self.patch, x.shape[1])


@storable
class MultiScale(nn.Module):
    """Transformers at the full, half and quarter length, whose outputs are added.

    Each has its own positions and weights; the coarse ones see averaged noise. It is
    meant for long series.

    Parameters
    ----------
    in_features, out_features, n_timepoints, condition_features : int
        Sizes.
    n_scales : int, default=3
        Number of lengths.
    **options : dict
        Options of `DenoisingTransformer`.

    References
    ----------
    Duering (2023), "tts-gan", github.com/SerjoschDuering/tts-gan: the same three
    lengths, with weights of 1, 0.2 and 0.1, which are learned here.
    """

    conditioned: ClassVar[bool] = True

    def __init__(
        self,
        in_features: int,
        out_features: int,
        n_timepoints: int,
        condition_features: int,
        *,
        n_scales: int = 3,
        **options: Any,
    ) -> None:
        super().__init__()
        lengths = [-(-n_timepoints // 2**k) for k in range(n_scales)]
        self.parts = nn.ModuleList(
            DenoisingTransformer(
                in_features,
                out_features,
                n,
                condition_features,
                **{"dropout": 0.0, **options},
            )
            for n in lengths
        )
        self.weights = nn.Parameter(0.5 ** torch.arange(n_scales))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Map (B, T, in_features) to (B, T, out_features)."""
        n_timepoints, total = x.shape[1], x.new_zeros(())
        x = x.transpose(1, 2)
        for k, part in enumerate(self.parts):
            if k:
                x = math.sqrt(2) * F.avg_pool1d(x, 2, ceil_mode=True)
            out = part(x.transpose(1, 2), c).transpose(1, 2)
            out = F.interpolate(out, n_timepoints, mode="linear")
            total = total + self.weights[k] * out
        return total.transpose(1, 2)


GENERATORS: dict[str, Callable[..., nn.Module]] = {
    "mixer": partial(Mixer, dropout=0.0),
    "bilstm": BiLSTM,
    "transformer": partial(DenoisingTransformer, dropout=0.0),
    "multiscale": MultiScale,
}
