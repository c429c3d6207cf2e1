"""The augmenters as native objects of sktime."""

import numpy as np
import pytest
from conftest import fast
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import KFold
from sktime.classification.compose import ClassifierPipeline
from sktime.classification.distance_based import KNeighborsTimeSeriesClassifier
from sktime.classification.interval_based import TimeSeriesForestClassifier
from sktime.classification.model_selection import TSCGridSearchCV
from sktime.datasets import load_japanese_vowels
from sktime.datatypes import convert_to
from sktime.pipeline import make_pipeline
from sktime.transformations.panel.padder import PaddingTransformer
from sktime.utils.estimator_checks import check_estimator

from lgta_sklearn.adapters.sktime import (
    AugmentedTimeSeriesClassifier,
    AugmentedTimeSeriesRegressor,
    AugmenterTransformer,
)


def _nearest():
    return KNeighborsTimeSeriesClassifier(distance="euclidean")


@pytest.mark.changes_global_state
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("adapter", "at_least"),
    [
        (AugmenterTransformer, 300),
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
    denoiser = AugmenterTransformer(fast(on_transform="reconstruct"))
    back = denoiser.fit_transform(panel)
    assert type(back) is type(panel)
    np.testing.assert_allclose(
        convert_to(back, "numpy3D"), fast().fit(X).reconstruct(X)
    )
    model = AugmentedTimeSeriesClassifier(_nearest(), fast(), n_copies=1)
    assert (model.fit(panel, y).predict(panel) == y).all()


UNEQUAL = ["pd-multiindex", "df-list", "nested_univ"]


@pytest.fixture(scope="module")
def vowels():
    """90 series of 12 channels and 7 to 26 time points, some values missing."""
    X, y = load_japanese_vowels(split="train", return_type="df-list")
    X, y = X[::3], np.asarray(y)[::3]
    for frame in X[::5]:
        frame.iloc[2, 4] = np.nan
    return X, y


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("mtype", UNEQUAL)
def test_panels_of_different_lengths_with_gaps(vowels, mtype):
    X, _ = vowels
    panel = convert_to(X, mtype)
    back = AugmenterTransformer(fast(on_transform="reconstruct"))
    back = convert_to(back.fit_transform(panel), "df-list")
    assert [frame.shape for frame in back] == [frame.shape for frame in X]
    for ours, given in zip(back, X, strict=True):
        assert (ours.isna().to_numpy() == given.isna().to_numpy()).all()
    filler = AugmenterTransformer(fast(gaps="fill"))
    filled = convert_to(filler.fit_transform(panel), "df-list")
    assert not any(frame.isna().any(axis=None) for frame in filled)


@pytest.mark.filterwarnings("ignore:Data seen by ClassifierPipeline")
def test_growth_of_panels_of_different_lengths(vowels):
    X, y = vowels
    filler = AugmenterTransformer(fast(gaps="fill"))
    padded = make_pipeline(PaddingTransformer(), _nearest())
    model = AugmentedTimeSeriesClassifier(padded, fast(), n_copies=1, random_state=0)
    assert model.get_tag("capability:unequal_length")
    pipeline = make_pipeline(filler, model)
    assert (pipeline.fit(X, y).predict(X[:10]) == y[:10]).all()


def test_it_takes_what_the_estimator_inside_takes():
    model = AugmentedTimeSeriesClassifier(TimeSeriesForestClassifier(), fast())
    assert not model.get_tag("capability:unequal_length")
    scikit_learns = AugmentedTimeSeriesClassifier(RidgeClassifier(), fast())
    assert scikit_learns.get_tag("capability:unequal_length")


def test_identity_by_default(motions):
    X, _ = motions
    np.testing.assert_array_equal(AugmenterTransformer(fast()).fit_transform(X), X)


def test_in_the_pipelines_of_sktime(motions):
    X, y = motions
    denoiser = AugmenterTransformer(fast(on_transform="reconstruct"))
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
@pytest.mark.parametrize("n_channels", [1, 3])
def test_the_class_of_scikit_learn_says_where_to_go(motions, n_channels):
    X, y = motions
    pipeline = make_pipeline(fast(), _nearest())
    with pytest.raises(ValueError, match=r"lgta_sklearn\.adapters\.sktime"):
        pipeline.fit(X[:, :n_channels], y)
