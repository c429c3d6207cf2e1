"""`ImputingMixin` and `MultipleImputationMixin`: the ability to fill gaps.

The values in a gap are not known, so a single imputation says more than the model
knows. Multiple imputation (Rubin, 1987) draws them several times from their
distribution given the known values. Their quantiles are the limits of prediction
intervals; if the gap is the end of the series, they are a probabilistic forecast.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from lgta_sklearn._chunks import blocks, chunks
from lgta_sklearn._parameters import AT_LEAST_ONE, Bounds
from lgta_sklearn._random import Use, content_generators, seed_from, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.panel import Panel, with_channels

__all__ = ["ImputingMixin", "MultipleImputationMixin"]

SHARE = Bounds(Real, 0, 1)
DRAWN_VALUES = 2**16  # values that are drawn together: parts for several threads
QUANTILE_DRAWS = 100  # draws that the quantiles of a forecast are taken of


class ImputingMixin(ABC):
    """Add `impute` to an augmenter, and the meaning of ``gaps="fill"``.

    A family declares the parameter `gaps` and fills the hook `_imputed`.
    """

    gaps: str
    _check_ready: Callable[[], None]

    @abstractmethod
    def _imputed(self, panel: Panel) -> Panel:
        """Return series with values in their gaps.

        Parameters
        ----------
        panel : Panel
            Series in model units, each with a gap.

        Returns
        -------
        Panel
            The same series without NaN before their ends. The caller only uses the
            values in the gaps.
        """

    def impute(self, X: Any) -> Any:
        """Fill the gaps of series, also if the parameter `gaps` is ``"keep"``.

        Known values are returned unchanged, to the last bit.

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
        return self._filled(check_series(self, X, reset=False)).packed()

    def _with_gaps(self, panel: Panel) -> Panel:
        """Return series, with filled gaps if the parameter `gaps` is ``"fill"``."""
        return self._filled(panel) if self.gaps == "fill" else panel

    def _filled(self, panel: Panel) -> Panel:
        """Return series without gaps, filled block by block."""
        rows = np.flatnonzero(panel.gaps().any(axis=(1, 2)))
        if not len(rows):
            return panel
        values = panel.values.copy()
        with pinned_runtime():
            for _, block in blocks(len(rows)):
                some = panel[rows[block]]
                filled = self._imputed(some.in_model_units()).values
                whole = some.with_model_values(filled, where=some.gaps())
                if whole.gaps().any():
                    raise ValueError(
                        f"{type(self).__name__}._imputed left NaN in gaps."
                    )
                values[rows[block]] = whole.values
        return replace(panel, values=values)


class MultipleImputationMixin(ImputingMixin):
    """Add `sample_imputations`, `impute_quantiles` and `forecast` to an augmenter.

    A family declares the parameter `gaps` and fills the hook `_imputations`. `impute`
    then takes the median of some draws, unless the family fills `_imputed`, too.

    Attributes
    ----------
    n_imputations : int
        Class attribute. Draws of which `impute` takes the median: an odd number, so
        that the median is a value that was drawn.

    References
    ----------
    Rubin (1987), "Multiple imputation for nonresponse in surveys",
    doi:10.1002/9780470316696.
    """

    n_imputations: ClassVar[int] = 21
    n_timepoints_in_: int
    lengths_vary_: bool
    _state: Any
    _call_seed: Callable[..., int]
    _each: Callable[..., Iterator[Any]]

    @abstractmethod
    def _imputations(
        self, panel: Panel, n_draws: int, rngs: Sequence[np.random.Generator]
    ) -> np.ndarray:
        """Draw the values in gaps from their distribution given the known values.

        Parameters
        ----------
        panel : Panel
            Series in model units, each with a gap; with a forecast, the gap is the end
            of the series.
        n_draws : int
            Draws of each series. The first ones must not depend on how many there are.
        rngs : sequence of numpy.random.Generator
            One generator for each series, so that its draws do not depend on the
            series around it.

        Returns
        -------
        ndarray of shape (n_draws, n_samples, n_channels, n_timepoints)
            Series in model units. The caller only uses the values in the gaps.
        """

    def _imputed(self, panel: Panel) -> Panel:
        """Return the median of draws, whose randomness is a function of the series."""
        filled, n_draws = np.empty_like(panel.values), self.n_imputations

        def median(rows: slice) -> tuple[slice, np.ndarray]:
            draws = self._drawn(panel[rows], n_draws, self._state.seed)
            return rows, np.median(draws, axis=0)

        parts = chunks(len(panel), n_draws * panel.values[0].size, DRAWN_VALUES)
        for rows, values in self._each(median, parts):
            filled[rows] = values
        return replace(panel, values=filled)

    def sample_imputations(
        self, X: Any, n_draws: int = 10, *, random_state: Any = None
    ) -> Any:
        """Fill the gaps of series several times: multiple imputation.

        The draws of a series do not depend on the series around it, and with the same
        seed a longer draw begins with the shorter one. Known values are returned
        unchanged, to the last bit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series, NaN where a value is missing. Each needs at least one known value.
        n_draws : int, default=10
            Number of imputations.
        random_state : None, int, RandomState or Generator, default=None
            None varies from call to call (in a sequence that the constructor's
            `random_state` determines), an int gives the same result each time.

        Returns
        -------
        ndarray of shape (n_draws, n_samples, ...), or list of n_draws sets of series
            Series without missing values, in the units and dtype of `X`: an array if
            `X` is one, else a list of sets of series in the container of `X`.

        Raises
        ------
        ValueError
            If `X` does not fit the fitted layout, a series has no known value, or an
            argument is out of range.
        """
        panel = self._checked_for_draws(X, n_draws)
        seed = self._call_seed(random_state)
        return _packed_each(panel, self._summaries(panel, n_draws, seed))

    def impute_quantiles(
        self, X: Any, q: Any, *, n_draws: int = 100, random_state: Any = None
    ) -> Any:
        """Fill the gaps of series by quantiles, such as limits of an interval.

        The quantiles are those of each single value, not of the path through the gap.
        They are estimated such that a further draw lies below a quantile with the
        probability `q` (the estimator of Weibull); levels that so few draws cannot
        tell apart give the smallest or the largest draw.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series, NaN where a value is missing. Each needs at least one known value.
        q : float or sequence of float
            Levels in [0, 1]: 0.5 is the median, ``[0.05, 0.95]`` are the limits of a
            90 % prediction interval.
        n_draws : int, default=100
            Draws that the quantiles are taken of.
        random_state : None, int, RandomState or Generator, default=None
            As in `sample_imputations`; the same seed gives quantiles of the same draws.

        Returns
        -------
        array of the shape of X, or of shape (len(q), n_samples, ...)
            Series without missing values, in the units and dtype of `X`; if `q` is a
            sequence, with one more axis, the first. If `X` is not an array: a set of
            series in its container, or a list with one for each level.

        Raises
        ------
        ValueError
            If `X` does not fit the fitted layout, a series has no known value, or an
            argument is out of range.
        """
        levels = _levels(q)
        panel = self._checked_for_draws(X, n_draws)
        seed = self._call_seed(random_state)
        packed = _packed_each(panel, self._summaries(panel, n_draws, seed, levels))
        return packed if np.ndim(q) else packed[0]

    def forecast(
        self,
        X: Any,
        horizon: int | None = None,
        *,
        n_draws: int | None = None,
        q: Any = None,
        random_state: Any = None,
    ) -> np.ndarray:
        """Return the next values of series that are the beginnings of windows.

        The model has learned series of one length, the window. The known values are
        the beginning of a window, and the `horizon` values at its end are imputed.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series with `horizon` time points fewer than those of `fit`; NaN is a
            missing value. If the series of `fit` vary in length, `X` may be any series
            that together with the horizon are not longer than those.
        horizon : int or None, default=None
            Number of values to forecast. None takes all that are missing to the length
            of the series of `fit`.
        n_draws : int or None, default=None
            Number of draws to return; with `q`, the number of draws that the quantiles
            are taken of, 100 if None.
        q : float, sequence of float or None, default=None
            Levels in [0, 1] of the quantiles to return.
        random_state : None, int, RandomState or Generator, default=None
            As in `sample_imputations`. Without `n_draws` and `q` nothing is random.

        Returns
        -------
        ndarray of shape (n_samples, horizon) or (n_samples, n_channels, horizon)
            Forecasts in the units and dtype of `X`, with channels if `X` has an axis of
            channels: what `impute` fills in, the median of the model. With `n_draws` or
            a sequence `q` there is one more axis, the first, of draws or of quantiles.
            An array also if `X` is another container, since the times are not known.

        Raises
        ------
        ValueError
            If `X` does not fit the fitted layout and the horizon, a series has no known
            value, or an argument is out of range.
        """
        levels = None if q is None else _levels(q)
        if n_draws is not None or levels is None:
            _check_n_draws(1 if n_draws is None else n_draws)
        self._check_ready()
        panel = check_series(self, X, reset=False, shorter=True)
        _check_known(panel)
        ends, panel = panel.lengths, self._extended(panel, horizon)
        if n_draws is None and levels is None:
            return _after(self._filled(panel), ends)
        seed = self._call_seed(random_state)
        parts = []
        for _, rows in blocks(len(panel)):
            some = panel[rows]
            drawn = self._summaries(some, n_draws or QUANTILE_DRAWS, seed, levels)
            each = [replace(some, values=values) for values in drawn]
            parts.append(np.stack([_after(one, ends[rows]) for one in each]))
        drawn = np.concatenate(parts, axis=1)
        return drawn if q is None or np.ndim(q) else drawn[0]

    def _checked_for_draws(self, X: Any, n_draws: int) -> Panel:
        """Return checked series that values can be drawn for."""
        _check_n_draws(n_draws)
        self._check_ready()
        panel = check_series(self, X, reset=False)
        _check_known(panel)
        return panel

    def _extended(self, panel: Panel, horizon: int | None) -> Panel:
        """Return series whose last values, as many as the horizon says, are missing."""
        longest = self.n_timepoints_in_
        lengths = np.unique(panel.lengths)
        if horizon is None:
            horizon = self._missing(lengths)
        if horizon not in Bounds(Integral, 1, longest - 1):
            raise ValueError(
                f"horizon must be an int between 1 and {longest - 1}, since the series "
                f"of fit have {longest} time points, got {horizon!r}."
            )
        wanted = longest - horizon
        wrong = lengths[lengths > wanted if self.lengths_vary_ else lengths != wanted]
        if len(wrong):
            most = "at most " if self.lengths_vary_ else ""
            raise ValueError(
                f"X has series of {wrong[0]} time points, expected {most}{wanted}: the "
                f"{longest} of fit less the horizon of {horizon}. Pass the last "
                f"{wanted} points of each series, or another horizon."
            )
        return replace(panel, lengths=panel.lengths + horizon)

    def _missing(self, lengths: np.ndarray) -> int:
        """Return the number of time points that series lack."""
        longest = self.n_timepoints_in_
        if len(lengths) > 1:
            raise ValueError(
                f"X has series of {lengths[0]} to {lengths[-1]} time points. Say how "
                "many values to forecast: horizon=..."
            )
        if lengths[0] == longest:
            raise ValueError(
                f"X has series of {longest} time points, as many as those of fit, so "
                "that nothing is left to forecast. Pass fewer points of each series, "
                "for instance the last ones, or fit to longer series."
            )
        return int(longest - lengths[0])

    def _summaries(
        self, panel: Panel, n_draws: int, seed: int, q: np.ndarray | None = None
    ) -> np.ndarray:
        """Return draws of series, or their quantiles, in the layout of a panel."""
        rows = np.flatnonzero(panel.gaps().any(axis=(1, 2)))
        n_summaries = n_draws if q is None else len(q)
        values = np.repeat(panel.values[None], n_summaries, axis=0)
        if not len(rows):
            return values

        def summarised(part: slice) -> tuple[np.ndarray, list[np.ndarray]]:
            some = panel[rows[part]]
            gaps = some.gaps()
            draws = self._drawn(some.in_model_units(), n_draws, seed)
            chosen = draws if q is None else _quantiles(draws, q)
            whole = [some.with_model_values(X, where=gaps).values for X in chosen]
            return rows[part], whole

        with pinned_runtime():
            parts = chunks(len(rows), n_draws * values[0, 0].size, DRAWN_VALUES)
            for some, whole in self._each(summarised, parts):
                values[:, some] = whole
        return values

    def _drawn(self, panel: Panel, n_draws: int, seed: int) -> np.ndarray:
        """Return draws of series in model units, by a generator for each series."""
        # one pattern of bits for NaN, of which there are many
        content = np.where(np.isnan(panel.values), np.nan, panel.values)
        key = seed_from(stream(seed, Use.IMPUTE))
        rngs = list(content_generators(content, key))
        draws = self._imputations(panel, n_draws, rngs)
        self._check_draws(draws, panel, n_draws)
        return draws

    def _check_draws(self, draws: Any, panel: Panel, n_draws: int) -> None:
        """Refuse something else than so many finite draws of series."""
        shape, name = (n_draws, *panel.values.shape), type(self).__name__
        if np.shape(draws) != shape:
            raise ValueError(
                f"{name}._imputations returned an array of shape {np.shape(draws)}, "
                f"expected {shape} (draws, samples, channels, time points)."
            )
        if not np.isfinite(np.where(panel.gaps(), draws, 0.0)).all():
            raise ValueError(
                f"{name}._imputations returned NaN or infinity in gaps, expected "
                "finite numbers."
            )


def _levels(q: Any) -> np.ndarray:
    """Return levels of quantiles as an array; refuse others."""
    levels = np.ravel(q).tolist()
    if not levels or np.ndim(q) > 1 or any(level not in SHARE for level in levels):
        raise ValueError(
            f"q must be a number in [0, 1] or a sequence of such numbers, got {q!r}."
        )
    return np.array(levels, dtype=float)


def _quantiles(draws: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return quantiles such that a further draw lies below them with probability q."""
    return np.quantile(draws, q, axis=0, method="weibull")


def _check_n_draws(n_draws: Any) -> None:
    if n_draws not in AT_LEAST_ONE:
        raise ValueError(f"n_draws must be {AT_LEAST_ONE}, got {n_draws!r}.")


def _check_known(panel: Panel) -> None:
    """Refuse series without a known value: nothing is known about them."""
    nothing = np.flatnonzero(np.isnan(with_channels(panel.values)).all(axis=(1, 2)))
    if len(nothing):
        raise ValueError(
            f"X contains NaN only in {len(nothing)} series, the first is number "
            f"{nothing[0]}. Expected at least one known value in each; drop them, or "
            "call `sample` for series of which nothing is known."
        )


def _after(panel: Panel, ends: np.ndarray) -> np.ndarray:
    """Return the values that follow some ends, (n, horizon) or (n, C, horizon)."""
    horizon = panel.lengths[0] - ends[0]
    place = ends[:, None] + np.arange(horizon)
    place = place if panel.values.ndim == 2 else place[:, None]
    return np.take_along_axis(panel.values, place, axis=-1)


def _packed_each(panel: Panel, values: np.ndarray) -> Any:
    """Return several versions of a set of series: one array, or a list of sets."""
    packed = [replace(panel, values=one).packed() for one in values]
    array = isinstance(packed[0], np.ndarray)
    return np.stack(packed) if array else packed
