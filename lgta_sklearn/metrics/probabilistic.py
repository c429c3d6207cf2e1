"""Measures of draws of unknown values, such as imputations and forecasts.

A distribution that is given by draws should be calibrated (a 90 % interval holds 90 %
of the true values) and sharp (the interval is narrow). The continuous ranked
probability score rewards both.

Letters: ``Y`` true values, of any shape; ``X`` draws of them, (n_draws, *Y.shape).
"""

from numbers import Real
from typing import Any

import numpy as np

from lgta_sklearn._chunks import chunks
from lgta_sklearn._parameters import Bounds

__all__ = ["crps", "interval_coverage", "interval_width"]

BETWEEN = Bounds(Real, 0, 1, open_low=True)


def crps(X_true: Any, X_drawn: Any, *, where: Any = None) -> float:
    """Return the continuous ranked probability score of draws, averaged over values.

    It generalises the absolute error, in whose units it is, from one guess to a
    distribution. This is the fair estimator: its expectation does not depend on the
    number of draws, and it is smallest for draws from the true distribution.

    Parameters
    ----------
    X_true : array-like of shape (...)
        True values, such as series of shape (n_samples, n_timepoints) or (n_samples,
        n_channels, n_timepoints). Values that are NaN are left out.
    X_drawn : array-like of shape (n_draws, ...)
        Draws of each value, at least two, as `sample_imputations` returns them.
    where : array-like of bool that can be broadcast to X_true, default=None
        Values that count, such as those in gaps. None takes all.

    Returns
    -------
    float
        Score in the units of the values; smaller is better. For few draws it can be
        below 0 by chance.

    Raises
    ------
    ValueError
        If the shapes do not fit, there are fewer than two draws, a draw that counts is
        not finite, or no value counts.

    References
    ----------
    Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and
    estimation", doi:10.1198/016214506000001437. Ferro (2014), "Fair scores for ensemble
    forecasts", doi:10.1002/qj.2270.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import crps
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=(100, 24))
    >>> draws = rng.normal(size=(50, 100, 24))
    >>> crps(truth, draws) < crps(truth, draws + 1) < crps(truth, draws + 2)
    True
    """
    truth, drawn = _counted(X_true, X_drawn, where)
    total, n_draws = 0.0, len(drawn)
    # sorted, the pairs of draws need no double sum
    weights = 2 * np.arange(n_draws)[:, None] - (n_draws - 1)
    for some in chunks(len(truth), n_draws):
        error = np.sort(drawn[:, some] - truth[some], axis=0)
        # half the mean distance between two different draws
        spread = (weights * error).sum() / (n_draws * (n_draws - 1))
        total += np.abs(error).mean(axis=0).sum() - spread
    return float(total / len(truth))


def interval_coverage(
    X_true: Any, X_drawn: Any, *, level: float = 0.9, where: Any = None
) -> float:
    """Return the share of true values that lie within the prediction interval.

    The limits are the quantiles ``(1 - level) / 2`` and ``(1 + level) / 2`` of the
    draws, by the estimator of Weibull, for which the expected share is the level if
    truth and draws have the same distribution.

    Parameters
    ----------
    X_true : array-like of shape (...)
        True values; those that are NaN are left out.
    X_drawn : array-like of shape (n_draws, ...)
        Draws of each value, at least two. A level above (n_draws - 1) / (n_draws + 1)
        takes the smallest and the largest draw.
    level : float, default=0.9
        Nominal share of values in the interval, above 0 and below 1.
    where : array-like of bool that can be broadcast to X_true, default=None
        Values that count. None takes all.

    Returns
    -------
    float in [0, 1]
        Share; best is the level. Below it the draws vary too little, above it too much.

    Raises
    ------
    ValueError
        As in `crps`, or if the level is not between 0 and 1.

    References
    ----------
    Gneiting, Balabdaoui and Raftery (2007), "Probabilistic forecasts, calibration and
    sharpness", doi:10.1111/j.1467-9868.2007.00587.x. Hyndman and Fan (1996), "Sample
    quantiles in statistical packages", doi:10.1080/00031305.1996.10473566.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import interval_coverage
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=(100, 24))
    >>> draws = rng.normal(size=(50, 100, 24))
    >>> abs(interval_coverage(truth, draws) - 0.9) < 0.02
    True
    >>> interval_coverage(truth, draws / 4) < 0.5
    True
    """
    truth, drawn = _counted(X_true, X_drawn, where)
    low, high = _limits(drawn, level)
    return float(((low <= truth) & (truth <= high)).mean())


def interval_width(
    X_true: Any, X_drawn: Any, *, level: float = 0.9, where: Any = None
) -> float:
    """Return the mean width of the prediction interval.

    Of two sets of draws that are both calibrated, the one with the narrower interval
    knows more. Read it together with `interval_coverage`.

    Parameters
    ----------
    X_true : array-like of shape (...)
        True values; only which of them are NaN matters: those are left out.
    X_drawn : array-like of shape (n_draws, ...)
        Draws of each value, at least two.
    level : float, default=0.9
        Nominal share of values in the interval, above 0 and below 1.
    where : array-like of bool that can be broadcast to X_true, default=None
        Values that count. None takes all.

    Returns
    -------
    float >= 0
        Width in the units of the values; smaller is better at the same coverage.

    Raises
    ------
    ValueError
        As in `interval_coverage`.

    References
    ----------
    Gneiting, Balabdaoui and Raftery (2007), "Probabilistic forecasts, calibration and
    sharpness", doi:10.1111/j.1467-9868.2007.00587.x.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import interval_width
    >>> draws = np.arange(1.0, 100.0)[:, None]
    >>> interval_width([50.0], draws, level=0.8)
    80.0
    """
    _, drawn = _counted(X_true, X_drawn, where)
    low, high = _limits(drawn, level)
    return float((high - low).mean())


def _counted(X_true: Any, X_drawn: Any, where: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the true values that count, (n_values,), and their draws."""
    truth = np.asarray(X_true, dtype=np.float64)
    drawn = np.asarray(X_drawn, dtype=np.float64)
    if drawn.ndim == 0 or drawn.shape[1:] != truth.shape or len(drawn) < 2:
        raise ValueError(
            f"X_drawn must have shape {('n_draws', *truth.shape)} with at least 2 "
            f"draws, for X_true of shape {truth.shape}, got {drawn.shape}."
        )
    counts = ~np.isnan(truth)
    if where is not None:
        counts &= _mask(where, truth.shape)
    if not counts.any():
        raise ValueError(
            "no value counts: `where` is false or X_true is NaN everywhere. Expected "
            "at least one true value."
        )
    truth, drawn = truth[counts], drawn[:, counts]
    for name, values in (("X_true", truth), ("X_drawn", drawn)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} contains NaN or infinity among the values that count. Pass "
                "`where` to leave them out."
            )
    return truth, drawn


def _mask(where: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return a mask of a shape; refuse one that does not fit."""
    mask = np.asarray(where)
    try:
        fits = mask.dtype == bool and np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"where must be an array of bool that can be broadcast to {shape}, got "
            f"{mask.dtype} of shape {mask.shape}."
        )
    return np.broadcast_to(mask, shape)


def _limits(drawn: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of the interval of each value."""
    if level not in BETWEEN or level == 1:
        raise ValueError(f"level must be a number between 0 and 1, got {level!r}.")
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, tails, axis=0, method="weibull")
    return low, high
