"""Each measure on cases whose answer is known, and each as a test.

Real series are days of electricity demand; a third is the training set, a third is
held out, and the other third stands for a perfect generator.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from conftest import replace_gru
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import metrics

DISTANCES = {
    "discriminative": metrics.discriminative_score,
    "frechet": metrics.frechet_distance,
    "wasserstein": metrics.wasserstein,
    "ks": metrics.ks_distance,
    "autocorrelation": metrics.autocorrelation_distance,
    "spectrum": metrics.spectrum_distance,
    "mmd": metrics.mmd,
}
# what a measure cannot see by its nature
BLIND = {
    ("wasserstein", "time shuffled"),
    ("ks", "time shuffled"),
    ("autocorrelation", "doubled"),
}


@pytest.fixture(scope="module")
def days():
    X, y = load_italy_power_demand(split="test", return_type="numpy3D")
    order = np.random.default_rng(0).permutation(len(X))
    return X[order], y[order]


@pytest.fixture(scope="module")
def sets(days):
    return np.array_split(days[0], 3)


@pytest.fixture(scope="module")
def cases(days, sets):
    train, _, perfect = sets
    rng = np.random.default_rng(1)
    labels = np.array_split(days[1], 3)[2]
    return {
        "perfect": perfect,
        "white noise": train.mean() + train.std() * rng.standard_normal(train.shape),
        "time shuffled": rng.permuted(train, axis=2),
        "doubled": 2 * perfect,
        "one repeated": np.repeat(perfect[:1], len(perfect), axis=0),
        "mode dropped": np.repeat(perfect[labels == "1"], 2, axis=0)[: len(perfect)],
        "copy": train,
    }


@pytest.fixture(scope="module")
def score(sets, cases):
    """Distances of a case to the held-out series, measured once."""

    @cache
    def measured(name, case):
        return DISTANCES[name](sets[1], cases[case], random_state=0)

    return measured


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize(
    "bad", ["white noise", "time shuffled", "doubled", "one repeated", "mode dropped"]
)
def test_distances_catch_a_bad_generator(name, bad, score):
    if (name, bad) in BLIND:
        pytest.skip("not what this measure can see")
    floor, value = score(name, "perfect"), score(name, bad)
    # discriminative scores have sampling noise of some 0.03 at this size
    assert value > floor + (0.1 if name == "discriminative" else 0)
    assert value > 1.5 * floor


@pytest.mark.parametrize("name", DISTANCES)
def test_a_copy_wins_the_distances(name, score):
    floor, copy = score(name, "perfect"), score(name, "copy")
    worst = score(name, "white noise")
    assert abs(copy - floor) < 0.2 * (worst - floor)


@pytest.mark.parametrize("name", sorted({*DISTANCES} - {"discriminative", "mmd"}))
def test_distances_of_a_set_to_itself_are_zero(name, sets):
    assert DISTANCES[name](sets[0], sets[0], random_state=0) < 1e-6


def test_the_memorisation_rows_catch_a_copy(sets, cases):
    train, holdout, perfect = sets
    sets = {"X_holdout": holdout}
    assert metrics.nearest_neighbour_ratio(train, cases["copy"], **sets) < 1e-6
    assert metrics.near_duplicate_share(train, cases["copy"], **sets) == 1
    assert metrics.membership_auc(train, cases["copy"], **sets) == 1
    assert 0.9 < metrics.nearest_neighbour_ratio(train, perfect, **sets) < 1.1
    assert metrics.near_duplicate_share(train, perfect, **sets) < 0.04
    assert 0.42 < metrics.membership_auc(train, perfect, **sets) < 0.58
    almost = cases["copy"] + 0.01 * np.random.default_rng(0).normal(size=train.shape)
    assert metrics.nearest_neighbour_ratio(train, almost, **sets) < 0.3
    assert metrics.membership_auc(train, almost, **sets) > 0.95


def test_precision_and_recall_tell_fidelity_from_diversity(sets, cases):
    _, holdout, perfect = sets
    repeated, dropped = cases["one repeated"], cases["mode dropped"]
    assert metrics.precision(holdout, perfect) > 0.85
    assert metrics.recall(holdout, perfect) > 0.85
    assert metrics.coverage(holdout, perfect) > 0.85
    assert 0.8 < metrics.density(holdout, perfect) < 1.2
    assert metrics.recall(holdout, repeated) < 0.05
    assert metrics.coverage(holdout, repeated) < 0.1
    assert metrics.internal_diversity(holdout, repeated) < 1e-6
    assert metrics.precision(holdout, dropped) > 0.8
    assert metrics.recall(holdout, dropped) < 0.8
    assert metrics.coverage(holdout, dropped) < 0.7
    assert metrics.precision(holdout, cases["white noise"]) < 0.05
    assert metrics.internal_diversity(holdout, cases["doubled"]) > 1.8


def test_a_permutation_test_keeps_its_level(sets, cases):
    _, holdout, perfect = sets
    assert metrics.mmd_p_value(holdout, perfect, random_state=0) > 0.05
    assert metrics.mmd_p_value(holdout, cases["doubled"], random_state=0) < 0.01


def test_the_bandwidth_is_that_of_the_real_series(sets):
    _, holdout, perfect = sets
    growing = [metrics.mmd(holdout, factor * perfect) for factor in (1, 1.5, 2)]
    assert (np.diff(growing) > 0).all()


def test_cross_correlation(motions):
    X, _ = motions
    rng = np.random.default_rng(0)
    torn = np.stack([X[rng.permutation(40), c] for c in range(6)], axis=1)
    value = metrics.cross_correlation_distance(X[::2], X[1::2])
    assert metrics.cross_correlation_distance(X, X) < 1e-12
    assert metrics.cross_correlation_distance(X, torn) > value
    with pytest.raises(ValueError, match="at least 2 channels"):
        metrics.cross_correlation_distance(X[:, 0], X[:, 0])


@pytest.mark.parametrize("critic", ["gru", LogisticRegression(max_iter=1000)])
def test_other_critics(critic, sets):
    _, holdout, perfect = sets
    options = {"critic": critic, "random_state": 0, "n_steps": 200}
    value = metrics.discriminative_score(holdout, perfect, **options)
    assert value < 0.12
    assert metrics.discriminative_score(holdout, 10 + perfect, **options) > 0.4
    assert value == metrics.discriminative_score(holdout, perfect, **options)


@pytest.mark.parametrize("model", ["gru", Ridge()])
def test_a_forecast_is_better_learnt_from_real_series(model, sets, cases):
    _, holdout, perfect = sets
    options = {"model": model, "random_state": 0, "n_steps": 200}
    floor = metrics.predictive_score(holdout, perfect, **options)
    assert 0 < floor < 0.2
    noise = metrics.predictive_score(holdout, cases["white noise"], **options)
    assert noise > (1.05 if model == "gru" else 1.2) * floor


def test_labelled_series_are_of_use(days):
    (X, X_new, X_test), (y, y_new, y_test) = (np.array_split(a, 3) for a in days)
    wrong = np.random.default_rng(0).permutation(y_new)
    labels = {"y_real": y_test, "random_state": 0}
    assert metrics.tstr_score(X_test, X_new, y_synthetic=y_new, **labels) > 0.93
    assert metrics.tstr_score(X_test, X_new, y_synthetic=wrong, **labels) < 0.65
    assert metrics.trts_score(X_test, X_new, y_synthetic=y_new, **labels) > 0.93
    gain = {
        "y_real": y[:6],
        "X_test": X_test,
        "y_test": y_test,
        "classifier": KNeighborsClassifier(1),
    }
    better = metrics.augmentation_gain(X[:6], X_new, y_synthetic=y_new, **gain)
    worse = metrics.augmentation_gain(X[:6], X_new, y_synthetic=wrong, **gain)
    assert better > 0 > worse


def test_features_are_frozen_and_seeded(sets):
    train, holdout, _ = sets
    features = metrics.RandomConvolutions(30, random_state=0).fit(train)
    np.testing.assert_array_equal(
        features.transform(holdout)[:5], features.transform(holdout[:5])
    )
    again = metrics.RandomConvolutions(30, random_state=0).fit(train)
    np.testing.assert_array_equal(features.transform(holdout), again.transform(holdout))
    assert features.transform(holdout).shape == (len(holdout), 60)


@pytest.mark.parametrize("n_timepoints", [2, 3, 10, 40])
def test_features_of_short_series(n_timepoints):
    X = np.random.default_rng(0).normal(size=(10, 3, n_timepoints))
    assert np.isfinite(metrics.RandomConvolutions(20).fit_transform(X)).all()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 2, 9)), "same channels and time points"),
        (np.full((5, 8), np.nan), "contains NaN"),
        (np.zeros(8), "must have shape"),
        (np.zeros((0, 8)), "must have shape"),
    ],
)
def test_sets_that_do_not_match_are_refused(X, message):
    real = np.random.default_rng(0).normal(size=(20, 8))
    for metric in (metrics.wasserstein, metrics.discriminative_score, metrics.recall):
        with pytest.raises(ValueError, match=message):
            metric(real, X)


def test_unknown_critics_and_models_are_refused(sets):
    for critic in ("rnn", Ridge()):
        with pytest.raises(ValueError, match="critic must be"):
            metrics.discriminative_score(sets[0], sets[1], critic=critic)
    with pytest.raises(ValueError, match="model must be"):
        metrics.predictive_score(sets[0], sets[1], model=LogisticRegression())


@pytest.fixture
def labels(days):
    y = np.array_split(days[1], 3)
    return {"y_real": y[0], "y_synthetic": y[2], "y_holdout": y[1]}


@pytest.fixture
def without_gru(monkeypatch):
    replace_gru(monkeypatch)


class TestReport:
    def test_a_perfect_generator_reads_well(self, sets, labels, without_gru):
        train, holdout, perfect = (X[:150] for X in sets)
        result = metrics.report(
            train,
            perfect,
            holdout,
            random_state=0,
            verbose=0,
            **{name: y[:150] for name, y in labels.items()},
        )
        assert isinstance(result.table, pd.DataFrame)
        assert (result.table["reading"] == "good").mean() > 0.85
        assert not (result.table["reading"] == "poor").any()
        assert "<table" in result._repr_html_()
        assert "150 series" in str(result)
        assert result.table.loc["accuracy, trained on synthetic", "value"] > 0.9

    def test_a_copy_is_found_out_by_the_memorisation_rows(self, sets, without_gru):
        train, holdout, _ = (X[:150] for X in sets)
        table = metrics.report(train, train, holdout, random_state=0, verbose=0).table
        private = table.loc[
            ["nearest neighbour ratio", "near-duplicates", "membership AUC"]
        ]
        assert (private["reading"] == "poor").all()
        assert (table["reading"].drop(private.index) == "good").all()

    def test_only_what_is_asked_for_is_measured(self, sets, labels):
        three = [X[:100] for X in sets]
        y = {name: values[:100] for name, values in labels.items()}
        wanted = ["MMD", "accuracy, trained on synthetic"]
        train, unseen, new = three
        options = {"random_state": 0, "verbose": 0}
        table = metrics.report(
            train, new, unseen, measures=wanted, **y, **options
        ).table
        assert list(table.index) == wanted
        for wrong in ("MMD", ["mmd"], wanted):  # the last needs labels
            with pytest.raises(ValueError, match="must be a collection of names"):
                metrics.report(train, new, unseen, measures=wrong, **options)

    def test_noise_reads_badly_and_without_holdout_nothing_private_is_said(
        self, sets, cases, without_gru
    ):
        table = metrics.report(
            sets[0][:200], cases["white noise"][:100], random_state=0, verbose=0
        ).table
        assert "membership AUC" not in table.index
        assert (table["reading"] == "poor").mean() > 0.7
