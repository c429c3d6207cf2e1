"""Growth of a regression set: series between two of similar targets.

Letters: ``i`` a training series, ``j`` its partner, ``y`` targets in units of their
standard deviation, ``h`` the bandwidth, ``w`` the share of the way from i to j:

    P(j | i)  proportional to  exp(-|y_i - y_j|^2 / (2 h^2)),  j other than i
    x' = the series that has gone the share w of the way from x_i to x_j
    y' = (1 - w) y_i + w y_j

with w the smaller of a draw from Beta(2, 2) and 1 minus it. So i is the nearer end, and
a weight of i is that of the new series
(Yao et al., 2022, "C-Mixup: improving generalization in regression",
arXiv:2210.05775).
"""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from lgta_sklearn._chunks import chunks
from lgta_sklearn._series.panel import Panel, panel_of
from lgta_sklearn.compose._growth import Grown, given_to

__all__ = ["mixed"]

CONCENTRATION = 2.0  # of the beta distribution


def mixed(
    augmenter: Any,
    panel: Panel,
    y: np.ndarray,
    source: np.ndarray,
    *,
    bandwidth: float,
    rng: np.random.Generator,
) -> Grown:
    """Return series between each source row and a partner of similar target.

    Parameters
    ----------
    augmenter : augmenter
        Has `interpolate`; fitted to the series.
    panel : Panel
        Training series.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Their targets.
    source : ndarray of int of shape (n_new,)
        Source rows of the new series.
    bandwidth : float
        Bandwidth of the kernel, in standard deviations of the targets.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Grown
        New series with targets of their own.
    """
    partner = _partners(y.reshape(len(y), -1), source, bandwidth, rng)
    share = rng.beta(CONCENTRATION, CONCENTRATION, size=len(source))
    share = np.minimum(share, 1 - share)
    ends = (given_to(augmenter, panel[rows]) for rows in (source, partner))
    between = augmenter.interpolate(*ends, share)
    if not isinstance(between, Panel):
        between = panel_of(between, panel.values.shape[-1])
    way, y = share.reshape(-1, *[1] * (y.ndim - 1)), y.astype(float)
    targets = (1 - way) * y[source] + way * y[partner]
    return Grown(replace(between, container=panel.container), source, targets)


def _partners(
    y: np.ndarray, source: np.ndarray, bandwidth: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw a partner for each source row, by the similarity of the targets."""
    largest = np.abs(y.astype(float)).max(axis=0)
    y = StandardScaler().fit_transform(y / np.where(largest > 0, largest, 1.0))
    partner = np.empty(len(source), dtype=int)
    for part in chunks(len(source), y.size):
        rows = source[part]
        distance = ((y[rows, None] - y) ** 2).sum(axis=-1)
        distance[np.arange(len(rows)), rows] = np.inf
        nearest = distance.min(axis=1, keepdims=True)
        # relative to the nearest, so that a target far from all others has a partner
        nearest[np.isinf(nearest)] = 0.0  # there is only one series
        weight = np.exp(-(distance - nearest) / (2 * bandwidth**2)).cumsum(axis=1)
        drawn = rng.uniform(size=(len(rows), 1)) * weight[:, -1:]
        partner[part] = np.minimum((weight <= drawn).sum(axis=1), len(y) - 1)
    return partner
