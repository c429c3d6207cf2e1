"""Microaggregation, and the anonymiser that keeps averages only."""

import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import same, stored
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.utils.estimator_checks import check_estimator

from lgta_sklearn import (
    AugmentedClassifier,
    DiffusionAugmenter,
    LatentAnonymizer,
    LatentAugmenter,
)
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.density import Microaggregation
from lgta_sklearn.scaling import ValueGrid


def fast(k=5, *, random_state=0, **params):
    """Return an anonymiser that trains in a blink."""
    defaults = {"hidden_dim": 8, "max_epochs": 1, "batch_size": 32, "n_steps": 6}
    generator = DiffusionAugmenter(**{**defaults, **params})
    return LatentAnonymizer(k, generator, random_state=random_state)


@st.composite
def records(draw):
    """Draw records, often equal ones, with k, classes and persons."""
    k = draw(st.integers(2, 6))
    n_classes = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    sizes = [draw(st.integers(2 * k, 40)) for _ in range(n_classes)]
    y = rng.permutation(np.repeat(np.arange(n_classes), sizes))
    V = rng.normal(size=(len(y), draw(st.integers(1, 4))))
    V = V.round(draw(st.integers(0, 3)))
    groups = np.arange(len(y)) if draw(st.booleans()) else None
    if groups is None:
        groups = rng.integers(max(len(y) // 3, 1), size=len(y))
        for label in range(n_classes):  # of each class at least k persons
            groups[np.flatnonzero(y == label)[:k]] = np.arange(k)
    return V, y, groups, k


@given(records())
def test_each_cluster_has_k_persons_of_one_class(case):
    V, y, groups, k = case
    clusters = Microaggregation(k).fit(V, y, groups)
    for number in range(clusters.n_clusters_):
        rows = clusters.labels_ == number
        assert len(np.unique(groups[rows])) >= k
        assert set(y[rows]) == {clusters.classes_of_clusters_[number]}
    if len(np.unique(groups)) == len(V):
        assert np.bincount(clusters.labels_).max() <= 2 * k - 1


@given(records())
def test_averages_give_each_person_the_same_weight(case):
    V, y, groups, k = case
    clusters = Microaggregation(k).fit(V, y, groups)
    for number, average in enumerate(clusters.averages(V)):
        rows = clusters.labels_ == number
        of_persons = [
            V[rows & (groups == person)].mean(axis=0)
            for person in np.unique(groups[rows])
        ]
        np.testing.assert_allclose(average, np.mean(of_persons, axis=0), atol=1e-12)


def test_an_average_of_fewer_than_k_values_is_not_given():
    V = np.random.default_rng(0).normal(size=(20, 3))
    clusters = Microaggregation(5).fit(V)
    first = np.flatnonzero(clusters.labels_ == 0)
    V[first[0], 1] = np.nan  # four are left
    averages = clusters.averages(V)
    assert np.isnan(averages).sum() == 1
    assert np.isnan(averages[0, 1])


def plain_mdav(V, k):
    """Return the clusters of MDAV as its authors state it, one step at a time."""
    left, clusters = list(range(len(V))), []

    def farthest(point):
        return max(left, key=lambda i: ((V[i] - point) ** 2).sum())

    def take(i):
        near = sorted(left, key=lambda j: ((V[j] - V[i]) ** 2).sum())[:k]
        clusters.append(set(near))
        for j in near:
            left.remove(j)

    while len(left) >= 3 * k:
        first = farthest(V[left].mean(axis=0))
        take(first)
        take(farthest(V[first]))
    if len(left) >= 2 * k:
        take(farthest(V[left].mean(axis=0)))
    return [*clusters, set(left)]


@pytest.mark.parametrize("n", [10, 14, 15, 29, 30, 61, 100])
def test_the_clusters_are_those_of_mdav(n):
    V = np.random.default_rng(n).normal(size=(n, 3))
    labels = Microaggregation(5).fit_predict(V)
    found = {frozenset(np.flatnonzero(labels == c).tolist()) for c in set(labels)}
    assert found == {frozenset(cluster) for cluster in plain_mdav(V, 5)}


def test_many_records_are_split_first():
    V = np.random.default_rng(0).normal(size=(1003, 3))
    clusters = Microaggregation(5, max_block=200).fit(V)
    assert np.bincount(clusters.labels_).min() >= 5

    def loss(clusters):
        return ((V - clusters.averages(V)[clusters.labels_]) ** 2).mean()

    assert loss(clusters) < 1.2 * loss(Microaggregation(5).fit(V))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"X": np.zeros((4, 2))}, "k=5 needs at least 5 records"),
        ({"y": ["a"] * 28 + ["b"] * 2}, "of class b, from as many"),
        ({"groups": np.arange(30) % 4}, "got 4"),
        ({"groups": [1, 2]}, "groups must have one entry for each of the 30"),
    ],
)
def test_too_few_records_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Microaggregation(5).fit(**{"X": np.zeros((30, 2)), **arguments})


def test_a_grid_has_only_values_that_k_persons_have():
    X = np.random.default_rng(0).poisson(2.0, size=(40, 1, 12)).astype(float)
    X[3, 0, :3] = 99.0  # of one series
    grid = ValueGrid().fit(X)
    assert 99.0 in grid.values_[0]
    values = grid.common(X, 5).values_[0]
    assert values.tolist() == [0, 1, 2, 3, 4, 5, 7]
    everyone = ValueGrid().fit(X).common(X, 5, groups=np.zeros(40))
    assert everyone.values_ == [None]


@pytest.fixture(scope="module")
def waves():
    X = make_waves(60, n_timepoints=24, random_state=0)
    return X + 3 * np.arange(60)[:, None] / 60, np.repeat(["calm", "wild"], [25, 35])


def nearest_held(holder, X):
    """Return how near a stored array comes to a training series, in typical units.

    Series are sought in their own units and as shapes, as rows and as flat arrays.
    """
    X = X if X.ndim == 3 else X[:, None]
    U = X - X.mean(axis=2, keepdims=True)
    U /= X.std(axis=2, keepdims=True)
    smallest = np.inf
    for known in (X, X / holder.channel_scale_, U):
        for rows in (known.reshape(len(X), -1), known[:, 0]):
            held = [
                cdist(rows, turned.reshape(-1, rows.shape[1])).min()
                for array in stored(holder)
                if array.dtype.kind == "f" and array.size
                for turned in (array, array.T)
                if rows.shape[1] in {*turned.shape, turned.size}
                and turned.size % rows.shape[1] == 0
            ]
            typical = np.median(np.sort(cdist(rows, rows), axis=1)[:, 1])
            smallest = min(smallest, min(held, default=np.inf) / typical)
    return smallest


def test_nothing_that_is_kept_is_a_training_series(waves, tmp_path):
    X, y = waves
    X = np.stack([X, X.cumsum(axis=1)], axis=1)
    anonymizer = fast(max_epochs=4).fit(X, y)
    path = tmp_path / "anonymizer.safetensors"
    anonymizer.save(path)
    for holder in (
        anonymizer,
        pickle.loads(pickle.dumps(anonymizer)),
        LatentAnonymizer.load(path),
    ):
        assert nearest_held(holder, X) > 0.3
        held = [a.ravel() for a in stored(holder) if a.dtype.kind == "f"]
        known = X / anonymizer.channel_scale_
        of_levels = np.isin(known.mean(axis=2), np.concatenate(held))
        assert not of_levels.any()
    # the test can fail: so it does if one series is kept, or its shape
    anonymizer.kept_ = X[7] + 1e-3
    assert nearest_held(anonymizer, X) < 0.1
    anonymizer.kept_ = (X[7] - X[7].mean(axis=1)[:, None]) / X[7].std(axis=1)[:, None]
    assert nearest_held(anonymizer, X) < 0.1


def test_another_family_does_keep_series(waves):
    X, y = waves
    augmenter = LatentAugmenter(max_epochs=2, random_state=0).fit(X, y)
    assert nearest_held(augmenter, X) < 0.3


def test_clusters_count_persons_and_classes(waves):
    X, y = waves
    anonymizer = fast(k=4).fit(X, y)
    assert anonymizer.cluster_sizes_.sum() == 60
    assert anonymizer.cluster_sizes_.min() >= 4
    assert len(anonymizer.cluster_sizes_) == 25 // 4 + 35 // 4
    by_person = fast(k=4).fit(X, groups=np.arange(60) // 5)
    # each cluster has series of four of the twelve persons
    assert len(by_person.cluster_sizes_) < 15
    with pytest.raises(ValueError, match=r"k=13 needs at least 13 records, .* got 12"):
        fast(k=13).fit(X, groups=np.arange(60) // 5)
    with pytest.raises(ValueError, match="26 records of class calm"):
        fast(k=26).fit(X, y)
    assert not hasattr(by_person, "_persons")
    assert not hasattr(by_person, "_cluster")


def test_a_record_is_replaced_from_its_own_cluster():
    X = np.repeat([0.0, 100.0, 200.0], 10)[:, None] + make_waves(
        30, n_timepoints=24, random_state=0
    )
    y = np.repeat(["a", "b", "c"], 10)
    anonymizer = fast(max_epochs=4)
    replaced = anonymizer.fit_transform(X, y)
    for new in (replaced, anonymizer.anonymize(X, y), anonymizer.anonymize(X)):
        assert new.shape == X.shape
        assert np.abs(new.mean(axis=1) - X.mean(axis=1)).max() < 30
        assert not np.isclose(new, X).any(axis=1).all()
    # a label says more than the values
    moved = anonymizer.anonymize(X, y[::-1])
    np.testing.assert_allclose(moved.mean(axis=1), X.mean(axis=1)[::-1], atol=30)


def test_calls_repeat_and_longer_ones_begin_with_shorter(waves):
    X, y = waves
    first, again = fast().fit(X, y), fast().fit(X, y)
    assert same(first.anonymize(X, random_state=3), again.anonymize(X, random_state=3))
    assert same(first.anonymize(X), again.anonymize(X))
    assert not same(first.anonymize(X), first.anonymize(X))
    whole = first.anonymize(X, random_state=3)
    np.testing.assert_array_equal(first.anonymize(X[:7], random_state=3), whole[:7])


def test_series_are_cut_to_a_length_that_k_persons_reach():
    rng = np.random.default_rng(0)
    lengths = [12] * 20 + [15, 16, 17, 18, 30]
    X = [rng.normal(size=n).cumsum() for n in lengths]
    anonymizer = fast().fit(X)
    assert anonymizer.n_timepoints_in_ == 15
    new = anonymizer.anonymize(X)
    assert len(new) == 25
    assert max(map(len, new)) <= 15
    assert max(map(len, anonymizer.sample(50))) <= 15
    of_person = fast(k=2).fit(X, groups=np.minimum(np.arange(25), 20))
    assert of_person.n_timepoints_in_ == 12


def test_gaps_are_as_frequent_as_in_the_clusters():
    X = make_waves(60, n_timepoints=24, random_state=0)
    X[:30, 5:9] = np.nan
    X[3, 20] = np.nan
    new = fast().fit(X).sample(600, random_state=0)
    missing = np.isnan(new).mean(axis=0)
    np.testing.assert_allclose(missing[5:9], 0.5, atol=0.12)
    assert missing[20] < 0.02
    together = np.isnan(new[:, 5:9])
    assert (together.all(axis=1) | ~together.any(axis=1)).mean() > 0.9
    assert not np.isnan(fast(gaps="fill").fit(X).sample(50)).any()


def test_times_of_one_series_are_not_kept():
    rng = np.random.default_rng(0)
    days = [pd.date_range(f"2020-01-{d:02d}", periods=12, freq="h") for d in (1, 2)]

    def panel(number_of_second):
        frames = [
            pd.DataFrame({"x": rng.normal(size=12)}, index=days[i < number_of_second])
            for i in range(20)
        ]
        return pd.concat(frames, keys=range(20))

    for number, kind in ((20, pd.DatetimeIndex), (10, pd.DatetimeIndex)):
        drawn = fast().fit(panel(number)).sample(2)
        assert isinstance(drawn.index.get_level_values(1), kind)
    alone = [
        f.set_axis(f.index + pd.Timedelta(days=i))
        for i, f in enumerate(
            pd.DataFrame({"x": rng.normal(size=12)}, index=days[0]) for _ in range(20)
        )
    ]
    anonymizer = fast().fit(pd.concat(alone, keys=range(20)))
    drawn = anonymizer.sample(2)
    assert drawn.index.get_level_values(1).tolist() == [*range(12)] * 2
    assert len(anonymizer.anonymize(pd.concat(alone, keys=range(20)))) == 240


def test_likely_series_score_higher(waves):
    X, y = waves
    anonymizer = fast(max_epochs=10, hidden_dim=32).fit(X, y)
    shuffled = np.random.default_rng(0).permuted(X, axis=1)
    scores = anonymizer.score_samples(X)
    assert (scores > anonymizer.score_samples(shuffled)).mean() > 0.9
    np.testing.assert_allclose(anonymizer.score_samples(X[3:5]), scores[3:5], rtol=1e-9)
    assert anonymizer.score(X) == pytest.approx(scores.mean())
    scaled = fast(max_epochs=10, hidden_dim=32).fit(1024 * X, y)
    assert scaled.score(1024 * X) == pytest.approx(scores.mean())


def test_it_grows_a_set_and_works_in_a_search(waves):
    X, y = waves
    model = AugmentedClassifier(
        RidgeClassifier(), fast(), method="sample", random_state=0
    )
    assert model.fit(X, y).score(X, y) > 0.6
    assert model.set_params(augmenter__generator__hidden_dim=4).fit(X, y)
    search = GridSearchCV(
        fast(), {"k": [3, 6]}, cv=KFold(2, shuffle=True, random_state=0)
    )
    assert np.isfinite(search.fit(X, y).cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("anonymizer", "words"),
    [
        (LatentAnonymizer(k=1), "k of LatentAnonymizer must be an int >= 2"),
        (
            LatentAnonymizer(generator=LatentAugmenter()),
            "an unfitted DiffusionAugmenter",
        ),
        (LatentAnonymizer(generator=3), "generator of LatentAnonymizer must be"),
        (
            LatentAnonymizer(generator=fast().generator.fit(np.eye(20))),
            "generator must be unfitted",
        ),
        (fast(hidden_dim=0), "hidden_dim of DiffusionAugmenter must be"),
    ],
)
def test_bad_parameters_are_refused(anonymizer, words, waves):
    with pytest.raises(ValueError, match=words):
        anonymizer.fit(waves[0])


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (np.arange(7), "one entry for each of the 60 records, got shape"),
        (np.zeros((60, 1)), "one entry for each of the 60 records, got shape"),
        ([*range(59), None], "the entry of record 59 is missing"),
        ([np.nan, *range(59)], "the entry of record 0 is missing"),
    ],
)
def test_groups_that_do_not_say_the_person_are_refused(groups, words, waves):
    with pytest.raises(ValueError, match=words):
        fast().fit(waves[0], groups=groups)


def test_groups_may_be_of_any_kind(waves):
    groups = ["a", 3, pd.Timestamp(0), *"bcdefg"] * 6 + ["a"] * 6
    sizes = [
        fast().fit(waves[0], groups=some).cluster_sizes_.tolist()
        for some in (groups, pd.Series(groups), pd.factorize(pd.Series(groups))[0])
    ]
    assert sizes[0] == sizes[1] == sizes[2]


def test_values_of_fewer_than_k_records_are_refused():
    X = make_waves(80, n_timepoints=16, random_state=0).reshape(40, 2, 16)
    few, apart = X.copy(), X.copy()
    few[4:, 1] = np.nan
    apart[:, 0, :8] = np.nan
    apart[1:, 1, 8:] = np.nan
    with pytest.raises(ValueError, match=r"got \[40, 4\] in the channels and 4 tog"):
        fast().fit(few)
    with pytest.raises(ValueError, match="and 1 together"):
        fast().fit(apart)
    assert fast(k=4).fit(few)


def test_what_one_record_alone_has_is_not_kept():
    rng = np.random.default_rng(0)
    X = np.stack([make_waves(40, n_timepoints=24, random_state=i) for i in (0, 1)], 1)
    X += 5 * rng.normal(size=(40, 2, 1))
    X[35:39, 1] = np.nan  # of its class, record 39 alone has this channel
    y = np.repeat(["a", "b"], [35, 5])
    gaps = rng.random(24) < 0.4
    X[11][:, gaps] = np.nan
    anonymizer = fast().fit(X, y)
    model = anonymizer._state.model
    of_b = int(np.flatnonzero(model._state.of_cluster == 1)[0])
    features, centre = model._state.features, model._state.centres[of_b]
    assert centre[features.n_codes + 1] == 0  # what is usual
    assert not np.isnan(anonymizer.sample(300, y="a")).any()
    assert model._state.gaps.gaps_ is None


def test_held_out_losses_are_averages_of_k_records(waves):
    few, many = (fast(k=k, validation_fraction=0.1).fit(waves[0]) for k in (5, 20))
    assert few._state.model._share_held_out(60) == pytest.approx(0.1)
    assert many._state.model._share_held_out(60) == pytest.approx(20 / 60)


def test_the_seed_of_the_training_is_not_in_the_file(waves, tmp_path):
    anonymizer = LatentAnonymizer(5, fast().generator).fit(waves[0])
    anonymizer.save(
        tmp_path / "file",
    )
    loaded = LatentAnonymizer.load(tmp_path / "file")
    again = LatentAnonymizer(5, fast().generator, random_state=loaded._state.seed)
    one, other = (a.fit(waves[0]) if a is again else a for a in (anonymizer, again))
    assert one.history_[0]["train_loss"] != other.history_[0]["train_loss"]


def test_constant_channels_stay_constant():
    X = np.stack(
        [make_waves(40, n_timepoints=16, random_state=0), np.full((40, 16), 7)]
    )
    new = fast().fit(X.swapaxes(0, 1)).sample(50)
    np.testing.assert_array_equal(new[:, 1], 7)


def test_the_container_of_the_call_comes_back(waves):
    X, _ = waves
    anonymizer = fast().fit(X)
    assert anonymizer.anonymize(X[:, None]).shape == (60, 1, 24)
    frames = anonymizer.anonymize([pd.DataFrame({"a": x}) for x in X])
    assert len(frames) == 60
    assert list(frames[0].columns) == ["a"]
    assert fast().fit(X[:, None]).anonymize(X).shape == (60, 24)


def test_few_records_are_not_shown_more_often_than_many():
    anonymizer = fast(max_epochs=None, hidden_dim=4, validation_fraction=0.0)
    X = np.random.default_rng(0).normal(size=(400, 4))
    assert anonymizer.fit(X[:30]).n_iter_ == 20  # epochs of twenty steps
    assert anonymizer.fit(X).n_iter_ == 24


@pytest.mark.changes_global_state
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_check_estimator():
    results = check_estimator(fast(k=2), on_skip=None, on_fail="raise")
    assert len(results) > 30
