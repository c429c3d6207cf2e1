import numpy as np
import pytest

from lgta_sklearn.scaling import ScaleDecomposition, ValueGrid


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
