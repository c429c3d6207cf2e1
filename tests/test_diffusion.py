"""Diffusion: samplers against closed forms, the denoiser, and the estimator."""

from functools import partial

import numpy as np
import pytest
import torch

from lgta_sklearn.diffusion import (
    SAMPLERS,
    SCHEDULES,
    EDMSchedule,
    LinearSchedule,
    ddim,
    dpm_solver,
    heun,
    noisy_start,
)

MEAN, STD = 0.7, 0.6
# two halves, each the mirror of the other: the mean of a draw is exactly that of the
# starting points
NORMAL = np.random.default_rng(0).normal(size=20_000)
NORMAL = np.concatenate([NORMAL, -NORMAL])
NORMAL /= NORMAL.std()


def gaussian(x, sigma):
    """Denoise data from N(MEAN, STD ** 2)."""
    return (x * STD**2 + MEAN * sigma**2) / (STD**2 + sigma**2)


def mixture(x, sigma, centres=(-1.0, 1.5), std=0.2):
    """Denoise data from two Gaussians of equal weight."""
    centres = np.array(centres)[:, None]
    total = std**2 + sigma**2
    log_weight = -((x - centres) ** 2) / (2 * total)
    weight = np.exp(log_weight - log_weight.max(axis=0))
    weight /= weight.sum(axis=0)
    return (weight * (x * std**2 + centres * sigma**2) / total).sum(axis=0)


def drawn(sampler, denoise, sigmas, seed=1):
    """Sample from about the marginal of the highest level."""
    rng = np.random.default_rng(seed)
    x = noisy_start(denoise, NORMAL, sigmas[0])
    return sampler(denoise, x, sigmas, lambda x: rng.normal(size=x.shape))


def moments(sampler, sigmas, denoise=None):
    """Return the exact mean and variance of what a sampler makes of a Gaussian.

    Everything is linear then: a draw is a vector of coefficients, of 1, of the noise
    at the start, and of the noise of each step.
    """
    n_noises = iter(range(2, len(sigmas) + 2))

    def exact(x, sigma):
        D = x * STD**2 / (STD**2 + sigma**2)
        D[0] += MEAN * sigma**2 / (STD**2 + sigma**2)
        return D

    x = np.zeros(len(sigmas) + 2)
    x[:2] = MEAN, np.hypot(STD, sigmas[0])
    fresh = lambda x: np.eye(1, len(x), next(n_noises))[0]  # noqa: E731
    x = sampler(denoise or exact, x, sigmas, fresh)
    return x[0], (x[1:] ** 2).sum()


@pytest.mark.parametrize("sigma", [8.0, 20.0])
@pytest.mark.parametrize("denoise", [gaussian, mixture])
def test_a_start_has_the_moments_of_noisy_data(denoise, sigma):
    mean, variance = (MEAN, STD**2) if denoise is gaussian else (0.25, 0.2**2 + 1.25**2)
    x = noisy_start(denoise, NORMAL, sigma)
    assert abs(x.mean() - mean) < 0.01
    assert abs(x.var() / (variance + sigma**2) - 1) < 0.01


# as many steps as a sampler needs for one per cent: of all levels of the schedules, and
# of every seventh and every fiftieth
FINE = LinearSchedule(n_levels=21_000, first=4e-6, last=1e-3)
CASES = [
    *((dpm_solver, schedule, 200) for schedule in (EDMSchedule(), LinearSchedule())),
    *((heun, schedule, 143) for schedule in (EDMSchedule(), LinearSchedule())),
    *((sampler, EDMSchedule(), 40) for sampler in (dpm_solver, heun)),
    *((dpm_solver, FINE, 21_000 // stride) for stride in (7, 50)),
    *((heun, FINE, 21_000 // stride) for stride in (7, 50)),
    *((ddim, FINE, 21_000 // stride) for stride in (1, 7)),
    *((partial(ddim, eta=0.5), FINE, 21_000 // stride) for stride in (7,)),
    *((partial(ddim, eta=1.0), FINE, 21_000 // stride) for stride in (7,)),
]


@pytest.mark.parametrize(("sampler", "schedule", "n_steps"), CASES)
def test_samplers_recover_a_gaussian(sampler, schedule, n_steps):
    mean, variance = moments(sampler, schedule.grid(n_steps))
    assert abs(mean - MEAN) < 0.01 * MEAN
    assert abs(variance - STD**2) < 0.01 * STD**2


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_the_error_of_ddim_is_of_first_order_at_every_stride(eta):
    errors = [
        abs(moments(partial(ddim, eta=eta), FINE.grid(21_000 // stride))[1] - STD**2)
        for stride in (7, 50, 350)
    ]
    assert errors[0] < errors[1] / 5 < errors[2] / 20


@pytest.mark.parametrize(
    ("sampler", "n_steps"),
    [(dpm_solver, 40), (heun, 40), (ddim, 400), (partial(ddim, eta=1.0), 400)],
)
def test_samplers_recover_a_mixture(sampler, n_steps):
    x = drawn(sampler, mixture, EDMSchedule(sigma_max=80.0).grid(n_steps))
    high = x > 0.25
    assert abs(high.mean() - 0.5) < 0.005
    assert abs(x[high].mean() - 1.5) < 0.015
    assert abs(x[~high].mean() + 1.0) < 0.01
    # of N(1.5, 0.2 ** 2) within 1 % of the variance of the whole
    assert abs(x.var() - (1.25**2 + 0.2**2)) < 0.01 * x.var()


@pytest.mark.parametrize("stride", [1, 7, 50])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_is_exact_in_the_noise_it_adds_for_every_stride(eta, stride):
    """With a denoiser that knows the data, the noise of every level is as it should."""
    sigmas = LinearSchedule().grid(1000 // stride)
    sizes = []

    def knows(x, sigma):
        sizes.append(np.linalg.norm(x[1:]) / sigma)
        return MEAN * np.eye(1, len(x))[0]

    moments(partial(ddim, eta=eta), sigmas, knows)
    # the size at the start is that of the noise and the data
    np.testing.assert_allclose(sizes[1:], sizes[0], rtol=1e-5)


def test_ddim_with_all_steps_is_the_ancestral_sampler():
    schedule = LinearSchedule(n_levels=50, last=0.2)
    left = np.cumprod(schedule._shares())
    beta = 1 - schedule._shares()
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(51, 1000))
    x = noise[50] * np.sqrt(1 - left[-1])
    for t in range(49, -1, -1):  # Ho et al. (2020), equations 6 and 7
        before = left[t - 1] if t else 1.0
        D = gaussian(x / np.sqrt(left[t]), schedule.levels()[t])
        mean = np.sqrt(before) * beta[t] / (1 - left[t]) * D
        mean += np.sqrt(1 - beta[t]) * (1 - before) / (1 - left[t]) * x
        x = mean + np.sqrt(beta[t] * (1 - before) / (1 - left[t])) * noise[t]
    sigmas, each = schedule.grid(50), iter(noise[49:0:-1])
    start = noise[50] * sigmas[0]
    got = ddim(gaussian, start, sigmas, lambda x: next(each), eta=1.0)
    np.testing.assert_allclose(got, x, atol=1e-10)


def test_the_rule_of_one_step_does_not_serve_for_strides():
    """Skipping steps but removing the noise of one leaves noise: a known mistake."""
    schedule = LinearSchedule()
    left, shares = np.cumprod(schedule._shares()), schedule._shares()
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000)
    for t in np.linspace(999, 0, 50).astype(int):
        scaled = x / np.sqrt(left[t])
        sigma = schedule.levels()[t]
        noise = (scaled - gaussian(scaled, sigma)) / sigma
        x = (x - (1 - shares[t]) / np.sqrt(1 - left[t]) * noise) / np.sqrt(shares[t])
        x += (t > 0) * np.sqrt(1 - shares[t]) * rng.normal(size=x.shape)
    assert x.var() > 1.5 * STD**2
    right = drawn(partial(ddim, eta=1.0), gaussian, schedule.grid(50))
    assert right.var() < 1.1 * STD**2


def test_samplers_take_tensors():
    sigmas = EDMSchedule().grid(20)
    start = sigmas[0] * NORMAL[:100]
    for sampler in SAMPLERS.values():
        x = sampler(gaussian, torch.from_numpy(start), sigmas)
        np.testing.assert_allclose(x.numpy(), sampler(gaussian, start, sigmas))


def test_noise_needs_a_source():
    with pytest.raises(ValueError, match="pass normal, a source"):
        ddim(gaussian, NORMAL, [1.0, 0.0], eta=0.5)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_fall_to_zero_and_train_their_levels(name):
    schedule = SCHEDULES[name]()
    for n_steps in (1, 2, 20):
        sigmas = schedule.grid(n_steps)
        assert len(sigmas) == n_steps + 1
        assert sigmas[-1] == 0
        assert (np.diff(sigmas) < 0).all()
    levels = schedule.quantiles(100)
    assert (np.diff(levels) > 0).all()
    assert levels[0] > 0


def test_a_schedule_has_no_more_steps_than_levels():
    with pytest.raises(ValueError, match="100 levels has no 101 steps"):
        LinearSchedule(n_levels=100).grid(101)
