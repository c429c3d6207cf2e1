"""Synthetic sets of series for examples and tests."""

from numbers import Integral
from typing import Any

import numpy as np

from lgta_sklearn._parameters import Bounds
from lgta_sklearn._random import seed_from

__all__ = ["make_waves"]


def make_waves(
    n_samples: int = 5000,
    *,
    n_timepoints: int = 100,
    frequency: tuple[float, float] = (1.0, 4.0),
    amplitude: tuple[float, float] = (0.5, 2.0),
    noise: float = 0.0,
    random_state: Any = None,
) -> np.ndarray:
    """Make sine waves of random frequency, amplitude and phase.

    Parameters
    ----------
    n_samples : int, default=5000
        Number of series.
    n_timepoints : int, default=100
        Number of time points of each series.
    frequency : tuple of (float, float), default=(1.0, 4.0)
        Range of the number of periods in a series, which is uniform.
    amplitude : tuple of (float, float), default=(0.5, 2.0)
        Range of the amplitude, which is uniform.
    noise : float, default=0.0
        Standard deviation of white noise added to every point.
    random_state : None, int, RandomState or Generator, default=None
        Seed.

    Returns
    -------
    ndarray of shape (n_samples, n_timepoints)
        Waves.

    Raises
    ------
    ValueError
        If `n_samples` or `n_timepoints` is not a positive int.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> make_waves(3, random_state=0).shape
    (3, 100)
    """
    for name, value in (("n_samples", n_samples), ("n_timepoints", n_timepoints)):
        if value not in Bounds(Integral, 1):
            raise ValueError(f"{name} must be an int >= 1, got {value!r}.")
    rng = np.random.default_rng(seed_from(random_state))
    periods = rng.uniform(*frequency, size=(n_samples, 1))
    heights = rng.uniform(*amplitude, size=(n_samples, 1))
    phases = rng.uniform(0, 2 * np.pi, size=(n_samples, 1))
    clock = np.linspace(0, 1, n_timepoints, endpoint=False)
    waves: np.ndarray = heights * np.sin(2 * np.pi * periods * clock + phases)
    return waves + noise * rng.standard_normal(waves.shape)
