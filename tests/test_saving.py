"""Files: what comes back, what is refused, and that nothing in them is run."""

import json
import os
import pickle
import re
import struct
from functools import partial
from hashlib import sha256
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import fast, same
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import NotFittedError
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity

from lgta_sklearn import DirectAugmenter, FormatError, LatentAugmenter
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.networks.backbones import Transformer
from lgta_sklearn.noise import NeighborNoise
from lgta_sklearn.training.nets import AugmenterNet
from lgta_sklearn.transforms import (
    Compose,
    Drift,
    Jitter,
    LinearDelta,
    Mixup,
    OneOf,
    SomeOf,
    TimeWarp,
)

DATA = Path(__file__).parent / "data"


class Pointwise(torch.nn.Module):
    """A backbone of the user's own, with a constant that is not among its weights."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.linear = torch.nn.Linear(in_features, out_features)
        self.shift = torch.tensor(0.5)

    def forward(self, x):
        return torch.tanh(self.linear(x)) + self.shift.to(x.dtype)


def twice(Z, rng):
    return 2 * Z


class Normal:
    """A density of the user's own."""

    def fit(self, Z):
        self.n = Z.shape[1]
        return self

    def sample(self, n_samples):
        return np.zeros((n_samples, self.n))


@pytest.fixture(scope="module")
def series():
    """60 series of 24 time points in two classes, in whatever it takes."""
    X = make_waves(60, n_timepoints=24, random_state=0)
    gappy = X.copy()
    gappy[3, 4:7] = np.nan
    hours = pd.date_range("2020", periods=24, freq="h", tz="Europe/Lisbon")
    frames = [pd.DataFrame({"u": x, "v": x**2}, index=hours) for x in X]
    return {
        "array": X,
        "channels": np.stack([X, X[::-1] ** 2], axis=1),
        "float32": X.astype(np.float32),
        "gaps": gappy,
        "lengths": [x[: 10 + i % 14] for i, x in enumerate(X)],
        "df-list": frames,
        "pd-multiindex": pd.concat(frames, keys=range(60), names=["id", "time"]),
        "table": pd.DataFrame(X).add_prefix("hour"),
        "few": X[:6],
    }


WORDS = np.array(["calm", "rough"])[np.arange(60) % 2]
CASES = {
    "plain": ({}, "array", None),
    "words": ({}, "channels", WORDS),
    "numbers": ({}, "float32", np.arange(60) % 3),
    "objects": ({}, "array", WORDS.astype(object)),
    "transformer": ({"backbone": "transformer"}, "array", WORDS),
    "lstm": ({"backbone": "lstm", "variational": False}, "array", WORDS),
    "options": ({"backbone": partial(Transformer, n_heads=2)}, "array", WORDS),
    "gaps": ({}, "gaps", WORDS),
    "filled": ({"gaps": "fill"}, "gaps", None),
    "lengths": ({}, "lengths", WORDS),
    "frames": ({}, "df-list", WORDS),
    "multiindex": ({}, "pd-multiindex", WORDS),
    "table": ({}, "table", WORDS),
    "few": ({}, "few", WORDS[:6]),
    "mixture": ({"density": "mixture"}, "array", WORDS),
    "normal": ({"density": "normal"}, "array", None),
    "gaussians": ({"density": GaussianMixture(3)}, "array", None),
    "bayesian": ({"density": BayesianGaussianMixture(n_components=2)}, "array", WORDS),
    "kernels": ({"density": KernelDensity(bandwidth=0.3)}, "array", None),
    "structured": ({"noise": "structured"}, "channels", WORDS),
    "no noise": ({"noise": None}, "array", None),
    "strength": (
        {"transformation": Compose([Mixup(), Jitter(0.3)]), "strength": 0.2},
        "array",
        WORDS,
    ),
    "temporal": (
        {
            "latent": "per_step",
            "transformation": OneOf([Drift(), TimeWarp()], [1, 2]),
            "strength": 0.3,
        },
        "array",
        WORDS,
    ),
    "neighbors": ({"noise": NeighborNoise(n_neighbors=5)}, "array", WORDS),
    "RandomState": ({"random_state": np.random.RandomState(3)}, "array", None),
    "Generator": ({"random_state": np.random.default_rng(3)}, "array", WORDS),
}


def results(augmenter, X, y):
    """Return what an augmenter does, with seeds and without."""
    every = [
        augmenter.sample(5, random_state=1),
        augmenter.sample(300),  # the next draw of the fit's own sequence
        augmenter.augment(X, y, n_copies=2, random_state=2),
        augmenter.augment(X, strength=0.1, random_state=3),
        augmenter.transform(X),
    ]
    if hasattr(augmenter, "classes_"):
        every.append(augmenter.sample(3, y=augmenter.classes_[-1], random_state=4))
    if hasattr(augmenter, "encode"):
        every += [augmenter.encode(X), augmenter.score_samples(X), augmenter.impute(X)]
    return every


FLOOR = {"plain", "objects", "options", "multiindex", "temporal"}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[pytest.mark.floor] * (case in FLOOR)) for case in CASES],
)
def test_a_loaded_estimator_does_what_the_saved_one_would(case, series, tmp_path):
    params, kind, y = CASES[case]
    augmenter = fast(**params).fit(series[kind], y)
    path = tmp_path / "augmenter.safetensors"
    augmenter.save(path)
    loaded = LatentAugmenter.load(path)
    copied = pickle.loads(pickle.dumps(augmenter))
    wanted = results(augmenter, series[kind], y)
    assert same(wanted, results(loaded, series[kind], y))
    assert same(wanted, results(copied, series[kind], y))
    if "random_state" not in params:
        assert repr(loaded) == repr(augmenter)
    assert loaded.history_ == augmenter.history_
    again = tmp_path / "again.safetensors"
    loaded.save(again)  # what was loaded can be saved, and is the same
    later = LatentAugmenter.load(again).sample(2, random_state=5)
    assert same(later, augmenter.sample(2, random_state=5))


@pytest.mark.parametrize("kind", ["array", "lengths", "pd-multiindex"])
def test_the_direct_augmenter_is_saved_alike(kind, series, tmp_path):
    augmenter = DirectAugmenter(TimeWarp(), strength=0.3, random_state=0)
    augmenter.fit(series[kind], WORDS).save(tmp_path / "direct")
    loaded = DirectAugmenter.load(tmp_path / "direct")
    wanted = results(augmenter, series[kind], WORDS)
    assert same(wanted, results(loaded, series[kind], WORDS))


def test_a_loaded_estimator_can_be_refitted_to_the_same(series, tmp_path):
    X = series["array"]
    augmenter = fast(transformation=SomeOf([Mixup(), LinearDelta()], [0.5, 1])).fit(X)
    augmenter.save(tmp_path / "a")
    again = LatentAugmenter.load(tmp_path / "a").fit(X)
    np.testing.assert_array_equal(again.encode(X), augmenter.encode(X))


def test_the_output_container_that_was_set_is_kept(series, tmp_path):
    augmenter = fast().set_output(transform="pandas").fit(series["table"])
    augmenter.save(tmp_path / "a")
    loaded = LatentAugmenter.load(tmp_path / "a")
    pd.testing.assert_frame_equal(
        loaded.transform(series["table"]), augmenter.transform(series["table"])
    )


def test_parts_of_ones_own_are_given_again(series, tmp_path):
    X, path = series["array"], tmp_path / "own"
    augmenter = fast(Pointwise, transformation=twice, net=AugmenterNet()).fit(X)
    augmenter.save(path)
    with pytest.raises(ValueError, match=r"backbone=test_saving\.Pointwise.*=test_s"):
        LatentAugmenter.load(path)
    with pytest.raises(TypeError, match=r"load got density.*backbone, .*transf"):
        LatentAugmenter.load(path, backbone=1, transformation=1, net=1, density=1)
    own = {"transformation": twice, "net": None}
    loaded = LatentAugmenter.load(path, backbone=Pointwise, **own)
    assert same(results(augmenter, X, None), results(loaded, X, None))
    with pytest.raises(FormatError, match="the weights are not those"):
        LatentAugmenter.load(path, backbone=torch.nn.Identity, **own)


def test_what_was_learned_by_code_of_ones_own_is_refused(series, tmp_path):
    from lgta_sklearn.networks.vae import VAE

    class Wider(VAE):
        pass

    X = series["array"]
    with pytest.raises(
        ValueError, match=r"density_.density is of the class test_saving.No"
    ):
        fast(density=Normal()).fit(X).save(tmp_path / "a")
    with pytest.raises(ValueError, match=r"network.module is of the class .*Wider"):
        fast(net=AugmenterNet(Wider)).fit(X).save(tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_it_takes_a_fitted_estimator_and_one_of_the_class(series, tmp_path):
    path = tmp_path / "a"
    with pytest.raises(NotFittedError):
        fast().save(path)
    fast().fit(series["few"]).save(path)
    with pytest.raises(FormatError, match=r"holds a LatentAugmenter, expected a Dir"):
        DirectAugmenter.load(path)
    with pytest.raises(FileNotFoundError):
        LatentAugmenter.load(tmp_path / "b")
    with pytest.raises(OSError, match="directory"):
        fast().fit(series["few"]).save(tmp_path / "none" / "a")


def test_the_file_holds_each_array_once_and_single_precision(series, tmp_path):
    X = make_waves(500, n_timepoints=100, random_state=0)
    augmenter = fast(latent_dim=16, hidden_dim=32).fit(X)
    augmenter.save(tmp_path / "a")
    size = (tmp_path / "a").stat().st_size
    of_series = 4 * X.size + 8 * X.size  # residuals, and series to measure the response
    of_codes = 8 * 500 * (16 + 2) * 4  # as they are, sorted, whitened, neighbours
    of_weights = 4 * sum(p.numel() for p in augmenter.module_.parameters())
    assert size < 1.1 * (of_series + of_codes + of_weights) + 20_000
    # residuals are kept for two ends; a pickle has them once, too
    assert len(pickle.dumps(augmenter)) < 1.1 * size


@pytest.fixture(scope="module")
def saved(series, tmp_path_factory):
    """A small file, as bytes."""
    path = tmp_path_factory.mktemp("saved") / "a"
    fast(latent_dim=2, hidden_dim=2).fit(series["few"], WORDS[:6]).save(path)
    return path.read_bytes()


def refused(tmp_path, content):
    """Assert that a file is refused and return the words."""
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        LatentAugmenter.load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_whatever_is_cut_off_is_noticed(saved, tmp_path):
    ends = np.linspace(10, len(saved) - 2, 15, dtype=int)
    for end in (*ends, 0, 7, 8, 9, len(saved) - 1):
        refused(tmp_path, saved[:end])
    assert "damaged" in refused(tmp_path, saved + b"\0")


def places_of_a_file(content):
    """Return places in each part of a file: its length, header, seal and tensors."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    seal = content.index(header.pop("__metadata__")["sha256"].encode())
    tensors = [tensor["data_offsets"] for tensor in header.values()]
    return [
        *(0, 7, 8, start - 1),
        *(seal - 1, seal, seal + 31, seal + 63, seal + 64),
        *np.linspace(8, start, 12, endpoint=False, dtype=int),
        *(start + (first + last) // 2 for first, last in tensors),
        *(start, len(content) - 1),
    ]


def test_every_flipped_bit_is_noticed(saved, tmp_path):
    # the seal is a digest of all bytes alike, so that some of each part will do
    places = places_of_a_file(saved)
    assert len(places) > 60
    for number, place in enumerate(places):
        content = bytearray(saved)
        content[place] ^= 1 << number % 8
        refused(tmp_path, bytes(content))


def test_files_of_other_origin_run_nothing(saved, tmp_path):
    sentinel = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(sentinel),)

    joblib.dump(Evil(), tmp_path / "joblib")
    torch.save({"weights": Evil()}, tmp_path / "torch")
    save_file({"weight": np.zeros(3)}, tmp_path / "plain", {"author": "another"})
    contents = [pickle.dumps(Evil()), b"", b"PK\x03\x04" + b"\0" * 100, b"\xff" * 100]
    contents += [(tmp_path / name).read_bytes() for name in ("joblib", "torch")]
    for content in (*contents, (tmp_path / "plain").read_bytes()):
        assert "not a file of lgta_sklearn" in refused(tmp_path, content)
    assert not sentinel.exists()


def forged(content, tmp_path, change):
    """Return a file whose header was changed, with a checksum that is right."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    header = change(json.loads(metadata["lgta_sklearn"]))
    text = header if isinstance(header, str) else json.dumps(header)
    save_file(load_file(source), target, {"lgta_sklearn": text, "sha256": "0" * 64})
    made = target.read_bytes()
    digest = sha256(made).hexdigest().encode()
    assert made.count(b'"' + b"0" * 64 + b'"') == 1
    return made.replace(b'"' + b"0" * 64 + b'"', b'"' + digest + b'"')


def network(header):
    """Return the arguments of the network in a header, as pairs."""
    return header["state"]["network"]["state"]["params"]["pairs"]


@pytest.mark.parametrize(
    ("number", "cure"), [(3, "Upgrade lgta_sklearn"), (1, "Fit and save it again")]
)
def test_another_format_says_so(number, cure, saved, tmp_path):
    other = forged(saved, tmp_path, lambda header: {**header, "format": number})
    words = refused(tmp_path, other)
    assert f"format {number}, and this version reads format 2. {cure}" in words


def forge_size(header):
    for pair in network(header):
        if pair[0] in ("hidden_dim", "latent_dim"):
            pair[1] = 10**7
    return header


def forge_length(header):
    for pair in network(header):
        if pair[0] == "n_timepoints":
            pair[1] = 10**15
    return header


def forge_layers(header):
    for pair in network(header):
        if pair[0] == "backbone":
            pair[1] = {
                "kind": "partial",
                "function": {"kind": "class", "name": "networks.backbones:LSTM"},
                "args": [],
                "keywords": {"kind": "dict", "pairs": [["n_layers", 10**9]]},
            }
    return header


def forge_class(header):
    popen = {"kind": "object", "class": "subprocess:Popen", "state": {"args": "ls"}}
    header["learned"]["grid_"] = popen
    return header


def forge_module(header):
    header["learned"]["grid_"]["class"] = "..os:system"
    return header


def forge_unregistered(header):
    header["learned"]["grid_"]["class"] = "compose.augmented:AugmentedClassifier"
    return header


def forge_function(header):
    header["params"]["transformation"] = {"kind": "class", "name": "os:system"}
    return header


def forge_attribute(header):
    header["learned"]["sample"] = 3
    return header


def forge_property(header):
    header["learned"]["module_"] = 3
    return header


def forge_slot(header):
    header["learned"]["grid_"]["state"]["__class__"] = 3
    return header


def forge_generator(header):
    header["state"]["rng"]["name"] = "default_rng"
    return header


def forge_type(header):
    header["params"]["beta"] = {"kind": "scalar", "dtype": "O", "value": 1}
    return header


def forge_tensor(header):
    header["state"]["donors"] = {"kind": "array", "name": "t9999", "shape": [1]}
    return header


def forge_kind(header):
    header["params"]["beta"] = {"kind": "eval", "value": "1"}
    return header


FORGERIES = {
    forge_size: "the weights are not those",
    forge_length: "the weights are not those",
    forge_layers: "fewer weights than layers",
    forge_class: "'subprocess:Popen' is no class that a file may name",
    forge_module: "is no class that a file may name",
    forge_unregistered: "is no class that a file may name",
    forge_function: r"'os:system' is no class that a file may name",
    forge_attribute: "'sample' is nothing that is learned",
    forge_property: "'module_' is nothing that is learned",
    forge_kind: "eval",
    forge_slot: "two underscores",
    forge_generator: "is no generator of NumPy",
    forge_type: "is no type of numbers",
    forge_tensor: "t9999",
}


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forged_header_is_refused_before_memory_is_taken(forge, saved, tmp_path):
    import tracemalloc

    content = forged(saved, tmp_path, forge)
    tracemalloc.start()
    words = refused(tmp_path, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert re.search(FORGERIES[forge], words)
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{}", "[]", '{"format": 1}', '{"format": 1, "class": 3}']
)
def test_a_header_that_makes_no_sense_is_refused(text, saved, tmp_path):
    refused(tmp_path, forged(saved, tmp_path, lambda header: text))


def test_a_header_longer_than_the_file_is_refused(saved, tmp_path):
    for length in (2**62, 2**40, len(saved), 0):
        refused(tmp_path, struct.pack("<Q", length) + saved[8:])


def test_a_crash_while_saving_leaves_the_old_file(series, tmp_path, monkeypatch):
    path = tmp_path / "a"
    augmenter = fast().fit(series["few"])
    augmenter.save(path)
    before = path.read_bytes()

    def full(descriptor):
        assert len(list(tmp_path.iterdir())) == 2  # some of it is written
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        augmenter.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_file_has_the_rights_of_any_other(series, tmp_path):
    (tmp_path / "other").touch()
    fast().fit(series["few"]).save(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_saving_over_a_link_replaces_what_it_leads_to(series, tmp_path):
    path, link = tmp_path / "a", tmp_path / "link"
    link.symlink_to(path)
    fast().fit(series["few"]).save(link)
    assert link.is_symlink()
    assert LatentAugmenter.load(path).sample(2).shape == (2, 24)


def test_a_model_of_a_device_that_is_gone_loads_here(series, tmp_path):
    path = tmp_path / "a"
    augmenter = fast().fit(series["few"])
    wanted = augmenter.sample(3, random_state=0)
    augmenter._state.network.device = augmenter.device = "cuda:7"  # as if fitted there
    augmenter.module_.cpu()
    augmenter.save(path)
    with pytest.warns(UserWarning, match=r"device='cuda:7', which is not here; .*cpu"):
        loaded = LatentAugmenter.load(path)
    assert loaded.device_ == "cpu"
    np.testing.assert_array_equal(loaded.sample(3, random_state=0), wanted)
    moved = LatentAugmenter.load(path, device="cpu")  # chosen, so nothing is said
    np.testing.assert_array_equal(moved.sample(3, random_state=0), wanted)
    with pytest.raises(ValueError, match="device='cuda:8' was asked for"):
        LatentAugmenter.load(path, device="cuda:8")


def test_a_file_loads_on_the_device_of_the_tests(series, tmp_path, device):
    X = series["array"]
    augmenter = fast(device=device).fit(X)
    augmenter.save(tmp_path / "a")
    here = LatentAugmenter.load(tmp_path / "a")
    np.testing.assert_array_equal(here.encode(X), augmenter.encode(X))
    on_cpu = LatentAugmenter.load(tmp_path / "a", device="cpu")
    np.testing.assert_allclose(on_cpu.encode(X), augmenter.encode(X), atol=1e-5)


@pytest.mark.floor
@pytest.mark.parametrize("number", [2])
def test_files_of_every_format_give_the_samples_they_gave(number):
    """The file was written when the format came; make_golden.py tells how."""
    loaded = LatentAugmenter.load(DATA / f"format{number}.safetensors")
    wanted = load_file(DATA / f"format{number}.expected")
    X = wanted["X"]
    for name, got in {
        "sample": loaded.sample(4, random_state=0),
        "augment": loaded.augment(X, random_state=0),
        "encode": loaded.encode(X),
        "score": loaded.score_samples(X),
    }.items():
        np.testing.assert_allclose(got, wanted[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("words", marks=pytest.mark.floor),
        *("lengths", "multiindex", "table", "temporal"),
    ],
)
def test_skops_trusts_no_class_but_ours(case, series, tmp_path):
    skops = pytest.importorskip("skops.io")
    params, kind, y = CASES[case]
    augmenter = fast(**params).fit(series[kind], y)
    skops.dump(augmenter, tmp_path / "a.skops")
    untrusted = skops.get_untrusted_types(file=tmp_path / "a.skops")
    assert all(name.startswith("lgta_sklearn.") for name in untrusted)
    loaded = skops.load(tmp_path / "a.skops", trusted=untrusted)
    wanted = results(augmenter, series[kind], y)
    assert same(wanted, results(loaded, series[kind], y))


def test_neighbourhoods_of_blocks_are_kept(tmp_path):
    walk = np.random.default_rng(0).normal(size=(300, 3)).cumsum(axis=0)
    X = np.stack([walk[i : i + 12].T for i in range(280)])
    augmenter = fast().fit(X)
    assert augmenter.density_.by_class_[0].block_neighbors_[0] > 0
    augmenter.save(tmp_path / "a")
    loaded = LatentAugmenter.load(tmp_path / "a")
    assert same(results(augmenter, X, None), results(loaded, X, None))
