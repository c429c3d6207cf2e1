"""The measures against plain formulas, to the last digits.

Three channels of different sizes, the last of them constant; more series than a measure
looks at, so that what it takes of them matters.
"""

from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.special import rel_entr
from scipy.stats import ks_2samp, norm, wasserstein_distance
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import Ridge
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from lgta_sklearn import _chunks, metrics
from lgta_sklearn._curves import flat
from lgta_sklearn._random import Use, as_int, stream
from lgta_sklearn.metrics import _readings, reporting
from lgta_sklearn.metrics._measures import BY_NAME, MEASURES
from lgta_sklearn.metrics._panels import min_max, thinned

RNG = np.random.default_rng(0)
SIZES = np.array([1.0, 100.0, 0.0])[:, None]
REAL = RNG.normal(size=(12, 3, 8)).cumsum(axis=2) * SIZES + 5.0
OTHER = 0.7 * RNG.normal(size=(10, 3, 8)).cumsum(axis=2) * SIZES + 5.5
HELD = RNG.normal(size=(9, 3, 8)).cumsum(axis=2) * SIZES + 5.0
PLAIN = REAL[:, :2], OTHER[:, :2]


def rows(X, like=REAL):
    """Return series as rows in units of the real channels."""
    centre, scale = like.mean(axis=(0, 2)), like.std(axis=(0, 2))
    scale[scale == 0] = 1.0
    return np.array([((x - centre[:, None]) / scale[:, None]).ravel() for x in X])


def apart(A, B):
    return np.array([[np.sqrt(((a - b) ** 2).sum()) for b in B] for a in A])


def some(X, n, seed, which=0):
    """Return the series that a measure takes."""
    order = stream(seed, Use.MEASURE, which).permutation(len(X))
    return X[order[:n]] if n < len(X) else X


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_measures_take_one_channel_in_both_layouts_and_write_to_nothing(measure):
    if measure.min_channels > 1:
        pytest.skip("of several channels")
    options = {"random_state": 0}
    if "GRU" in measure.name:
        options["n_steps"] = 3
    if measure.needs_labels:
        options |= {"y_real": np.arange(12) % 2, "y_synthetic": np.arange(10) % 2}

    def score(held, *sets):
        for X in (held, *sets):
            X.setflags(write=False)
        if measure.is_memorisation:
            return measure.function(*sets, X_holdout=held, **options)
        return measure.function(*sets, **options)

    channels = [X[:, :1].copy() for X in (HELD, REAL, OTHER)]
    assert score(*channels) == score(*(X[:, 0] for X in channels))


class TestNeighbourhoods:
    @pytest.mark.parametrize("k", [1, 3, 30])
    @pytest.mark.parametrize("n", [7, 3000])
    def test_precision_recall_density_coverage(self, n, k):
        real, other = rows(some(REAL, n, 4)), rows(some(OTHER, n, 4, 1))
        # in units of all real series, of which some are looked at
        options = {"n_neighbors": k, "max_samples": n, "random_state": 4}

        def within(points, centres):
            among = np.sort(apart(centres, centres), axis=1)
            radius = among[:, min(k, len(centres) - 1)]
            return apart(points, centres) <= radius

        inside, back = within(other, real), within(real, other)
        wanted = {
            "precision": inside.any(axis=1).mean(),
            "recall": back.any(axis=1).mean(),
            "density": inside.sum() / (min(k, len(real) - 1) * len(other)),
            "coverage": inside.any(axis=0).mean(),
        }
        for name, value in wanted.items():
            got = getattr(metrics, name)(REAL, OTHER, **options)
            assert got == pytest.approx(value, abs=1e-12), name

    @pytest.mark.parametrize("n", [2, 7, 1000])
    def test_internal_diversity(self, n):
        means = [
            apart(part, part)[np.triu_indices(len(part), 1)].mean()
            for part in (rows(some(REAL, n, 4)), rows(some(OTHER, n, 4, 1)))
        ]
        got = metrics.internal_diversity(REAL, OTHER, max_samples=n, random_state=4)
        assert got == pytest.approx(means[1] / means[0])

    def test_of_one_series_or_of_series_that_are_all_the_same(self):
        same = np.repeat(REAL[:1], 5, axis=0)
        assert metrics.internal_diversity(same, OTHER) == 1.0
        assert metrics.internal_diversity(REAL, OTHER[:1]) == 0.0
        assert metrics.internal_diversity(REAL[:1], OTHER) == 1.0
        assert metrics.density(REAL[:1], REAL[:1]) == 1.0


class TestDistributions:
    def test_wasserstein_and_kolmogorov_smirnov(self):
        pairs = [(REAL[:, c].ravel(), OTHER[:, c].ravel()) for c in range(3)]
        scales = REAL.std(axis=(0, 2)) + (REAL.std(axis=(0, 2)) == 0)
        wanted = [wasserstein_distance(*pair) for pair in pairs] / scales
        assert metrics.wasserstein(REAL, OTHER) == pytest.approx(np.mean(wanted))
        ks = [ks_2samp(*pair).statistic for pair in pairs]
        assert metrics.ks_distance(REAL, OTHER) == pytest.approx(np.mean(ks))

    @pytest.mark.parametrize("max_lag", [1, 3, 64])
    def test_autocorrelation(self, max_lag):
        def correlations(X):
            u = X - X.mean(axis=2, keepdims=True)
            lags = range(1, min(max_lag, 7) + 1)
            variance = (u**2).sum(axis=2)
            variance[variance == 0] = 1.0
            return np.array(
                [
                    ((u[..., k:] * u[..., :-k]).sum(axis=2) / variance).mean(0)
                    for k in lags
                ]
            )

        wanted = np.abs(correlations(REAL) - correlations(OTHER)).mean()
        got = metrics.autocorrelation_distance(REAL, OTHER, max_lag=max_lag)
        assert got == pytest.approx(wanted)

    def test_of_one_time_point_there_is_no_correlation_and_no_spectrum(self):
        first = REAL[:, :, :1], OTHER[:, :, :1]
        assert metrics.autocorrelation_distance(*first) == 0.0
        assert metrics.spectrum_distance(*first) == 0.0

    def test_cross_correlation(self):
        three = [np.concatenate([X[:, :2], X[:, :1] * X[:, 1:2]], 1) for X in PLAIN]
        found = [np.corrcoef(X.transpose(1, 0, 2).reshape(3, -1)) for X in three]
        wanted = np.abs(found[0] - found[1])[np.triu_indices(3, 1)].mean()
        assert metrics.cross_correlation_distance(*three) == pytest.approx(wanted)
        two = np.abs(found[0] - found[1])[0, 1]
        assert metrics.cross_correlation_distance(*PLAIN) == pytest.approx(two)
        # a constant channel is correlated with none
        with_constant = two / 3
        got = metrics.cross_correlation_distance(REAL, OTHER)
        assert got == pytest.approx(with_constant)
        with pytest.raises(
            ValueError, match=r"^cross-correlation needs at least 2 cha"
        ):
            metrics.cross_correlation_distance(REAL[:, 0], OTHER[:, 0])

    def test_spectrum(self):
        def power(X):
            u = X - X.mean(axis=2, keepdims=True)
            found = np.abs(np.fft.rfft(u)) ** 2 / 8
            found[..., 1:-1] *= 2
            return found.mean(axis=0)[:, 1:]

        a, b = power(REAL), power(OTHER)
        floor = 1e-6 * a.max(axis=1, keepdims=True)
        floor[floor == 0] = 1.0
        wanted = np.abs(10 * np.log10((a + floor) / (b + floor))).mean()
        assert metrics.spectrum_distance(REAL, OTHER) == pytest.approx(wanted)

    @pytest.mark.parametrize("n", [6, 1000])
    def test_mmd(self, n):
        a, b = rows(some(REAL, n, 4)), rows(some(OTHER, n, 4, 1))
        bandwidth = np.median((apart(a, a) ** 2)[np.triu_indices(len(a), 1)])

        def mean(A, B, same):
            kernel = np.exp(-(apart(A, B) ** 2) / (2 * bandwidth))
            return kernel[~np.eye(len(A), dtype=bool)].mean() if same else kernel.mean()

        wanted = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
        got = metrics.mmd(REAL, OTHER, max_samples=n, random_state=4)
        assert got == pytest.approx(wanted)

    def test_mmd_of_series_that_are_all_the_same(self):
        same = np.repeat(REAL[:1], 4, axis=0)
        assert metrics.mmd(same, same) == pytest.approx(0.0)
        moved = same.copy()
        moved[:, 2] += 2.0  # by two in a constant channel, in each of 8 time points
        assert metrics.mmd(same, moved) == pytest.approx(2 - 2 * np.exp(-32))
        assert metrics.mmd(REAL[:1], OTHER[:1]) < 0.0  # no pairs within either

    def test_summaries_by_hand(self):
        # in [0, 1]: median, mean, deviation, variance, root mean square, largest, least
        real, other = np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 1.0, 1.0]])
        a = [0, 1 / 3, 2**0.5 / 3, 2 / 9, 3**-0.5, 1, 0]
        b = [1, 2 / 3, 2**0.5 / 3, 2 / 9, (2 / 3) ** 0.5, 1, 0]
        cosine = np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b))
        found = metrics.summary_cosine_similarity(real, other)
        assert found == pytest.approx(cosine)
        p, q = np.array(a) / sum(a), np.array(b) / sum(b)
        divergence = (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum() / 2
        found = metrics.summary_jensen_shannon_distance(real, other)
        assert found == pytest.approx(np.sqrt(divergence))
        assert metrics.summary_jensen_shannon_distance(real, real) == 0

    def test_a_permutation_test_counts_what_is_as_far(self):
        far = OTHER + 1000.0
        # twelve and ten of 22: no permutation is as far, but the observed one counts
        p_value = metrics.mmd_p_value(REAL, far, n_permutations=9, random_state=0)
        assert p_value == pytest.approx(0.1)
        same = np.repeat(REAL[:1], 4, axis=0)
        assert metrics.mmd_p_value(same, same, n_permutations=9, random_state=0) == 1.0
        few = {"max_samples": 5, "n_permutations": 20, "random_state": 3}
        assert metrics.mmd_p_value(REAL, OTHER, **few) == _p_value(5, 20, 3)
        whole = {"n_permutations": 20, "random_state": 3}
        assert metrics.mmd_p_value(REAL, HELD, **whole) == _p_value(500, 20, 3, HELD)

    @pytest.mark.parametrize("n_components", [1, 4, 32])
    @pytest.mark.parametrize("n", [6, 5000])
    def test_frechet(self, n_components, n):
        from scipy.linalg import sqrtm

        real, other = some(REAL, n, 4), some(OTHER, n, 4, 1)
        features = metrics.RandomConvolutions(random_state=4).fit(real)
        a, b = features.transform(real), features.transform(other)
        centre, scale = a.mean(axis=0), a.std(axis=0)
        scale[scale < 1e-9] = 1.0
        a, b = (a - centre) / scale, (b - centre) / scale
        axes = np.linalg.svd(a - a.mean(axis=0))[2]
        k = min(n_components, len(a), len(b))
        a, b = a @ axes[:k].T, b @ axes[:k].T
        left, right = (np.atleast_2d(np.cov(z.T)) for z in (a, b))
        spread = np.trace(left + right - 2 * np.real(sqrtm(left @ right)))
        wanted = (((a.mean(0) - b.mean(0)) ** 2).sum() + spread) / k
        got = metrics.frechet_distance(
            REAL, OTHER, n_components=n_components, max_samples=n, random_state=4
        )
        assert got == pytest.approx(wanted, rel=1e-4)


def _p_value(n, n_permutations, seed, other=OTHER):
    a, b = rows(some(REAL, n, seed)), rows(some(other, n, seed, 1))
    bandwidth = np.median((apart(a, a) ** 2)[np.triu_indices(len(a), 1)])
    both = np.concatenate([a, b])
    kernel = np.exp(-(apart(both, both) ** 2) / (2 * bandwidth))

    def statistic(first):
        one, two = kernel[first][:, first], kernel[~first][:, ~first]
        return (
            (one.sum() - len(one)) / (len(one) * (len(one) - 1))
            + (two.sum() - len(two)) / (len(two) * (len(two) - 1))
            - 2 * kernel[first][:, ~first].mean()
        )

    first = np.arange(len(both)) < len(a)
    rng = np.random.default_rng(seed)
    drawn = [statistic(rng.permutation(first)) for _ in range(n_permutations)]
    return (1 + sum(d >= statistic(first) for d in drawn)) / (1 + n_permutations)


class TestPrivacy:
    def test_distances_to_the_training_series(self):
        real, other, held = rows(REAL), rows(OTHER), rows(HELD)
        near, typical = apart(other, real).min(axis=1), apart(held, real).min(axis=1)
        ratio = metrics.nearest_neighbour_ratio(REAL, OTHER, X_holdout=HELD)
        assert ratio == pytest.approx(np.median(near) / np.median(typical))
        for quantile in (0.01, 0.5):
            share = metrics.near_duplicate_share(
                REAL, OTHER, X_holdout=HELD, quantile=quantile
            )
            assert share == (near <= np.quantile(typical, quantile)).mean()
        every = metrics.near_duplicate_share(REAL, HELD, X_holdout=HELD, quantile=1.0)
        assert every == 1.0  # the farthest is as near as itself
        copies = metrics.nearest_neighbour_ratio(REAL, OTHER, X_holdout=REAL)
        assert copies == 1.0

    def test_membership(self):
        near = [apart(rows(X), rows(OTHER)).min(axis=1) for X in (REAL, HELD)]
        truth = np.repeat([1, 0], [12, 9])
        wanted = roc_auc_score(truth, -np.concatenate(near))
        assert metrics.membership_auc(REAL, OTHER, X_holdout=HELD) == wanted
        assert metrics.membership_auc(REAL, REAL, X_holdout=HELD) == 1.0


class TestDraws:
    DRAWS = np.random.default_rng(1).normal(size=(7, *REAL.shape)) * SIZES + REAL

    def test_crps(self):
        rules = pytest.importorskip("scoringrules")
        known = REAL.copy()
        known[2:4, 0] = np.nan
        where = np.arange(8) > 2
        counts = where & ~np.isnan(known)
        got = metrics.crps(known, self.DRAWS, where=where)
        each = rules.crps_ensemble(
            REAL[counts],
            self.DRAWS[:, counts],
            m_axis=0,
            estimator="fair",
            backend="numpy",
        )
        assert got == pytest.approx(each.mean(), rel=1e-12)

    def test_crps_of_a_normal_distribution(self, monkeypatch):
        # by the closed form of Gneiting and Raftery (2007)
        z = np.linspace(-2, 2, 400)
        cdf, pdf = norm.cdf(z), norm.pdf(z)
        wanted = (z * (2 * cdf - 1) + 2 * pdf - 1 / np.sqrt(np.pi)).mean()
        rng = np.random.default_rng(0)
        for n_draws in (2, 50, 1000):  # fair: for any number of draws
            repeats = max(20_000 // n_draws, 20)
            draws = rng.normal(size=(n_draws, repeats, 400))
            truth = np.broadcast_to(z, (repeats, 400))
            got = metrics.crps(truth, draws)
            assert got == pytest.approx(wanted, abs=0.002)
        monkeypatch.setattr(_chunks, "CHUNK_VALUES", 9999)
        assert metrics.crps(truth, draws) == pytest.approx(got, rel=1e-12)

    def test_crps_of_two_draws_by_hand(self):
        # |1 - 2| and |4 - 2|, on average 1.5, less half of the distance 3
        assert metrics.crps([2.0], [[1.0], [4.0]]) == 0.0
        assert metrics.crps([5.0], [[1.0], [4.0]]) == 1.0

    def test_intervals(self):
        draws = np.arange(1.0, 20.0)[:, None] * np.ones(4)  # 19 draws of 4 values
        truth = np.array([2.0, 18.0, 1.9, 18.1])
        # 20 equally likely places between the draws: 2 and 18 cut off a tenth each
        assert metrics.interval_coverage(truth, draws, level=0.8) == 0.5
        assert metrics.interval_width(truth, draws, level=0.8) == pytest.approx(16.0)
        assert metrics.interval_coverage(truth, draws) == 1.0
        assert metrics.interval_width(truth, draws, level=0.99) == pytest.approx(18.0)
        some = {"where": [True, False, False, True], "level": 0.8}
        assert metrics.interval_coverage(truth, draws, **some) == 0.5
        truth[3] = np.nan
        assert metrics.interval_coverage(truth, draws, **some) == 1.0

    @pytest.mark.parametrize("n_draws", [9, 50])
    def test_intervals_hold_their_share_for_any_number_of_draws(self, n_draws):
        rng = np.random.default_rng(0)
        truth, draws = rng.normal(size=50_000), rng.normal(size=(n_draws, 50_000))
        got = metrics.interval_coverage(truth, draws, level=0.8)
        assert got == pytest.approx(0.8, abs=0.006)

    @pytest.mark.parametrize(
        "measure", [metrics.crps, metrics.interval_coverage, metrics.interval_width]
    )
    def test_what_does_not_fit(self, measure):
        words = r"X_drawn must have shape \('n_draws', 12, 3, 8\) with at least 2 draws"
        for drawn in (self.DRAWS[0], self.DRAWS[:1], self.DRAWS[..., 1:], 3.0):
            with pytest.raises(ValueError, match=words):
                measure(REAL, drawn)
        with pytest.raises(ValueError, match="no value counts"):
            measure(np.full(REAL.shape, np.nan), self.DRAWS)
        with pytest.raises(ValueError, match="no value counts"):
            measure(REAL, self.DRAWS, where=np.zeros(8, dtype=bool))
        for where in (np.ones(8), np.ones(7, dtype=bool), np.ones((2, 12, 3, 8)) > 0):
            with pytest.raises(ValueError, match="where must be an array of bool"):
                measure(REAL, self.DRAWS, where=where)
        drawn = self.DRAWS.copy()
        drawn[0, 0, 0, 0] = np.nan
        with pytest.raises(ValueError, match="X_drawn contains NaN or infinity"):
            measure(REAL, drawn)
        assert np.isfinite(measure(REAL, drawn, where=np.arange(8) > 0))
        infinite = np.where(np.arange(8) > 0, REAL, np.inf)
        with pytest.raises(ValueError, match="X_true contains NaN or infinity"):
            measure(infinite, self.DRAWS)

    @pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, True, "0.9", None])
    def test_levels(self, level):
        for measure in (metrics.interval_coverage, metrics.interval_width):
            with pytest.raises(
                ValueError, match="level must be a number between 0 and"
            ):
                measure(REAL, self.DRAWS, level=level)


class Parrot(ClassifierMixin, BaseEstimator):
    """A critic that notes what it was shown, and says what is in the first value."""

    shown: ClassVar = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        Parrot.shown.append((X, y))
        return self

    def predict(self, X):
        return (X[:, 0] > np.median(REAL[:, 0, 0])).astype(int)


class TestCritics:
    @pytest.mark.parametrize("n", [8, 2000])
    def test_a_classifier_of_the_user(self, n):
        Parrot.shown.clear()
        got = metrics.discriminative_score(
            REAL, OTHER, critic=Parrot(), max_samples=n, n_splits=3, random_state=4
        )
        n = min(n, 10)
        both = np.concatenate([some(REAL, n, 4), some(OTHER, n, 4, 1)])
        both = both.reshape(2 * n, -1)
        origin = np.repeat([1, 0], n)
        guess = Parrot().predict(both)
        assert got == abs(balanced_accuracy_score(origin, guess) - 0.5)
        split = as_int(stream(4, Use.SPLIT))
        folds = StratifiedKFold(3, shuffle=True, random_state=split)
        folds = folds.split(both, origin)
        for (X, y), (train, _) in zip(Parrot.shown, folds, strict=True):
            np.testing.assert_array_equal(X, both[train])
            np.testing.assert_array_equal(y, origin[train])

    def test_seeds_beyond_32_bits(self):
        score = metrics.discriminative_score(
            REAL, OTHER, critic=KNeighborsClassifier(1), random_state=2**40 + 3
        )
        assert 0 <= score <= 0.5

    def test_the_critic_by_default_tells_levels_and_its_seed_counts(self):
        scores = [
            metrics.discriminative_score(REAL, REAL + shift, random_state=0, n_splits=3)
            for shift in (0.0, 1000.0)
        ]
        assert scores[1] == 0.5
        again = [
            metrics.discriminative_score(PLAIN[0], PLAIN[1], random_state=seed)
            for seed in (0, 0)
        ]
        assert again[0] == again[1]

    @pytest.mark.parametrize("critic", ["trees", "GRU", Ridge(), 3])
    def test_what_is_no_critic(self, critic):
        words = (
            r"^critic must be 'convolutions', 'gru' or a classifier of scikit-learn, "
        )
        with pytest.raises(ValueError, match=words):
            metrics.discriminative_score(REAL, OTHER, critic=critic)
        words = r"^model must be 'gru' or a regressor of scikit-learn, got "
        with pytest.raises(ValueError, match=words):
            metrics.predictive_score(REAL, OTHER, model=KNeighborsClassifier())
        with pytest.raises(ValueError, match=words):
            metrics.predictive_score(REAL, OTHER, model="GRU")

    def test_a_gru_is_a_critic_with_a_seed_and_a_number_of_steps(self):
        def score(X, Y, **options):
            return metrics.discriminative_score(
                X, Y, critic="gru", **{"n_steps": 60, "random_state": 0, **options}
            )

        a, b = (np.repeat(X[:, :2], 5, axis=0) for X in (REAL, OTHER))
        assert score(a, b) == score(a, b)
        assert score(a, a + 300 * np.array([[1.0], [100.0]]), n_steps=200) > 0.4
        assert score(a[:10], a[:10], n_steps=1) <= 0.5

    def test_a_gru_forecasts(self):
        def score(X, Y, **options):
            return metrics.predictive_score(
                X, Y, **{"n_steps": 80, "random_state": 0, **options}
            )

        a, b = (np.repeat(X[:, :2], 5, axis=0) for X in (REAL, OTHER))
        assert score(a, b) == score(a, b)
        assert score(a, a, n_steps=400) < score(a, a, n_steps=1)
        assert score(a[:, :1], b[:, :1]) > 0


class TestUsefulness:
    def test_forecasts_of_the_last_step(self):
        low = REAL.min(axis=(0, 2), keepdims=True)
        width = REAL.max(axis=(0, 2), keepdims=True) - low
        width[width == 0] = 1.0
        real, other = (REAL - low) / width, (OTHER - low) / width
        turned = [X[:, ::-1] for X in (real, other)]  # the constant is not the target
        model = KNeighborsRegressor(3)
        seen = [X[:, :, :-1].reshape(len(X), -1) for X in turned]
        model.fit(seen[1], turned[1][:, -1, -1])
        wanted = np.abs(model.predict(seen[0]) - turned[0][:, -1, -1]).mean()
        got = metrics.predictive_score(REAL[:, ::-1], OTHER[:, ::-1], model=model)
        assert got == pytest.approx(wanted)

    def test_accuracies(self):
        y, z, t = (np.arange(n) % 2 for n in (12, 10, 9))
        classifier = KNeighborsClassifier(1)

        def accuracy(train, labels, test, truth):
            near = apart(*(X.reshape(len(X), -1) for X in (test, train))).argmin(axis=1)
            return balanced_accuracy_score(truth, labels[near])

        given = {"y_real": y, "y_synthetic": z, "classifier": classifier}
        assert metrics.tstr_score(REAL, OTHER, **given) == accuracy(OTHER, z, REAL, y)
        assert metrics.trts_score(REAL, OTHER, **given) == accuracy(REAL, y, OTHER, z)
        gain = metrics.augmentation_gain(REAL, OTHER, X_test=HELD, y_test=t, **given)
        both = np.concatenate([REAL, OTHER]), np.r_[y, z]
        assert gain == accuracy(*both, HELD, t) - accuracy(REAL, y, HELD, t)
        forest = {"y_real": y, "y_synthetic": z, "random_state": 2**40}
        assert metrics.tstr_score(REAL, OTHER, **forest) == metrics.tstr_score(
            REAL, OTHER, **forest
        )
        assert metrics.trts_score(REAL, REAL, **{**forest, "y_synthetic": y}) == 1.0


class TestConvolutions:
    def test_features_are_shares_above_thresholds_and_maxima(self):
        X = RNG.normal(size=(20, 3, 40)) * SIZES + 3.0
        made = metrics.RandomConvolutions(40, random_state=1).fit(X)
        features = made.transform(X)
        assert features.shape == (20, 80)
        scale = X.std(axis=(0, 2))
        scale[scale == 0] = 1.0
        u = (X - X.mean(axis=(0, 2))[:, None]) / scale[:, None]
        column, shares = 0, []
        for dilation, weights in made.groups_:
            assert dilation in (1, 2, 4)
            for kernel in weights:
                assert kernel.shape == (3, 9)
                np.testing.assert_allclose(kernel.sum(axis=1), 0, atol=1e-12)
                response = _convolved(u, kernel, dilation)
                threshold = made.thresholds_[column]
                np.testing.assert_allclose(
                    features[:, column], (response > threshold).mean(axis=1), atol=0.03
                )
                np.testing.assert_allclose(
                    features[:, 40 + column], response.max(axis=1), atol=1e-4
                )
                if np.ptp(response) > 1e-9:  # not of the constant alone
                    shares.append((response > threshold).mean())
                column += 1
        assert column == 40
        # thresholds are quantiles, uniform from a tenth to nine tenths
        assert 0.09 < min(shares) < 0.25
        assert 0.75 < max(shares) < 0.91
        assert np.std(shares) > 0.17

    def test_kernels_look_at_one_channel_or_at_several(self):
        X = RNG.normal(size=(5, 4, 40))
        groups = metrics.RandomConvolutions(2000, random_state=0).fit(X).groups_
        seen = np.concatenate([(w != 0).any(axis=2).sum(axis=1) for _, w in groups])
        # the number is the whole part of exp(u), u uniform up to log 5
        shares = [(seen == k).mean() for k in (1, 2, 3, 4)]
        wanted = np.diff(np.log([1, 2, 3, 4, 5])) / np.log(5)
        np.testing.assert_allclose(shares, wanted, atol=0.03)
        found = np.concatenate([w[w != 0] for _, w in groups])
        assert np.std(found) == pytest.approx(np.sqrt(8 / 9), abs=0.02)
        dilations = {d: len(w) / 2000 for d, w in groups}
        assert set(dilations) == {1, 2, 4}
        np.testing.assert_allclose(list(dilations.values()), 1 / 3, atol=0.05)

    @pytest.mark.parametrize(
        ("n_timepoints", "length", "dilations"),
        [(2, 2, {1}), (3, 3, {1}), (5, 3, {1, 2}), (15, 3, {1, 2, 4}), (16, 9, {1})],
    )
    def test_lengths_and_dilations(self, n_timepoints, length, dilations):
        X = RNG.normal(size=(5, 1, n_timepoints))
        groups = metrics.RandomConvolutions(200, random_state=0).fit(X).groups_
        assert {d for d, _ in groups} == dilations
        assert {w.shape[2] for _, w in groups} == {length}


def _convolved(u, kernel, dilation):
    padding = dilation * (kernel.shape[1] // 2)
    padded = np.pad(u, [(0, 0), (0, 0), (padding, padding)])
    n_steps = padded.shape[2] - dilation * (kernel.shape[1] - 1)
    return sum(
        kernel[c, j] * padded[:, c, j * dilation : j * dilation + n_steps]
        for c in range(kernel.shape[0])
        for j in range(kernel.shape[1])
    )


class TestSets:
    def test_rows_and_ranges(self):
        np.testing.assert_allclose(flat(OTHER, like=REAL), rows(OTHER))
        scaled = min_max(REAL, like=REAL)
        np.testing.assert_allclose(scaled[:, :2].min(axis=(0, 2)), 0)
        np.testing.assert_allclose(scaled[:, :2].max(axis=(0, 2)), 1)
        np.testing.assert_array_equal(scaled[:, 2], 0)
        np.testing.assert_allclose(min_max(OTHER, like=REAL)[:, 2], 0.5)
        np.testing.assert_array_equal(thinned(REAL, 12, 0), REAL)
        np.testing.assert_array_equal(thinned(REAL, 5, 3), some(REAL, 5, 3))

    def test_bad_sets(self):
        for bad in (REAL[0, 0], REAL[None], REAL[:0], REAL[:, :0]):
            with pytest.raises(
                ValueError, match=r"^X_real must have shape \(n_samples"
            ):
                metrics.mmd(bad, OTHER)
        with pytest.raises(ValueError, match=r"at least one value, got \(0, 3, 8\)\.$"):
            metrics.mmd(REAL, OTHER[:0])
        words = r"^X_synthetic contains NaN or infinity; impute or drop them first\.$"
        with pytest.raises(ValueError, match=words):
            metrics.mmd(REAL, OTHER * np.inf)
        words = (
            r"^X_real and X_synthetic must have the same channels and time points, g"
        )
        with pytest.raises(ValueError, match=words + r"ot \(3, 8\) and \(3, 7\)\.$"):
            metrics.mmd(REAL, OTHER[:, :, 1:])
        assert metrics.wasserstein(REAL[:, 0], OTHER[:, :1]) > 0


# --- the report -------------------------------------------------------------------


def quick(real, other, *, random_state, critic="convolutions"):
    """A critic that takes no time."""
    return abs(real.mean() - other.mean()) + random_state + len(critic)


@pytest.fixture
def table(monkeypatch):
    critics = {"discriminative score": quick}
    critics["discriminative score, GRU"] = partial(quick, critic="gru")
    measures = [
        replace(measure, function=critics.get(measure.name, measure.function))
        for measure in MEASURES
    ]
    monkeypatch.setattr(reporting, "MEASURES", measures)
    labels = {
        k: np.arange(len(X)) % 2 for k, X in [("y_real", REAL), ("y_holdout", HELD)]
    }
    labels["y_synthetic"] = np.arange(10) % 2

    def made(*sets, **options):
        options = {"random_state": 3, "verbose": 0, **options}
        return metrics.report(*sets, **options)

    return made, labels


def test_a_report_holds_each_measure_with_its_floor_and_ceiling(table):
    made, labels = table
    result = made(REAL, OTHER, HELD, **labels)
    assert result.n_samples == 9
    real, other, held = some(REAL, 9, 3), some(OTHER, 9, 3, 1), some(HELD, 9, 3, 2)
    seeded = {"random_state": 3}
    names = {
        "predictive error": ("low", metrics.predictive_score, {"model": Ridge()}),
        "Fréchet distance": ("0", metrics.frechet_distance, {}),
        "Wasserstein": ("0", metrics.wasserstein, {}),
        "Kolmogorov-Smirnov": ("0", metrics.ks_distance, {}),
        "autocorrelation": ("0", metrics.autocorrelation_distance, {}),
        "cross-correlation": ("0", metrics.cross_correlation_distance, {}),
        "spectrum, dB": ("0", metrics.spectrum_distance, {}),
        "MMD": ("0", metrics.mmd, {}),
        "precision": ("high", metrics.precision, {}),
        "recall": ("high", metrics.recall, {}),
        "density": ("1", metrics.density, {}),
        "coverage": ("high", metrics.coverage, {}),
        "internal diversity": ("1", metrics.internal_diversity, {}),
    }
    assert result.table.index.tolist() == [
        "discriminative score",
        "discriminative score, GRU",
        *list(names)[:5],
        "cross-correlation",
        *list(names)[6:],
        "nearest neighbour ratio",
        "near-duplicates",
        "membership AUC",
        "accuracy, trained on synthetic",
    ]
    rng = np.random.default_rng(3)
    shuffled = rng.permuted(real, axis=2)
    centre, scale = (f(real, axis=(0, 2), keepdims=True) for f in (np.mean, np.std))
    noise = centre + scale * rng.standard_normal(real.shape)
    bad = [shuffled, noise, 2 * real - centre]
    for name, (best, function, options) in names.items():
        row = result.table.loc[name]
        value, floor = (function(held, X, **seeded, **options) for X in (other, real))
        scores = [function(held, X, **seeded, **options) for X in bad]
        ceiling = min(scores) if best == "high" else max(scores)
        if best == "1":
            ceiling = max(scores, key=lambda score: abs(score - floor))
        assert row["best"] == best
        wanted = [value, floor, ceiling]
        np.testing.assert_allclose(row[["value", "floor", "ceiling"]].tolist(), wanted)
    for name, critic in [("", "convolutions"), (", GRU", "gru")]:
        row = result.table.loc[f"discriminative score{name}"]
        wanted = [
            quick(held, X, random_state=3, critic=critic) for X in (other, real, noise)
        ]
        np.testing.assert_allclose(row[["value", "floor", "ceiling"]].tolist(), wanted)
        assert row["best"] == "0"
    half, rest = held[:5], held[5:]
    for name, best, function in [
        ("nearest neighbour ratio", "1", metrics.nearest_neighbour_ratio),
        ("near-duplicates", "0.01", metrics.near_duplicate_share),
        ("membership AUC", "0.5", metrics.membership_auc),
    ]:
        row = result.table.loc[name]
        wanted = [
            function(real, other, X_holdout=held),
            function(real, rest, X_holdout=half),
            function(real, real, X_holdout=held),
        ]
        np.testing.assert_allclose(row[["value", "floor", "ceiling"]].tolist(), wanted)
        assert row["best"] == best
    permuted = np.random.default_rng(3).permutation(labels["y_real"])
    row = result.table.loc["accuracy, trained on synthetic"]
    wanted = [
        metrics.tstr_score(HELD, X, y_real=labels["y_holdout"], y_synthetic=y, **seeded)
        for X, y in [
            (OTHER, labels["y_synthetic"]),
            (REAL, labels["y_real"]),
            (REAL, permuted),
        ]
    ]
    np.testing.assert_allclose(row[["value", "floor", "ceiling"]].tolist(), wanted)
    assert row["best"] == "high"
    for name, *figures, _, word in result.table.itertuples(name=None):
        assert word == _readings.reading(*figures, BY_NAME[name].direction)


def test_a_report_without_series_held_out_makes_do_with_halves(table, capsys):
    made, labels = table
    result = made(REAL[:, 0], OTHER[:, 0], max_samples=5, verbose=1)
    assert "measure" in capsys.readouterr().err
    assert result.n_samples == 5
    assert "cross-correlation" not in result.table.index
    assert "membership AUC" not in result.table.index
    assert len(result.table) == 14
    order = np.random.default_rng(3).permutation(12)
    real, held = (
        some(REAL[order[rows], :1], 5, 3, which)
        for rows, which in [(slice(6), 0), (slice(6, None), 2)]
    )
    other = some(OTHER[:, :1], 5, 3, 1)
    row = result.table.loc["Wasserstein"]
    assert row["value"] == pytest.approx(metrics.wasserstein(held, other))
    assert row["floor"] == pytest.approx(metrics.wasserstein(held, real))
    del labels["y_holdout"]
    with_labels = made(REAL, OTHER, HELD, **labels).table
    assert "accuracy, trained on synthetic" not in with_labels.index
    assert made(REAL, OTHER, HELD).table.equals(with_labels)


def test_a_report_is_text_and_a_table_of_a_page(table):
    frame = pd.DataFrame(
        {
            "value": [1.23456, 2.0, 3.0, 4.0],
            "floor": 0.0,
            "ceiling": 1.0,
            "best": "0",
            "reading": ["good", "fair", "poor", "blind"],
        },
        index=list("abcd"),
    )
    result = metrics.Report(frame, 7, {})
    assert (
        str(result)
        == repr(result)
        == f"7 series of each set\n{frame.round(3).to_string()}"
    )
    page = result._repr_html_()
    assert page.startswith("<p>7 series of each set</p><table")
    assert "1.235" in page
    assert "1.23456" not in page
    for word, colour in {
        "good": "#0072B2",
        "fair": "#996600",
        "poor": "#B03A00",
        "blind": "#666666",
    }.items():
        assert f'<b style="color:{colour}">{word}</b>' in page


@pytest.mark.parametrize(
    ("value", "floor", "ceiling", "direction", "word"),
    [
        (0.1, 0.0, 1.0, "low", "good"),
        (0.11, 0.0, 1.0, "low", "fair"),
        (1 / 3, 0.0, 1.0, "low", "fair"),
        (0.34, 0.0, 1.0, "low", "poor"),
        (-5.0, 0.0, 1.0, "low", "good"),
        (0.5, 1.0, 1.0, "low", "blind"),
        (0.5, 1.0, 0.0, "low", "blind"),
        (0.95, 1.0, 0.0, "high", "good"),
        (0.8, 1.0, 0.0, "high", "fair"),
        (0.2, 1.0, 0.0, "high", "poor"),
        (2.0, 1.0, 0.0, "high", "good"),
        (1.05, 1.0, 0.0, "both", "good"),
        (1.5, 1.0, 0.0, "both", "poor"),
        (0.5, 1.0, 2.0, "both", "poor"),
        (0.45, 0.5, 1.0, "both", "good"),
        (0.25, 0.5, 1.0, "both", "poor"),
        (0.02, 0.01, 1.01, "both", "good"),
        (0.5, 0.01, 0.41, "both", "poor"),
        (0.11, 0.2, 1.0, "both", "fair"),
        (1.2, 1.0, 3.0, "low", "good"),
    ],
)
def test_readings_are_shares_of_the_way_from_floor_to_ceiling(
    value, floor, ceiling, direction, word
):
    assert _readings.reading(value, floor, ceiling, direction) == word
