"""One strength: what it means, for every transformation and augmenter."""

import numpy as np
import pytest

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.augmenters._strength import StrengthCurve, key_of, share_moved
from lgta_sklearn.metrics import monotone_share
from lgta_sklearn.transforms import (
    Compose,
    Drift,
    Jitter,
    LinearDelta,
    MagnitudeWarp,
    Mixup,
    PosteriorNoise,
    Scaling,
    TimeWarp,
    Trend,
)

EVERY = [
    None,
    Jitter(),
    Scaling(),
    MagnitudeWarp(),
    TimeWarp(),
    Drift(),
    Trend(),
    Mixup(),
    LinearDelta(),
    PosteriorNoise(),
    Compose([TimeWarp(), Jitter()]),
]
STRENGTHS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


@pytest.fixture(scope="module")
def temporal(italy):
    """A well-trained augmenter with codes per time step."""
    return LatentAugmenter(latent="per_step", random_state=0).fit(*italy)


@pytest.fixture(scope="module")
def direct(italy):
    return DirectAugmenter(random_state=0).fit(*italy)


@pytest.mark.parametrize("kind", ["temporal", "direct", "fitted"])
@pytest.mark.parametrize("transformation", EVERY, ids=repr)
def test_the_same_strength_moves_series_as_far(kind, transformation, italy, request):
    X, y = italy
    if kind == "direct" and isinstance(transformation, PosteriorNoise):
        pytest.skip("series have no posterior")
    along_time = isinstance(
        transformation, MagnitudeWarp | TimeWarp | Drift | Trend | Compose
    )
    if kind == "fitted" and along_time:
        pytest.skip("one code has no time axis")
    augmenter = request.getfixturevalue(kind)
    before = augmenter.transformation
    augmenter.set_params(transformation=transformation)
    try:
        np.testing.assert_array_equal(augmenter.augment(X, y, strength=0)[0], X)
        moved = [
            augmenter.augment(X, y, n_copies=4, strength=s, random_state=0)[0]
            for s in STRENGTHS
        ]
    finally:
        augmenter.set_params(transformation=before)
    sources = np.tile(X, (4, 1))[:, None]
    least = augmenter.scaling_.min_scale_ * augmenter.channel_scale_[:, 0]
    shares = np.array([share_moved(sources, V[:, None], least) for V in moved])
    means = np.array([share[share > 0].mean() for share in shares])
    # the size of a move is random too, so that the mean of 268 of them is
    np.testing.assert_allclose(means, STRENGTHS, rtol=0.2)
    assert monotone_share(STRENGTHS, means) == 1
    assert monotone_share(STRENGTHS, shares[:, shares.min(axis=0) > 0]) > 0.9


def test_it_means_the_same_in_other_units(italy):
    X, y = italy
    shares = []
    for factor in (1e-6, 1.0, 1e6):
        augmenter = DirectAugmenter(Trend(), strength=0.3, random_state=0)
        moved = augmenter.fit_transform(factor * X + 3 * factor, y)
        shares.append((moved - 3 * factor) / factor)
    np.testing.assert_allclose(shares[0], shares[1], rtol=1e-6)
    np.testing.assert_allclose(shares[2], shares[1], rtol=1e-6)


def test_what_cannot_be_reached_is_said(italy):
    X, _ = italy
    augmenter = DirectAugmenter(TimeWarp(), random_state=0).fit(X)
    with pytest.warns(UserWarning, match="cannot move them by more than"):
        moved = augmenter.augment(X, strength=50.0)
    assert np.isfinite(moved).all()


def test_a_transformation_that_does_nothing_may_have_any_strength(italy):
    X, _ = italy
    augmenter = DirectAugmenter(lambda Z, rng: Z, random_state=0).fit(X)
    np.testing.assert_array_equal(augmenter.augment(X, strength=0.7), X)
    assert len(augmenter.strength_curve().factors) == 0


def test_the_response_is_that_of_the_transformation_that_is_set(italy):
    X, _ = italy
    augmenter = DirectAugmenter(Jitter(), random_state=0).fit(X)
    jitter = augmenter.strength_curve()
    assert augmenter.strength_curve() is jitter
    augmenter.set_params(transformation__scale=0.5)
    assert augmenter.strength_curve() is not jitter
    np.testing.assert_allclose(
        augmenter.strength_curve().factors, jitter.factors / 2, rtol=1e-9
    )
    np.testing.assert_allclose(augmenter.strength_curve().shares, jitter.shares)


def test_keys_tell_what_does_the_same():
    assert key_of(Compose([Jitter(), Drift()])) == key_of(Compose([Jitter(), Drift()]))
    assert key_of(Compose([Jitter(), Drift()])) != key_of(Compose([Drift(), Jitter()]))
    assert key_of(Jitter(0.1)) != key_of(Jitter(0.2))
    assert key_of(Jitter(0.1)) != key_of(Scaling(0.1))
    assert key_of(None) == key_of(None)


def test_energy_that_is_lost_is_given_back():
    X = np.random.default_rng(0).normal(size=(40, 2, 30))
    for keep, wanted in ((True, 2.0), (False, 1.0)):
        curve = StrengthCurve.measured(
            X,
            lambda factor: X * (1 - factor / 2),
            min_scale=np.ones(2),
            keep_energy=keep,
        )
        np.testing.assert_allclose(curve.loss(1.0), wanted, rtol=0.15)
        assert curve.loss(0.0) == 1.0
    more = StrengthCurve.measured(
        X, lambda factor: X * (1 + factor), min_scale=np.ones(2), keep_energy=True
    )
    assert more.loss(1.0) == 1.0


def test_a_warp_keeps_the_energy_with_temporal_codes(temporal, italy):
    X, _ = italy
    temporal.set_params(transformation=TimeWarp())
    varied = temporal.augment(X, n_copies=5, strength=0.4, random_state=0)
    temporal.set_params(transformation=None)
    np.testing.assert_allclose(
        varied.var(axis=1).mean(), X.var(axis=1).mean(), rtol=0.05
    )


@pytest.mark.parametrize("kind", ["temporal", "direct"])
def test_what_is_not_known_stays_unknown_at_any_strength(kind):
    X = np.random.default_rng(0).normal(size=(30, 2, 20)).cumsum(axis=2)
    X[::3, 1] = np.nan  # a channel of which nothing is known
    X[1, :, 5:9] = np.nan
    several = Compose([TimeWarp(), Drift(), Scaling()])
    for transformation in (several, Mixup()):
        augmenter = DirectAugmenter(transformation, strength=0.3, random_state=0)
        if kind == "temporal":
            augmenter = LatentAugmenter(
                latent="per_step",
                transformation=transformation,
                strength=0.3,
                max_epochs=10,
                random_state=0,
            )
        varied = augmenter.fit_transform(X)
        np.testing.assert_array_equal(np.isnan(varied), np.isnan(X))
        least = augmenter.scaling_.min_scale_ * augmenter.channel_scale_[:, 0]
        shares = share_moved(X, varied, least)
        np.testing.assert_allclose(shares[shares > 0].mean(), 0.3, rtol=0.3)


def test_series_of_different_lengths_are_warped_too():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(2, n)).cumsum(axis=1) for n in (10, 17, 25, 30, 12, 14)]
    augmenter = LatentAugmenter(
        latent="per_step", transformation=TimeWarp(), max_epochs=10, random_state=0
    ).fit(X)
    varied = augmenter.augment(X, strength=0.3)
    assert [row.shape for row in varied] == [row.shape for row in X]
    assert all(np.isfinite(row).all() for row in [*varied, *augmenter.sample(5)])
