"""Nearest rows, whose search index is built when it is first needed and never saved."""

from typing import Any

import numpy as np

from lgta_sklearn._files.registry import storable

__all__ = ["NearestRows"]


@storable
class NearestRows:
    """Find the nearest of some rows.

    The rows alone are pickled and saved: a search tree of scikit-learn is bound to the
    version that made it.

    Parameters
    ----------
    V : ndarray of shape (n_kept, n_features)
        Rows to be found.
    n_neighbors : int
        Number of neighbours; fewer if there are fewer rows.
    """

    def __init__(self, V: np.ndarray, n_neighbors: int) -> None:
        self.V, self.n_neighbors = V, min(n_neighbors, len(V))
        self._index: Any = None

    def to(self, V: np.ndarray) -> np.ndarray:
        """Return the rows nearest to given ones, the nearest first.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_features)
            Given rows.

        Returns
        -------
        ndarray of int of shape (n_samples, n_neighbors)
            Numbers of the rows that were kept.
        """
        return self.search(V)[1]

    def search(
        self, V: np.ndarray, n_neighbors: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the distances of the nearest rows, and which they are.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_features)
            Given rows.
        n_neighbors : int or None, default=None
            Another number of neighbours than that of the constructor.

        Returns
        -------
        distance : ndarray of shape (n_samples, n_neighbors)
            Euclidean distances, ascending.
        near : ndarray of int of shape (n_samples, n_neighbors)
            Numbers of the rows that were kept.
        """
        from sklearn.neighbors import NearestNeighbors

        if self._index is None:
            self._index = NearestNeighbors(n_neighbors=self.n_neighbors).fit(self.V)
        distance, near = self._index.kneighbors(V, n_neighbors)
        return distance, near

    def __getstate__(self) -> dict[str, Any]:
        return {"V": self.V, "n_neighbors": self.n_neighbors}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
