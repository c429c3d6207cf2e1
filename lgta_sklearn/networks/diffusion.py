"""The denoiser of a diffusion model for series.

Letters: ``u`` the shape of a series, (B, T, C); ``a`` its attributes, (B, K): the
levels and log-scales of its channels, if lengths vary its log-length, and codes, if it
has any; ``w`` the same attributes as normal scores; ``sigma`` the noise level, (B,);
``c`` the condition, (B, H); B batch, T time points, C channels, H hidden features.

The network estimates the clean values from noisy ones, ``x = x_0 + sigma * e``. As in
Karras et al. (2022) it is put together with its input, so that what the backbone has to
say has unit variance at every noise level:

    D(x, sigma, c) = c_skip(sigma) x + c_out(sigma) backbone(c_in(sigma) x, c)

One network serves generation and imputation. In imputation some values are known; level
and scale are those of the known values, and the network learns the difference between
the series and the straight lines that join the known values, which is zero there. In
generation no value is known, but level and scale are given; by choice (`joint`) a
second, small network generates these. Shapes are then generated in coordinates in which
channels are not correlated, so that small differences between similar channels are as
large as anything else.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.conditions import N_KNOTS, normal_scores, perceptron
from lgta_sklearn.networks.denoising import Mixer, build_denoiser
from lgta_sklearn.networks.layers import SeededModule
from lgta_sklearn.networks.masking import draw_known, interpolate

__all__ = ["Denoiser"]

N_LEVELS = 1024  # noise levels in training
N_FREQUENCIES = 16
OF_CHANNELS = "typical_scale", "level_variance", "level_doubt", "scale_doubt"
UNLABELLED = 0.1  # share of series in training whose class is not given
LEAST_VALIDATED = 256  # series that the held-out loss is measured on: few are repeated


@storable
class Denoiser(SeededModule):
    """Estimate clean series from noisy ones, given what is known.

    Parameters
    ----------
    n_channels, n_timepoints : int
        C and T of the series.
    backbone : callable
        As in `networks.denoising`.
    n_classes : int, default=1
        Number of classes.
    lengths_vary : bool, default=False
        Whether the attributes hold the log-length.
    n_codes : int, default=0
        Number of codes among the attributes.
    blur : float, default=0.0
        Standard deviation of the noise that is added to the normal scores in training,
        so that series are not told by them.
    mixing : float in [0, 1], default=0.0
        Share of a series, in training, that is a random mixture of its mates: as the
        sine of an angle, so that the variance stays.
    hidden_dim : int, default=128
        H, the width of the backbone.
    prediction : {"edm", "x", "noise"}, default="edm"
        What the backbone estimates: the mixture of Karras et al. (2022), the clean
        values, or the noise.
    joint : bool, default=False
        Whether the attributes are generated, too.
    masked : float in [0, 1], default=0.5
        Share of the series in training of which values are known.
    statistics : mapping of str to Tensor or None, default=None
        Statistics of the training series: `knots`, the quantiles of the attributes,
        `typical_scale` and `level_variance` of each channel, (C,), `level_doubt` and
        `scale_doubt`, (C,), the numbers of known values that tell as much about the
        level and the scale of a series as the other series do; `levels`, the noise
        levels; and `whiten`, the matrix that removes the correlation of channels. None
        leaves them to be loaded.
    generator : torch.Generator or None, default=None
        Source of randomness of the training.

    References
    ----------
    Ho et al. (2020), "Denoising diffusion probabilistic models", arXiv:2006.11239.
    Karras et al. (2022), "Elucidating the design space of diffusion-based generative
    models", arXiv:2206.00364. Tashiro et al. (2021), "CSDI: conditional score-based
    diffusion models for probabilistic time series imputation", arXiv:2107.03502.
    """

    knots: Tensor
    typical_scale: Tensor
    level_variance: Tensor
    level_doubt: Tensor
    scale_doubt: Tensor
    levels: Tensor
    whiten: Tensor

    def __init__(
        self,
        n_channels: int,
        n_timepoints: int,
        backbone: Callable[..., nn.Module],
        *,
        n_classes: int = 1,
        lengths_vary: bool = False,
        n_codes: int = 0,
        blur: float = 0.0,
        mixing: float = 0.0,
        hidden_dim: int = 128,
        prediction: str = "edm",
        joint: bool = False,
        masked: float = 0.5,
        statistics: Mapping[str, Tensor] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.n_channels, self.n_classes = n_channels, n_classes
        self.prediction, self.joint, self.masked = prediction, joint, masked
        self.blur, self.mixing = blur, mixing
        self.statistics, self.generator = statistics, generator
        n_attributes = 2 * n_channels + int(lengths_vary) + n_codes  # K
        self.n_attributes = n_attributes
        known = statistics or {}
        for name, shape in (
            ("knots", (N_KNOTS, n_attributes)),
            *((name, (n_channels,)) for name in OF_CHANNELS),
            ("levels", (N_LEVELS,)),
            ("whiten", (n_channels, n_channels)),
        ):
            self.register_buffer(name, known.get(name, torch.ones(shape)))
        self.condition = _Condition(n_attributes + 1, n_classes, hidden_dim)
        self.backbone = build_denoiser(
            backbone, 3 * n_channels, n_channels, n_timepoints, hidden_dim
        )
        self.of_scores: nn.Module | None = None
        if joint:
            self.of_scores = _ScoresDenoiser(n_attributes, n_classes, hidden_dim)

    def forward(
        self,
        shape: Tensor,
        attributes: Tensor,
        label: Tensor,
        mates: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Add noise to series and estimate them.

        Parameters
        ----------
        shape : Tensor of shape (B, T, C)
            Shapes, NaN where a value is missing or the series has ended.
        attributes : Tensor of shape (B, K)
            Attributes.
        label : Tensor of int of shape (B,)
            Numbers of classes.
        mates : Tensor of shape (B, M, T, C) or None, default=None
            Similar series, with which a series is mixed in training.

        Returns
        -------
        estimate, clean : Tensor of shape (B, T * C) or (B, T * C + K)
            Values and their estimate.
        weight : Tensor of the same shape
            Weight of their squared difference; 0 where it does not count.
        """
        generator = self.generator
        if not self.training:  # the same noise in each epoch, so that losses compare
            generator = torch.Generator().manual_seed(0)
            n_times = -(-LEAST_VALIDATED // len(shape))
            shape = shape.repeat(n_times, 1, 1)
            attributes, label = attributes.repeat(n_times, 1), label.repeat(n_times)
        elif mates is not None:
            shape = self._mixed(shape, mates)
        label, imputing, known = self._drawn_tasks(shape, label, generator)
        clean, counted, lines, w = self._targets(shape, attributes, known, imputing)
        if self.blur:
            noise = torch.randn(w.shape, generator=generator, dtype=w.dtype)
            w = w + self.blur * noise.to(w.device)
        x, sigma = self._noisy(clean, generator)
        x = x.masked_fill(known, 0.0)
        estimate = self.denoise(x, w, sigma, lines, known, imputing, label)
        weight = counted.flatten(1) * self._weight(sigma)[:, None]
        parts = [(estimate.flatten(1), clean.flatten(1), weight)]
        if self.of_scores is not None:
            w = self.scores(attributes)
            x, sigma = self._noisy(w, generator)
            weight = self._weight(sigma)[:, None].expand_as(w)
            parts.append((self.denoise_scores(x, sigma, label), w, weight))
        estimate, clean, weight = (
            torch.cat(of_both, dim=1) for of_both in zip(*parts, strict=True)
        )
        return estimate, clean, weight

    def _mixed(self, shape: Tensor, mates: Tensor) -> Tensor:
        """Return series, mixed with their mates around the mean of all."""
        mates = torch.where(mates.isnan(), shape[:, None], mates)
        mean = (shape + mates.sum(1)) / (1 + mates.shape[1])
        share = torch.randn(mates.shape[:2], generator=self.generator)
        share = F.normalize(share, dim=1).to(shape)[:, :, None, None]
        others = (share * (mates - mean[:, None])).sum(1)
        own = math.sqrt(1 - self.mixing**2)
        return mean + own * (shape - mean) + self.mixing * others

    def _drawn_tasks(
        self, shape: Tensor, label: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw which series are imputed, from which known values, and in no class."""
        n_rows, n_timepoints, n_channels = shape.shape
        unlabelled = UNLABELLED if self.n_classes > 1 else 0.0
        imputing, without = (
            (torch.rand(n_rows, generator=generator) < share).to(shape.device)
            for share in (self.masked, unlabelled)
        )
        known = draw_known(n_rows, n_timepoints, n_channels, generator)
        known = known.to(shape.device) & ~shape.isnan() & imputing[:, None, None]
        return label.masked_fill(imputing | without, self.n_classes), imputing, known

    def _targets(
        self, shape: Tensor, attributes: Tensor, known: Tensor, imputing: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return clean values, which of them count, lines, and normal scores."""
        present = ~shape.isnan()
        shape, attributes, _, _, lines = self.relative(
            shape, attributes, known, imputing
        )
        shape = interpolate(shape, present)  # a missing value is inconspicuous
        among = imputing[:, None, None]
        shape = torch.where(among, shape, shape @ self.whiten)
        present = torch.where(among, present, present.all(2, keepdim=True))
        clean = (shape - lines).masked_fill(known, 0.0)
        return clean, present & ~known, lines, self.scores(attributes)

    def _noisy(
        self, clean: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Return noisy values, and the noise level of each row, spread evenly."""
        n_rows = len(clean)
        part = torch.randperm(n_rows, generator=generator)
        quantile = (part + torch.rand(n_rows, generator=generator)) / n_rows
        index = (quantile * N_LEVELS).long().clamp(max=N_LEVELS - 1)
        sigma = self.levels[index.to(clean.device)]
        normal = torch.randn(clean.shape, generator=generator, dtype=clean.dtype)
        level = sigma.reshape(-1, *[1] * (clean.ndim - 1))
        return clean + level * normal.to(clean.device), sigma

    def relative(
        self, shape: Tensor, attributes: Tensor, known: Tensor, imputing: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return series relative to the level and scale of what is known.

        Parameters
        ----------
        shape : Tensor of shape (B, T, C)
            Shapes; anything where a value is missing.
        attributes : Tensor of shape (B, K)
            Attributes.
        known : Tensor of bool of shape (B, T, C)
            Which values are known.
        imputing : Tensor of bool of shape (B,)
            Which series are imputed: the others are not changed.

        Returns
        -------
        shape : Tensor of shape (B, T, C)
            Shapes relative to the known values.
        attributes : Tensor of shape (B, K)
            Attributes of the known values.
        level, scale : Tensor of shape (B, 1, C)
            Level and scale of the known values, in units of the given shape.
        lines : Tensor of shape (B, T, C)
            Lines between the known values, relative to them.
        """
        before, log_scale, more = attributes.tensor_split(
            [self.n_channels, 2 * self.n_channels], dim=1
        )
        unit = log_scale.exp()[:, None]
        usual = -before[:, None] / unit  # the mean level is 0
        n_known = known.sum(1, keepdim=True)
        values = shape.where(known, 0.0)
        # means of what is known and of what is usual, as series differ in it
        doubt = self.level_doubt / (n_known + self.level_doubt)
        level = (values.sum(1, keepdim=True) + self.level_doubt * usual) / (
            n_known + self.level_doubt
        )
        squares = ((values - level) ** 2).where(known, 0.0).sum(1, keepdim=True)
        typical = (self.typical_scale**2 + doubt * self.level_variance) / unit**2
        scale = (squares + self.scale_doubt * typical) / (n_known + self.scale_doubt)
        scale = scale.sqrt()
        unchanged = ~imputing[:, None, None]
        level, scale = level.masked_fill(unchanged, 0), scale.masked_fill(unchanged, 1)
        before = before + (unit * level)[:, 0]
        attributes = torch.cat([before, log_scale + scale[:, 0].log(), more], dim=1)
        shape = (shape - level) / scale
        return shape, attributes, level, scale, interpolate(shape, known)

    def denoise(  # noqa: PLR0917
        self,
        x: Tensor,
        w: Tensor,
        sigma: Tensor,
        lines: Tensor,
        known: Tensor,
        imputing: Tensor,
        label: Tensor,
    ) -> Tensor:
        """Estimate clean values.

        Parameters
        ----------
        x : Tensor of shape (B, T, C)
            Noisy differences from `lines`.
        w : Tensor of shape (B, K)
            Normal scores of the attributes.
        sigma : Tensor of shape (B,)
            Noise levels.
        lines : Tensor of shape (B, T, C)
            Lines between known values.
        known : Tensor of bool of shape (B, T, C)
            Which values are known.
        imputing : Tensor of bool of shape (B,)
            Whether the series is imputed.
        label : Tensor of int of shape (B,)
            Numbers of classes; `n_classes` if the class is not known.

        Returns
        -------
        Tensor of shape (B, T, C)
            Estimated differences.
        """
        skip, out, into = (
            part[:, None, None] for part in _preconditioning(sigma, self.prediction)
        )
        features = torch.cat([w, imputing[:, None].to(w.dtype)], dim=1)
        c = self.condition(sigma, label, features)
        inputs = torch.cat([into * x, lines, known.to(x.dtype)], dim=2)
        estimate = skip * x + out * self.backbone(inputs, c)
        return estimate.masked_fill(known, 0.0)

    def denoise_scores(self, x: Tensor, sigma: Tensor, label: Tensor) -> Tensor:
        """Estimate the clean normal scores of attributes.

        Parameters
        ----------
        x : Tensor of shape (B, K)
            Noisy normal scores.
        sigma : Tensor of shape (B,)
            Noise levels.
        label : Tensor of int of shape (B,)
            Numbers of classes.

        Returns
        -------
        Tensor of shape (B, K)
            Estimated normal scores.
        """
        skip, out, into = (
            part[:, None] for part in _preconditioning(sigma, self.prediction)
        )
        estimate: Tensor = self.of_scores(into * x, sigma, label)  # type: ignore[misc]
        return skip * x + out * estimate

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

    def _weight(self, sigma: Tensor) -> Tensor:
        """Return the weight of squared errors: what the backbone says counts alike."""
        if self.prediction == "noise":
            return 1 / sigma**2
        return (1 + sigma**2) / sigma**2


class _Condition(nn.Module):
    """Noise level, class and further features as one vector."""

    def __init__(self, n_features: int, n_classes: int, hidden_dim: int) -> None:
        super().__init__()
        self.of_noise = perceptron(2 * N_FREQUENCIES, hidden_dim)
        self.of_class = nn.Embedding(n_classes + 1, hidden_dim)
        self.of_features = perceptron(n_features, hidden_dim) if n_features else None

    def forward(
        self, sigma: Tensor, label: Tensor, features: Tensor | None = None
    ) -> Tensor:
        """Map (B,), (B,) and (B, n_features) to (B, hidden_dim)."""
        c: Tensor = self.of_noise(_waves(sigma)) + self.of_class(label)
        return c if self.of_features is None else c + self.of_features(features)


class _ScoresDenoiser(nn.Module):
    """Multilayer perceptron for the attributes."""

    def __init__(self, n_attributes: int, n_classes: int, hidden_dim: int) -> None:
        super().__init__()
        self.condition = _Condition(0, n_classes, hidden_dim)
        # a sequence of one time point, whose features are the attributes
        self.backbone = Mixer(n_attributes, n_attributes, 1, hidden_dim, patch=1)

    def forward(self, x: Tensor, sigma: Tensor, label: Tensor) -> Tensor:
        """Map (B, K), (B,) and (B,) to (B, K)."""
        out: Tensor = self.backbone(x[:, None], self.condition(sigma, label))
        return out[:, 0]


def _preconditioning(sigma: Tensor, prediction: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return c_skip, c_out and c_in, (B,) each."""
    total = (1 + sigma**2).sqrt()
    if prediction == "x":
        return torch.zeros_like(sigma), torch.ones_like(sigma), 1 / total
    if prediction == "noise":
        return torch.ones_like(sigma), -sigma, 1 / total
    return 1 / total**2, sigma / total, 1 / total


def _waves(sigma: Tensor) -> Tensor:
    """Return sines and cosines of the log of noise levels, (B, 2 * N_FREQUENCIES)."""
    steps = torch.arange(N_FREQUENCIES, dtype=sigma.dtype, device=sigma.device)
    frequency = 0.2 * 40 ** (steps / (N_FREQUENCIES - 1))  # 0.2 to 8
    angle = sigma.log()[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=1)
