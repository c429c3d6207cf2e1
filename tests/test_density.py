import numpy as np
import pytest
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity

from lgta_sklearn._sampling import sample_rows
from lgta_sklearn.density import (
    ClassConditionalDensity,
    LocalDensity,
    MixtureDensity,
    make_density,
)
from lgta_sklearn.density.local import NEIGHBORS


def rows_of(density, n_samples, seed):
    rng = np.random.default_rng(seed)
    return sample_rows(density, n_samples, rng, row=(2,))


EITHER = pytest.mark.parametrize("density", [LocalDensity, MixtureDensity])


@pytest.fixture
def two_clusters():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(600, 2))
    Z[:, 1] = Z[:, 0] + 0.01 * Z[:, 1]  # a narrow direction
    Z[300:] += 8
    return Z


def test_held_out_likelihood_chooses_the_size():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    bent = np.column_stack([x, np.abs(x) + 0.1 * rng.normal(size=2000)])
    density = MixtureDensity(random_state=0).fit(bent)
    assert density.n_components_ >= 4
    drawn = density.sample(2000, random_state=1)
    assert np.abs(drawn[:, 1] - np.abs(drawn[:, 0])).mean() < 0.2
    plain = MixtureDensity(random_state=0).fit(rng.normal(size=(2000, 2)))
    assert plain.n_components_ == 1


@EITHER
def test_nothing_is_drawn_between_clusters(density, two_clusters):
    drawn = density(random_state=0).fit(two_clusters).sample(2000, random_state=1)
    between = (drawn[:, 0] > 3.5) & (drawn[:, 0] < 4.5)
    assert between.mean() < 0.02
    assert abs((drawn[:, 0] > 4).mean() - 0.5) < 0.05


@EITHER
def test_narrow_directions_stay_narrow(density, two_clusters):
    drawn = density(random_state=0).fit(two_clusters).sample(1000, random_state=1)
    assert np.median(np.abs(drawn[:, 1] - drawn[:, 0])) < 0.1


@EITHER
def test_coordinates_keep_their_distribution_and_range(density):
    Z = np.random.default_rng(0).lognormal(sigma=2.0, size=(2000, 1))
    drawn = density(random_state=0).fit(Z).sample(4000, random_state=1)
    assert drawn.min() >= Z.min()
    assert drawn.max() <= Z.max()
    quantiles = [0.1, 0.5, 0.9]
    np.testing.assert_allclose(
        np.log(np.quantile(drawn, quantiles)),
        np.log(np.quantile(Z, quantiles)),
        atol=0.25,
    )


@EITHER
@pytest.mark.parametrize("n_samples", [1, 2, 3, 5, 20])
def test_few_rows_are_enough(density, n_samples):
    Z = np.random.default_rng(0).normal(size=(n_samples, 8))
    drawn = density(random_state=0).fit(Z).sample(50, random_state=1)
    assert np.isfinite(drawn).all()
    assert drawn.min() >= Z.min()
    assert drawn.max() <= Z.max()


@EITHER
def test_equal_rows_come_back(density):
    Z = np.full((10, 3), 2.5)
    np.testing.assert_allclose(density().fit(Z).sample(4), np.full((4, 3), 2.5))


@pytest.mark.parametrize(
    "density",
    [
        "auto",
        "mixture",
        "normal",
        GaussianMixture(3),
        BayesianGaussianMixture(n_components=3),
        KernelDensity(),
    ],
    ids=lambda density: str(density)[:12],
)
def test_a_long_draw_begins_with_the_short_one(density, two_clusters):
    fitted = make_density(density, random_state=0).fit(two_clusters)
    long = rows_of(fitted, 256, seed=3)
    assert long.shape == (256, 2)
    np.testing.assert_array_equal(rows_of(fitted, 10, seed=3), long[:10])
    assert not np.array_equal(rows_of(fitted, 10, seed=4), long[:10])
    # mixtures of sklearn return their rows sorted by component
    assert (long[:10, 0] > 4).any()
    assert (long[:10, 0] < 4).any()


def test_a_density_of_the_user_is_not_changed(two_clusters):
    mixture = GaussianMixture(2)
    rows_of(make_density(mixture, random_state=0).fit(two_clusters), 5, seed=0)
    assert mixture.random_state is None
    assert not hasattr(mixture, "means_")


def test_what_cannot_fit_and_sample_is_refused():
    with pytest.raises(TypeError, match=r"`fit` and `sample` methods.*got"):
        make_density(object())


def test_small_classes_borrow_the_deviations_of_the_others(two_clusters):
    Z = np.vstack([two_clusters, [[50.0, 50.0]]])
    labels = np.repeat([0, 1, 2], [300, 300, 1])
    density = ClassConditionalDensity(MixtureDensity(random_state=0))
    fitted = density.fit(Z, given=labels)
    lone = fitted.sample(200, given=np.full(200, 2), random_state=0)
    assert np.abs(lone.mean(axis=0) - 50).max() < 0.5
    assert 0.5 < lone[:, 0].std() < 1.5
    of_one = fitted.sample(200, given=np.ones(200, int), random_state=0)
    assert of_one.min() > 4
    mixed = fitted.sample(256, random_state=0)
    np.testing.assert_array_equal(fitted.sample(10, random_state=0), mixed[:10])
    alike = np.arange(256) % 3
    np.testing.assert_array_equal(
        fitted.sample(10, given=alike[:10], random_state=0),
        fitted.sample(256, given=alike, random_state=0)[:10],
    )
    assert abs((mixed[:, 0] > 4).mean() - 0.5) < 0.1


def test_a_bent_sheet_is_followed_but_not_repeated():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 6, size=1000)
    spiral = angle[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    drawn = LocalDensity(random_state=0).fit(spiral).sample(1000, random_state=1)

    def off(Z):
        return np.abs(Z[:, None] - spiral).sum(axis=2).min(axis=1)

    assert np.median(off(drawn)) < 0.05
    assert np.median(off(drawn)) > 0
    mixture = MixtureDensity(random_state=0).fit(spiral).sample(1000, random_state=1)
    assert np.median(off(mixture)) > 2 * np.median(off(drawn))


def test_the_bandwidth_is_the_way_from_the_rows_to_their_neighbourhood():
    Z = np.random.default_rng(0).normal(size=(300, 6))

    def off(bandwidth):
        drawn = LocalDensity(bandwidth=bandwidth).fit(Z).sample(300, random_state=0)
        return np.median(np.abs(drawn[:, None] - Z).sum(axis=2).min(axis=1))

    assert off(1e-6) < off(0.3) < off(0.75)
    assert off(1e-6) < 1e-3
    spread = LocalDensity(60).fit(Z).sample(5000, random_state=0).std(axis=0)
    np.testing.assert_allclose(spread, Z.std(axis=0), atol=0.15)


@EITHER
def test_a_value_that_occurs_often_comes_back_as_itself(density):
    rng = np.random.default_rng(0)
    rain = np.where(rng.uniform(size=500) < 0.6, 0.0, rng.exponential(size=500))
    Z = np.column_stack([rain, rng.normal(size=500)])
    drawn = density(random_state=0).fit(Z).sample(1000, random_state=1)[:, 0]
    assert abs((drawn == 0).mean() - 0.6) < 0.08


def drifting(n_rows=700, n_others=6, seed=0):
    """Return rows of independent columns, and of four that drift in a plane."""
    rng = np.random.default_rng(seed)
    walk = rng.normal(size=(n_rows + 24, 2)).cumsum(axis=0)
    walk = np.stack([walk[i : i + 24].mean(axis=0) for i in range(n_rows)])
    drift = walk @ rng.normal(size=(2, 4))
    others = rng.normal(size=(n_rows, n_others))
    return np.hstack([others, drift / drift.std(axis=0)])


DRIFT = slice(6, 10)


def share_among(real, drawn):
    """Return the share of drawn rows in a ball of a real row and five neighbours."""
    between = np.linalg.norm(real[:, None] - real, axis=2)
    reach = np.sort(between, axis=1)[:, 5]
    return (np.linalg.norm(drawn[:, None] - real, axis=2) <= reach).any(axis=1).mean()


def test_columns_that_drift_get_neighbourhoods_of_their_own():
    Z = drifting()
    joint = LocalDensity(random_state=0).fit(Z)
    own = LocalDensity(blocks=[(0, 6), (6, 10)], random_state=0).fit(Z)
    assert own.block_neighbors_[0] == 0
    assert own.block_neighbors_[1] in NEIGHBORS
    before, after = (d.sample(700, random_state=1) for d in (joint, own))
    assert share_among(Z[:, DRIFT], before[:, DRIFT]) < 0.6
    assert share_among(Z[:, DRIFT], after[:, DRIFT]) > 0.9
    assert after.min() >= Z.min()
    assert (after[:, None] != Z).any(axis=2).all()


def test_columns_that_lie_in_a_plane_stay_in_it():
    Z = drifting()
    drawn = LocalDensity(blocks=[(6, 10)], random_state=0).fit(Z).sample(500)
    inside = np.all((drawn > Z.min(axis=0)) & (drawn < Z.max(axis=0)), axis=1)
    assert inside.mean() > 0.9  # others were cut to the range of their columns
    plane = np.linalg.svd(Z[:, DRIFT], full_matrices=True)[2][2:]
    np.testing.assert_allclose(drawn[inside][:, DRIFT] @ plane.T, 0, atol=1e-9)


@pytest.mark.parametrize("n_rows", [1, 5, 49, 50, 400])
def test_without_drift_blocks_change_nothing(n_rows):
    Z = np.random.default_rng(0).normal(size=(n_rows, 6))
    plain = LocalDensity(random_state=0).fit(Z)
    blocks = LocalDensity(blocks=[(0, 2), (2, 6)], random_state=0).fit(Z)
    assert blocks.block_neighbors_ == [0, 0]
    np.testing.assert_array_equal(
        blocks.sample(20, random_state=1), plain.sample(20, random_state=1)
    )


def test_a_block_that_differs_by_rounding_stays():
    Z = drifting()
    Z[:, DRIFT] *= 1e-4
    density = LocalDensity(blocks=[(6, 10)], random_state=0).fit(Z)
    assert density.block_neighbors_ == [0]


def test_every_column_may_have_left_the_others():
    Z = np.hstack([drifting(n_others=0, seed=seed) for seed in (0, 1)])
    blocks = [(0, 4), (4, 8)]
    # these blocks are right more often than not
    assert LocalDensity(blocks=blocks, random_state=0).fit(Z).block_neighbors_ == [0, 0]
    density = LocalDensity(blocks=blocks, leave_below=0.85, random_state=0).fit(Z)
    assert min(density.block_neighbors_) > 0
    drawn = density.sample(400, random_state=0)
    np.testing.assert_array_equal(density.sample(10, random_state=0), drawn[:10])
    assert share_among(Z[:, :4], drawn[:, :4]) > 0.9
    assert share_among(Z[:, 4:], drawn[:, 4:]) > 0.9


def test_a_value_that_recurs_in_a_block_comes_back_as_itself():
    Z = drifting(n_others=20)
    Z[::2, 23] = -5.0
    density = LocalDensity(blocks=[(20, 24)], random_state=0).fit(Z)
    assert density.block_neighbors_ != [0]
    drawn = density.sample(1000, random_state=1)[:, 23]
    assert abs((drawn == -5).mean() - 0.5) < 0.08


def test_a_density_that_has_blocks_keeps_them():
    blocks = [(0, 1)]
    assert make_density("auto", 0, blocks).blocks == blocks
    assert make_density(LocalDensity(), 0, blocks).blocks == blocks
    assert make_density(LocalDensity(blocks=()), 0, blocks).blocks == ()
    assert not hasattr(make_density("mixture", 0, blocks), "blocks")
