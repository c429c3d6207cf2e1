"""Ex-post density: where the codes of real series lie in the latent space.

A trained autoencoder's codes do not follow the prior it was trained with, and samples
drawn from the prior fall where no series lives. A density fitted to the codes after
training mends this (Ghosh et al., 2020, arXiv:1903.12436; Dai and Wipf, 2019,
arXiv:1903.05789). It is fitted to the codes *and* to the levels and log-scales of the
series together, so that what belongs together is drawn together.

A density is any object with ``fit(Z)`` and ``sample(n_samples)``; that of
`sklearn.mixture` and `sklearn.neighbors.KernelDensity` serve as they are.
"""

import copy
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone

from lgta_sklearn._drawing import draw, sample_density
from lgta_sklearn._random import BLOCK, blocks, seed_from
from lgta_sklearn._whitening import Whitening

__all__ = [
    "ClassDensities",
    "LocalDensity",
    "MixtureDensity",
    "ShiftedDensity",
    "make_density",
]


class MixtureDensity(BaseEstimator):
    """Mixture of Gaussians on normal scores; held-out likelihood chooses its size.

    Each coordinate is first mapped to normal scores, so that its distribution comes
    out as it went in (a Gaussian copula, were it not for the mixture), and the
    scores are whitened, which keeps narrow directions (two channels that move
    together) as exact as wide ones. Mixtures of 1, 2, 4, ... components are tried on
    held-out rows until their likelihood has fallen twice. With fewer rows than it
    takes to compare, one Gaussian on the span of the rows is used, so that five rows
    are as welcome as twenty thousand.

    Parameters
    ----------
    max_components : int, default=32
        Largest number of components tried.
    normal_scores : bool, default=True
        Whether to keep the distribution of each coordinate; no value is then drawn
        beyond those seen in `fit`.
    max_samples : int, default=5000
        Rows used at most for the mixture; more are thinned at random.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the split, of the start of the mixtures and of `sample`.

    Attributes
    ----------
    n_components_ : int
        Components of the chosen mixture.
    mixture_ : GaussianMixture or None
        Mixture of the whitened rows; None if they do not vary.

    References
    ----------
    Ghosh et al. (2020), "From variational to deterministic autoencoders", ICLR,
    arXiv:1903.12436.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.density import MixtureDensity
    >>> Z = np.random.default_rng(0).normal(size=(200, 3))
    >>> density = MixtureDensity(random_state=0).fit(Z)
    >>> density.sample(5).shape
    (5, 3)
    """

    def __init__(
        self,
        max_components: int = 32,
        *,
        normal_scores: bool = True,
        max_samples: int = 5000,
        random_state: Any = None,
    ) -> None:
        self.max_components = max_components
        self.normal_scores = normal_scores
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, Z: np.ndarray, y: object = None) -> Self:
        """Choose and fit the mixture.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_features)
            Rows.
        y : None
            Ignored.

        Returns
        -------
        MixtureDensity
            The fitted density.
        """
        rng = np.random.default_rng(seed_from(self.random_state))
        if len(Z) > self.max_samples:
            Z = Z[rng.permutation(len(Z))[: self.max_samples]]
        self._white = Whitening(Z, rng, self.normal_scores)
        Q, self.mixture_, self.n_components_ = self._white.rows, None, 1
        if Q.shape[1]:
            self.n_components_ = self._choose(Q, rng)
            self.mixture_ = _mixture(Q, self.n_components_, rng)
        return self

    def _choose(self, Q: np.ndarray, rng: np.random.Generator) -> int:
        """Return the number of components with the best held-out likelihood."""
        held_out, kept = np.split(Q[rng.permutation(len(Q))], [len(Q) // 5])
        # a component wants more rows than it has dimensions
        most = min(self.max_components, len(kept) // (2 * Q.shape[1]))
        scores = [(-np.inf, 1)]
        while (k := 2 ** (len(scores) - 1)) <= most and most > 1:
            scores.append((_mixture(kept, k, rng).score(held_out), k))
            if max(scores) not in scores[-2:]:  # twice in a row no better
                break
        return max(scores)[1]

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw; None takes the constructor's.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Drawn rows.
        """
        Q = np.empty((n_samples, 0))
        if self.mixture_ is not None:
            seed = self.random_state if random_state is None else random_state
            Q = sample_density(self.mixture_, n_samples, seed_from(seed) % 2**31)
        return self._white.backward(Q)


class LocalDensity(BaseEstimator):
    """Smoothed bootstrap: a row drawn at random, moved within its neighbourhood.

    A drawn row is pulled towards the mean of its nearest neighbours and spread again by
    Gaussian noise of their covariance, so that the local mean and covariance stay what
    they are: ``m + sqrt(1 - h^2) * (row - m) + h * noise`` with the bandwidth ``h``.
    Where codes lie on a bent sheet this follows the sheet, which a mixture of a few
    Gaussians cuts across. Neighbours are those of the whitened normal scores, as in
    `MixtureDensity`. Rows are never drawn as they are, but the density holds them all.

    Parameters
    ----------
    n_neighbors : int, default=15
        Neighbours of a row, itself not counted; fewer if there are fewer.
    bandwidth : float in (0, 1], default=0.75
        0 would repeat the rows, 1 forgets where in its neighbourhood a row was.
    max_samples : int, default=20000
        Rows kept at most; more are thinned at random.
    random_state : None, int, RandomState or Generator, default=None
        Seed of `sample`.

    References
    ----------
    Silverman and Young (1987), "The bootstrap: to smooth or not to smooth?",
    doi:10.1093/biomet/74.3.469; Vincent and Bengio (2002), "Manifold Parzen windows",
    NIPS; Lall and Sharma (1996), "A nearest neighbor bootstrap for resampling
    hydrologic time series", doi:10.1029/95WR02966.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.density import LocalDensity
    >>> Z = np.random.default_rng(0).normal(size=(200, 3))
    >>> LocalDensity(random_state=0).fit(Z).sample(5).shape
    (5, 3)
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        *,
        bandwidth: float = 0.75,
        max_samples: int = 20_000,
        random_state: Any = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.bandwidth = bandwidth
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, Z: np.ndarray, y: object = None) -> Self:
        """Find the neighbours of each row.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_features)
            Rows.
        y : None
            Ignored.

        Returns
        -------
        LocalDensity
            The fitted density.
        """
        from sklearn.neighbors import NearestNeighbors

        rng = np.random.default_rng(seed_from(self.random_state))
        if len(Z) > self.max_samples:
            Z = Z[rng.permutation(len(Z))[: self.max_samples]]
        self._white = Whitening(Z, rng)
        Q = self._white.rows
        k = min(self.n_neighbors, len(Q) - 1)
        self._near = np.arange(len(Q))[:, None]
        if k and Q.shape[1]:
            found = (
                NearestNeighbors(n_neighbors=k).fit(Q).kneighbors(return_distance=False)
            )
            self._near = np.concatenate([self._near, found], axis=1)
        return self

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw; None takes the constructor's.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Drawn rows.
        """
        seed = self.random_state if random_state is None else random_state
        rng = np.random.default_rng(seed_from(seed))
        Q, h = self._white.rows, self.bandwidth
        rows = rng.integers(len(Q), size=n_samples)
        near = self._near[rows]
        around = Q[near]  # (n, k + 1, d)
        mean = around.mean(axis=1)
        weights = rng.standard_normal((n_samples, near.shape[1], 1))
        weights /= np.sqrt(max(near.shape[1] - 1, 1))
        noise = (weights * (around - mean[:, None])).sum(axis=1)
        return self._white.backward(
            mean + np.sqrt(1 - h**2) * (Q[rows] - mean) + h * noise
        )


def _mixture(Q: np.ndarray, k: int, rng: np.random.Generator) -> Any:
    """Return a mixture of k Gaussians fitted to whitened rows."""
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        k,
        reg_covar=1e-4,
        init_params="k-means++",
        max_iter=1000,
        random_state=int(rng.integers(2**31)),
    )
    return mixture.fit(Q)


class ShiftedDensity:
    """A density of deviations, around a centre.

    Parameters
    ----------
    density : object
        Fitted density of the deviations.
    centre : ndarray of shape (n_features,)
        Where they start.
    """

    def __init__(self, density: Any, centre: np.ndarray) -> None:
        self.density, self.centre = density, centre

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Drawn rows.
        """
        return self.centre + sample_density(self.density, n_samples, random_state)


def make_density(density: Any, random_state: Any = None) -> Any:
    """Return an unfitted density.

    Parameters
    ----------
    density : {"auto", "local", "mixture", "normal"} or object
        Name, or an object with `fit` and `sample`, which is cloned.
    random_state : None, int, RandomState or Generator, default=None
        Given to the density if it takes one and has none.

    Returns
    -------
    object
        Density to be fitted.

    Raises
    ------
    TypeError
        If an object lacks `fit` or `sample`.
    """
    if isinstance(density, str):
        if density == "normal":
            return MixtureDensity(1, normal_scores=False, random_state=random_state)
        if density == "mixture":
            return MixtureDensity(random_state=random_state)
        return LocalDensity(random_state=random_state)
    if not (hasattr(density, "fit") and hasattr(density, "sample")):
        raise TypeError(
            "density must be 'auto', 'local', 'mixture', 'normal' or an object with "
            "fit and sample (such as sklearn.mixture.GaussianMixture), got "
            f"{density!r}."
        )
    fresh = clone(density, safe=False)
    if getattr(fresh, "random_state", 0) is None:
        fresh.random_state = random_state
    return fresh


class ClassDensities:
    """One density per class; small classes borrow the others' deviations.

    A class of fewer than `min_members` rows gets the deviations of all rows from
    their class means, around its own mean.

    Parameters
    ----------
    density : object
        Unfitted density.
    Z : ndarray of shape (n_samples, n_features)
        Rows.
    labels : ndarray of int of shape (n_samples,)
        Number of the class of each row, from 0 without gaps.
    min_members : int, default=5
        Rows from which a class has a density of its own.

    Attributes
    ----------
    by_class : list of object
        Fitted density of each class.
    share : ndarray of shape (n_classes,)
        How often each class occurred.
    n_features : int
        Columns of a row.
    """

    def __init__(
        self, density: Any, Z: np.ndarray, labels: np.ndarray, min_members: int = 5
    ) -> None:
        counts = np.bincount(labels)
        self.share, self.n_features = counts / len(labels), Z.shape[1]
        centres = np.array([Z[labels == k].mean(axis=0) for k in range(len(counts))])
        shared = None
        if counts.min() < min_members:
            shared = copy.deepcopy(density).fit(Z - centres[labels])
        self.by_class = [
            ShiftedDensity(shared, centre)
            if count < min_members
            else copy.deepcopy(density).fit(Z[labels == k])
            for k, (count, centre) in enumerate(zip(counts, centres, strict=True))
        ]

    def draw(
        self,
        n_samples: int,
        seed: int,
        labels: np.ndarray | None = None,
        start: int = 0,
    ) -> np.ndarray:
        """Draw rows of classes.

        Parameters
        ----------
        n_samples : int
            Number of rows.
        seed : int
            Seed of the draw.
        labels : ndarray of int of shape (start + n_samples,) or None, default=None
            Number of the class of each row, from row 0 on; None draws them.
        start : int, default=0
            Number of the first row: a long draw may be made in parts.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Drawn rows.
        """
        if labels is None:
            labels = self.draw_labels(start + n_samples, seed)
        before, labels = labels[:start], labels[start : start + n_samples]
        rows = np.empty((n_samples, self.n_features))
        for k in np.unique(labels):
            members, seen = labels == k, int((before == k).sum())
            n_members, own = int(members.sum()), seed + int(k)
            rows[members] = draw(
                self.by_class[k], n_members, own, seen, row=(self.n_features,)
            )
        return rows

    def draw_labels(self, n_samples: int, seed: int) -> np.ndarray:
        """Draw classes as often as they were, block by block as `draw` draws rows.

        Parameters
        ----------
        n_samples : int
            Number of rows.
        seed : int
            Seed of the draw.

        Returns
        -------
        ndarray of int of shape (n_samples,)
            Numbers of classes.
        """
        labels = np.empty(n_samples, dtype=int)
        for number, rows in blocks(n_samples):
            rng = np.random.default_rng([seed, number])
            drawn = rng.choice(len(self.share), BLOCK, p=self.share)
            labels[rows] = drawn[: rows.stop - rows.start]
        return labels
