"""What chooses by validation chooses on the real rows, and is then fitted to all."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import (
    ElasticNetCV,
    LassoCV,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lgta_sklearn import AugmentedClassifier, AugmentedRegressor, DirectAugmenter
from lgta_sklearn.transforms import LinearDelta

ALPHAS = np.logspace(-3, 5, 17)
AUGMENTER = DirectAugmenter(LinearDelta())


def few():
    """Return 24 noisy series of two classes, and many others."""
    rng = np.random.default_rng(0)

    def series(n):
        y = np.arange(n) % 2
        walks = rng.normal(size=(n, 40)).cumsum(axis=1) / 4
        return walks + 0.6 * y[:, None] * np.sin(np.linspace(0, 6, 40)), y

    return *series(24), *series(2000)


def test_a_penalty_is_that_of_the_real_rows_times_the_growth():
    X, y, X_test, y_test = few()
    alone = RidgeClassifierCV(ALPHAS).fit(X, y)
    model = AugmentedClassifier(RidgeClassifierCV(ALPHAS), AUGMENTER, random_state=0)
    model.fit(X, y)
    assert model.estimator_.alpha_ == pytest.approx(5 * alone.alpha_)
    np.testing.assert_array_equal(model.estimator_.alphas, ALPHAS)
    same = clone(model).set_params(estimator=RidgeClassifier(5 * alone.alpha_))
    assert model.score(X_test, y_test) == same.fit(X, y).score(X_test, y_test)
    # what it was worth: chosen by all rows, the penalty is the smallest
    grown, labels = AUGMENTER.fit(X, y).augment(X, y, n_copies=4, random_state=0)
    grown, labels = np.concatenate([X, grown]), np.concatenate([y, labels])
    naive = RidgeClassifierCV(ALPHAS).fit(grown, labels)
    assert naive.alpha_ < alone.alpha_ / 10
    assert model.score(X_test, y_test) > naive.score(X_test, y_test) + 0.02


def test_a_step_of_a_pipeline_chooses_too():
    X, y, *_ = few()
    pipe = make_pipeline(StandardScaler(), RidgeClassifierCV(ALPHAS))
    model = AugmentedClassifier(pipe, AUGMENTER, n_copies=3, random_state=0).fit(X, y)
    alone = clone(pipe).fit(X, y)[-1].alpha_
    assert model.estimator_[-1].alpha_ == pytest.approx(4 * alone)


@pytest.mark.parametrize(
    ("search", "name"),
    [
        (GridSearchCV(RidgeClassifier(), {"alpha": ALPHAS}), "param_grid"),
        (
            RandomizedSearchCV(
                RidgeClassifier(), {"alpha": ALPHAS}, n_iter=5, random_state=0
            ),
            "param_distributions",
        ),
    ],
    ids=["grid", "random"],
)
def test_a_search_chooses_by_the_real_rows(search, name):
    X, y, *_ = few()
    model = AugmentedClassifier(search, AUGMENTER, random_state=0).fit(X, y)
    alone = clone(search).fit(X, y)
    assert model.estimator_.best_params_ == alone.best_params_
    assert len(model.estimator_.cv_results_["params"]) == 1
    assert getattr(model.estimator_, name)["alpha"] is ALPHAS or np.array_equal(
        getattr(model.estimator_, name)["alpha"], ALPHAS
    )


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of defaults that will change
def test_a_logistic_regression_has_an_inverse_penalty():
    X, y, *_ = few()
    logistic = LogisticRegressionCV(Cs=[1e-3, 1e-1, 10.0], cv=3)
    model = AugmentedClassifier(logistic, AUGMENTER, random_state=0).fit(X, y)
    alone = clone(logistic).fit(X, y)
    assert np.median(model.estimator_.C_) == pytest.approx(np.median(alone.C_) / 5)


@pytest.mark.changes_global_state  # by LassoCV
@pytest.mark.parametrize(
    ("regressor", "factor"),
    [(RidgeCV(ALPHAS), 5), (LassoCV(), 1), (ElasticNetCV(l1_ratio=[0.2, 0.9]), 1)],
    ids=["ridge", "lasso", "net"],
)
def test_regressors(regressor, factor):
    X, *_ = few()
    target = X[:, 5] + 0.1 * np.random.default_rng(0).normal(size=len(X))
    model = AugmentedRegressor(regressor, AUGMENTER, random_state=0).fit(X, target)
    alone = clone(regressor).fit(X, target)
    assert model.estimator_.alpha_ == pytest.approx(factor * alone.alpha_)
    if factor == 1 and hasattr(alone, "l1_ratio_"):
        assert model.estimator_.l1_ratio_ == alone.l1_ratio_


def test_nothing_is_fitted_twice_without_need():
    X, y, *_ = few()
    fits = []

    class Counting(RidgeClassifier):
        def fit(self, X, y):
            fits.append(len(X))
            return super().fit(X, y)

    AugmentedClassifier(Counting(), AUGMENTER, random_state=0).fit(X, y)
    assert fits == [120]
    chosen = RidgeClassifierCV(ALPHAS)
    model = AugmentedClassifier(chosen, AUGMENTER, n_copies=0).fit(X, y)
    assert model.estimator_.alpha_ == chosen.fit(X, y).alpha_
    AugmentedRegressor(Ridge(), AUGMENTER, random_state=0).fit(X, X[:, 0])


class MiniRocketClassifier(ClassifierMixin, BaseEstimator):
    """Named as those of sktime and aeon, which choose a penalty in `fit`."""

    def __init__(self, estimator=None):
        self.estimator = estimator

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (MiniRocketClassifier(), "MiniRocketClassifier inside the estimator chooses"),
        (make_pipeline(MiniRocketClassifier()), "MiniRocketClassifier inside"),
        (BaggingClassifier(RidgeClassifierCV(ALPHAS), 2), "RidgeClassifierCV inside"),
    ],
    ids=["rocket", "pipeline", "bagging"],
)
def test_what_cannot_be_changed_is_named(estimator, words):
    X, y, *_ = few()
    estimator = clone(estimator)
    if isinstance(estimator, BaggingClassifier):
        estimator.set_params(random_state=0)
    with pytest.warns(UserWarning, match=words):
        AugmentedClassifier(estimator, AUGMENTER, random_state=0).fit(X, y)
    given = MiniRocketClassifier(estimator=RidgeClassifier())
    AugmentedClassifier(given, AUGMENTER, random_state=0).fit(X, y)
