"""Estimators that choose a parameter by validation: let them choose before growth.

`RidgeClassifierCV`, `GridSearchCV` and their like leave out rows and predict them. Of a
set that has grown, what was made from these rows stays in, and what was made from
others with their help, too: rows are predicted from their own copies, and the smallest
penalty seems best. So parameters are chosen on the real rows alone, and the estimator
is then fitted to all rows with what was chosen.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.linear_model import (
    ElasticNetCV,
    LassoCV,
    LogisticRegressionCV,
    RidgeClassifierCV,
    RidgeCV,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

__all__ = ["chosen_before_growth"]

# of sktime and aeon: without an `estimator` they build a RidgeClassifierCV in `fit`
HIDING = {
    "HydraClassifier",
    "MiniRocketClassifier",
    "MultiRocketClassifier",
    "MultiRocketHydraClassifier",
    "RocketClassifier",
}


def _of_ridge(fitted: Any, growth: float) -> dict[str, Any]:
    """Return the penalty; the sum of squares beside it grows with the rows."""
    return {"alphas": np.atleast_1d(fitted.alpha_ * growth)}


def _of_logistic(fitted: Any, growth: float) -> dict[str, Any]:
    """Return the inverse penalty, and the mixture if there is one."""
    chosen = {"Cs": [float(np.median(fitted.C_)) / growth]}
    if fitted.l1_ratios is not None and np.size(fitted.l1_ratios) > 1:
        chosen["l1_ratios"] = [float(np.median(fitted.l1_ratio_))]
    return chosen


def _of_lasso(fitted: Any, growth: float) -> dict[str, Any]:
    """Return the penalty, which is relative to a mean, and the mixture."""
    mixture = {"l1_ratio": fitted.l1_ratio_} if hasattr(fitted, "l1_ratio_") else {}
    return {"alphas": [fitted.alpha_], **mixture}


def _of_search(fitted: Any, growth: float) -> dict[str, Any]:
    """Return a grid of the best parameters."""
    one = {name: [value] for name, value in fitted.best_params_.items()}
    if hasattr(fitted, "param_grid"):
        return {"param_grid": one}
    return {"param_distributions": one, "n_iter": 1}


Choice = Callable[[Any, float], dict[str, Any]]
CHOOSING: Mapping[type, tuple[str, Choice]] = {
    RidgeCV: ("alpha_", _of_ridge),
    RidgeClassifierCV: ("alpha_", _of_ridge),
    LogisticRegressionCV: ("C_", _of_logistic),
    LassoCV: ("alpha_", _of_lasso),
    ElasticNetCV: ("alpha_", _of_lasso),
    GridSearchCV: ("best_params_", _of_search),
    RandomizedSearchCV: ("best_params_", _of_search),
}


@contextmanager
def chosen_before_growth(
    estimator: Any, fitted_to_real: Callable[[], Any], growth: float
) -> Iterator[None]:
    """Let an estimator, or the steps of a pipeline, choose by the real rows.

    Parameters
    ----------
    estimator : estimator
        Unfitted. Parameters that say what to choose from are changed inside, and
        restored after.
    fitted_to_real : callable
        Returns a clone that was fitted to the real rows; called if something chooses.
    growth : float
        Number of all rows divided by that of the real ones.

    Yields
    ------
    None
        Inside, there is one thing to choose.

    Warns
    -----
    UserWarning
        If an estimator inside chooses in a way that cannot be changed.
    """
    parts = list(_parts(estimator)) if growth > 1 else []
    choosing = [(name, part) for name, part in parts if type(part) in CHOOSING]
    for _, part in parts:
        if type(part).__name__ in HIDING and getattr(part, "estimator", 0) is None:
            _warn(type(part).__name__)
    before = {}
    fitted = dict(_parts(fitted_to_real())) if choosing else {}
    for name, part in choosing:
        attribute, choice = CHOOSING[type(part)]
        if not hasattr(fitted.get(name), attribute):  # it was cloned by another one
            _warn(type(part).__name__)
            continue
        prefix = f"{name}__" if name else ""
        for key, value in choice(fitted[name], growth).items():
            before[prefix + key] = getattr(part, key)
            estimator.set_params(**{prefix + key: value})
    try:
        yield
    finally:
        if before:
            estimator.set_params(**before)


def _parts(estimator: Any) -> Iterator[tuple[str, Any]]:
    """Yield an estimator and those inside it, with their names."""
    yield "", estimator
    if hasattr(estimator, "get_params") and not isinstance(estimator, type):
        for name, value in estimator.get_params(deep=True).items():
            if hasattr(value, "get_params"):
                yield name, value


def _warn(name: str) -> None:
    warnings.warn(
        f"{name} inside the estimator chooses its penalty by rows whose copies stay in "
        "the training set: it becomes too small. Choose it before: give a fixed one, "
        "such as estimator=RidgeClassifier(alpha=100.0).",
        UserWarning,
        stacklevel=6,
    )
