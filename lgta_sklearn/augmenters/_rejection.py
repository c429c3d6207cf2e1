"""Rejection of samples: of near-copies, and of what a critic tells from real series.

A rejected sample is drawn again: `with_rejection` asks tests with a method
``rejected``.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from lgta_sklearn._chunks import blocks
from lgta_sklearn._files.registry import storable
from lgta_sklearn._random import Use, as_int, stream
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.gaps import interpolate_gaps

__all__ = ["CriticTest", "NearCopyTest", "with_rejection"]

MOST_DRAWS = 20  # after which a sample is kept as it is
# where about the nearest 1 % of other real series are: at half of the typical distance,
# or nearer if distances differ much, two deviations of their logs below the mean; a
# little less, so that rounding decides nothing where values recur
SHARE, DEVIATIONS, LESS = 0.5, 2.0, 1 - 1e-6
FEWEST = 5  # training series that tell a typical distance
MOST_REAL, TIMES = 3000, 3  # training series of a critic, and samples for each
N_KERNELS = 500
PENALTIES, N_FOLDS = (1e-4, 1e-3, 1e-2, 1e-1), 3  # inverse; validation takes one
CERTAIN = 0.9  # quantile of the odds from which on a sample is kept for certain
ROWS = 64  # series judged together: always as many, so that results repeat to the bit


def with_rejection(
    draw: Callable[[np.ndarray, np.random.Generator], Panel],
    n_samples: int,
    tests: Sequence[Any],
    rng: np.random.Generator,
) -> Panel:
    """Return samples, of which those that a test rejects are drawn again.

    Parameters
    ----------
    draw : callable
        Returns samples for given rows: ``draw(rows, rng)``. The first must not depend
        on how many rows there are; those returned here then do not depend on it either.
    n_samples : int
        Number of samples.
    tests : sequence of object
        With a method ``rejected(X, uniform)``.
    rng : numpy.random.Generator
        Random stream of this block of samples.

    Returns
    -------
    Panel
        The samples; what has been drawn 20 times is kept.
    """
    left = np.arange(n_samples)
    panel = draw(left, rng)
    if not tests:
        return panel
    values, lengths = panel.values, panel.lengths.copy()
    for number in range(MOST_DRAWS - 1):
        uniform = stream(rng, Use.REJECT, number).random(n_samples)[left]
        rejected = [test.rejected(values[left], uniform) for test in tests]
        left = left[np.any(rejected, axis=0)]
        if not len(left):
            break
        others = draw(left, stream(rng, Use.REDRAW, number))
        values[left], lengths[left] = others.values, others.lengths
    return replace(panel, values=values, lengths=lengths)


@storable
class NearCopyTest:
    """Reject series that are too near to training series.

    Too near is nearer than half of the median distance between a training series and
    the nearest other one, and nearer than two standard deviations of the logs of these
    distances below their mean. All channels have the same weight.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Training series, NaN where a value is missing. Of fewer than five none is too
        near.

    Attributes
    ----------
    limit : float
        Distance below which a series is too near.
    """

    def __init__(self, X: np.ndarray) -> None:
        self.limit = 0.0
        if len(X) < FEWEST:
            return
        spread = np.nanstd(X, axis=(0, 2), keepdims=True)
        self.spread = np.where(spread > 0, spread, 1.0)
        self.rows = self._flat(X)
        nearest = np.concatenate(
            [self._to_others(rows) for _, rows in blocks(len(self.rows))]
        )
        logs = np.log(nearest[nearest > 0])  # of a repeated series it is 0
        if len(logs) >= FEWEST:
            lowest = np.exp(logs.mean() - DEVIATIONS * logs.std(ddof=1))
            typical = np.nanmedian(nearest)
            self.limit = LESS * float(min(SHARE * typical, lowest))

    def rejected(self, X: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Tell which series are too near to a training series.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        uniform : ndarray of shape (n_samples,)
            Ignored: nothing is left to chance.

        Returns
        -------
        ndarray of bool of shape (n_samples,)
            Which are.
        """
        if not self.limit:
            return np.zeros(len(X), dtype=bool)
        # fmin: the distance of two series without common values is NaN, and not near
        nearest = np.fmin.reduce(_distances(self._flat(X), self.rows), axis=1)
        near: np.ndarray = nearest < self.limit
        return near

    def _to_others(self, rows: slice) -> np.ndarray:
        """Return the distances of training series to the nearest other one."""
        distance = _distances(self.rows[rows], self.rows)
        distance[np.arange(len(distance)), np.arange(rows.start, rows.stop)] = np.nan
        nearest: np.ndarray = np.fmin.reduce(distance, axis=1)
        return nearest

    def _flat(self, X: np.ndarray) -> np.ndarray:
        """Return series as rows, their channels in units of their spread."""
        return (X / self.spread).reshape(len(X), -1)


def _distances(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return Euclidean distances of rows, scaled up for values that are missing.

    The expansion of the square, by which scikit-learn computes those with missing
    values, is inexact for near rows, and its last bits depend on the number of rows.
    """
    from scipy.spatial.distance import cdist

    if not np.isnan(B).any():
        exact: np.ndarray = cdist(A, B)
        return exact
    distance = np.empty((len(A), len(B)))
    for i, row in enumerate(A):
        squares = (B - row) ** 2
        known = (~np.isnan(squares)).mean(axis=1)
        mean = np.nansum(squares, axis=1) / np.where(known > 0, known, np.nan)
        distance[i] = np.sqrt(mean)
    return distance


@storable
class CriticTest:
    """Reject what a critic tells from real series: discriminator rejection sampling.

    The critic is a logistic regression on random convolutions. Its odds estimate how
    much more frequent series like this one are among the real series than among the
    samples; a sample is kept with a probability in proportion to them, for certain
    from their 90 % quantile on. The penalty is chosen by cross-validated likelihood, so
    that a critic that cannot tell them apart keeps nearly all.

    References
    ----------
    Azadi et al. (2019), "Discriminator rejection sampling", arXiv:1810.06758. Grover et
    al. (2019), "Bias correction of learned generative models using likelihood-free
    importance weighting", arXiv:1906.09531.
    """

    def fit(self, X: np.ndarray, draw: Callable[[int], np.ndarray], seed: int) -> Self:
        """Learn to tell real series from samples.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Training series, NaN where a value is missing.
        draw : callable
            Returns a number of samples.
        seed : int
            Seed of the critic.

        Returns
        -------
        CriticTest
            The fitted test.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV, StratifiedKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        from lgta_sklearn.metrics.features import RandomConvolutions

        if len(X) > MOST_REAL:
            rows = stream(seed, Use.SPLIT).permutation(len(X))[:MOST_REAL]
            X = X[rows]
        n_learned = TIMES * len(X)
        X, drawn = interpolate_gaps(X), interpolate_gaps(draw(n_learned + len(X)))
        self.features = RandomConvolutions(N_KERNELS, random_state=seed).fit(X)
        F = self.features.transform(np.concatenate([X, drawn[:n_learned]]))
        of_folds = as_int(stream(seed, Use.SPLIT, 1))
        logistic = LogisticRegression(class_weight="balanced", max_iter=200)
        found = GridSearchCV(
            make_pipeline(StandardScaler(), logistic),
            {"logisticregression__C": PENALTIES},
            scoring="neg_log_loss",
            cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=of_folds),
        ).fit(F, np.arange(len(F)) < len(X))
        scaler, logistic = found.best_estimator_
        self.weights = logistic.coef_[0] / scaler.scale_
        self.bias = float(logistic.intercept_[0] - scaler.mean_ @ self.weights)
        # the odds of samples that the critic has not seen
        self.limit = float(np.quantile(self._log_odds(drawn[n_learned:]), CERTAIN))
        return self

    def rejected(self, X: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Tell which series are rejected.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        uniform : ndarray of shape (n_samples,)
            A uniform number for each: a series is rejected if its number is larger than
            the probability that it is kept.

        Returns
        -------
        ndarray of bool of shape (n_samples,)
            Which are.
        """
        rejected: np.ndarray = np.log(uniform) > self._log_odds(X) - self.limit
        return rejected

    def _log_odds(self, X: np.ndarray) -> np.ndarray:
        """Return the log odds of being real."""
        X, odds = interpolate_gaps(X), np.empty(len(X))
        for start in range(0, len(X), ROWS):
            some = X[start : start + ROWS]
            padded = np.concatenate([some, np.zeros((ROWS - len(some), *X.shape[1:]))])
            F = self.features.transform(padded)[: len(some)]
            odds[start : start + ROWS] = (F * self.weights).sum(axis=1) + self.bias
        return odds
