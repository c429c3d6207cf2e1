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

import numpy as np

from lgta_sklearn._files.registry import storable

__all__ = ["ShapeGroups", "processes"]

MOST_GROUPS, SERIES_PER_GROUP = 16, 50  # of a class
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
        Groups of a class. None takes one for each 50 series, at most 16.

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
        numbers = [self._number(size) for size in np.bincount(labels)]
        codes = _codes(X, seed) if max(numbers) > 1 else np.zeros((len(X), 1))
        of_class: list[int] = []
        groups = np.zeros(len(X), dtype=int)
        for label, number in enumerate(numbers):
            rows = np.flatnonzero(labels == label)
            found = _grouped(codes[rows], number, seed)
            groups[rows] = len(of_class) + found
            of_class += [label] * (found.max() + 1)
        self.of_class, self.sizes = np.array(of_class), np.bincount(groups)
        return groups

    def _number(self, n_samples: int) -> int:
        """Return the number of groups of a class."""
        if self.n_components is None:
            wanted = min(n_samples // SERIES_PER_GROUP, MOST_GROUPS)
        else:
            wanted = min(n_samples // LEAST_MEMBERS, self.n_components)
        return max(wanted, 1)

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


def _grouped(codes: np.ndarray, n_groups: int, seed: int) -> np.ndarray:
    """Return the groups of the series of one class, none of them small."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    variance = codes.var(axis=0).mean()
    if n_groups == 1 or variance == 0:
        return np.zeros(len(codes), dtype=int)
    mixture = GaussianMixture(
        n_groups,
        covariance_type="tied",
        reg_covar=LEAST_VARIANCE * variance,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # equal series have fewer groups than were asked for
        warnings.simplefilter("ignore", ConvergenceWarning)
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
