"""Samplers: from noise to data along the denoiser.

A sampler is a function ``(denoise, x, sigmas, normal) -> x_0``. ``denoise(x, sigma)``
returns the expected data given ``x``; ``x`` is noisy data at the level ``sigmas[0]``;
``sigmas`` falls to 0; ``normal(x)`` returns standard normal numbers of the shape of
``x``, which only stochastic samplers use. Arrays of NumPy and tensors of torch serve.

Letters: ``D`` the denoised data, ``s`` the next noise level, ``e`` the direction of the
noise, ``(x - D) / sigma``.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

__all__ = ["SAMPLERS", "ddim", "dpm_solver", "heun", "noisy_start"]

Denoise = Callable[[Any, float], Any]
Normal = Callable[[Any], Any]


def noisy_start(denoise: Denoise, noise: Any, sigma: float) -> Any:
    """Return what a sampler starts with: noise, and what can be seen of the data.

    At the level `sigma` data with mean ``m`` and covariance ``C`` have the covariance
    ``C + sigma^2 I``, of which the root is about ``sigma I + C / (2 sigma)`` if `sigma`
    is large. The denoiser of Gaussian data, which all data resemble at such a level,
    turns the noise into about ``m + C noise / sigma``.

    Parameters
    ----------
    denoise : callable
        Denoiser ``(x, sigma) -> x_0``.
    noise : ndarray or Tensor
        Standard normal numbers.
    sigma : float
        Highest noise level.

    Returns
    -------
    ndarray or Tensor
        Noisy data, of the shape of `noise`.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.diffusion import noisy_start
    >>> def denoise(x, sigma):  # of the normal distribution N(3, 2 ** 2)
    ...     return (4 * x + 3 * sigma**2) / (4 + sigma**2)
    >>> x = noisy_start(denoise, np.random.default_rng(0).normal(size=100_000), 8.0)
    >>> bool(abs(x.mean() - 3) < 0.2), bool(abs(x.var() / (4 + 64) - 1) < 0.02)
    (True, True)
    """
    there, opposite = denoise(sigma * noise, sigma), denoise(-sigma * noise, sigma)
    return (there + opposite) / 2 + sigma * noise + (there - opposite) / 4


def dpm_solver(
    denoise: Denoise, x: Any, sigmas: Sequence[float], normal: Normal | None = None
) -> Any:
    """Sample by DPM-Solver++(2M): second order, one evaluation a step.

    Parameters
    ----------
    denoise : callable
        Denoiser ``(x, sigma) -> x_0``.
    x : ndarray or Tensor
        Noisy data at the level ``sigmas[0]``.
    sigmas : sequence of float of shape (n_steps + 1,)
        Noise levels, descending; the last is 0.
    normal : callable or None, default=None
        Not used: the sampler is deterministic.

    Returns
    -------
    ndarray or Tensor
        Data, of the shape of `x`.

    References
    ----------
    Lu et al. (2022), "DPM-Solver++: fast solver for guided sampling of diffusion
    probabilistic models", arXiv:2211.01095.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.diffusion import EDMSchedule, dpm_solver
    >>> sigmas = EDMSchedule().grid(20)
    >>> x = sigmas[0] * np.random.default_rng(0).normal(size=10_000)
    >>> drawn = dpm_solver(lambda x, sigma: x / (1 + sigma**2), x, sigmas)
    >>> bool(abs(drawn.std() - 1) < 0.03)  # the denoiser is that of N(0, 1)
    True
    """
    before, previous = 0.0, None  # the last step in log noise, and its D
    for sigma, s in pairwise(sigmas):
        D = denoise(x, sigma)
        if s == 0:
            return D
        step, slope = math.log(sigma / s), D
        if previous is not None:
            ahead = step / (2 * before)
            slope = (1 + ahead) * D - ahead * previous
        x = (s / sigma) * x + (1 - s / sigma) * slope
        before, previous = step, D
    return x


def ddim(
    denoise: Denoise,
    x: Any,
    sigmas: Sequence[float],
    normal: Normal | None = None,
    *,
    eta: float = 0.0,
) -> Any:
    """Sample by DDIM: first order, exact in the noise it adds for every stride.

    Parameters
    ----------
    denoise : callable
        Denoiser ``(x, sigma) -> x_0``.
    x : ndarray or Tensor
        Noisy data at the level ``sigmas[0]``.
    sigmas : sequence of float of shape (n_steps + 1,)
        Noise levels, descending; the last is 0.
    normal : callable or None, default=None
        Source of noise, needed if `eta` is positive.
    eta : float in [0, 1], default=0.0
        Share of the noise that is fresh. 0 is deterministic. 1 is the ancestral sampler
        of Ho et al. (2020): with all steps of their schedule the two are equal.

    Returns
    -------
    ndarray or Tensor
        Data, of the shape of `x`.

    Raises
    ------
    ValueError
        If `eta` is positive and `normal` is None.

    References
    ----------
    Song et al. (2021), "Denoising diffusion implicit models", arXiv:2010.02502.
    """
    if eta and normal is None:
        raise ValueError("eta > 0 adds noise: pass normal, a source of it.")
    for sigma, s in pairwise(sigmas):
        D = denoise(x, sigma)
        fresh = eta * math.sqrt(1 - (s / sigma) ** 2)  # share of the next noise
        direction = (x - D) / sigma
        x = D + s * math.sqrt(1 - fresh**2) * direction
        if fresh and s:
            x = x + s * fresh * normal(x)  # type: ignore[misc]
    return x


def heun(
    denoise: Denoise, x: Any, sigmas: Sequence[float], normal: Normal | None = None
) -> Any:
    """Sample by the method of Heun: second order, two evaluations a step.

    Parameters
    ----------
    denoise : callable
        Denoiser ``(x, sigma) -> x_0``.
    x : ndarray or Tensor
        Noisy data at the level ``sigmas[0]``.
    sigmas : sequence of float of shape (n_steps + 1,)
        Noise levels, descending; the last is 0.
    normal : callable or None, default=None
        Not used: the sampler is deterministic.

    Returns
    -------
    ndarray or Tensor
        Data, of the shape of `x`.

    References
    ----------
    Karras et al. (2022), "Elucidating the design space of diffusion-based generative
    models", arXiv:2206.00364, algorithm 1.
    """
    for sigma, s in pairwise(sigmas):
        direction = (x - denoise(x, sigma)) / sigma
        moved = x + (s - sigma) * direction
        if s:
            ahead = (moved - denoise(moved, s)) / s
            moved = x + (s - sigma) * (direction + ahead) / 2
        x = moved
    return x


SAMPLERS: dict[str, Callable[..., Any]] = {
    "dpm_solver": dpm_solver,
    "ddim": ddim,
    "heun": heun,
}
