"""`LatentAugmenter`: a variational autoencoder as a scikit-learn estimator.

Letters: ``X`` series, (n, C, T); ``m`` their levels and ``s`` their scales, (n, C);
``U`` their shapes, ``X = m + s * U``; ``Z`` the codes of the shapes, (n, n_codes);
``V = (Z, m, log s)`` what the latent density describes, with the log of the length
where lengths vary; ``D`` the decoder; ``T`` a latent transformation; ``E`` observation
noise.

    variation    X' = m' + s' * (D(Z') + R')    with (Z', m', log s', R') = T(V, R)
    sample       X' = m + s * (D(Z) + E)        with (Z, m, log s) drawn

A variation keeps what the model cannot explain, ``R = U - D(Z)``, or most of it.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_array

from lgta_sklearn._containers import container_of
from lgta_sklearn._drawing import draw
from lgta_sklearn._panels import Panel
from lgta_sklearn._random import BLOCK, blocks, in_portions, own_settings
from lgta_sklearn._validation import (
    AT_LEAST_ONE,
    POSITIVE,
    Bounds,
    Constraint,
    check_series,
)
from lgta_sklearn.augmenters._codes import CodeSpace
from lgta_sklearn.augmenters._peers import (
    LatentPeers,
    TrainingSeries,
    step_of_rows,
)
from lgta_sklearn.augmenters._response import Rngs, Varier
from lgta_sklearn.augmenters.base import BaseAugmenter
from lgta_sklearn.density import ClassDensities, make_density
from lgta_sklearn.gaps import GapPatterns, bridge, lend
from lgta_sklearn.noise import NeighborNoise, ResidualNoise, blend_enough
from lgta_sklearn.scaling import ScaleDecomposition, ValueGrid
from lgta_sklearn.training import ACTIVE_VARIANCE
from lgta_sklearn.transforms import LinearDelta, Mixup, SomeOf
from lgta_sklearn.transforms._combinations import (
    check_transformation,
    moves_of,
    scaled,
)

__all__ = ["LatentAugmenter", "PosteriorCollapseWarning"]

LARGEST_LOG = 40.0  # of the scale of a variation, in units
PASSES = 4  # of the network over its own guess at what is missing
# drawn to find out how near samples come to the training series, and series at least
DRAWN_VALUES, FEWEST_DRAWN = 2**21, 32


class PosteriorCollapseWarning(UserWarning):
    """The codes carry no information about the series."""


class LatentAugmenter(BaseAugmenter):
    """Learn a set of time series, vary them, and invent new ones.

    In a `Pipeline` the series are varied **while training only**: ``fit_transform``
    returns a latent variation of each row, ``transform``, which the pipeline calls to
    predict, returns the rows untouched. So ``fit(X).transform(X)`` is a copy of ``X``,
    and ``fit_transform(X)`` is not; to vary series directly call `augment`, to
    invent new ones call `sample`.

    The model is a variational autoencoder of the shape of each series, its level and
    scale split off, with a calibrated observation variance; after training, a
    density is fitted to codes, levels and scales together.

    Parameters
    ----------
    backbone : {"cnn_gru", "transformer", "lstm"} or callable, default="cnn_gru"
        What encoder and decoder are made of: a name, or a class of the user's own (or
        a ``functools.partial`` of one, to set its options) that is called with
        ``(in_features, out_features)`` and maps (batch, time, in_features) to (batch,
        time, out_features).
    latent_dim : int or None, default=None
        Dimension of the code, or of the code of each step. None is 16, or 4 for each
        step.
    latent : {"series", "temporal"}, default="series"
        One code for the whole series, the better and faster for sampling; or one for
        each step of the shortened sequence, which have a time axis, so that
        transformations along time (`transforms.Drift`, `TimeWarp`, ...) act on them as
        they do on series.
    hidden_dim : int, default=32
        Width of the network.
    beta : float, default=1.0
        Weight of the Kullback-Leibler term in the bound of one series; 1 is the bound
        itself, more gives smoother codes, 0 hardly regularises.
    equivariance : float, default=1.0
        Weight, with temporal codes, of the term that makes a transformation of the
        codes decode to the same transformation of the series; 1 counts an error of it
        as one of the reconstruction. It is not used with one code per series.
    variational : bool, default=True
        False trains a plain autoencoder, which still samples through `density`.
    transformation : callable or None, default=None
        Latent transformation ``(Z, rng) -> Z`` of standardised codes, (n_samples,
        latent_dim) or (n_samples, n_steps, latent_dim), such as
        `lgta_sklearn.transforms.Jitter`. None moves each series by a quarter of what
        two training series of its class differ (`transforms.LinearDelta`), and half of
        them, before that, towards the nearest of their class (`transforms.Mixup`). What
        other kinds there are stands in `lgta_sklearn.transforms`.
    strength : float or None, default=None
        How far `augment` and `fit_transform` move the series: root mean square over
        time, as a share of a series' own standard deviation, in the mean over the
        training series. It means the same for each transformation and each set; 0 is
        exactly the identity. None moves them as far as the transformation does by
        itself.
    density : {"auto", "local", "mixture", "normal"} or object, default="auto"
        Density of codes, levels and log-scales: a smoothed bootstrap of
        neighbourhoods (`"local"`, also `"auto"`), a mixture whose size held-out
        likelihood chooses, one Gaussian, or any object with `fit` and `sample`.
    noise : {"neighbors", "structured", None} or object, default="neighbors"
        Observation noise added to samples: the residual of a training series with a
        similar code, Gaussian with the covariance of the residuals, none, or any
        object with ``fit(R)`` and ``sample(n_samples)`` for residuals of shape
        (n_samples, n_channels, n_timepoints).
    on_transform : {"identity", "reconstruct", "augment"}, default="identity"
        What `transform` does.
    gaps : {"keep", "fill"}, default="keep"
        What becomes of missing values (NaN): series keep them where they are and
        samples get those of a training series with a similar code, or they are filled,
        in `fit_transform`, `transform` and `augment` as by `impute`.
    padded : bool, default=False
        Whether NaN at the end of a row of an array is padding: the series is shorter.
        Results are padded likewise. False takes it for missing values.
    max_epochs : int or None, default=None
        Passes over the series, at most. None takes `net`'s, or as many as make
        500 optimisation steps (for few series) to 3000 (for thousands). With
        `early_stopping` about half of them are used.
    batch_size : int or None, default=None
        Series per step. None takes `net`'s, or an eighth of the series within 16 and
        64 (1024 on a GPU), fewer if they are longer than 1024 time points.
    lr : float or None, default=None
        Learning rate; it rises linearly at first, is held while the held-out loss
        falls, and then falls to zero. None takes `net`'s, or 0.005 for batches of 64
        and less for smaller ones, by the square root of their size.
    optimizer : type or None, default=None
        Class of `torch.optim`. None takes `net`'s, or AdamW.
    callbacks : list or None, default=None
        skorch callbacks, added to the estimator's own; they are copied.
    early_stopping : bool, default=True
        Whether to hold out series, let the learning rate fall and stop when their loss
        has gained little for some epochs, and restore the best weights. Fewer than
        five held-out series stop nothing.
    validation_fraction : float in (0, 0.9], default=0.1
        Share of the series to hold out.
    net : skorch.NeuralNet or None, default=None
        Unfitted net that is cloned and trained, for everything skorch can do; such as
        ``AugmenterNet(optimizer__weight_decay=0.01)`` of `lgta_sklearn.training.nets`.
        Parameters above that are not None take precedence.
    device : str, default="auto"
        ``"auto"`` (the best there is), ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
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
        Where it runs.
    scaling_ : ScaleDecomposition
        Splits series into level, scale and shape.
    density_ : object
        Fitted density; with labels a `lgta_sklearn.density.ClassDensities`.
    noise_ : object or None
        Fitted observation noise.
    grid_ : ValueGrid
        The values that samples are put on in channels whose values recur.
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
        One row per epoch: `epoch`, `train_loss`, `valid_loss`, `dur` (seconds); what
        the training loss consists of, without weights: `train_reconstruction`,
        `train_kl`, with temporal codes `train_equivariance`; `active_units`.
    loss_curve_, validation_curve_ : list of float
        Negative bound per epoch in nats per series; the second is None if nothing was
        held out.
    n_channels_in_, n_timepoints_in_ : int
        Layout of the series, or of the longest.
    lengths_vary_ : bool
        Whether the series differed in length.
    units_ : ndarray of shape (n_channels, 1)
        Powers of two in which the values of each channel are counted: in `scaling_`,
        `grid_` and `density_` the largest value of `fit` lies between 1 and 2.
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
        "latent": ["series", "temporal"],
        "hidden_dim": [AT_LEAST_ONE],
        "beta": [Bounds(Real, 0)],
        "equivariance": [Bounds(Real, 0)],
        "variational": [True],
        "transformation": [None, callable],
        "strength": [None, Bounds(Real, 0)],
        "density": ["auto", "local", "mixture", "normal", "has sample"],
        "noise": ["neighbors", "structured", None, "has sample"],
        "on_transform": ["identity", "reconstruct", "augment"],
        "gaps": ["keep", "fill"],
        "padded": [True],
        "max_epochs": [None, AT_LEAST_ONE],
        "batch_size": [None, AT_LEAST_ONE],
        "lr": [None, POSITIVE],
        "optimizer": [None, callable],
        "callbacks": [None, "has append"],
        "early_stopping": [True],
        "validation_fraction": [Bounds(Real, 0, 0.9, open_low=True)],
        "net": [None, "has module"],
        "verbose": [Bounds(Integral, 0), True],
    }

    def __init__(
        self,
        backbone: str | Callable[..., Any] = "cnn_gru",
        *,
        latent_dim: int | None = None,
        latent: str = "series",
        hidden_dim: int = 32,
        beta: float = 1.0,
        equivariance: float = 1.0,
        variational: bool = True,
        transformation: Callable[..., np.ndarray] | None = None,
        strength: float | None = None,
        density: Any = "auto",
        noise: Any = "neighbors",
        on_transform: str = "identity",
        gaps: str = "keep",
        padded: bool = False,
        max_epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        optimizer: type | None = None,
        callbacks: list[Any] | None = None,
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
        self.equivariance = equivariance
        self.variational = variational
        self.transformation = transformation
        self.strength = strength
        self.density = density
        self.noise = noise
        self.on_transform = on_transform
        self.gaps = gaps
        self.padded = padded
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.optimizer = optimizer
        self.callbacks = callbacks
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.net = net
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def encode(self, X: Any) -> np.ndarray:
        """Return where series lie in the latent space.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Posterior mean of the code, `latent_dim` columns (for each step those of
            its code, with temporal codes); then the level of each
            channel in the units of `X`; then the log of its scale, where a constant
            has one less than the smallest scale there is; and, if the series of `fit`
            differed in length, the log of the length.
        """
        self._check_ready()
        panel = check_series(self, X, reset=False)
        V = self._of_portions(panel, lambda *some: self._encoded(*some)[0])
        return self._codes.in_units(V, self.units_)

    def decode(self, Z: Any) -> Any:
        """Return the series at points of the latent space, without observation noise.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_columns)
            Columns as `encode` returns them.

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
        codes = self._codes
        Z = check_array(
            Z, dtype=np.float64, input_name="Z", ensure_min_samples=0, allow_nd=True
        )
        if Z.ndim != 2 or Z.shape[1] != codes.n_columns:
            raise ValueError(
                f"Z must have shape (n_samples, {codes.n_columns}): {codes.n_codes} "
                f"codes, then {codes.n_channels} levels, then as many log-scales"
                f"{', then a log-length' * codes.lengths_vary}; got {Z.shape}."
            )
        V = codes.in_units(Z, 1 / self.units_)
        with np.errstate(over="ignore"):
            code, level, scale, lengths = codes.split(V)
        if not np.isfinite(scale).all():
            raise ValueError(
                f"Z has log-scales up to {V.max():.3g}, too large for floating-point "
                "numbers. Expected some like those that encode returns."
            )

        def decoded(rows: slice) -> np.ndarray:
            shape = self._network.decode(code[rows])
            return self._restored(self.scaling_.join(level[rows], scale[rows], shape))

        with own_settings():
            X = in_portions(decoded, len(Z), self._n_values)
        return self._as_fitted(X, lengths)

    def reconstruct(self, X: Any) -> Any:
        """Return what the model keeps of series: encoded and decoded.

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
        panel = check_series(self, X, reset=False)

        def reconstructed(X: np.ndarray, lengths: np.ndarray) -> np.ndarray:
            values = self._reconstructed(X, lengths)
            return np.where(np.isnan(X), np.nan, values) if keeps else values

        keeps = self.gaps == "keep"
        values = self._of_portions(panel, reconstructed)
        return container_of(X).pack(panel.with_values(values))

    def impute(self, X: Any) -> Any:
        """Return series with their gaps filled, whatever `gaps` says.

        The reconstruction stands in the gaps, moved so that it meets the values on
        both sides; what is known is not touched. It is encoded again with what was
        put there, a few times (Rezende et al., 2014, arXiv:1401.4082, appendix F).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series, NaN where a value is missing.

        Returns
        -------
        array, DataFrame or list of the shape of X
            Series without missing values, in the container of `X`.
        """
        self._check_ready()
        panel = check_series(self, X, reset=False)
        return container_of(X).pack(self._filled(panel))

    def score_samples(self, X: Any) -> np.ndarray:
        """Return how likely each series is: a lower bound of its log density.

        The evidence lower bound of the shape, from the posterior mean, plus the log
        density of level, log-scale and length under a Gaussian. All are without units,
        so that a change of units does not change the score. It is the bound itself,
        with the full Kullback-Leibler term whatever the `beta` of the training, so
        that models of different `beta` can be compared; a plain autoencoder
        (``variational=False``) has no such term and compares with its like only.
        Missing values have no term.

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
        panel = check_series(self, X, reset=False)
        return self._of_portions(panel, self._bound)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`, so that a grid search needs no scorer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : None
            Ignored.

        Returns
        -------
        float
            Mean score in nats per series.
        """
        return float(self.score_samples(X).mean())

    def _of_portions(
        self, panel: Panel, function: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Return what a function makes of series and lengths, some at a time."""

        def made(rows: slice) -> np.ndarray:
            some = panel[rows]
            return function(some.as_channels(), some.lengths)

        with own_settings():
            return in_portions(made, len(panel), self._n_values)

    @property
    def _n_values(self) -> int:
        """Return the number of values in a series."""
        return self.n_channels_in_ * self.n_timepoints_in_

    def _bound(self, X: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the lower bounds of the log densities of series."""
        V, shape, *posterior = self._encoded(X, lengths)
        squared = (shape - self._network.decode(posterior[0])) ** 2
        variance = self.observation_variance_[:, None]
        terms = squared / variance + np.log(2 * np.pi * variance)
        log_likelihood = -0.5 * np.where(np.isnan(terms), 0.0, terms).sum(axis=(1, 2))
        return log_likelihood - _kl(*posterior) + self._codes.level_log_density(V)

    def _encoded(
        self, X: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, *tuple[np.ndarray, ...]]:
        """Return the columns V, the shapes, and the posterior of the codes."""
        level, scale, shape = self.scaling_.split(X)
        posterior = self._network.encode(shape)
        V = self._codes.join(posterior[0], level, scale, lengths)
        return V, shape, *posterior

    def _reconstructed(self, X: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return series encoded and decoded, also where they are not known."""
        code, level, scale, _ = self._codes.split(self._encoded(X, lengths)[0])
        return self.scaling_.join(level, scale, self._network.decode(code))

    def _filled(self, panel: Panel) -> Panel:
        """Return series without gaps."""
        X, missing = panel.as_channels(), panel.gaps()
        rows = np.flatnonzero(missing.any(axis=(1, 2)))
        if not len(rows):
            return panel
        known, gaps, lengths = X[rows], missing[rows], panel.lengths[rows]
        guess = known
        with own_settings():
            for _ in range(PASSES):  # level and scale of half a series are not its own
                means = self._reconstructed(guess, lengths)
                guess = np.where(gaps, means, known)
        filled = means + bridge(known - means)
        X[rows] = self.grid_.snap(filled)
        return panel.with_values(X, where=missing)

    def _fit_series(
        self,
        X: np.ndarray,
        lengths: np.ndarray,
        labels: np.ndarray | None,
        seed: int,
    ) -> None:
        """Train the network, then fit density and noise to what it makes of X."""
        from lgta_sklearn.networks.backbones import resolve_backbone
        from lgta_sklearn.networks.inference import resolve_device

        device = resolve_device(self.device)
        backbone = resolve_backbone(self.backbone)
        temporal = self.latent == "temporal"
        check_transformation(
            self.transformation, has_time=temporal, has_posterior=self.variational
        )
        make_density(self.density)  # an unfit object is refused before any training
        self.scaling_ = ScaleDecomposition().fit(X)
        self.grid_ = ValueGrid().fit(X)
        level, scale, shape = self.scaling_.split(X)
        self._train(shape, backbone, device, seed)
        mu, *logvar = self._network.encode(shape)

        def unexplained(rows: slice) -> np.ndarray:
            left = shape[rows] - self._network.decode(mu[rows])
            return left.astype(np.float32)  # kept for as long as the estimator is

        residual = in_portions(unexplained, len(X), self._n_values)
        # a floor, since the log of zero is wanted where reconstruction is perfect
        variance = [
            np.nanmean(part.astype(float) ** 2) for part in residual.swapaxes(0, 1)
        ]
        self.observation_variance_ = np.maximum(variance, 1e-6)
        self.kl_ = float(_kl(mu, *logvar).mean())
        self._codes = CodeSpace(
            mu,
            level,
            scale,
            lengths,
            code_shape=getattr(self.module_, "code_shape", mu.shape[1:]),
            min_scale=self.scaling_.min_scale_,
            labels=labels,
        )
        self._training = TrainingSeries(
            self._codes.of_series, residual, labels, self._codes.weights
        )
        self.n_active_units_ = int((mu.var(axis=0) > ACTIVE_VARIANCE).sum())
        self._warn_of_collapse(shape)
        self._fit_density(labels, seed)
        inside = np.arange(X.shape[2]) < lengths[:, None, None]
        self._gaps = GapPatterns().fit(np.isnan(X) & inside, self._codes.V)
        self._fit_noise(X, lend(residual, self._codes.V), seed)

    def _train(
        self, shape: np.ndarray, backbone: Callable[..., Any], device: str, seed: int
    ) -> None:
        """Train on shapes and note the network and the course of the training."""
        from lgta_sklearn.networks.inference import FrozenNetwork
        from lgta_sklearn.networks.vae import VAE
        from lgta_sklearn.training.trainer import make_plan, train

        net = None if self.net is None else clone(self.net)

        def chosen(name: str) -> Any:
            value = getattr(self, name)
            return value if value is not None or net is None else getattr(net, name)

        plan = make_plan(
            len(shape),
            shape.shape[2],
            device=device,
            batch_size=chosen("batch_size"),
            max_epochs=chosen("max_epochs"),
            lr=chosen("lr"),
            validation_fraction=self.validation_fraction * self.early_stopping,
        )
        n_channels, n_timepoints = shape.shape[1:]
        temporal = self.latent == "temporal"
        # a module of the user's own need not know of what is not asked for
        options = {"masked": bool(np.isnan(shape).any()), "temporal": temporal}
        recipe = {
            "n_channels": n_channels,
            "n_timepoints": n_timepoints,
            "backbone": backbone,
            "latent_dim": self.latent_dim or (4 if temporal else 16),
            "hidden_dim": self.hidden_dim,
            "variational": self.variational,
            **{name: True for name, wanted in options.items() if wanted},
        }
        module, history = train(
            shape.transpose(0, 2, 1),
            net,
            plan,
            module=recipe,
            criterion={
                "n_channels": n_channels,
                "beta": self.beta,
                "equivariance": self.equivariance * temporal,
            },
            optimizer=self.optimizer,
            callbacks=self.callbacks or [],
            device=device,
            seed=seed,
            verbose=self.verbose,
        )
        known = recipe if type(module) is VAE else None
        self._network = FrozenNetwork(module, device, n_timepoints, known)
        self.history_, self.n_iter_ = history, len(history)
        self.loss_curve_ = [row["train_loss"] for row in history]
        held_out = [row["valid_loss"] for row in history if "valid_loss" in row]
        self.validation_curve_ = held_out or None

    def _warn_of_collapse(self, shape: np.ndarray) -> None:
        """Warn if series that differ share one code."""
        if not self.variational or self.n_active_units_ or len(shape) < 2:
            return
        if np.where(np.isnan(shape), 0.0, shape).var(axis=0).max() > ACTIVE_VARIANCE:
            warnings.warn(
                f"the posterior has collapsed: none of {self._codes.n_codes} latent "
                f"units is active (KL {self.kl_:.2g} nats), so codes carry no "
                "information and variations leave the shape of a series as it is. "
                "Train longer (max_epochs), lower beta, or set variational=False; if "
                "that changes nothing, the shapes may be noise without common "
                "structure.",
                PosteriorCollapseWarning,
                stacklevel=4,
            )

    def _fit_density(self, labels: np.ndarray | None, seed: int) -> None:
        """Fit the density of codes, levels and log-scales, per class if there are."""
        V = self._codes.V
        density = make_density(self.density, random_state=seed % 2**31)
        self.density_ = (
            density.fit(V) if labels is None else ClassDensities(density, V, labels)
        )

    def _fit_noise(self, X: np.ndarray, residual: np.ndarray, seed: int) -> None:
        """Fit the observation noise to residuals at standardised codes."""
        if self.noise is None:
            self.noise_ = None
        elif isinstance(self.noise, str) and self.noise == "neighbors":
            noise = NeighborNoise(random_state=seed % 2**31)
            self.noise_ = noise.fit(residual, self._codes.V)
            n_drawn = int(np.clip(DRAWN_VALUES // self._n_values, FEWEST_DRAWN, BLOCK))

            def drawn() -> np.ndarray:
                return self._draw(None, n_drawn, seed)[0] / self.units_

            blend_enough(self.noise_, drawn, X)
        else:
            structured = isinstance(self.noise, str)
            noise = ResidualNoise() if structured else clone(self.noise, safe=False)
            self.noise_ = noise.fit(residual.astype(np.float64))

    def _varier(self, X: np.ndarray, labels: np.ndarray | None) -> Varier:
        """Return what moves codes, levels, log-scales and residuals of series."""
        codes, transformation = self._codes, self.transformation or _default()
        V, shape, *posterior = self._encoded(X, np.full(len(X), X.shape[2]))
        mu, *logvar = posterior
        decoded = self._network.decode(mu)
        rows = codes.standardised(V)[:, : codes.n_of_series]
        residual_scale = np.sqrt(self.observation_variance_)
        peers = LatentPeers(
            self._training, codes, rows, labels, *logvar, residual_scale=residual_scale
        )
        if moves_of(transformation) == "series" or self.latent == "temporal":
            rows = np.concatenate([rows, (shape - decoded).reshape(len(X), -1)], axis=1)
        _, level, scale, _ = codes.split(V)
        # up to e^40 times the largest value there is: of a size that may be squared
        most = LARGEST_LOG - np.log(np.where(scale > 0, scale, 1.0))

        def vary(factor: float, rngs: Rngs) -> np.ndarray:
            step = step_of_rows(scaled(transformation, factor), rows, rngs, peers)
            of_code, of_level, of_scale, of_residual = codes.split_step(step)
            moved = shape + self._network.decode(mu + of_code) - decoded
            if of_residual.size:  # nothing is added where the other is not known
                moved = moved + np.nan_to_num(of_residual).reshape(shape.shape)
            new_scale = scale * np.exp(np.minimum(of_scale, most))
            return self.scaling_.join(level + of_level, new_scale, moved)

        return vary

    def _keeps_energy(self) -> bool:
        """Tell whether variations get back the energy that they lose."""
        # codes between those of two steps decode to less than either
        return self.latent == "temporal"

    def _draw(
        self, labels: np.ndarray | None, n_samples: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw codes, levels, scales and lengths, decode, add observation noise."""
        if labels is None and isinstance(self.density_, ClassDensities):
            labels = self.density_.draw_labels(n_samples, seed)
        lengths = np.empty(n_samples, dtype=int)

        def drawn(rows: slice) -> np.ndarray:
            V = self._draw_codes(labels, rows, seed)
            code, level, scale, lengths[rows] = self._codes.split(
                self._codes.restored(V)
            )
            shape = self._network.decode(code) + self._draw_noise(V, rows, seed + 1)
            beyond = np.arange(shape.shape[2]) >= lengths[rows, None, None]
            shape[np.broadcast_to(beyond, shape.shape)] = np.nan
            shape = self.scaling_.as_shape(shape, scale)
            X = self.grid_.snap(self.scaling_.join(level, scale, shape))
            if self.gaps == "keep" and self._gaps.gaps_ is not None and len(X):
                X[_in_blocks(self._gaps.sample_at, V, rows, seed + 2)] = np.nan
            return self._restored(X)

        return in_portions(drawn, n_samples, self._n_values), lengths

    def _draw_codes(
        self, labels: np.ndarray | None, rows: slice, seed: int
    ) -> np.ndarray:
        """Return standardised rows of the density, within the range seen in `fit`."""
        n_rows = rows.stop - rows.start
        if isinstance(self.density_, ClassDensities):
            V = self.density_.draw(n_rows, seed, labels, rows.start)
        else:
            row = (self._codes.n_columns,)
            V = draw(self.density_, n_rows, seed, rows.start, row=row)
        return self._codes.within_range(V)

    def _draw_noise(self, V: np.ndarray, rows: slice, seed: int) -> np.ndarray | float:
        """Return observation noise for rows of a draw, of standardised codes."""
        if self.noise_ is None or not len(V):
            return 0.0
        if not isinstance(self.noise_, NeighborNoise):
            row = (self.n_channels_in_, self.n_timepoints_in_)
            return draw(self.noise_, len(V), seed, rows.start, row=row)
        return _in_blocks(self.noise_.sample_at, V, rows, seed)

    @property
    def module_(self) -> Any:
        """Return the trained network, a torch module."""
        return self._network.module

    @property
    def device_(self) -> str:
        """Return the device the network is on."""
        return self._network.device


def _default() -> SomeOf:
    """Return the transformation that serves most classifiers on most sets."""
    nearest = Mixup(n_neighbors=1)
    return SomeOf([nearest, LinearDelta()], probabilities=[0.5, 1.0])


def _in_blocks(
    sample_at: Callable[..., np.ndarray], V: np.ndarray, rows: slice, seed: int
) -> np.ndarray:
    """Return what is drawn at the codes of some rows, each block with a generator."""
    parts = []
    for number, block in blocks(len(V), rows.start // BLOCK):
        # always for a whole block, so that a longer draw begins with a shorter one
        some = np.resize(V[block], (BLOCK, V.shape[1]))
        drawn = sample_at(some, np.random.default_rng([seed, number]))
        parts.append(drawn[: block.stop - block.start])
    return np.concatenate(parts)


def _kl(mu: np.ndarray, logvar: np.ndarray | None = None) -> np.ndarray:
    """Return the divergence of each posterior from N(0, I) in nats."""
    if logvar is None:
        return np.zeros(len(mu))
    divergence: np.ndarray = 0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum(axis=1)
    return divergence
