"""Whether a strength controls variations, and whether they have the character wanted.

Letters: ``X`` series, (n, C, T); ``X'`` a variation of each; ``R = X' - X``.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import spearmanr

from lgta_sklearn.metrics._panels import as_pair

__all__ = [
    "Signature",
    "monotone_share",
    "signature",
    "signature_distance",
    "strength_correlation",
]


class Signature(NamedTuple):
    """What tells transformations from each other, each in [-1, 1] or [0, 1].

    Parameters
    ----------
    autocorrelation : float
        Of what was added, at lag 1: 0 for noise, near 1 for a drift or a trend.
    linearity : float
        Share of the variance over time of what was added that a straight line explains:
        1 for a trend.
    amplitude_dependence : float
        Absolute correlation of the size of what was added with the distance of the
        series from its mean: 1 for scaling, near 0 for what is added whatever the
        value.
    """

    autocorrelation: float
    linearity: float
    amplitude_dependence: float


def signature(X: Any, X_varied: Any) -> Signature:
    """Return the signature of a transformation, the mean over series and channels.

    Parameters
    ----------
    X, X_varied : array-like of shape (n_samples, n_timepoints) or (n_samples, \
n_channels, n_timepoints)
        Series, and a variation of each.

    Returns
    -------
    Signature
        Three numbers; a series that was not changed counts as 0 in each.

    Raises
    ------
    ValueError
        If the two differ in shape.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615, whose code correlates with the values of the
    series; here it is their distance from the mean, which has no offset.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import signature
    >>> X = np.random.default_rng(0).normal(size=(50, 30))
    >>> signature(X, X + np.linspace(-1, 1, 30)).linearity
    1.0
    """
    X, varied = as_pair(X, X_varied)
    if len(X) != len(varied):
        raise ValueError(
            f"X_varied must hold one variation of each of {len(X)} series, got "
            f"{len(varied)}."
        )
    R = (varied - X).reshape(-1, X.shape[2])
    from_mean = np.abs(X - X.mean(axis=2, keepdims=True)).reshape(R.shape)
    time = np.broadcast_to(np.arange(R.shape[1]), R.shape)
    return Signature(
        float(_correlation(R[:, :-1], R[:, 1:]).mean()),
        float((_correlation(R, time) ** 2).mean()),
        float(np.abs(_correlation(np.abs(R), from_mean)).mean()),
    )


def signature_distance(X: Any, X_varied: Any, X_twin: Any) -> float:
    """Return how far the signature of variations is from that of direct ones.

    Parameters
    ----------
    X, X_varied, X_twin : array-like of shape (n_samples, n_timepoints) or (n_samples, \
n_channels, n_timepoints)
        Series, a variation of each, and what the same transformation makes of the
        series themselves.

    Returns
    -------
    float >= 0
        Euclidean distance of the two signatures; 0 if a variation has the character of
        its direct twin.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import signature_distance
    >>> rng = np.random.default_rng(0)
    >>> X, noise, other = rng.normal(size=(3, 50, 30))
    >>> near = signature_distance(X, X + noise, X + other)
    >>> near < signature_distance(X, X + noise, X + other.cumsum(axis=1))
    True
    """
    apart = np.subtract(signature(X, X_varied), signature(X, X_twin))
    return float(np.linalg.norm(apart))


def strength_correlation(strengths: Any, distances: Any) -> float:
    """Return the rank correlation of strengths and the distances they cause.

    Parameters
    ----------
    strengths : array-like of shape (n_strengths,)
        Strengths.
    distances : array-like of shape (n_strengths,) or (n_strengths, n_curves)
        Distances of variations from their sources: one curve, or one for each series
        (or transformation, or set).

    Returns
    -------
    float in [-1, 1]
        Spearman's correlation, the mean over curves; 0 for one that does not move.

    References
    ----------
    Spearman (1904), "The proof and measurement of association between two things",
    doi:10.2307/1412159.

    Examples
    --------
    >>> from lgta_sklearn.metrics import strength_correlation
    >>> strength_correlation([0.1, 0.2, 0.4], [1.0, 3.0, 4.0])
    1.0
    """
    curves = _as_curves(strengths, distances)
    moving = np.ptp(curves, axis=0) > 0
    found = [spearmanr(strengths, curve).statistic for curve in curves.T[moving]]
    return float(np.sum(found) / curves.shape[1])


def monotone_share(strengths: Any, distances: Any) -> float:
    """Return the share of curves along which every greater strength moves farther.

    A curve that stays flat between two strengths does not count: there the strength
    controls nothing. Distances at equal strengths may differ.

    Parameters
    ----------
    strengths : array-like of shape (n_strengths,)
        Strengths, in any order.
    distances : array-like of shape (n_strengths,) or (n_strengths, n_curves)
        Distances, as in `strength_correlation`.

    Returns
    -------
    float in [0, 1]
        1 if all curves rise with every strength; 0 for one that does not move.

    Examples
    --------
    >>> from lgta_sklearn.metrics import monotone_share
    >>> monotone_share([0.1, 0.2, 0.4], [[1.0, 1.0], [3.0, 2.0], [4.0, 1.5]])
    0.5
    """
    curves = _as_curves(strengths, distances)
    strengths = np.asarray(strengths)
    greater = strengths[:, None] > strengths  # (n_strengths, n_strengths)
    farther = curves[:, None] > curves  # (n_strengths, n_strengths, n_curves)
    return float(farther[greater].all(axis=0).mean())


def _as_curves(strengths: Any, distances: Any) -> np.ndarray:
    """Return distances as (n_strengths, n_curves)."""
    curves = np.asarray(distances, dtype=float)
    curves = curves[:, None] if curves.ndim == 1 else curves
    if curves.ndim != 2 or len(curves) != len(strengths) or len(curves) < 2:
        raise ValueError(
            "distances must have a row for each of two strengths or more, got "
            f"{len(strengths)} strengths and distances of shape {curves.shape}."
        )
    return curves


def _correlation(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return the correlation of each row of A with that of B; 0 where one is flat."""
    (A, flat_A), (B, flat_B) = _standardised(A), _standardised(B)
    correlation: np.ndarray = np.where(
        flat_A | flat_B, 0.0, np.einsum("it,it->i", A, B)
    )
    return correlation


def _standardised(A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of mean 0 and length 1, and which are flat but for rounding."""
    centred = A - A.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1)
    flat = length <= 1e-9 * np.linalg.norm(A, axis=1)
    return centred / np.where(flat, 1.0, length)[:, None], flat
