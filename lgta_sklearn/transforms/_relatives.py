"""Transformations that look at the training series, or ask the model."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["LinearDelta", "Mixup", "PosteriorNoise"]


class Mixup(BaseEstimator):
    """Move each series towards a neighbour of its class: SMOTE through latent space.

    The code, the levels and the log-scales go a random share of the way, and what the
    model cannot explain fades from the one series to the other, so that the way leads
    from a series exactly to its neighbour. A series without another one of its class
    stays where it is.

    Parameters
    ----------
    n_neighbors : int, default=5
        Nearest series of the class among which to draw; of all series, where there are
        no labels.

    References
    ----------
    Chawla et al. (2002), "SMOTE: synthetic minority over-sampling technique",
    doi:10.1613/jair.953; DeVries and Taylor (2017), "Dataset augmentation in feature
    space", arXiv:1702.05538.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.transforms import Mixup
    >>> LatentAugmenter(transformation=Mixup(n_neighbors=3))
    LatentAugmenter(transformation=Mixup(n_neighbors=3))
    """

    moves: ClassVar[str] = "series"

    def __init__(self, n_neighbors: int = 5) -> None:
        self.n_neighbors = n_neighbors

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, peers: Any
    ) -> np.ndarray:
        """Return rows between those given and their neighbours.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Whole series.
        rng : numpy.random.Generator
            Source of randomness.
        peers : object
            The training series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.
        """
        near = peers.neighbor(V, self.n_neighbors, rng)
        mixed: np.ndarray = V + rng.uniform(size=(len(V), 1)) * (near - V)
        return mixed


class LinearDelta(BaseEstimator):
    """Move each series as two others of its class differ, in level and scale too.

    What two series of a class differ by is what the class permits. A class of fewer
    than eight series is moved by the differences within the others too. Unlike `Jitter`
    it keeps what belongs together (a code with a level) together.

    Parameters
    ----------
    scale : float, default=0.25
        Share of the spread of the class: with 1, moves have its covariance.

    References
    ----------
    Kumar et al. (2019), "A closer look at feature space data augmentation for few-shot
    intent classification", arXiv:1910.04176; Schwartz et al. (2018), "Delta-encoder",
    arXiv:1806.04734.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.transforms import LinearDelta
    >>> LatentAugmenter(transformation=LinearDelta(scale=0.5))
    LatentAugmenter(transformation=LinearDelta(scale=0.5))
    """

    moves: ClassVar[str] = "levels"

    def __init__(self, scale: float = 0.25) -> None:
        self.scale = scale

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, peers: Any
    ) -> np.ndarray:
        """Return rows moved by the differences of pairs.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised codes, levels and log-scales.
        rng : numpy.random.Generator
            Source of randomness.
        peers : object
            The training series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.
        """
        one, other = peers.pair(V, rng)
        # a difference has twice the variance of what the class permits
        moved: np.ndarray = V + self.scale * (one - other) / np.sqrt(2)
        return moved


class PosteriorNoise(BaseEstimator):
    """Draw each code from its posterior: the model's own uncertainty about it.

    What the model is sure of hardly moves. It needs a variational model; series
    themselves have no posterior.

    Parameters
    ----------
    scale : float, default=1.0
        Share of the standard deviation of the posterior; 1 is a draw from it.

    References
    ----------
    Kingma and Welling (2014), "Auto-encoding variational Bayes", arXiv:1312.6114.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.transforms import PosteriorNoise
    >>> LatentAugmenter(transformation=PosteriorNoise())
    LatentAugmenter(transformation=PosteriorNoise())
    """

    moves: ClassVar[str] = "levels"
    needs_posterior: ClassVar[bool] = True

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, peers: Any
    ) -> np.ndarray:
        """Return rows whose codes are drawn from their posteriors.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised codes, levels and log-scales.
        rng : numpy.random.Generator
            Source of randomness.
        peers : object
            Knows the posterior.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.

        Raises
        ------
        ValueError
            If there is no posterior.
        """
        spread = peers.posterior_scale
        if spread is None:
            raise ValueError(
                "PosteriorNoise asks a model how uncertain it is, and there is none "
                "that knows. Use LatentAugmenter with variational=True."
            )
        moved = V.copy()
        noise = rng.standard_normal(spread.shape)
        moved[:, : spread.shape[1]] += self.scale * spread * noise
        return moved
