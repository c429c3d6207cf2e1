"""Differential privacy: the account, what a person can add, and the estimator."""

import pickle
import warnings
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from conftest import same, stored
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, norm
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from lgta_sklearn import GaussianAnonymizer, Panel, PrivacyLeakWarning
from lgta_sklearn.augmenters._released import ClassMeans, class_sums, first_sensitivity
from lgta_sklearn.augmenters._spectra import SpectralBasis
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.density.budget import PrivacyBudget, system_normal

EXTREMES = [-1e9, -2.0, -1.0, 0.0, 0.3, 1.0, 5.0, 1e9, np.nan]


def waves(n=400):
    """Return waves of two classes: two speeds."""
    rng = np.random.default_rng(0)
    y = np.repeat(["slow", "fast"], n // 2)
    speed = np.where(y == "slow", 1.0, 2.0)[:, None]
    phase = rng.uniform(0, 1, size=(n, 1))
    X = np.sin(2 * np.pi * (speed * np.linspace(0, 1, 24) + phase / 4))
    return 3 + X + 0.1 * rng.normal(size=X.shape), y


@pytest.mark.parametrize(
    ("epsilon", "delta", "noise"),
    # of the analytic Gaussian mechanism, as published with its authors' code
    [(1.0, 1e-5, 3.730632), (0.1, 1e-5, 30.749566), (10.0, 1e-5, 0.499889)],
)
def test_the_noise_is_that_of_the_analytic_mechanism(epsilon, delta, noise):
    got = PrivacyBudget(epsilon, delta).noise(1.0, 1.0)
    assert got == pytest.approx(noise, rel=1e-5)


def test_any_budget_has_noise():
    for epsilon in (1e-12, 1e-3, 1e8):
        for delta in (1e-100, 1e-12, 0.5):
            assert 0 < PrivacyBudget(epsilon, delta).noise(1.0, 1.0) < np.inf


@pytest.mark.parametrize("epsilon", [1e-3, 0.5, 3.0, 1e5])
def test_releases_together_cost_what_is_promised(epsilon):
    budget = PrivacyBudget(epsilon, 1e-6)
    mus = [2.0 / budget.noise(2.0, share) for share in (0.2, 0.3, 0.5)]
    assert np.hypot.reduce(mus) == pytest.approx(budget.mu)
    mu = budget.mu
    far = np.exp(epsilon + norm.logcdf(-epsilon / mu - mu / 2))
    assert norm.cdf(-epsilon / mu + mu / 2) - far == pytest.approx(1e-6, rel=1e-3)
    with pytest.raises(ValueError, match=r"0.1 was asked for, but .* left"):
        budget.noise(1.0, 0.1)


def test_symmetric_noise_is_the_same_in_all_directions():
    budget, rng = PrivacyBudget(1.0, 1e-5), np.random.default_rng(0)
    zero = np.zeros((200, 200))
    drawn, noise = budget.release_symmetric(zero, 1.0, 1.0, rng.standard_normal)
    np.testing.assert_array_equal(drawn, drawn.T)
    wanted = 1 / budget.mu
    assert np.diag(drawn).std() == pytest.approx(wanted, rel=0.15)
    beside = drawn[np.triu_indices(200, 1)].std()
    assert beside == pytest.approx(wanted / np.sqrt(2), rel=0.02)
    assert noise == pytest.approx(wanted / np.sqrt(2))


@st.composite
def persons(draw):
    """Draw the records of one person, which may be anything, and a basis."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    n, n_channels = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    n_timepoints, vary = draw(st.integers(1, 20)), draw(st.booleans())
    values = rng.normal(size=(n, n_channels, n_timepoints))
    wild = rng.random(values.shape) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    values[wild] = rng.choice(EXTREMES, size=wild.sum())
    lengths = rng.integers(1, n_timepoints + 1, size=n)
    lengths = lengths if vary else np.full(n, n_timepoints)
    panel = Panel(values, lengths)
    values[~np.broadcast_to(panel.inside()[:, None], values.shape)] = np.nan
    bounds = np.tile([-1.0, 2.0], (n_channels, 1))
    basis = SpectralBasis(bounds, n_timepoints, draw(st.integers(1, 8)), vary)
    return panel, basis, rng


@given(persons())
def test_no_person_adds_more_than_the_sensitivity(case):
    panel, basis, rng = case
    spectra, n = basis.of(panel), len(panel)
    labels, weights = rng.integers(3, size=n), np.full(n, 1 / n)
    layout = panel.values.shape[1], spectra.attributes.shape[1]
    most = first_sensitivity(*layout)
    sums = class_sums(spectra, labels, weights, 3)
    assert np.isfinite(sums).all()
    assert np.linalg.norm(sums) <= most * (1 + 1e-9)
    noisy = sums + rng.choice([0.1, 3.0, 100.0]) * rng.normal(size=sums.shape)
    means = ClassMeans(noisy, 1.0, *layout, basis.n_coefficients)
    D = means.deviations(spectra, labels)
    second = (D * weights[:, None]).T @ D
    assert np.linalg.norm(second) <= means.radius**2


def test_the_bound_is_reached():
    X = np.tile([1.0, -1.0], (1, 1, 6))  # as large as the bounds allow, and no more
    basis = SpectralBasis(np.array([[-1.0, 1.0]]), 12, 12, False)
    sums = class_sums(basis.of(Panel.full(X)), np.array([0]), np.ones(1), 1)
    # all but the level, which is 0, and its square
    assert np.linalg.norm(sums) > 0.85 * first_sensitivity(1, 2)


def test_an_attacker_who_knows_all_others_does_no_better_than_promised(monkeypatch):
    # nearly the worst case: a person unlike all others, an attacker who knows those,
    # sees the first release and looks for what the person would add
    seen, plain = [], PrivacyBudget.release
    monkeypatch.setattr(
        PrivacyBudget,
        "release",
        lambda *arguments: seen.append(arguments) or plain(*arguments),
    )
    X = 0.01 * np.random.default_rng(0).normal(size=(30, 12))
    X[-1] = np.tile([1.0, -1.0], 6)
    params = {"epsilon": 3.0, "delta": 1e-3}
    for series in (X, X[:-1]):
        GaussianAnonymizer(**params, bounds=(-1, 1)).fit(series)
    added = seen[0][1] - seen[1][1]
    scores = [
        (plain(PrivacyBudget(**params), *rest)[0] * added).sum()
        for _, *rest in seen
        for _ in range(2000)
    ]
    auc = roc_auc_score(np.repeat([1, 0], 2000), scores)
    most = norm.cdf(PrivacyBudget(**params).mu / np.sqrt(2))  # 0.75
    assert 0.65 < auc < most + 0.02


def test_much_budget_gives_the_moments_of_each_class():
    X, y = waves()
    anonymizer = GaussianAnonymizer(1e4, bounds=(0, 6), random_state=0).fit(X, y)
    new, labels = anonymizer.sample(4000, return_y=True)
    assert (labels == "slow").mean() == pytest.approx(0.5, abs=0.03)
    for label in ("slow", "fast"):
        real, some = X[y == label], new[labels == label]
        assert abs(real.mean(axis=0) - some.mean(axis=0)).max() < 0.15
        assert some.std() == pytest.approx(real.std(), rel=0.05)
    assert new.min() >= 0
    assert new.max() <= 6


def test_a_classifier_learns_from_samples_of_little_budget():
    X, y = waves(1000)
    anonymizer = GaussianAnonymizer(1.0, bounds=(0, 6), random_state=0)
    new, labels = anonymizer.fit(X, y).sample(500, return_y=True)
    assert RidgeClassifier().fit(new, labels).score(*waves(200)) > 0.95


def test_noise_grows_as_epsilon_shrinks_and_is_reported():
    X, _ = waves()
    fits = [GaussianAnonymizer(e, bounds=(0, 6)).fit(X) for e in (0.5, 1.0, 5.0)]
    # relative to the sensitivity, which for the second release depends on the first
    noise = [[r["noise"] / r["sensitivity"] for r in f.releases_] for f in fits]
    assert np.diff(np.array(noise), axis=0).max() < 0
    releases = GaussianAnonymizer(1.0, bounds=(0, 6)).fit(X).releases_
    assert sum(r["share"] for r in releases) == pytest.approx(1)
    less = GaussianAnonymizer(1.0, bounds=(0, 6), delta=1e-9).fit(X).releases_
    assert less[0]["noise"] > releases[0]["noise"]


def test_a_person_counts_once_however_many_records_there_are():
    X, y = waves(100)
    seeded = {"bounds": (0, 6), "random_state": 0}
    once = GaussianAnonymizer(3.0, **seeded).fit(X, y)
    person = np.arange(100).repeat(4)
    often = GaussianAnonymizer(3.0, **seeded)
    often.fit(X.repeat(4, axis=0), y.repeat(4), groups=person)
    np.testing.assert_allclose(once.sample(9), often.sample(9), atol=1e-6)
    alone = GaussianAnonymizer(3.0, **seeded).fit(X.repeat(4, axis=0), y.repeat(4))
    assert abs(alone.sample(9) - once.sample(9)).max() > 0.01


def test_nothing_exact_is_left():
    X, y = waves(102)
    anonymizer = GaussianAnonymizer(1.0, bounds=(0, 600)).fit(X, y)
    larger = GaussianAnonymizer(1.0, bounds=(0, 600)).fit(100 * X, y)
    np.testing.assert_array_equal(anonymizer.channel_scale_, larger.channel_scale_)
    exact = np.unique(y, return_counts=True)[1] / len(y)
    assert abs(anonymizer._state.class_prior - exact).min() > 1e-9
    assert not {"_groups", "_persons"} & set(vars(anonymizer))
    assert all(len(a) != len(X) for a in stored(vars(anonymizer)) if a.ndim)


def test_noise_is_of_no_seed():
    X, _ = waves(50)
    # whatever the generators of NumPy are seeded with, noise and calls differ
    fits = []
    for _ in range(2):
        with mock.patch("lgta_sklearn._random.seed_from", return_value=3):
            fits.append(GaussianAnonymizer(1.0, bounds=(0, 6)).fit(X))
    counts = {anonymizer._state.means.n_persons for anonymizer in fits}
    assert len(counts) == 2
    assert fits[0]._state.seed != fits[1]._state.seed


def test_noise_of_the_system_is_normal():
    drawn = system_normal((200_000,))
    assert kstest(drawn, "norm").pvalue > 1e-6
    assert abs(drawn).max() > 3.5


@pytest.mark.parametrize("size", [1.0, 1e-15])
def test_no_value_does_harm_to_those_of_others(size):
    X = size * (0.3 + 0.05 * np.random.default_rng(0).normal(size=(50, 24)))
    outlying = np.vstack([X, np.full(24, 1.7e308)])
    params = {"epsilon": 1e6, "bounds": (0, size), "random_state": 0}
    with mock.patch.object(
        PrivacyBudget, "release", lambda self, sums, *rest: (sums, 1)
    ):
        plain, other = (
            class_sums_of(GaussianAnonymizer(**params), some) for some in (X, outlying)
        )
    assert np.linalg.norm(other - plain) <= first_sensitivity(1, 2)


def class_sums_of(anonymizer, series):
    """Return the sums of the first release of a fit."""
    seen = []

    def spied(*arguments):
        seen.append(class_sums(*arguments))
        return seen[-1]

    with mock.patch("lgta_sklearn.augmenters.gaussian.class_sums", spied):
        anonymizer.fit(series)
    return seen[0]


def test_labels_are_classes_however_often_they_occur():
    X, _ = waves(42)
    twice = np.tile(np.arange(21), 2)
    for n in (42, 41, 21):
        anonymizer = GaussianAnonymizer(bounds=(0, 6)).fit(X[:n], twice[:n])
        assert len(anonymizer.classes_) == 21
    assert not hasattr(anonymizer.fit(X, np.linspace(0, 1.5, 42)), "classes_")


def test_times_are_numbered():
    X = make_waves(30, n_timepoints=12, random_state=0)
    days = pd.date_range("2026-01-01", periods=12)
    index = pd.MultiIndex.from_product([range(30), days])
    frame = pd.DataFrame({"load": X.ravel()}, index=index)
    new = GaussianAnonymizer(3.0, bounds=(-5, 5)).fit(frame).sample(2)
    assert list(new.index.get_level_values(1)) == [*range(12)] * 2


def test_lengths_gaps_and_channels():
    X = np.random.default_rng(0).normal(size=(300, 2, 20)).cumsum(axis=2) / 4
    X[::3, 1, 5] = np.nan
    X[7, 0] = np.nan  # a channel without values
    rows = [x[:, : 20 - i % 5] for i, x in enumerate(X)]
    anonymizer = GaussianAnonymizer(50.0, bounds=([-4, -3], [4, 3]), random_state=0)
    new = anonymizer.fit(rows).sample(300, random_state=0)
    lengths = [x.shape[1] for x in new]
    assert np.mean(lengths) == pytest.approx(18, abs=0.5)
    assert all(np.isfinite(x).all() and abs(x[1]).max() <= 3 for x in new)
    copied = pickle.loads(pickle.dumps(anonymizer))
    assert same(new, copied.sample(300, random_state=0))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"epsilon": 0}, "epsilon of GaussianAnonymizer must be a number > 0"),
        ({"delta": 1.0}, "delta of GaussianAnonymizer must be"),
        ({"bounds": (1, 1)}, r"bounds must be \(low, high\) with low < high"),
        ({"bounds": (0, np.inf)}, "two finite numbers"),
        ({"bounds": ([0, 0], [1, 1])}, "two arrays of 1 numbers"),
        ({"bounds": 3}, "got 3"),
    ],
)
def test_bad_parameters_are_refused(params, words):
    with pytest.raises(ValueError, match=words):
        GaussianAnonymizer(**params).fit(waves(20)[0])


def test_what_is_not_covered_is_said():
    X, _ = waves(20)
    with pytest.warns(PrivacyLeakWarning, match="bounds=None takes"):
        GaussianAnonymizer().fit(X)
    with pytest.warns(PrivacyLeakWarning, match="random_state=0 lets"):
        GaussianAnonymizer(bounds=(0, 6), random_state=0).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GaussianAnonymizer(bounds=(0, 6)).fit(X)


@pytest.mark.changes_global_state
def test_scikit_learn_accepts_it():
    assert len(check_estimator(GaussianAnonymizer(1e3), on_skip=None)) > 30
