"""`DirectAugmenter`: transformations applied to the series themselves.

Letters: ``X`` series, (n, C, T); ``m`` their levels and ``s`` their scales, (n, C);
``U`` their shapes, ``X = m + s * U``; ``T`` a transformation. A variation is
``X' = m + s * T(U)``; `Mixup` and `LinearDelta` act on the values of ``X``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from lgta_sklearn._parameters import Bounds, Constraint
from lgta_sklearn._random import Use, stream
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._imputing import ImputingMixin
from lgta_sklearn.augmenters._interpolating import InterpolatingMixin
from lgta_sklearn.augmenters._reference import (
    Reference,
    SequenceView,
    TrainingReference,
)
from lgta_sklearn.augmenters._varying import (
    Perturbation,
    Rngs,
    VaryingMixin,
    step_of_rows,
)
from lgta_sklearn.augmenters.base import BaseAugmenter
from lgta_sklearn.gaps import interpolate_gaps
from lgta_sklearn.scaling import ScaleDecomposition
from lgta_sklearn.transforms import Jitter
from lgta_sklearn.transforms._combinations import check_transformation, scaled

__all__ = ["DirectAugmenter"]


class DirectAugmenter(InterpolatingMixin, ImputingMixin, VaryingMixin, BaseAugmenter):
    """Vary series by transformations of their values: the classical augmentations.

    No network is trained. It is the baseline for every comparison with
    `LatentAugmenter` at the same `strength`, and a light augmenter in its own right.
    In a `Pipeline` the series are varied **while training only**: ``fit_transform``
    returns a variation of each row, ``transform``, which the pipeline calls to predict,
    returns the rows untouched.

    Parameters
    ----------
    transformation : callable or None, default=None
        Transformation ``(Z, rng) -> Z`` of sequences of standardised values,
        (n_samples, n_timepoints, n_channels), or another of
        `lgta_sklearn.transforms`. None is `transforms.Jitter`.
    strength : float or None, default=None
        Mean distance by which `augment` and `fit_transform` move the training series:
        root mean square over time, as a share of a series' own standard deviation. 0 is
        exactly the identity. None keeps the distance of the transformation itself.
    on_transform : {"identity", "augment"}, default="identity"
        What `transform` does.
    gaps : {"keep", "fill"}, default="keep"
        Treatment of missing values (NaN): they stay missing, or linear interpolation
        fills them, as in `impute`.
    random_state : None, int, RandomState or Generator, default=None
        The same int gives the same results from the same sequence of calls. Global
        states are not touched.

    Attributes
    ----------
    scaling_ : ScaleDecomposition
        Splits series into level, scale and shape.
    classes_ : ndarray
        Labels, if `fit` was given some.
    n_channels_in_ : int
        Number of channels.
    n_timepoints_in_ : int
        Length of the series, or of the longest.
    lengths_vary_ : bool
        Whether the series differed in length.
    channel_scale_ : ndarray of shape (n_channels, 1)
        Power-of-two scale of each channel. `scaling_` refers to values divided by it,
        of which the largest lies in [1, 2).
    n_features_in_ : int
        Number of time points, if the series came in two dimensions.
    feature_names_in_ : ndarray of str
        Column names, if the series came as a DataFrame.

    See Also
    --------
    LatentAugmenter : The same transformations in the latent space of a model.

    References
    ----------
    Um et al. (2017), "Data augmentation of wearable sensor data for Parkinson's
    disease monitoring using convolutional neural networks", arXiv:1706.00527; Iwana
    and Uchida (2021), "An empirical survey of data augmentation for time series
    classification with neural networks", arXiv:2007.15951.

    Examples
    --------
    >>> from lgta_sklearn import DirectAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.transforms import TimeWarp
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = DirectAugmenter(TimeWarp(), random_state=0).fit(X)
    >>> augmenter.augment(X, n_copies=2, strength=0.3).shape
    (80, 24)
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "transformation": [None, callable],
        "strength": [None, Bounds(Real, 0)],
        "on_transform": ["identity", "augment"],
        "gaps": ["keep", "fill"],
    }

    def __init__(
        self,
        transformation: Callable[..., np.ndarray] | None = None,
        *,
        strength: float | None = None,
        on_transform: str = "identity",
        gaps: str = "keep",
        random_state: Any = None,
    ) -> None:
        self.transformation = transformation
        self.strength = strength
        self.on_transform = on_transform
        self.gaps = gaps
        self.random_state = random_state

    def _fit_panel(
        self, panel: Panel, labels: np.ndarray | None, rng: np.random.Generator
    ) -> None:
        """Store the series, as neighbours and for sampling."""
        check_transformation(self.transformation, has_time=True, has_posterior=False)
        X = panel.values
        self.scaling_ = ScaleDecomposition().fit(X)
        spread = np.nanstd(X, axis=(0, 2))[:, None]
        spread[spread == 0] = 1.0
        self._state.spread = spread  # of each channel, (C, 1)
        self._state.kept = X, panel.lengths, labels
        rows, nothing = self._rows(X), np.empty((len(X), 0))
        self._state.training = TrainingReference(rows, nothing, labels)

    def _perturbation(self, panel: Panel, labels: np.ndarray | None) -> Perturbation:
        """Return a function that moves values."""
        X, transformation = panel.values, self.transformation or Jitter()
        rows = self._rows(X)
        reference = _DirectReference(self, rows, labels, panel.lengths)

        def perturb(index: np.ndarray, factor: float, rngs: Rngs) -> np.ndarray:
            farther = scaled(transformation, factor)
            step = step_of_rows(farther, rows[index], rngs, reference[index])
            return X[index] + step.reshape(-1, *X.shape[1:]) * self._state.spread

        return perturb

    def _between(self, one: Panel, other: Panel, share: np.ndarray) -> np.ndarray:
        """Interpolate the values."""
        start, end = (interpolate_gaps(panel.values) for panel in (one, other))
        way = share[:, None, None]
        mixed: np.ndarray = (1 - way) * start + way * end
        return mixed

    def _sample_block(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Panel:
        """Draw training series, with replacement, and vary them."""
        X, lengths, classes = self._state.kept
        source = self._drawn_rows(n_samples, labels, stream(rng, Use.SOURCES))
        drawn = Panel(X[source], lengths[source])
        factor = self._factor(self.strength)
        if not factor:
            return drawn
        known = None if classes is None else classes[source]
        perturb = self._perturbation(drawn, known)
        varied = perturb(np.arange(n_samples), factor, stream(rng, Use.VARY))
        return replace(drawn, values=varied)

    def _drawn_rows(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw training series, of the given classes if there are labels."""
        X, _, classes = self._state.kept
        share = rng.uniform(size=n_samples)
        if labels is None or classes is None:
            return (share * len(X)).astype(int)
        size = np.bincount(classes)
        first = np.cumsum(size) - size  # in the order of classes
        place = first[labels] + (share * size[labels]).astype(int)
        return np.argsort(classes, kind="stable")[place]

    def _imputed(self, panel: Panel) -> Panel:
        """Fill gaps by linear interpolation."""
        return replace(panel, values=interpolate_gaps(panel.values))

    def _rows(self, X: np.ndarray) -> np.ndarray:
        """Return series as rows without NaN, scaled by the spread of each channel."""
        return (interpolate_gaps(X) / self._state.spread).reshape(len(X), -1)


class _DirectReference(Reference):
    """The training series from the viewpoint of given ones, which are sequences."""

    def __init__(
        self,
        augmenter: DirectAugmenter,
        rows: np.ndarray,
        labels: np.ndarray | None,
        lengths: np.ndarray,
    ) -> None:
        super().__init__(augmenter._state.training, rows, labels)
        self.scaling, self.spread = augmenter.scaling_, augmenter._state.spread
        self.lengths = lengths

    def sequences(
        self, V: np.ndarray, rng: np.random.Generator, *, noise: bool = True
    ) -> Iterator[SequenceView]:
        """Yield the shapes of the series, grouped by length.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        rng : numpy.random.Generator
            Source of randomness.
        noise : bool, default=True
            Ignored: there is no model to tell noise from signal.

        Yields
        ------
        SequenceView
            Sequences.
        """
        X = V.reshape(len(V), len(self.spread), -1) * self.spread
        lengths = self.lengths[self._rows]
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            _, scale, shape = self.scaling.split(X[rows, :, :length])
            relative = scale[:, :, None] / self.spread

            def unfold(step: np.ndarray, relative: np.ndarray = relative) -> np.ndarray:
                moved = np.zeros((len(step), *X.shape[1:]))
                moved[..., : step.shape[1]] = step.transpose(0, 2, 1) * relative
                return moved.reshape(len(step), -1)

            where = rows, slice(None)
            yield SequenceView(shape.transpose(0, 2, 1), rng.spawn(1)[0], where, unfold)
