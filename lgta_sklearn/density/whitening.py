"""The coordinates of densities: whitened normal scores, or columns as they are."""

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from lgta_sklearn._chunks import BLOCK, blocks
from lgta_sklearn._files.registry import storable

__all__ = ["NormalScores", "Straight", "Whitening"]

MIN_REPEATS = 0.1  # share of repetitions from which on values are taken to recur


@storable
class Whitening:
    """Map rows to whitened normal scores and back; constant directions are dropped.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)
        Rows.
    rng : numpy.random.Generator
        Source of randomness, which spreads rows that share a value.
    normal_scores : bool, default=True
        Whether to map each column to normal scores first.

    Attributes
    ----------
    rows : ndarray of shape (n_samples, n_directions)
        The whitened rows.
    """

    def __init__(
        self, Z: np.ndarray, rng: np.random.Generator, normal_scores: bool = True
    ) -> None:
        from sklearn.decomposition import PCA

        self.scores = NormalScores(Z) if normal_scores else None
        if self.scores is not None:
            Z = self.scores.forward(Z, rng)
        self.mean = Z.mean(axis=0)
        if not np.ptp(Z, axis=0).any():
            self.axes = np.empty((0, Z.shape[1]))
            self.rows = np.empty((len(Z), 0))
            return
        # an array, also if the user has set another output container globally
        pca = PCA(svd_solver="full").set_output(transform="default").fit(Z)
        variance = pca.explained_variance_
        # directions without variance hold rounding errors only
        kept = variance > 1e-10 * variance[0]
        scale = np.sqrt(variance[kept])
        self.axes = scale[:, None] * pca.components_[kept]
        self.rows = pca.transform(Z)[:, kept] / scale

    def backward(self, Q: np.ndarray) -> np.ndarray:
        """Return rows in their own coordinates.

        Parameters
        ----------
        Q : ndarray of shape (n_samples, n_directions)
            Whitened rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows.
        """
        Z: np.ndarray = self.mean + _product(Q, self.axes)
        return Z if self.scores is None else self.scores.backward(Z)


@storable
class Straight:
    """Keep columns as they are: rows that lie on a line or a plane are moved along it.

    Normal scores bend lines: the scores of two columns that are multiples of each other
    are equal, but those between two rows are mapped back by two different curves. Only
    columns whose values recur are mapped to normal scores (times their standard
    deviation), which restore such values exactly.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)
        Rows.
    rng : numpy.random.Generator
        Source of randomness, which spreads rows that share a value.

    Attributes
    ----------
    rows : ndarray of shape (n_samples, n_features)
        The rows in these coordinates.
    """

    def __init__(self, Z: np.ndarray, rng: np.random.Generator) -> None:
        self.rows, self.low, self.high = Z.copy(), Z.min(axis=0), Z.max(axis=0)
        most = (1 - MIN_REPEATS) * len(Z)
        self.recurring = np.array([len(np.unique(values)) <= most for values in Z.T])
        some = Z[:, self.recurring]
        spread, self.scores = some.std(axis=0), NormalScores(some)
        self.spread = np.where(spread > 0, spread, 1.0)
        self.rows[:, self.recurring] = spread * self.scores.forward(some, rng)

    def backward(self, Q: np.ndarray) -> np.ndarray:
        """Return rows in their own coordinates.

        Parameters
        ----------
        Q : ndarray of shape (n_samples, n_features)
            Rows in these coordinates.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows, within the range of those given to the constructor.
        """
        Z = np.clip(Q, self.low, self.high)
        scores = Q[:, self.recurring] / self.spread
        Z[:, self.recurring] = self.scores.backward(scores)
        return Z


@storable
class NormalScores:
    """Map each column to the normal quantiles of its ranks, and back.

    Rows that share a value are spread at random over the ranks they share, so that a
    frequent value covers an interval of the scores and is restored exactly.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)
        Rows.
    """

    def __init__(self, Z: np.ndarray) -> None:
        self.values = np.sort(Z, axis=0)

    def forward(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the scores of the rows given to the constructor."""
        low, high = rankdata(Z, "min", axis=0) - 1, rankdata(Z, "max", axis=0)
        within = np.where(high - low > 1, rng.uniform(size=Z.shape), 0.5)
        scores: np.ndarray = ndtri((low + within * (high - low)) / len(Z))
        return scores

    def backward(self, scores: np.ndarray) -> np.ndarray:
        """Return the rows of normal scores.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_features)
            Scores.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows, within the range of those given to the constructor.
        """
        n = len(self.values)
        position = ndtr(scores) * n - 0.5
        Z = np.empty(scores.shape)
        for column, values in enumerate(self.values.T):
            Z[:, column] = np.interp(position[:, column], np.arange(n), values)
        return Z


def _product(Q: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Multiply matrices in blocks of one size.

    The last bits of a product depend on the number of rows, but the first rows of a
    longer draw must equal those of a shorter draw.
    """
    padded = np.zeros((-(-len(Q) // BLOCK) * BLOCK, Q.shape[1]))
    padded[: len(Q)] = Q
    parts = [padded[rows] @ axes for _, rows in blocks(len(padded))]
    return np.concatenate(parts or [np.empty((0, axes.shape[1]))])[: len(Q)]
