import numpy as np
import pytest

from lgta_sklearn.datasets import make_waves


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
