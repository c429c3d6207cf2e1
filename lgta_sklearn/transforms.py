"""Latent transformations: small objects called ``(Z, rng) -> Z``.

They act on standardised codes, whose mean is 0 and whose standard deviation is 1 over
the training series. The augmenter multiplies their effect by its `strength`.

One that moves more than codes, or looks at the training series, says so by an
attribute `moves` and is called ``(V, rng, peers) -> V``. With ``moves = "levels"`` a
row of V is a code, the levels and the log-scales; with ``moves = "series"`` what the
model cannot explain follows, so that a row is a whole series (NaN where it is not
known). `peers` gives rows of training series that are of the same class as those of V:
``peers.pair(V, rng)`` two different ones for each, ``peers.neighbor(V, k, rng)`` one of
the k nearest.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["Jitter", "LinearDelta", "Mixup", "SomeOf", "step_of"]


class Jitter(BaseEstimator):
    """Add independent Gaussian noise to every coordinate of the code.

    Parameters
    ----------
    scale : float, default=0.25
        Standard deviation of the noise, in standard deviations of the code (within the
        classes, if there are labels).

    References
    ----------
    Roque et al. (2025), "L-GTA: latent generative modeling for time series
    augmentation", arXiv:2507.23615.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.transforms import Jitter
    >>> Jitter(scale=0.5)(np.zeros((2, 3)), np.random.default_rng(0)).shape
    (2, 3)
    """

    def __init__(self, scale: float = 0.25) -> None:
        self.scale = scale

    def __call__(self, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return jittered codes.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, latent_dim)
            Standardised codes.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Codes.
        """
        jittered: np.ndarray = Z + self.scale * rng.standard_normal(Z.shape)
        return jittered


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


class SomeOf(BaseEstimator):
    """Apply transformations one after another, each to some of the rows.

    Parameters
    ----------
    transformations : sequence of callable
        Transformations of any kind.
    probabilities : sequence of float in [0, 1]
        For each, the share of rows that it is applied to, at random.

    Raises
    ------
    ValueError
        If there are not as many probabilities as transformations.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.transforms import Jitter, Mixup, SomeOf
    >>> both = SomeOf([Mixup(), Jitter(scale=0.1)], probabilities=[0.5, 1.0])
    >>> augmenter = LatentAugmenter(transformation=both)
    """

    def __init__(
        self,
        transformations: Sequence[Callable[..., np.ndarray]],
        probabilities: Sequence[float],
    ) -> None:
        if len(transformations) != len(probabilities):
            raise ValueError(
                f"SomeOf needs one probability for each of {len(transformations)} "
                f"transformations, got {len(probabilities)}."
            )
        self.transformations = transformations
        self.probabilities = probabilities

    @property
    def moves(self) -> str:
        """Return what the transformations move, together.

        Returns
        -------
        str
            ``"levels"``, or ``"series"`` if one of them moves whole series.
        """
        kinds = {getattr(inner, "moves", "codes") for inner in self.transformations}
        return "series" if "series" in kinds else "levels"

    def __call__(
        self, V: np.ndarray, rng: np.random.Generator, peers: Any
    ) -> np.ndarray:
        """Return rows, some of them moved.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            As much of each series as the widest of the transformations moves.
        rng : numpy.random.Generator
            Source of randomness.
        peers : object
            The training series.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Rows.
        """
        for transformation, probability in zip(
            self.transformations, self.probabilities, strict=True
        ):
            chosen = rng.uniform(size=(len(V), 1)) < probability
            V = V + chosen * step_of(transformation, V, rng, peers)
        return V


def step_of(
    transformation: Callable[..., np.ndarray],
    V: np.ndarray,
    rng: np.random.Generator,
    peers: Any,
) -> np.ndarray:
    """Return how far a transformation moves rows.

    Parameters
    ----------
    transformation : callable
        Transformation of any kind.
    V : ndarray of shape (n_samples, n_columns)
        As much of each series as it moves, or more.
    rng : numpy.random.Generator
        Source of randomness.
    peers : object
        The training series.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Steps; 0 in the columns that it does not move.
    """
    step = np.zeros_like(V)
    moves = getattr(transformation, "moves", "codes")
    if moves == "codes":  # it knows nothing of classes
        Z = V[:, : len(peers.share_within)]
        step[:, : Z.shape[1]] = (transformation(Z, rng) - Z) * peers.share_within
    else:
        part = V if moves == "series" else V[:, : peers.n_described]
        step[:, : part.shape[1]] = transformation(part, rng, peers) - part
    return step
