import numpy as np
import pytest
from sklearn.base import clone

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.augmenters._peers import Peers, TrainingSeries
from lgta_sklearn.transforms import Jitter, LinearDelta, Mixup, SomeOf


def training(V, labels=None, residual=None):
    """Return training series with one code, and residuals of two values."""
    residual = np.zeros((len(V), 1, 2)) if residual is None else residual
    return TrainingSeries(V, residual, labels, np.ones(1))


def test_jitter_adds_noise_of_its_scale():
    Z = np.ones((4000, 3))
    moved = Jitter(scale=0.5)(Z, np.random.default_rng(0))
    np.testing.assert_allclose((moved - Z).std(), 0.5, rtol=0.05)
    assert (Z == 1).all()


def test_jitter_is_a_parameter_object():
    assert clone(Jitter(scale=0.3)).scale == 0.3
    assert repr(Jitter(scale=0.3)) == "Jitter(scale=0.3)"


class TestTrainingSeries:
    def test_neighbours_are_of_the_class_and_not_the_series_itself(self):
        V = np.array([[0.0], [1.0], [2.0], [2.1], [9.0]])
        labels = np.array([0, 0, 0, 1, 2])
        near = training(V, labels).near(V, labels, 2)
        assert [sorted(row) for row in near.tolist()] == [
            [1, 2],
            [0, 2],
            [0, 1],
            [3, 3],  # nobody else is there
            [4, 4],
        ]

    def test_a_series_without_a_label_is_of_the_class_of_the_nearest(self):
        V = np.array([[0.0], [1.0], [2.0], [2.1], [9.0]])
        series = training(V, np.array([0, 0, 0, 1, 2]))
        rows, labels = np.array([[2.0], [2.09], [-5.0]]), np.array([-1, -1, 2])
        # itself; another of class 1; one whose class is known
        assert series.near(rows, labels, 1).ravel().tolist() == [1, 3, 4]
        assert series.near(rows[:1], None, 1).ravel().tolist() == [1]
        assert training(V).near(rows[:1], None, 1).ravel().tolist() == [3]

    def test_pairs_are_two_different_series_of_the_class(self):
        rng = np.random.default_rng(0)
        labels = rng.permutation(np.repeat([0, 1, 2, 3], [9, 8, 4, 1]))
        series = training(np.arange(22.0)[:, None], labels)
        wanted = np.tile([0, 1, 2, 3, -1], 1000)
        one, other = series.pairs(wanted, 5000, rng)
        assert (labels[one] == labels[other]).all()
        assert (one != other).all()
        large = (wanted == 0) | (wanted == 1)  # enough members to speak for themselves
        assert (labels[one] == wanted)[large].all()
        pairs = zip(one[large].tolist(), other[large].tolist(), strict=True)
        assert len(set(pairs)) == 9 * 8 + 8 * 7  # all there are
        share = (labels[one] == 0)[~large].mean()
        np.testing.assert_allclose(share, 9 / 21, atol=0.04)
        assert set(labels[series.pairs(None, 500, rng)].ravel()) == {0, 1, 2}

    def test_pairs_where_no_class_has_two(self):
        rng, labels = np.random.default_rng(0), np.arange(3)
        one, other = training(np.arange(3.0)[:, None], labels).pairs(labels, 3, rng)
        assert (one != other).all()
        assert (training(np.ones((1, 2))).pairs(None, 4, rng) == 0).all()


class TestSteps:
    def test_a_delta_spreads_as_the_class_does(self):
        rng = np.random.default_rng(0)
        labels = np.repeat([0, 1], 500)
        within = rng.normal(size=(1000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
        within[500:] *= 2.0
        series = training(within + 10.0 * labels[:, None], labels)
        V = np.zeros((20_000, 2))
        for k in (0, 1):
            peers = Peers(series, V, np.full(20_000, k))
            wanted = np.cov(within[labels == k].T)
            for scale in (1.0, 0.5):
                moved = LinearDelta(scale)(V, rng, peers)
                np.testing.assert_allclose(np.cov(moved.T), wanted * scale**2, atol=0.1)

    def test_mixup_stays_on_the_lines_to_the_neighbours(self):
        rng = np.random.default_rng(0)
        V, residual = rng.normal(size=(50, 3)), rng.normal(size=(50, 1, 2))
        residual = residual.astype(np.float32)  # as they are kept
        whole = np.concatenate([V, residual[:, 0]], axis=1)
        series = training(V, residual=residual)
        moved = Mixup(4)(whole, rng, Peers(series, V, None))
        neighbours = whole[series.near(V, None, 4)]
        way = (moved - whole)[:, None] / (neighbours - whole[:, None])
        on_a_line = np.ptp(way, axis=2) < 1e-9
        assert on_a_line.any(axis=1).all()
        share = way[on_a_line][:, 0]
        assert share.min() >= 0
        assert share.max() <= 1
        assert share.std() > 0.2

    def test_some_of_moves_some_rows_and_adds_up(self):
        series = training(np.zeros((3, 3)))
        V = np.zeros((4000, 3))
        peers = Peers(series, V, None)

        def up(Z, rng):
            return Z + 1

        class Levels:
            moves = "levels"

            def __call__(self, V, rng, peers):
                return V + 10

        both = SomeOf([up, Levels()], probabilities=[0.3, 1.0])
        moved = both(V, np.random.default_rng(0), peers)
        assert both.moves == "levels"
        assert (moved[:, 1:] == 10).all()
        assert set(moved[:, 0]) == {10.0, 11.0}
        np.testing.assert_allclose((moved[:, 0] == 11).mean(), 0.3, atol=0.03)
        assert SomeOf([up, Mixup()], [1, 1]).moves == "series"

    def test_some_of_needs_as_many_probabilities(self):
        with pytest.raises(ValueError, match="one probability for each of 2"):
            SomeOf([Jitter(), Mixup()], [1.0])
        assert repr(clone(SomeOf([Jitter(0.5)], [1.0]))) == (
            "SomeOf(probabilities=[1.0], transformations=[Jitter(scale=0.5)])"
        )


class ToNeighbor:
    """Put the nearest training series in the place of each."""

    moves = "series"

    def __call__(self, V, rng, peers):
        return peers.neighbor(V, 1, rng)


@pytest.mark.parametrize("n_channels", [1, 2])
def test_the_way_to_a_neighbour_ends_there(italy, n_channels):
    X, y = italy
    X = X if n_channels == 1 else np.stack([X, X[::-1] ** 2], axis=1)
    augmenter = LatentAugmenter(
        transformation=ToNeighbor(), max_epochs=5, random_state=0
    ).fit(X, y)
    there, labels = augmenter.augment(X, y)
    distance = np.abs(there[:, None] - X[None]).reshape(len(X), len(X), -1).max(axis=2)
    nearest = distance.argmin(axis=1)
    assert distance.min(axis=1).max() < 1e-5
    assert (nearest != np.arange(len(X))).all()
    assert (y[nearest] == labels).all()


def test_where_the_neighbour_is_not_known_nothing_is_added(italy):
    X, y = italy[0].copy(), italy[1]
    X[::2, :6] = np.nan
    augmenter = LatentAugmenter(
        transformation=Mixup(), max_epochs=5, random_state=0
    ).fit(X, y)
    varied, _ = augmenter.augment(X, y)
    np.testing.assert_array_equal(np.isnan(varied), np.isnan(X))
