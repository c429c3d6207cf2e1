"""The adversarial family: what only it promises."""

from functools import partial

import numpy as np
import pytest
import torch
from conftest import of_series, same
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from lgta_sklearn import (
    AdversarialAugmenter,
    AugmentedClassifier,
    MemorisationWarning,
    ModeCollapseWarning,
    SyntheticOverSampler,
)
from lgta_sklearn._runtime import seeded_initialisation
from lgta_sklearn.augmenters._diagnosis import diagnose
from lgta_sklearn.augmenters._groups import ShapeGroups, processes
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.networks.backbones import CNNGRU
from lgta_sklearn.networks.critics import (
    CRITICS,
    CNNCritic,
    MinibatchDeviation,
    MinibatchDiscrimination,
)
from lgta_sklearn.networks.denoising import Mixer
from lgta_sklearn.networks.generators import GENERATORS
from lgta_sklearn.training import adversarial as training
from lgta_sklearn.training.nets import AugmenterNet


def fast(**params):
    """Return an augmenter that trains in a blink."""
    defaults = {"hidden_dim": 8, "max_epochs": 1, "random_state": 0}
    return AdversarialAugmenter(**{**defaults, **params})


def normal(*shape, seed=0):
    """Return standard normal numbers, without a global generator."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def trained(italy):
    """An augmenter trained for some seconds; tests must not change it."""
    X, y = italy
    return AdversarialAugmenter(hidden_dim=32, max_epochs=20, random_state=0).fit(X, y)


class TestLosses:
    """Each loss is its formula."""

    real = torch.tensor([2.0, -0.5, 0.3], dtype=torch.float64)
    fake = torch.tensor([-1.0, 0.5, 0.1], dtype=torch.float64)

    @pytest.mark.parametrize(
        ("name", "critic", "generator"),
        [
            (
                "relativistic",
                lambda a, b: np.log1p(np.exp(b - a)),
                lambda a, b: np.log1p(np.exp(a - b)),
            ),
            (
                "least_squares",
                lambda a, b: (a - 1) ** 2 + b**2,
                lambda a, b: (b - 1) ** 2,
            ),
            ("wasserstein", lambda a, b: b - a, lambda a, b: -b),
            (
                "hinge",
                lambda a, b: np.maximum(0, 1 - a) + np.maximum(0, 1 + b),
                lambda a, b: -b,
            ),
            (
                "cross_entropy",
                lambda a, b: sum(
                    -share * np.log(1 / (1 + np.exp(-x)))
                    - (1 - share) * np.log(1 / (1 + np.exp(x)))
                    for x, share in ((a, 0.9), (b, 0.1))
                ),
                lambda a, b: np.log1p(np.exp(-b)),
            ),
        ],
    )
    def test_formulas(self, name, critic, generator):
        loss = training.LOSSES[name]()
        for got, wanted in (
            (loss.critic(self.real, self.fake), critic),
            (loss.generator(self.real, self.fake), generator),
        ):
            expected = wanted(self.real.numpy(), self.fake.numpy()).mean()
            assert got.item() == pytest.approx(expected, rel=1e-9)

    def test_the_penalties_are_those_of_the_papers(self):
        weights = {name: kind().penalty for name, kind in training.LOSSES.items()}
        assert weights["wasserstein"] == 10
        assert weights["least_squares"] == weights["cross_entropy"] == 0
        assert training.Relativistic(penalty=2.0).penalty == 2

    def test_a_finite_difference_estimates_the_squared_slope(self):
        inner, outer = normal(32, 6).double().requires_grad_(), normal(32, seed=1)
        x = normal(40, 6, seed=2).double()

        def score(x):
            return torch.tanh(x @ inner.T) @ outer.double()

        exact = training.squared_slope(score, x)
        many = x.repeat(2000, 1)
        step = 1e-3
        moved = many + step * normal(*many.shape, seed=3)
        found = training.squared_slope_by_difference(score(many), score(moved), step)
        assert found.item() == pytest.approx(exact.item(), rel=0.02)
        (gradient,) = torch.autograd.grad(exact, inner)  # it is differentiated, too
        assert gradient.isfinite().all()

    def test_the_slope_between_pairs_is_pulled_to_one(self):
        weight = torch.tensor([3.0, 4.0])
        rows, share = (normal(5, 2), normal(5, 2, seed=1)), torch.linspace(0, 1, 5)
        penalty = training.slope_penalty(lambda x: x @ weight, *rows, share)
        assert penalty.item() == pytest.approx((5 - 1) ** 2, rel=1e-5)


class TestMinibatch:
    """Series are compared with those of their own group."""

    def test_the_deviation_is_that_of_the_group(self):
        features = normal(32, 5)
        added = MinibatchDeviation(5)(features, n_sets=2)[:, 5]
        groups = features.reshape(4, 8, 5).numpy()
        wanted = np.sqrt(groups.var(axis=1) + 1e-4).mean(axis=1)
        np.testing.assert_allclose(added.reshape(4, 8)[:, 3], wanted, rtol=1e-5)

    def test_discrimination_is_the_sum_of_exponentials_of_distances(self):
        with seeded_initialisation(0):
            layer = MinibatchDiscrimination(5, n_kernels=3, kernel_dim=2)
        features = normal(8, 5)
        added = layer(features).detach().numpy()[:, 5:]
        M = (features @ layer.embed.weight.T).detach().numpy().reshape(8, 3, 2)
        for i, k in np.ndindex(8, 3):
            distances = np.abs(M[i, k] - M[:, k]).sum(axis=1)
            wanted = np.exp(-distances).sum() - 1
            assert added[i, k] == pytest.approx(wanted, rel=1e-4, abs=1e-5)

    @pytest.mark.parametrize("kind", [MinibatchDeviation, MinibatchDiscrimination])
    def test_sets_do_not_mix(self, kind):
        with seeded_initialisation(0):
            layer = kind(5)
        real = normal(12, 5)  # 12 is no multiple of a group
        one, other = (
            layer(torch.cat([real, normal(12, 5, seed=k)]), n_sets=2)[:12]
            for k in (1, 2)
        )
        assert torch.equal(one, other)


def test_a_generator_starts_as_the_gaussian_process_of_the_series():
    waves = make_waves(4000, n_timepoints=16, random_state=0)
    X = np.stack(np.split(waves, 2), axis=1)  # (2000, 2, 16)
    augmenter = fast(lr=1e-12, n_components=1).fit(X)  # nothing is learned
    real = augmenter.scaling_.split(X / augmenter.channel_scale_)[2]
    drawn = augmenter.sample(2000, random_state=0)
    shape = augmenter.scaling_.split(drawn / augmenter.channel_scale_)[2]
    for channel in range(2):
        wanted, found = (np.cov(u[:, channel].T) for u in (real, shape))
        assert np.abs(found - wanted).max() < 0.15 * wanted.max()
        assert np.abs(np.corrcoef(found.ravel(), wanted.ravel())[0, 1]) > 0.98


class TestGroups:
    """Series are grouped by class and shape, and new series get a group."""

    @staticmethod
    def two_kinds(n_samples=400):
        """Return rising series of high level, falling ones of low level, and which."""
        rng = np.random.default_rng(0)
        kind = rng.integers(2, size=n_samples)
        slope = np.where(kind, 1, -1)[:, None] * np.linspace(-1, 1, 16)
        noise = 0.1 * rng.standard_normal((n_samples, 16))
        return slope + noise + np.where(kind, 5, -5)[:, None], kind

    def test_kinds_of_shapes_are_found_and_start_apart(self, tmp_path):
        X, kind = self.two_kinds()
        augmenter = fast(lr=1e-12, n_components=2).fit(X)  # nothing is learned
        drawn = augmenter.sample(400, random_state=0)
        slope = drawn[:, -4:].mean(axis=1) - drawn[:, :4].mean(axis=1)
        assert (np.abs(slope) > 1).all()  # one Gaussian process has all slopes
        assert np.array_equal(slope > 0, drawn.mean(axis=1) > 0)  # as in the series
        assert np.mean(slope > 0) == pytest.approx(kind.mean(), abs=0.1)
        augmenter.save(tmp_path / "augmenter.safetensors")
        loaded = AdversarialAugmenter.load(tmp_path / "augmenter.safetensors")
        assert same(loaded.sample(400, random_state=0), drawn)

    def test_a_group_belongs_to_a_class(self):
        X, kind = self.two_kinds()
        levels = X - X.mean(axis=1, keepdims=True)  # the level says nothing
        augmenter = fast(lr=1e-12).fit(levels, kind)
        drawn, y = augmenter.sample(100, return_y=True, random_state=0)
        assert np.array_equal(drawn[:, -1] > drawn[:, 0], y == 1)

    def test_shares_are_those_of_the_series(self):
        X = np.random.default_rng(0).normal(size=(1200, 1, 6))
        X[:250] += 5 * np.arange(6)
        labels = np.repeat([0, 1], [1000, 200])
        groups = ShapeGroups(2)
        found = groups.fit(X, labels, seed=0)
        wanted = np.bincount(found[:1000])
        assert sorted(wanted) == [250, 750]
        drawn = groups.draw(labels, np.random.default_rng(1))
        assert np.bincount(drawn[:1000]) == pytest.approx(wanted, abs=50)
        assert (drawn[1000:] >= 2).all()

    def test_the_number_of_groups_is_chosen_by_likelihood(self):
        X, _ = self.two_kinds()
        noise = np.random.default_rng(0).normal(size=X.shape)
        labels = np.repeat([0, 1], [200, 200])
        groups = ShapeGroups(None)
        X = np.where(labels[:, None] == 0, X, noise)
        groups.fit(X[:, None], labels, seed=0)
        assert groups.of_class.tolist() == [0, 0, 1]

    @pytest.mark.parametrize("n_samples", [1, 2, 12, 60, 130])
    @pytest.mark.parametrize("n_components", [None, 1, 3])
    def test_no_group_is_small(self, n_samples, n_components):
        X = np.random.default_rng(0).normal(size=(n_samples, 2, 5))
        X[: n_samples // 10] += 100  # few series of another kind
        labels = np.zeros(n_samples, dtype=int)
        groups = ShapeGroups(n_components)
        found = groups.fit(X, labels, seed=0)
        assert np.bincount(found).min() >= min(10, n_samples)
        first = groups.draw(labels[:1], np.random.default_rng(0))
        drawn = groups.draw(labels, np.random.default_rng(0))
        assert drawn[0] == first[0]
        assert set(drawn) <= set(found)

    def test_a_small_class_has_the_mean_of_all(self):
        X = np.random.default_rng(0).normal(size=(40, 1, 5))
        parts = processes(X, np.repeat([0, 1], [36, 4]), 2, most=5)
        assert parts["mean"][1] == pytest.approx(X.mean(axis=0).T)
        assert parts["mean"][0] == pytest.approx(X[:36].mean(axis=0).T)


@pytest.mark.parametrize(
    "params",
    [
        {"backbone": "bilstm"},
        {"backbone": "transformer"},
        {"backbone": "multiscale"},
        {"backbone": partial(Mixer, patch=4, dropout=0.1)},
        {"backbone": CNNGRU},
        {"critic": "transformer"},
        {"critic": partial(CNNCritic, stride=2)},
        {"loss": "least_squares"},
        {"loss": "wasserstein"},
        {"loss": "hinge"},
        {"loss": "cross_entropy"},
        {"penalty": 5.0},
        {"minibatch": "discrimination"},
        {"minibatch": None},
        {"spectral_norm": True},
        {"hidden_dim": 12},
        {"noise_dim": 0},
        {"density": "normal"},
        {"max_epochs": 2},
        {"batch_size": 16},
        {"lr": 0.02},
        {"validation_fraction": 0.0},
        {"net": training.AdversarialNet(critic_steps=2)},
        {"net": training.AdversarialNet(exact=True)},
        {"net": training.AdversarialNet(critic_lr=0.1)},
    ],
    ids=str,
)
def test_each_parameter_changes_the_samples(params, italy, tmp_path):
    X = italy[0][:40] * np.linspace(1, 2, 40)[:, None]
    usual = fast().fit(X).sample(4, random_state=0)
    augmenter = fast(**params).fit(X)
    drawn = augmenter.sample(4, random_state=0)
    assert np.isfinite(drawn).all()
    assert not same(drawn, usual)
    path, given = tmp_path / "augmenter.safetensors", {}
    augmenter.save(path)
    if "net" in params:  # a net is code, which no file holds
        given = {"net": None}
    loaded = AdversarialAugmenter.load(path, **given)
    assert same(loaded.sample(4, random_state=0), drawn)


def test_no_shape_of_a_training_series_is_kept(tmp_path):
    X = 5 + np.random.default_rng(0).normal(size=(40, 2, 12)).cumsum(axis=2)
    augmenter = fast().fit(X)
    augmenter.save(tmp_path / "augmenter.safetensors")
    loaded = AdversarialAugmenter.load(tmp_path / "augmenter.safetensors")
    for holder in (augmenter, loaded):
        assert max(of_series(holder, X)) < 0.03  # as many as meet by chance


@pytest.mark.parametrize("name", [*GENERATORS])
@pytest.mark.parametrize("n_timepoints", [1, 5, 150])
def test_generators_of_any_length(name, n_timepoints):
    with seeded_initialisation(0):
        backbone = GENERATORS[name](3, 3, n_timepoints, 8)
    out = backbone(normal(2, n_timepoints, 3), normal(2, 8))
    assert out.shape == (2, n_timepoints, 3)


@pytest.mark.parametrize("name", [*CRITICS])
@pytest.mark.parametrize("n_timepoints", [1, 5, 150, 1000])
def test_critics_of_any_length(name, n_timepoints):
    with seeded_initialisation(0):
        critic = CRITICS[name](3, 16, n_timepoints, 8)
    out = critic(normal(2, n_timepoints, 3), normal(2, 8))
    assert out.shape == (2, 16)
    gradients = torch.autograd.grad(out.square().sum(), critic.parameters())
    assert len(gradients) == len(list(critic.parameters()))


def test_what_is_missing_is_not_seen(trained, motions):
    X = motions[0][:, :2, :30].copy()
    X[::2, :, 4:9] = np.nan
    augmenter = fast(gaps="fill").fit(X)
    assert np.isfinite(augmenter.sample(5)).all()
    module = augmenter.module_
    shape = normal(3, 30, 2).double()
    shape[:, 4:9] = torch.nan
    seen = module.real(shape)
    assert seen.isfinite().all()
    assert (seen[:, 5:9] == 0).all()


def test_the_history_has_both_losses_and_the_distance(trained):
    for row in trained.history_:
        assert {"train_critic", "train_generator", "valid_loss"} <= set(row)
        assert row["train_loss"] == pytest.approx(row["train_critic"], rel=1e-5)
    assert len(trained.validation_curve_) == trained.n_iter_


def test_a_training_brings_the_generator_nearer(trained, italy):
    first = fast(hidden_dim=32, lr=1e-12).fit(*italy).validation_curve_[0]
    assert min(trained.validation_curve_) < first / 1.5


class TestDiagnosis:
    """After the training, collapse and copies have a name."""

    def test_a_generator_without_noise_has_collapsed(self, italy):
        class Cancelling(nn.Module):
            conditioned = True

            def __init__(self, in_features, out_features, n_timepoints, width):
                super().__init__()
                self.unused = nn.Linear(width, 1)

            def forward(self, x, c):
                return -x + 0 * self.unused(c)[:, None]

        with pytest.warns(ModeCollapseWarning, match="cover"):
            augmenter = fast(backbone=Cancelling, noise_dim=0).fit(italy[0])
        assert augmenter.diagnosis_["diversity"] < 1

    def test_a_trained_one_has_not(self, trained):
        found = trained.diagnosis_
        assert found["coverage"] > 0.6 * found["coverage_floor"]
        assert found["diversity"] > 0.6
        assert found["nearest_neighbour_ratio"] > 0.5

    def test_measures(self):
        X = make_waves(200, n_timepoints=20, random_state=0)[:, None]
        found = diagnose(X[:100], X[100:])
        assert found["coverage"] > 0.8
        assert found["nearest_neighbour_ratio"] == pytest.approx(1, abs=0.3)
        with pytest.warns(MemorisationWarning, match="copies"):
            assert diagnose(X, X)["nearest_neighbour_ratio"] == 0
        with pytest.warns(ModeCollapseWarning):
            assert diagnose(X, X[:1].repeat(200, axis=0))["diversity"] == 0
        assert diagnose(X[:5], X[:5]) == {}


def test_it_only_samples():
    assert not {"augment", "transform", "impute", "encode"} & set(
        dir(AdversarialAugmenter)
    )


def test_it_grows_sets_for_classifiers(italy):
    X, y = italy
    forest = RandomForestClassifier(20, random_state=0)
    grown = AugmentedClassifier(forest, fast(), method="sample", random_state=0)
    assert grown.fit(X, y).score(X, y) > 0.9
    keep = np.r_[np.flatnonzero(y == "1"), np.flatnonzero(y == "2")[:10]]
    _, labels = SyntheticOverSampler(
        fast(), method="sample", random_state=0
    ).fit_resample(X[keep], y[keep])
    assert len(set(np.unique(labels, return_counts=True)[1])) == 1
    search = GridSearchCV(grown, {"augmenter__minibatch": ["deviation", None]}, cv=2)
    assert len(search.fit(X, y).cv_results_["params"]) == 2


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"loss": "best"}, "relativistic"),
        ({"critic": "forest"}, "critic"),
        ({"batch_size": 1}, ">= 2"),
        ({"net": AugmenterNet()}, "AdversarialNet"),
        ({"density": 3}, "density"),
    ],
)
def test_bad_parameters_are_refused_before_training(params, words, italy):
    with pytest.raises(ValueError, match=words):
        fast(**params).fit(italy[0])


@pytest.mark.changes_global_state
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_check_estimator():
    augmenter = fast()
    results = check_estimator(augmenter, on_skip=None, on_fail="raise")
    assert len(results) > 30


def test_on_a_gpu(device, italy):
    if device == "cpu":
        pytest.skip("no --device given: the tests of a GPU are left out")
    there = AdversarialAugmenter(device=device, random_state=0).fit(*italy)
    assert there.device_.startswith(device)
    assert there.diagnosis_["coverage"] > 0.7
