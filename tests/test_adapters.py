"""The augmenters as native objects of sktime."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import fast
from sklearn.model_selection import KFold
from sktime.classification.compose import ClassifierPipeline
from sktime.classification.distance_based import KNeighborsTimeSeriesClassifier
from sktime.classification.model_selection import TSCGridSearchCV
from sktime.datatypes import convert_to
from sktime.pipeline import make_pipeline
from sktime.utils.estimator_checks import check_estimator

from lgta_sklearn.adapters.sktime import (
    AugmentedTimeSeriesClassifier,
    AugmentedTimeSeriesRegressor,
    LatentAugmenterTransformer,
)


def _nearest():
    return KNeighborsTimeSeriesClassifier(distance="euclidean")


@pytest.mark.changes_global_state
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("adapter", "at_least"),
    [
        (LatentAugmenterTransformer, 300),
        (AugmentedTimeSeriesClassifier, 200),
        (AugmentedTimeSeriesRegressor, 100),
    ],
)
def test_check_estimator_in_full(adapter, at_least):
    results = check_estimator(adapter, raise_exceptions=True, verbose=False)
    assert len(results) >= at_least
    assert set(results.values()) == {"PASSED"}


PANELS = ["numpy3D", "pd-multiindex", "df-list", "nested_univ"]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("mtype", PANELS)
def test_every_panel_comes_back_as_it_came(motions, mtype):
    X, y = motions
    panel = convert_to(X.copy(), mtype)
    denoiser = LatentAugmenterTransformer(fast(on_transform="reconstruct"))
    back = denoiser.fit_transform(panel)
    assert type(back) is type(panel)
    np.testing.assert_allclose(
        convert_to(back, "numpy3D"), fast().fit(X).reconstruct(X)
    )
    model = AugmentedTimeSeriesClassifier(_nearest(), fast(), n_copies=1)
    assert (model.fit(panel, y).predict(panel) == y).all()


def test_identity_by_default(motions):
    X, _ = motions
    np.testing.assert_array_equal(
        LatentAugmenterTransformer(fast()).fit_transform(X), X
    )


def test_in_the_pipelines_of_sktime(motions):
    X, y = motions
    denoiser = LatentAugmenterTransformer(fast(on_transform="reconstruct"))
    model = AugmentedTimeSeriesClassifier(
        _nearest(), fast(), n_copies=1, random_state=0
    )
    for pipeline in (
        make_pipeline(denoiser, model),
        ClassifierPipeline(model, [denoiser]),
    ):
        assert pipeline.fit(X, y).predict(X).shape == y.shape


def test_in_the_grid_search_of_sktime(motions):
    X, y = motions
    model = AugmentedTimeSeriesClassifier(_nearest(), fast(), random_state=0)
    grid = {"augmenter__latent_dim": [2, 3], "n_copies": [1, 2]}
    search = TSCGridSearchCV(model, grid, cv=KFold(2, shuffle=True, random_state=0))
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.filterwarnings("ignore")
def test_the_class_of_scikit_learn_says_where_to_go(italy):
    X, y = italy
    pipeline = make_pipeline(fast(), _nearest())
    with pytest.raises(ValueError, match=r"lgta_sklearn\.adapters\.sktime"):
        pipeline.fit(X[:, None], y)


def test_sktime_is_not_imported_without_need():
    code = "import lgta_sklearn, sys; print('sktime' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
