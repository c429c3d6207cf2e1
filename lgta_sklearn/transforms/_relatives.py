"""Transformations that use the training series or the uncertainty of the model."""

from typing import Any, ClassVar

import numpy as np

from lgta_sklearn._files.registry import storable
from lgta_sklearn.transforms._protocol import BaseTransformation

__all__ = ["LinearDelta", "Mixup", "PosteriorNoise"]


@storable
class Mixup(BaseTransformation):
    """Move each series towards a neighbour of its class: SMOTE in latent space.

    The code, the levels and the log-scales go a random share of the way. The residual,
    which the model cannot explain, goes the same share of its way to that of the
    neighbour, so that the whole way ends exactly at the neighbour. A series that is the
    only one of its class does not move.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of nearest neighbours of the same class from which one is drawn; if there
        are no labels, of nearest neighbours among all series.

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
        self, V: np.ndarray, rng: np.random.Generator, reference: Any
    ) -> np.ndarray:
        """Return rows between those given and their neighbours.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Whole series.
        rng : numpy.random.Generator
            Source of randomness.
        reference : object
            The training series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.
        """
        near = reference.neighbor(V, self.n_neighbors, rng)
        mixed: np.ndarray = V + rng.uniform(size=(len(V), 1)) * (near - V)
        return mixed


@storable
class LinearDelta(BaseTransformation):
    """Move each series by the difference of two others of its class.

    Codes, levels and log-scales move together. A difference between two series of a
    class is a change that the class permits. For a class of fewer than eight series,
    differences within the other classes are used too. Unlike `Jitter`, it keeps the
    correlations between codes and levels.

    Parameters
    ----------
    scale : float, default=0.25
        Factor of the differences. With 1, steps have the covariance of the class.

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
        self, V: np.ndarray, rng: np.random.Generator, reference: Any
    ) -> np.ndarray:
        """Return rows moved by the differences of pairs.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised codes, levels and log-scales.
        rng : numpy.random.Generator
            Source of randomness.
        reference : object
            The training series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.
        """
        one, other = reference.pair(V, rng)
        # a difference has twice the variance of the class
        moved: np.ndarray = V + self.scale * (one - other) / np.sqrt(2)
        return moved


@storable
class PosteriorNoise(BaseTransformation):
    """Draw each code from its posterior distribution.

    Codes of which the model is certain hardly move. A variational model is needed;
    series themselves have no posterior.

    Parameters
    ----------
    scale : float, default=1.0
        Factor of the standard deviation of the posterior. 1 is a draw from it.

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
        self, V: np.ndarray, rng: np.random.Generator, reference: Any
    ) -> np.ndarray:
        """Return rows whose codes are drawn from their posteriors.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised codes, levels and log-scales.
        rng : numpy.random.Generator
            Source of randomness.
        reference : object
            The training series; its `posterior_scale` is the uncertainty of the codes.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.

        Raises
        ------
        ValueError
            If there is no posterior.
        """
        spread = reference.posterior_scale
        if spread is None:
            raise ValueError(
                "PosteriorNoise asks a model how uncertain it is, and there is none "
                "that knows. Use LatentAugmenter with variational=True."
            )
        moved = V.copy()
        noise = rng.standard_normal(spread.shape)
        moved[:, : spread.shape[1]] += self.scale * spread * noise
        return moved
