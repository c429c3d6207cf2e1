from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import fast
from scipy import sparse

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.networks.backbones import CNNGRU, Transformer

GOOD = np.random.default_rng(0).normal(size=(12, 2, 8))


def _with(value, place=(7, 1, 3)):
    X = GOOD.copy()
    X[place] = value
    return X


BAD_SERIES = {
    "a series of NaN": (_with(np.nan, 7), r"NaN only in 1 series, .* number 7"),
    "a channel of NaN": (_with(np.nan, np.s_[:, 1]), r"NaN only in 1 channels.* 1"),
    "infinity": (_with(np.inf), r"contains infinity .* series 7, channel 1, time 3"),
    "1-D": (GOOD[0, 0], r"(?s)Expected 2D array, got 1D array.*Reshape your data"),
    "4-D": (GOOD[None], r"must have shape .* got 4 dimensions: \(1, 12, 2, 8\)"),
    "no rows": (GOOD[:0], r"0 sample\(s\).*minimum of 1"),
    "no channels": (GOOD[:, :0], "0 channels"),
    "one time point": (GOOD[:, :, :1], r"1 feature\(s\).*at least 2"),
    "complex": (GOOD.astype(complex), "Complex data not supported"),
    "no series": ([[1.0, 2.0, 3.0], [[1.0, 2.0]]], "The time axis is the last"),
    "strings": (np.full((12, 8), "a"), r"array of bytes/strings|could not convert"),
    "object": (np.full((12, 8), object()), r"argument must be.*number"),
    "sparse": (sparse.eye(12).tocsr(), "Sparse data was passed"),
}


@pytest.mark.parametrize("name", BAD_SERIES)
def test_bad_series_are_refused_before_training(name, monkeypatch):
    X, message = BAD_SERIES[name]
    monkeypatch.setattr(LatentAugmenter, "_fit_panel", _never)
    augmenter = fast()
    with pytest.raises((ValueError, TypeError), match=message):
        augmenter.fit(X)
    assert not [attribute for attribute in vars(augmenter) if attribute.endswith("_")]


def _never(*args):
    raise AssertionError("the training started")


BAD_PARAMETERS = {
    "backbone": ("resnet", r"'cnn_gru' or 'transformer' or 'lstm' or a callable"),
    "latent_dim": (0, "an int >= 1, got 0"),
    "latent": ("step", "'global' or 'per_step', got 'step'"),
    "hidden_dim": (2.5, "an int >= 1, got 2.5"),
    "beta": (-1, "a number >= 0, got -1"),
    "variational": ("yes", "a bool, got 'yes'"),
    "transformation": ("drift", "None or a callable"),
    "strength": (-0.1, "a number >= 0, got -0.1"),
    "density": ("kde", r"'mixture' or 'normal' or an object with a `sample` method"),
    "noise": ("white", r"'structured' or None or an object with a `sample` method"),
    "rejection_sampling": ("critic", "a bool, got 'critic'"),
    "on_transform": ("nothing", "'identity' or 'reconstruct' or 'augment'"),
    "gaps": ("impute", "'keep' or 'fill'"),
    "max_epochs": (0, "an int >= 1, got 0"),
    "batch_size": (-1, "an int >= 1, got -1"),
    "lr": (0.0, "a number > 0, got 0.0"),
    "early_stopping": (5, "a bool, got 5"),
    "validation_fraction": (1.5, "a number > 0 and <= 0.9, got 1.5"),
    "net": ("net", "None or an object with a `module` attribute"),
    "device": ("tpu", r"device='tpu' was asked for, but torch sees only .*cpu"),
    "random_state": ("seed", "random_state must be None, an int"),
    "verbose": (-1, "an int >= 0"),
}


@pytest.mark.parametrize("name", BAD_PARAMETERS)
def test_bad_parameters_are_refused_before_training(name, monkeypatch):
    value, message = BAD_PARAMETERS[name]
    monkeypatch.setattr(LatentAugmenter, "_train", _never)
    augmenter = fast().set_params(**{name: value})  # nothing is checked here
    with pytest.raises(ValueError, match=message):
        augmenter.fit(GOOD)
    assert not [attribute for attribute in vars(augmenter) if attribute.endswith("_")]


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        (torch.nn.GRU(3, 3), r"got a module of GRU.*pass the class"),
        (partial(CNNGRU, stride=3), "power of two, got 3"),
        (partial(Transformer, n_heads=3), "divisible by n_heads=3, got 8"),
    ],
)
def test_bad_backbones_are_refused(backbone, message):
    with pytest.raises(ValueError, match=message):
        fast(backbone).fit(GOOD)


def test_every_parameter_has_a_bad_value():
    assert set(BAD_PARAMETERS) == set(LatentAugmenter().get_params(deep=False))


def test_channels_last_by_mistake_is_a_warning():
    with pytest.warns(UserWarning, match=r"more channels \(8\) than time points \(2\)"):
        fast().fit(GOOD.transpose(0, 2, 1))


@pytest.mark.parametrize(
    "method", ["transform", "augment", "encode", "reconstruct", "score_samples"]
)
@pytest.mark.parametrize(
    "X", [GOOD[:, :1], GOOD[:, :, :5], GOOD.transpose(0, 2, 1), GOOD[:, 0]]
)
def test_another_layout_after_fit_is_refused(method, X):
    augmenter = fast().fit(GOOD)
    with pytest.raises(ValueError, match=r"expected 2 of 8 as in fit.*axis order"):
        getattr(augmenter, method)(X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": -1}, "n_samples must be an int >= 0, got -1"),
        ({"n_samples": 1.5}, "n_samples must be an int >= 0, got 1.5"),
        ({"y": "c"}, r"not in fit: \['c'\].*\['a', 'b'\]"),
        ({"y": ["a", "c"]}, r"not in fit: \['c'\]"),
        ({"y": ["a", "b"], "n_samples": 3}, "2 labels.*n_samples is 3"),
        ({"random_state": "now"}, "random_state must be"),
    ],
)
def test_bad_draws_are_refused(arguments, message):
    augmenter = fast().fit(GOOD, np.repeat(["a", "b"], 6))
    with pytest.raises(ValueError, match=message):
        augmenter.sample(**arguments)


def test_labels_are_asked_for_in_vain_without_labels():
    with pytest.raises(
        ValueError, match=r"fitted without labels. Call fit\(X, y\) with"
    ):
        fast().fit(GOOD).sample(y="a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": -1}, "strength must be a number >= 0"),
        ({"n_copies": 1.5}, "n_copies must be an int >= 0"),
        ({"y": [1, 2]}, "inconsistent numbers of samples"),
    ],
)
def test_bad_variations_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fast().fit(GOOD).augment(GOOD, **arguments)


def test_decode_says_what_a_code_is():
    with pytest.raises(ValueError, match=r"\(n_samples, 8\): 4 codes, then 2 levels"):
        fast().fit(GOOD).decode(np.zeros((3, 4)))


@pytest.mark.parametrize(
    "y", [[1, 2], ["a"] * 11 + [np.nan], [None] * 12, np.full(12, np.nan)]
)
def test_bad_labels_are_refused(y):
    with pytest.raises(ValueError, match=r"inconsistent numbers|y contains NaN"):
        fast().fit(GOOD, y)


def test_a_data_frame_comes_back_with_columns_and_index():
    X = pd.DataFrame(GOOD[:, 0], index=list("abcdefghijkl")).add_prefix("t")
    augmenter = fast().fit(X)
    assert augmenter.feature_names_in_.tolist() == X.columns.tolist()
    varied, index = augmenter.augment(X, n_copies=2, return_index=True)
    assert varied.columns.equals(X.columns)
    assert varied.index.tolist() == list("abcdefghijkl") * 2
    assert index.tolist() == [*range(12), *range(12)]
    assert augmenter.reconstruct(X).index.equals(X.index)
