"""Diffusion: noise levels and samplers, independent of any network.

A denoising diffusion model (Sohl-Dickstein et al., 2015, arXiv:1503.03585; Ho et al.,
2020, arXiv:2006.11239) adds Gaussian noise to data, ``x = x_0 + sigma * e`` with
``e ~ N(0, I)``, and learns the denoiser ``D(x, sigma) = E[x_0 | x]``. A sampler starts
at noise of the largest level and follows ``D`` down to ``sigma = 0``.

Everything is written for data without scaling ("variance exploding"). A process that
also shrinks the data, ``x_t = alpha_t x_0 + sigma_t e``, is the same one after division
by ``alpha_t``: its noise level is ``sigma_t / alpha_t``. So every sampler works with
every schedule (Karras et al., 2022, arXiv:2206.00364).
"""

from lgta_sklearn.diffusion.likelihood import log_density_bound
from lgta_sklearn.diffusion.samplers import (
    SAMPLERS,
    ddim,
    dpm_solver,
    heun,
    noisy_start,
)
from lgta_sklearn.diffusion.schedules import (
    SCHEDULES,
    CosineSchedule,
    EDMSchedule,
    LinearSchedule,
)

__all__ = [
    "SAMPLERS",
    "SCHEDULES",
    "CosineSchedule",
    "EDMSchedule",
    "LinearSchedule",
    "ddim",
    "dpm_solver",
    "heun",
    "log_density_bound",
    "noisy_start",
]
