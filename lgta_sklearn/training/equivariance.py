"""The equivariance term: a drift of the codes has to decode to a drift of the series.

Letters: ``z`` codes per time step, (B, L, d); ``u`` shapes of series, (B, T, C); ``T``
a transformation of sequences; ``D`` the decoder. The term is

    || D(T(z)) - T(D(z)) ||^2 ,

where both transformations have the same random numbers (Roque et al., 2025,
arXiv:2507.23615). Added values (a walk, noise) have different shapes for codes and for
series: the d values of a step are distributed over its T/L time points and C channels.
"""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np
from torch import Tensor

from lgta_sklearn.transforms import (
    Drift,
    Jitter,
    MagnitudeWarp,
    Scaling,
    TimeWarp,
    Trend,
)

__all__ = ["TwinPerturbation"]

KINDS = (Jitter, Scaling, MagnitudeWarp, TimeWarp, Drift, Trend)
SCALES = 0.1, 1.0  # range of the transformation's scale, in standard deviations


class TwinPerturbation:
    """Apply a random transformation to codes and to the shapes they decode to.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    kinds : sequence of type, default=KINDS
        Transformations of sequences, one of which is drawn.
    """

    def __init__(
        self, rng: np.random.Generator, kinds: Sequence[Callable[..., Callable]] = KINDS
    ) -> None:
        self.rng, self.kinds = rng, kinds

    def __call__(self, z: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the same transformation to codes and shapes.

        Parameters
        ----------
        z : Tensor of shape (B, L, d)
            Codes.
        u : Tensor of shape (B, T, C)
            The shapes that the codes decode to.

        Returns
        -------
        z : Tensor of shape (B, L, d)
            Codes transformed.
        u : Tensor of shape (B, T, C)
            Shapes transformed.
        """
        kind = self.kinds[int(self.rng.integers(len(self.kinds)))]
        transformation = kind(scale=self.rng.uniform(*SCALES))
        codes, shape = (x.detach().cpu().double().numpy() for x in (z, u))
        mean, unit = codes.mean(axis=(0, 1)), codes.std(axis=(0, 1)) + 1e-6
        state = self.rng.spawn(1)[0]

        def transformed(Z: np.ndarray) -> np.ndarray:
            return transformation(Z, deepcopy(state))

        # the part that depends on the value, and the part that is added to any value
        added = transformed(np.zeros_like(codes))
        moved = mean + unit * transformed((codes - mean) / unit)
        linear = transformed(shape) - transformed(np.zeros_like(shape))
        wanted = linear + _dealt_out(added, shape.shape)
        return z.new_tensor(moved), u.new_tensor(wanted)


def _dealt_out(added: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Distribute (B, L, d) over (B, T, C), each value within its step.

    If there are more values than time points and channels, several are added and
    rescaled, so that the sum of independent values of variance 1 has variance 1.
    """
    n, n_steps, d = added.shape
    _, n_timepoints, n_channels = shape
    stride = math.ceil(n_timepoints / n_steps)
    places = stride * n_channels
    rounds = max(d // places, 1)
    if rounds > 1:
        used = added[..., : rounds * places].reshape(n, n_steps, rounds, places)
        added = used.sum(axis=2) / math.sqrt(rounds)
    dealt = added[..., np.arange(places) % added.shape[-1]]
    return dealt.reshape(n, n_steps * stride, n_channels)[:, :n_timepoints]
