"""`LatentAugmenter`: a variational autoencoder as a scikit-learn estimator.

Letters: ``X`` series, (n, C, T); ``m`` their levels and ``s`` their scales, (n, C);
``U`` their shapes, ``X = m + s * U``; ``Z`` the codes of the shapes, (n, n_codes);
``V = (Z, m, log s)`` the attributes that the latent density describes, with the log of
the length if lengths vary; ``D`` the decoder; ``T`` a latent transformation; ``E``
observation noise.

    variation    X' = m' + s' * (D(Z') + R')    with (Z', m', log s', R') = T(V, R)
    sample       X' = m + s * (D(Z) + E)        with (Z, m, log s) drawn

A variation keeps the residual that the model cannot explain, ``R = U - D(Z)``, or most
of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_array

from lgta_sklearn._chunks import BLOCK, blocks, map_chunks
from lgta_sklearn._parameters import AT_LEAST_ONE, POSITIVE, Bounds, Constraint
from lgta_sklearn._random import Use, as_int, stream, torch_stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._sampling import fit_sampler, sample_rows
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._imputing import MultipleImputationMixin
from lgta_sklearn.augmenters._interpolating import InterpolatingMixin
from lgta_sklearn.augmenters._reference import (
    LatentReference,
    TrainingReference,
    impute_columns,
    thinned,
)
from lgta_sklearn.augmenters._rejection import NearCopyTest
from lgta_sklearn.augmenters._scoring import ScoringMixin
from lgta_sklearn.augmenters._trained import SeriesParts, TrainedAugmenter
from lgta_sklearn.augmenters._varying import (
    Perturbation,
    Rngs,
    VaryingMixin,
    step_of_rows,
)
from lgta_sklearn.gaps import impute_from_neighbors, interpolate_gaps
from lgta_sklearn.noise import make_noise
from lgta_sklearn.training.collapse import ACTIVE_VARIANCE, warn_of_collapse
from lgta_sklearn.transforms import LinearDelta, Mixup, SomeOf
from lgta_sklearn.transforms._combinations import (
    check_transformation,
    moves_of,
    scaled,
)

__all__ = ["LatentAugmenter"]

LARGEST_LOG = 40.0  # log of the largest scale of a variation, in model units
PASSES = 4  # passes of the network over its own imputation
ROUNDS = 5  # rounds of the Markov chain that draws imputations
# values drawn when the observation noise is calibrated, and limits of the series: so
# many tell 7 % of near samples from 9 %; of long series fewer have to do
DRAWN_VALUES, FEWEST_DRAWN, MOST_DRAWN = 2**18, 32, 4 * BLOCK
MIN_VARIANCE = 1e-6  # floor: a perfect reconstruction would lead to log(0)
# training series to which the distances of samples are measured: always, and if a
# critic rejects samples; and their values
FEW, MANY, MOST_VALUES = 100, 3000, 10**7


class LatentAugmenter(
    InterpolatingMixin,
    MultipleImputationMixin,
    VaryingMixin,
    ScoringMixin,
    TrainedAugmenter,
):
    """Learn a set of time series, vary them, and invent new ones.

    In a `Pipeline` the series are varied **while training only**: ``fit_transform``
    returns a latent variation of each row, ``transform``, which the pipeline calls to
    predict, returns the rows untouched. So ``fit(X).transform(X)`` is a copy of ``X``,
    and ``fit_transform(X)`` is not; to vary series directly call `augment`, to
    invent new ones call `sample`.

    Of fewer than about 1000 series that are not long, its samples are the hardest to
    detect of all families; of more, and for gaps, see `DiffusionAugmenter`. To grow a
    labelled set, `AugmentedClassifier` gains as much by steps between values, without
    a network. `suggest_augmenter` knows these rules.

    The model is a variational autoencoder of the shape of each series, its level and
    scale split off, with a calibrated observation variance; after training, a
    density is fitted to codes, levels and scales together. Of 5 to 100 training series,
    near-copies among the samples are drawn again: those that are nearer to one of them
    than about 1 % of other real series would be.

    Parameters
    ----------
    backbone : {"cnn_gru", "transformer", "lstm"} or callable, default="cnn_gru"
        Sequence model of encoder and decoder: a name, or a class of your own (or a
        ``functools.partial`` of one, to set its options) that is called with
        ``(in_features, out_features)`` and maps (batch, time, in_features) to (batch,
        time, out_features).
    latent_dim : int or None, default=None
        Dimension of the code, or of the code of each step. None is 16, or 4 for each
        step.
    latent : {"global", "per_step"}, default="global"
        One code for the whole series, which is better and faster for sampling; or one
        for each step of the shortened sequence. Codes of steps have a time axis, so
        that transformations along time (`transforms.Drift`, `TimeWarp`, ...) act on
        them as they act on series.
    hidden_dim : int, default=32
        Width of the network.
    beta : float, default=1.0
        Weight of the Kullback-Leibler term in the evidence lower bound of one series.
        1 is the bound itself, a larger weight gives smoother codes, 0 hardly
        regularises.
    variational : bool, default=True
        Whether the autoencoder is variational. If not, it still samples, by `density`.
    transformation : callable or None, default=None
        Latent transformation ``(Z, rng) -> Z`` of standardised codes, (n_samples,
        latent_dim) or (n_samples, n_steps, latent_dim), such as
        `lgta_sklearn.transforms.Jitter`. None first moves half of the series towards
        the nearest series of their class (`transforms.Mixup`), and then each series by
        a quarter of the difference between two training series of its class
        (`transforms.LinearDelta`). The module `lgta_sklearn.transforms` describes all
        kinds.
    strength : float or None, default=None
        Mean distance by which `augment` and `fit_transform` move the training series:
        root mean square over time, as a share of a series' own standard deviation. It
        means the same for each transformation and each data set; 0 is exactly the
        identity. None keeps the distance of the transformation itself.
    density : {"auto", "local", "mixture", "normal"} or object, default="auto"
        Density of codes, levels and log-scales, for each class: a smoothed bootstrap
        of neighbourhoods (`"local"`, also `"auto"`; levels and log-scales that drift
        get neighbourhoods of their own), a Gaussian mixture whose size is chosen by
        held-out likelihood, one Gaussian, or an object with ``fit(V)`` and
        ``sample(n_samples)``.
    noise : {"neighbors", "structured", None} or object, default="neighbors"
        Observation noise added to samples: the residual of a training series with a
        similar code (`noise.NeighborNoise`), Gaussian with the covariance of the
        residuals (`noise.ResidualNoise`), none, or an object with ``fit(R)`` and
        ``sample(n_samples)`` for residuals of shape (n_samples, n_channels,
        n_timepoints). If the methods of an object take ``given=``, they get the
        standardised attributes that each residual belongs to.
    rejection_sampling : bool, default=False
        Whether samples that a critic tells from the training series are drawn again, by
        discriminator rejection sampling: samples are much harder to detect, `fit` takes
        some seconds longer, and `sample` ten to twenty times as long. It takes 100
        training series, and pays from about 300; near-copies of up to 3000 are then
        drawn again, too.
    on_transform : {"identity", "reconstruct", "augment"}, default="identity"
        What `transform` does.
    gaps : {"keep", "fill"}, default="keep"
        Treatment of missing values (NaN). ``"keep"``: series keep them where they are,
        and samples get the gaps of a training series with a similar code. ``"fill"``:
        `fit_transform`, `transform` and `augment` fill them as `impute` does.
    max_epochs : int or None, default=None
        Largest number of passes over the series. None takes that of `net`, or the
        number that gives 500 optimisation steps (for few series) to 3000 (for
        thousands). With `early_stopping` about half of them are used.
    batch_size : int or None, default=None
        Series per step. None takes that of `net`, or an eighth of the series, between
        16 and 64 (1024 on a GPU), and fewer if they are longer than 1024 time points.
    lr : float or None, default=None
        Peak learning rate of a warmup-stable-decay schedule: it rises linearly, stays
        constant while the held-out loss falls, and decays to zero. None takes that of
        `net`, or 0.005 for batches of 64, and less for smaller ones, by the square root
        of their size.
    early_stopping : bool, default=True
        Whether to hold out series, and to decay the learning rate, stop and restore the
        best weights when the held-out loss has gained little for some epochs. If fewer
        than five series would be held out, none are.
    validation_fraction : float in (0, 0.9], default=0.1
        Share of the series to hold out.
    net : skorch.NeuralNet or None, default=None
        Unfitted skorch net, which is cloned and trained. It gives access to everything
        else in skorch: ``AugmenterNet(optimizer=..., callbacks=[...],
        criterion__equivariance=0.5)`` of `lgta_sklearn.training.nets`. Parameters above
        that are not None take precedence.
    device : str, default="auto"
        ``"auto"`` (the best available), ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        A GPU that has bfloat16 trains in mixed precision.
    random_state : None, int, RandomState or Generator, default=None
        The same int gives the same model bit for bit on the same machine, and the same
        results from the same sequence of calls. Global states are not touched.
    verbose : int, default=0
        1 shows a progress bar with the loss and the time left.

    Attributes
    ----------
    module_ : torch.nn.Module
        The trained network.
    device_ : str
        Device of the network.
    scaling_ : ScaleDecomposition
        Splits series into level, scale and shape.
    density_ : ClassConditionalDensity
        Fitted density of each class; without labels there is one class.
    noise_ : object or None
        Fitted observation noise.
    grid_ : ValueGrid
        Observed values, to which samples are rounded in channels whose values recur.
    observation_variance_ : ndarray of shape (n_channels,)
        Mean squared error of the reconstructed shapes, whose variance is one.
    n_active_units_ : int
        Coordinates of the code whose posterior mean varies over the series by more
        than 0.01 (Burda et al., 2016).
    kl_ : float
        Mean Kullback-Leibler divergence of the posterior from the prior, in nats.
    classes_ : ndarray
        Labels, if `fit` was given some.
    n_iter_ : int
        Epochs that were run.
    history_ : list of dict
        One row per epoch: `epoch`, `train_loss`, `valid_loss`, `dur` (seconds); the
        terms of the training loss, without weights: `train_reconstruction`,
        `train_kl`, with codes of steps `train_equivariance`; `active_units`.
    loss_curve_, validation_curve_ : list of float
        Negative bound per epoch in nats per series; the second is None if nothing was
        held out.
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

    See Also
    --------
    DirectAugmenter : The same transformations, of the series themselves.
    lgta_sklearn.density.LocalDensity : The default density.
    lgta_sklearn.noise.NeighborNoise : The default observation noise.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615. Rybkin et al. (2021), "Simple and effective VAE
    training with calibrated decoders", arXiv:2006.13202. Ghosh et al. (2020), "From
    variational to deterministic autoencoders", arXiv:1903.12436. Burda et al. (2016),
    "Importance weighted autoencoders", arXiv:1509.00519.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = LatentAugmenter(max_epochs=5, random_state=0).fit(X)
    >>> augmenter.augment(X, n_copies=2).shape
    (80, 24)
    >>> augmenter.sample(3).shape
    (3, 24)
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "backbone": ["cnn_gru", "transformer", "lstm", callable],
        "latent_dim": [None, AT_LEAST_ONE],
        "latent": ["global", "per_step"],
        "hidden_dim": [AT_LEAST_ONE],
        "beta": [Bounds(Real, 0)],
        "variational": [True],
        "transformation": [None, callable],
        "strength": [None, Bounds(Real, 0)],
        "density": ["auto", "local", "mixture", "normal", "method sample"],
        "noise": ["neighbors", "structured", None, "method sample"],
        "rejection_sampling": [True],
        "on_transform": ["identity", "reconstruct", "augment"],
        "gaps": ["keep", "fill"],
        "max_epochs": [None, AT_LEAST_ONE],
        "batch_size": [None, AT_LEAST_ONE],
        "lr": [None, POSITIVE],
        "early_stopping": [True],
        "validation_fraction": [Bounds(Real, 0, 0.9, open_low=True)],
        "net": [None, "attribute module"],
        "verbose": [Bounds(Integral, 0), True],
    }

    def __init__(
        self,
        backbone: str | Callable[..., Any] = "cnn_gru",
        *,
        latent_dim: int | None = None,
        latent: str = "global",
        hidden_dim: int = 32,
        beta: float = 1.0,
        variational: bool = True,
        transformation: Callable[..., np.ndarray] | None = None,
        strength: float | None = None,
        density: Any = "auto",
        noise: Any = "neighbors",
        rejection_sampling: bool = False,
        on_transform: str = "identity",
        gaps: str = "keep",
        max_epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        net: Any = None,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.backbone = backbone
        self.latent_dim = latent_dim
        self.latent = latent
        self.hidden_dim = hidden_dim
        self.beta = beta
        self.variational = variational
        self.transformation = transformation
        self.strength = strength
        self.density = density
        self.noise = noise
        self.rejection_sampling = rejection_sampling
        self.on_transform = on_transform
        self.gaps = gaps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.net = net
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def encode(self, X: Any) -> np.ndarray:
        """Return the attributes of series: their place in the latent space.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Posterior mean of the code, `latent_dim` columns (for each time step, with a
            code of each step); then the level of each channel in the units of `X`;
            then the log of its scale, where a constant series has one less than the
            smallest log-scale of the training series; and, if the series of `fit`
            differed in length, the log of the length.
        """
        self._check_ready()
        panel = check_series(self, X, reset=False)
        V = self._map_panel(panel, lambda some: self._encoded(some)[0])
        space = self._state.space
        return space.rescaled(space.restored(V), self.channel_scale_)

    def decode(self, Z: Any) -> Any:
        """Return the series at points of the latent space, without observation noise.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_columns)
            Attributes, with the columns of `encode`.

        Returns
        -------
        ndarray of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints), or the container of `fit`
            Series in the layout, units and dtype of `fit`.

        Raises
        ------
        ValueError
            If `Z` has another number of columns, NaN or infinity, or a log-scale
            beyond the range of floating-point numbers.
        """
        self._check_ready()
        code, level, scale, lengths = self._checked_attributes(Z)

        def decoded(rows: slice) -> np.ndarray:
            shape = self._decoded(code[rows])
            X = self.scaling_.join(level[rows], scale[rows], shape)
            return self._in_data_units(X)

        with pinned_runtime():
            values = map_chunks(decoded, len(code), self._n_values)
        return self._as_fitted(Panel(values, lengths))

    def _checked_attributes(self, Z: Any) -> tuple[np.ndarray, ...]:
        """Return the codes, levels, scales and lengths of checked columns."""
        space = self._state.space
        Z = check_array(
            Z, dtype=np.float64, input_name="Z", ensure_min_samples=0, allow_nd=True
        )
        space.check_columns(Z)
        V = space.rescaled(Z, 1 / self.channel_scale_)
        with np.errstate(over="ignore"):
            parts = space.split(V)
        if not np.isfinite(parts[2]).all():
            raise ValueError(
                f"Z has log-scales up to {V.max():.3g}, too large for floating-point "
                "numbers. Expected some like those that encode returns."
            )
        return parts

    def reconstruct(self, X: Any) -> Any:
        """Encode series and decode the codes: what the model keeps of them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        array, DataFrame or list of the shape of X
            Reconstructions in the units, dtype and container of `X`, with its gaps if
            `gaps` is ``"keep"``.
        """
        self._check_ready()
        return self._reconstruction(check_series(self, X, reset=False)).packed()

    def _transformed(self, panel: Panel) -> Panel:
        """Return the series as `on_transform` says."""
        if self.on_transform == "reconstruct":
            return self._reconstruction(panel)
        return super()._transformed(panel)

    def _reconstruction(self, panel: Panel) -> Panel:
        """Return reconstructions of checked series."""
        values = np.empty_like(panel.values)
        with pinned_runtime():
            for _, rows in blocks(len(panel)):
                some = panel[rows]
                X = self._reconstructed(some.in_model_units()).values
                where = ~some.gaps() if self.gaps == "keep" else True
                values[rows] = some.with_model_values(X, where).values
        return replace(panel, values=values)

    def score_samples(self, X: Any) -> np.ndarray:
        """Return the evidence lower bound of each series: how likely it is.

        It is the bound of the shape, from the posterior mean, plus the log density of
        level, log-scale and length under a Gaussian. All are without units, so that a
        change of units does not change the score. The Kullback-Leibler term has its
        full weight, also if `beta` is not 1, so that models of different `beta` can be
        compared; a plain autoencoder (``variational=False``) has no such term and can
        only be compared with others of its kind. Missing values have no term.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores in nats; higher is likelier.
        """
        self._check_ready()
        return self._map_panel(check_series(self, X, reset=False), self._bound)

    def _bound(self, panel: Panel) -> np.ndarray:
        """Return the lower bounds of the log densities of series."""
        from torch import from_numpy

        from lgta_sklearn.training.losses import gaussian_log_likelihood, kl_divergence

        V, shape, *posterior = self._encoded(panel)
        shapes = (shape, self._decoded(posterior[0]))
        u, u_hat = (from_numpy(part.transpose(0, 2, 1)) for part in shapes)
        variance = from_numpy(self.observation_variance_)
        bound = gaussian_log_likelihood(u, u_hat, variance)
        bound -= kl_divergence(*map(from_numpy, posterior))
        return bound.numpy() + self._state.space.level_log_density(V)

    def _encoded(
        self, panel: Panel
    ) -> tuple[np.ndarray, np.ndarray, *tuple[np.ndarray, ...]]:
        """Return standardised attributes V, shapes, and the posterior of the codes."""
        parts = self._split(panel)
        posterior = self._posterior(parts.shape)
        return self._attributes(parts, posterior[0]), parts.shape, *posterior

    def _posterior(self, shape: np.ndarray) -> list[np.ndarray]:
        """Return means, and log variances if the model is variational."""
        return self._state.network.run("encode", shape.transpose(0, 2, 1))

    def _decoded(self, code: np.ndarray) -> np.ndarray:
        """Return the shapes that the decoder makes of codes."""
        shape = self._state.network.run("decode", code)[0]
        return np.ascontiguousarray(shape.transpose(0, 2, 1))

    def _reconstructed(self, panel: Panel) -> Panel:
        """Return reconstructions of series, also of their missing values."""
        space = self._state.space
        code, level, scale, _ = space.split(space.restored(self._encoded(panel)[0]))
        return replace(
            panel, values=self.scaling_.join(level, scale, self._decoded(code))
        )

    def _imputed(self, panel: Panel) -> Panel:
        """Fill gaps by the reconstruction, moved to meet the values on both sides.

        The result is encoded again a few times, since the known part alone gives
        inexact level and scale (Rezende et al., 2014, arXiv:1401.4082, appendix F).
        """
        known = panel.values
        gaps, guess = panel.gaps(), self._reconstructed(panel)
        for _ in range(PASSES - 1):
            completed = replace(panel, values=np.where(gaps, guess.values, known))
            guess = self._reconstructed(completed)
        filled = guess.values + interpolate_gaps(known - guess.values)
        return replace(panel, values=self.grid_.snap(filled, extended=True))

    def _imputations(
        self, panel: Panel, n_draws: int, rngs: Sequence[np.random.Generator]
    ) -> np.ndarray:
        """Draw codes and gaps in turn, given each other (pseudo-Gibbs sampling).

        Rezende et al. (2014), arXiv:1401.4082, appendix F. A decoded draw with
        observation noise is moved to meet the known values on both sides of the gap.
        The difference of noise and moved noise has the distribution of the error of the
        moved mean (conditioning by residuals: Journel and Huijbregts, 1978; Wilson et
        al., 2021, arXiv:2011.04026).
        """
        start = self._imputed(panel)
        of_code, noise = self._chain_noise(self._encoded(start)[0], n_draws, rngs)
        # all draws of all series as rows
        known, gaps, X = (
            np.tile(part, (n_draws, 1, 1))
            for part in (panel.values, panel.gaps(), start.values)
        )
        lengths = np.tile(panel.lengths, n_draws)
        for k in range(ROUNDS):
            parts = self._split(Panel(np.where(gaps, X, known), lengths))
            code, *logvar = self._posterior(parts.shape)
            if logvar:
                code = code + np.exp(logvar[0] / 2) * of_code[:, k]
            shape = self._decoded(code) + noise[:, k]
            X = self.scaling_.join(parts.level, parts.scale, shape)
            X = X + interpolate_gaps(known - X)
        return self.grid_.snap(X, extended=True).reshape(n_draws, *panel.values.shape)

    def _chain_noise(
        self, V: np.ndarray, n_draws: int, rngs: Sequence[np.random.Generator]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return noise of codes and of shapes: (n_draws * n_samples, ROUNDS, ...)."""
        n_rows, n_codes = n_draws * ROUNDS, self._state.space.n_codes
        of_code = [
            stream(rng, Use.LATENT).standard_normal((n_rows, n_codes)) for rng in rngs
        ]
        noise = [
            self._noise_given(v, n_rows, stream(rng, Use.NOISE))
            for v, rng in zip(V, rngs, strict=True)
        ]

        def stacked(of_series: list[np.ndarray]) -> np.ndarray:
            # the rounds of a draw come before the next draw, so that a longer draw
            # begins with the shorter one
            parts = [one.reshape(n_draws, ROUNDS, *one.shape[1:]) for one in of_series]
            whole = np.stack(parts, axis=1)
            return whole.reshape(-1, *whole.shape[2:])

        return stacked(of_code), stacked(noise)

    def _noise_given(
        self, v: np.ndarray, n_samples: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw observation noise of one series, block by block."""
        row = self.n_channels_in_, self.n_timepoints_in_
        if self.noise_ is None:
            scale = np.sqrt(self.observation_variance_)[:, None]
            white: np.ndarray = scale * rng.standard_normal((n_samples, *row))
            return white
        parts = []
        for number, rows in blocks(n_samples):
            given = np.tile(v, (rows.stop - rows.start, 1))
            of_block = stream(rng, Use.NOISE, number)
            parts.append(
                sample_rows(self.noise_, len(given), of_block, given=given, row=row)
            )
        return np.concatenate(parts)

    def _check_parts(self) -> None:
        """Refuse a transformation, density or noise that cannot work."""
        super()._check_parts()
        per_step = self.latent == "per_step"
        check_transformation(
            self.transformation, has_time=per_step, has_posterior=self.variational
        )
        make_noise(self.noise)

    def _spec(
        self, parts: SeriesParts, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Any:
        """Return what to train: the autoencoder, by the evidence lower bound."""
        from lgta_sklearn.networks.backbones import resolve_backbone
        from lgta_sklearn.networks.vae import VAE
        from lgta_sklearn.training.callbacks import ActiveUnits, KLWarmUp
        from lgta_sklearn.training.equivariance import TwinPerturbation
        from lgta_sklearn.training.losses import ELBOLoss
        from lgta_sklearn.training.spec import TrainingSpec

        shape = parts.shape
        _, n_channels, n_timepoints = shape.shape
        per_step = self.latent == "per_step"
        # pass optional arguments only when set, so that a user's module need not
        # accept them
        options = {"masked": bool(np.isnan(shape).any()), "temporal": per_step}
        weight = getattr(self.net, "criterion__equivariance", 1.0) if per_step else 0.0
        noise: dict[str, Any] = {"generator": torch_stream(rng, Use.LATENT)}
        if weight:
            noise["perturb"] = TwinPerturbation(stream(rng, Use.PERTURB))
        return TrainingSpec(
            module=VAE,
            inputs=shape.transpose(0, 2, 1),
            criterion=ELBOLoss,
            module_params={
                "n_channels": n_channels,
                "n_timepoints": n_timepoints,
                "backbone": resolve_backbone(self.backbone),
                "latent_dim": self.latent_dim or (4 if per_step else 16),
                "hidden_dim": self.hidden_dim,
                "variational": self.variational,
                **{name: True for name, wanted in options.items() if wanted},
            },
            training_params=noise,
            criterion_params={
                "n_channels": n_channels,
                "beta": self.beta,
                "equivariance": weight,
            },
            callbacks=lambda plan: [
                ("kl_warm_up", KLWarmUp(2 * plan.n_warm)),
                ("active_units", ActiveUnits()),
            ],
        )

    def _share_held_out(self, n_samples: int) -> float:
        """Return the share of the series that early stopping holds out."""
        return self.validation_fraction if self.early_stopping else 0.0

    def _learn(
        self,
        panel: Panel,
        parts: SeriesParts,
        labels: np.ndarray | None,
        rng: np.random.Generator,
    ) -> None:
        """Learn residuals, the density of codes and attributes, gaps, and noise."""
        from torch import from_numpy

        from lgta_sklearn.training.losses import kl_divergence

        shape, posterior = parts.shape, self._posterior(parts.shape)
        mu = posterior[0]

        def unexplained(rows: slice) -> np.ndarray:
            left = shape[rows] - self._decoded(mu[rows])
            return left.astype(np.float32)  # stored with the estimator

        residual = map_chunks(unexplained, len(shape), self._n_values)
        by_channel = residual.swapaxes(0, 1)
        variance = [np.nanmean(part.astype(float) ** 2) for part in by_channel]
        self.observation_variance_ = np.maximum(variance, MIN_VARIANCE)
        self.kl_ = float(kl_divergence(*map(from_numpy, posterior)).mean())
        self.n_active_units_ = int((mu.var(axis=0) > ACTIVE_VARIANCE).sum())
        code_shape = getattr(self.module_, "code_shape", mu.shape[1:])
        V = self._learn_attributes(mu, code_shape, parts, labels, rng)
        space = self._state.space
        self._state.training = TrainingReference(
            V[:, : space.n_movable] if space.lengths_vary else V,
            residual,
            labels,
            space.weights,
        )
        if self.variational and not self.n_active_units_:
            warn_of_collapse(shape, space.n_codes, self.kl_)
        self._learn_gaps(panel, V)
        self._learn_noise(panel, impute_from_neighbors(residual, V), V, rng)

    def _completed(self, V: np.ndarray) -> np.ndarray:
        """Return standardised attributes; similar series replace missing values."""
        if not hasattr(self._state, "donors"):  # the training series themselves
            self._state.donors = thinned(V)
        return impute_columns(V, self._state.donors)

    def _learn_noise(
        self,
        panel: Panel,
        residual: np.ndarray,
        V: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """Fit the observation noise to residuals, given the attributes."""
        noise = make_noise(self.noise, as_int(stream(rng, Use.NOISE)))
        self.noise_ = noise if noise is None else fit_sampler(noise, residual, V)
        if not hasattr(noise, "calibrate"):
            return
        seed = as_int(stream(rng, Use.CALIBRATION))
        n_drawn = np.clip(DRAWN_VALUES // self._n_values, FEWEST_DRAWN, MOST_DRAWN)
        # the same streams each time, so that only the blend differs
        noise.calibrate(lambda: self._drawn_values(n_drawn, seed), panel.values)

    def _copy_tests(self, panel: Panel) -> list[Any]:
        """Return the test for near-copies, of few series or if a critic rejects, too.

        What it keeps, the training series, the fitted object holds anyway.
        """
        most = MANY if self.rejection_sampling else FEW
        if len(panel) > most or panel.values.size > MOST_VALUES:
            return []
        return [NearCopyTest(panel.values)]

    def _generate(
        self, V: np.ndarray, labels: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Decode codes and add observation noise."""
        space = self._state.space
        shape = self._decoded(space.split(space.restored(V))[0])
        if self.noise_ is None:
            return shape
        of_noise, row = stream(rng, Use.NOISE), shape.shape[1:]
        return shape + sample_rows(self.noise_, len(V), of_noise, given=V, row=row)

    def _perturbation(self, panel: Panel, labels: np.ndarray | None) -> Perturbation:
        """Return a function that moves codes, levels, log-scales and residuals."""
        space, transformation = self._state.space, self.transformation or _default()
        V, shape, *posterior = self._encoded(panel)
        mu, *logvar = posterior
        decoded = self._decoded(mu)
        rows = V[:, : space.n_movable]
        reference = LatentReference(
            self._state.training,
            space,
            rows,
            labels,
            *logvar,
            residual_scale=np.sqrt(self.observation_variance_),
        )
        if moves_of(transformation) == "series" or self.latent == "per_step":
            residual = (shape - decoded).reshape(len(V), -1)
            rows = np.concatenate([rows, residual], axis=1)
        _, level, scale, _ = space.split(space.restored(V))
        # the largest step whose scale can still be squared
        most = LARGEST_LOG - np.log(np.where(scale > 0, scale, 1.0))

        def perturb(index: np.ndarray, factor: float, rngs: Rngs) -> np.ndarray:
            farther = scaled(transformation, factor)
            step = step_of_rows(farther, rows[index], rngs, reference[index])
            of_code, of_level, of_scale, of_residual = space.split_step(step)
            moved = self._decoded(mu[index] + of_code) - decoded[index] + shape[index]
            if of_residual.size:  # nothing is added if the other value is missing
                moved = moved + np.nan_to_num(of_residual).reshape(moved.shape)
            new_scale = scale[index] * np.exp(np.minimum(of_scale, most[index]))
            return self.scaling_.join(level[index] + of_level, new_scale, moved)

        return perturb

    def _between(self, one: Panel, other: Panel, share: np.ndarray) -> np.ndarray:
        """Decode codes between those of two series; levels, scales and R go along."""
        space, ends = self._state.space, []
        for panel in (one, other):
            V, shape, mu = list(self._encoded(panel))[:3]
            _, level, scale, _ = space.split(space.restored(V))
            ends.append((mu, level, scale, shape - self._decoded(mu)))

        def mixed(start: np.ndarray, end: np.ndarray) -> np.ndarray:
            way = share.reshape(-1, *[1] * (start.ndim - 1))
            # what is missing in one series is that of the other
            start, end = (
                np.where(np.isnan(A), B, A) for A, B in ((start, end), (end, start))
            )
            return (1 - way) * start + way * end

        code, level, scale, residual = map(mixed, *ends)
        shape = self._decoded(code) + residual
        return self.scaling_.join(level, scale, shape)

    def _keeps_energy(self) -> bool:
        """Tell whether the energy that variations lose is restored."""
        # codes between those of two time steps decode to a smaller amplitude
        return self.latent == "per_step"


def _default() -> SomeOf:
    """Return the transformation that helps most classifiers on most data sets."""
    nearest = Mixup(n_neighbors=1)
    return SomeOf([nearest, LinearDelta()], probabilities=[0.5, 1.0])
