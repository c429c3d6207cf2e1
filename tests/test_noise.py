import numpy as np
import pytest

from lgta_sklearn.noise import NeighborNoise, ResidualNoise, calibrate_blend


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


def test_the_noise_of_neighbours_depends_on_the_code():
    rng = np.random.default_rng(0)
    V = rng.normal(size=(400, 3))
    size = np.where(V[:, 0] > 0, 5.0, 0.1)
    R = size[:, None, None] * rng.normal(size=(400, 2, 12))
    noise = NeighborNoise().fit(R, given=V)
    at = np.array([[-2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]).repeat(200, axis=0)
    quiet, loud = np.split(noise.sample(400, given=at, random_state=1), 2)
    assert quiet.std() < 0.2
    assert loud.std() == pytest.approx(5, rel=0.1)


@pytest.mark.parametrize("blend", [0.0, 0.5, 1.0])
def test_a_blend_keeps_the_covariance(blend):
    R = _red_noise(300)
    noise = NeighborNoise(300, blend=blend).fit(R, given=np.zeros((300, 1)))
    drawn = noise.sample(5000, given=np.zeros((5000, 1)), random_state=1)
    wanted = np.cov(R.reshape(len(R), -1).T)
    got = np.cov(drawn.reshape(len(drawn), -1).T)
    assert np.abs(got - wanted).max() < 0.1 * wanted.max()


def test_the_blend_rises_only_where_samples_would_be_copies():
    rng = np.random.default_rng(0)
    R, V = rng.normal(size=(300, 1, 24)), rng.normal(size=(300, 2))
    noise = NeighborNoise().fit(R, given=V)
    smooth, unseen = 5 * rng.normal(size=(2, 300, 1, 1)) * np.ones((1, 1, 1, 24))
    drawn = V + 0.1 * rng.normal(size=V.shape)

    # the residual is all there is: a residual as it was is a copy
    calibrate_blend(noise, lambda: noise.sample(300, given=drawn, random_state=0), R)
    assert noise.blend_ > 0
    # it is a small part of what there is: a copy of it harms nobody
    calibrate_blend(
        noise,
        lambda: unseen + 0.1 * noise.sample(300, given=drawn, random_state=0),
        smooth + 0.1 * R,
    )
    assert noise.blend_ == 0


def test_the_blend_looks_at_the_lower_tail_too():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1, 24))
    noise = NeighborNoise().fit(X, given=np.zeros((200, 1)))

    def one_in_ten_copied():
        drawn = rng.normal(size=X.shape)  # as far away as unseen series
        if noise.blend_ < 1:
            drawn[::10] = X[::10] + 1e-3
        return drawn

    assert noise.calibrate(one_in_ten_copied, X).blend_ == 1
    chosen = NeighborNoise(blend=0.5).fit(X, given=np.zeros((200, 1)))
    assert chosen.calibrate(one_in_ten_copied, X).blend_ == 0.5
