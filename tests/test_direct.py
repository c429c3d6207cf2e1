"""The direct augmenter: the contract of the latent one, without a model."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_checks

from lgta_sklearn import AugmentedClassifier, DirectAugmenter, SyntheticOverSampler
from lgta_sklearn.transforms import (
    Compose,
    Drift,
    Jitter,
    LinearDelta,
    MagnitudeWarp,
    Mixup,
    OneOf,
    Scaling,
    SomeOf,
    TimeWarp,
    Trend,
)

EXPECTED = {
    "check_transformer_general": "training rows are varied by contract",
    "check_transformer_data_not_an_array": "training rows are varied by contract",
}
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
    Compose([TimeWarp(), SomeOf([Jitter(), Mixup()], [0.5, 0.5])]),
    OneOf([Drift(), LinearDelta()]),
]


@pytest.mark.changes_global_state
@pytest.mark.parametrize("strength", [0, 1.0])
def test_check_estimator(strength):
    expected = EXPECTED if strength else {}
    results = estimator_checks.check_estimator(
        DirectAugmenter(strength=strength),
        expected_failed_checks=expected,
        on_skip=None,
        on_fail="raise",
    )
    failed = {r["check_name"] for r in results if r["status"] == "xfail"}
    assert failed == set(expected)


@pytest.mark.parametrize("transformation", EVERY, ids=repr)
def test_every_transformation_keeps_the_layout(transformation, italy, motions):
    for X, y in (italy, motions, (italy[0].astype(np.float32), italy[1])):
        augmenter = DirectAugmenter(transformation, random_state=0).fit(X, y)
        varied, labels, index = augmenter.augment(
            X, y, n_copies=2, strength=0.2, return_index=True
        )
        assert varied.shape == (2 * len(X), *X.shape[1:])
        assert varied.dtype == X.dtype
        np.testing.assert_array_equal(labels, y[index])
        np.testing.assert_array_equal(augmenter.augment(X, strength=0), X)
        np.testing.assert_array_equal(augmenter.transform(X), X)
        assert not np.array_equal(varied[: len(X)], X)
        assert augmenter.sample(3, y=y[0]).shape == (3, *X.shape[1:])


def test_it_adds_what_the_formulas_say(italy):
    X, _ = italy
    units = DirectAugmenter(Jitter(0.5), random_state=0).fit(1000.0 * X + 7)
    noise = units.augment(1000.0 * X + 7, n_copies=50) - np.tile(
        1000.0 * X + 7, (50, 1)
    )
    own = 1000.0 * X.std(axis=1)
    np.testing.assert_allclose(
        noise.reshape(50, 67, 24).std(axis=(0, 2)), 0.5 * own, rtol=0.1
    )
    scaled = DirectAugmenter(Scaling(), random_state=0).fit(X).augment(X)
    factor = (scaled - X.mean(axis=1, keepdims=True)) / (
        X - X.mean(axis=1, keepdims=True)
    )
    np.testing.assert_allclose(factor, factor[:, :1] * np.ones(24), rtol=1e-4)


def test_mixup_is_smote_on_values(italy):
    X, y = italy
    augmenter = DirectAugmenter(Mixup(3), random_state=0).fit(X, y)
    varied, labels = augmenter.augment(X, y)
    for row, source, label in zip(varied, X, labels, strict=True):
        others = X[(y == label) & (np.abs(X - source).max(axis=1) > 0)]
        near = others[((others - source) ** 2).sum(axis=1).argsort()[:3]]
        way = (row - source) @ (near - source).T / ((near - source) ** 2).sum(axis=1)
        ends = source + way[:, None] * (near - source)
        hit = np.abs(ends - row).max(axis=1) < 1e-9
        assert hit.any()
        assert (way[hit] >= 0).all()
        assert (way[hit] <= 1).all()


def test_samples_are_varied_training_series(italy):
    X, y = italy
    mixed = DirectAugmenter(Mixup(), random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        mixed.sample(100, random_state=3), mixed.sample(300, random_state=3)[:100]
    )
    augmenter = DirectAugmenter(Jitter(0.01), random_state=0).fit(X, y)
    drawn = augmenter.sample(600, random_state=3)
    np.testing.assert_array_equal(augmenter.sample(100, random_state=3), drawn[:100])
    nearest = np.abs(drawn[:, None] - X[None]).max(axis=2)
    assert nearest.min(axis=1).max() < 0.2
    assert len(set(nearest.argmin(axis=1))) == 67
    of_one = augmenter.sample(50, y="2", random_state=0)
    source = np.abs(of_one[:, None] - X[None]).max(axis=2).argmin(axis=1)
    assert (y[source] == "2").all()
    assert len(augmenter.sample(0)) == 0


def test_lengths_and_gaps_stay(italy):
    X = [row[:length] for row, length in zip(italy[0], range(10, 25), strict=False)]
    augmenter = DirectAugmenter(TimeWarp(), random_state=0).fit(X)
    varied = augmenter.augment(X, strength=0.3)
    for row, source in zip(varied, X, strict=True):
        assert row.shape == source.shape
        # each has a clock of its own, from its beginning to its end
        np.testing.assert_allclose(row[[0, -1]], source[[0, -1]])
        assert not np.array_equal(row, source)
    gappy = italy[0].copy()
    gappy[::3, 4:7] = np.nan
    for transformation in EVERY:
        augmenter = DirectAugmenter(transformation, random_state=0).fit(gappy)
        varied = augmenter.augment(gappy)
        np.testing.assert_array_equal(np.isnan(varied), np.isnan(gappy))
        filled = DirectAugmenter(transformation, gaps="fill", random_state=0)
        assert not np.isnan(filled.fit_transform(gappy)).any()


def test_it_stands_where_the_latent_one_does(italy):
    X, y = italy
    nearest = KNeighborsClassifier(1)
    pipe = Pipeline(
        [("aug", DirectAugmenter(Jitter(), random_state=0)), ("clf", nearest)]
    )
    search = GridSearchCV(
        pipe,
        {
            "aug__transformation__scale": [0.1, 0.2],
            "aug__strength": [None, 0.1],
        },
        cv=2,
    ).fit(X, y)
    assert set(search.best_params_) == {"aug__transformation__scale", "aug__strength"}
    for method in ("augment", "sample"):
        grown = AugmentedClassifier(nearest, DirectAugmenter(), method=method)
        assert grown.fit(X, y).n_augmented_ > 0
    keep = np.r_[np.flatnonzero(y == "1"), np.flatnonzero(y == "2")[:5]]
    _, labels = SyntheticOverSampler(DirectAugmenter()).fit_resample(X[keep], y[keep])
    assert len(set(np.unique(labels, return_counts=True)[1])) == 1


def test_seeds_pickles_and_frames(italy):
    X, _ = italy
    augmenter = DirectAugmenter(TimeWarp(), random_state=0)
    once, again = augmenter.fit_transform(X), clone(augmenter).fit_transform(X)
    np.testing.assert_array_equal(once, again)
    copy = pickle.loads(pickle.dumps(augmenter))
    np.testing.assert_array_equal(
        copy.augment(X, random_state=1), augmenter.augment(X, random_state=1)
    )
    frame = pd.DataFrame(X, index=[f"day {i}" for i in range(67)])
    varied = DirectAugmenter(random_state=0).fit(frame).augment(frame)
    assert varied.index.equals(frame.index)
    augmenter = DirectAugmenter(on_transform="augment", random_state=0).fit(X)
    np.testing.assert_array_equal(
        augmenter.transform(X)[3:], augmenter.transform(X[3:])
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"transformation": "drift"}, "None or a callable"),
        ({"strength": -1}, "a number >= 0"),
        ({"on_transform": "reconstruct"}, "'identity' or 'augment'"),
        ({"gaps": "no"}, "'keep' or 'fill'"),
        ({"random_state": "seed"}, "random_state must be"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        DirectAugmenter(**params).fit(np.zeros((4, 5)))
