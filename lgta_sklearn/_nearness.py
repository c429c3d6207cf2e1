"""The nearest of some rows, whose index is built anew where it is loaded."""

from typing import Any

import numpy as np

__all__ = ["NearestRows"]


class NearestRows:
    """Look up the nearest of some rows.

    What is pickled or saved is the rows: a tree of scikit-learn is bound to the
    version that made it.

    Parameters
    ----------
    V : ndarray of shape (n_kept, n_features)
        Rows to be found.
    n_neighbors : int
        How many to find; fewer if there are fewer.
    """

    def __init__(self, V: np.ndarray, n_neighbors: int) -> None:
        from sklearn.neighbors import NearestNeighbors

        self.V, self.n_neighbors = V, min(n_neighbors, len(V))
        self._index = NearestNeighbors(n_neighbors=self.n_neighbors).fit(V)

    def to(self, V: np.ndarray) -> np.ndarray:
        """Return which rows are nearest to given ones, the nearest first.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of int of shape (n_samples, n_neighbors)
            Numbers of the rows that were kept.
        """
        near: np.ndarray = self._index.kneighbors(V, return_distance=False)
        return near

    def __getstate__(self) -> dict[str, Any]:
        return {"V": self.V, "n_neighbors": self.n_neighbors}

    def __setstate__(self, state: dict[str, Any]) -> None:
        NearestRows.__init__(self, **state)
