"""`DirectAugmenter`: transformations applied to the series themselves.

Letters: ``X`` series, (n, C, T); ``m`` their levels and ``s`` their scales, (n, C);
``U`` their shapes, ``X = m + s * U``; ``T`` a transformation. A variation is
``X' = m + s * T(U)``; `Mixup` and `LinearDelta` act on the values of ``X``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from lgta_sklearn._panels import Panel, unpadded
from lgta_sklearn._random import BLOCK, blocks
from lgta_sklearn._validation import Bounds, Constraint
from lgta_sklearn.augmenters._peers import (
    Part,
    Peers,
    TrainingSeries,
    step_of_rows,
)
from lgta_sklearn.augmenters._response import Rngs, Varier
from lgta_sklearn.augmenters.base import BaseAugmenter
from lgta_sklearn.gaps import bridge
from lgta_sklearn.scaling import ScaleDecomposition
from lgta_sklearn.transforms import Jitter
from lgta_sklearn.transforms._combinations import check_transformation, scaled

__all__ = ["DirectAugmenter"]


class DirectAugmenter(BaseAugmenter):
    """Vary series by transformations of their values: the classical augmentations.

    Nothing is trained. It is the baseline that every comparison with
    `LatentAugmenter` needs, at the same `strength`, and a light augmenter of its own.
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
        How far `augment` and `fit_transform` move the series: root mean square over
        time, as a share of a series' own standard deviation, in the mean over the
        training series. 0 is exactly the identity. None moves them as far as the
        transformation does by itself.
    on_transform : {"identity", "augment"}, default="identity"
        What `transform` does.
    gaps : {"keep", "fill"}, default="keep"
        What becomes of missing values (NaN): they stay where they are, or a straight
        line fills them.
    padded : bool, default=False
        Whether NaN at the end of a row of an array is padding: the series is shorter.
    random_state : None, int, RandomState or Generator, default=None
        The same int gives the same results from the same sequence of calls. Global
        states are not touched.

    Attributes
    ----------
    scaling_ : ScaleDecomposition
        Splits series into level, scale and shape.
    classes_ : ndarray
        Labels, if `fit` was given some.
    n_channels_in_, n_timepoints_in_ : int
        Layout of the series, or of the longest.
    lengths_vary_ : bool
        Whether the series differed in length.
    units_ : ndarray of shape (n_channels, 1)
        Powers of two in which the values of each channel are counted: in `scaling_`
        the largest value seen in `fit` lies between 1 and 2.
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
        "padded": [True],
    }

    def __init__(
        self,
        transformation: Callable[..., np.ndarray] | None = None,
        *,
        strength: float | None = None,
        on_transform: str = "identity",
        gaps: str = "keep",
        padded: bool = False,
        random_state: Any = None,
    ) -> None:
        self.transformation = transformation
        self.strength = strength
        self.on_transform = on_transform
        self.gaps = gaps
        self.padded = padded
        self.random_state = random_state

    def _fit_series(
        self,
        X: np.ndarray,
        lengths: np.ndarray,
        labels: np.ndarray | None,
        seed: int,
    ) -> None:
        """Keep the series, as neighbours and to draw from."""
        check_transformation(self.transformation, has_time=True, has_posterior=False)
        self.scaling_ = ScaleDecomposition().fit(X)
        self._unit = np.nanstd(X, axis=(0, 2))[:, None]
        self._unit[self._unit == 0] = 1.0
        self._kept = X, lengths, labels
        self._training = TrainingSeries(self._rows(X), np.empty((len(X), 0)), labels)

    def _varier(self, X: np.ndarray, labels: np.ndarray | None) -> Varier:
        """Return what moves values."""
        rows = self._rows(X)
        peers = _Peers(self, rows, labels, unpadded(X).lengths)
        transformation = self.transformation or Jitter()

        def vary(factor: float, rngs: Rngs) -> np.ndarray:
            step = step_of_rows(scaled(transformation, factor), rows, rngs, peers)
            return X + step.reshape(X.shape) * self._unit

        return vary

    def _draw(
        self, labels: np.ndarray | None, n_samples: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw training series, with replacement, and vary them."""
        X, lengths, classes = self._kept
        factor = self._factor(self.strength)
        new = [self._restored(X[:0])]
        sources = [np.empty(0, dtype=int)]
        for number, block in blocks(n_samples):
            rng = np.random.default_rng([seed, number])
            # always a whole block, so that a longer draw begins with a shorter one
            wanted = None if labels is None else np.resize(labels[block], BLOCK)
            source = self._drawn_rows(wanted, rng)
            varied = X[source]
            if factor:
                known = None if classes is None else classes[source]
                varied = self._varier(varied, known)(factor, rng)
            new.append(self._restored(varied[: block.stop - block.start]))
            sources.append(source[: block.stop - block.start])
        return np.concatenate(new), lengths[np.concatenate(sources)]

    def _drawn_rows(
        self, labels: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw a block of training series, of the given classes if there are labels."""
        X, _, classes = self._kept
        share = rng.uniform(size=BLOCK)
        if labels is None or classes is None:
            return (share * len(X)).astype(int)
        size = np.bincount(classes)
        first = np.cumsum(size) - size  # in the order of classes
        place = first[labels] + (share * size[labels]).astype(int)
        return np.argsort(classes, kind="stable")[place]

    def _filled(self, panel: Panel) -> Panel:
        """Return series whose gaps are bridged by straight lines."""
        return panel.with_values(bridge(panel.as_channels()), where=panel.gaps())

    def _rows(self, X: np.ndarray) -> np.ndarray:
        """Return series as rows without NaN, in units of their channels."""
        return (bridge(X) / self._unit).reshape(len(X), -1)


class _Peers(Peers):
    """The training series, seen from given ones, which are sequences themselves."""

    def __init__(
        self,
        augmenter: DirectAugmenter,
        rows: np.ndarray,
        labels: np.ndarray | None,
        lengths: np.ndarray,
    ) -> None:
        super().__init__(augmenter._training, rows, labels)
        self.scaling, self.unit = augmenter.scaling_, augmenter._unit
        self.lengths = lengths

    def sequences(
        self, V: np.ndarray, rng: np.random.Generator, *, noise: bool = True
    ) -> Iterator[Part]:
        """Yield the shapes of the series, those of one length together.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Rows.
        rng : numpy.random.Generator
            Source of randomness.
        noise : bool, default=True
            Ignored: no model tells it from the signal.

        Yields
        ------
        Part
            Sequences.
        """
        X = V.reshape(len(V), len(self.unit), -1) * self.unit
        lengths = self.lengths[self._rows]
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            _, scale, shape = self.scaling.split(X[rows, :, :length])
            unit = scale[:, :, None] / self.unit

            def unfold(step: np.ndarray, unit: np.ndarray = unit) -> np.ndarray:
                moved = np.zeros((len(step), *X.shape[1:]))
                moved[..., : step.shape[1]] = step.transpose(0, 2, 1) * unit
                return moved.reshape(len(step), -1)

            where = rows, slice(None)
            yield Part(shape.transpose(0, 2, 1), rng.spawn(1)[0], where, unfold)
