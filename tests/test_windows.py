import numpy as np
import pandas as pd
import pytest

from lgta_sklearn import DirectAugmenter
from lgta_sklearn.datasets import time_split, unwindow, windows


def long_frame(levels):
    """Return twelve monthly series of two channels in a long frame."""
    rng = np.random.default_rng(0)
    months = pd.period_range("2020-01", periods=30, freq="M")
    keys = [("north", "a"), ("north", "b"), ("south", "a")]
    names = ["state", "purpose"]
    if levels == 2:
        keys, names = ["first", "second", "third"], ["series"]
    frames = [
        pd.DataFrame(rng.normal(size=(30 - i, 2)), months[i:], ["trips", "nights"])
        for i in range(3)
    ]
    return pd.concat(frames, keys=keys, names=[*names, "month"])


CONTAINERS = {
    "(T,)": lambda: np.arange(40.0),
    "(n, T)": lambda: np.random.default_rng(0).normal(size=(3, 30)),
    "(n, C, T)": lambda: np.random.default_rng(0).normal(size=(3, 2, 30)),
    "float32": lambda: np.random.default_rng(0).normal(size=(3, 30)).astype("f4"),
    "list": lambda: [np.arange(10.0), np.arange(4.0), np.arange(31.0)],
    "list of (C, T)": lambda: [np.ones((2, 10)), np.ones((2, 13))],
    "Series": lambda: pd.Series(np.arange(40.0), pd.date_range("2020", periods=40)),
    "DataFrame": lambda: pd.DataFrame(np.ones((30, 2)), columns=["a", "b"]),
    "long frame": lambda: long_frame(2),
    "hierarchy": lambda: long_frame(3),
}


def as_list(X):
    """Return the values of a container, one array per series, to compare."""
    if hasattr(X, "iloc"):
        return [X.to_numpy()]
    return [np.asarray(row) for row in X] if isinstance(X, list) else [X]


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("step", [1, 4])
def test_there_and_back_is_bit_for_bit(name, step):
    X = CONTAINERS[name]()
    W, places = windows(X, 6, step=step)
    back = unwindow(W, places, X)
    assert type(back) is type(X)
    if isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(back, X)
    elif isinstance(X, pd.Series):
        pd.testing.assert_series_equal(back, X)
    else:
        for a, b in zip(as_list(back), as_list(X), strict=True):
            np.testing.assert_array_equal(a, b)
    moved = as_list(unwindow(W + 1, places, X))
    changes = [a - b for a, b in zip(moved, as_list(X), strict=True)]
    rounded = np.unique(np.concatenate([np.round(c, 5).ravel() for c in changes]))
    assert set(rounded) <= {0.0, 1.0}  # 0 where there is no window
    assert 1.0 in rounded


def test_windows_are_where_they_say():
    X = np.random.default_rng(0).normal(size=(3, 2, 20))
    W, places = windows(X, 5, step=3)
    assert W.shape == (3 * 6, 2, 5)
    for window, (series, start) in zip(W, places, strict=True):
        np.testing.assert_array_equal(window, X[series, :, start : start + 5])
    W[:] = 0
    assert X.any()  # a copy


def test_a_window_counts_most_in_its_middle():
    x = np.zeros(9)
    W, places = windows(x, 6, step=3)
    W[0] += 1  # the other stays
    back = unwindow(W, places, x)
    np.testing.assert_allclose(back, [1, 1, 1, 3 / 4, 2 / 4, 1 / 4, 0, 0, 0])
    np.testing.assert_array_equal(x, 0)


def test_short_series_have_no_windows_and_stay():
    X = [np.arange(3.0), np.arange(9.0)]
    W, places = windows(X, 5)
    assert set(places[:, 0]) == {1}
    np.testing.assert_array_equal(unwindow(W + 1, places, X)[0], X[0])


@pytest.mark.parametrize("levels", [2, 3])
def test_a_varied_hierarchy_keeps_its_index(levels):
    frame = long_frame(levels)
    W, places = windows(frame, 12, step=6)
    augmenter = DirectAugmenter(random_state=0).fit(W)
    varied = unwindow(augmenter.augment(W, strength=0.2), places, frame)
    assert varied.index.equals(frame.index)
    assert varied.columns.equals(frame.columns)
    assert not varied.equals(frame)


def test_an_augmenter_takes_a_hierarchy_itself():
    frame = long_frame(3)
    before = frame.copy()
    augmenter = DirectAugmenter(random_state=0)
    varied = augmenter.fit_transform(frame)
    assert varied.index.equals(frame.index)
    twice = augmenter.augment(frame, n_copies=2)
    assert len(twice) == 2 * len(frame)
    assert twice.index.names == [None, "month"]
    assert augmenter.sample(4).index.nlevels == 2
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_split_is_in_time_with_a_gap(name):
    X = CONTAINERS[name]()
    train, test = time_split(X, 1, gap=2)
    if isinstance(X, pd.DataFrame) and X.index.nlevels > 1:
        ids = list(range(X.index.nlevels - 1))
        for key, whole in X.groupby(level=ids):
            pd.testing.assert_frame_equal(train.loc[key], whole.loc[key].iloc[:-3])
            pd.testing.assert_frame_equal(test.loc[key], whole.loc[key].iloc[-1:])
    elif hasattr(X, "iloc"):
        assert train.equals(X.iloc[:-3])
        assert test.equals(X.iloc[-1:])
    else:
        rows = zip(as_list(train), as_list(test), as_list(X), strict=True)
        for first, second, whole in rows:
            np.testing.assert_array_equal(first, whole[..., :-3])
            np.testing.assert_array_equal(second, whole[..., -1:])


def test_a_share_is_a_share():
    train, test = time_split(np.arange(10.0), 0.3)
    assert (len(train), len(test)) == (7, 3)
    train, test = time_split(long_frame(2), 0.5, gap=1)
    assert len(test) == 15 + 14 + 14  # of 30, 29, 28
    assert len(train) == 14 + 14 + 13


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: windows(np.arange(5.0), 6), "length=6 is more than the 5"),
        (lambda: windows(np.ones((40, 3)), 6), r"X\.T\[None\]"),
        (lambda: windows(np.arange(5.0), 0), "length must be an int >= 1"),
        (lambda: windows(np.arange(5.0), 2, step=0), "step must be an int >= 1"),
        (lambda: windows(np.ones((2, 2, 2, 2)), 2), "n_channels, n_timepoints"),
        (
            lambda: unwindow(np.ones((3, 4)), np.zeros((2, 2)), np.ones(9)),
            "places",
        ),
        (
            lambda: unwindow(np.ones((1, 2, 4)), np.zeros((1, 2)), np.ones(9)),
            r"\(n_windows, 1, length\)",
        ),
        (lambda: time_split(np.arange(9.0), 1.5), r"a share in \(0, 1\)"),
        (lambda: time_split(np.arange(9.0), 0), r"a share in \(0, 1\)"),
        (lambda: time_split(np.arange(9.0), 1.0), r"leave 0 of 9"),
        (lambda: time_split(np.arange(9.0), 5, gap=4), "leave 0 of 9"),
        (lambda: time_split(np.arange(9.0), gap=-1), "gap must be an int >= 0"),
        (lambda: time_split(np.arange(9.0), 0.01), "0 to test on"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
