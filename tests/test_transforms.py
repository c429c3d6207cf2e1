import numpy as np
from sklearn.base import clone

from lgta_sklearn.transforms import Jitter


def test_jitter_adds_noise_of_its_scale():
    Z = np.ones((4000, 3))
    moved = Jitter(scale=0.5)(Z, np.random.default_rng(0))
    np.testing.assert_allclose((moved - Z).std(), 0.5, rtol=0.05)
    assert (Z == 1).all()


def test_jitter_is_a_parameter_object():
    assert clone(Jitter(scale=0.3)).scale == 0.3
    assert repr(Jitter(scale=0.3)) == "Jitter(scale=0.3)"
