"""Measures of variations: their control by a strength, and their character.

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
    """Three properties of the change that a transformation adds to series.

    Parameters
    ----------
    autocorrelation : float
        Autocorrelation of the change at lag 1, in [-1, 1]: 0 for noise, near 1 for a
        drift or a trend.
    linearity : float
        Share of the variance of the change over time that a straight line explains, in
        [0, 1]: 1 for a trend.
    amplitude_dependence : float
        Absolute correlation between the size of the change and the distance of the
        series from its mean, in [0, 1]: 1 for scaling, near 0 for a change that does
        not depend on the values.
    """

    autocorrelation: float
    linearity: float
    amplitude_dependence: float


def signature(X: Any, X_varied: Any) -> Signature:
    """Return the signature of a transformation, averaged over series and channels.

    Parameters
    ----------
    X, X_varied : array-like of shape (n_samples, n_timepoints) or (n_samples, \
n_channels, n_timepoints)
        Series, and a variation of each.

    Returns
    -------
    Signature
        Three numbers. A series that was not changed counts as 0 in each.

    Raises
    ------
    ValueError
        If the two differ in shape.

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615. Their code correlates the change with the values of
    the series; here it is the distance from the mean, which does not depend on a
    constant added to the series.

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
    """Return the distance between the signatures of variations and of direct ones.

    Parameters
    ----------
    X, X_varied, X_twin : array-like of shape (n_samples, n_timepoints) or (n_samples, \
n_channels, n_timepoints)
        Series, a variation of each, and the result of the same transformation applied
        to the series themselves.

    Returns
    -------
    float >= 0
        Euclidean distance between the two signatures; 0 if the variations have the
        character of the direct ones.

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
    """Return the rank correlation between strengths and the distances they cause.

    Parameters
    ----------
    strengths : array-like of shape (n_strengths,)
        Strengths.
    distances : array-like of shape (n_strengths,) or (n_strengths, n_curves)
        Distances of variations from their sources: one curve, or several, such as one
        for each series, transformation or set.

    Returns
    -------
    float in [-1, 1]
        Spearman's correlation, averaged over curves. A curve that does not move counts
        as 0.

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
    """Return the share of curves that rise with every increase of the strength.

    A curve that is flat between two strengths does not count, because the strength
    controls nothing there. Distances at equal strengths may differ.

    Parameters
    ----------
    strengths : array-like of shape (n_strengths,)
        Strengths, in any order.
    distances : array-like of shape (n_strengths,) or (n_strengths, n_curves)
        Distances, as in `strength_correlation`.

    Returns
    -------
    float in [0, 1]
        1 if all curves rise with every increase. A curve that does not move counts as
        0.

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
    """Return the correlation of each row of A with that of B; 0 if one is constant."""
    (A, flat_A), (B, flat_B) = _standardised(A), _standardised(B)
    correlation: np.ndarray = np.where(
        flat_A | flat_B, 0.0, np.einsum("it,it->i", A, B)
    )
    return correlation


def _standardised(A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of mean 0 and norm 1, and which are constant up to rounding."""
    centred = A - A.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1)
    flat = length <= 1e-9 * np.linalg.norm(A, axis=1)
    return centred / np.where(flat, 1.0, length)[:, None], flat
