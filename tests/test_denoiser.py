"""The denoiser: masks, lines, conditions, backbones, and its training."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from lgta_sklearn.networks.backbones import CNNGRU
from lgta_sklearn.networks.denoising import (
    DENOISERS,
    Mixer,
    UNet,
    build_denoiser,
    choose_patch,
)
from lgta_sklearn.networks.diffusion import Denoiser
from lgta_sklearn.networks.masking import draw_known, interpolate
from lgta_sklearn.training.denoising import DenoisingLoss
from lgta_sklearn.training.memorisation import (
    MemorisationWarning,
    warn_of_memorisation,
)

# the tests build networks by hand; the package does it without global generators
pytestmark = pytest.mark.changes_global_state
B, T, C = 6, 10, 2


def series(seed=0):
    """Return shapes with gaps, attributes and labels."""
    rng = torch.Generator().manual_seed(seed)
    shape = torch.randn(B, T, C, generator=rng)
    shape[0, 3:5, 0] = torch.nan
    attributes = torch.randn(B, 2 * C, generator=rng)
    return shape, attributes, torch.arange(B) % 2


def denoiser(backbone=Mixer, **options):
    torch.manual_seed(0)
    knots = torch.linspace(-2, 2, 257)[:, None].repeat(1, 2 * C)
    statistics = {
        "knots": knots,
        "typical_scale": torch.full((C,), 1.5),
        "level_variance": torch.full((C,), 4.0),
        "level_doubt": torch.full((C,), 0.05),
        "scale_doubt": torch.full((C,), 0.05),
        "levels": torch.linspace(0.05, 5, 1024),
        "whiten": torch.eye(C),
        "colour": torch.eye(C),
    }
    return Denoiser(
        C,
        T,
        backbone,
        n_classes=2,
        hidden_dim=16,
        statistics=statistics,
        generator=torch.Generator().manual_seed(1),
        **options,
    )


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("backbone", [*DENOISERS.values(), CNNGRU])
def test_a_gradient_reaches_every_parameter(backbone, joint):
    net = denoiser(backbone, joint=joint)
    # blocks start as the identity: one step lets gradients through
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        net.zero_grad()
        DenoisingLoss()(net(*series()), None).backward()
        optimizer.step()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("n_timepoints", [1, 3, 24, 65, 300])
@pytest.mark.parametrize("backbone", DENOISERS.values())
def test_backbones_keep_the_length_and_see_the_condition(backbone, n_timepoints):
    net = build_denoiser(backbone, 5, 3, n_timepoints, 16).eval()
    for parameter in net.parameters():  # the last layer starts at zero
        nn.init.normal_(parameter, std=0.1)
    x, c = torch.randn(4, n_timepoints, 5), torch.randn(4, 16)
    assert net(x, c).shape == (4, n_timepoints, 3)
    assert not torch.allclose(net(x, c), net(x, c + 1))
    # a series does not depend on those around it
    torch.testing.assert_close(net(x, c)[:1], net(x[:1], c[:1]))


@pytest.mark.parametrize(
    ("n_timepoints", "n_samples", "patch"),
    [(8, 1000, 1), (24, 5000, 2), (256, 1000, 16), (24, 999, 1), (140, 500, 8)],
)
def test_patches_grow_with_the_length_and_the_number(n_timepoints, n_samples, patch):
    assert choose_patch(n_timepoints, n_samples) == patch


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="divisible by n_heads=4, got 6"):
        DENOISERS["transformer"](1, 1, 24, 6)


def test_dropout_is_only_for_training_and_by_our_generator():
    net = denoiser(partial(Mixer, dropout=0.5), joint=True)
    other = copy.deepcopy(net)
    other.generator.set_state(net.generator.get_state())
    before = torch.get_rng_state()
    losses = [DenoisingLoss()(n.train()(*series()), None) for n in (net, other)]
    assert losses[0] == losses[1]
    assert (torch.get_rng_state() == before).all()
    first, second = (DenoisingLoss()(net.eval()(*series()), None) for _ in range(2))
    assert first == second


def test_masks_hide_points_stretches_channels_and_ends():
    known = draw_known(4000, 40, 3, torch.Generator().manual_seed(0)).numpy()
    assert 0.4 < known.mean() < 0.8
    ends = (~known[:, -1]).all(1) & known[:, 0].all(1)
    steps = np.abs(np.diff(known.astype(int), axis=1)).sum(axis=1)  # (n, C)
    forecast = ends & (steps == 1).all(axis=1)
    assert 0.15 < forecast.mean() < 0.25
    points = steps.max(axis=1) > 6
    assert 0.1 < points.mean() < 0.25
    whole = (~known).all(axis=1).any(axis=1) & ~(~known).all(axis=(1, 2))
    assert 0.05 < whole.mean() < 0.25


def test_lines_are_those_of_numpy():
    rng = np.random.default_rng(0)
    u, known = rng.normal(size=(20, 15, 2)), rng.random((20, 15, 2)) < 0.4
    known[0, :, 0] = False
    lines = interpolate(torch.from_numpy(u), torch.from_numpy(known)).numpy()
    time = np.arange(15)
    for row, mask, line in zip(u, known, lines, strict=True):
        for c in range(2):
            where = mask[:, c]
            wanted = np.interp(time, time[where], row[where, c]) if where.any() else 0
            np.testing.assert_allclose(line[:, c], wanted, atol=1e-12)


def test_imputed_series_are_relative_to_what_is_known():
    net = denoiser().double()
    shape, attributes, _ = (part.double() for part in series())
    attributes = 0.2 * attributes
    known = torch.zeros(B, T, C, dtype=torch.bool)
    known[:, :6] = True
    known &= ~shape.isnan()
    known[1, :, 1] = False
    imputing = torch.arange(B) > 0
    new, moved, level, scale, lines = net.relative(shape, attributes, known, imputing)
    torch.testing.assert_close(new * scale + level, shape, equal_nan=True)
    torch.testing.assert_close(new[:1], shape[:1], equal_nan=True)  # not imputed
    torch.testing.assert_close(moved[0], attributes[0])
    inside = new[2:, :6]
    assert inside.mean(1).abs().max() < 0.1
    assert (inside.std(1, unbiased=False) - 1).abs().max() < 0.1
    # the values in the units of the data are the same
    before = attributes[:, None, :C] + attributes[:, None, C:].exp() * shape
    after = moved[:, None, :C] + moved[:, None, C:].exp() * new
    torch.testing.assert_close(before, after, equal_nan=True)
    # of a channel of which nothing is known, level and scale are what is typical
    torch.testing.assert_close(moved[1, 1], torch.zeros(()).double())
    usual = (1.5**2 + 4) ** 0.5  # of one series, and between the levels of all
    torch.testing.assert_close(moved[1, C + 1].exp(), torch.tensor(usual).double())
    assert (lines[1, :, 1] == 0).all()
    torch.testing.assert_close(lines[2][known[2]], new[2][known[2]])


def test_known_values_are_not_denoised_and_their_noise_not_seen():
    net = denoiser().eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.1)
    shape, attributes, label = series()
    shape = shape.nan_to_num()
    known = draw_known(B, T, C, torch.Generator().manual_seed(0))
    sigma, yes = torch.full((B,), 0.5), torch.ones(B, dtype=torch.bool)
    lines = interpolate(shape, known)
    args = net.scores(attributes), sigma, lines, known, yes, label
    out = net.denoise(shape.masked_fill(known, 0), *args)
    assert (out[known] == 0).all()
    assert (out[~known] != 0).all()


@pytest.mark.parametrize("prediction", ["edm", "x", "noise"])
def test_predictions_agree_about_what_they_estimate(prediction):
    """A backbone that says what is to be said gives the clean series back."""
    clean, sigma = torch.randn(B, T, C), torch.linspace(0.1, 3, B)
    noise = torch.randn(B, T, C)
    level = sigma[:, None, None]

    class Knows(nn.Module):
        conditioned = True

        def __init__(self, *sizes):
            super().__init__()

        def forward(self, x, c):
            skip = {"edm": 1 / (1 + level**2), "x": 0, "noise": 1}[prediction]
            out = {"edm": level / (1 + level**2).sqrt(), "x": 1, "noise": -level}
            return (clean - skip * (clean + level * noise)) / out[prediction]

    net = denoiser(Knows, prediction=prediction)
    no = torch.zeros(B, dtype=torch.bool)
    none = torch.zeros(B, T, C)
    estimate = net.denoise(
        clean + level * noise,
        torch.zeros(B, 2 * C),
        sigma,
        none,
        none.bool(),
        no,
        no.long(),
    )
    torch.testing.assert_close(estimate, clean, rtol=1e-4, atol=1e-4)


def test_missing_values_and_known_ones_do_not_count():
    net = denoiser(masked=1.0)
    shape, attributes, label = series()
    estimate, _, weight = net(shape, attributes, label)
    missing = shape.isnan().flatten(1)
    assert (weight[missing] == 0).all()
    assert (weight == 0).float().mean() > missing.float().mean()
    assert estimate.isfinite().all()
    net.masked = 0.0
    _, _, weight = net(shape, attributes, label)
    # a generated series needs all channels, since they are mixed
    some = shape.isnan().any(2, keepdim=True).expand_as(shape).flatten(1)
    assert ((weight == 0) == some).all()


def test_what_is_known_of_a_series_is_drawn_towards_what_is_usual():
    net = denoiser().double()
    shape, attributes, _ = (part.double().nan_to_num() for part in series())
    known = torch.ones(B, T, C, dtype=torch.bool)
    imputing = torch.ones(B, dtype=torch.bool)
    args = shape, attributes, known, imputing
    trusting = net.relative(*args)
    net.level_doubt[:] = net.scale_doubt[:] = 1e9  # series hardly differ
    net.level_variance[:] = 0.0
    doubting = net.relative(*args)
    torch.testing.assert_close(doubting[1][:, :C], torch.zeros(B, C).double())
    torch.testing.assert_close(
        doubting[1][:, C:].exp(), torch.full((B, C), 1.5).double(), rtol=1e-6, atol=0
    )
    assert (trusting[1] - doubting[1]).abs().max() > 0.1


def test_a_warning_names_memorisation():
    warn_of_memorisation(0.8, 1.0, 9, 9)
    with pytest.warns(MemorisationWarning, match=r"series 1\. The weights of epoch 3"):
        warn_of_memorisation(0.1, 1.0, 9, 3)


def test_a_unet_halves_as_often_as_it_is_told():
    net = UNet(2, 2, 24, 16, factors=(1, 1, 1, 1))
    assert net(torch.randn(2, 24, 2), torch.randn(2, 16)).shape == (2, 24, 2)
    assert net.multiple == 8


def test_mixed_series_keep_mean_and_variance_and_are_nobodys():
    net, rng = denoiser(mixing=0.7), torch.Generator().manual_seed(3)
    every = 2 + 3 * torch.randn(4000, 5, T, C, generator=rng)
    shape, mates = every[:, 0], every[:, 1:]
    mixed = net._mixed(shape, mates)
    assert mixed.mean().item() == pytest.approx(2, abs=0.05)
    assert mixed.std().item() == pytest.approx(3, abs=0.05)
    correlation = np.corrcoef(mixed.ravel(), shape.ravel())[0, 1]
    assert correlation == pytest.approx(0.2 + 0.8 * np.sqrt(1 - 0.7**2), abs=0.02)
    equal = net._mixed(shape, shape[:, None].expand_as(mates))
    torch.testing.assert_close(equal, shape)


def test_mixing_keeps_gaps_and_is_for_training_only():
    net = denoiser(mixing=0.7)
    shape, attributes, label = series()
    mates = torch.randn(B, 3, T, C)
    mates[1, 0] = torch.nan
    mixed = net._mixed(shape, mates)
    assert torch.equal(mixed.isnan(), shape.isnan())
    assert not torch.isclose(mixed, shape).any()
    net.eval()
    for one, other in zip(
        net(shape, attributes, label, mates), net(shape, attributes, label), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_blurred_conditions_change_what_is_learned():
    clear, blurred = (denoiser(blur=b)(*series()) for b in (0.0, 1.0))
    assert not torch.equal(clear[0], blurred[0])
