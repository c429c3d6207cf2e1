"""Fitted there, loaded here. Run with ``--device cuda`` where there is a GPU."""

import pickle

import numpy as np
import pytest
import torch
from conftest import fast
from skorch.callbacks import Callback

from lgta_sklearn.networks.frozen import available_devices
from lgta_sklearn.training.nets import AugmenterNet


@pytest.fixture
def gpu(device):
    if device == "cpu":
        pytest.skip("no --device given: the tests of a GPU are left out")
    if not any(name.startswith(device) for name in available_devices()):
        pytest.skip(f"no {device} on this machine")
    return device


def test_the_device_is_resolved_in_fit(italy, device):
    augmenter = fast(device=device)
    assert augmenter.fit(italy[0]).device_.startswith(device)
    assert augmenter.device == device
    auto = fast(device="auto").fit(italy[0])
    assert auto.device_ == available_devices()[0]


def test_a_device_that_is_gone_falls_back_to_the_cpu(italy):
    X, _ = italy
    augmenter = fast(device="cpu").fit(X)
    for absent in ("cuda:7", "mps"):
        if absent in available_devices():
            continue
        moved = pickle.loads(pickle.dumps(augmenter))
        moved._state.network.device = absent  # as if it had been fitted there
        moved = pickle.loads(pickle.dumps(moved))
        assert moved.device_ == "cpu"
        np.testing.assert_array_equal(moved.encode(X), augmenter.encode(X))


@pytest.mark.parametrize("backbone", ["cnn_gru", "transformer", "lstm"])
def test_fitted_on_a_gpu_and_loaded_on_a_cpu(italy, gpu, backbone, monkeypatch):
    X, _ = italy
    augmenter = fast(backbone, device=gpu, max_epochs=20).fit(X)
    data = pickle.dumps(augmenter)
    assert augmenter.module_.to_code.weight.device.type == gpu.split(":")[0]
    here = pickle.loads(data)
    np.testing.assert_allclose(here.encode(X), augmenter.encode(X), atol=1e-6)
    monkeypatch.setattr(
        "lgta_sklearn.networks.frozen.available_devices", lambda: ["cpu"]
    )
    there = pickle.loads(data)
    assert there.device_ == "cpu"
    assert there.module_.to_code.weight.dtype == torch.float64
    np.testing.assert_allclose(there.encode(X), augmenter.encode(X), atol=1e-4)


@pytest.mark.parametrize("backbone", ["cnn_gru", "transformer", "lstm"])
def test_a_gpu_learns_what_a_cpu_learns(italy, gpu, backbone):
    X, _ = italy
    scores = [
        fast(backbone, device=device, max_epochs=100, hidden_dim=16).fit(X).score(X)
        for device in ("cpu", gpu)
    ]
    assert abs(scores[0] - scores[1]) < 0.2 * abs(scores[0]) + 2


def test_training_is_in_mixed_precision_on_a_gpu_and_nowhere_else(italy, device):
    seen = set()

    class Watch(Callback):
        def on_train_begin(self, net, **kwargs):
            net.module_.shorten.register_forward_hook(self.look)

        @staticmethod
        def look(module, inputs, output):
            if module.training:
                seen.add(output.dtype)

    fast(device=device, net=AugmenterNet(callbacks=[Watch()])).fit(italy[0])
    mixed = device.startswith("cuda") and torch.cuda.is_bf16_supported(
        including_emulation=False
    )
    assert seen == {torch.bfloat16 if mixed else torch.float32}
