import numpy as np
import pytest
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity

from lgta_sklearn.density import ClassDensities, LatentDensity, draw, make_density


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
    density = LatentDensity(random_state=0).fit(bent)
    assert density.n_components_ >= 4
    drawn = density.sample(2000, random_state=1)
    assert np.abs(drawn[:, 1] - np.abs(drawn[:, 0])).mean() < 0.2
    plain = LatentDensity(random_state=0).fit(rng.normal(size=(2000, 2)))
    assert plain.n_components_ == 1


def test_nothing_is_drawn_between_clusters(two_clusters):
    drawn = LatentDensity(random_state=0).fit(two_clusters).sample(2000, random_state=1)
    between = (drawn[:, 0] > 3.5) & (drawn[:, 0] < 4.5)
    assert between.mean() < 0.02
    assert abs((drawn[:, 0] > 4).mean() - 0.5) < 0.05


def test_narrow_directions_stay_narrow(two_clusters):
    drawn = LatentDensity(random_state=0).fit(two_clusters).sample(1000, random_state=1)
    assert np.median(np.abs(drawn[:, 1] - drawn[:, 0])) < 0.1


def test_coordinates_keep_their_distribution_and_range():
    Z = np.random.default_rng(0).lognormal(sigma=2.0, size=(2000, 1))
    drawn = LatentDensity(random_state=0).fit(Z).sample(4000, random_state=1)
    assert drawn.min() >= Z.min()
    assert drawn.max() <= Z.max()
    quantiles = [0.1, 0.5, 0.9]
    np.testing.assert_allclose(
        np.log(np.quantile(drawn, quantiles)),
        np.log(np.quantile(Z, quantiles)),
        atol=0.25,
    )


@pytest.mark.parametrize("n_samples", [1, 2, 3, 5, 20])
def test_few_rows_are_enough(n_samples):
    Z = np.random.default_rng(0).normal(size=(n_samples, 8))
    drawn = LatentDensity(random_state=0).fit(Z).sample(50, random_state=1)
    assert np.isfinite(drawn).all()
    assert drawn.min() >= Z.min()
    assert drawn.max() <= Z.max()


def test_equal_rows_come_back():
    Z = np.full((10, 3), 2.5)
    np.testing.assert_allclose(LatentDensity().fit(Z).sample(4), np.full((4, 3), 2.5))


@pytest.mark.parametrize(
    "density",
    [
        "auto",
        "normal",
        GaussianMixture(3),
        BayesianGaussianMixture(n_components=3),
        KernelDensity(),
    ],
    ids=lambda density: str(density)[:12],
)
def test_a_long_draw_begins_with_the_short_one(density, two_clusters):
    fitted = make_density(density, random_state=0).fit(two_clusters)
    long = draw(fitted, 600, seed=3)
    assert long.shape == (600, 2)
    np.testing.assert_array_equal(draw(fitted, 10, seed=3), long[:10])
    assert not np.array_equal(draw(fitted, 10, seed=4), long[:10])
    # mixtures of sklearn return their rows sorted by component
    assert (long[:10, 0] > 4).any()
    assert (long[:10, 0] < 4).any()


def test_a_density_of_the_user_is_not_changed(two_clusters):
    mixture = GaussianMixture(2)
    draw(make_density(mixture, random_state=0).fit(two_clusters), 5, seed=0)
    assert mixture.random_state is None
    assert not hasattr(mixture, "means_")


def test_what_cannot_fit_and_sample_is_refused():
    with pytest.raises(TypeError, match=r"fit and sample.*got"):
        make_density(object())


def test_small_classes_borrow_the_deviations_of_the_others(two_clusters):
    Z = np.vstack([two_clusters, [[50.0, 50.0]]])
    labels = np.repeat([0, 1, 2], [300, 300, 1])
    fitted = ClassDensities(LatentDensity(random_state=0), Z, labels)
    lone = fitted.draw(200, 0, np.full(200, 2))
    assert np.abs(lone.mean(axis=0) - 50).max() < 0.5
    assert 0.5 < lone[:, 0].std() < 1.5
    assert fitted.draw(200, 0, np.ones(200, int)).min() > 4
    mixed = fitted.draw(600, 0)
    np.testing.assert_array_equal(fitted.draw(10, 0), mixed[:10])
    assert abs((mixed[:, 0] > 4).mean() - 0.5) < 0.1
