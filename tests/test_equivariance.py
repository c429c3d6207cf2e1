"""The equivariance term: what it compares, and what it brings about."""

import numpy as np
import pytest
import torch

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.metrics import signature_distance
from lgta_sklearn.training.equivariance import KINDS, TwinPerturbation, _dealt_out
from lgta_sklearn.training.nets import AugmenterNet
from lgta_sklearn.transforms import Drift, Jitter, Scaling, TimeWarp, Trend


@pytest.mark.parametrize(
    ("n_steps", "d", "n_timepoints", "n_channels"),
    [(5, 4, 20, 1), (5, 8, 18, 1), (6, 16, 24, 6), (6, 4, 24, 6), (3, 5, 12, 1)],
)
def test_what_is_dealt_out_stays_white_and_a_line_stays_a_line(
    n_steps, d, n_timepoints, n_channels
):
    shape = (4000, n_timepoints, n_channels)
    noise = np.random.default_rng(0).normal(size=(4000, n_steps, d))
    dealt = _dealt_out(noise, shape)
    assert dealt.shape == shape
    np.testing.assert_allclose(dealt.std(axis=0), 1, atol=0.06)
    if d >= n_timepoints / n_steps:  # the values of a step suffice for its time points
        lagged = (dealt[:, 1:, 0] * dealt[:, :-1, 0]).mean(axis=0)
        assert np.abs(lagged).max() < 0.1
    stairs = np.arange(n_steps)[None, :, None] * np.ones((1, 1, d))
    line = _dealt_out(stairs, (1, n_timepoints, n_channels))
    assert (np.diff(line, axis=1) >= 0).all()
    np.testing.assert_array_equal(line, line[..., :1] * np.ones(n_channels))


@pytest.mark.parametrize("kind", KINDS)
def test_an_identity_is_equivariant(kind):
    # a decoder that hands each value of a step to its time point moves alike
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(50, 6, 4, generator=generator, dtype=torch.float64)
    z = (z - z.mean((0, 1))) / z.std((0, 1), correction=0)
    moved, wanted = TwinPerturbation(np.random.default_rng(0), [kind])(
        z, z.reshape(50, 24, 1)
    )
    assert not torch.allclose(moved, z)
    if kind in (Jitter, Scaling, Drift, Trend):  # bent at steps, not at time points
        torch.testing.assert_close(
            moved.reshape(50, 24, 1), wanted, rtol=1e-4, atol=1e-4
        )
    again = TwinPerturbation(np.random.default_rng(0), [kind])(z, z.reshape(50, 24, 1))
    torch.testing.assert_close(again[0], moved)


def test_it_makes_latent_transformations_look_like_direct_ones(italy):
    X, _ = italy
    direct = DirectAugmenter(random_state=0).fit(X)
    without, with_it = (
        LatentAugmenter(
            latent="per_step",
            net=AugmenterNet(criterion__equivariance=weight),
            max_epochs=150,
            random_state=0,
        ).fit(X)
        for weight in (0.0, 1.0)
    )
    distances = []
    for transformation in (Drift(), Trend(), Scaling(), TimeWarp()):
        twin, *varied = (
            augmenter.set_params(transformation=transformation).augment(
                X, n_copies=5, strength=0.3, random_state=0
            )
            for augmenter in (direct, without, with_it)
        )
        source = np.tile(X, (5, 1))
        distances.append([signature_distance(source, V, twin) for V in varied])
    before, after = np.mean(distances, axis=0)
    assert after < before
    assert after < 0.3


def test_nothing_of_it_stays_on_the_network(italy):
    augmenter = LatentAugmenter(latent="per_step", max_epochs=1, random_state=0)
    augmenter.fit(italy[0])
    assert augmenter.module_.perturb is None
    again = LatentAugmenter(latent="per_step", max_epochs=1, random_state=0)
    np.testing.assert_array_equal(
        again.fit(italy[0]).encode(italy[0]), augmenter.encode(italy[0])
    )


def test_its_weight_changes_the_model_with_temporal_codes_only(italy):
    X, _ = italy
    codes = [
        LatentAugmenter(
            latent=latent,
            net=AugmenterNet(criterion__equivariance=weight),
            max_epochs=2,
            random_state=0,
        )
        .fit(X)
        .encode(X)
        for latent in ("per_step", "global")
        for weight in (0.5, 2.0)
    ]
    assert not np.array_equal(codes[0], codes[1])
    np.testing.assert_array_equal(codes[2], codes[3])
