"""`TrainedAugmenter`: the base class of the families that train a network.

It splits off the level and the scale of each series, trains the network that the
family specifies on the shapes, fits a density to the attributes, and puts sampled
shapes and attributes together. A family fills two hooks: `_spec` says what to train,
`_generate` makes shapes for given attributes.

Letters: ``X`` series, (n, C, T); ``m`` their levels and ``s`` their scales, (n, C);
``U`` their shapes, ``X = m + s * U``; ``V`` standardised attributes of series: codes,
if the family has them, ``m``, ``log s``, and the log of the length if lengths vary.
"""

import warnings
from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone

from lgta_sklearn._random import Use, as_int, stream
from lgta_sklearn._sampling import sample_rows
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._attributes import AttributeSpace
from lgta_sklearn.augmenters._rejection import CriticTest, with_rejection
from lgta_sklearn.augmenters.base import BaseAugmenter
from lgta_sklearn.density import ClassConditionalDensity, make_density
from lgta_sklearn.gaps import GapPatterns
from lgta_sklearn.scaling import ScaleDecomposition, ValueGrid

__all__ = ["SeriesParts", "TrainedAugmenter"]

FEWEST_FOR_CRITIC = 100  # training series
FEWEST_HELD_OUT, FEWEST_SPLIT = 5, 20  # of so many series at least so many are held out


@dataclass(frozen=True)
class SeriesParts:
    """Series split into shape, level and scale.

    Parameters
    ----------
    shape : ndarray of shape (n_samples, n_channels, n_timepoints)
        Without units; NaN where a value is missing or the series has ended.
    level, scale : ndarray of shape (n_samples, n_channels)
        In model units; NaN for a channel without observed values.
    lengths : ndarray of int of shape (n_samples,)
        Time points of each series.
    code : ndarray of shape (n_samples, n_codes) or None, default=None
        Codes that are known before the training; None for families without.
    """

    shape: np.ndarray
    level: np.ndarray
    scale: np.ndarray
    lengths: np.ndarray
    code: np.ndarray | None = None


class TrainedAugmenter(BaseAugmenter):
    """Base class of the families that train a network.

    Parameters that every such family declares: `density`, `gaps`, `max_epochs`,
    `batch_size`, `lr`, `net`, `device`, `random_state` and `verbose`.
    """

    draws_in_order = True
    density: Any
    gaps: str
    max_epochs: int | None
    batch_size: int | None
    lr: float | None
    rejection_sampling: bool = False  # a family without the parameter has none
    net: Any
    device: str
    verbose: int

    @abstractmethod
    def _spec(
        self, parts: SeriesParts, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Any:
        """Return the `TrainingSpec` of a network.

        Parameters
        ----------
        parts : SeriesParts
            The training series.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes.
        rng : numpy.random.Generator
            Random stream of the fit, for sources of noise in the training.
        """

    @abstractmethod
    def _generate(
        self, V: np.ndarray, labels: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Return shapes for given attributes.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised attributes (`_state.space` has their statistics).
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of classes.
        rng : numpy.random.Generator
            Random stream of this block of series.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Shapes; the first rows must not depend on the number of rows.
        """

    def _check_parts(self) -> None:
        """Refuse user-defined parts that cannot work, before any training."""
        make_density(self.density)

    def _fit_panel(
        self, panel: Panel, labels: np.ndarray | None, rng: np.random.Generator
    ) -> None:
        """Split the series, train the network, learn the attributes."""
        from lgta_sklearn.networks.frozen import resolve_device

        device = resolve_device(self.device)
        self._check_parts()
        rejects = self.rejection_sampling and _enough_for_a_critic(len(panel))
        self.scaling_ = ScaleDecomposition().fit(panel.values)
        self.grid_ = ValueGrid().fit(panel.values)
        parts = self._split(panel)
        self._train(self._spec(parts, labels, rng), parts, device, rng)
        self._learn(panel, parts, labels, rng)
        self._learn_rejection(panel, rejects, rng)

    def _split(self, panel: Panel) -> SeriesParts:
        """Return the shapes, levels and scales of series."""
        level, scale, shape = self.scaling_.split(panel.values)
        return SeriesParts(shape, level, scale, panel.lengths)

    def _train(
        self, spec: Any, parts: SeriesParts, device: str, rng: np.random.Generator
    ) -> None:
        """Train a network; store it and the history of its training."""
        from lgta_sklearn.networks.frozen import FrozenNetwork
        from lgta_sklearn.training.trainer import make_plan, train

        net = None if self.net is None else clone(self.net)

        def chosen(name: str) -> Any:
            value = getattr(self, name)
            return value if value is not None or net is None else getattr(net, name)

        n_samples, _, n_timepoints = parts.shape.shape
        plan = make_plan(
            n_samples,
            n_timepoints,
            device=device,
            batch_size=chosen("batch_size"),
            max_epochs=chosen("max_epochs"),
            lr=chosen("lr"),
            validation_fraction=self._share_held_out(n_samples),
            budget=spec.budget,
        )
        module, history = train(
            spec, net, plan, rng, device=device, verbose=self.verbose
        )
        params = dict(spec.module_params) if type(module) is spec.module else None
        self._state.network = FrozenNetwork(module, device, n_timepoints, params)
        self.history_, self.n_iter_ = history, len(history)
        self.loss_curve_ = [row["train_loss"] for row in history]
        held_out = [row["valid_loss"] for row in history if "valid_loss" in row]
        self.validation_curve_ = held_out or None

    def _share_held_out(self, n_samples: int) -> float:
        """Return the share of the series that is held out: of few series, more."""
        share = getattr(self, "validation_fraction", 0.0)
        least = FEWEST_HELD_OUT / n_samples if n_samples >= FEWEST_SPLIT else 0.0
        return max(share, least) if share else 0.0

    def _learn(
        self,
        panel: Panel,
        parts: SeriesParts,
        labels: np.ndarray | None,
        rng: np.random.Generator,
    ) -> None:
        """Learn the parts that sampling needs besides the network."""
        none = np.empty((len(panel), 0))
        V = self._learn_attributes(none, (0,), parts, labels, rng)
        self._learn_gaps(panel, V)

    def _learn_rejection(
        self, panel: Panel, by_critic: bool, rng: np.random.Generator
    ) -> None:
        """Learn which samples are drawn again."""
        self._state.tests = self._copy_tests(panel)
        if by_critic:
            seed = as_int(stream(rng, Use.REJECT))
            draw = partial(self._drawn_values, seed=seed)
            self._state.tests.append(CriticTest().fit(panel.values, draw, seed))

    def _copy_tests(self, panel: Panel) -> list[Any]:
        """Return tests for near-copies, which hold the training series: none."""
        return []

    def _drawn_values(self, n_samples: int, seed: int) -> np.ndarray:
        """Return samples in model units, (n_samples, n_channels, n_timepoints)."""
        labels = self._draw_labels(n_samples, seed)
        drawn = self._sampled_blocks(n_samples, labels, seed)
        return np.concatenate([block.values for _, block in drawn])

    def _learn_attributes(
        self,
        code: np.ndarray,
        code_shape: tuple[int, ...],
        parts: SeriesParts,
        labels: np.ndarray | None,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Fit the density of the attributes; return those of the training series."""
        space = AttributeSpace(code_shape, self.scaling_.min_scale_)
        self._state.space = space
        V = space.fit(code, parts.level, parts.scale, parts.lengths, labels)
        V = self._completed(V)
        space.fit_range(V)
        self.density_ = self._fitted_density(
            V, labels, as_int(stream(rng, Use.DENSITY))
        )
        return V

    def _fitted_density(
        self, V: np.ndarray, labels: np.ndarray | None, seed: int
    ) -> Any:
        """Return the density of standardised attributes."""
        density = make_density(self._unfitted_density(), seed, self._state.space.blocks)
        return ClassConditionalDensity(density).fit(V, given=labels)

    def _unfitted_density(self) -> Any:
        """Return the density to be fitted: a name, or an object."""
        return self.density

    def _learn_gaps(self, panel: Panel, V: np.ndarray) -> None:
        """Learn where values are missing, given the attributes."""
        inside = panel.inside()[:, None]
        self._state.gaps = GapPatterns().fit(np.isnan(panel.values) & inside, given=V)

    def _attributes(
        self, parts: SeriesParts, code: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the standardised attributes of series, without NaN."""
        space = self._state.space
        code = np.empty((len(parts.level), 0)) if code is None else code
        V = space.columns(code, parts.level, parts.scale, parts.lengths)
        return self._completed(space.standardised(V))

    def _completed(self, V: np.ndarray) -> np.ndarray:
        """Return standardised attributes; means replace missing values."""
        return np.nan_to_num(V)

    def _sample_block(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Panel:
        """Draw attributes, generate shapes, put them together; reject some."""

        def draw(rows: np.ndarray, of_draw: np.random.Generator) -> Panel:
            some = None if labels is None else labels[rows]
            return self._composed(
                *self._sample_parts(len(rows), some, of_draw), of_draw
            )

        tests = getattr(self._state, "tests", ())
        return with_rejection(draw, n_samples, tests, rng)

    def _composed(
        self, V: np.ndarray, shape: np.ndarray, rng: np.random.Generator
    ) -> Panel:
        """Return the series of sampled attributes and shapes, with gaps."""
        space, n_samples = self._state.space, len(V)
        _, level, scale, lengths = space.split(space.restored(V))
        panel = self._joined(SeriesParts(shape, level, scale, lengths))
        if self.gaps == "keep" and self._state.gaps.gaps_ is not None and n_samples:
            row = panel.values.shape[1:]
            of_gaps = stream(rng, Use.GAPS)
            missing = sample_rows(
                self._state.gaps, n_samples, of_gaps, given=V, row=row
            )
            panel.values[missing] = np.nan
        return panel

    def _sample_parts(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw standardised attributes, and generate shapes for them."""
        space = self._state.space
        of_density, row = stream(rng, Use.DENSITY), (space.n_columns,)
        V = sample_rows(self.density_, n_samples, of_density, given=labels, row=row)
        V = space.within_range(V)
        return V, self._generate(V, labels, rng)

    def _joined(self, parts: SeriesParts) -> Panel:
        """Return the series of sampled parts, on the grid of their channels."""
        shape, lengths = parts.shape, parts.lengths
        panel = Panel(shape, lengths)
        shape = np.where(panel.inside()[:, None], shape, np.nan)
        shape = self.scaling_.as_shape(shape, parts.scale)
        X = self.scaling_.join(parts.level, parts.scale, shape)
        return replace(panel, values=self.grid_.snap(X))

    def _after_load(self, device: str | None) -> None:
        """Move the network to a device; warn if the device of `fit` is missing."""
        from lgta_sklearn.networks.frozen import resolve_device

        network = self._state.network
        if device is not None:
            network.move(resolve_device(device))
            return
        asked, found = str(self.device), network.device
        if asked != "auto" and not found.startswith(asked):
            warnings.warn(
                f"the estimator was fitted with device={asked!r}, which is not here; "
                f"it runs on {found}. Say load(path, device=...) to choose.",
                stacklevel=3,
            )

    @property
    def module_(self) -> Any:
        """Return the trained network, a torch module."""
        return self._state.network.module

    @property
    def device_(self) -> str:
        """Return the device that the network is on."""
        return self._state.network.device


def _enough_for_a_critic(n_samples: int) -> bool:
    """Tell whether a critic can learn from so many series; warn if it cannot."""
    if n_samples < FEWEST_FOR_CRITIC:
        warnings.warn(
            f"rejection_sampling=True needs {FEWEST_FOR_CRITIC} series or more, got "
            f"{n_samples}: no critic is trained.",
            stacklevel=5,
        )
    return n_samples >= FEWEST_FOR_CRITIC
