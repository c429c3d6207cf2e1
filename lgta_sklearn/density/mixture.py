"""Mixture of Gaussians on whitened normal scores."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from lgta_sklearn._files.registry import storable
from lgta_sklearn._random import as_int, seed_from
from lgta_sklearn._sampling import sample_from
from lgta_sklearn.density.whitening import Whitening

__all__ = ["MixtureDensity"]


@storable
class MixtureDensity(BaseEstimator):
    """Mixture of Gaussians on normal scores; held-out likelihood chooses its size.

    Each coordinate is first mapped to normal scores, which keeps its distribution (as
    a Gaussian copula does), and the scores are whitened, which keeps narrow directions
    (two channels that move together) as exact as wide ones. Mixtures of 1, 2, 4, ...
    components are compared on held-out rows until their likelihood has fallen twice.
    If there are too few rows to compare, one Gaussian on the span of the rows is used,
    so that five rows are enough.

    Parameters
    ----------
    max_components : int, default=32
        Largest number of components tried.
    normal_scores : bool, default=True
        Whether to keep the distribution of each coordinate; no value is then drawn
        beyond those seen in `fit`.
    max_samples : int, default=5000
        Largest number of rows used for the mixture; if there are more, a random subset.
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

    def fit(self, Z: np.ndarray, given: None = None) -> Self:
        """Choose and fit the mixture.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_features)
            Rows.
        given : None
            Ignored: `ClassConditionalDensity` fits one of these for each class.

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
        # a component needs more rows than it has dimensions
        most = min(self.max_components, len(kept) // (2 * Q.shape[1]))
        scores = [(-np.inf, 1)]
        while (k := 2 ** (len(scores) - 1)) <= most and most > 1:
            scores.append((_mixture(kept, k, rng).score(held_out), k))
            if max(scores) not in scores[-2:]:  # no improvement twice in a row
                break
        return max(scores)[1]

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
        Q = np.empty((n_samples, 0))
        if self.mixture_ is not None:
            seed = self.random_state if random_state is None else random_state
            rng = np.random.default_rng(seed_from(seed))
            Q = sample_from(self.mixture_, n_samples, as_int(rng))
        return self._white.backward(Q)


def _mixture(Q: np.ndarray, k: int, rng: np.random.Generator) -> Any:
    """Return a mixture of k Gaussians fitted to whitened rows."""
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        k,
        reg_covar=1e-4,
        init_params="k-means++",
        max_iter=1000,
        random_state=as_int(rng),
    )
    return mixture.fit(Q)
