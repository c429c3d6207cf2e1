"""A generator of series and its critic.

Letters: ``u`` the shape of a series, (B, T, C); ``x`` the same with uncorrelated
channels, in which small differences between similar channels are as large as anything
else; ``w`` its attributes (level, log-scale, log-length) as normal scores, (B, K), see
`networks.conditions`; ``z`` noise, (B, G + T * C); ``c`` the condition, (B, H); B
batch, T time points, C channels, H hidden features.

Level and scale are not generated: both networks are given those of the series. So a
generated shape is standardised as a real one is, and the critic cannot tell it by its
mean or its standard deviation.

A generator starts as the Gaussian process with the mean and the covariance of the
series, and learns what is left:

    x = mean + R (y + backbone(y, c))        with white noise y

with the symmetric root R of the covariance over time. So its series are as smooth as
real ones from the first step on, and the critic can see differences, too: beside the
values it gets their first and second differences, divided by the root of their typical
size. Its backbone is one of `networks.denoising`: it maps a sequence of noise, given a
condition (level, scale, class, and noise that all time points share), to a sequence.

A critic is called with
``(in_features, out_features, n_timepoints, condition_features)`` and maps a sequence,
(B, T, in_features), and a condition, (B, condition_features), to features, (B,
out_features), of which the score is a linear function.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.conditions import N_KNOTS, Condition, normal_scores
from lgta_sklearn.networks.denoising import (
    DenoisingTransformer,
    Mixer,
    build_denoiser,
    choose_patch,
    zeroed,
)
from lgta_sklearn.networks.layers import Conv, SeededModule

__all__ = [
    "CRITICS",
    "GENERATORS",
    "Adversaries",
    "BiLSTM",
    "CNNCritic",
    "MinibatchDeviation",
    "MinibatchDiscrimination",
    "MultiScale",
    "TransformerCritic",
]

N_DIFFERENCES = 2  # orders of the differences that a critic sees
MOST_AXES = 128  # over time, along which the variance is known
# layers that start at zero have no norm to be divided by
ZEROED = re.compile(r".*\.modulate|generative\..*\.out")
SMALL = 1e-4  # added to a variance, so that a constant shape has a gradient
SLOPE = 0.2  # of leaky rectified units
GROUP = 8  # series that are compared with each other by a minibatch layer
SHORTEST, LONGEST = 4, 32  # lengths between which a critic convolves


@storable
class Adversaries(SeededModule):
    """A generator and its critic, which learn from each other.

    It has no `forward`: the net of `training.adversarial` calls its parts in turn.

    Parameters
    ----------
    n_channels, n_timepoints : int
        C and T of the series.
    backbone : callable
        Of the generator.
    critic : callable
        Critic.
    n_classes : int, default=1
        Number of classes.
    lengths_vary : bool, default=False
        Whether the attributes hold the log-length.
    hidden_dim : int, default=64
        H, the width of both.
    noise_dim : int, default=16
        G, the noise that all time points share.
    minibatch : {"deviation", "discrimination"} or None, default="deviation"
        How the critic compares the series of a batch with each other.
    normalised : bool, default=False
        Whether the weights of linear layers (also within convolutions) have spectral
        norm 1.
    gaps : bool, default=False
        Whether the critic is told which values are missing.
    statistics : mapping of str to Tensor or None, default=None
        Statistics of the training series: `knots`, the quantiles of the attributes,
        (N_KNOTS, K); `whiten` and `colour`, (C, C), the matrix that removes the
        correlation of channels, and its inverse; and of series with uncorrelated
        channels `mean`, (T, C), `axes`, (C, T, k), and `spread`, (C, k), the principal
        axes over time and the standard deviations along them, `rest`, (C, 1), that
        along other axes, and `units`, (N_DIFFERENCES, C), by which differences are
        divided for the critic. None leaves them to be loaded.
    generator : torch.Generator or None, default=None
        Source of noise in the training.
    distance : callable or None, default=None
        Measures how far generated shapes are from held-out ones, in the training.

    References
    ----------
    Goodfellow et al. (2014), "Generative adversarial nets", arXiv:1406.2661; the
    condition enters the score as in Miyato and Koyama (2018), "cGANs with projection
    discriminator", arXiv:1802.05637.
    """

    knots: Tensor
    whiten: Tensor
    colour: Tensor
    mean: Tensor
    axes: Tensor
    spread: Tensor
    rest: Tensor
    units: Tensor

    def __init__(
        self,
        n_channels: int,
        n_timepoints: int,
        backbone: Callable[..., nn.Module],
        critic: Callable[..., nn.Module],
        *,
        n_classes: int = 1,
        lengths_vary: bool = False,
        hidden_dim: int = 64,
        noise_dim: int = 16,
        minibatch: str | None = "deviation",
        normalised: bool = False,
        gaps: bool = False,
        statistics: Mapping[str, Tensor] | None = None,
        generator: torch.Generator | None = None,
        distance: Any = None,
    ) -> None:
        super().__init__()
        self.layout, self.noise_dim = (n_timepoints, n_channels), noise_dim
        self.gaps, self.generator, self.distance = gaps, generator, distance
        self.statistics, known = statistics, statistics or {}
        n_attributes = 2 * n_channels + int(lengths_vary)
        unit, n_axes = torch.eye(n_channels), min(n_timepoints, MOST_AXES)
        for name, default in (
            ("knots", torch.ones(N_KNOTS, n_attributes)),
            ("whiten", unit),
            ("colour", unit),
            ("units", torch.ones(N_DIFFERENCES, n_channels)),
            ("mean", torch.zeros(n_timepoints, n_channels)),
            ("axes", torch.zeros(n_channels, n_timepoints, n_axes)),
            ("spread", torch.ones(n_channels, n_axes)),
            ("rest", torch.ones(n_channels, 1)),
        ):
            self.register_buffer(name, known.get(name, default))
        self.generative = _Generative(
            backbone, self.layout, n_attributes + noise_dim, n_classes, hidden_dim
        )
        self.critic = _Critical(
            critic, self.layout, gaps, n_attributes, n_classes, hidden_dim, minibatch
        )
        if normalised:
            for name, part in [*self.named_modules()]:
                if isinstance(part, nn.Linear) and not ZEROED.fullmatch(name):
                    spectral_norm(part)

    def scores(self, attributes: Tensor) -> Tensor:
        """Return attributes as normal scores.

        Parameters
        ----------
        attributes : Tensor of shape (B, K)
            Attributes.

        Returns
        -------
        Tensor of shape (B, K)
            Normal quantiles of their ranks among the training series.
        """
        return normal_scores(attributes, self.knots)

    def real(self, shape: Tensor) -> Tensor:
        """Return real series as the critic sees them.

        Parameters
        ----------
        shape : Tensor of shape (B, T, C)
            Shapes, NaN where a value is missing or the series has ended.

        Returns
        -------
        Tensor of shape (B, T, (1 + N_DIFFERENCES) * C)
            Series with uncorrelated channels, and their scaled differences; 0 where a
            channel is missing.
        """
        return self._seen(shape.nan_to_num(), ~shape.isnan())

    def _seen(self, u: Tensor, present: Tensor) -> Tensor:
        """Return shapes with uncorrelated channels, and their scaled differences."""
        x = u @ self.whiten
        parts = [x * present.to(x.dtype)]
        for unit in self.units:
            x = x[:, 1:] - x[:, :-1]
            present = present[:, 1:] & present[:, :-1]
            part = x / unit * present.to(x.dtype)
            parts.append(F.pad(part, (0, 0, u.shape[1] - x.shape[1], 0)))
        return torch.cat(parts, dim=2)

    def noise(self, n_rows: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw noise for the generator.

        Parameters
        ----------
        n_rows : int
            B.
        generator : torch.Generator or None, default=None
            Source; None takes that of the training.

        Returns
        -------
        Tensor of shape (B, G + T * C)
            Standard normal numbers.
        """
        generator = self.generator if generator is None else generator
        z = torch.randn(n_rows, self.n_noise, generator=generator)
        return z.to(self.whiten.device)

    @property
    def n_noise(self) -> int:
        """Return the number of noise values of a series.

        Returns
        -------
        int
            G + T * C.
        """
        return self.noise_dim + math.prod(self.layout)

    def imitated(
        self, z: Tensor, w: Tensor, label: Tensor, present: Tensor, free: Tensor
    ) -> Tensor:
        """Return generated series as the critic sees them.

        Parameters
        ----------
        z : Tensor of shape (B, G + T * C)
            Noise.
        w : Tensor of shape (B, K)
            Normal scores of the attributes.
        label : Tensor of int of shape (B,)
            Numbers of classes.
        present : Tensor of bool of shape (B, T, C)
            Which values a real series has in this place.
        free : Tensor of bool of shape (B, C)
            Whether the scale of the channel is above its floor.

        Returns
        -------
        Tensor of shape (B, T, (1 + N_DIFFERENCES) * C)
            Series with uncorrelated channels, and their scaled differences; 0 where a
            channel is missing.
        """
        u = self._generated(z, w, label)
        return self._seen(_standardised(u, present.to(u.dtype), free), present)

    def generate(self, z: Tensor, attributes: Tensor, label: Tensor) -> Tensor:
        """Return generated shapes.

        Parameters
        ----------
        z : Tensor of shape (B, G + T * C)
            Noise.
        attributes : Tensor of shape (B, K)
            Attributes.
        label : Tensor of int of shape (B,)
            Numbers of classes.

        Returns
        -------
        Tensor of shape (B, T, C)
            Shapes, not standardised.
        """
        return self._generated(z, self.scores(attributes), label)

    def _generated(self, z: Tensor, w: Tensor, label: Tensor) -> Tensor:
        """Return generated shapes, given normal scores of attributes."""
        shared, sequence = z.tensor_split([self.noise_dim], dim=1)
        features = torch.cat([w, shared], dim=1)
        y = sequence.unflatten(1, self.layout)
        y = y + self.generative(y, features, label)
        return (self.mean + self._coloured(y)) @ self.colour

    def _coloured(self, y: Tensor) -> Tensor:
        """Multiply by the symmetric root of the covariance over time, (B, T, C)."""
        along = torch.einsum("ctk,btc->bck", self.axes, y) * (self.spread - self.rest)
        return self.rest[:, 0] * y + torch.einsum("ctk,bck->btc", self.axes, along)

    def judged(
        self, sets: list[Tensor], present: Tensor, w: Tensor, label: Tensor
    ) -> list[Tensor]:
        """Return the scores of sets of series that share attributes and classes.

        Parameters
        ----------
        sets : list of Tensor of shape (B, T, (1 + N_DIFFERENCES) * C)
            Series, as `real` and `imitated` return them.
        present : Tensor of bool of shape (B, T, C)
            Which values are not missing.
        w : Tensor of shape (B, K)
            Normal scores of the attributes.
        label : Tensor of int of shape (B,)
            Numbers of classes.

        Returns
        -------
        list of Tensor of shape (B,)
            Scores; higher is more real.
        """
        n = len(sets)
        x = torch.cat(sets)
        if self.gaps:
            x = torch.cat([x, present.to(x.dtype).repeat(n, 1, 1)], dim=2)
        scores: Tensor = self.critic(x, w.repeat(n, 1), label.repeat(n), n)
        return list(scores.chunk(n))


class _Generative(nn.Module):
    """A backbone between noise and series, given numbers and a class."""

    def __init__(
        self,
        backbone: Callable[..., nn.Module],
        layout: tuple[int, int],
        n_features: int,
        n_classes: int,
        hidden_dim: int,
    ) -> None:
        super().__init__()
        n_timepoints, n_channels = layout
        self.condition = Condition(n_features, n_classes, hidden_dim)
        self.backbone = build_denoiser(
            backbone, n_channels, n_channels, n_timepoints, hidden_dim
        )

    def forward(self, z: Tensor, features: Tensor, label: Tensor) -> Tensor:
        """Map (B, T, C), (B, n_features) and (B,) to (B, T, C)."""
        x: Tensor = self.backbone(z, self.condition(features, label))
        return x


class _Critical(nn.Module):
    """A critic, its comparison of the series of a batch, and the score."""

    def __init__(  # noqa: PLR0917
        self,
        critic: Callable[..., nn.Module],
        layout: tuple[int, int],
        gaps: bool,
        n_attributes: int,
        n_classes: int,
        hidden_dim: int,
        minibatch: str | None,
    ) -> None:
        super().__init__()
        n_timepoints, n_channels = layout
        in_features = n_channels * (1 + N_DIFFERENCES + int(gaps))
        self.condition = Condition(n_attributes, n_classes, hidden_dim)
        self.backbone = critic(in_features, 2 * hidden_dim, n_timepoints, hidden_dim)
        self.compare = MINIBATCH[minibatch](2 * hidden_dim)
        self.score = nn.Linear(2 * hidden_dim + self.compare.n_added, 1)
        self.project = nn.Linear(hidden_dim, 2 * hidden_dim)

    def forward(self, x: Tensor, w: Tensor, label: Tensor, n_sets: int) -> Tensor:
        """Map (B, T, in_features), (B, K) and (B,) to (B,)."""
        c = self.condition(w, label)
        features = self.backbone(x, c)
        projected = (self.project(c) * features).mean(1)
        scores: Tensor = self.score(self.compare(features, n_sets))[:, 0] + projected
        return scores


def _standardised(u: Tensor, there: Tensor, free: Tensor) -> Tensor:
    """Return shapes with mean 0 and, where scales are free, standard deviation 1."""
    count = there.sum(1, keepdim=True).clamp(min=1)
    u = (u - (u * there).sum(1, keepdim=True) / count) * there
    deviation = ((u**2).sum(1, keepdim=True) / count + SMALL).sqrt()
    return torch.where(free[:, None], u / deviation, u)


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
        h = self.embed(_patches(x, self.patch)) + self.positions
        h = self.lstm(h + self.modulate(c)[:, None])[0]  # (B, L, 2 * width)
        forwards, backwards = h.chunk(2, dim=2)
        out = self.out(forwards + backwards)
        return out.unflatten(2, (self.patch, -1)).flatten(1, 2)[:, : x.shape[1]]


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
        stride = stride or choose_stride(n_timepoints)
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
        tokens = _patches(self.transformer(x, c), self.patch)  # (B, L, features)
        return F.leaky_relu(self.out(tokens.mean(1)), SLOPE)


def choose_stride(n_timepoints: int) -> int:
    """Return the step of the first convolution of a critic.

    Parameters
    ----------
    n_timepoints : int
        Length of the series.

    Returns
    -------
    int
        The smallest power of two that leaves at most 32 steps.
    """
    stride = 1
    while n_timepoints > LONGEST * stride:
        stride *= 2
    return stride


def _patches(x: Tensor, patch: int) -> Tensor:
    """Return (B, T, features) as (B, L, patch * features), padded by zeros."""
    x = F.pad(x, (0, 0, 0, -x.shape[1] % patch))
    return x.unflatten(1, (-1, patch)).flatten(2)


GENERATORS: dict[str, Callable[..., nn.Module]] = {
    "mixer": partial(Mixer, dropout=0.0),
    "bilstm": BiLSTM,
    "transformer": partial(DenoisingTransformer, dropout=0.0),
    "multiscale": MultiScale,
}
CRITICS: dict[str, Callable[..., nn.Module]] = {
    "cnn": CNNCritic,
    "transformer": TransformerCritic,
}
