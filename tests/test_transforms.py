import numpy as np
from sklearn.base import clone

from lgta_sklearn.transforms import Jitter, LatentNeighbours, Mixup


def test_jitter_adds_noise_of_its_scale():
    Z = np.ones((4000, 3))
    moved = Jitter(scale=0.5)(Z, np.random.default_rng(0))
    np.testing.assert_allclose((moved - Z).std(), 0.5, rtol=0.05)
    assert (Z == 1).all()


def test_jitter_is_a_parameter_object():
    assert clone(Jitter(scale=0.3)).scale == 0.3
    assert repr(Jitter(scale=0.3)) == "Jitter(scale=0.3)"


def test_neighbours_are_of_the_class_and_not_the_code_itself():
    Z = np.array([[0.0], [1.0], [2.0], [2.1], [9.0]])
    labels = np.array([0, 0, 0, 1, 2])
    near = LatentNeighbours(Z, labels).near(Z, labels, 2)[:, :, 0]
    assert [sorted(row) for row in near.tolist()] == [
        [1.0, 2.0],
        [0.0, 2.0],
        [0.0, 1.0],
        [2.1, 2.1],  # nobody else is there
        [9.0, 9.0],
    ]
    anywhere = LatentNeighbours(Z, labels).near(Z[3:4], None, 1)
    assert anywhere.ravel().tolist() == [2.0]


def test_mixup_stays_on_the_lines_to_the_neighbours():
    rng = np.random.default_rng(0)
    Z, neighbours = rng.normal(size=(50, 3)), rng.normal(size=(50, 4, 3))
    moved = Mixup(4)(Z, rng, neighbours)
    way = (moved - Z)[:, None] / (neighbours - Z[:, None])
    on_a_line = np.ptp(way, axis=2) < 1e-9
    assert on_a_line.any(axis=1).all()
    share = way[on_a_line][:, 0]
    assert share.min() >= 0
    assert share.max() <= 1
