"""The three lines of the README, and what a pipeline may see."""

import numpy as np
from conftest import fast
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import LatentAugmenter


def test_the_first_line_a_pipeline(italy):
    X, y = italy
    pipe = Pipeline([("aug", LatentAugmenter()), ("clf", RandomForestClassifier())])
    pipe.set_params(aug__random_state=0, clf__random_state=0)
    X_test, y_test = load_italy_power_demand(split="test", return_type="numpy3D")
    assert pipe.fit(X, y).score(X_test[:, 0], y_test) > 0.93


def test_the_second_line_a_transformer(italy):
    X, _ = italy
    augmenter = LatentAugmenter(backbone="transformer", max_epochs=5).fit(X)
    assert augmenter.sample(2).shape == (2, 24)


def test_the_third_line_a_grid_with_any_number_of_workers(italy):
    X, y = italy
    grid = {"aug__latent_dim": [4, 8], "aug__backbone": ["cnn_gru", "transformer"]}
    forest = RandomForestClassifier(20, random_state=0)
    pipe = Pipeline([("aug", fast(max_epochs=5)), ("clf", forest)])
    alone, together = (
        GridSearchCV(pipe, grid, cv=2, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2)
    )
    candidates = alone.cv_results_["params"]
    assert len(candidates) == 4
    assert candidates == list(ParameterGrid(grid))
    scores = alone.cv_results_["mean_test_score"]
    assert scores.min() > 0.8
    np.testing.assert_array_equal(scores, together.cv_results_["mean_test_score"])
    best = alone.best_estimator_.named_steps["aug"]
    assert best.get_params()["latent_dim"] == alone.best_params_["aug__latent_dim"]


def test_a_grid_without_a_scorer(italy):
    X, _ = italy
    search = GridSearchCV(
        LatentAugmenter(max_epochs=60, random_state=0), {"beta": [1.0, 200.0]}, cv=3
    ).fit(X)
    assert search.best_params_ == {"beta": 1.0}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


class Spy(ClassifierMixin, BaseEstimator):
    """A classifier that remembers what it was shown."""

    def fit(self, X, y):
        self.classes_, self.seen_ = np.unique(y), X
        return self

    def predict(self, X):
        self.predicted_ = X
        return np.repeat(self.classes_[:1], len(X))


def test_training_rows_are_varied_and_predicted_rows_are_not(italy):
    X, y = italy
    pipe = Pipeline(
        [("aug", fast(beta=0.0, strength=1.0, max_epochs=20)), ("spy", Spy())]
    )
    pipe.fit(X[:40], y[:40]).predict(X[40:])
    spy = pipe.named_steps["spy"]
    assert spy.seen_.shape == X[:40].shape
    assert (np.abs(spy.seen_ - X[:40]).max(axis=1) > 1e-3).all()
    np.testing.assert_array_equal(spy.predicted_, X[40:])


def test_panels_of_several_channels_in_cross_validation(motions):
    X, y = motions
    pipe = Pipeline(
        [
            ("aug", fast(strength=0.3)),
            ("flat", FunctionTransformer(_flatten)),
            ("clf", RandomForestClassifier(20, random_state=0)),
        ]
    )
    assert cross_val_score(pipe, X, y, cv=2).mean() > 0.5


def _flatten(X):
    return X.reshape(len(X), -1)
