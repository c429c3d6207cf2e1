import numpy as np
from sklearn.base import clone

from lgta_sklearn.transforms import Jitter, LinearDelta, Mixup, TrainingCodes


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
    near = TrainingCodes(Z, 1, labels).near(Z, labels, 2)[:, :, 0]
    assert [sorted(row) for row in near.tolist()] == [
        [1.0, 2.0],
        [0.0, 2.0],
        [0.0, 1.0],
        [2.1, 2.1],  # nobody else is there
        [9.0, 9.0],
    ]
    anywhere = TrainingCodes(Z, 1, labels).near(Z[3:4], None, 1)
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


def test_pairs_are_two_different_series_of_the_class():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 2, 3], [9, 8, 4, 1]))
    codes = TrainingCodes(np.arange(22.0)[:, None], 1, labels)
    wanted = np.tile([0, 1, 2, 3, -1], 1000)
    one, other = codes.pairs(wanted, 5000, rng)[:, :, 0].astype(int).T
    assert (labels[one] == labels[other]).all()
    assert (one != other).all()
    large = (wanted == 0) | (wanted == 1)  # enough members to speak for themselves
    assert (labels[one] == wanted)[large].all()
    pairs = zip(one[large].tolist(), other[large].tolist(), strict=True)
    assert len(set(pairs)) == 9 * 8 + 8 * 7  # all there are
    share = (labels[one] == 0)[~large].mean()
    np.testing.assert_allclose(share, 9 / 21, atol=0.04)
    pooled = codes.pairs(None, 500, rng).astype(int)
    assert set(labels[pooled].ravel()) == {0, 1, 2}


def test_pairs_where_no_class_has_two():
    rng, labels = np.random.default_rng(0), np.arange(3)
    pairs = TrainingCodes(np.arange(3.0)[:, None], 1, labels).pairs(labels, 3, rng)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert (TrainingCodes(np.ones((1, 2)), 1, None).pairs(None, 4, rng) == 0).all()


def test_a_delta_spreads_as_the_class_does():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 500)
    within = rng.normal(size=(1000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    within[500:] *= 2.0
    codes = TrainingCodes(within + 10.0 * labels[:, None], 2, labels)
    for k in (0, 1):
        pairs = codes.pairs(np.full(20_000, k), 20_000, rng)
        moved = LinearDelta()(np.zeros((20_000, 2)), rng, pairs)
        wanted = np.cov(within[labels == k].T)
        np.testing.assert_allclose(np.cov(moved.T), wanted, atol=0.1)
