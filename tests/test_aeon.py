"""The augmenter as a native object of aeon."""

import numpy as np
import pytest
from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
from aeon.pipeline import make_pipeline
from aeon.testing.estimator_checking import check_estimator
from conftest import fast

from lgta_sklearn import AugmentedClassifier
from lgta_sklearn.adapters.aeon import AugmenterTransformer

# warnings of numba are aeon's own; its classifiers use the global generator
pytestmark = [
    pytest.mark.filterwarnings("ignore:unsafe cast"),
    pytest.mark.changes_global_state,
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_check_estimator_but_for_one_check(strength):
    adapter = AugmenterTransformer(
        fast(random_state=None, strength=strength, max_epochs=20), random_state=0
    )
    results = check_estimator(adapter, verbose=False)
    assert len(results) >= 14
    failed = {name.split("(")[0] for name, r in results.items() if r != "PASSED"}
    # fit_transform varies the training series by contract
    assert failed == ({"check_transformer_output"} if strength else set())


def _nearest():
    return KNeighborsTimeSeriesClassifier(distance="euclidean")


def test_training_series_are_varied_and_predicted_ones_are_not(motions):
    X, y = motions
    seen = []

    class Spy(KNeighborsTimeSeriesClassifier):
        def _fit(self, X, y):
            seen.append(X.copy())
            return super()._fit(X, y)

        def _predict(self, X):
            seen.append(X.copy())
            return super()._predict(X)

    varying = AugmenterTransformer(fast(max_epochs=20))
    make_pipeline(varying, Spy(distance="euclidean")).fit(X, y).predict(X)
    assert not np.array_equal(seen[0], X)
    np.testing.assert_array_equal(seen[1], X)


def test_collections_of_different_lengths_with_gaps():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(2, n)).cumsum(axis=1) for n in [20, 12, 16, 20, 9] * 4]
    X[3][1, 4] = np.nan
    varied = AugmenterTransformer(fast()).fit_transform(X)
    assert [row.shape for row in varied] == [row.shape for row in X]
    filled = AugmenterTransformer(fast(gaps="fill")).fit_transform(X)
    assert not any(np.isnan(row).any() for row in filled)
    y = np.arange(20) % 2
    nearest = KNeighborsTimeSeriesClassifier(distance="dtw")
    model = AugmentedClassifier(nearest, fast(), n_copies=1, random_state=0)
    assert (model.fit(filled, y).predict(filled) == y).all()


def test_growth_around_a_classifier(motions):
    X, y = motions
    model = AugmentedClassifier(_nearest(), fast(), n_copies=1, random_state=0)
    assert (model.fit(X, y).predict(X) == y).all()
    assert model.predict_proba(X).shape == (40, 4)
