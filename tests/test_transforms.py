import numpy as np
import pytest
from sklearn.base import clone

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.augmenters._reference import (
    LatentReference,
    Reference,
    SequenceView,
    TrainingReference,
)
from lgta_sklearn.transforms import (
    Compose,
    Drift,
    Jitter,
    LinearDelta,
    MagnitudeWarp,
    Mixup,
    OneOf,
    PosteriorNoise,
    Scaling,
    SomeOf,
    TimeWarp,
    Trend,
)
from lgta_sklearn.transforms._combinations import scaled

ALONG_TIME = [MagnitudeWarp(), TimeWarp(), Drift(), Trend()]
OF_SEQUENCES = [Jitter(), Scaling(), *ALONG_TIME]


def rng(seed=0):
    return np.random.default_rng(seed)


def training(V, labels=None, residual=None):
    """Return training series with one code, and residuals of two values."""
    residual = np.zeros((len(V), 1, 2)) if residual is None else residual
    return TrainingReference(V, residual, labels)


class CodesOnly(Reference):
    """Reference of rows of which the first column is a code."""

    def sequences(self, V, rng, *, noise=True):
        where = (slice(None), slice(1))
        yield SequenceView(V[:, :1], rng, where, lambda step: step)


class TestSequences:
    @pytest.mark.parametrize("transformation", OF_SEQUENCES, ids=repr)
    def test_each_is_a_parameter_object_that_writes_to_nothing(self, transformation):
        Z = rng().normal(size=(5, 9, 2))
        Z.setflags(write=False)
        moved = transformation(Z, rng())
        assert moved.shape == Z.shape
        assert not np.array_equal(moved, Z)
        again = clone(transformation)(Z, rng())
        np.testing.assert_array_equal(moved, again)
        assert not np.array_equal(moved, transformation(Z, rng(1)))
        assert repr(clone(transformation).set_params(scale=7.0)).endswith("(scale=7.0)")
        np.testing.assert_allclose(
            clone(transformation).set_params(scale=0)(Z, rng()), Z
        )

    @pytest.mark.parametrize("transformation", OF_SEQUENCES, ids=repr)
    def test_scaled_is_the_same_with_another_scale(self, transformation):
        Z = rng().normal(size=(5, 9, 2))
        wanted = clone(transformation).set_params(scale=3 * transformation.scale)
        np.testing.assert_array_equal(
            scaled(transformation, 3.0)(Z, rng()), wanted(Z, rng())
        )
        assert transformation.scale == clone(transformation).scale

    @pytest.mark.parametrize("transformation", ALONG_TIME, ids=repr)
    def test_without_a_time_axis_it_is_said_before_the_training(self, transformation):
        inside = Compose([Jitter(), OneOf([Jitter(), transformation])])
        for given in (transformation, inside):
            augmenter = LatentAugmenter(transformation=given)
            with pytest.raises(ValueError, match="latent='per_step'"):
                augmenter.fit(np.zeros((5, 8)))
            assert not hasattr(augmenter, "history_")

    @pytest.mark.parametrize(
        "transformation", [Scaling(), MagnitudeWarp(), TimeWarp(), Trend()], ids=repr
    )
    def test_draws_do_not_depend_on_the_resolution(self, transformation):
        # the same curve, seen at 9 and at 33 steps
        fine = np.sin(np.linspace(0, 3, 33))[None, :, None] * np.ones((20, 1, 1))
        coarse = transformation(fine[:, ::4], rng())
        np.testing.assert_allclose(
            transformation(fine, rng())[:, ::4], coarse, atol=0.03
        )


class TestCombinations:
    def test_scaled_reaches_the_parts(self):
        Z = rng().normal(size=(4, 9, 2))
        inner = Compose([Trend(1.0), lambda Z, rng: Z + 1])
        far = scaled(SomeOf([inner, Jitter(0.1)], [1, 1]), 3.0)
        wanted = SomeOf(
            [Compose([Trend(3.0), lambda Z, rng: Z + 3]), Jitter(0.3)], [1, 1]
        )
        np.testing.assert_allclose(far(Z, rng()), wanted(Z, rng()))


def test_posterior_noise_is_that_of_the_model(italy):
    X, _ = italy
    augmenter = LatentAugmenter(
        transformation=PosteriorNoise(), max_epochs=20, random_state=0
    ).fit(X)
    _, logvar = augmenter._posterior(augmenter.scaling_.split(X[:, None])[2])
    peers = LatentReference(
        augmenter._state.training,
        augmenter._state.space,
        augmenter._state.training.V,
        None,
        logvar,
        residual_scale=np.sqrt(augmenter.observation_variance_),
    )
    rows = augmenter._state.training.V
    steps = np.stack(
        [PosteriorNoise()(rows, rng(seed), peers) - rows for seed in range(300)]
    )
    spread = steps[..., :16].std(axis=0) * augmenter._state.space.code_scale
    np.testing.assert_allclose(spread, np.exp(logvar / 2), rtol=0.25)
    assert (steps[..., 16:] == 0).all()
    plain = LatentAugmenter(
        variational=False, transformation=PosteriorNoise(), max_epochs=1
    )
    for without in (plain, DirectAugmenter(PosteriorNoise())):
        with pytest.raises(ValueError, match="how uncertain it is"):
            without.fit(X)


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
            peers = Reference(series, V, np.full(20_000, k))
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
        moved = Mixup(4)(whole, rng, Reference(series, V, None))
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
        peers = CodesOnly(series, V, None)

        def up(Z, rng):
            return Z + 1

        class Levels:
            moves = "levels"

            def __call__(self, V, rng, reference):
                return V + 10

        both = SomeOf([up, Levels()], probabilities=[0.3, 1.0])
        moved = both(V, np.random.default_rng(0), peers)
        assert both.moves == "levels"
        assert (moved[:, 1:] == 10).all()
        assert set(moved[:, 0]) == {10.0, 11.0}
        np.testing.assert_allclose((moved[:, 0] == 11).mean(), 0.3, atol=0.03)
        assert SomeOf([up, Mixup()], [1, 1]).moves == "series"

    def test_some_of_needs_as_many_probabilities(self):
        augmenter = LatentAugmenter(
            transformation=Compose([SomeOf([Jitter(), Mixup()], [1.0])])
        )
        with pytest.raises(ValueError, match="one probability for each of 2"):
            augmenter.fit(np.zeros((5, 8)))
        assert repr(clone(SomeOf([Jitter(0.5)], [1.0]))) == (
            "SomeOf(probabilities=[1.0], transformations=[Jitter(scale=0.5)])"
        )


class ToNeighbor:
    """Put the nearest training series in the place of each."""

    moves = "series"

    def __call__(self, V, rng, reference):
        return reference.neighbor(V, 1, rng)


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
