"""Every family keeps the contract, found by its export line alone."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

import lgta_sklearn
from lgta_sklearn import (
    AugmentedClassifier,
    AugmentedRegressor,
    BaseAugmenter,
    DiffusionAugmenter,
    LatentAugmenter,
    Panel,
)
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.families import TrainedAugmenter, TrainingSpec, VaryingMixin
from lgta_sklearn.networks.backbones import BACKBONES
from lgta_sklearn.noise import NeighborNoise
from lgta_sklearn.testing import check_augmenter

FAMILIES = sorted(
    name
    for name in lgta_sklearn.__all__
    if isinstance(kind := getattr(lgta_sklearn, name), type)
    and issubclass(kind, BaseAugmenter)
    and not inspect.isabstract(kind)
)


def quick(kind):
    """Return an augmenter that trains in a blink, if it trains at all."""
    # of the others an epoch has at least twenty batches
    n_epochs = 3 if kind is LatentAugmenter else 1
    few = {"max_epochs": n_epochs, "hidden_dim": 8, "n_steps": 5, "epsilon": 1e4}
    known = kind().get_params(deep=False)
    if "generator" in known:
        return kind(generator=quick(DiffusionAugmenter))
    return kind(**{name: value for name, value in few.items() if name in known})


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_keeps_the_contract(name):
    passed = check_augmenter(quick(getattr(lgta_sklearn, name)))
    assert len(passed) >= 8


@pytest.mark.parametrize(
    "params",
    [
        *({"backbone": name} for name in BACKBONES if name != "cnn_gru"),
        {"latent": "per_step"},
        {"noise": "structured", "density": "mixture"},
        {"noise": NeighborNoise(n_neighbors=5, blend=0.5), "density": "normal"},
        {"noise": None, "variational": False, "gaps": "fill"},
    ],
    ids=str,
)
def test_every_part_keeps_the_contract(params):
    check_augmenter(quick(LatentAugmenter).set_params(**params))


class Repeating(BaseAugmenter):
    """Repeats the first series: wrong in every way that its parameters say."""

    firsts: list = []  # noqa: RUF012

    def __init__(self, fault=None, *, random_state=None):
        self.fault = fault
        self.random_state = random_state

    def _fit_panel(self, panel, labels, rng):
        self.mean_ = panel.values.mean(axis=0)
        if self.fault == "writes":
            np.random.random()  # noqa: NPY002
        if self.fault == "keeps":
            Repeating.firsts.append(panel.values.mean())
            self.mean_ = self.mean_ + 0.01 * len(Repeating.firsts)

    def _sample_block(self, n_samples, labels, rng):
        noise = rng.normal(size=(n_samples, *self.mean_.shape))
        scale = np.ones(n_samples) if labels is None else 1 + 2.0 * labels
        if self.fault == "no classes":
            scale[:] = 1
        if self.fault == "constant":
            noise[:] = 0.0
        if self.fault == "units":
            noise += 1e6
        if self.fault == "array":
            return noise
        if self.fault == "rows":
            return Panel.full(noise[1:])
        if self.fault == "lengths":
            return Panel(noise, np.full(n_samples, 999))
        if self.fault == "infinity":
            noise[0] = np.inf
        noise = noise * scale[:, None, None]
        return Panel.full(self.mean_ + 0.1 * noise)


@pytest.mark.changes_global_state
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("units", "check_layouts_and_units"),
        ("no classes", "check_samples_of_classes"),
        ("constant", "check_samples_of_classes"),
        ("writes", "check_global_state"),
        ("keeps", "check_repeatability"),
    ],
)
def test_the_contract_notices_faults(fault, words):
    with pytest.raises(AssertionError, match=words):
        check_augmenter(Repeating(fault))


def test_a_family_that_only_samples_has_no_other_methods():
    check_augmenter(Repeating())
    for method in ("augment", "fit_transform", "transform", "impute", "strength_curve"):
        assert not hasattr(Repeating(), method)
    X, y = make_waves(30, random_state=0), np.arange(30) % 2
    with pytest.raises(ValueError, match=r"method `augment`.*Use method='sample'"):
        AugmentedClassifier(quick(LatentAugmenter), Repeating()).fit(X, y)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("array", TypeError, "_sample_block must return a Panel, got ndarray"),
        ("rows", ValueError, r"shape \(255, 1, 24\).*expected \(256, 1, 24\)"),
        ("lengths", ValueError, r"lengths \[999.*between 1 and 24"),
        ("infinity", ValueError, "returned infinity"),
    ],
)
def test_what_is_no_sample_is_refused(fault, error, words):
    augmenter = Repeating(fault).fit(make_waves(20, n_timepoints=24, random_state=0))
    with pytest.raises(error, match=words):
        augmenter.sample(3)


def test_a_class_is_no_augmenter_and_a_mixin_wants_its_hook():
    X, y = make_waves(20, random_state=0), np.arange(20) % 2
    with pytest.raises(ValueError, match=r"Pass an instance: augmenter=Repeating\(\)"):
        AugmentedClassifier(Ridge(), Repeating).fit(X, y)
    with pytest.raises(ValueError, match=r"the method `interpolate`, got Rep.*\)\.$"):
        AugmentedRegressor(Ridge(), Repeating()).fit(X, X[:, 0])

    class Half(VaryingMixin, Repeating):
        pass

    with pytest.raises(TypeError, match="_perturbation"):
        Half()


def test_a_failed_fit_leaves_no_composite_fitted():
    X, y = make_waves(40, random_state=0), np.arange(40) % 2
    model = AugmentedClassifier(RidgeClassifier(), Repeating(), method="sample")
    model.fit(X, y).predict(X)
    model.set_params(augmenter=Repeating("rows"))
    with pytest.raises(ValueError, match="_sample_block"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.changes_global_state
def test_a_family_that_only_samples_passes_the_checks_of_scikit_learn():
    results = check_estimator(Repeating(), on_skip=None)
    assert len(results) > 30
    assert all(result["status"] in ("passed", "skipped") for result in results)


def test_attributes_of_a_subclass_outlive_a_fit():
    class Noting(Repeating):
        def __init__(self, fault=None, *, random_state=None):
            super().__init__(fault, random_state=random_state)
            self.note_ = "set by the constructor"

    X = make_waves(20, random_state=0)
    assert Noting().fit(X).fit(X).note_ == "set by the constructor"


class Adding(nn.Module):
    """A network with conditions: numbers and classes, and a mask."""

    def __init__(self, n_values, n_classes):
        super().__init__()
        self.of_class = nn.Embedding(n_classes, n_values)
        self.of_level = nn.Linear(1, n_values)

    def forward(self, shape, level, label, known):
        assert label.dtype.is_floating_point is False
        made = self.of_class(label) + self.of_level(level)
        return made * known, shape * known

    def generate(self, level, label):
        return self.of_class(label) + self.of_level(level)


class Difference(nn.Module):
    def forward(self, output, batch):
        assert set(batch) == {"shape", "level", "label", "known"}
        return ((output[0] - output[1]) ** 2).mean()


class Conditional(VaryingMixin, TrainedAugmenter):
    """A family whose network is conditioned, and that varies by its samples."""

    gaps, verbose, density, device = "keep", 0, "auto", "cpu"
    batch_size = lr = net = transformation = strength = None
    on_transform = "identity"

    def __init__(self, *, max_epochs=3, random_state=None):
        self.max_epochs = max_epochs
        self.random_state = random_state

    def _spec(self, parts, labels, rng):
        shape = np.nan_to_num(parts.shape[:, 0])
        return TrainingSpec(
            module=Adding,
            inputs={
                "shape": shape,
                "level": np.nan_to_num(parts.level),
                "label": labels,
                "known": ~np.isnan(parts.shape[:, 0]),
            },
            module_params={"n_values": shape.shape[1], "n_classes": 2},
            criterion=Difference,
            monitor=None,
            drop_last=True,
        )

    def _generate(self, V, labels, rng):
        level = self._state.space.split(self._state.space.restored(V))[1]
        return self._state.network.run("generate", level, labels)[0][:, None]

    def _perturbation(self, panel, labels):
        return lambda rows, factor, rngs: panel.values[rows] + factor


def test_a_network_has_conditions_of_every_kind():
    X, y = make_waves(70, n_timepoints=12, random_state=0), np.arange(70) % 2
    augmenter = Conditional(max_epochs=40, random_state=0).fit(X, y)
    assert augmenter.n_iter_ == 40  # nothing to stop by
    assert augmenter.validation_curve_ is None
    assert augmenter.sample(5, y=1).shape == (5, 12)
    np.testing.assert_allclose(augmenter.augment(X), X + augmenter.channel_scale_[0, 0])
    again = clone(augmenter).fit(X, y)
    drawn = [a.sample(4, random_state=0) for a in (again, augmenter)]
    np.testing.assert_array_equal(*drawn)


def test_a_family_without_codes_has_blocks_of_levels_and_log_scales():
    X, y = make_waves(70, n_timepoints=12, random_state=0), np.arange(70) % 2
    augmenter = Conditional(random_state=0).fit(X, y)
    for density in augmenter.density_.by_class_:
        assert density.blocks == [(0, 1), (1, 2)]
        assert density.sample(3).shape == (3, 2)
