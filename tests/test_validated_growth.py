"""Whether a set grows is decided by real rows that no augmenter has seen."""

import numpy as np
import pytest
from conftest import fast
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from lgta_sklearn import AugmentedClassifier, DirectAugmenter
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.compose._validated import FOLDS, growth_of
from lgta_sklearn.families import BaseAugmenter
from lgta_sklearn.transforms import Jitter, Mixup, TimeWarp

NEAREST = KNeighborsClassifier(1)


def shifted(n, seed):
    """Return bumps at a random time, wide or narrow: a clock says nothing of them."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    at, width = rng.uniform(10, 50, size=(n, 1)), np.where(y, 3.0, 1.5)[:, None]
    X = np.exp(-(((np.arange(60) - at) / width) ** 2) / 2)
    return X + 0.05 * rng.normal(size=X.shape), y


class Wrong(DirectAugmenter):
    """An augmenter that harms: it returns the series of other classes."""

    def augment(self, X, y=None, *, n_copies=1, **options):
        y = np.asarray(y)
        first = {label: np.flatnonzero(y != label) for label in np.unique(y)}
        rows = [first[label][i % len(first[label])] for i, label in enumerate(y)]
        return np.asarray(X)[rows], y


def auto(augmenter=None, estimator=NEAREST, **options):
    return AugmentedClassifier(
        estimator, augmenter, n_copies="auto", random_state=0, **options
    )


def test_a_warp_is_found_where_the_clock_says_nothing():
    X, y = shifted(40, 0)
    X_test, y_test = shifted(1000, 1)
    model = auto().fit(X, y)
    ways = model.validation_
    assert ways["best"] > 0
    assert "TimeWarp" in repr(ways["augmenter"][ways["best"]])
    assert model.n_augmented_ == 40 * growth_of(40)
    alone = NEAREST.fit(X, y).score(X_test, y_test)
    assert model.score(X_test, y_test) > alone + 0.03


def test_what_harms_is_not_used():
    X, y = shifted(40, 0)
    model = auto(Wrong(Jitter())).fit(X, y)
    assert model.validation_["best"] == 0
    assert model.validation_["gain"][1] < -0.05
    assert model.n_augmented_ == 0
    assert not hasattr(model, "augmenter_")
    np.testing.assert_array_equal(
        model.predict(X[:, ::-1]), NEAREST.fit(X, y).predict(X[:, ::-1])
    )


def test_nothing_is_gained_where_nothing_changes():
    X, y = shifted(20, 0)
    model = auto(estimator=DummyClassifier()).fit(X, y)
    assert model.validation_["best"] == 0
    np.testing.assert_array_equal(model.validation_["gain"], 0.0)


@pytest.mark.parametrize(
    "estimator",
    [
        RidgeClassifier(),
        make_pipeline(RidgeClassifier()),
        GridSearchCV(make_pipeline(RidgeClassifier()), {"ridgeclassifier__alpha": [1]}),
        OneVsRestClassifier(RidgeClassifier()),
    ],
)
def test_a_linear_model_has_to_gain_two_standard_errors(estimator):
    X, y = shifted(30, 7)
    tried = auto(estimator=estimator).fit(X, y).validation_
    gain, error = tried["gain"], tried["standard_error"]
    assert np.argmax(gain - error) > 0 == tried["best"]
    X, y = shifted(20, 4)
    assert auto(estimator=estimator).fit(X, y).validation_["best"] > 0


class Witness(ClassifierMixin, BaseEstimator):
    """A classifier that fails if it predicts a row that it was fitted to."""

    def fit(self, X, y):
        self.seen_, self.classes_ = np.asarray(X), np.unique(y)
        return self

    def predict(self, X):
        distance = np.abs(np.asarray(X)[:, None] - self.seen_).max(axis=-1)
        assert distance.min() > 1e-6
        return np.repeat(self.classes_[:1], len(X))


class Remembering(BaseAugmenter):
    """An augmenter that returns what it was fitted to, a little changed."""

    random_state = 0

    def _fit_panel(self, panel, labels, rng):
        self._state.rows = panel.values

    def _sample_block(self, n_samples, labels, rng):
        rows = np.resize(np.arange(len(self._state.rows)), n_samples)
        values = self._state.rows[rows] + 1e-9
        return Panel(values, np.full(n_samples, values.shape[-1]))


def test_rows_that_are_predicted_are_in_no_training_set():
    X, y = shifted(20, 0)
    model = auto(Remembering(), Witness(), method="sample")
    assert len(model.fit(X, y).validation_["gain"]) == 2  # Witness asserts


def test_the_gain_is_that_of_pairs_of_rows():
    X, y = shifted(200, 0)
    forest = RandomForestClassifier(10, random_state=0)
    ways = auto([DirectAugmenter(Mixup())], forest).fit(X, y).validation_
    assert ways["accuracy"][1] - ways["accuracy"][0] == pytest.approx(ways["gain"][1])
    # with one repeat, differences are -1, 0 and 1
    changed = ways["standard_error"][1] ** 2 * 200 + ways["gain"][1] ** 2
    assert changed * 200 == pytest.approx(round(changed * 200))
    assert ways["best"] == int(np.argmax(ways["gain"] - ways["standard_error"]))


def test_it_is_repeatable_in_parallel_and_leaves_the_input_alone():
    X, y = shifted(30, 0)
    before = X.copy()
    one = auto(DirectAugmenter(TimeWarp())).fit(X, y)
    two = auto(DirectAugmenter(TimeWarp()), n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(one.validation_["gain"], two.validation_["gain"])
    np.testing.assert_array_equal(X, before)
    assert one.augmenter is not one.validation_["augmenter"][0]


def test_labels_and_weights_go_with_their_rows():
    X, y = shifted(30, 0)
    names = np.array(["narrow", "wide"])[y]
    weight = np.where(y, 1.0, 1e-9)
    forest = RandomForestClassifier(5, random_state=0)
    model = auto(DirectAugmenter(Mixup()), forest)
    model.fit(X, names, sample_weight=weight)
    assert (model.predict(X) == "wide").all()
    assert set(model.classes_) == {"narrow", "wide"}


def test_small_classes_and_single_series():
    X, y = shifted(30, 0)
    y = y.copy()
    y[:3] = [2, 2, 3]  # fewer than there are folds
    assert auto(DirectAugmenter(Mixup())).fit(X, y).classes_.tolist() == [0, 1, 2, 3]
    alone = auto(DirectAugmenter(Mixup())).fit(X[:3], [0, 1, 2])
    assert alone.n_augmented_ == 0  # there is nothing to validate by


@pytest.mark.parametrize("n_each", [2, 3, 4])
def test_classes_that_are_all_small(n_each):
    X, y = shifted(2 * n_each, 0)
    model = auto(DirectAugmenter(Mixup())).fit(X, y)
    assert (model.validation_["accuracy"] <= 1).all()
    assert model.validation_["accuracy"][0] >= 0


def test_what_fails_in_a_fold_is_warned_of_and_not_taken():
    X, y = shifted(20, 0)
    broken = DirectAugmenter(lambda Z, rng: Z[:, :3])
    with pytest.warns(FitFailedWarning, match="could not be validated"):
        model = auto([broken]).fit(X, y)
    assert model.validation_["best"] == 0
    assert model.n_augmented_ == 0


@pytest.mark.changes_global_state
def test_routed_weights_have_the_names_that_were_given():
    X, y = shifted(20, 0)
    forest = RandomForestClassifier(3, random_state=0)
    with config_context(enable_metadata_routing=True):
        forest.set_fit_request(sample_weight="weight")
        model = auto(DirectAugmenter(Mixup()), forest)
        model.fit(X, y, weight=np.where(y, 1.0, 1e-9))
        assert model.predict(X).all()


def test_an_unfitted_model_forgets_an_earlier_choice():
    X, y = shifted(20, 0)
    model = auto(DirectAugmenter(Mixup())).fit(X, y)
    assert hasattr(model, "validation_")
    assert not hasattr(model.set_params(n_copies=1).fit(X, y), "validation_")


def test_a_list_is_for_a_choice():
    X, y = shifted(20, 0)
    some = [DirectAugmenter(Mixup()), fast()]
    with pytest.raises(ValueError, match="n_copies='auto'"):
        AugmentedClassifier(NEAREST, some).fit(X, y)
    with pytest.raises(ValueError, match="sampling_strategy='all'"):
        auto(some, sampling_strategy="all").fit(X, y)
    with pytest.raises(ValueError, match="empty list"):
        auto([]).fit(X, y)
    with pytest.raises(ValueError, match="needs an augmenter with the method"):
        auto([DirectAugmenter(), object()]).fit(X, y)
    tried = auto(some).fit(X, y).validation_["augmenter"]
    assert [repr(one) for one in tried[1:]] == [repr(one) for one in some]
    assert all(one is not own for one, own in zip(tried[1:], some, strict=True))


@pytest.mark.parametrize(("n", "copies"), [(20, 10), (300, 3), (5000, 1)])
def test_sets_grow_to_about_a_thousand(n, copies):
    assert growth_of(n) == copies
    assert FOLDS == 5
