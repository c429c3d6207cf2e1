"""Samples that are near-copies, or that a critic finds, are drawn again."""

import numpy as np
import pytest
from conftest import fast, same
from test_families import quick

from lgta_sklearn import (
    AdversarialAugmenter,
    DiffusionAugmenter,
    LatentAugmenter,
)
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._rejection import (
    MOST_DRAWS,
    CriticTest,
    NearCopyTest,
    with_rejection,
)
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.metrics import discriminative_score

NONE = np.empty(0)


def normal(n, seed=0, shape=(2, 12)):
    return np.random.default_rng(seed).normal(size=(n, *shape))


class TestNearCopies:
    def test_the_limit_is_half_of_the_typical_distance(self):
        X = np.zeros((6, 1, 2))
        X[:, 0, 0] = [0, 10, 21, 33, 46, 60]  # 10, 10, 11, 12, 13, 14 to the nearest
        assert NearCopyTest(X).limit == pytest.approx(11.5 / 2 / X.std(), rel=1e-5)

    def test_the_limit_is_less_where_distances_differ_much(self):
        X = np.zeros((6, 1, 2))
        X[:, 0, 0] = [0, 1, 11, 31, 71, 151]  # 1, 1, 10, 20, 40, 80 to the nearest
        logs = np.log([1, 1, 10, 20, 40, 80])
        limit = np.exp(logs.mean() - 2 * logs.std(ddof=1))
        test = NearCopyTest(X)
        assert test.limit == pytest.approx(limit / X.std(), rel=1e-5)
        new = np.zeros((2, 1, 2))
        new[:, 0, 0] = -0.9 * limit, -1.1 * limit
        np.testing.assert_array_equal(test.rejected(new, NONE), [True, False])

    @pytest.mark.parametrize("level", [0.0, 1e6])
    def test_each_channel_counts_the_same_wherever_it_lies(self, level):
        X = normal(30)
        near = X[:3] + np.array([[0.01], [0.0]])
        far = normal(3, 1)
        for scale in (1.0, [[1e-6], [1e6]]):
            test = NearCopyTest(X * scale + level * np.ravel(scale)[0])
            new = np.concatenate([near, far]) * scale + level * np.ravel(scale)[0]
            assert test.rejected(new, NONE).tolist() == [True] * 3 + [False] * 3

    def test_gaps(self):
        X = normal(30)
        X[:10, 0, :6] = np.nan
        near = X[:20].copy()
        near[15:, 1] = np.nan
        assert NearCopyTest(X).rejected(near, NONE).all()
        nothing_in_common = np.where(np.isnan(X[:1]), 0.0, np.nan)
        assert not NearCopyTest(X[:10]).rejected(nothing_in_common, NONE).any()

    @pytest.mark.parametrize("X", [normal(4), np.repeat(normal(1), 9, axis=0)])
    def test_four_series_or_repeated_ones_tell_no_distance(self, X):
        assert not NearCopyTest(X).rejected(X, NONE).any()

    def test_values_without_common_times_tell_no_distance(self):
        X = np.full((6, 1, 12), np.nan)
        X[np.arange(6), 0, 2 * np.arange(6)] = np.arange(6.0)
        assert NearCopyTest(X).limit == 0

    def test_far_levels_and_repeated_values_round_nothing(self):
        """Distances are differences: exact, and those of a row its own."""
        X = normal(60, shape=(1, 12))
        near = X + 0.01
        test = NearCopyTest(X + 1e8 * (np.arange(60) % 2)[:, None, None])
        far = near + 1e8 * (np.arange(60) % 2)[:, None, None]
        assert test.rejected(far, NONE).all()
        one_by_one = [bool(test.rejected(some[None], NONE)[0]) for some in far]
        assert all(one_by_one)
        rng = np.random.default_rng(55)
        binary = np.resize(rng.integers(0, 2, (3, 8)), (30, 1, 8)).astype(float)
        assert NearCopyTest(binary).limit == 0

    def test_none_is_among_the_samples_of_few_series(self):
        X = make_waves(30, n_timepoints=24, random_state=0)[:, None]
        test = NearCopyTest(X)
        augmenter = fast(max_epochs=100).fit(X)
        assert not test.rejected(augmenter.sample(300, random_state=0), NONE).any()
        augmenter._state.tests = []  # so they would be without the test
        drawn = augmenter.sample(300, random_state=0)
        assert test.rejected(drawn, NONE).mean() > 0.01

    def test_of_many_series_none_is_kept_for_it(self):
        X = make_waves(101, n_timepoints=24, random_state=0)
        assert fast().fit(X)._state.tests == []


def flawed(n, seed=0):
    """Return noise, every other series of which is smoothed."""
    X = normal(n, seed)
    X[::2, :, 1:] = (X[::2, :, 1:] + X[::2, :, :-1]) / np.sqrt(2)
    return X


class TestCritic:
    def test_what_it_finds_becomes_rare(self):
        test = CriticTest().fit(normal(300), lambda n: flawed(n, 1), seed=0)
        X = flawed(800, 2)
        kept = ~test.rejected(X, np.random.default_rng(0).random(len(X)))
        assert 0.3 < kept[1::2].mean() > 2 * kept[::2].mean()
        real = normal(400, 3)
        score = [
            discriminative_score(real, some, random_state=0)
            for some in (X[:400], X[kept])
        ]
        assert score[1] < 0.6 * score[0]

    def test_nearly_all_is_kept_if_it_finds_nothing(self):
        test = CriticTest().fit(normal(300), lambda n: normal(n, 1), seed=0)
        X = normal(2000, 2)
        assert test.rejected(X, np.random.default_rng(0).random(len(X))).mean() < 0.25

    def test_gaps_and_ends_are_filled(self):
        X = normal(120)
        X[:40, 0, 3:5], X[40:60, :, 9:] = np.nan, np.nan
        test = CriticTest().fit(X, lambda n: flawed(n, 1), seed=0)
        assert np.isfinite(test.limit)
        assert test.rejected(X, np.full(len(X), 1e-9)).sum() == 0


class TestDrawing:
    def test_rows_do_not_depend_on_their_number(self):
        class Half:
            def rejected(self, X, uniform):
                return (uniform > 0.5) | (X[:, 0, 0] > 0)

        def draw(rows, rng):
            return Panel.full(rng.normal(size=(len(rows), 1, 3)))

        drawn = [
            with_rejection(draw, n, [Half()], np.random.default_rng(0)).values
            for n in (40, 7)
        ]
        np.testing.assert_array_equal(drawn[0][:7], drawn[1])
        assert (drawn[0][:, 0, 0] <= 0).all()

    def test_it_ends(self):
        calls = []

        class Never:
            def rejected(self, X, uniform):
                return np.ones(len(X), dtype=bool)

        def draw(rows, rng):
            calls.append(len(rows))
            return Panel.full(np.zeros((len(rows), 1, 2)))

        with_rejection(draw, 3, [Never()], np.random.default_rng(0))
        assert calls == [3] * MOST_DRAWS


@pytest.fixture(scope="module")
def waves():
    return make_waves(120, n_timepoints=24, random_state=0), np.arange(120) % 2


@pytest.fixture(scope="module")
def fitted_waves(waves):
    return fast(rejection_sampling=True, max_epochs=20).fit(*waves)


def two_kinds(n, seed):
    """Return slow and fast waves."""
    rng = np.random.default_rng(seed)
    cycles = np.where(np.arange(n) % 2, 1, 4)[:, None]
    phase = cycles * np.arange(24) / 24 + rng.uniform(size=(n, 1))
    return np.sin(2 * np.pi * phase) + 0.2 * rng.normal(size=(n, 24))


class TestAugmenter:
    def test_samples_are_harder_to_detect(self):
        """One Gaussian of two kinds of series has samples that are neither."""
        X, real = two_kinds(400, 0), two_kinds(400, 1)
        score = []
        for rejects in (False, True):
            augmenter = fast(
                density="normal", rejection_sampling=rejects, max_epochs=30
            )
            drawn = augmenter.fit(X).sample(400)
            score.append(discriminative_score(real, drawn, random_state=0))
        assert score[1] < score[0] - 0.1

    def test_a_longer_sample_begins_with_a_shorter_one(self, fitted_waves):
        drawn, labels = fitted_waves.sample(300, return_y=True, random_state=1)
        for n in (1, 70, 256):
            some = fitted_waves.sample(n, random_state=1)
            np.testing.assert_array_equal(some, drawn[:n])
        again = fitted_waves.sample(y=labels, random_state=1)
        np.testing.assert_array_equal(again, drawn)

    def test_files_and_refits(self, fitted_waves, waves, tmp_path):
        fitted_waves.save(tmp_path / "model")
        wanted = fitted_waves.sample(70, random_state=2)
        assert same(
            LatentAugmenter.load(tmp_path / "model").sample(70, random_state=2), wanted
        )
        other = fast(rejection_sampling=True, max_epochs=20).fit(*waves)
        assert same(other.sample(70, random_state=2), wanted)

    def test_gaps_and_lengths(self):
        rng = np.random.default_rng(0)
        X = make_waves(110, n_timepoints=24, random_state=0)
        gappy = np.where(rng.random(X.shape) < 0.1, np.nan, X)
        drawn = fast(rejection_sampling=True).fit(gappy).sample(40)
        assert 0 < np.isnan(drawn).mean() < 0.3
        uneven = [x[: 12 + i % 13] for i, x in enumerate(X)]
        drawn = fast(rejection_sampling=True).fit(uneven).sample(40)
        assert len({len(x) for x in drawn}) > 5

    def test_few_series_have_no_critic(self, waves):
        X, y = waves
        with pytest.warns(UserWarning, match="needs 100 series or more, got 30"):
            augmenter = fast(rejection_sampling=True).fit(X[:30], y[:30])
        assert same(
            augmenter.sample(9, random_state=0),
            fast().fit(X[:30], y[:30]).sample(9, random_state=0),
        )

    @pytest.mark.parametrize("kind", [AdversarialAugmenter, DiffusionAugmenter])
    def test_other_families_keep_no_series_for_it(self, kind, waves):
        X, y = waves
        augmenter = quick(kind).set_params(rejection_sampling=True).fit(X, y)
        assert [type(test) for test in augmenter._state.tests] == [CriticTest]
        drawn = augmenter.sample(30, random_state=0)
        assert same(augmenter.sample(5, random_state=0), drawn[:5])
        assert not same(quick(kind).fit(X, y).sample(30, random_state=0), drawn)
