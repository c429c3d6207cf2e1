"""Random convolutions: features of series that need no training.

A series is convolved with kernels of random weights, dilations and channels. The
features are the share of each response above a threshold, and its maximum (Dempster,
Petitjean and Webb, 2020, "ROCKET", arXiv:1910.13051). A linear model on these features
is about as accurate as deep classifiers, so that it is a strong critic. Frozen
features also serve a Fréchet distance.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from lgta_sklearn._chunks import blocks
from lgta_sklearn._files.registry import storable
from lgta_sklearn._random import seed_from
from lgta_sklearn._runtime import pinned_runtime

__all__ = ["RandomConvolutions"]


@storable
class RandomConvolutions(TransformerMixin, BaseEstimator):
    """Frozen, seeded random convolution features.

    Parameters
    ----------
    n_kernels : int, default=500
        Number of kernels. Each has two features.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the kernels.

    References
    ----------
    Dempster, Petitjean and Webb (2020), "ROCKET: exceptionally fast and accurate time
    series classification using random convolutional kernels", arXiv:1910.13051;
    thresholds from the data as in MiniRocket, Dempster et al. (2021),
    arXiv:2012.08791.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import RandomConvolutions
    >>> X = np.random.default_rng(0).normal(size=(10, 2, 30))
    >>> RandomConvolutions(50, random_state=0).fit_transform(X).shape
    (10, 100)
    """

    def __init__(self, n_kernels: int = 500, *, random_state: Any = None) -> None:
        self.n_kernels = n_kernels
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Draw the kernels and set their thresholds from the series.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.
        y : None
            Ignored.

        Returns
        -------
        RandomConvolutions
            The fitted object.
        """
        rng = np.random.default_rng(seed_from(self.random_state))
        self.centre_ = X.mean(axis=(0, 2))[:, None]
        scale = X.std(axis=(0, 2))[:, None]
        self.scale_ = np.where(scale > 0, scale, 1.0)
        self.groups_ = self._draw_kernels(rng, *X.shape[1:])
        some = X[rng.permutation(len(X))[:64]]
        quantiles = rng.uniform(0.1, 0.9, size=self.n_kernels)
        self.thresholds_ = np.zeros(self.n_kernels)
        start = 0
        for response in self._responses(some):
            at_time = response.transpose(1, 0, 2).reshape(response.shape[1], -1)
            for k, values in enumerate(at_time, start):
                self.thresholds_[k] = np.quantile(values, quantiles[k])
            start += len(at_time)
        return self

    def _draw_kernels(
        self, rng: np.random.Generator, n_channels: int, n_timepoints: int
    ) -> list[tuple[int, np.ndarray]]:
        """Return kernels grouped by their dilation."""
        length = 9 if n_timepoints >= 16 else min(3, n_timepoints)
        most = np.log2(max((n_timepoints - 1) / max(length - 1, 1), 1))
        dilations = 2 ** rng.integers(0, int(most) + 1, size=self.n_kernels)
        weights = rng.standard_normal((self.n_kernels, n_channels, length))
        weights -= weights.mean(axis=2, keepdims=True)
        # a kernel sees between one and all channels, few more often than many
        wanted = np.exp(rng.uniform(0, np.log(n_channels + 1), self.n_kernels))
        ranks = rng.random((self.n_kernels, n_channels)).argsort(axis=1)
        weights *= (ranks < wanted.astype(int).clip(1)[:, None])[:, :, None]
        return [(int(d), weights[dilations == d]) for d in np.unique(dilations)]

    def _responses(self, X: np.ndarray) -> list[np.ndarray]:
        """Return the response of each group of kernels, (n, kernels, time)."""
        import torch

        u = torch.as_tensor((X - self.centre_) / self.scale_, dtype=torch.float32)
        with torch.no_grad():
            return [
                torch.nn.functional.conv1d(
                    u,
                    torch.as_tensor(weights, dtype=torch.float32),
                    dilation=dilation,
                    padding=dilation * (weights.shape[2] // 2),
                ).numpy()
                for dilation, weights in self.groups_
            ]

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the features.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples, 2 * n_kernels)
            Shares of the responses above their thresholds, then the maxima.
        """
        with pinned_runtime():
            parts = [self._features(X[rows]) for _, rows in blocks(len(X))]
        return np.concatenate(parts)

    def _features(self, X: np.ndarray) -> np.ndarray:
        shares, maxima, start = [], [], 0
        for response in self._responses(X):
            stop = start + response.shape[1]
            above = response > self.thresholds_[start:stop, None]
            shares.append(above.mean(axis=2))
            maxima.append(response.max(axis=2))
            start = stop
        return np.concatenate([*shares, *maxima], axis=1)
