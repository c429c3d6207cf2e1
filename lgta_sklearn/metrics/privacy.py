"""Measures of memorisation: how much a generator has copied its training series.

All functions compare training series with held-out series of the same distribution. For
a generator that has learnt the distribution, and not the series, distances to both are
alike. Distances are Euclidean, each channel in standard deviations of the training set.
A good value is a measurement with an error, not a guarantee of privacy.
"""

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from lgta_sklearn._curves import flat
from lgta_sklearn.metrics._panels import as_pair, nearest

__all__ = ["membership_auc", "near_duplicate_share", "nearest_neighbour_ratio"]


def nearest_neighbour_ratio(
    X_real: Any, X_synthetic: Any, *, X_holdout: Any, random_state: Any = None
) -> float:
    """Return the ratio of distances from synthetic and held-out to training series.

    Parameters
    ----------
    X_real : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series the generator was trained on.
    X_synthetic : array-like
        Synthetic series.
    X_holdout : array-like
        Real series the generator has not seen.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float >= 0
        Median distance of a synthetic series to the nearest training series, divided by
        that of a held-out series. 1 is best; 0 is a copy; with values far above 1, the
        synthetic series are far off.

    References
    ----------
    Alaa et al. (2022), "How faithful is your synthetic data?", arXiv:2102.08921;
    Meehan et al. (2020), "A non-parametric test to detect data-copying in generative
    models", arXiv:2004.05675.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import nearest_neighbour_ratio
    >>> real, unseen = np.random.default_rng(0).normal(size=(2, 100, 8))
    >>> nearest_neighbour_ratio(real, real, X_holdout=unseen)
    0.0
    """
    of_synthetic, of_holdout = _to_training(X_real, X_synthetic, X_holdout)
    typical = np.median(of_holdout)
    return float(np.median(of_synthetic) / typical) if typical > 0 else 1.0


def near_duplicate_share(
    X_real: Any,
    X_synthetic: Any,
    *,
    X_holdout: Any,
    quantile: float = 0.01,
    random_state: Any = None,
) -> float:
    """Return the share of synthetic series that are almost copies of training series.

    Parameters
    ----------
    X_real : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series the generator was trained on.
    X_synthetic : array-like
        Synthetic series.
    X_holdout : array-like
        Real series the generator has not seen.
    quantile : float, default=0.01
        Share of the held-out series that are as near to a training series by chance.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float in [0, 1]
        Share of synthetic series that are as near to a training series as the nearest
        `quantile` of the held-out series. About `quantile` is best; 1 is a copy.

    References
    ----------
    Meehan et al. (2020), "A non-parametric test to detect data-copying in generative
    models", arXiv:2004.05675.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import near_duplicate_share
    >>> real, unseen = np.random.default_rng(0).normal(size=(2, 100, 8))
    >>> near_duplicate_share(real, real, X_holdout=unseen)
    1.0
    """
    of_synthetic, of_holdout = _to_training(X_real, X_synthetic, X_holdout)
    return float((of_synthetic <= np.quantile(of_holdout, quantile)).mean())


def membership_auc(
    X_real: Any, X_synthetic: Any, *, X_holdout: Any, random_state: Any = None
) -> float:
    """Return the success of an attack that finds the training series by distance.

    Parameters
    ----------
    X_real : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Members: series the generator was trained on.
    X_synthetic : array-like
        Synthetic series.
    X_holdout : array-like
        Non-members: real series the generator has not seen.
    random_state : None, int, RandomState or Generator, default=None
        Ignored, since the measure is deterministic.

    Returns
    -------
    float in [0, 1]
        Area under the ROC curve of an attack that calls a series a member if a
        synthetic series is near. 0.5 is best, the attack guesses; 1 is a copy.

    References
    ----------
    Chen et al. (2020), "GAN-Leaks: a taxonomy of membership inference attacks against
    generative models", arXiv:1909.03935.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import membership_auc
    >>> real, unseen = np.random.default_rng(0).normal(size=(2, 100, 8))
    >>> membership_auc(real, real, X_holdout=unseen)
    1.0
    """
    real, synthetic, holdout = _three(X_real, X_synthetic, X_holdout)
    near = np.concatenate([nearest(rows, synthetic) for rows in (real, holdout)])
    return float(roc_auc_score(np.repeat([1, 0], [len(real), len(holdout)]), -near))


def _three(X_real: Any, X_synthetic: Any, X_holdout: Any) -> list[np.ndarray]:
    """Return the rows of the three sets in the units of the training set."""
    real, synthetic = as_pair(X_real, X_synthetic)
    holdout = as_pair(X_real, X_holdout)[1]
    return [flat(X, like=real) for X in (real, synthetic, holdout)]


def _to_training(
    X_real: Any, X_synthetic: Any, X_holdout: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return distances of synthetic and held-out series to the nearest real series."""
    real, synthetic, holdout = _three(X_real, X_synthetic, X_holdout)
    return nearest(synthetic, real), nearest(holdout, real)
