"""Preparation of sets of series for the measures: checks, scaling, subsamples."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from lgta_sklearn._random import Use, stream

__all__ = ["as_pair", "as_panel", "as_panels", "min_max", "nearest", "thinned"]


def as_panel(X: Any, name: str) -> np.ndarray:
    """Return series as (n_samples, n_channels, n_timepoints) in double precision.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series.
    name : str
        Name for error messages.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Series.

    Raises
    ------
    ValueError
        If `X` has another shape or no values, or contains NaN or infinity.
    """
    X = np.asarray(X, dtype=np.float64)
    X = X[:, None] if X.ndim == 2 else X
    if X.ndim != 3 or 0 in X.shape:
        raise ValueError(
            f"{name} must have shape (n_samples, n_timepoints) or (n_samples, "
            f"n_channels, n_timepoints) and at least one value, got {X.shape}."
        )
    if not np.isfinite(X).all():
        raise ValueError(f"{name} contains NaN or infinity; impute or drop them first.")
    return X


def as_pair(X_real: Any, X_synthetic: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return two sets as panels of the same layout.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series.

    Returns
    -------
    tuple of ndarray
        Both as (n_samples, n_channels, n_timepoints).

    Raises
    ------
    ValueError
        If channels or lengths differ.
    """
    real, synthetic = as_panels(X_real=X_real, X_synthetic=X_synthetic)
    return real, synthetic


def as_panels(**sets: Any) -> list[np.ndarray]:
    """Return sets as panels of the same layout.

    Parameters
    ----------
    **sets : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints)
        Series, by the name for error messages.

    Returns
    -------
    list of ndarray
        All as (n_samples, n_channels, n_timepoints).

    Raises
    ------
    ValueError
        If channels or lengths differ.
    """
    panels = [as_panel(X, name) for name, X in sets.items()]
    shapes = [X.shape[1:] for X in panels]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"{_listed(sets)} must have the same channels and time points, got "
            f"{_listed(shapes)}."
        )
    return panels


def _listed(items: Iterable[Any]) -> str:
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}"


def min_max(X: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return series with each channel scaled by the range of a reference set.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Series.
    like : ndarray of shape (n_reference, n_channels, n_timepoints)
        Set whose smallest value in each channel becomes 0 and whose largest becomes 1.

    Returns
    -------
    ndarray of shape (n_samples, n_channels, n_timepoints)
        Scaled series.
    """
    low = like.min(axis=(0, 2), keepdims=True)
    width = like.max(axis=(0, 2), keepdims=True) - low
    width[width == 0] = 1.0
    return (X - low) / width


def thinned(X: np.ndarray, n_samples: int, seed: int, which: int = 0) -> np.ndarray:
    """Return a subsample of series, drawn without replacement.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        Series.
    n_samples : int
        Largest number of series to keep.
    seed : int
        Seed of the draw.
    which : int, default=0
        Number of the set: sets that are compared have streams of their own.

    Returns
    -------
    ndarray of shape (min(n, n_samples), ...)
        Series in random order; all in their own order if there are no more.
    """
    if len(X) <= n_samples:
        return X
    rng = stream(seed, Use.MEASURE, which)
    return X[rng.permutation(len(X))[:n_samples]]


def nearest(
    rows: np.ndarray, among: np.ndarray, *, skip_self: bool = False, k: int = 1
) -> np.ndarray:
    """Return the Euclidean distance of each row to its k-th nearest row of a set.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        Rows.
    among : ndarray of shape (n_reference, n_features)
        Set of rows in which neighbours are searched.
    skip_self : bool, default=False
        Whether `rows` is the same set, so that a row is not its own neighbour.
    k : int, default=1
        Number of the neighbour, 1 for the nearest.

    Returns
    -------
    ndarray of shape (n_samples,)
        Distances.
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k + 1 if skip_self else k, len(among))
    index = NearestNeighbors(n_neighbors=k).fit(among)
    return index.kneighbors(rows)[0][:, -1]
