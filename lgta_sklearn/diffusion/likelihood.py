"""Variational bound of the log density under a diffusion model."""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["log_density_bound"]


def log_density_bound(
    denoise: Callable[[np.ndarray, float], np.ndarray],
    clean: np.ndarray,
    counted: np.ndarray,
    sigmas: Sequence[float] | np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return a lower bound of the log density of each row, in expectation.

    It is the continuous bound of Kingma et al. (2021): the squared errors of the
    denoiser, integrated over the log of the noise level by the trapezoidal rule, with
    one noise at each level, the same for all rows.

    Parameters
    ----------
    denoise : callable
        Denoiser ``(x, sigma) -> x_0``.
    clean : ndarray of shape (n_samples, ...)
        Data.
    counted : ndarray of bool of the shape of `clean`
        Which values have a term.
    sigmas : sequence of float
        Noise levels, ascending, all positive. The lowest is far below the scale of the
        data, the highest far above it.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    ndarray of shape (n_samples,)
        Bounds in nats.

    References
    ----------
    Kingma et al. (2021), "Variational diffusion models", arXiv:2107.00630.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.stats import norm
    >>> from lgta_sklearn.diffusion import EDMSchedule, log_density_bound
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(2, 5000))
    >>> sigmas = EDMSchedule().grid(50)[-2::-1]
    >>> exact = lambda x, sigma: x / (1 + sigma**2)  # the denoiser of N(0, 1)
    >>> bound = log_density_bound(exact, X, X < np.inf, sigmas, rng)
    >>> bool(np.allclose(bound, norm.logpdf(X).sum(axis=1), rtol=0.02))
    True
    """
    sigmas, axes = np.asarray(sigmas), tuple(range(1, clean.ndim))

    def total(values: np.ndarray) -> np.ndarray:
        summed: np.ndarray = np.where(counted, values, 0.0).sum(axis=axes)
        return summed

    errors = []
    for sigma in sigmas:
        noisy = clean + sigma * rng.standard_normal(clean.shape[1:])
        errors.append(total(((clean - denoise(noisy, sigma)) / sigma) ** 2))
    loss = np.trapezoid(errors, np.log(sigmas), axis=0)
    low, high = sigmas[0] ** 2, sigmas[-1] ** 2
    count = counted.sum(axis=axes)
    # what is left of the data at the highest level, and their values at the lowest
    prior = (total(clean**2) - count) / (high + 1) + count * np.log1p(1 / high)
    values = count * (1 + np.log(2 * np.pi * low))
    bound: np.ndarray = -loss - (prior + values) / 2
    return bound
