"""The success of an attack against its control, as an excess with an interval.

A rate of success r has a control c, the rate of the same attack on records that were
not used. The excess (r - c) / (1 - c) is 0 if the records were of no use to the attack
and 1 if it always succeeds because of them (Giomi et al., 2023, arXiv:2211.10459). Its
interval joins the Wilson intervals of both rates by squaring and adding the distances
to their ends (Newcombe, 1998, "Interval estimation for the difference between
independent proportions", Statistics in Medicine 17:873-890). Unlike a bootstrap, this
holds for rates of 0 and 1, and where few records decide, as at 1 % false positives:
with 60 records, a bootstrap showed a sign twice as often as it should. Without groups n
is the number of records; with them, that of persons, as if the records of a person were
all alike.

The excess of an area A under a ROC curve is 2 A - 1, with a bootstrap interval.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

__all__ = ["Outcome", "of_ranks", "of_rates", "wilson"]

Z = 1.959963984540054  # 97.5 % quantile of the normal distribution
N_RESAMPLES = 1000


@dataclass(frozen=True)
class Outcome:
    """Result of an attack.

    Parameters
    ----------
    value : float
        Success on training records, in [0, 1].
    control : float
        Success of chance or on unseen records, in [0, 1].
    excess : float
        Success beyond the control; 0 is none, 1 the most.
    low, high : float
        95 % interval of the excess.
    n_attacks : int
        Number of records or persons attacked.
    """

    value: float
    control: float
    excess: float
    low: float
    high: float
    n_attacks: int


def wilson(rate: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate.

    Parameters
    ----------
    rate : float
        Observed rate, in [0, 1].
    n : int
        Number of trials.

    Returns
    -------
    tuple of float
        Lower and upper end, in [0, 1].

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical
    inference", doi:10.1080/01621459.1927.10502953.
    """
    centre = (rate + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(rate * (1 - rate) / n + Z**2 / (4 * n**2))
    # rounding must not put a rate of 0 or 1 outside
    return min(float(centre - half), rate), max(float(centre + half), rate)


def of_rates(rate: float, n: int, control: float, n_control: int) -> Outcome:
    """Return the outcome of an attack that succeeds or fails.

    Parameters
    ----------
    rate : float
        Rate of success on training records.
    n : int
        Number of trials.
    control : float
        Rate of success on unseen records.
    n_control : int
        Number of trials.

    Returns
    -------
    Outcome
        Outcome; without an excess if the control always succeeds.
    """
    left = 1 - control
    if left <= 0:
        return Outcome(rate, control, 0.0, 0.0, 0.0, n)
    excess = (rate - control) / left
    (low, high), (c_low, c_high) = wilson(rate, n), wilson(control, n_control)
    slope, c_slope = 1 / left, (1 - rate) / left**2
    below = np.hypot(slope * (rate - low), c_slope * (c_high - control))
    above = np.hypot(slope * (high - rate), c_slope * (control - c_low))
    return Outcome(
        rate, control, excess, float(excess - below), min(float(excess + above), 1.0), n
    )


def of_ranks(
    members: np.ndarray, others: np.ndarray, rng: np.random.Generator
) -> Outcome:
    """Return the outcome of an attack that gives scores.

    Parameters
    ----------
    members, others : ndarray of shape (n,)
        Scores of members and of non-members; larger ones mean members.
    rng : numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    Outcome
        The area under the ROC curve, with a percentile bootstrap interval in which
        members and non-members are resampled.
    """
    labels = np.repeat([1, 0], [len(members), len(others)])
    area = float(roc_auc_score(labels, np.concatenate([members, others])))
    wins = (members[:, None] > others) + 0.5 * (members[:, None] == others)
    rows, columns = (_resamples(n, rng) for n in wins.shape)
    areas = np.einsum("bj,bj->b", rows @ wins, columns).clip(0, 1)  # of rounding
    low, high = 2 * np.quantile(areas, [0.025, 0.975]) - 1
    return Outcome(area, 0.5, 2 * area - 1, float(low), float(high), len(members))


def _resamples(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the share of each of n records in each resample."""
    return rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES) / n
