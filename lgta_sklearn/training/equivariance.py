"""The equivariance term: a drift of the codes has to decode to a drift of the series.

Letters: ``z`` codes per time step, (B, L, d); ``u`` shapes of series, (B, T, C); ``T``
a transformation of sequences; ``D`` the decoder. The term is

    || D(T(z)) - T(D(z)) ||^2 ,

where both transformations have the same random numbers (Roque et al., 2025,
arXiv:2507.23615). What they add (a walk, noise) is one thing for a step of the codes
and another for the time points it stands for: the d values of a step are dealt out to
its T/L time points and C channels.
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
SCALES = 0.1, 1.0  # of what is drawn, in standard deviations


class TwinPerturbation:
    """Apply a random transformation to codes and to the shapes they decode to.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    kinds : sequence of type, default=KINDS
        Transformations of sequences that are drawn from.
    """

    def __init__(
        self, rng: np.random.Generator, kinds: Sequence[Callable[..., Callable]] = KINDS
    ) -> None:
        self.rng, self.kinds = rng, kinds

    def __call__(self, z: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes and shapes transformed alike.

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
    """Return (B, L, d) as (B, T, C): each value goes to one or several of its step.

    Where there are more values than time points and channels, those that meet are
    added up so that independent ones of variance 1 stay so.
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
