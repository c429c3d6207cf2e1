"""Groups of similar shapes, of which both networks of a game are told.

A generator of one Gaussian process has to bend it until it fits every kind of series,
and often leaves a kind out. So series are grouped first: by class, and within a class
by a Gaussian mixture. The generator starts as the Gaussian process of the group, and
both networks know the group (Liu et al., 2020, "Diverse image generation via
self-conditioned GANs", arXiv:2006.10728; a mixture as the start of a generator:
Gurumurthy et al., 2017, "DeLiGAN", arXiv:1706.02071). New series have groups in the
same proportions, and levels and scales of their group.

Letters: ``X`` shapes with uncorrelated channels, (n, C, T); ``g`` numbers of groups,
(n,), of G groups.
"""

import warnings
from typing import Any

import numpy as np

from lgta_sklearn._files.registry import storable

__all__ = ["ShapeGroups", "processes"]

NUMBERS, SERIES_PER_GROUP = (2, 4, 8, 16), 50  # of groups in a class, if chosen
MOST_COMPARED = 5000  # series by which the number of groups is chosen
LEAST_GAIN = 1.0  # nats per series; less only thins out what a critic learns from
LEAST_MEMBERS = 10  # the mean of fewer would tell of single series
N_AXES = 20  # along which shapes are grouped
LEAST_VARIANCE = 1e-3  # within a group, as a share of the mean variance along an axis
DOUBT = 20  # series that tell as much of a group's variance as the other groups do
SMALLEST = 1e-6  # variance


@storable
class ShapeGroups:
    """Group series by class and shape, and draw groups for given classes.

    Parameters
    ----------
    n_components : int or None
        Groups of a class. None takes the number with the largest cross-validated
        likelihood, at most 16 and one for each 50 series, if that is at least one nat
        per series above that of one group.

    Attributes
    ----------
    of_class, sizes : ndarray of int of shape (n_groups,)
        Class of each group, and its number of training series.
    """

    def __init__(self, n_components: int | None) -> None:
        self.n_components = n_components

    def fit(self, X: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
        """Group series.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Shapes with uncorrelated channels.
        labels : ndarray of int of shape (n_samples,)
            Numbers of classes.
        seed : int
            Seed of the mixtures.

        Returns
        -------
        ndarray of int of shape (n_samples,)
            Numbers of groups.
        """
        from sklearn.exceptions import ConvergenceWarning

        members = [np.flatnonzero(labels == k) for k in range(labels.max() + 1)]
        choices = [self._choices(len(rows)) for rows in members]
        split = any(max(numbers) > 1 for numbers in choices)
        codes = _codes(X, seed) if split else np.zeros((len(X), 1))
        of_class: list[int] = []
        groups = np.zeros(len(X), dtype=int)
        for label, rows in enumerate(members):
            with warnings.catch_warnings():
                # equal series have fewer groups than were asked for
                warnings.simplefilter("ignore", ConvergenceWarning)
                number = _number(codes[rows], choices[label], seed)
                found = _grouped(codes[rows], number, seed)
            groups[rows] = len(of_class) + found
            of_class += [label] * (found.max() + 1)
        self.of_class, self.sizes = np.array(of_class), np.bincount(groups)
        return groups

    def _choices(self, n_samples: int) -> list[int]:
        """Return the numbers of groups that a class may have, the smallest first."""
        if self.n_components is None:
            return [1, *(k for k in NUMBERS if k * SERIES_PER_GROUP <= n_samples)]
        return [max(min(n_samples // LEAST_MEMBERS, self.n_components), 1)]

    def draw(self, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw groups for series of given classes.

        Parameters
        ----------
        labels : ndarray of int of shape (n_samples,)
            Numbers of classes.
        rng : numpy.random.Generator
            Source; the first draws do not depend on their number.

        Returns
        -------
        ndarray of int of shape (n_samples,)
            Numbers of groups.
        """
        possible = self.of_class == labels[:, None]  # (n, G)
        ends = np.cumsum(possible * self.sizes, axis=1)
        place = rng.random((len(labels), 1)) * ends[:, -1:]
        drawn: np.ndarray = (place < ends).argmax(axis=1)
        return drawn


def _codes(X: np.ndarray, seed: int) -> np.ndarray:
    """Return the principal components of shapes."""
    from sklearn.decomposition import PCA

    flat = X.reshape(len(X), -1)
    pca = PCA(min(N_AXES, *flat.shape), random_state=seed)
    codes: np.ndarray = pca.fit_transform(flat)
    return codes


def _mixture(codes: np.ndarray, n_groups: int, seed: int) -> Any:
    """Return an unfitted mixture with one covariance."""
    from sklearn.mixture import GaussianMixture

    least = LEAST_VARIANCE * codes.var(axis=0).mean()
    return GaussianMixture(
        n_groups, covariance_type="tied", reg_covar=least, random_state=seed
    )


def _number(codes: np.ndarray, choices: list[int], seed: int) -> int:
    """Return the number of groups of a class: of several choices, the likeliest."""
    from sklearn.model_selection import KFold, cross_val_score

    if not codes.any():
        return 1
    if len(choices) == 1:
        return choices[0]
    some = np.random.default_rng(seed).permutation(len(codes))[:MOST_COMPARED]
    codes, folds = codes[some], KFold(5)
    likelihood = [
        cross_val_score(_mixture(codes, k, seed), codes, cv=folds).mean()
        for k in choices
    ]
    best = int(np.argmax(likelihood))
    return choices[best] if likelihood[best] - likelihood[0] >= LEAST_GAIN else 1


def _grouped(codes: np.ndarray, n_groups: int, seed: int) -> np.ndarray:
    """Return the groups of the series of one class, none of them small."""
    if n_groups == 1:
        return np.zeros(len(codes), dtype=int)
    mixture = _mixture(codes, n_groups, seed)
    shares = mixture.fit(codes).predict_proba(codes)
    sizes = np.bincount(shares.argmax(axis=1), minlength=n_groups)
    large = sizes >= min(LEAST_MEMBERS, sizes.max())
    nearest: np.ndarray = np.unique(
        shares[:, large].argmax(axis=1), return_inverse=True
    )[1]
    return nearest


def processes(
    X: np.ndarray, groups: np.ndarray, n_groups: int, most: int
) -> dict[str, np.ndarray]:
    """Return the Gaussian processes of groups, which share their principal axes.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_channels, n_timepoints)
        Shapes with uncorrelated channels.
    groups : ndarray of int of shape (n_samples,)
        Numbers of groups.
    n_groups : int
        G.
    most : int
        Largest number of axes, k.

    Returns
    -------
    dict of str to ndarray
        `mean`, (G, T, C); `axes`, (C, T, k); `spread`, (G, C, k), the standard
        deviations along the axes, and `rest`, (G, C, 1), that along others. A group of
        fewer than 10 series has those of all series.

    References
    ----------
    Ledoit and Wolf (2004), doi:10.1016/S0047-259X(03)00096-4, for the axes.
    """
    sizes = np.bincount(groups, minlength=n_groups)
    large = sizes >= LEAST_MEMBERS
    mean = np.tile(X.mean(axis=0), (n_groups, 1, 1))
    for group in np.flatnonzero(large):
        mean[group] = X[groups == group].mean(axis=0)
    residuals = X - mean[groups]
    of_channels = [_principal(rows, most) for rows in residuals.swapaxes(0, 1)]
    axes, variance, rest = (np.array(part) for part in zip(*of_channels, strict=True))
    variances, rests = np.tile(variance, (n_groups, 1, 1)), np.tile(rest, (n_groups, 1))
    for group in np.flatnonzero(large & (large.sum() > 1)):
        own = residuals[groups == group]
        along = (np.einsum("nct,ctk->nck", own, axes) ** 2).mean(axis=0)
        others = (own**2).sum(axis=2).mean(axis=0) - along.sum(axis=1)
        share = sizes[group] / (sizes[group] + DOUBT)
        variances[group] += share * (along - variance)
        n_rest = X.shape[2] - axes.shape[2]
        if n_rest:
            rests[group] += share * (others / n_rest - rest)
    return {
        "mean": mean.transpose(0, 2, 1),
        "axes": axes,
        "spread": np.sqrt(variances),
        "rest": np.sqrt(np.maximum(rests, 0))[:, :, None],
    }


def _principal(rows: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return principal axes, (T, k), the variance along each, and along others."""
    from sklearn.covariance import LedoitWolf

    variance, axes = np.linalg.eigh(LedoitWolf().fit(rows).covariance_)
    # of few series, many directions have no variance of their own
    variance = np.maximum(variance, SMALLEST * max(variance[-1], SMALLEST))
    n_rest = max(len(variance) - most, 0)
    rest = variance[:n_rest].mean() if n_rest else 0.0
    return axes[:, n_rest:], variance[n_rest:], float(rest)
