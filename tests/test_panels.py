"""Missing values, different lengths, and the containers they come in."""

import pickle
from datetime import timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from conftest import fast
from scipy.stats import ks_2samp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sktime.datasets import load_japanese_vowels
from sktime.datatypes import check_is_mtype, convert_to

from lgta_sklearn import (
    AugmentedClassifier,
    DirectAugmenter,
    LatentAugmenter,
    SyntheticOverSampler,
)
from lgta_sklearn._series import checks
from lgta_sklearn._series.containers import Container, unpack
from lgta_sklearn._series.index import index_of, plain_index
from lgta_sklearn.datasets import unpad

LENGTHS = np.array([20, 12, 16, 20, 9] * 6)
LABELS = np.array(["long", "short"])[(LENGTHS < 14).astype(int)]


def ragged(n_channels=2, seed=0):
    """Return 30 random walks of 9 to 20 time points, (C, T_i) each."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n_channels, n)).cumsum(axis=1) for n in LENGTHS]


def frames(dates=False):
    times = pd.date_range("2026-01-01", periods=20) if dates else pd.RangeIndex(20)
    return [
        pd.DataFrame(row.T, columns=["a", "b"], index=times[: row.shape[1]])
        for row in ragged()
    ]


CONTAINERS = {
    "list": ragged,
    "list of one channel": lambda: [row[0] for row in ragged()],
    "array of objects": lambda: pad_objects(ragged()),
    "df-list": frames,
    "df-list of days": lambda: frames(dates=True),
    "pd-multiindex": lambda: convert_to(frames(), "pd-multiindex"),
    "nested_univ": lambda: convert_to(frames(), "nested_univ"),
}
KINDS = {"df-list of days": "df-list"}


def pad_objects(rows):
    X = np.empty(len(rows), dtype=object)
    X[:] = rows
    return X


def shapes(X):
    return [row.shape for row in unpack(X)[1]]


def assert_like(result, X, name):
    """Assert the same container with series of the same lengths and times."""
    assert shapes(result) == shapes(X)
    kind = KINDS.get(name, name)
    if "list" in kind.split("-")[-1] or "array" in kind:
        assert isinstance(result, list)
    if kind.startswith(("df", "pd", "nested")):
        assert check_is_mtype(result, kind, scitype="Panel")
        before, after = unpack(X)[0], unpack(result)[0]
        assert list(before.columns) == list(after.columns)
        for old, new in zip(before.times, after.times, strict=True):
            pd.testing.assert_index_equal(old, new, check_names=False)


@pytest.mark.floor
@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("gaps", [False, True])
def test_what_comes_in_comes_back(name, gaps):
    X = CONTAINERS[name]()
    if gaps and name.startswith("list"):
        X[3][..., 4] = np.nan
    augmenter = fast().fit(X, LABELS)
    assert augmenter.n_timepoints_in_ == 20
    assert augmenter.lengths_vary_
    assert_like(augmenter.transform(X), X, name)
    assert_like(fast().fit_transform(X, LABELS), X, name)
    assert_like(augmenter.reconstruct(X), X, name)
    assert_like(augmenter.impute(X), X, name)
    varied, labels, index = augmenter.augment(X, LABELS, n_copies=2, return_index=True)
    assert shapes(varied) == shapes(X) * 2
    assert labels.tolist() == LABELS.tolist() * 2
    assert index.tolist() == [*range(30)] * 2
    drawn = augmenter.sample(7)
    assert type(drawn) is type(varied)
    assert len(shapes(drawn)) == 7
    assert {shape[-1] for shape in shapes(drawn)} <= set(range(9, 21))
    assert augmenter.encode(X).shape == (30, 4 + 2 * augmenter.n_channels_in_ + 1)
    assert shapes(augmenter.decode(augmenter.encode(X))) == shapes(X)
    assert np.isfinite(augmenter.score_samples(X)).all()


def test_unpadded_series_are_learnt_as_lists():
    rows = ragged()
    rows[3][..., 4] = np.nan  # this is a gap
    X = np.full((30, 2, 22), np.nan)
    for padded, row in zip(X, rows, strict=True):
        padded[..., : row.shape[-1]] = row
    lists = unpad(X)
    augmenter, wanted = fast().fit(lists, LABELS), fast().fit(rows, LABELS)
    np.testing.assert_array_equal(augmenter.encode(lists), wanted.encode(rows))
    assert augmenter.lengths_vary_
    assert not fast().fit(X, LABELS).lengths_vary_


def test_strength_zero_is_the_identity_and_nothing_is_written_to():
    X = ragged()
    X[0][1, 3] = np.nan
    before = [row.copy() for row in X]
    augmenter = fast(strength=0.0)
    for result in (augmenter.fit_transform(X), augmenter.transform(X), X):
        for row, kept in zip(result, before, strict=True):
            np.testing.assert_array_equal(row, kept)
    assert augmenter.transform(X)[0] is not X[0]


def test_a_list_and_its_panel_train_the_same_model():
    X = ragged()
    one, other = fast().fit(X), fast().fit(convert_to(frames(), "pd-multiindex"))
    np.testing.assert_array_equal(one.encode(X), other.encode(X))


def test_series_of_one_length_in_a_list_of_frames_are_as_an_array():
    X = np.random.default_rng(0).normal(size=(12, 2, 8)).cumsum(axis=2)
    panel = convert_to(X, "df-list")
    np.testing.assert_array_equal(fast().fit(X).encode(X), fast().fit(panel).encode(X))
    assert len(fast().fit(panel).sample(3)) == 3


def test_what_lies_beyond_the_end_of_a_series_changes_nothing():
    X = ragged()
    augmenter = fast().fit(X)
    short, alone = augmenter.encode(X)[4], augmenter.encode(X[4:5])[0]
    np.testing.assert_allclose(alone, short, rtol=1e-12)
    array = np.asarray(X[4:5])
    np.testing.assert_allclose(augmenter.encode(array)[0], short, rtol=1e-12)
    assert augmenter.augment(array).shape == array.shape


def test_lengths_and_gaps_of_samples_are_believable():
    X, y = load_japanese_vowels(split="train", return_type="df-list")
    later, _ = load_japanese_vowels(split="test", return_type="df-list")
    rng = np.random.default_rng(0)
    for frame in X:
        frame.iloc[rng.integers(len(frame), size=2), 3] = np.nan
    augmenter = LatentAugmenter(max_epochs=40, random_state=0).fit(X, y)
    drawn = augmenter.sample(270, random_state=0)
    real, new, unseen = ([len(frame) for frame in part] for part in (X, drawn, later))
    floor = ks_2samp(real, unseen).statistic
    assert ks_2samp(new, unseen).statistic < floor + 0.05
    assert len(set(new)) > 10
    medians = pd.Series(real).groupby(np.asarray(y)).median()
    labels = np.repeat(medians.index, 30)
    drawn = [len(frame) for frame in augmenter.sample(y=labels, random_state=0)]
    of_class = pd.Series(drawn).groupby(labels).median()
    assert (of_class - medians).abs().mean() < 1.5  # they go from 12.5 to 20
    holes = pd.concat(augmenter.sample(270, random_state=1)).isna()
    assert holes.iloc[:, 3].mean() == pytest.approx(
        pd.concat(X).iloc[:, 3].isna().mean(), rel=0.25
    )
    assert not holes.drop(columns=holes.columns[3]).any(axis=None)


def hidden(X, length, seed=0):
    """Return series with a stretch hidden in each, and where."""
    rng = np.random.default_rng(seed)
    start = rng.integers(X.shape[1] - length + 1, size=(len(X), 1))
    time = np.arange(X.shape[1])
    hide = (time >= start) & (time < start + length)
    return np.where(hide, np.nan, X), hide


class TestGaps:
    def test_are_kept_or_filled(self, italy):
        X, y = italy
        holed, hide = hidden(X, 3)
        keeps = fast().fit(holed, y)
        for result in (
            keeps.transform(holed),
            keeps.augment(holed),
            keeps.reconstruct(holed),
            fast().fit_transform(holed, y),
        ):
            np.testing.assert_array_equal(np.isnan(result), hide)
        assert np.isnan(keeps.sample(50)).any()
        fills = fast(gaps="fill").fit(holed, y)
        for result in (
            fills.transform(holed),
            fills.augment(holed),
            fills.reconstruct(holed),
            fills.sample(50),
            fast(gaps="fill").fit_transform(holed, y),
        ):
            assert np.isfinite(result).all()
        np.testing.assert_array_equal(fills.transform(holed)[~hide], X[~hide])
        np.testing.assert_array_equal(fills.impute(holed), keeps.impute(holed))

    @pytest.mark.parametrize("length", [2, 7])
    def test_are_filled_better_than_by_a_line(self, italy, length):
        X = italy[0]
        holed, hide = hidden(X, length)
        filled = LatentAugmenter(random_state=0).fit(holed).impute(holed)
        line = pd.DataFrame(holed).interpolate(axis=1, limit_direction="both")
        error = ((filled - X)[hide] ** 2).mean()
        assert error < 0.5 * ((line.to_numpy() - X)[hide] ** 2).mean()

    def test_after_a_fit_without_any(self, fitted, italy):
        holed, hide = hidden(italy[0], 3)
        assert np.isfinite(fitted.impute(holed)).all()
        np.testing.assert_array_equal(np.isnan(fitted.augment(holed)), hide)
        assert np.isfinite(fitted.score_samples(holed)).all()

    def test_a_whole_channel(self, motions):
        X = motions[0][:, :2].copy()
        X[::3, 1] = np.nan
        augmenter = fast().fit(X)
        filled = augmenter.impute(X)
        assert np.isfinite(filled).all()
        known = X[1:3].reshape(-1)
        assert np.abs(filled[::3, 1]).max() < 10 * np.abs(known).max()
        assert np.isfinite(augmenter.encode(X)).all()
        share = np.isnan(augmenter.sample(100, random_state=0)[:, 1]).all(axis=1).mean()
        assert 0.2 < share < 0.5

    def test_on_a_grid_are_filled_with_values_of_the_grid(self):
        X = np.random.default_rng(0).poisson(3.0, size=(30, 12)).astype(float)
        X[::2, 5] = np.nan
        assert (fast().fit(X).impute(X) % 1 == 0).all()

    def test_reach_an_estimator_that_takes_them(self, italy):
        X, y = italy
        holed, _ = hidden(X, 2)
        trees = HistGradientBoostingClassifier(max_iter=5, random_state=0)
        model = AugmentedClassifier(trees, fast(), n_copies=1, random_state=0)
        assert model.fit(holed, y).score(X, y) > 0.8
        ridge = AugmentedClassifier(RidgeClassifier(), fast())
        with pytest.raises(ValueError, match=r"contains NaN: 134 values .* imputer"):
            ridge.fit(holed, y)
        filling = make_pipeline(fast(gaps="fill"), RidgeClassifier())
        assert cross_val_score(filling, holed, y).shape == (5,)


def means(X):
    return np.array([np.nanmean(row, axis=-1) for row in X])


class TestGrowth:
    def test_in_cross_validation(self):
        flat = make_pipeline(FunctionTransformer(means), RidgeClassifier())
        model = AugmentedClassifier(flat, fast(), n_copies=2, random_state=0)
        assert np.isfinite(cross_val_score(model, ragged(), LABELS, cv=3)).all()
        model.set_params(on_mislabeled="reject", method="sample")
        assert model.fit(ragged(), LABELS).n_augmented_ == 60

    def test_resampling(self):
        X, y = SyntheticOverSampler(fast(), random_state=0).fit_resample(
            ragged(), LABELS
        )
        assert isinstance(X, list)
        assert len(X) == len(y) == 36
        assert [row.shape for row in X[:30]] == [row.shape for row in ragged()]
        panel = convert_to(frames(), "pd-multiindex")
        X, y = SyntheticOverSampler(fast(), random_state=0).fit_resample(panel, LABELS)
        assert check_is_mtype(X, "pd-multiindex", scitype="Panel")
        assert len(unpack(X)[0].times) == len(y) == 36


BAD = {
    "channels": ([np.zeros((2, 5)), np.zeros((3, 6))], r"one number of channels"),
    "dimensions": ([np.zeros((1, 2, 5)), np.zeros((1, 2, 6))], "The time axis is"),
    "empty": ([np.zeros((2, 5)), np.zeros((2, 0))], "without values.* series 1"),
    "infinity": ([np.zeros(5), np.array([0, np.inf])], r"infinity .* series 1"),
    "complex": ([np.zeros(5) * 1j, np.zeros(6) * 1j], "Complex"),
    "words": ([np.array(["a"]), np.array(["b", "c"])], "could not convert"),
    "all missing": ([np.arange(5.0), np.full(4, np.nan)], r"NaN only in 1 series.* 1"),
    "one time point": ([np.zeros((2, 1)), np.zeros((2, 1)), []], "shapes"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_lists_are_refused(name):
    X, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        fast().fit(X)


def test_longer_series_than_in_fit():
    X = ragged()
    longer = [np.zeros((2, 25)), *X[:3]]
    augmenter = fast().fit(X)
    assert shapes(augmenter.transform(longer)) == [row.shape for row in longer]
    for method in (augmenter.augment, augmenter.encode, augmenter.impute):
        with pytest.raises(
            ValueError, match="25 time points, expected 2 of at most 20"
        ):
            method(longer)
    with pytest.raises(ValueError, match="expected 2 of 8 as in fit"):
        fast().fit(np.random.default_rng(0).normal(size=(9, 2, 8))).augment(X)


@pytest.mark.parametrize("n_samples", [5, 2, 1])
def test_few_long_series(n_samples):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=3000 - 100 * i).cumsum() for i in range(n_samples)]
    augmenter = fast().fit(X if n_samples > 1 else np.asarray(X))
    assert 2600 <= augmenter.sample(2)[0].shape[-1] <= 3000


def test_many_channels():
    X = np.random.default_rng(0).normal(size=(20, 28, 50)).cumsum(axis=2)
    X[::4, ::5, 10:20] = np.nan
    assert fast().fit(X).sample(3).shape == (3, 28, 50)


INDEXES = {
    "range": pd.RangeIndex(3, 9, 2, name="step"),
    "dates": pd.date_range("2020", periods=3, freq="h"),
    "dates of a zone": pd.date_range("2020", periods=3, tz="Europe/Lisbon", name="t"),
    "seconds": pd.DatetimeIndex(["2020", "2021", "2023"]).as_unit("s"),
    "months": pd.period_range("2020-01", periods=3, freq="M", name="month"),
    "durations": pd.timedelta_range("1h", periods=3, freq="2h"),
    "numbers": pd.Index([1, 5, 9]),
    "fractions": pd.Index([0.5, 1.5, np.nan], name="x"),
    "words": pd.Index(["a", "b", "c"], name="w"),
    "objects": pd.Index(["a", 1, None], dtype=object),
    "truths": pd.Index([True, False, True]),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_an_index_is_kept_as_plain_values(kind):
    index = INDEXES[kind]
    plain = plain_index(index)
    assert isinstance(plain, dict)
    again = index_of(plain)
    pd.testing.assert_index_equal(again, index, exact=True)
    assert getattr(again, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_product([[1, 2], [3, 4]]),
        pd.interval_range(0, 3),
        pd.CategoricalIndex(["a", "b"]),
        pd.Index([frozenset({1}), 3], dtype=object),
        pd.Index([1, 2], name=("a", "pair")),
        pd.DatetimeIndex(["2020"], tz=timezone(timedelta(hours=1), "mine")),
    ],
    ids=lambda index: type(index).__name__,
)
def test_an_index_that_has_no_plain_form_stays_one(index):
    assert plain_index(index) is index
    assert index_of(index) is index
    container = pickle.loads(pickle.dumps(Container("table", columns=index)))
    assert container.columns.equals(index)


@pytest.mark.parametrize("call", ["fit", "fit_transform", "augment", "grow"])
def test_a_panel_is_unpacked_once_and_packed_once(call, monkeypatch):
    """To build and to read a DataFrame for each series costs more than to vary it."""
    series = np.random.default_rng(0).normal(size=(500, 2, 8))
    X = pd.concat(
        [pd.DataFrame(x.T, columns=["a", "b"]) for x in series], keys=range(500)
    )
    y = np.arange(500) % 2
    counts = {"unpacked": 0, "packed": 0, "frames": 0}
    unpacked, packed, frame = checks.unpack, Container.pack, Container._frame

    def counted_unpack(X):
        counts["unpacked"] += 1
        return unpacked(X)

    def counted_pack(self, *args):
        counts["packed"] += self.kind == "pd-multiindex"
        return packed(self, *args)

    def counted_frame(self, *args):
        counts["frames"] += 1
        return frame(self, *args)

    augmenter = DirectAugmenter(strength=0.1, random_state=0)
    if call == "augment":
        augmenter.fit(X, y)
    monkeypatch.setattr(checks, "unpack", counted_unpack)
    monkeypatch.setattr(Container, "pack", counted_pack)
    monkeypatch.setattr(Container, "_frame", counted_frame)
    if call == "grow":
        sampler = SyntheticOverSampler(augmenter, sampling_strategy={0: 300, 1: 250})
        assert len(sampler.fit_resample(X, y)[1]) == 550
        assert counts == {"unpacked": 1, "packed": 1, "frames": 550}
    elif call == "fit":
        augmenter.fit(X, y)
        assert counts == {"unpacked": 1, "packed": 0, "frames": 0}
    else:
        getattr(augmenter, call)(X, y)
        assert counts == {"unpacked": 1, "packed": 1, "frames": 500}
