"""`DiffusionAugmenter`: a denoising diffusion model as a scikit-learn estimator.

Letters: ``X`` series, (n, C, T); ``m`` their levels and ``s`` their scales, (n, C);
``U`` their shapes, ``X = m + s * U``; ``V`` the attributes ``(m, log s)``, with the log
of the length if lengths vary; ``w`` the attributes as normal scores; ``x`` noisy
shapes, (n, T, C), of the noise level ``sigma``; ``D`` the denoiser.

    sample       X = m + s * U    with (m, log s) drawn and U sampled given them
    variation    U with noise of some level, which D removes
    imputation   what is hidden is sampled given what is known
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from lgta_sklearn._chunks import BLOCK
from lgta_sklearn._files.registry import storable
from lgta_sklearn._parameters import AT_LEAST_ONE, POSITIVE, Bounds, Constraint
from lgta_sklearn._random import Use, as_int, stream, torch_stream
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._attributes import MIN_SPREAD, AttributeSpace
from lgta_sklearn.augmenters._conditions import ChannelStatistics, Conditions
from lgta_sklearn.augmenters._imputing import MultipleImputationMixin
from lgta_sklearn.augmenters._scoring import ScoringMixin
from lgta_sklearn.augmenters._trained import SeriesParts, TrainedAugmenter
from lgta_sklearn.augmenters._varying import Perturbation, Rngs, VaryingMixin
from lgta_sklearn.density import LocalDensity, make_density
from lgta_sklearn.diffusion import (
    SAMPLERS,
    SCHEDULES,
    EDMSchedule,
    dpm_solver,
    log_density_bound,
    noisy_start,
)
from lgta_sklearn.gaps import interpolate_gaps

__all__ = ["DiffusionAugmenter"]

# where levels drift: shapes are new, so that levels may be nearer to those of series
DRIFTING = LocalDensity(leave_below=0.85)
NATURAL_NOISE = 0.2  # level of the noise of a variation, before it is calibrated
BUDGET: dict[str, Any] = {
    "min_steps": 1500,
    "max_steps": 5300,
    "steps_per_root": 120,
    "min_batch": 128,
    "max_batch": 128,
    "lr": 2e-3,
    "min_batches": 20,
}
JOINT_STEPS = 4100  # at most: a step that also learns levels takes 30 % longer
FEWEST_JOINT = 25  # series for each attribute: fewer do not suffice to learn levels
DRAWS = 32  # of a series, which are computed together
VARIATION_STEPS, SCORE_LEVELS = 6, 16
LEAST_MAX, HIDING = 10.0, 1.5  # highest level, also in units of the root of the length


@storable
class DiffusionAugmenter(
    MultipleImputationMixin, VaryingMixin, ScoringMixin, TrainedAugmenter
):
    """Learn a set of time series by denoising; sample, vary and impute series.

    A network learns to remove noise from the shapes of series, given their level and
    scale. Sampling starts at noise and removes it step by step. Of a training series
    nothing is kept but, by some `levels`, its level and scale: the fitted object and
    its file hold no shape. So it is the family for data that cannot be shared, for gaps
    (`sample_imputations` draws what may have been there; only what is nearly straight,
    such as counters, is filled better by straight lines), and for many series. It
    trains for minutes, `LatentAugmenter` for seconds, which of few series, say less
    than five hundred, also makes the better samples.

    In a `Pipeline` the series are varied **while training only**, as by
    `LatentAugmenter`: ``fit_transform`` varies them, ``transform`` returns them
    unchanged.

    Parameters
    ----------
    backbone : {"mixer", "unet", "transformer"} or callable, default="mixer"
        Sequence model of the denoiser: a name, or a class (or a ``functools.partial``
        of one) as `networks.denoising` describes them. Those of `LatentAugmenter`
        (`networks.backbones`) can be used, too.
    hidden_dim : int, default=128
        Width of the network.
    levels : {"auto", "given", "joint"}, default="auto"
        How levels and scales are sampled: ``"given"`` draws them from `density`, and
        the shape given them; ``"joint"`` generates them by a network of their own, so
        that those of a series are not kept. ``"auto"`` is ``"given"`` if there are
        fewer than 50 series for each channel, or if levels or scales drift (by the test
        of `density.LocalDensity`), else ``"joint"``.
    schedule : {"edm", "linear", "cosine"} or object, default="edm"
        Noise levels of training and sampling, see `lgta_sklearn.diffusion`. ``"edm"``
        samples from a highest level of 10, or, if that is more, 1.5 times the root of
        the number of time points.
    prediction : {"edm", "x", "noise"}, default="edm"
        What the network estimates: a mixture of both that has unit variance (Karras et
        al., 2022), the series, or the noise.
    sampler : {"dpm_solver", "ddim", "heun"} or callable, default="dpm_solver"
        Sampler, see `lgta_sklearn.diffusion`; options are set by
        ``functools.partial(ddim, eta=1.0)``.
    n_steps : int, default=20
        Steps of the sampler. Fewer make draws too wide: 10 by 7 % of their standard
        deviation, 20 by 1 %.
    masked : float in [0, 1], default=0.5
        Share of the training that is spent on imputation: series of which some values
        are shown to the network. 0 gives the best samples for the time, but the
        network then cannot impute.
    strength : float or None, default=None
        Mean distance by which `augment` and `fit_transform` move series: root mean
        square over time, as a share of a series' own standard deviation; 0 is exactly
        the identity. None adds noise of a fifth of the standard deviation.
    density : {"auto", "local", "mixture", "normal"} or object, default="auto"
        Density of levels and log-scales, for each class, as in `LatentAugmenter`. Not
        used if `levels` is ``"joint"``.
    rejection_sampling : bool, default=False
        Whether samples that a critic tells from the training series are drawn again, by
        discriminator rejection sampling: `fit` takes longer, since it draws four
        samples for each training series, and `sample` several times as long. It takes
        100 training series.
    on_transform : {"identity", "augment"}, default="identity"
        What `transform` does.
    gaps : {"keep", "fill"}, default="keep"
        Treatment of missing values (NaN). ``"keep"``: series keep them where they are,
        and samples get the gaps of a training series with a similar level and scale.
        ``"fill"``: `fit_transform`, `transform` and `augment` fill them as `impute`
        does.
    max_epochs : int or None, default=None
        Largest number of passes over the series. None takes that of `net`, or the
        number that gives 1500 optimisation steps (for few series) to 5300 (for
        thousands; 4100 if levels are joint), of about 55 ms each (75 ms) for windows of
        24 points on one core.
    batch_size : int or None, default=None
        Series per step. None takes that of `net`, or 128.
    lr : float or None, default=None
        Peak learning rate of a warmup-stable-decay schedule. None takes that of `net`,
        or 0.002.
    validation_fraction : float in [0, 0.9], default=0.1
        Share of the series that is held out: training ends when the averaged weights
        have not improved on them for a quarter of the plan, and the best are kept. Of
        20 series or more at least 5 are held out; of fewer, none.
    net : skorch.NeuralNet or None, default=None
        Unfitted skorch net, as in `LatentAugmenter`.
    device : str, default="auto"
        ``"auto"`` (the best available), ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
    random_state : None, int, RandomState or Generator, default=None
        The same int gives the same model bit for bit on the same machine, and the same
        results from the same sequence of calls. Global states are not touched.
    verbose : int, default=0
        1 shows a progress bar with the loss and the time left.

    Attributes
    ----------
    module_ : torch.nn.Module
        The trained network, with averaged weights.
    device_ : str
        Device of the network.
    scaling_ : ScaleDecomposition
        Splits series into level, scale and shape.
    density_ : ClassConditionalDensity or None
        Fitted density of levels and log-scales of each class; None if `levels_` is
        ``"joint"``.
    grid_ : ValueGrid
        Observed values, to which samples are rounded in channels whose values recur.
    levels_ : {"given", "joint"}
        How levels and scales are sampled.
    classes_ : ndarray
        Labels, if `fit` was given some.
    n_iter_ : int
        Epochs that were run.
    history_ : list of dict
        One row per epoch: `epoch`, `train_loss`, `valid_loss` (of the averaged
        weights), `dur` (seconds).
    loss_curve_, validation_curve_ : list of float
        Mean squared errors of denoising per epoch, weighted so that 1 is what an
        untrained network has; the second is None if nothing was held out.
    n_channels_in_ : int
        Number of channels.
    n_timepoints_in_ : int
        Length of the series, or of the longest.
    lengths_vary_ : bool
        Whether the series differed in length.
    channel_scale_ : ndarray of shape (n_channels, 1)
        Power-of-two scale of each channel. `scaling_`, `grid_` and `density_` refer to
        values divided by it, of which the largest lies in [1, 2).
    n_features_in_ : int
        Number of time points, if the series came in two dimensions.
    feature_names_in_ : ndarray of str
        Column names, if the series came as a DataFrame.

    Warns
    -----
    MemorisationWarning
        If the loss on training series fell far below that on held-out series: they are
        too few. The weights from before are kept.

    See Also
    --------
    LatentAugmenter : Better and faster for few series.
    lgta_sklearn.diffusion : Noise levels and samplers.

    References
    ----------
    Ho et al. (2020), "Denoising diffusion probabilistic models", arXiv:2006.11239.
    Karras et al. (2022), "Elucidating the design space of diffusion-based generative
    models", arXiv:2206.00364. Tashiro et al. (2021), "CSDI: conditional score-based
    diffusion models for probabilistic time series imputation", arXiv:2107.03502. Meng
    et al. (2022), "SDEdit: guided image synthesis and editing with stochastic
    differential equations", arXiv:2108.01073.

    Examples
    --------
    >>> from lgta_sklearn import DiffusionAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = DiffusionAugmenter(
    ...     hidden_dim=16, max_epochs=5, random_state=0
    ... ).fit(X)
    >>> augmenter.sample(3).shape
    (3, 24)
    >>> augmenter.forecast(X[:, :18], n_draws=5).shape
    (5, 40, 6)
    """

    transformation = None  # noise is the only one
    uses_threads = True
    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "backbone": ["mixer", "unet", "transformer", callable],
        "hidden_dim": [AT_LEAST_ONE],
        "levels": ["auto", "given", "joint"],
        "schedule": [*SCHEDULES, "method grid"],
        "prediction": ["edm", "x", "noise"],
        "sampler": [*SAMPLERS, callable],
        "n_steps": [AT_LEAST_ONE],
        "masked": [Bounds(Real, 0, 1)],
        "strength": [None, Bounds(Real, 0)],
        "density": ["auto", "local", "mixture", "normal", "method sample"],
        "rejection_sampling": [True],
        "on_transform": ["identity", "augment"],
        "gaps": ["keep", "fill"],
        "max_epochs": [None, AT_LEAST_ONE],
        "batch_size": [None, AT_LEAST_ONE],
        "lr": [None, POSITIVE],
        "validation_fraction": [Bounds(Real, 0, 0.9)],
        "net": [None, "attribute module"],
        "verbose": [Bounds(Integral, 0), True],
    }

    def __init__(
        self,
        backbone: str | Callable[..., Any] = "mixer",
        *,
        hidden_dim: int = 128,
        levels: str = "auto",
        schedule: Any = "edm",
        prediction: str = "edm",
        sampler: str | Callable[..., Any] = "dpm_solver",
        n_steps: int = 20,
        masked: float = 0.5,
        strength: float | None = None,
        density: Any = "auto",
        rejection_sampling: bool = False,
        on_transform: str = "identity",
        gaps: str = "keep",
        max_epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        validation_fraction: float = 0.1,
        net: Any = None,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.backbone = backbone
        self.hidden_dim = hidden_dim
        self.levels = levels
        self.schedule = schedule
        self.prediction = prediction
        self.sampler = sampler
        self.n_steps = n_steps
        self.masked = masked
        self.strength = strength
        self.density = density
        self.rejection_sampling = rejection_sampling
        self.on_transform = on_transform
        self.gaps = gaps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.validation_fraction = validation_fraction
        self.net = net
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def score_samples(self, X: Any) -> np.ndarray:
        """Return a lower bound of the log density of each series: how likely it is.

        It is the variational bound of the shape given level and scale (Kingma et al.,
        2021), with the same fixed noise for every series, plus the log density of
        level, log-scale and length under a Gaussian. All are without units, so that a
        change of units does not change the score. Missing values have no term.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores in nats; higher is likelier.

        References
        ----------
        Kingma et al. (2021), "Variational diffusion models", arXiv:2107.00630.
        """
        self._check_ready()
        return self._map_panel(check_series(self, X, reset=False), self._bound)

    def _bound(self, panel: Panel) -> np.ndarray:
        """Return the lower bounds of the log densities of series."""
        parts = self._split(panel)
        of_levels = self._state.space.level_log_density(self._attributes(parts))
        return self._bound_of_shapes(parts) + of_levels

    def _bound_of_shapes(
        self, parts: SeriesParts, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the lower bounds of the log densities of shapes, given the rest."""
        series, clean = self._conditioned(parts, labels)
        known = ~np.isnan(parts.shape).any(axis=1)  # channels are mixed: all or none
        bound = log_density_bound(
            lambda x, sigma: self._denoised(series, x, sigma),
            clean,
            np.broadcast_to(known[:, :, None], clean.shape),
            self._schedule().grid(SCORE_LEVELS)[-2::-1],
            stream(self._state.seed, Use.DIFFUSION),
        )
        _, volume = np.linalg.slogdet(self._state.statistics.whiten)
        whole: np.ndarray = bound + known.sum(axis=1) * volume
        return whole

    def _schedule(self) -> Any:
        """Return the schedule of the noise levels."""
        if self.schedule == "edm":
            # the noise must hide series whose values all move together, too
            spread = math.sqrt(self.n_timepoints_in_)
            return EDMSchedule(sigma_max=max(LEAST_MAX, HIDING * spread))
        named = isinstance(self.schedule, str)
        return SCHEDULES[self.schedule]() if named else self.schedule

    def _sampler(self) -> Callable[..., Any]:
        """Return the function that samples along the denoiser."""
        return self.sampler if callable(self.sampler) else SAMPLERS[self.sampler]

    def _check_parts(self) -> None:
        """Refuse a schedule that has not so many steps, or a density that is none."""
        super()._check_parts()
        self._schedule().grid(self.n_steps)

    def _spec(
        self, parts: SeriesParts, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Any:
        """Return what to train: the denoiser."""
        from lgta_sklearn.networks.diffusion import Denoiser
        from lgta_sklearn.training.callbacks import AveragedWeights
        from lgta_sklearn.training.denoising import DenoisingLoss
        from lgta_sklearn.training.spec import TrainingSpec

        n_samples, n_channels, n_timepoints = parts.shape.shape
        labels = np.zeros(n_samples, dtype=int) if labels is None else labels
        statistics = ChannelStatistics(parts, self.scaling_.min_scale_)
        self._state.statistics, attributes = statistics, statistics.attributes(parts)
        self.levels_ = self._chosen_levels(attributes, rng)
        return TrainingSpec(
            module=Denoiser,
            inputs={
                "shape": parts.shape.transpose(0, 2, 1),
                "attributes": attributes,
                "label": labels,
            },
            criterion=DenoisingLoss,
            module_params={
                "n_channels": n_channels,
                "n_timepoints": n_timepoints,
                "backbone": self._backbone(n_samples, n_timepoints),
                "n_classes": int(labels.max()) + 1,
                "lengths_vary": statistics.lengths_vary,
                "n_codes": 0 if parts.code is None else parts.code.shape[1],
                "hidden_dim": self.hidden_dim,
                "prediction": self.prediction,
                "joint": self.levels_ == "joint",
                "masked": self.masked,
            },
            training_params={
                "statistics": self._as_tensors(statistics),
                "generator": torch_stream(rng, Use.LATENT),
            },
            callbacks=lambda plan: [("averages", AveragedWeights(plan.max_epochs))],
            monitor=None,
            budget=self._budget(),
        )

    def _budget(self) -> Any:
        """Return how long to train: about five minutes, of many series."""
        from lgta_sklearn.training.spec import Budget

        joint = {"max_steps": JOINT_STEPS} if self.levels_ == "joint" else {}
        return Budget(**{**BUDGET, **joint})

    def _backbone(self, n_samples: int, n_timepoints: int) -> Callable[..., Any]:
        """Return the backbone; one that is named suits the series."""
        from lgta_sklearn.networks import denoising
        from lgta_sklearn.networks.backbones import resolve_backbone

        backbone = resolve_backbone(self.backbone, denoising.DENOISERS)
        if self.backbone not in ("mixer", "transformer"):
            return backbone
        patch = denoising.choose_patch(n_timepoints, n_samples)
        dropout = denoising.choose_dropout(n_samples)
        return partial(backbone, patch=patch, dropout=dropout)

    def _chosen_levels(self, attributes: np.ndarray, rng: np.random.Generator) -> str:
        """Return how levels and scales are sampled.

        A network generates them well, and copies none, unless there are few series, or
        they drift: then they lie on a thin curve, of which it only learns the
        surroundings.
        """
        if self.levels != "auto":
            return self.levels
        if len(attributes) < FEWEST_JOINT * attributes.shape[1]:
            return "given"
        seed = as_int(stream(rng, Use.CALIBRATION))
        blocks = AttributeSpace((0,), self.scaling_.min_scale_).blocks
        spread = np.maximum(attributes.std(axis=0), MIN_SPREAD)
        density = make_density(DRIFTING, seed, blocks)
        drifts = any(density.fit(attributes / spread).block_neighbors_)
        return "given" if drifts else "joint"

    def _as_tensors(self, statistics: ChannelStatistics) -> dict[str, Any]:
        """Return the statistics that the network needs."""
        from torch import as_tensor, float32

        from lgta_sklearn.networks.diffusion import N_LEVELS

        arrays = {
            "knots": statistics.knots,
            "whiten": statistics.whiten,
            "levels": self._schedule().quantiles(N_LEVELS),
            **statistics.usual,
        }
        return {k: as_tensor(array, dtype=float32) for k, array in arrays.items()}

    def _fitted_density(
        self, V: np.ndarray, labels: np.ndarray | None, seed: int
    ) -> Any:
        """Return the density of attributes; None if a network generates them."""
        if self.levels_ == "joint":
            return None
        return super()._fitted_density(V, labels, seed)

    def _unfitted_density(self) -> Any:
        """Return the density to be fitted: a name, or an object."""
        return DRIFTING if self.density in ("auto", "local") else self.density

    def _sample_parts(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return attributes, drawn or generated, and shapes given them."""
        if self.module_.of_scores is None:
            return super()._sample_parts(n_samples, labels, rng)
        numbers, statistics = self._numbers(labels, n_samples), self._state.statistics

        def denoise(w: np.ndarray, sigma: float) -> np.ndarray:
            arrays = w, np.full(len(w), sigma), numbers
            run = self._state.network.run
            denoised: np.ndarray
            (denoised,) = run("denoise_scores", *arrays, single=True)
            return denoised

        shape = n_samples, statistics.n_attributes
        normal = stream(rng, Use.DENSITY).standard_normal
        w = self._reversed(denoise, shape, normal)
        space = self._state.space
        V = space.within_range(space.standardised(statistics.columns(w)))
        return V, self._generate(V, labels, rng)

    def _generate(
        self, V: np.ndarray, labels: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Sample shapes for given attributes."""
        space = self._state.space
        code, level, scale, lengths = space.split(space.restored(V))
        parts = SeriesParts(np.empty(0), level, scale, lengths, code)
        series = self._conditions(parts, labels, rng)

        def denoise(x: np.ndarray, sigma: float) -> np.ndarray:
            return self._denoised(series, x, sigma, single=True)

        normal = stream(rng, Use.DIFFUSION).standard_normal
        Y = self._reversed(denoise, series.lines.shape, normal)
        return self._state.statistics.correlated(Y).transpose(0, 2, 1)

    def _reversed(
        self,
        denoise: Callable[[np.ndarray, float], np.ndarray],
        shape: tuple[int, ...],
        normal: Callable[[tuple[int, ...]], np.ndarray],
    ) -> np.ndarray:
        """Return data that noise, drawn by its shape, is turned into."""
        sigmas = self._schedule().grid(self.n_steps)
        x = noisy_start(denoise, normal(shape), sigmas[0])
        sampler = self._sampler()
        data: np.ndarray = sampler(denoise, x, sigmas, lambda x: normal(x.shape))
        return data

    def _conditions(
        self, parts: SeriesParts, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Conditions:
        """Return the conditions of series to be sampled."""
        return self._free(parts, labels)

    def _free(self, parts: SeriesParts, labels: np.ndarray | None) -> Conditions:
        """Return the conditions of series of which only the attributes are known."""
        attributes = self._state.statistics.attributes(parts)
        (w,) = self._state.network.run("scores", attributes)
        layout = self.n_timepoints_in_, self.n_channels_in_
        return Conditions.free(w, self._numbers(labels, len(w)), layout)

    def _numbers(self, labels: np.ndarray | None, n_samples: int) -> np.ndarray:
        """Return numbers of classes for the network, which has one for no class."""
        n_classes = self.module_.n_classes
        if labels is None:
            return np.full(n_samples, 0 if n_classes == 1 else n_classes)
        return np.where(labels < 0, n_classes, labels)

    def _denoised(
        self, series: Conditions, x: np.ndarray, sigma: float, **options: Any
    ) -> np.ndarray:
        """Return denoised values of series."""
        arguments = series.arguments(x, sigma)
        denoised: np.ndarray
        (denoised,) = self._state.network.run("denoise", *arguments, **options)
        return denoised

    def _conditioned(
        self, parts: SeriesParts, labels: np.ndarray | None = None
    ) -> tuple[Conditions, np.ndarray]:
        """Return the conditions of given series, and their shapes, uncorrelated."""
        shape = interpolate_gaps(parts.shape).transpose(0, 2, 1)
        return self._free(parts, labels), self._state.statistics.uncorrelated(shape)

    def _perturbation(self, panel: Panel, labels: np.ndarray | None) -> Perturbation:
        """Return a function that adds noise to shapes and removes it."""
        parts, missing = self._split(panel), np.isnan(panel.values)
        series, clean = self._conditioned(parts, labels)
        lowest = self._schedule().grid(self.n_steps)[-2]

        def perturb(rows: np.ndarray, factor: float, rngs: Rngs) -> np.ndarray:
            some, sigma = series[rows], factor * NATURAL_NOISE
            sigmas = np.geomspace(sigma, min(lowest, sigma / 2), VARIATION_STEPS)

            def denoise(x: np.ndarray, sigma: float) -> np.ndarray:
                return self._denoised(some, x, sigma, single=True)

            x = clean[rows] + sigma * _normal(rngs, len(rows), clean.shape[1:])
            x = dpm_solver(denoise, x, [*sigmas, 0.0])
            shape = self._state.statistics.correlated(x).transpose(0, 2, 1)
            shape = np.where(missing[rows], np.nan, shape)
            return self.scaling_.join(parts.level[rows], parts.scale[rows], shape)

        return perturb

    def _keep_calibration(self, panel: Panel, labels: np.ndarray | None) -> None:
        """Keep no series."""

    def _calibration(self) -> dict[str, Any]:
        """Return sampled series, which the strength is calibrated on."""
        labels = self._draw_labels(BLOCK, self._state.seed)
        rng = stream(self._state.seed, Use.STRENGTH)
        panel = self._sample_block(BLOCK, labels, rng)
        of_panel = {"values": panel.values, "lengths": panel.lengths}
        return {**of_panel, "labels": labels, "rows": np.arange(BLOCK)}

    def _imputations(
        self, panel: Panel, n_draws: int, rngs: Sequence[np.random.Generator]
    ) -> np.ndarray:
        """Sample what is missing, given what is known."""
        series, attributes, level, scale = self._partly_known(panel)
        # the draws of a series have blocks of their own, so that neither its neighbours
        # nor the number of draws can change the last bits
        n_rows = -(-n_draws // DRAWS) * DRAWS
        every = series[np.repeat(np.arange(len(panel)), n_rows)]
        each = [generator.spawn(n_draws) for generator in rngs]

        def denoise(x: np.ndarray, sigma: float) -> np.ndarray:
            return self._denoised(every, x, sigma, single=True, n_rows=DRAWS)

        def normal(shape: tuple[int, ...]) -> np.ndarray:
            noise = np.zeros((len(panel), n_rows, *shape[1:]))
            for row, generators in zip(noise, each, strict=True):
                row[:n_draws] = _normal(generators, n_draws, shape[1:])
            return noise.reshape(shape) * ~every.known

        x = self._reversed(denoise, every.lines.shape, normal)
        x = x.reshape(len(panel), n_rows, *x.shape[1:])[:, :n_draws].swapaxes(0, 1)
        U = level + scale * (series.lines + x)
        X = self._state.statistics.restored(attributes, U)
        snapped = self.grid_.snap(X.reshape(-1, *X.shape[2:]), extended=True)
        return snapped.reshape(X.shape)

    def _partly_known(
        self, panel: Panel
    ) -> tuple[Conditions, np.ndarray, np.ndarray, np.ndarray]:
        """Return the conditions and attributes of series of which values are missing.

        The last two arrays are the level and the scale of the known values, in units of
        the shape.
        """
        parts, network = self._split(panel), self._state.network
        known = ~np.isnan(parts.shape).transpose(0, 2, 1)
        shape = np.nan_to_num(parts.shape).transpose(0, 2, 1)
        attributes = self._state.statistics.attributes(parts)
        imputing = np.ones(len(panel), dtype=bool)
        of_known = network.run("relative", shape, attributes, known, imputing)
        _, relative, level, scale, lines = of_known
        (w,) = network.run("scores", relative)
        label = np.full(len(panel), self.module_.n_classes)
        series = Conditions(w, lines, known, imputing, label)
        return series, attributes, level, scale


def _normal(rngs: Rngs, n_rows: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return standard normal numbers, by one generator or one for each row."""
    if isinstance(rngs, np.random.Generator):
        return rngs.standard_normal((n_rows, *shape))
    return np.stack([rng.standard_normal(shape) for rng in rngs])
