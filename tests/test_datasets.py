import numpy as np
import pytest

from lgta_sklearn import DirectAugmenter
from lgta_sklearn.datasets import make_waves, unpad


def test_waves_have_the_range_asked_for():
    X = make_waves(500, amplitude=(1.0, 2.0), random_state=0)
    assert X.shape == (500, 100)
    assert np.abs(X).max(axis=1).min() > 0.9
    assert np.abs(X).max() <= 2.0


def test_waves_repeat_with_their_seed():
    np.testing.assert_array_equal(
        make_waves(3, random_state=1), make_waves(3, random_state=1)
    )
    assert not np.array_equal(
        make_waves(3, random_state=1), make_waves(3, random_state=2)
    )


def test_noise_is_added():
    noise = make_waves(200, noise=0.5, random_state=0) - make_waves(200, random_state=0)
    np.testing.assert_allclose(noise.std(), 0.5, rtol=0.05)


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="n_samples must be an int >= 1, got 0"):
        make_waves(0)


class TestUnpad:
    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    @pytest.mark.parametrize("n_channels", [None, 1, 3])
    def test_it_takes_back_what_padding_did(self, n_channels, dtype):
        rng = np.random.default_rng(0)
        lead = () if n_channels is None else (n_channels,)
        series = [rng.normal(size=(*lead, n)).astype(dtype) for n in (4, 1, 7)]
        X = np.full((3, *lead, 9), np.nan, dtype=dtype)
        for row, one in zip(X, series, strict=True):
            row[..., : one.shape[-1]] = one
        for found, one in zip(unpad(X), series, strict=True):
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, one)
            assert not np.shares_memory(found, X)

    def test_gaps_stay_and_the_longest_channel_counts(self):
        X = np.full((1, 2, 5), np.nan)
        X[0, 0, [0, 3]], X[0, 1, 0] = 1.0, 2.0
        (found,) = unpad(X)
        np.testing.assert_array_equal(found, X[0, :, :4])

    def test_numbers_without_nan_have_no_padding(self):
        X = np.arange(6).reshape(2, 3)
        for found, row in zip(unpad(X), X, strict=True):
            assert found.dtype == X.dtype
            np.testing.assert_array_equal(found, row)
        assert unpad(np.empty((0, 5))) == []

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            ([[1.0], [np.nan], [np.nan]], "2 of 3 have none, .* is series 1"),
            (np.full((1, 2, 3), np.nan), "1 of 1 have none, .* is series 0"),
            (np.ones((2, 0)), "2 of 2 have none"),
            (np.ones(3), r"float64 of shape \(3,\)"),
            (np.ones((1, 1, 1, 1)), "n_channels, n_timepoints"),
            ([["a", "b"]], "an array of numbers"),
        ],
    )
    def test_bad_input(self, X, message):
        with pytest.raises(ValueError, match=message):
            unpad(X)

    def test_an_augmenter_takes_the_list(self):
        X = make_waves(12, n_timepoints=20, random_state=0)
        X[::2, 15:] = np.nan
        series = unpad(X)
        varied = DirectAugmenter(random_state=0).fit_transform(series)
        assert [len(row) for row in varied] == [len(row) for row in series]
