"""`VaryingMixin`: the ability to vary given series, with one calibrated strength."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._chunks import BLOCK, blocks
from lgta_sklearn._parameters import Bounds, Constraint
from lgta_sklearn._random import Use, content_generators, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.labels import take_labels
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._reference import Reference
from lgta_sklearn.augmenters._stream import FreshVariationsMixin
from lgta_sklearn.augmenters._strength import StrengthCurve, amplified, key_of
from lgta_sklearn.datasets._reservoir import comes_in_blocks
from lgta_sklearn.scaling import ScaleDecomposition
from lgta_sklearn.transforms._combinations import Transformation, step_of

__all__ = ["Perturbation", "Rngs", "VaryingMixin", "step_of_rows"]

COUNT, STRENGTH = Bounds(Integral, 0), Bounds(Real, 0)
CALIBRATION_VALUES = 2**17  # values of the series that calibrate the strength

Rngs = np.random.Generator | Sequence[np.random.Generator]
# (rows, factor, rngs) -> variations of these rows of the given series
Perturbation = Callable[[np.ndarray, float, Rngs], np.ndarray]


class VaryingMixin(FreshVariationsMixin, OneToOneFeatureMixin, TransformerMixin, ABC):
    """Add `augment`, `fit_transform`, `transform` and `strength_curve` to an augmenter.

    A family declares the parameters `transformation`, `strength` and `on_transform`,
    learns `scaling_`, and fills the hook `_perturbation`.
    """

    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]]
    _recomputed: ClassVar[frozenset[str]] = frozenset({"curve"})
    transformation: Any
    strength: float | None
    on_transform: str
    scaling_: ScaleDecomposition
    _state: Any
    _fit: Callable[..., tuple[Panel, np.ndarray | None]]
    _check_ready: Callable[[], None]
    _call_seed: Callable[..., int]
    _known_labels: Callable[[Any], np.ndarray | None]

    @abstractmethod
    def _perturbation(self, panel: Panel, labels: np.ndarray | None) -> Perturbation:
        """Return a function that perturbs the given series.

        Everything that is the same for all copies (the codes) is computed here, once.

        Parameters
        ----------
        panel : Panel
            Series in model units.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes, -1 for one that was not in `fit`.

        Returns
        -------
        callable
            ``(rows, factor, rngs) -> X``: variations, (len(rows), C, T) in model units,
            of the series with the numbers `rows`. The effect of the transformation is
            multiplied by `factor`; `rngs` is one generator for all series or one for
            each.
        """

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit, then return one variation of each series: the training-time hook.

        Row i of the result is a variation of row i of `X` and still belongs to
        ``y[i]``. It differs from ``fit(X).transform(X)``, which by default leaves the
        series as they are; use `augment` to vary series at will.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,), default=None
            Labels, as in `fit`.

        Returns
        -------
        array of the shape of X
            Varied series in the units of `X`; a list or a panel if `X` is one.
        """
        if comes_in_blocks(X) and not hasattr(X, "shape"):
            raise TypeError(
                f"fit_transform varies every series of X, so that {type(X).__name__} "
                "cannot be read in blocks: call fit, and block_augmenter."
            )
        panel, labels = self._fit(X, y)
        randomness = self._of_blocks(self._call_seed())
        index = np.arange(len(panel))
        varied = self._varied(panel, index, self.strength, randomness, labels)
        return _as_transformed(varied)

    def transform(self, X: Any) -> Any:
        """Return the series as `on_transform` says: the prediction-time hook.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        array of the shape of X, or a list or a panel if X is one
            With ``on_transform="identity"`` (the default) a copy; with ``"augment"`` a
            variation whose randomness is a function of the row; with
            ``"reconstruct"`` what `reconstruct` returns.
        """
        self._check_ready()
        identity = self.on_transform == "identity"
        panel = check_series(self, X, reset=False, longer=identity and self._keeps_gaps)
        return _as_transformed(self._transformed(panel))

    def _transformed(self, panel: Panel) -> Panel:
        """Return the series as `on_transform` says."""
        if self.on_transform == "identity":
            panel = self._with_gaps(panel)
            return replace(panel, values=panel.values.copy())
        rngs = list(content_generators(panel.values, self._state.seed))

        def of_rows(rows: np.ndarray, *key: int) -> Rngs:
            return [rngs[i] for i in rows]

        return self._varied(panel, np.arange(len(panel)), self.strength, of_rows)

    def augment(
        self,
        X: Any,
        y: Any = None,
        *,
        n_copies: int = 1,
        strength: float | None = None,
        random_state: Any = None,
        return_index: bool = False,
    ) -> Any:
        """Return variations of series: the direct way to grow a set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : array-like of shape (n_samples,), default=None
            Labels or targets; each variation keeps that of its source.
        n_copies : int, default=1
            Variations of each series. The originals are not among them; the first
            ``n_samples`` rows of the result are the first copy of every series.
        strength : float or None, default=None
            How far the series move, as a share of their own standard deviation; not
            negative, and 0 is exactly the identity. None takes the constructor's.
        random_state : None, int, RandomState or Generator, default=None
            None varies from call to call (in a sequence that the constructor's
            `random_state` determines), an int gives the same result each time.
        return_index : bool, default=False
            Whether to return the row of `X` that each variation comes from.

        Returns
        -------
        X_varied : array, DataFrame or list of n_samples * n_copies series
            Variations in the units, dtype and container of `X`.
        y_varied : array of shape (n_samples * n_copies,)
            Labels in the dtype of `y`; only if `y` is given.
        index : ndarray of int of shape (n_samples * n_copies,)
            Source rows; only if `return_index`.

        Raises
        ------
        ValueError
            If `X` does not fit the fitted layout or an argument is out of range.
        """
        self._check_ready()
        if n_copies not in COUNT:
            raise ValueError(f"n_copies must be an int >= 0, got {n_copies!r}.")
        strength = self._checked_strength(strength)
        panel = check_series(self, X, reset=False)
        if y is not None:
            check_consistent_length(panel, y)
        index = np.tile(np.arange(len(panel)), n_copies)
        randomness = self._of_blocks(self._call_seed(random_state))
        labels = self._known_labels(y)
        varied = self._varied(panel, index, strength, randomness, labels)
        result = [varied.packed(index)]
        if y is not None:
            result.append(take_labels(y, index))
        if return_index:
            result.append(index)
        return result[0] if len(result) == 1 else tuple(result)

    def _varier(
        self, panel: Panel, strength: float | None, labels: np.ndarray | None
    ) -> Callable[[np.ndarray, Rngs], np.ndarray]:
        """Return a function that varies rows of series, which are encoded now."""
        factor, keeps = self._factor(strength), self._keeps_energy()
        loss = self.strength_curve().loss(factor) if keeps else 1.0
        perturb = self._perturbation(panel.in_model_units(), labels)
        return lambda rows, rngs: amplified(perturb(rows, factor, rngs), loss)

    def _checked_strength(self, strength: float | None) -> float | None:
        """Return the strength of a call, or that of the constructor."""
        strength = self.strength if strength is None else strength
        if strength is not None and strength not in STRENGTH:
            raise ValueError(f"strength must be a number >= 0, got {strength!r}.")
        return strength

    @staticmethod
    def _of_blocks(seed: int) -> Callable[..., Rngs]:
        """Return the random streams of blocks of variations."""
        return lambda rows, *key: stream(seed, Use.VARY, *key)

    def _varied(
        self,
        panel: Panel,
        index: np.ndarray,
        strength: float | None,
        randomness: Callable[..., Rngs],
        labels: np.ndarray | None = None,
    ) -> Panel:
        """Return a variation of each checked series in the index.

        Series that occur several times are encoded once. The unit of randomness is a
        block of variations of one block of different series.
        """
        panel = self._with_gaps(panel)
        if strength == 0 or len(index) == 0:
            return panel[index]
        values = np.empty((len(index), *panel.values.shape[1:]), panel.values.dtype)
        with pinned_runtime():
            for first, rows, wanted in _by_source(panel, index, labels):
                some = None if labels is None else labels[rows]
                vary = self._varier(panel[rows], strength, some)
                for number, part in blocks(len(wanted)):
                    chosen, place = wanted[part].T
                    X = vary(place, randomness(chosen, first, number))
                    sources = panel[index[chosen]]
                    values[chosen] = sources.with_model_values(X).values
        return replace(panel[index], values=values)

    def _with_gaps(self, panel: Panel) -> Panel:
        """Return series unchanged; a family that can fill gaps overrides this."""
        return panel

    @property
    def _keeps_gaps(self) -> bool:
        """Tell whether gaps stay, so that ``transform`` needs no model."""
        return getattr(self, "gaps", "keep") == "keep"

    def _after_fit(self, panel: Panel, labels: np.ndarray | None) -> None:
        """Measure the strength curve if it is needed, or note that it is not known."""
        self._keep_calibration(panel, labels)
        self._state.curve = None, None
        if self.strength or self._keeps_energy():  # else it may never be needed
            self.strength_curve()

    def _keep_calibration(self, panel: Panel, labels: np.ndarray | None) -> None:
        """Keep some series to calibrate the strength on."""
        # at least one block of the network: few series are repeated
        n_rows = max(BLOCK, min(len(panel), CALIBRATION_VALUES // panel.values[0].size))
        some = np.linspace(0, len(panel), n_rows, endpoint=False).astype(int)
        kept, rows = np.unique(some, return_inverse=True)
        self._state.calibration = {
            "values": panel.values[kept],
            "lengths": panel.lengths[kept],
            "labels": None if labels is None else labels[kept],
            "rows": rows,
        }

    def _factor(self, strength: float | None) -> float:
        """Return the factor of the transformation for a strength."""
        return 1.0 if strength is None else self.strength_curve().factor(strength)

    def strength_curve(self) -> StrengthCurve:
        """Return how far the transformation moves the training series.

        It is measured once for each transformation, also for one that is set after
        `fit`: in `fit` if `strength` is a number, else when it is first needed.

        Returns
        -------
        object
            Object with the attributes `factors`, by which the effect of the
            transformation is multiplied, and `shares`, the mean distance that series
            then move, in units of their own standard deviations.
        """
        check_is_fitted(self, "_state")
        key = key_of(self.transformation)
        measured, curve = self._state.curve or (None, None)
        if curve is None or measured != key:
            curve = self._measured_curve()
            self._state.curve = key, curve
        return curve

    def _calibration(self) -> dict[str, Any]:
        """Return the series that the strength is calibrated on."""
        calibration: dict[str, Any] = self._state.calibration
        return calibration

    def _measured_curve(self) -> StrengthCurve:
        kept = self._calibration()
        perturb = self._perturbation(
            Panel(kept["values"], kept["lengths"]), kept["labels"]
        )

        def varied(factor: float) -> np.ndarray:
            # the same stream for each factor
            rng = stream(self._state.seed, Use.STRENGTH)
            return perturb(kept["rows"], factor, rng)

        with pinned_runtime():
            return StrengthCurve.measured(
                kept["values"][kept["rows"]],
                varied,
                min_scale=self.scaling_.min_scale_,
                keep_energy=self._keeps_energy(),
            )

    def _keeps_energy(self) -> bool:
        """Tell whether the energy that variations lose is restored."""
        return False

    @available_if(lambda self: getattr(self, "input_ndim_", 2) == 2)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the time points; absent for series of several channels.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names to check against those of `fit`.

        Returns
        -------
        ndarray of str of shape (n_timepoints,)
            Feature names, the same as in the input.
        """
        names: np.ndarray = super().get_feature_names_out(input_features)
        return names

    def __sklearn_tags__(self) -> Tags:
        """Say that the dtype is kept."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def step_of_rows(
    transformation: Transformation, V: np.ndarray, rngs: Rngs, reference: Reference
) -> np.ndarray:
    """Return the steps by which a transformation moves rows.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind.
    V : ndarray of shape (n_samples, n_columns)
        Columns of each series: those that it moves, and possibly more.
    rngs : numpy.random.Generator or sequence of numpy.random.Generator
        One for all rows, or one per row.
    reference : Reference
        The training series.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Steps.
    """
    if isinstance(rngs, np.random.Generator):
        return step_of(transformation, V, rngs, reference)
    step = np.empty_like(V)
    for i, rng in enumerate(rngs):
        row = slice(i, i + 1)
        step[row] = step_of(transformation, V[row], rng, reference[row])
    return step


def _as_transformed(panel: Panel) -> Any:
    """Return a table of series as an array; scikit-learn converts the output."""
    return panel.values if panel.container.kind == "table" else panel.packed()


def _by_source(
    panel: Panel, index: np.ndarray, labels: np.ndarray | None
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Group wanted variations by blocks of different series.

    Yields the number of the block, the rows of its series, and for each wanted
    variation (its place in `index`, the place of its source in the block).
    """
    distinct, source = _distinct_rows(panel, index, labels)
    order = np.argsort(source, kind="stable")
    bounds = np.searchsorted(source[order], np.arange(0, len(distinct) + BLOCK, BLOCK))
    for number, rows in blocks(len(distinct)):
        wanted = order[bounds[number] : bounds[number + 1]]
        yield number, distinct[rows], np.stack([wanted, source[wanted] - rows.start], 1)


def _distinct_rows(
    panel: Panel, index: np.ndarray, labels: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows in the order of the index, and the position of each."""
    numbers: dict[Any, int] = {}
    of_row = np.full(len(panel), -1)
    distinct: list[int] = []
    for i in index[np.sort(np.unique(index, return_index=True)[1])]:
        label = None if labels is None else int(labels[i])
        key = panel.values[i].tobytes(), int(panel.lengths[i]), label
        of_row[i] = numbers.setdefault(key, len(numbers))
        if of_row[i] == len(distinct):
            distinct.append(i)
    return np.array(distinct), of_row[index]
