"""What goes in: every row of docs/reliability.md about series, labels and arguments."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import fast, same
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.datasets import make_waves

X = make_waves(30, n_timepoints=24, random_state=0)
X.setflags(write=False)
WORDS = np.array(["calm", "rough", "wild"])[np.arange(30) % 3]
METHODS = ["transform", "augment", "encode", "reconstruct", "impute", "score_samples"]


@pytest.fixture(scope="module")
def fitted():
    return fast().fit(X, WORDS)


def outputs(augmenter, X, y=None):
    """Return what every method gives, as one dict."""
    given = {name: getattr(augmenter, name)(X) for name in METHODS if name != "augment"}
    given["augment"] = augmenter.augment(X, random_state=0)
    given["sample"] = augmenter.sample(5, random_state=0)
    return given


def finite(values):
    if isinstance(values, list):
        return all(map(finite, values))
    return bool(np.isfinite(np.asarray(values, dtype=float)).all())


def with_value(value, place=(3, 4)):
    changed = X.copy()
    changed[place] = value
    return changed


class TestValues:
    @pytest.mark.parametrize("method", ["fit", *METHODS])
    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_infinity_is_refused_with_its_place(self, method, value, fitted):
        augmenter = fast() if method == "fit" else fitted
        bad = with_value(value)
        with pytest.raises(ValueError, match="the first at series 3, time point 4"):
            getattr(augmenter, method)(bad)

    @pytest.mark.parametrize("latent", ["global", "per_step"])
    def test_nan_is_a_missing_value(self, latent):
        augmenter = fast(latent=latent).fit(with_value(np.nan))
        given = outputs(augmenter, with_value(np.nan))
        for name in ("transform", "augment", "reconstruct"):
            assert np.argwhere(np.isnan(given[name])).tolist() == [[3, 4]]
        for name in ("encode", "impute", "score_samples"):
            assert finite(given[name])

    def test_a_channel_that_one_series_lacks(self):
        both = np.stack([X, X**2], axis=1)
        both[3, 1] = np.nan
        augmenter = fast().fit(both)
        assert np.isnan(augmenter.augment(both)[3, 1]).all()
        assert finite(augmenter.impute(both))
        assert finite(augmenter.score_samples(both))

    @pytest.mark.parametrize("value", [0.0, 3.0, -1e300, 5e-324])
    def test_a_set_of_constants(self, value):
        constant = np.full((8, 12), value)
        augmenter = fast().fit(constant)
        given = outputs(augmenter, constant)
        assert all(map(finite, given.values()))
        far = augmenter.augment(constant, strength=1.0)
        np.testing.assert_array_equal(far, constant)
        for name in ("transform", "augment", "reconstruct", "sample"):
            np.testing.assert_array_equal(given[name], value)

    def test_constants_among_varying_series_and_channels(self):
        mixed = np.stack([X, np.full_like(X, 7.0)], axis=1)
        mixed[:5, 0] = 2.0
        given = outputs(fast().fit(mixed), mixed)
        assert all(map(finite, given.values()))
        for name in ("augment", "reconstruct", "sample"):
            np.testing.assert_array_equal(given[name][:, 1], 7.0)
        assert (np.ptp(given["augment"][:5, 0], axis=1) == 0).all()

    def test_series_that_are_all_the_same(self):
        repeated = np.repeat(X[:1], 12, axis=0)
        given = outputs(fast().fit(repeated), repeated)
        assert all(map(finite, given.values()))
        np.testing.assert_allclose(given["augment"], repeated, atol=1e-6)
        spread = np.abs(given["sample"] - repeated[:5]).max()
        assert spread < 0.5 * np.ptp(X[0])

    @pytest.mark.parametrize("n_samples", [1, 2, 3, 4, 5])
    @pytest.mark.parametrize("labelled", [False, True])
    def test_a_handful_of_series(self, n_samples, labelled):
        few, y = X[:n_samples], np.arange(n_samples) % 2 if labelled else None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", UserWarning)  # they may well collapse
            augmenter = fast().fit(few, y)
            given = outputs(augmenter, few)
        assert augmenter.validation_curve_ is None or n_samples == 5
        assert all(map(finite, given.values()))
        drawn = augmenter.sample(20, random_state=0)
        assert few.min() - 3 * few.std() < drawn.min()
        assert drawn.max() < few.max() + 3 * few.std()

    @pytest.mark.parametrize("latent", ["global", "per_step"])
    @pytest.mark.parametrize("backbone", ["cnn_gru", "transformer", "lstm"])
    @pytest.mark.parametrize("n_timepoints", [2, 3])
    def test_two_or_three_time_points(self, n_timepoints, backbone, latent):
        short = X[:, :n_timepoints]
        given = outputs(fast(backbone, latent=latent).fit(short), short)
        assert all(map(finite, given.values()))

    @pytest.mark.parametrize("backbone", ["cnn_gru", "transformer", "lstm"])
    def test_ten_thousand_time_points(self, backbone):
        long = np.random.default_rng(0).normal(size=(4, 10_000)).cumsum(axis=1)
        augmenter = fast(backbone, max_epochs=1).fit(long)
        assert augmenter.sample(2).shape == (2, 10_000)
        assert finite(augmenter.augment(long))

    def test_more_channels_than_time_points_is_worth_a_word(self):
        wide = X.reshape(30, 8, 3)
        with pytest.warns(UserWarning, match="more channels .8. than time points .3."):
            augmenter = fast().fit(wide)
        assert augmenter.sample(2).shape == (2, 8, 3)

    def test_classes_of_one_series(self):
        y = np.r_[np.zeros(29), 1]
        augmenter = fast().fit(X, y)
        assert finite(augmenter.sample(4, y=1.0))
        everyone = fast().fit(X[:10], np.arange(10).astype(str))
        assert finite(everyone.sample(4, y="7"))
        assert finite(everyone.augment(X[:10]))


class TestScales:
    @pytest.mark.parametrize("exponent", [-1000, -100, 100, 1000])
    @pytest.mark.parametrize("augmenter", [fast(), DirectAugmenter(random_state=0)])
    def test_powers_of_two_come_out_as_they_went_in(self, exponent, augmenter):
        factor = 2.0**exponent
        plain, scaled = (clone(augmenter).fit(some, WORDS) for some in (X, X * factor))
        for name, arguments in {"sample": (300,), "augment": (X,)}.items():
            wanted = getattr(plain, name)(*arguments, random_state=0) * factor
            given = arguments if name == "sample" else (X * factor,)
            got = getattr(scaled, name)(*given, random_state=0)
            np.testing.assert_array_equal(got, wanted)
        if hasattr(plain, "score_samples"):
            wanted = plain.score_samples(X)
            np.testing.assert_array_equal(scaled.score_samples(X * factor), wanted)
            np.testing.assert_allclose(
                scaled.decode(scaled.encode(X * factor)),
                plain.reconstruct(X) * factor,
                rtol=1e-9,
                atol=1e-12 * factor,
            )

    @pytest.mark.parametrize(
        ("factor", "dtype"),
        [(1e-300, float), (1e300, float), (1e-30, "f4"), (1e30, "f4"), (3e36, "f4")],
    )
    def test_the_ends_of_the_range(self, factor, dtype):
        # up to 7 or so times what fits, so that variations would go beyond it
        extreme = (X * factor).astype(dtype)
        augmenter = fast().fit(extreme)
        given = outputs(augmenter, extreme)
        assert all(map(finite, given.values()))
        assert given["sample"].dtype == extreme.dtype
        ordinary = given["sample"].astype(float) / factor
        assert np.std(ordinary) == pytest.approx(np.std(X), rel=0.5)

    def test_what_would_be_infinite_is_the_largest_number(self):
        huge = X / np.abs(X).max() * np.finfo(float).max
        augmenter = fast(strength=3.0).fit(huge)
        varied = augmenter.augment(huge, random_state=0)
        assert finite(varied)
        assert np.abs(varied).max() == np.finfo(float).max

    def test_an_offset_that_dwarfs_the_signal(self):
        augmenter = fast(max_epochs=40).fit(X)
        shifted = fast(max_epochs=40).fit(1e-3 * X + 1e8)
        np.testing.assert_allclose(
            (shifted.reconstruct(1e-3 * X + 1e8) - 1e8) * 1e3,
            augmenter.reconstruct(X),
            atol=0.02,
        )

    def test_an_outlier_does_not_flatten_the_others(self):
        plain = LatentAugmenter(random_state=0).fit(X[1:])
        outlying = with_value(1e12, (0, 4))
        augmenter = LatentAugmenter(random_state=0).fit(outlying)
        assert finite(augmenter.sample(50))

        def error(augmenter):
            return np.std(augmenter.reconstruct(X[1:]) - X[1:]) / np.std(X[1:])

        assert error(plain) < 0.5
        assert error(augmenter) < 0.5

    def test_very_different_sizes_in_one_channel(self):
        sizes = X * 10.0 ** np.linspace(-200, 200, 30)[:, None]
        augmenter = fast().fit(sizes)
        assert finite(augmenter.sample(50))
        assert finite(augmenter.augment(sizes))
        np.testing.assert_array_equal(augmenter.transform(sizes), sizes)
        np.testing.assert_array_equal(augmenter.augment(sizes, strength=0), sizes)
        np.testing.assert_array_equal(augmenter.impute(sizes), sizes)

    def test_integers_beyond_the_mantissa(self):
        large = 2**53 + (10 * X).astype(np.int64)
        augmenter = fast().fit(large)
        np.testing.assert_array_equal(augmenter.transform(large), large.astype(float))
        assert finite(augmenter.sample(5))


NUMBERS = {
    "bool": X > 0,
    **{
        dtype: (10 * X).clip(0).astype(dtype)
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4")
    },
    **{dtype: X.astype(dtype) for dtype in ("f2", "f8", ">f8", np.longdouble)},
    "objects": X.astype(object),
    "texts of numbers": X.astype(str),
    "Fortran order": np.asfortranarray(X),
    "negative strides": X[::-1, ::-1],
    "every other": np.repeat(X, 2, axis=1)[:, ::2],
    "list": X.tolist(),
    "masked, but nothing": np.ma.masked_greater(X, 99),
    "tensor": torch.tensor(X),
    "tensor with a gradient": torch.tensor(X, requires_grad=True),
    "DataFrame": pd.DataFrame(X),
    "nullable": pd.DataFrame(X).astype("Float64"),
    "nullable integers": pd.DataFrame((10 * X).astype(int)).astype("Int64"),
    "categories": pd.DataFrame((10 * X).astype(int)).astype("category"),
    "boolean": pd.DataFrame(X > 0).astype("boolean"),
}


def plain(values):
    values = values.detach() if isinstance(values, torch.Tensor) else values
    return np.asarray(values, dtype=float)


@pytest.mark.floor
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_any_kind_are_numbers(kind):
    some = NUMBERS[kind]
    before = plain(some).copy()
    got = fast().fit(some, WORDS).sample(5, random_state=0)
    wanted = fast().fit(before, WORDS).sample(5, random_state=0)
    np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(plain(some), before)
    varied = fast().fit(some).augment(some, random_state=0)
    assert plain(varied).dtype == float


def test_single_precision_stays_so():
    single = X.astype(np.float32)
    given = outputs(fast().fit(single), single)
    for name in ("transform", "augment", "sample", "reconstruct", "impute"):
        assert given[name].dtype == np.float32


def test_a_file_in_memory_is_read_and_not_written(tmp_path):
    mapped = np.memmap(tmp_path / "x", float, "w+", shape=X.shape)
    mapped[:] = X
    mapped.flush()
    content = (tmp_path / "x").read_bytes()
    read_only = np.memmap(tmp_path / "x", float, "r", shape=X.shape)
    assert same(outputs(fast().fit(read_only), read_only), outputs(fast().fit(X), X))
    assert (tmp_path / "x").read_bytes() == content


def test_what_is_masked_is_missing():
    masked = np.ma.masked_greater(X, 1.0)
    missing = np.where(X > 1.0, np.nan, X)
    got, wanted = (outputs(fast().fit(some), some) for some in (masked, missing))
    assert same(got, wanted)
    whole = np.ma.array((10 * X).astype(int), mask=X > 1.0)
    assert np.isnan(fast().fit(whole).transform(whole)).sum() == (X > 1.0).sum()


def test_half_precision_of_torch():
    half = torch.tensor(X, dtype=torch.bfloat16)
    assert fast().fit(half).augment(half).dtype == np.float32


SPARSE_FRAME = pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0))
REFUSED = {
    "None": (None, TypeError, "got NoneType"),
    "text": ("abc", TypeError, "got str"),
    "dict": ({"a": X}, TypeError, "got dict"),
    "generator of rows": ((row for row in X), ValueError, "blocks of shape.*got"),
    "set": ({1, 2}, TypeError, "got set"),
    "dates": (np.full((9, 5), np.datetime64("2020")), TypeError, "got times"),
    "durations": (np.full((9, 5), np.timedelta64(1)), TypeError, "got times"),
    "fields": (np.zeros(9, dtype=[("a", "f8")]), TypeError, "got named fields"),
    "words": (np.full((9, 5), "x"), ValueError, "could not convert string"),
    "objects": (np.full((9, 5), object()), TypeError, "not 'object'"),
    "complex": (X + 0j, ValueError, "Complex data not supported"),
    "sparse": (sparse.csr_array(X), TypeError, "Sparse data was passed"),
    "sparse frame": (SPARSE_FRAME, TypeError, "Sparse data was passed"),
    "matrix": (sparse.dok_array((9, 5)), TypeError, "Sparse data was passed"),
    "scalar": (np.float64(3), ValueError, "got scalar array"),
    "one series": (X[0], ValueError, "Reshape your data"),
    "Series": (pd.Series(X[0]), ValueError, "Expected"),
    "four axes": (X.reshape(30, 2, 3, 4), ValueError, "got 4 dimensions"),
    "no rows": (X[:0], ValueError, r"0 sample\(s\)"),
    "no time": (X[:, :0], ValueError, r"0 feature\(s\)"),
    "no channels": (np.zeros((9, 0, 5)), ValueError, "0 channels"),
    "one time point": (X[:, :1], ValueError, "needs at least 2"),
    "empty list": ([], ValueError, "Expected 2D array"),
    "empty frame": (pd.DataFrame(), ValueError, r"0 sample\(s\)"),
    "column of texts": (pd.DataFrame(X).assign(x="u"), (TypeError, ValueError), "str"),
    "column twice": (
        pd.DataFrame(X[:, :2], columns=["a", "a"]),
        ValueError,
        "several columns named 'a'",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_set_of_series_is_refused_before_training(kind, monkeypatch):
    bad, error, words = REFUSED[kind]
    monkeypatch.setattr(LatentAugmenter, "_fit_panel", None)
    augmenter = fast()
    with pytest.raises(error, match=words):
        augmenter.fit(bad)
    assert not [name for name in vars(augmenter) if name.endswith("_")]


def frames(times=None):
    """Return the series as a panel of pandas with two levels, names and times."""
    times = pd.date_range("2020", periods=24, freq="h") if times is None else times
    index = pd.MultiIndex.from_product([[f"s{i}" for i in range(30)], times])
    return pd.DataFrame({"u": X.ravel(), "v": X.ravel() ** 2}, index=index)


@pytest.mark.floor
class TestPandas:
    @pytest.mark.parametrize("rows", ["within", "across", "backwards"])
    def test_rows_in_any_order_are_series_in_the_order_of_time(self, rows):
        ordered = frames()
        if rows == "within":
            shuffled = ordered.groupby(level=0, sort=False).sample(
                frac=1, random_state=0
            )
        else:
            rng = np.random.default_rng(0)
            order = rng.permutation(720) if rows == "across" else np.arange(720)[::-1]
            shuffled = ordered.iloc[order]
        augmenter = fast().fit(ordered)
        for method in ("transform", "reconstruct", "impute"):
            got, wanted = (
                getattr(augmenter, method)(some) for some in (shuffled, ordered)
            )
            assert got.index.equals(shuffled.index)  # as the caller has them
            pd.testing.assert_frame_equal(got.loc[wanted.index], wanted)
        # the same model is trained from them, where series come in the same order
        if rows == "within":
            again = fast().fit(shuffled)
            assert same(
                again.sample(4, random_state=0).reset_index(drop=True),
                augmenter.sample(4, random_state=0).reset_index(drop=True),
            )

    def test_a_time_that_occurs_twice_is_refused(self):
        twice = pd.concat([frames(), frames().iloc[[30]]])
        with pytest.raises(ValueError, match="'s1' has several rows at 2020-01-01 06:"):
            fast().fit(twice)
        listed = [pd.DataFrame({"u": x}, index=[0, *range(23)]) for x in X]
        with pytest.raises(ValueError, match="Series 0 has several rows at 0"):
            fast().fit(listed)

    def test_times_that_are_missing_or_descend_are_refused(self):
        times = [pd.NaT, *pd.date_range("2020", periods=23)]
        with pytest.raises(ValueError, match="'s0' has times that are missing"):
            fast().fit(frames(times))
        listed = [pd.DataFrame({"u": x}, index=range(24, 0, -1)) for x in X]
        with pytest.raises(ValueError, match=r"Series 0 .* do not ascend.*sort_index"):
            fast().fit(listed)
        nested = pd.DataFrame({"u": [pd.Series(x, index=range(24, 0, -1)) for x in X]})
        with pytest.raises(ValueError, match=r"Series 0 .* do not ascend"):
            fast().fit(nested)

    def test_times_of_their_own_are_labels(self):
        own = frames()
        starts = np.repeat(pd.timedelta_range("0D", periods=30), 24)
        own.index = pd.MultiIndex.from_arrays(
            [own.index.get_level_values(0), own.index.get_level_values(1) + starts]
        )
        augmenter = fast().fit(own)
        assert augmenter.transform(own).index.equals(own.index)
        np.testing.assert_array_equal(
            augmenter.encode(own), fast().fit(frames()).encode(frames())
        )

    def test_channels_have_names_and_an_order(self):
        listed = [frame.droplevel(0) for _, frame in frames().groupby(level=0)]
        mixed = [f[["v", "u"]] if i % 2 else f for i, f in enumerate(listed)]
        np.testing.assert_array_equal(
            fast().fit(mixed).encode(mixed), fast().fit(listed).encode(listed)
        )
        with pytest.raises(ValueError, match=r"channels \['u', 'v'\] and with \['u'\]"):
            fast().fit([*listed[:3], listed[3][["u"]]])
        turned = frames()[["v", "u"]]
        with pytest.raises(ValueError, match=r"channels \['v', 'u'\], expected \['u'"):
            fast().fit(frames()).transform(turned)
        numbered = frames().set_axis([0, 1], axis=1)  # numbers are no names
        assert fast().fit(frames()).transform(numbered).shape == (720, 2)
        with pytest.raises(ValueError, match="several columns named 'u'"):
            fast().fit(frames().set_axis(["u", "u"], axis=1))

    def test_channels_of_one_series_have_one_length(self):
        cells = {"u": [pd.Series(x) for x in X], "v": [pd.Series(x[:9]) for x in X]}
        with pytest.raises(ValueError, match=r"series 0 have \[9, 24\] time points"):
            fast().fit(pd.DataFrame(cells))

    @pytest.mark.parametrize("dtype", ["Float64", "double[pyarrow]", "object"])
    def test_missing_values_of_any_kind_are_missing(self, dtype):
        if "pyarrow" in dtype:
            pytest.importorskip("pyarrow")
        table = pd.DataFrame(X)
        wanted = fast().fit(table.mask(table > 1)).encode(table)
        got = fast().fit(table.astype(dtype).mask(table > 1)).encode(table)
        np.testing.assert_array_equal(got, wanted)
        panel = frames()
        missing = panel.astype(dtype).mask(panel > 1)
        np.testing.assert_array_equal(
            fast().fit(missing).encode(panel),
            fast().fit(panel.mask(panel > 1)).encode(panel),
        )

    def test_row_labels_may_repeat(self):
        table = pd.DataFrame(X, index=[0] * 30)
        varied = fast().fit(table).augment(table)
        assert varied.index.equals(table.index)

    def test_column_names_in_another_order_are_refused(self):
        table = pd.DataFrame(X).add_prefix("hour")
        with pytest.raises(ValueError, match="feature names should match"):
            fast().fit(table).transform(table[table.columns[::-1]])


@pytest.mark.changes_global_state
def test_frames_of_polars():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(X, schema=[f"hour{i}" for i in range(24)])
    augmenter = fast().fit(frame)
    np.testing.assert_array_equal(augmenter.encode(frame), fast().fit(X).encode(X))
    assert augmenter.feature_names_in_.tolist() == frame.columns
    polars = augmenter.set_output(transform="polars").transform(frame)
    assert polars.columns == frame.columns
    holes = frame.with_columns(pl.when(pl.col("hour3") < 1).then(pl.col("hour3")))
    kept = fast().fit(holes).transform(holes)
    assert np.isnan(kept).sum() == (X[:, 3] >= 1).sum()


LABELS = {
    "words": WORDS,
    "numbers with gaps": 10 * (np.arange(30) % 3) - 7,
    "bool": np.arange(30) % 2 > 0,
    "whole floats": np.arange(30) % 3 * 1.0,
    "list": WORDS.tolist(),
    "tuple": tuple(WORDS),
    "objects": WORDS.astype(object),
    "empty text": np.array(["", "a"])[np.arange(30) % 2],
    "Series": pd.Series(WORDS, index=np.random.default_rng(0).permutation(30)),
    "category": pd.Series(WORDS).astype("category"),
    "Categorical": pd.Categorical(WORDS, categories=["wild", "calm", "rough", "none"]),
    "Int64": pd.Series(np.arange(30) % 3).astype("Int64"),
    "string": pd.Series(WORDS).astype("string"),
    "column": WORDS[:, None],
}


@pytest.mark.floor
@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind(kind):
    y = LABELS[kind]
    augmenter = fast().fit(X, y)
    flat = np.asarray(y).ravel()
    assert augmenter.classes_.tolist() == sorted(set(flat.tolist()))
    _, grown = augmenter.augment(X, y, n_copies=2)
    assert np.asarray(grown).ravel().tolist() == [*flat.tolist(), *flat.tolist()]
    assert type(grown) is (type(y) if hasattr(y, "dtype") else np.ndarray)
    if hasattr(y, "dtype"):
        assert grown.dtype == y.dtype
    for label in augmenter.classes_:
        assert augmenter.sample(2, y=label).shape == (2, 24)


BAD_LABELS = {
    "NaN": np.where(np.arange(30) % 3, 1.0, np.nan),
    "None": np.array([None, "a"], dtype=object)[np.arange(30) % 2],
    "NA": pd.Series(np.arange(30) % 3).astype("Int64").mask(np.arange(30) == 4),
    "NaT": pd.to_datetime(pd.Series(["2020"] * 29 + [None])),
    "too few": WORDS[:20],
    "too many": np.r_[WORDS, WORDS],
    "mixed": np.array([1, "a"], dtype=object)[np.arange(30) % 2],
    "scalar": 3,
    "a word": "calm",
    "complex": np.arange(30) % 2 + 0j,
}


@pytest.mark.parametrize("kind", BAD_LABELS)
def test_bad_labels_are_refused_before_training(kind, monkeypatch):
    monkeypatch.setattr(LatentAugmenter, "_fit_panel", None)
    words = "NaN|inconsistent|mixes texts|sequence|Complex"
    with pytest.raises((ValueError, TypeError), match=words):
        fast().fit(X, BAD_LABELS[kind])


@pytest.mark.parametrize("y", [np.linspace(0, 1, 30), np.c_[WORDS, WORDS]])
def test_targets_are_carried_along_and_not_conditioned_on(y):
    augmenter = fast().fit(X, y)
    assert not hasattr(augmenter, "classes_")
    np.testing.assert_array_equal(augmenter.augment(X, y, n_copies=2)[1][30:], y)


class TestArguments:
    @pytest.mark.parametrize("n_samples", [-1, 1.5, "3", None, True, 2.0])
    def test_numbers_of_samples(self, n_samples, fitted):
        with pytest.raises(ValueError, match="n_samples must be an int >= 0, got"):
            fitted.sample(n_samples)
        with pytest.raises(ValueError, match="n_copies must be an int >= 0, got"):
            fitted.augment(X, n_copies=n_samples)

    def test_none_and_far_too_many(self, fitted):
        assert fitted.sample(0).shape == (0, 24)
        assert fitted.augment(X, n_copies=0).shape == (0, 24)
        with pytest.raises(MemoryError):
            fitted.sample(10**14)

    @pytest.mark.parametrize("y", ["calmer", ["calm", None], np.nan, 1, ["calm"] * 3])
    def test_labels_of_samples(self, y, fitted):
        with pytest.raises(ValueError, match=r"not in fit|y has 3 labels"):
            fitted.sample(2, y=y)

    @pytest.mark.parametrize("strength", [-1, np.nan, np.inf, "much", True])
    def test_strengths(self, strength, fitted):
        with pytest.raises(ValueError, match="strength must be a number >= 0, got"):
            fitted.augment(X, strength=strength)

    @pytest.mark.parametrize("seed", [-1, 1.5, "seed", [1, 2]])
    def test_seeds(self, seed, fitted):
        with pytest.raises(ValueError, match="random_state must be None, an int"):
            fitted.sample(2, random_state=seed)
        with pytest.raises(ValueError, match="random_state must be None, an int"):
            fast(random_state=seed).fit(X)

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e6, 1j, "z"])
    def test_codes(self, value, fitted):
        Z = fitted.encode(X)[:2].astype(object)
        Z[0, -1] = value
        with pytest.raises(ValueError, match=r"NaN|infinity|log-scales|Complex|string"):
            fitted.decode(np.array(Z.tolist()))
        assert fitted.decode(fitted.encode(X)[:0]).shape == (0, 24)

    @pytest.mark.parametrize("beta", [np.inf, np.nan])
    def test_numbers_are_finite(self, beta):
        with pytest.raises(ValueError, match="beta of LatentAugmenter must be"):
            fast(beta=beta).fit(X)

    def test_the_layout_of_fit_is_kept_to(self, fitted):
        multi = fast().fit(np.stack([X, X], axis=1))
        turned = np.stack([X, X], axis=2)
        with pytest.raises(ValueError, match=r"expected 2 of 24 .*axis order"):
            multi.transform(turned)
        with pytest.raises(ValueError, match=r"X has 23 features"):
            fitted.transform(X[:, 1:])

    @pytest.mark.parametrize("method", [*METHODS, "sample", "decode", "strength_curve"])
    def test_nothing_works_before_fit(self, method):
        arguments = () if method in ("sample", "strength_curve") else (X,)
        with pytest.raises(NotFittedError):
            getattr(fast(), method)(*arguments)

    def test_parameters_set_wrongly_after_fit_are_refused_then(self):
        augmenter = fast().fit(X).set_params(on_transform="nothing")
        with pytest.raises(ValueError, match="on_transform of LatentAugmenter must be"):
            augmenter.transform(X)
        augmenter.set_params(on_transform="identity", strength=-1)
        with pytest.raises(ValueError, match="strength of LatentAugmenter must be"):
            augmenter.sample(2)

    def test_parameters_of_the_training_count_at_the_next_fit(self):
        augmenter = fast().fit(X)
        wanted = outputs(augmenter, X)
        augmenter.set_params(latent_dim=9, backbone="lstm", max_epochs=7, beta=3.0)
        assert same(outputs(augmenter, X), wanted)

    def test_a_refused_call_changes_nothing(self):
        augmenter, twin = fast().fit(X), fast().fit(X)
        for bad in (X[:, 1:], None, with_value(np.inf)):
            for method in METHODS:
                with pytest.raises((ValueError, TypeError)):
                    getattr(augmenter, method)(bad)
        # not even the sequence of its random numbers
        assert same(augmenter.sample(3), twin.sample(3))


def test_a_day_is_no_number():
    days = np.full((9, 5), datetime.date(2020, 1, 1))
    with pytest.raises(TypeError, match=r"not .*date"):
        fast().fit(days)
