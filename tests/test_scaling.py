import numpy as np
import pytest

from lgta_sklearn.scaling import ScaleDecomposition, ValueGrid, level_and_scale


@pytest.fixture
def series():
    return np.random.default_rng(0).normal(3.0, 2.0, size=(20, 2, 30))


def test_split_and_join_are_inverse(series):
    scaling = ScaleDecomposition().fit(series)
    np.testing.assert_allclose(scaling.join(*scaling.split(series)), series)


def test_shape_has_mean_zero_and_deviation_one(series):
    _, _, shape = ScaleDecomposition().fit(series).split(series)
    np.testing.assert_allclose(shape.mean(axis=2), 0, atol=1e-12)
    np.testing.assert_allclose(shape.std(axis=2), 1)


def test_almost_constant_series_are_not_blown_up(series):
    series[0] = 3.0 + 1e-6 * series[0]
    scaling = ScaleDecomposition(floor=0.1).fit(series)
    level, scale, shape = scaling.split(series)
    np.testing.assert_array_equal(scale[0], scaling.min_scale_)
    assert np.abs(shape[0]).max() < 1e-4
    np.testing.assert_allclose(scaling.join(level, scale, shape), series)


def test_constant_series_have_scale_zero_and_their_own_level(series):
    series[0] = 0.1  # whose mean over 30 points rounding would change
    level, scale, shape = ScaleDecomposition().fit(series).split(series)
    assert (level[0] == 0.1).all()
    assert (scale[0] == 0).all()
    assert (shape[0] == 0).all()


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_shape_does_not_depend_on_units(series, factor):
    _, _, shape = ScaleDecomposition().fit(series).split(series)
    _, _, scaled = ScaleDecomposition().fit(series * factor).split(series * factor)
    np.testing.assert_allclose(scaled, shape, atol=1e-9)


def test_only_values_that_recur_make_a_grid():
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(30, 20))
    rain = np.where(steps > 1, np.round(steps, 1), 0.0)
    constants = np.repeat(rng.normal(size=(30, 1)), 20, axis=1)
    X = np.stack([steps, np.round(steps), rain, constants], axis=1)
    grid = ValueGrid().fit(X)
    assert [values is not None for values in grid.values_] == [False, True, True, False]
    moved = X + 0.01
    snapped = grid.snap(moved)
    np.testing.assert_array_equal(snapped[:, 1:3], X[:, 1:3])
    np.testing.assert_array_equal(snapped[:, [0, 3]], moved[:, [0, 3]])


def test_overlapping_windows_are_no_grid():
    series = np.random.default_rng(0).normal(size=200)
    windows = np.lib.stride_tricks.sliding_window_view(series, 24)[:, None]
    assert ValueGrid().fit(windows).values_ == [None]


CHANNELS = np.random.default_rng(3).normal(size=(20, 3, 10)).cumsum(axis=2)
CHANNELS *= np.array([1.0, 50.0, 0.0])[:, None]  # the last channel is constant


class TestFloors:
    def test_each_channel_has_one_of_its_own(self):
        fitted = ScaleDecomposition(0.1).fit(CHANNELS)
        scale = CHANNELS.std(axis=2)
        np.testing.assert_allclose(fitted.max_scale_, scale.max(axis=0))
        typical = np.sqrt((scale**2).mean(axis=0))
        np.testing.assert_allclose(fitted.min_scale_, [*0.1 * typical[:2], 1.0])
        assert ScaleDecomposition().floor == 0.02

    @pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
    @pytest.mark.parametrize("outlier", [40.0, 60.0, 1e9])
    def test_outliers_count_as_fifty_times_the_others(self, outlier, size):
        X = size * CHANNELS[:, :2].copy()
        X[0, 0] = outlier * size * np.resize([1.0, -1.0], 10)
        scale = X.std(axis=2)
        most = np.sort(scale, axis=0)[17]  # nine tenths of 20, and no more than seen
        typical = np.sqrt((np.minimum(scale, 50 * most) ** 2).mean(axis=0))
        fitted = ScaleDecomposition(0.1).fit(X)
        np.testing.assert_allclose(fitted.min_scale_, 0.1 * typical)

    def test_series_that_are_mostly_constant_do_not_count_the_rest_as_outliers(self):
        X = np.zeros((20, 1, 10))
        X[0] = CHANNELS[0, 0]
        fitted = ScaleDecomposition(0.1).fit(X)
        typical = np.sqrt(X[0].var() / 20)
        np.testing.assert_allclose(fitted.min_scale_, 0.1 * typical)

    def test_of_series_that_are_not_known_everywhere(self):
        X = CHANNELS[:, :2].copy()
        X[0, 0], X[1, 0, 3:], X[2, 0, 1:] = np.nan, np.nan, np.nan
        level, scale, _ = ScaleDecomposition().fit(X).split(X)
        assert np.isnan(level[0, 0])
        assert np.isnan(scale[0, 0])
        np.testing.assert_allclose(level[1, 0], X[1, 0, :3].mean())
        np.testing.assert_allclose(scale[1, 0], X[1, 0, :3].std())
        assert level[2, 0] == X[2, 0, 0]
        assert scale[2, 0] == 0
        np.testing.assert_allclose(level[3:], X[3:].mean(axis=2))


class TestShapes:
    def test_drawn_ones_get_mean_zero_and_deviation_one_above_the_floor(self):
        fitted = ScaleDecomposition(0.1).fit(CHANNELS)
        drawn = 0.3 * CHANNELS + 1.0
        floor = np.broadcast_to(fitted.min_scale_, (20, 3))
        above = fitted.as_shape(drawn, 2 * floor)
        np.testing.assert_allclose(above.mean(axis=2), 0, atol=1e-12)
        np.testing.assert_allclose(above[:, :2].std(axis=2), 1)
        np.testing.assert_array_equal(above[:, 2], 0)
        centred = drawn - drawn.mean(axis=2, keepdims=True)
        for at in (floor, 0.5 * floor, 0 * floor):
            np.testing.assert_allclose(fitted.as_shape(drawn, at), centred, atol=1e-12)


class TestGrids:
    def test_values_of_short_series_that_recur(self):
        X = np.array([[[1.0, 2.0, 2.0, np.nan]], [[5.0, 5.0, 5.0, 5.0]]])
        fitted = ValueGrid().fit(X)
        np.testing.assert_array_equal(fitted.values_[0], [1, 2, 5])
        snapped = fitted.snap(np.array([[[1.4, 1.6, 3.4, 3.6, -9.0, 99.0]]]))
        np.testing.assert_array_equal(snapped, [[[1, 2, 2, 5, 1, 5]]])

    def test_a_tenth_must_recur_within_the_series_that_vary(self):
        distinct = np.arange(11.0)
        one = np.r_[distinct[:10], 0.0]  # one of ten steps is none
        for row, has_grid in ((one, True), (distinct, False)):
            values = ValueGrid().fit(row[None, None]).values_[0]
            assert (values is not None) == has_grid
        more = np.r_[np.arange(11.0), 0.0]  # one of eleven
        assert ValueGrid().fit(more[None, None]).values_ == [None]
        small = 1e-3 * one
        assert ValueGrid().fit(small[None, None]).values_[0] is not None
        constant = np.full((3, 1, 11), 4.0)
        assert ValueGrid().fit(constant).values_ == [None]
        both = np.concatenate([constant, distinct[None, None]])
        assert ValueGrid().fit(both).values_ == [None]
        assert ValueGrid().fit(np.zeros((2, 1, 1))).values_ == [None]

    def test_many_values_are_looked_at_in_part(self, monkeypatch):
        monkeypatch.setattr("lgta_sklearn.scaling.N_INSPECTED", 20)
        X = np.arange(40.0).reshape(4, 1, 10)
        X[1::2, 0, :5] = 3.0  # of every other series, and these are not looked at
        assert ValueGrid().fit(X).values_ == [None]
        X[::2, 0, :5] = 3.0
        values = ValueGrid().fit(X).values_[0]
        np.testing.assert_array_equal(values, np.unique(X))


def test_levels_are_found_some_series_at_a_time(monkeypatch):
    seen = []

    def portions(function, n_rows, n_values):
        seen.append((n_rows, n_values))
        return function(slice(0, n_rows))

    monkeypatch.setattr("lgta_sklearn.scaling.map_chunks", portions)
    level, scale = level_and_scale(CHANNELS)
    assert seen == [(20, 30)]
    np.testing.assert_allclose(level, CHANNELS.mean(axis=2))
    np.testing.assert_allclose(scale, CHANNELS.std(axis=2), atol=1e-12)


def test_an_extended_grid_goes_on_where_nothing_was_seen():
    X = np.array([0.0, 1, 2, 3, 4, 5, 12] * 4).reshape(2, 1, 14)
    grid = ValueGrid().fit(X)
    values = np.array([[[1.2, 8.9, 15.3, -3.4]]])
    np.testing.assert_array_equal(grid.snap(values), [[[1, 12, 12, 0]]])
    extended = grid.snap(values, extended=True)
    np.testing.assert_array_equal(extended, [[[1, 9, 15, -3]]])
