"""Fixtures of all tests, among them a guard of every global state."""

import os
import random
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from sktime.datasets import load_basic_motions, load_italy_power_demand

from lgta_sklearn import LatentAugmenter

# pytest --hypothesis-profile=long takes hours
_ANY = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("short", max_examples=15, derandomize=True, **_ANY)
settings.register_profile("medium", max_examples=300, print_blob=True, **_ANY)
settings.register_profile("long", max_examples=2000, print_blob=True, **_ANY)
settings.load_profile("short")


def pytest_addoption(parser):
    parser.addoption("--device", default="cpu", help="device of the device tests")


def pytest_configure(config):
    if config.getoption("numprocesses", None):
        # workers inherit this: threads that wait for each other's cores take many
        # times as long as one
        os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def device(request):
    return request.config.getoption("--device")


@pytest.fixture(scope="session")
def italy():
    """67 labelled series of 24 hours, (n, T)."""
    X, y = load_italy_power_demand(split="train", return_type="numpy3D")
    X = X[:, 0]
    X.setflags(write=False)  # nothing may write to the user's array
    return X, y


@pytest.fixture(scope="session")
def motions():
    """40 labelled series of 6 channels and 100 time points, (n, C, T)."""
    X, y = load_basic_motions(split="train", return_type="numpy3D")
    X.setflags(write=False)
    return X, y


def fast(backbone="cnn_gru", **params):
    """Return an augmenter that trains in a blink."""
    defaults = {"latent_dim": 4, "hidden_dim": 8, "max_epochs": 2, "random_state": 0}
    return LatentAugmenter(backbone, **{**defaults, **params})


@pytest.fixture(scope="session")
def fitted(italy):
    """A well-trained augmenter; tests must not change it."""
    X, y = italy
    return LatentAugmenter(random_state=0).fit(X, y)


def same(one, other):
    """Tell whether two results are equal to the last bit, whatever they are kept in."""
    if isinstance(one, dict):
        return list(one) == list(other) and same(list(one.values()), [*other.values()])
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "equals"):
        return one.equals(other) and one.index.equals(other.index)
    numbers = one.dtype.kind in "biuf"
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=numbers)


def replace_gru(patch):
    """Let the convolutions stand for the GRU in reports: it takes most of the time."""
    from lgta_sklearn.metrics import discriminative_score, reporting

    quick = [
        replace(measure, function=discriminative_score)
        if measure.is_critic
        else measure
        for measure in reporting.MEASURES
    ]
    patch.setattr(reporting, "MEASURES", quick)


def run_python(code, timeout=240):
    """Return the lines that a Python of its own prints, beside the tests."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
        timeout=timeout,
        cwd=Path(__file__).parent,
    )
    return done.stdout.splitlines()


def _global_state():
    return (
        random.getstate(),
        [
            part.tolist() if hasattr(part, "tolist") else part
            for part in np.random.get_state()  # noqa: NPY002
        ],
        torch.get_rng_state().tolist(),
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
    )


@pytest.fixture(autouse=True)
def untouched_global_state(request):
    """Fail any test that changes a global generator or torch's settings."""
    if request.node.get_closest_marker("changes_global_state"):
        yield
        return
    before = _global_state()
    yield
    assert _global_state() == before


def stored(value, seen=None):
    """Yield every array that an object holds."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from stored(part, seen)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from stored(part, seen)
    elif hasattr(value, "detach"):
        yield value.detach().cpu().numpy()
    elif hasattr(value, "state_dict") and not isinstance(value, type):
        yield from stored(dict(value.state_dict()), seen)
    elif hasattr(value, "__dict__"):
        yield from stored(vars(value), seen)


def of_series(augmenter, X):
    """Return the share of the values of series that an estimator holds."""
    held = np.concatenate([a.ravel() for a in stored(augmenter) if a.dtype.kind == "f"])
    X = X if X.ndim == 3 else X[:, None]
    shape = augmenter.scaling_.split(X / augmenter.channel_scale_)[2]
    known = [X, X / augmenter.channel_scale_, shape]
    held = np.unique(held.astype(np.float32))
    return [np.isin(part.astype(np.float32), held).mean() for part in known]
