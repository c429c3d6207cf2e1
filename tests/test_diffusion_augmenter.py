"""The diffusion family: what only it promises."""

from functools import partial

import numpy as np
import pytest
from conftest import of_series, same
from scipy.linalg import toeplitz
from scipy.stats import norm
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from lgta_sklearn import DiffusionAugmenter, MemorisationWarning
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.diffusion import EDMSchedule, LinearSchedule, ddim, log_density_bound
from lgta_sklearn.networks.backbones import CNNGRU
from lgta_sklearn.networks.denoising import Mixer, UNet


def fast(**params):
    """Return an augmenter that trains in a blink."""
    defaults = {"hidden_dim": 8, "max_epochs": 2, "n_steps": 6, "random_state": 0}
    return DiffusionAugmenter(**{**defaults, **params})


@pytest.fixture(scope="module")
def trained(italy):
    """An augmenter trained for some seconds; tests must not change it."""
    X, y = italy
    return DiffusionAugmenter(hidden_dim=16, max_epochs=30, random_state=0).fit(X, y)


def test_no_shape_of_a_training_series_is_kept(tmp_path):
    rng = np.random.default_rng(0)
    X = 5 + rng.normal(size=(40, 2, 12)).cumsum(axis=2)
    augmenter = fast(strength=0.1).fit(X)
    augmenter.augment(X)
    path = tmp_path / "augmenter.safetensors"
    augmenter.save(path)
    for holder in (augmenter, DiffusionAugmenter.load(path)):
        assert max(of_series(holder, X)) < 0.03  # as many as meet by chance
    # the test can fail: so it does if a series is kept
    augmenter.kept_ = augmenter.scaling_.split(X[:10] / augmenter.channel_scale_)[2]
    assert max(of_series(augmenter, X)) > 0.2


@pytest.mark.parametrize(
    "params",
    [
        {"hidden_dim": 16},
        {"backbone": "unet"},
        {"backbone": CNNGRU},
        {"backbone": partial(Mixer, n_blocks=1)},
        {"levels": "given"},
        {"schedule": "cosine"},
        {"schedule": LinearSchedule(n_levels=100)},
        {"prediction": "x"},
        {"sampler": "heun"},
        {"sampler": partial(ddim, eta=1.0)},
        {"n_steps": 3},
        {"masked": 0.0},
        {"density": "normal"},
        {"max_epochs": 3},
        {"batch_size": 16},
        {"lr": 0.01},
        {"validation_fraction": 0.3},
    ],
)
def test_each_parameter_changes_the_samples(params, italy):
    X, y = italy
    X = X * np.linspace(1, 3, len(X))[:, None] + np.linspace(-1, 1, len(X))[:, None]
    # against the way that is not asked for
    other = {"levels": "joint" if params.get("levels") == "given" else "given"}
    drawn = [
        fast(**some).fit(X, y).sample(4, random_state=0) for some in (other, params)
    ]
    assert np.isfinite(drawn[1]).all()
    assert not np.allclose(drawn[0], drawn[1])


def test_levels_are_generated_unless_they_drift():
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(2000, 1)) + 0.3 * rng.normal(size=(2000, 6))
    drifting = np.lib.stride_tricks.sliding_window_view(steps.cumsum(axis=0), 12, 0)
    apart = rng.normal(size=(400, 6, 12)) + 3 * rng.normal(size=(400, 6, 1))
    sets = apart, apart[:200], drifting[::5]
    assert [fast().fit(X).levels_ for X in sets] == ["joint", "given", "given"]


def test_levels_can_be_generated_without_a_density_of_rows(italy):
    X, y = italy
    X = X[:, ::2] * np.geomspace(1, 100, len(X))[:, None] + np.arange(len(X))[:, None]
    augmenter = fast(levels="joint", max_epochs=25, hidden_dim=32).fit(X, y)
    assert augmenter.density_ is None
    drawn = augmenter.sample(300, random_state=0)
    assert abs(np.median(drawn.mean(axis=1)) - np.median(X.mean(axis=1))) < 20
    spread = [np.log(part.std(axis=1)) for part in (X, drawn)]
    assert abs(spread[0].mean() - spread[1].mean()) < 0.5
    assert 0.6 < spread[1].std() / spread[0].std() < 1.4


def test_likely_series_score_higher(trained, italy):
    X, _ = italy
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(X, axis=1)
    assert (trained.score_samples(X) > trained.score_samples(shuffled)).mean() > 0.9
    X = X[:10]
    np.testing.assert_allclose(
        trained.score_samples(X)[3:5], trained.score_samples(X[3:5]), rtol=1e-9
    )


def test_units_do_not_matter(italy):
    X, _ = italy
    one, other = (fast().fit(some).score(some) for some in (X, 1024 * X))
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize("std", [0.3, 1.0, 2.0])
def test_the_bound_of_a_gaussian_is_its_log_density(std):
    rng = np.random.default_rng(0)
    X = std * rng.normal(size=(3, 4000))
    sigmas = EDMSchedule(sigma_max=80.0).grid(60)[-2::-1]
    bound = log_density_bound(
        lambda x, sigma: x * std**2 / (std**2 + sigma**2), X, X < 9, sigmas, rng
    )
    exact = norm.logpdf(X, scale=std).sum(axis=1)
    np.testing.assert_allclose(bound, exact, atol=0.03 * 4000)  # 0.03 nats a value
    worse = log_density_bound(lambda x, sigma: 0 * x, X, X < 9, sigmas, rng)
    assert (worse < bound - 1000).all()


def test_a_grid_search_works_alone(italy):
    X, _ = italy
    grid = {"hidden_dim": [4, 8], "prediction": ["edm", "x"]}
    search = GridSearchCV(fast(), grid, cv=2).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_variations_keep_level_and_scale_roughly_and_gaps_exactly(trained, italy):
    X, y = italy
    gappy = X.copy()
    gappy[::2, 3:6] = np.nan
    varied = trained.augment(gappy, y, strength=0.2, random_state=0)[0]
    assert same(np.isnan(varied), np.isnan(gappy))
    assert abs(np.nanmean(varied - gappy)) < 0.1
    moved = np.sqrt(np.nanmean((varied - gappy) ** 2) / X.var(axis=1).mean())
    assert 0.1 < moved < 0.4


def test_draws_do_not_depend_on_how_many_and_on_the_others(trained, italy):
    X, _ = italy
    gappy = X[:6].copy()
    gappy[:, 5:9] = np.nan
    augmenter = clone(trained).set_params(max_epochs=1).fit(X)
    for sampler in ("dpm_solver", partial(ddim, eta=1.0)):
        augmenter.set_params(sampler=sampler)
        many = augmenter.sample_imputations(gappy, 40, random_state=0)
        few = augmenter.sample_imputations(gappy[2:4], 3, random_state=0)
        assert same(few, many[:3, 2:4])


def test_thirty_series_are_memorised_and_it_says_so():
    X = make_waves(30, n_timepoints=12, random_state=0)
    X = X + 0.5 * np.random.default_rng(0).normal(size=X.shape)
    few = DiffusionAugmenter(hidden_dim=32, max_epochs=60, random_state=0)
    with pytest.warns(MemorisationWarning, match="began to memorise"):
        few.fit(X)
    # the weights from before are kept: the training ended soon after
    best = int(np.argmin(few.validation_curve_)) + 1
    assert best < 10
    assert few.n_iter_ < 30
    many = make_waves(300, n_timepoints=12, random_state=0)
    many = many + 0.5 * np.random.default_rng(0).normal(size=many.shape)
    clone(few).set_params(max_epochs=10).fit(many)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"schedule": LinearSchedule(n_levels=5), "n_steps": 6}, "has no 6 steps"),
        ({"sampler": "euler"}, "sampler"),
        ({"masked": 1.5}, "masked"),
        ({"levels": "drawn"}, "levels"),
        ({"backbone": UNet(1, 1, 24, 8)}, "got a module of UNet"),
    ],
)
@pytest.mark.changes_global_state
def test_bad_parameters_are_refused_before_training(params, words, italy):
    with pytest.raises(ValueError, match=words):
        fast(**params).fit(italy[0])


@pytest.mark.slow
def test_draws_follow_the_conditional_distribution_of_an_autoregression():
    """Of an AR(1) process the mean and variance of what is hidden are known."""
    T, share, n = 16, 0.8, 8000
    covariance = toeplitz(share ** np.arange(T))
    rng = np.random.default_rng(0)
    root = np.linalg.cholesky(covariance)
    X = rng.standard_normal((n, T)) @ root.T
    augmenter = DiffusionAugmenter(
        hidden_dim=64, masked=1.0, max_epochs=25, random_state=0
    ).fit(X)
    tests = rng.standard_normal((60, T)) @ root.T
    for hidden in (np.arange(6, 10), np.arange(12, T)):  # a gap, and a forecast
        known = np.delete(np.arange(T), hidden)
        gain = np.linalg.solve(
            covariance[np.ix_(known, known)], covariance[np.ix_(known, hidden)]
        )
        mean = tests[:, known] @ gain
        variance = np.diag(
            covariance[np.ix_(hidden, hidden)]
            - covariance[np.ix_(hidden, known)] @ gain
        )
        gappy = tests.copy()
        gappy[:, hidden] = np.nan
        draws = augmenter.sample_imputations(gappy, 100, random_state=0)[:, :, hidden]
        error = draws.mean(axis=0) - mean
        # the error of the mean is small beside the spread of what is hidden
        assert np.sqrt((error**2 / variance).mean()) < 0.25
        ratio = draws.var(axis=0).mean(axis=0) / variance
        assert ((ratio > 0.85) & (ratio < 1.15)).all()
        # the probability of the 90 % interval under the known distribution
        low, high = (np.quantile(draws, [0.05, 0.95], axis=0) - mean) / variance**0.5
        assert 0.87 < (norm.cdf(high) - norm.cdf(low)).mean() < 0.93
