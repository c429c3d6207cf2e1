import numpy as np
import pytest

from lgta_sklearn.noise import ResidualNoise


def _red_noise(n, n_channels=2, n_timepoints=12):
    steps = np.random.default_rng(0).normal(size=(n, n_channels, n_timepoints))
    steps[:, 1:] += steps[:, :1]  # channels move together
    return steps.cumsum(axis=2)


@pytest.mark.parametrize("max_features", [512, 5], ids=["full", "low rank"])
def test_noise_has_the_covariance_of_the_residuals(max_features):
    R = _red_noise(2000)
    noise = ResidualNoise(max_features, rank=20).fit(R)
    drawn = noise.sample(20_000, random_state=1)
    wanted = np.cov(R.reshape(len(R), -1).T)
    got = np.cov(drawn.reshape(len(drawn), -1).T)
    assert np.abs(got - wanted).max() < 0.1 * wanted.max()


@pytest.mark.parametrize("n_samples", [1, 2, 5])
@pytest.mark.parametrize("n_timepoints", [12, 400])
def test_few_residuals_are_enough(n_samples, n_timepoints):
    R = _red_noise(n_samples, n_timepoints=n_timepoints)
    drawn = ResidualNoise().fit(R).sample(3, random_state=0)
    assert drawn.shape == (3, 2, n_timepoints)
    assert np.isfinite(drawn).all()


def test_no_residual_no_noise():
    drawn = ResidualNoise().fit(np.zeros((10, 1, 8))).sample(4)
    np.testing.assert_array_equal(drawn, 0)


def test_the_covariance_of_long_series_is_never_formed():
    R = np.random.default_rng(0).normal(size=(30, 2, 5000))
    noise = ResidualNoise().fit(R)
    assert noise.factor_.size <= 64 * 10_000
