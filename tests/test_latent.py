"""What `LatentAugmenter` learns, varies, invents and scores."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
import torch
from conftest import fast
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import LatentAugmenter, PosteriorCollapseWarning
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.metrics import nearest_neighbour_ratio
from lgta_sklearn.noise import ResidualNoise
from lgta_sklearn.transforms import Jitter, Mixup


def _r2(X, reconstructed):
    """Return the share of the variance within series that a reconstruction keeps."""
    error = ((X - reconstructed) ** 2).mean()
    return 1 - error / ((X - X.mean(axis=-1, keepdims=True)) ** 2).mean()


def test_unseen_series_are_reconstructed(fitted, italy):
    X_test, _ = load_italy_power_demand(split="test", return_type="numpy3D")
    assert _r2(italy[0], fitted.reconstruct(italy[0])) > 0.95
    assert _r2(X_test[:, 0], fitted.reconstruct(X_test[:, 0])) > 0.9
    assert fitted.n_active_units_ >= 4
    assert fitted.kl_ > 1


def test_the_loss_at_the_end_is_the_one_reported(fitted, italy):
    assert fitted.validation_curve_ is not None
    error = ((fitted.reconstruct(italy[0]) - italy[0]) ** 2).mean(axis=1)
    scale = italy[0].std(axis=1)
    np.testing.assert_allclose(
        fitted.observation_variance_, np.mean(error / scale**2), rtol=1e-6
    )


class TestVariation:
    def test_strength_zero_is_exactly_the_identity(self, fitted, italy):
        X, y = italy
        np.testing.assert_array_equal(fitted.augment(X, strength=0), X)
        np.testing.assert_array_equal(fast(strength=0).fit_transform(X, y), X)

    def test_distance_grows_with_strength(self, fitted, italy):
        X, _ = italy
        distances = [
            np.abs(fitted.augment(X, strength=s, random_state=0) - X).mean()
            for s in (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
        ]
        assert (np.diff(distances) > 0).all()
        assert distances[0] < 0.1 * distances[-1]

    def test_what_the_model_cannot_explain_is_kept(self, fitted, italy):
        X, y = italy
        spike = np.zeros(24)
        spike[5] = 1e-3
        texture = X + spike * np.where(np.arange(67) % 2, 1, -1)[:, None]
        varied, _ = fitted.augment(texture, y, strength=0.05, random_state=0)
        residual = varied - texture
        # a decoded row would lose the detail; the residual form changes it smoothly
        assert np.abs(residual).mean() < 0.05 * X.std()
        assert np.abs(fitted.reconstruct(X) - X).mean() > 1e-3

    def test_copies_come_in_order_with_labels_and_sources(self, fitted, italy):
        X, y = italy
        varied, labels, index = fitted.augment(
            X, y, n_copies=3, strength=0.01, return_index=True
        )
        assert varied.shape == (201, 24)
        np.testing.assert_array_equal(index, np.tile(np.arange(67), 3))
        np.testing.assert_array_equal(labels, np.tile(y, 3))
        nearest = ((varied[:, None] - X[None]) ** 2).sum(-1).argmin(axis=1)
        assert (nearest == index).mean() > 0.95
        assert not np.array_equal(varied[:67], varied[67:134])

    def test_a_transformation_of_the_user_is_called_on_standardised_codes(self, italy):
        X, y = italy
        seen = []

        def shift(Z, rng):
            seen.append(Z)
            return Z + 1

        augmenter = fast(transformation=shift, strength=0.5, beta=0.0, max_epochs=20)
        varied = augmenter.fit_transform(X, y)
        np.testing.assert_allclose(seen[-1].mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(seen[-1].std(axis=0), 1)
        assert not np.array_equal(varied, X)
        np.testing.assert_array_equal(
            augmenter.augment(X), varied
        )  # there is nothing random in this one

    def test_scale_matters_where_strength_does_not_speak(self, fitted, italy):
        X, _ = italy
        once, twice = (
            pickle.loads(pickle.dumps(fitted)).set_params(transformation=Jitter(scale))
            for scale in (0.05, 0.1)
        )
        np.testing.assert_allclose(
            twice.augment(X, strength=0.2, random_state=0),
            once.augment(X, strength=0.2, random_state=0),
            atol=1e-3,
        )
        near, far = (
            np.abs(augmenter.augment(X, random_state=0) - X).mean()
            for augmenter in (once, twice)
        )
        np.testing.assert_allclose(far / near, 2, rtol=0.1)

    @pytest.mark.parametrize(
        "targets", [np.arange(67), np.linspace(0, 1, 67), np.ones((67, 2))]
    )
    def test_targets_of_a_regression_are_no_classes(self, italy, targets):
        X, _ = italy
        augmenter = fast(beta=0.0, max_epochs=20, strength=1.0)
        varied = augmenter.fit_transform(X, targets)
        assert not hasattr(augmenter, "classes_")
        assert (np.abs(varied - X).max(axis=1) > 1e-3).all()

    def test_mixup_moves_towards_the_same_class(self, italy):
        X, y = italy
        augmenter = LatentAugmenter(transformation=Mixup(), random_state=0).fit(X, y)
        Z = augmenter.encode(X)[:, :16]
        varied, _ = augmenter.augment(X, y)
        moved = augmenter.encode(varied)[:, :16]
        centres = np.array([Z[y == label].mean(axis=0) for label in ("1", "2")])
        nearest = np.abs(moved[:, None] - centres).sum(axis=2).argmin(axis=1)
        assert (np.array(["1", "2"])[nearest] == y).mean() > 0.9
        # a lone series has nobody to move to (residuals are kept in single precision)
        rare = np.where(np.arange(len(X)) == 0, "rare", "often")
        alone = augmenter.set_params(max_epochs=2).fit(X, rare)
        np.testing.assert_allclose(alone.augment(X[:1], rare[:1])[0], X[:1], rtol=1e-6)
        np.testing.assert_array_equal(
            alone.set_params(on_transform="augment").transform(X)[3:],
            alone.transform(X[3:]),
        )

    def test_one_series_per_class_is_varied_too(self, italy):
        X, _ = italy
        augmenter = fast(beta=0.0, max_epochs=40, strength=1.0)
        varied = augmenter.fit_transform(X[:6], list("abcdef"))
        assert augmenter.classes_.tolist() == list("abcdef")
        assert (np.abs(varied - X[:6]).max(axis=1) > 1e-4).all()

    def test_no_rows_no_variations(self, fitted, italy):
        assert fitted.augment(italy[0], n_copies=0).shape == (0, 24)


class TestTransform:
    def test_identity_is_a_copy(self, fitted, italy):
        X, _ = italy
        same = fitted.transform(X)
        np.testing.assert_array_equal(same, X)
        assert not np.shares_memory(same, X)

    def test_fit_transform_varies_every_row(self, italy):
        X, y = italy
        varied = LatentAugmenter(random_state=0).fit_transform(X, y)
        assert (np.abs(varied - X).max(axis=1) > 1e-3).all()

    def test_reconstruct(self, italy):
        X, _ = italy
        augmenter = fast(on_transform="reconstruct").fit(X)
        np.testing.assert_array_equal(augmenter.transform(X), augmenter.reconstruct(X))


class TestSample:
    def test_samples_look_like_the_series(self, fitted, italy):
        X, _ = italy
        drawn = fitted.sample(2000, random_state=0)
        np.testing.assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.35)
        np.testing.assert_allclose(drawn.std(axis=0), X.std(axis=0), rtol=0.5)
        lag = [
            np.corrcoef(Z[:, 1:].ravel(), Z[:, :-1].ravel())[0, 1] for Z in (X, drawn)
        ]
        assert abs(lag[0] - lag[1]) < 0.1

    def test_classes_are_drawn_as_asked(self, italy):
        X, y = italy
        augmenter = LatentAugmenter(random_state=0).fit(X, y)
        means = [augmenter.sample(300, y=label).mean(axis=0) for label in ("1", "2")]
        real = [X[y == label].mean(axis=0) for label in ("1", "2")]
        near = [[np.abs(m - r).mean() for r in real] for m in means]
        assert np.argmin(near, axis=1).tolist() == [0, 1]
        mixed = augmenter.sample(y=["1", "2"] * 150, random_state=0)
        for label, mean in zip((0, 1), real, strict=True):
            assert np.abs(mixed[label::2].mean(axis=0) - mean).mean() < 0.2
        assert augmenter.sample(4).shape == (4, 24)
        assert augmenter.classes_.tolist() == ["1", "2"]

    @pytest.mark.parametrize("density", ["normal", GaussianMixture(2), KernelDensity()])
    def test_any_density_serves(self, density, italy):
        X, _ = italy
        augmenter = fast(density=density).fit(X)
        drawn = augmenter.sample(20, random_state=0)
        assert np.isfinite(drawn).all()
        assert not np.array_equal(drawn, fast().fit(X).sample(20, random_state=0))

    def test_noise_can_be_switched_off_and_replaced(self, italy):
        X, _ = italy
        smooth, rough, own = (
            LatentAugmenter(noise=noise, random_state=0).fit(X)
            for noise in (None, "structured", ResidualNoise(max_features=1, rank=1))
        )
        drawn = [a.sample(200, random_state=0) for a in (smooth, rough, own)]
        assert smooth.noise_ is None
        roughness = [np.diff(Z, 2, axis=1).std() for Z in drawn]
        assert roughness[0] < roughness[1]
        assert not np.array_equal(drawn[1], drawn[2])

    def test_dry_days_are_exactly_dry(self):
        rng = np.random.default_rng(0)
        X = rng.poisson(2.0, size=(80, 2, 24)).astype(float)
        X[rng.uniform(size=80) < 0.5, 1] = 0.0
        drawn = fast().fit(X).sample(400, random_state=0)
        np.testing.assert_array_equal(drawn, np.round(drawn))
        dry = (drawn[:, 1] == 0).all(axis=1)
        assert abs(dry.mean() - (X[:, 1] == 0).all(axis=1).mean()) < 0.15

    def test_noise_is_not_repeated(self):
        X, unseen = np.random.default_rng(0).normal(size=(2, 300, 24))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PosteriorCollapseWarning)
            augmenter = fast().fit(X)
        drawn = augmenter.sample(300, random_state=0)
        assert nearest_neighbour_ratio(X, drawn, X_holdout=unseen) > 0.85
        augmenter.noise_.blend_ = 0.0
        copied = augmenter.sample(300, random_state=0)
        assert nearest_neighbour_ratio(X, copied, X_holdout=unseen) < 0.85

    def test_a_plain_autoencoder_samples_through_its_density(self, italy):
        X, _ = italy
        augmenter = LatentAugmenter("lstm", variational=False, random_state=0).fit(X)
        assert _r2(X, augmenter.reconstruct(X)) > 0.95
        assert augmenter.kl_ == 0
        drawn = augmenter.sample(500, random_state=0)
        np.testing.assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.4)


class TestScore:
    def test_likely_series_score_higher(self, fitted, italy):
        X, _ = italy
        scores = fitted.score_samples(X)
        rng = np.random.default_rng(0)
        shuffled = rng.permuted(X, axis=1)
        assert np.median(fitted.score_samples(shuffled)) < scores.min()
        assert np.median(fitted.score_samples(X + 20)) < scores.min()  # the level
        assert np.median(fitted.score_samples(X * 20)) < scores.min()  # the scale

    def test_units_do_not_matter(self, italy):
        X, _ = italy
        scores = fast().fit(X).score_samples(X)
        np.testing.assert_allclose(
            fast().fit(1000 * X).score_samples(1000 * X), scores, rtol=1e-3, atol=1e-3
        )

    def test_it_is_the_bound_whatever_the_beta_of_the_training(self, fitted, italy):
        X, _ = italy
        other = pickle.loads(pickle.dumps(fitted)).set_params(beta=2.0)
        assert other.score(X) == fitted.score(X)
        loose = LatentAugmenter(beta=0.0, random_state=0).fit(X[:40]).score(X[40:])
        assert loose < LatentAugmenter(random_state=0).fit(X[:40]).score(X[40:])


class TestCollapse:
    def test_a_collapsed_posterior_is_named(self):
        X = np.random.default_rng(0).normal(size=(60, 24))  # nothing in common
        with pytest.warns(PosteriorCollapseWarning, match=r"none of 16.*max_epochs"):
            augmenter = LatentAugmenter(beta=20.0, random_state=0).fit(X)
        assert augmenter.n_active_units_ == 0

    @pytest.mark.parametrize("backbone", ["cnn_gru", "transformer", "lstm"])
    def test_waves_do_not_collapse(self, backbone):
        X = make_waves(200, n_timepoints=50, noise=0.3, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            augmenter = LatentAugmenter(backbone, random_state=0).fit(X)
        assert augmenter.n_active_units_ >= 2
        assert augmenter.kl_ > 1


class TestBackbones:
    def test_a_class_of_the_user_needs_no_registration(self, italy):
        X, _ = italy
        augmenter = fast(backbone=Pointwise, max_epochs=30).fit(X)
        assert isinstance(augmenter.module_.encoder, Pointwise)
        assert augmenter.module_.n_steps == 24
        assert np.isfinite(augmenter.sample(3)).all()


class Pointwise(torch.nn.Module):
    """A backbone without memory."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.linear = torch.nn.Linear(in_features, out_features)

    def forward(self, x):
        return torch.tanh(self.linear(x))


class TestPortions:
    """What is done some series at a time is what is done to all at once."""

    @pytest.fixture
    def small_portions(self, monkeypatch):
        monkeypatch.setattr("lgta_sklearn._chunks.CHUNK_VALUES", 1)

    @pytest.mark.parametrize("noise", ["neighbors", "structured"])
    def test_portions_change_nothing(self, italy, noise, request):
        X, y = italy
        X, y = np.tile(X, (12, 1)), np.tile(y, 12)
        augmenter = fast(noise=noise).fit(*italy)
        calls = [
            lambda: augmenter.sample(600, random_state=0),
            lambda: augmenter.sample(y=y, random_state=0),
            lambda: augmenter.encode(X),
            lambda: augmenter.decode(augmenter.encode(X)),
            lambda: augmenter.reconstruct(X),
            lambda: augmenter.score_samples(X),
            lambda: augmenter.augment(X, random_state=0),
            lambda: augmenter.set_params(on_transform="augment").transform(X),
        ]
        whole = [call() for call in calls]
        request.getfixturevalue("small_portions")
        for call, result in zip(calls, whole, strict=True):
            np.testing.assert_array_equal(call(), result)

    @pytest.mark.usefixtures("small_portions")
    def test_variations_of_many_portions_keep_labels_and_sources(self, italy):
        X, y = italy
        augmenter = fast().fit(X, y)
        varied, labels, index = augmenter.augment(
            X, y, n_copies=9, random_state=0, return_index=True
        )
        np.testing.assert_array_equal(labels, y[index])
        again = augmenter.augment(X, y, n_copies=9, random_state=0)[0]
        np.testing.assert_array_equal(again, varied)
        # each lies nearer to its source than to most others; portions do not repeat
        distance = ((varied[:, None] - X) ** 2).sum(axis=2)
        assert np.median((distance < distance[np.arange(603), index, None]).sum(1)) < 9
        assert len(np.unique(varied, axis=0)) > 0.99 * len(varied)

    @pytest.mark.slow
    def test_memory_does_not_grow_with_what_is_drawn(self, italy):
        augmenter = fast().fit(italy[0])
        beyond = []
        for n_samples in (20_000, 80_000):
            tracemalloc.start()
            drawn = augmenter.sample(n_samples)
            beyond.append(tracemalloc.get_traced_memory()[1] - drawn.nbytes)
            tracemalloc.stop()
        of_codes = 60_000 * (4 + 2) * 8
        assert beyond[1] - beyond[0] < 4 * of_codes  # of 24 values they stand for


def test_neighbours_are_looked_for_among_so_many(italy, monkeypatch):
    X, y = italy
    augmenter = fast(transformation=Mixup()).fit(X, y)
    monkeypatch.setattr("lgta_sklearn.augmenters._reference.MOST_POOLED", 10)
    varied = augmenter.augment(X, y, random_state=0)[0]
    assert np.isfinite(varied).all()
    training, labels = augmenter._state.training, np.unique(y, return_inverse=True)[1]
    near = training.near(training.V, labels, 3)
    assert (labels[near] == labels[:, None]).all()
    assert all(len(np.unique(near[labels == k])) <= 10 for k in (0, 1))
    # a series that is among them is not its own neighbour
    assert (near != np.arange(len(X))[:, None]).all()
