"""`AdversarialAugmenter`: a generative adversarial network as a scikit-learn estimator.

Letters: ``X`` series, (n, C, T); ``m`` their levels and ``s`` their scales, (n, C);
``U`` their shapes, ``X = m + s * U``; ``V`` the attributes ``(m, log s)``, with the log
of the length if lengths vary; ``z`` noise.

    sample       X = m + s * G(z; m, s, g)    with the group g drawn by its share, and
                                              (m, log s) by the density of the group
"""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from lgta_sklearn._parameters import AT_LEAST_ONE, POSITIVE, Bounds, Constraint
from lgta_sklearn._random import Use, as_int, stream, torch_stream
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._conditions import ChannelStatistics
from lgta_sklearn.augmenters._diagnosis import diagnose
from lgta_sklearn.augmenters._groups import ShapeGroups, processes
from lgta_sklearn.augmenters._trained import SeriesParts, TrainedAugmenter
from lgta_sklearn.gaps import interpolate_gaps

__all__ = ["AdversarialAugmenter"]

BUDGET: dict[str, Any] = {
    "min_steps": 2000,
    "max_steps": 4000,
    "steps_per_root": 150,
    "min_batch": 64,
    "max_batch": 64,
    "lr": 3e-4,
    "min_batches": 20,
}
N_KERNELS, MOST_FEATURES, MOST_DIAGNOSED = 200, 128, 512
SMALLEST = 1e-6  # mean square of a difference
PATIENCE = 0.5  # share of the plan without a gain after which training ends


class AdversarialAugmenter(TrainedAugmenter):
    """Learn a set of time series by a game of two networks; sample new series.

    A generator turns noise into the shape of a series of a given level and scale, and a
    critic tells its series from real ones. Each learns from the other. Levels and
    scales are drawn by a density, as in the other families. Of a training series
    nothing is kept but its level and scale, and of groups of at least ten similar
    series their mean shape. It samples in one pass of a small network; it does not vary
    or impute series.

    Such a training has no loss that says when to stop. Here the averaged weights of the
    generator are compared with held-out series after each epoch, by features that are
    not trained, and the best are kept. After the training a draw is compared with the
    training series (`diagnosis_`), and a warning says if its series are all alike, or
    copies.

    Parameters
    ----------
    backbone : {"mixer", "bilstm", "transformer", "multiscale"} or callable, \
default="mixer"
        Sequence model of the generator: a name, or a class (or a ``functools.partial``
        of one) as `networks.denoising` describes them. ``"bilstm"`` is that of Delaney
        et al. (2019), ``"transformer"`` that of TTS-GAN (Li et al., 2022), both over
        patches of time points; ``"multiscale"`` adds Transformers at the full, half and
        quarter length, for long series. Those of `LatentAugmenter`
        (`networks.backbones`) can be used, too.
    critic : {"cnn", "transformer"} or callable, default="cnn"
        Critic: a name, or a class as `networks.critics` describes them.
    loss : {"relativistic", "least_squares", "wasserstein", "hinge", "cross_entropy"}, \
default="relativistic"
        Loss of both networks. ``"relativistic"`` scores each generated series against a
        real one (R3GAN); ``"least_squares"`` is that of TTS-GAN, ``"cross_entropy"``
        (with soft labels) that of Delaney et al.
    penalty : float or None, default=None
        Weight of the penalty on the slope of the critic. None takes 0.3 for the
        relativistic loss (at real and at generated series, towards 0), 10 for
        Wasserstein (between them, towards 1), and 0 for the others.
    minibatch : {"deviation", "discrimination"} or None, default="deviation"
        How the critic compares the series of a batch with each other, so that a
        generator whose series are all alike is found out.
    spectral_norm : bool, default=False
        Whether the weights of both networks have spectral norm 1.
    hidden_dim : int, default=64
        Width of both networks.
    noise_dim : int, default=16
        Noise that all time points share, besides that of each value.
    n_components : "auto" or int, default="auto"
        Groups of similar shapes in each class, found by a Gaussian mixture: the
        generator starts as a Gaussian process for each group, and both networks are
        told the group. ``"auto"`` takes the number with the largest cross-validated
        likelihood, at most 16 and one for each 50 series, if it is at least one nat per
        series above that of one group. A group has at least 10 series.
    density : {"auto", "local", "mixture", "normal"} or object, default="auto"
        Density of levels and log-scales, for each group of series, as in
        `LatentAugmenter` for each class.
    rejection_sampling : bool, default=False
        Whether samples that a critic tells from the training series are drawn again, by
        discriminator rejection sampling: `fit` takes longer, since it draws four
        samples for each training series, and `sample` several times as long. It takes
        100 training series.
    gaps : {"keep", "fill"}, default="keep"
        Missing values (NaN) of samples: ``"keep"`` gives them the gaps of a training
        series with a similar level and scale, ``"fill"`` none.
    max_epochs : int or None, default=None
        Largest number of passes over the series. None takes that of `net`, or the
        number that gives 2000 (for few series) to 4000 steps (for many).
    batch_size : int or None, default=None
        Series per step. None takes that of `net`, or 64.
    lr : float or None, default=None
        Peak learning rate of a warmup-stable-decay schedule. None takes that of `net`,
        or 0.0003.
    validation_fraction : float in [0, 0.9], default=0.1
        Share of the series that is held out, to choose the weights that are kept. Of 20
        series or more at least 5 are held out; of fewer, none.
    net : AdversarialNet or None, default=None
        Unfitted skorch net (`lgta_sklearn.training.adversarial.AdversarialNet`), which
        sets the optimiser, callbacks, and the steps of the critic.
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
        The trained networks; the generator has averaged weights.
    device_ : str
        Device of the networks.
    scaling_ : ScaleDecomposition
        Splits series into level, scale and shape.
    density_ : ClassConditionalDensity
        Fitted density of levels and log-scales of each group.
    grid_ : ValueGrid
        Observed values, to which samples are rounded in channels whose values recur.
    diagnosis_ : dict of str to float
        Of a draw after the training, against the training series: `coverage` (share of
        series that have a sample nearby), `coverage_floor` (the same, of one half of
        the training series by the other), `diversity` (distance among samples over that
        among training series) and `nearest_neighbour_ratio` (distance of a sample to
        the nearest training series, over that among training series).
    classes_ : ndarray
        Labels, if `fit` was given some.
    n_iter_ : int
        Epochs that were run.
    history_ : list of dict
        One row per epoch: `epoch`, `train_critic` and `train_generator` (losses without
        the penalty), `valid_loss` (energy distance of generated from held-out series),
        `dur` (seconds).
    snapshots_ : list of ndarray of shape (3, n_channels, n_timepoints)
        Generated shapes after the epochs 1, 2, 4, 8 and so on, of the same noise, for
        `plotting.plot_snapshots`; empty if nothing was held out.
    loss_curve_, validation_curve_ : list of float
        Loss of the critic, and that distance; the second is None if nothing was held
        out.
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
    ModeCollapseWarning
        If samples are alike, or leave out many of the training series.
    MemorisationWarning
        If samples are much nearer to training series than these are to each other.

    See Also
    --------
    LatentAugmenter : Trains in seconds, also varies and imputes.
    DiffusionAugmenter : Better samples for a longer training.

    References
    ----------
    Goodfellow et al. (2014), "Generative adversarial nets", arXiv:1406.2661. Delaney,
    Brophy and Ward (2019), "Synthesis of realistic ECG using generative adversarial
    networks", arXiv:1909.09150. Li et al. (2022), "TTS-GAN: a transformer-based
    time-series generative adversarial network", arXiv:2202.02691. Huang et al. (2024),
    "The GAN is dead; long live the GAN! A modern GAN baseline", arXiv:2501.05441.

    Examples
    --------
    >>> from lgta_sklearn import AdversarialAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = AdversarialAugmenter(
    ...     hidden_dim=16, max_epochs=4, random_state=0
    ... ).fit(X)
    >>> augmenter.sample(3).shape
    (3, 24)
    """

    uses_threads = True
    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "backbone": ["mixer", "bilstm", "transformer", "multiscale", callable],
        "critic": ["cnn", "transformer", callable],
        "loss": [
            "relativistic",
            "least_squares",
            "wasserstein",
            "hinge",
            "cross_entropy",
        ],
        "penalty": [None, Bounds(Real, 0)],
        "minibatch": ["deviation", "discrimination", None],
        "spectral_norm": [True],
        "hidden_dim": [AT_LEAST_ONE],
        "noise_dim": [Bounds(Integral, 0)],
        "n_components": ["auto", AT_LEAST_ONE],
        "density": ["auto", "local", "mixture", "normal", "method sample"],
        "rejection_sampling": [True],
        "gaps": ["keep", "fill"],
        "max_epochs": [None, AT_LEAST_ONE],
        "batch_size": [None, Bounds(Integral, 2)],
        "lr": [None, POSITIVE],
        "validation_fraction": [Bounds(Real, 0, 0.9)],
        "net": [None, "attribute module"],
        "verbose": [Bounds(Integral, 0), True],
    }

    def __init__(
        self,
        backbone: str | Callable[..., Any] = "mixer",
        *,
        critic: str | Callable[..., Any] = "cnn",
        loss: str = "relativistic",
        penalty: float | None = None,
        minibatch: str | None = "deviation",
        spectral_norm: bool = False,
        hidden_dim: int = 64,
        noise_dim: int = 16,
        n_components: str | int = "auto",
        density: Any = "auto",
        rejection_sampling: bool = False,
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
        self.critic = critic
        self.loss = loss
        self.penalty = penalty
        self.minibatch = minibatch
        self.spectral_norm = spectral_norm
        self.hidden_dim = hidden_dim
        self.noise_dim = noise_dim
        self.n_components = n_components
        self.density = density
        self.rejection_sampling = rejection_sampling
        self.gaps = gaps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.validation_fraction = validation_fraction
        self.net = net
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _check_parts(self) -> None:
        """Refuse a net that cannot train two networks in turn."""
        super()._check_parts()
        if self.net is not None and not hasattr(self.net, "critic_steps"):
            raise ValueError(
                "net must be a lgta_sklearn.training.adversarial.AdversarialNet, which "
                f"trains two networks in turn, got {type(self.net).__name__}."
            )

    def _spec(
        self, parts: SeriesParts, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Any:
        """Return what to train: a generator and its critic."""
        from lgta_sklearn.networks.adversarial import Adversaries
        from lgta_sklearn.training.adversarial import LOSSES, AdversarialNet
        from lgta_sklearn.training.callbacks import AveragedWeights
        from lgta_sklearn.training.spec import Budget, TrainingSpec

        statistics = ChannelStatistics(parts, self.scaling_.min_scale_)
        shape = interpolate_gaps(parts.shape).transpose(0, 2, 1)
        X = statistics.uncorrelated(shape).transpose(0, 2, 1)
        attributes = statistics.attributes(parts)
        self._state.statistics, self._state.groups = statistics, ShapeGroups(self._most)
        groups = self._state.groups.fit(
            X, _numbers(labels, len(X)), as_int(stream(rng, Use.GROUPS))
        )
        self._state.training_groups = groups  # until the density is fitted
        distance = _distance(X, as_int(stream(rng, Use.MEASURE)))
        self.snapshots_ = distance.snapshots
        return TrainingSpec(
            module=Adversaries,
            inputs={
                "shape": parts.shape.transpose(0, 2, 1),
                "free": parts.scale > self.scaling_.min_scale_,
                "attributes": attributes,
                "group": groups,
            },
            criterion=LOSSES[self.loss],
            criterion_params={"penalty": self.penalty},
            module_params=self._module_params(parts),
            training_params={
                "statistics": self._tensors(X, groups),
                "generator": torch_stream(rng, Use.LATENT),
                "distance": distance,
            },
            net=AdversarialNet,
            callbacks=lambda plan: [
                ("averages", AveragedWeights(plan.max_epochs, PATIENCE, False))
            ],
            monitor=None,
            drop_last=True,
            budget=Budget(**BUDGET),
        )

    @property
    def _most(self) -> int | None:
        """Return the largest number of groups of a class; None chooses it."""
        return None if self.n_components == "auto" else int(self.n_components)

    def _module_params(self, parts: SeriesParts) -> dict[str, Any]:
        """Return the arguments of the networks that are saved with them."""
        from lgta_sklearn.networks.backbones import resolve_backbone
        from lgta_sklearn.networks.critics import CRITICS
        from lgta_sklearn.networks.generators import GENERATORS

        _, n_channels, n_timepoints = parts.shape.shape
        return {
            "n_channels": n_channels,
            "n_timepoints": n_timepoints,
            "backbone": resolve_backbone(self.backbone, GENERATORS),
            "critic": resolve_backbone(self.critic, CRITICS),
            "n_groups": len(self._state.groups.of_class),
            "lengths_vary": self._state.statistics.lengths_vary,
            "hidden_dim": self.hidden_dim,
            "noise_dim": self.noise_dim,
            "minibatch": self.minibatch,
            "normalised": bool(self.spectral_norm),
            "gaps": bool(np.isnan(parts.shape).any()),
        }

    def _tensors(self, X: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
        """Return the statistics that the networks need, also of shapes, (n, C, T)."""
        from torch import as_tensor, float32

        from lgta_sklearn.networks.adversarial import MOST_AXES, N_DIFFERENCES

        statistics, n_groups = self._state.statistics, len(self._state.groups.of_class)
        sizes = [_size(X, order) for order in range(1, N_DIFFERENCES + 1)]
        arrays = processes(X, groups, n_groups, MOST_AXES) | {
            "knots": statistics.knots,
            "whiten": statistics.whiten,
            "colour": statistics.colour,
            # the root of the root of the mean square: their full size would let the
            # critic win, by the least roughness of smooth series
            "units": np.maximum(np.array(sizes), SMALLEST) ** 0.25,
        }
        return {name: as_tensor(part, dtype=float32) for name, part in arrays.items()}

    def _learn(
        self,
        panel: Panel,
        parts: SeriesParts,
        labels: np.ndarray | None,
        rng: np.random.Generator,
    ) -> None:
        """Learn the density of each group; compare a draw with the training series."""
        groups = vars(self._state).pop("training_groups")
        super()._learn(panel, parts, groups, rng)
        n_samples = min(len(panel), MOST_DIAGNOSED)
        of_draw = stream(rng, Use.MEASURE)
        rows = of_draw.permutation(len(panel))[:n_samples]
        labels = None if labels is None else labels[rows]
        drawn = self._sample_block(n_samples, labels, of_draw)
        real, synthetic = (
            interpolate_gaps(X) for X in (panel.values[rows], drawn.values)
        )
        self.diagnosis_ = diagnose(real, synthetic)

    def _sample_parts(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw groups, then attributes and shapes of these groups."""
        of_groups = stream(rng, Use.GROUPS)
        groups = self._state.groups.draw(_numbers(labels, n_samples), of_groups)
        return super()._sample_parts(n_samples, groups, rng)

    def _generate(
        self, V: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Generate shapes for given attributes and groups."""
        space, network = self._state.space, self._state.network
        _, *of_series = space.split(space.restored(V))
        parts = SeriesParts(np.empty(0), *of_series)
        attributes = self._state.statistics.attributes(parts)
        size = len(V), network.module.n_noise
        z = stream(rng, Use.DIFFUSION).standard_normal(size)
        (shape,) = network.run("generate", z, attributes, groups, single=True)
        return shape.transpose(0, 2, 1)


def _numbers(labels: np.ndarray | None, n_samples: int) -> np.ndarray:
    """Return numbers of classes, all 0 if there are none."""
    return np.zeros(n_samples, dtype=int) if labels is None else labels


def _distance(X: np.ndarray, seed: int) -> Any:
    """Return the measure of the distance between sets of shapes."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    from lgta_sklearn.metrics import RandomConvolutions
    from lgta_sklearn.training.adversarial import FeatureDistance

    # whitened: what series do not vary in is where generated ones are found out
    whitened = PCA(min(max(len(X) // 4, 1), MOST_FEATURES), whiten=True, random_state=0)
    features = make_pipeline(RandomConvolutions(N_KERNELS, random_state=seed), whitened)
    return FeatureDistance(features.fit(X))


def _size(X: np.ndarray, order: int) -> np.ndarray:
    """Return the mean square of the differences of series, (C,)."""
    squares = np.diff(X, order, axis=2) ** 2
    size: np.ndarray = squares.sum(axis=(0, 2)) / max(squares[:, 0].size, 1)
    return size
