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
group of the series (see `augmenters._groups`), and learns what is left:

    x = mean + R (y + backbone(y, c))        with white noise y

with the symmetric root R of the covariance over time. So its series are as smooth as
real ones from the first step on, and the critic can see differences, too: beside the
values it gets their first and second differences, divided by the root of their typical
size. Its backbone is one of `networks.denoising`: it maps a sequence of noise, given a
condition (level, scale, group, and noise that all time points share), to a sequence.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.conditions import N_KNOTS, Condition, normal_scores
from lgta_sklearn.networks.critics import MINIBATCH
from lgta_sklearn.networks.denoising import build_denoiser
from lgta_sklearn.networks.layers import SeededModule

__all__ = ["Adversaries"]

N_DIFFERENCES = 2  # orders of the differences that a critic sees
MOST_AXES = 128  # over time, along which the variance is known
# layers that start at zero have no norm to be divided by
ZEROED = re.compile(r".*\.modulate|generative\..*\.out")
SMALL = 1e-4  # added to a variance, so that a constant shape has a gradient


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
    n_groups : int, default=1
        Number of groups of series: classes, and kinds of shapes within a class.
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
        channels `axes`, (C, T, k), principal axes over time, for each of the groups
        `mean`, (n_groups, T, C), `spread`, (n_groups, C, k), the standard deviations
        along the axes, and `rest`, (n_groups, C, 1), that along other axes, and
        `units`, (N_DIFFERENCES, C), by which differences are divided for the critic.
        None leaves them to be loaded.
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
        n_groups: int = 1,
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
            ("mean", torch.zeros(n_groups, n_timepoints, n_channels)),
            ("axes", torch.zeros(n_channels, n_timepoints, n_axes)),
            ("spread", torch.ones(n_groups, n_channels, n_axes)),
            ("rest", torch.ones(n_groups, n_channels, 1)),
        ):
            self.register_buffer(name, known.get(name, default))
        self.generative = _Generative(
            backbone, self.layout, n_attributes + noise_dim, n_groups, hidden_dim
        )
        self.critic = _Critical(
            critic, self.layout, gaps, n_attributes, n_groups, hidden_dim, minibatch
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
        self, z: Tensor, w: Tensor, group: Tensor, present: Tensor, free: Tensor
    ) -> Tensor:
        """Return generated series as the critic sees them.

        Parameters
        ----------
        z : Tensor of shape (B, G + T * C)
            Noise.
        w : Tensor of shape (B, K)
            Normal scores of the attributes.
        group : Tensor of int of shape (B,)
            Numbers of groups.
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
        u = self._generated(z, w, group)
        return self._seen(_standardised(u, present.to(u.dtype), free), present)

    def generate(self, z: Tensor, attributes: Tensor, group: Tensor) -> Tensor:
        """Return generated shapes.

        Parameters
        ----------
        z : Tensor of shape (B, G + T * C)
            Noise.
        attributes : Tensor of shape (B, K)
            Attributes.
        group : Tensor of int of shape (B,)
            Numbers of groups.

        Returns
        -------
        Tensor of shape (B, T, C)
            Shapes, not standardised.
        """
        return self._generated(z, self.scores(attributes), group)

    def _generated(self, z: Tensor, w: Tensor, group: Tensor) -> Tensor:
        """Return generated shapes, given normal scores of attributes."""
        shared, sequence = z.tensor_split([self.noise_dim], dim=1)
        features = torch.cat([w, shared], dim=1)
        y = sequence.unflatten(1, self.layout)
        y = y + self.generative(y, features, group)
        return (self.mean[group] + self._coloured(y, group)) @ self.colour

    def _coloured(self, y: Tensor, group: Tensor) -> Tensor:
        """Multiply by the symmetric root of the covariance over time, (B, T, C)."""
        spread, rest = self.spread[group], self.rest[group]
        along = torch.einsum("ctk,btc->bck", self.axes, y) * (spread - rest)
        rough = rest.transpose(1, 2) * y
        return rough + torch.einsum("ctk,bck->btc", self.axes, along)

    def judged(
        self, sets: list[Tensor], present: Tensor, w: Tensor, group: Tensor
    ) -> list[Tensor]:
        """Return the scores of sets of series that share attributes and groups.

        Parameters
        ----------
        sets : list of Tensor of shape (B, T, (1 + N_DIFFERENCES) * C)
            Series, as `real` and `imitated` return them.
        present : Tensor of bool of shape (B, T, C)
            Which values are not missing.
        w : Tensor of shape (B, K)
            Normal scores of the attributes.
        group : Tensor of int of shape (B,)
            Numbers of groups.

        Returns
        -------
        list of Tensor of shape (B,)
            Scores; higher is more real.
        """
        n = len(sets)
        x = torch.cat(sets)
        if self.gaps:
            x = torch.cat([x, present.to(x.dtype).repeat(n, 1, 1)], dim=2)
        scores: Tensor = self.critic(x, w.repeat(n, 1), group.repeat(n), n)
        return list(scores.chunk(n))


class _Generative(nn.Module):
    """A backbone between noise and series, given numbers and a group."""

    def __init__(
        self,
        backbone: Callable[..., nn.Module],
        layout: tuple[int, int],
        n_features: int,
        n_groups: int,
        hidden_dim: int,
    ) -> None:
        super().__init__()
        n_timepoints, n_channels = layout
        self.condition = Condition(n_features, n_groups, hidden_dim)
        self.backbone = build_denoiser(
            backbone, n_channels, n_channels, n_timepoints, hidden_dim
        )

    def forward(self, z: Tensor, features: Tensor, group: Tensor) -> Tensor:
        """Map (B, T, C), (B, n_features) and (B,) to (B, T, C)."""
        x: Tensor = self.backbone(z, self.condition(features, group))
        return x


class _Critical(nn.Module):
    """A critic, its comparison of the series of a batch, and the score."""

    def __init__(  # noqa: PLR0917
        self,
        critic: Callable[..., nn.Module],
        layout: tuple[int, int],
        gaps: bool,
        n_attributes: int,
        n_groups: int,
        hidden_dim: int,
        minibatch: str | None,
    ) -> None:
        super().__init__()
        n_timepoints, n_channels = layout
        in_features = n_channels * (1 + N_DIFFERENCES + int(gaps))
        self.condition = Condition(n_attributes, n_groups, hidden_dim)
        self.backbone = critic(in_features, 2 * hidden_dim, n_timepoints, hidden_dim)
        self.compare = MINIBATCH[minibatch](2 * hidden_dim)
        self.score = nn.Linear(2 * hidden_dim + self.compare.n_added, 1)
        self.project = nn.Linear(hidden_dim, 2 * hidden_dim)

    def forward(self, x: Tensor, w: Tensor, group: Tensor, n_sets: int) -> Tensor:
        """Map (B, T, in_features), (B, K) and (B,) to (B,)."""
        c = self.condition(w, group)
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
