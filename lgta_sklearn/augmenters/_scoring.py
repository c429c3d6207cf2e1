"""`ScoringMixin`: the score of a set of series."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

__all__ = ["ScoringMixin"]


class ScoringMixin(ABC):
    """Add `score` to an augmenter that has `score_samples`."""

    @abstractmethod
    def score_samples(self, X: Any) -> np.ndarray:
        """Return how likely each series is.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores in nats; higher is likelier.
        """

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`, so that a grid search needs no scorer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.
        y : None
            Ignored.

        Returns
        -------
        float
            Mean score in nats per series.
        """
        return float(self.score_samples(X).mean())
