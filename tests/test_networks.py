from functools import partial

import numpy as np
import pytest
import torch

from lgta_sklearn._runtime import seeded_initialisation
from lgta_sklearn.networks.backbones import BACKBONES, LSTM, Transformer
from lgta_sklearn.networks.frozen import infer, resolve_device
from lgta_sklearn.networks.layers import (
    Conv,
    Lengthen,
    Shorten,
    choose_stride,
    sinusoidal_positions,
)
from lgta_sklearn.networks.recurrence import recur
from lgta_sklearn.networks.vae import VAE


@pytest.fixture(autouse=True)
def local_seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("n_timepoints", [1, 2, 7, 24])
def test_a_backbone_maps_a_sequence_to_a_sequence(name, n_timepoints):
    backbone = BACKBONES[name](6, 8)
    assert backbone(torch.randn(3, n_timepoints, 6)).shape == (3, n_timepoints, 8)


@pytest.mark.parametrize("n_steps", [1, 2, 9])
def test_the_recurrence_and_its_gradients_are_those_of_torch(n_steps):
    gru = torch.nn.GRU(5, 4, batch_first=True).double()
    x = torch.randn(3, n_steps, 5, dtype=torch.float64, requires_grad=True)
    ours, theirs = recur(gru, x), gru(x)[0]
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    weights = torch.randn_like(ours)  # another gradient for each step
    leaves = [x, *gru.parameters()]
    gradients = [
        torch.autograd.grad((h * weights).sum(), leaves) for h in (ours, theirs)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-10)
    with torch.no_grad():
        assert torch.equal(recur(gru, x), gru(x)[0])


@pytest.mark.parametrize(("kernel_size", "stride"), [(3, 1), (4, 2)])
def test_a_convolution_is_that_of_torch(kernel_size, stride):
    conv = Conv(2, 5, kernel_size, stride)
    x = torch.randn(3, 8, 2)
    weight = conv.linear.weight.view(5, kernel_size, 2).transpose(1, 2)
    theirs = torch.nn.functional.conv1d(
        x.transpose(1, 2), weight, conv.linear.bias, stride, padding=1
    )
    torch.testing.assert_close(conv(x), theirs.transpose(1, 2))


@pytest.mark.parametrize("temporal", [True, False])
@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("shape", [(3, 2, 1), (3, 3, 5), (3, 25, 2), (2, 700, 1)])
def test_shape_in_is_shape_out_and_a_gradient_reaches_every_weight(
    name, shape, variational, temporal
):
    _, n_timepoints, n_channels = shape
    generator = torch.Generator().manual_seed(0)
    vae = VAE(
        n_channels,
        n_timepoints,
        BACKBONES[name],
        latent_dim=3,
        hidden_dim=8,
        variational=variational,
        temporal=temporal,
        generator=generator,
    )
    u_hat, mu, logvar = vae(torch.randn(shape))
    assert u_hat.shape == shape
    assert mu.shape == (shape[0], 3 * (vae.n_steps if temporal else 1))
    assert (logvar is None) == (not variational)
    (u_hat.square().mean() + (0 if logvar is None else logvar.sum())).backward()
    for weight, parameter in vae.named_parameters():
        assert parameter.grad is not None, weight
        assert torch.isfinite(parameter.grad).all(), weight
        # one step has nothing to recur from
        if vae.n_steps > 1 or "weight_hh" not in weight:
            assert parameter.grad.abs().sum() > 0 or "self_attn" in weight, weight


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_strided_layers_change_the_length_by_the_stride(stride):
    x = torch.randn(2, 16, 3)
    short = Shorten(3, 5, stride)(x)
    assert short.shape == (2, 16 // stride, 5)
    assert Lengthen(5, 3, stride)(short).shape == x.shape


def test_the_stride_keeps_the_costly_part_short():
    assert choose_stride(24, 64) == 1
    assert choose_stride(24, 64, 4) == 4
    for n_timepoints in (256, 1000, 5000, 100_000):
        assert n_timepoints / choose_stride(n_timepoints, 64) <= 64


def test_positions_are_told_apart():
    codes = sinusoidal_positions(50, 8, like=torch.zeros(1))
    distance = torch.cdist(codes, codes) + torch.eye(50)
    assert distance.min() > 0.05


def test_options_travel_inside_the_part():
    vae = VAE(1, 40, partial(LSTM, stride=1, n_layers=2), hidden_dim=8)
    assert vae.n_steps == 40
    assert vae.encoder.lstm.num_layers == 2
    assert len(Transformer(8, 8, n_layers=3).layers.layers) == 3


def test_the_default_network_is_small():
    vae = VAE(1, 50, BACKBONES["cnn_gru"], latent_dim=16)
    assert sum(p.numel() for p in vae.parameters()) <= 0.4 * 83_401


def test_rows_do_not_depend_on_the_rows_around_them():
    vae = VAE(2, 24, BACKBONES["transformer"], latent_dim=3, hidden_dim=8)
    vae = vae.eval().double()
    Z = np.random.default_rng(0).normal(size=(300, 3))
    order = np.random.default_rng(1).permutation(300)

    def decode(z):
        return (vae.decode(z),)

    (whole,) = infer(decode, Z)
    np.testing.assert_array_equal(infer(decode, Z[order])[0], whole[order])
    np.testing.assert_array_equal(infer(decode, Z[:1])[0], whole[:1])
    assert infer(decode, Z[:0])[0].shape == (0, 24, 2)


def test_devices_are_resolved_or_refused_by_name():
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in ("cpu", "mps", "cuda:0")
    with pytest.raises(ValueError, match=r"device='cuda:99'.*sees only.*cpu"):
        resolve_device("cuda:99")


def test_the_encoder_knows_what_it_was_not_told():
    vae = VAE(2, 24, BACKBONES["cnn_gru"], hidden_dim=8, masked=True)
    u = torch.randn(3, 24, 2, generator=torch.Generator().manual_seed(0))
    u[:, 5, 1] = 0.0
    holed = u.clone()
    holed[:, 5, 1] = torch.nan
    assert vae.encode(holed)[0].isfinite().all()
    assert (vae.encode(holed)[0] != vae.encode(u)[0]).any(dim=1).all()


def test_the_recurrence_can_be_differentiated_twice():
    """A penalty on gradients, as critics have it, goes through the recurrent unit."""
    with seeded_initialisation(0):
        gru = torch.nn.GRU(3, 4, batch_first=True).double()
        x = torch.randn(2, 5, 3).double().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: recur(gru, x), x)
    penalties = []
    for states in (lambda x: recur(gru, x), lambda x: gru(x)[0]):
        (slope,) = torch.autograd.grad(states(x).square().sum(), x, create_graph=True)
        gru.zero_grad()
        slope.square().sum().backward()
        penalties.append([p.grad.clone() for p in gru.parameters()])
    for ours, theirs in zip(*penalties, strict=True):
        torch.testing.assert_close(ours, theirs)
