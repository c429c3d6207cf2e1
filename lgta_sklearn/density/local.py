"""Smoothed bootstrap of neighbourhoods."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from lgta_sklearn._files.registry import storable
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn.density.whitening import Straight, Whitening

__all__ = ["LocalDensity"]

NEIGHBORS = (40, 25, 15, 8, 5, 3)  # numbers of neighbours tried for a block of its own
# rows moved in a block of its own have to be as near to another row as 75 % of the rows
# are, nearly as often
NEAR, AS_OFTEN = 0.75, 0.85
FEWEST, MOST = 50, 1000  # rows without which nothing is chosen, and rows moved for it
# columns that vary less, as a share of the others, differ by rounding (the levels of
# series that were standardised one by one)
LEAST_SPREAD = 0.01


@storable
class LocalDensity(BaseEstimator):
    """Smoothed bootstrap: a row drawn at random, moved within its neighbourhood.

    A drawn row is pulled towards the mean ``m`` of its nearest neighbours, and Gaussian
    noise of their covariance is added, so that the local mean and covariance are
    preserved: ``m + sqrt(1 - h^2) * (row - m) + h * noise`` with the bandwidth ``h``.
    If codes lie on a bent surface, samples follow the surface; a mixture of a few
    Gaussians cuts across it. Neighbours are sought in whitened normal scores, as in
    `MixtureDensity`. No sample is a training row, but the density holds all of them.

    Rows that are alike in most columns may differ in a few that matter, such as the
    levels of series that drift: their mean then lies where no row does. So each of
    some `blocks` of columns is tested: rows are moved, and the distance to the nearest
    row other than their source is compared, in the block, with that between rows. A
    block whose moved rows are too far off is moved within a neighbourhood of its own,
    if that helps, with the largest number of neighbours that passes the test. The
    source row is the same for all blocks. The other columns then keep half as much of
    it, so that samples are not nearer to training rows for being right in the block.

    Parameters
    ----------
    n_neighbors : int, default=15
        Number of neighbours of a row, not counting the row; fewer if there are fewer
        rows.
    bandwidth : float in (0, 1], default=0.75
        0 would repeat the rows, 1 ignores the position of a row in its neighbourhood.
    max_samples : int, default=20000
        Largest number of rows kept; if there are more, a random subset.
    blocks : sequence of (int, int) or None, default=None
        First column, and the one after the last, of each block that may have a
        neighbourhood of its own, sought in the units of the columns. None is none. An
        augmenter replaces None by the blocks of levels and of log-scales.
    leave_below : float in [0, 1], default=0.35
        A block gets its own neighbourhood if its moved rows pass the test less than
        this share as often as rows do. More makes samples more plausible, and brings
        them nearer to training rows.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the tests and of `sample`.

    Attributes
    ----------
    block_neighbors_ : list of int
        Number of neighbours of each block; 0 for a block that is moved with the other
        columns.

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

    The last four of ten columns lie on a curve:

    >>> Z = np.random.default_rng(0).normal(size=(500, 10))
    >>> Z[:, 6:] = np.sin(np.linspace(0, 20, 500)[:, None] * [1.0, 1.7, 0.6, 2.3])
    >>> density = LocalDensity(blocks=[(0, 6), (6, 10)], random_state=0).fit(Z)
    >>> [k > 0 for k in density.block_neighbors_]
    [False, True]
    """

    draws_in_order: ClassVar[bool] = True
    # files written before there were blocks do not have these
    blocks: Sequence[tuple[int, int]] | None = None
    leave_below: float = 0.35
    _own: Sequence["_Block"] = ()

    def __init__(
        self,
        n_neighbors: int = 15,
        *,
        bandwidth: float = 0.75,
        max_samples: int = 20_000,
        blocks: Sequence[tuple[int, int]] | None = None,
        leave_below: float = 0.35,
        random_state: Any = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.bandwidth = bandwidth
        self.max_samples = max_samples
        self.blocks = blocks
        self.leave_below = leave_below
        self.random_state = random_state

    def fit(self, Z: np.ndarray, given: None = None) -> Self:
        """Find the neighbours of each row.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_features)
            Rows.
        given : None
            Ignored: `ClassConditionalDensity` fits one of these for each class.

        Returns
        -------
        LocalDensity
            The fitted density.
        """
        seed = seed_from(self.random_state)
        rng = np.random.default_rng(seed)
        if len(Z) > self.max_samples:
            Z = Z[rng.permutation(len(Z))[: self.max_samples]]
        self._fit_rest(Z, rng)
        blocks = [np.arange(*ends) for ends in self.blocks or ()]
        self.block_neighbors_ = [0] * len(blocks)
        self._own = []
        if blocks and len(Z) >= FEWEST:
            self._choose(Z, blocks, seed)
        if self._own:
            alone = np.concatenate([block.columns for block in self._own])
            self._fit_rest(np.delete(Z, alone, axis=1), rng)
        return self

    def _fit_rest(self, Z: np.ndarray, rng: np.random.Generator) -> None:
        """Find neighbours in the columns without a neighbourhood of their own."""
        self._white = Whitening(Z, rng)
        self._near = _neighbors(self._white.rows, self.n_neighbors)

    def _choose(self, Z: np.ndarray, blocks: list[np.ndarray], seed: int) -> None:
        """Give blocks that are not moved well with the others their neighbourhoods."""
        rng = stream(seed, Use.CALIBRATION)
        some = np.linspace(0, len(Z) - 1, min(MOST, len(Z))).astype(int)
        moved = self._moved(some, self.bandwidth, rng)
        error = 2 * np.sqrt(NEAR * (1 - NEAR) / len(some)) / NEAR
        spread = Z.std(axis=0)
        for number, columns in enumerate(blocks):
            if spread[columns].max(initial=0) <= LEAST_SPREAD * spread.max():
                continue
            test = _Test(Z[:, columns], some)
            # without evidence a block stays, so that its dependence on others is kept
            beyond_error = test.share(moved[:, columns]) + error
            if beyond_error >= self.leave_below:
                continue
            block = _Block(Z, columns, rng)
            if block.choose(test, self.bandwidth, rng) > beyond_error:
                self.block_neighbors_[number] = block.near.shape[1] - 1
                self._own = [*self._own, block]

    def sample(
        self, n_samples: int = 1, *, given: None = None, random_state: Any = None
    ) -> np.ndarray:
        """Draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        given : None
            Ignored.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw; None takes the constructor's.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Drawn rows.
        """
        seed = self.random_state if random_state is None else random_state
        seed = seed_from(seed)
        # a stream for each array, so that a longer draw begins with a shorter one
        rows = stream(seed, Use.SOURCES).integers(len(self._near), size=n_samples)
        kept = (1 - self.bandwidth**2) / (4 if self._own else 1)
        rest = self._moved(rows, np.sqrt(1 - kept), stream(seed, Use.NOISE))
        if not self._own:
            return rest
        alone = np.concatenate([block.columns for block in self._own])
        Z = np.empty((n_samples, rest.shape[1] + len(alone)))
        Z[:, np.setdiff1d(np.arange(Z.shape[1]), alone)] = rest
        for number, block in enumerate(self._own, 1):
            rng = stream(seed, Use.NOISE, number)
            Z[:, block.columns] = block.moved(rows, self.bandwidth, rng)
        return Z

    def _moved(
        self, rows: np.ndarray, bandwidth: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Return rows, moved in the columns without a neighbourhood of their own."""
        white, near = self._white, self._near[rows]
        return white.backward(_moved(white.rows, rows, near, bandwidth, rng))


@storable
class _Block:
    """Columns that are moved within neighbourhoods of their own.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)
        Rows.
    columns : ndarray of int of shape (n_columns,)
        Columns of the block.
    rng : numpy.random.Generator
        Source of randomness, which spreads rows that share a value.
    """

    def __init__(
        self, Z: np.ndarray, columns: np.ndarray, rng: np.random.Generator
    ) -> None:
        self.columns, self.straight = columns, Straight(Z[:, columns], rng)
        self.near = _neighbors(self.straight.rows, NEIGHBORS[0])

    def choose(
        self, test: "_Test", bandwidth: float, rng: np.random.Generator
    ) -> float:
        """Keep the largest number of neighbours that passes, or else the smallest.

        Parameters
        ----------
        test : _Test
            Test of the columns.
        bandwidth : float in (0, 1]
            Bandwidth.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        float
            What the test says of the rows moved so.
        """
        share = 0.0
        for k in NEIGHBORS:
            self.near = self.near[:, : k + 1].copy()
            share = test.share(self.moved(test.sources, bandwidth, rng))
            if share >= AS_OFTEN:
                break
        return share

    def moved(
        self, rows: np.ndarray, bandwidth: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Return rows, moved within their neighbourhoods.

        Parameters
        ----------
        rows : ndarray of int of shape (n_samples,)
            Numbers of rows.
        bandwidth : float in (0, 1]
            Bandwidth.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Moved rows.
        """
        Q, near = self.straight.rows, self.near[rows]
        return self.straight.backward(_moved(Q, rows, near, bandwidth, rng))


class _Test:
    """Compare the distances from moved rows to other rows with those between rows.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Rows.
    sources : ndarray of int of shape (n_moved,)
        Rows that are moved.
    """

    def __init__(self, Z: np.ndarray, sources: np.ndarray) -> None:
        from sklearn.neighbors import NearestNeighbors

        self.sources = sources
        self.index = NearestNeighbors(n_neighbors=2).fit(Z)
        self.reach = np.quantile(self._to_others(Z[sources]), NEAR)

    def share(self, moved: np.ndarray) -> float:
        """Return how often moved rows are as near to others as most rows are.

        Parameters
        ----------
        moved : ndarray of shape (n_moved, n_columns)
            The sources, moved.

        Returns
        -------
        float >= 0
            As a share of how often rows are: 1 for rows of the same distribution.
        """
        return float(np.mean(self._to_others(moved) <= self.reach)) / NEAR

    def _to_others(self, moved: np.ndarray) -> np.ndarray:
        """Return the distance of each moved row to the nearest row but its source."""
        distance, near = self.index.kneighbors(moved)
        return np.where(near[:, 0] == self.sources, distance[:, 1], distance[:, 0])


def _neighbors(Q: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Return each row and its nearest others, (n_samples, n_neighbors + 1)."""
    from sklearn.neighbors import NearestNeighbors

    near = np.arange(len(Q))[:, None]
    k = min(n_neighbors, len(Q) - 1)
    if k and Q.shape[1]:
        found = NearestNeighbors(n_neighbors=k).fit(Q).kneighbors(return_distance=False)
        near = np.concatenate([near, found], axis=1)
    return near


def _moved(
    Q: np.ndarray,
    rows: np.ndarray,
    near: np.ndarray,
    bandwidth: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return rows, pulled to the mean of their neighbours and moved by noise."""
    around = Q[near]  # (n, k + 1, d)
    mean = around.mean(axis=1)
    weights = rng.standard_normal((*near.shape, 1))
    weights /= np.sqrt(max(near.shape[1] - 1, 1))
    noise = (weights * (around - mean[:, None])).sum(axis=1)
    moved: np.ndarray = mean + np.sqrt(1 - bandwidth**2) * (Q[rows] - mean)
    return moved + bandwidth * noise
