"""Which augmenter for which series: rules that rest on measurements.

The rules are those of the tables in ``docs/benchmarks/families.md``; a test compares
them with its rows. They look at what a user knows before any training: the number of
series, their length, labels, and what they are for.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_consistent_length

from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.labels import classes_of
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters.direct import DirectAugmenter
from lgta_sklearn.transforms import LinearDelta, Mixup, SomeOf, TimeWarp

__all__ = ["Suggestion", "direct_augmenter", "suggest_augmenter"]

MANY, LONG = 1000, 200  # series, and time points, from which diffusion is ahead
ENOUGH = 300  # series from which samples are rejected by a critic with success
IMBALANCED = 5.0  # times as many series in the largest class as in the smallest
PERSONS = 5  # that an average of the anonymiser is made of
PURPOSES = ["augment", "synthesise", "share", "impute"]


class Suggestion(NamedTuple):
    """An augmenter, and why.

    Parameters
    ----------
    augmenter : augmenter
        Unfitted.
    reason : str
        Why, and how to use it.
    """

    augmenter: Any
    reason: str


def direct_augmenter(*, warped: bool = False) -> DirectAugmenter:
    """Return the augmenter that serves most classifiers on most sets.

    Parameters
    ----------
    warped : bool, default=False
        Whether it warps time, too.

    Returns
    -------
    DirectAugmenter
        Moves a series by the difference of two others of its class and, in half of the
        copies, towards one of its five neighbours.
    """
    of_relatives = [Mixup(n_neighbors=5), LinearDelta()]
    if not warped:
        return DirectAugmenter(SomeOf(of_relatives, probabilities=[0.5, 1.0]))
    ways = [*of_relatives, TimeWarp()]
    return DirectAugmenter(SomeOf(ways, probabilities=[0.5, 1.0, 1.0]))


def suggest_augmenter(X: Any, y: Any = None, purpose: str = "augment") -> Suggestion:
    """Suggest an augmenter for series and a purpose, and say why.

    Nothing is trained, and the values of the series do not matter: only their number,
    their length, and the labels.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series, in any container that `fit` takes.
    y : array-like of shape (n_samples,), default=None
        Labels, or targets of a regression.
    purpose : {"augment", "synthesise", "share", "impute"}, default="augment"
        What it is for: a training set that should grow; new series like those given;
        series that may not be shared themselves; or missing values and forecasts.

    Returns
    -------
    Suggestion
        A named tuple of `augmenter`, an unfitted estimator, and `reason`, a sentence or
        two with the measured figures.

    Raises
    ------
    ValueError
        If the purpose is none of these, or `X` is not a set of series.

    Examples
    --------
    >>> from lgta_sklearn import suggest_augmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter, reason = suggest_augmenter(X, purpose="synthesise")
    >>> augmenter
    LatentAugmenter()
    """
    if purpose not in PURPOSES:
        raise ValueError(f"purpose must be one of {PURPOSES}, got {purpose!r}.")
    panel = check_series(DirectAugmenter(), X, reset=True)
    if y is not None:
        check_consistent_length(panel, y)
    if purpose == "augment":
        return _to_augment(y, panel)
    if purpose == "synthesise":
        return _to_synthesise(panel)
    return _to_share(y, panel) if purpose == "share" else _to_impute(panel)


def _to_augment(y: Any, panel: Panel) -> Suggestion:
    from lgta_sklearn.augmenters.latent import LatentAugmenter

    if y is not None and not _has_classes(y, panel):
        return Suggestion(
            LatentAugmenter(),
            "y is taken for targets. For a regression, series between two of similar "
            "targets help, and in the latent space more than straight lines: "
            "AugmentedRegressor(model, augmenter) (docs/benchmarks/regression.md).",
        )
    if y is None:
        return Suggestion(
            direct_augmenter(),
            "Differences of two series and interpolation between neighbours, without "
            "labels: augmenter.fit(X).augment(X, n_copies=4). If these are windows for "
            "a forecaster, DirectAugmenter(TimeWarp(), strength=0.5) lowered its "
            "error most (docs/benchmarks/forecasting.md).",
        )
    counts = np.unique(np.asarray(y), return_counts=True)[1]
    if counts.max() >= IMBALANCED * counts.min():
        return Suggestion(
            LatentAugmenter(transformation=LinearDelta(1.5)),
            "y is taken for labels, of unequal classes: for the rare ones, differences "
            "of series in the latent space gained most balanced accuracy. Balance by "
            "SyntheticOverSampler(augmenter), or by AugmentedClassifier(model, "
            "augmenter, sampling_strategy='auto') (docs/benchmarks/imbalance.md).",
        )
    return Suggestion(
        direct_augmenter(),
        "Differences and interpolation of the values helped most classifiers on most "
        "sets, and need no training: AugmentedClassifier(model, augmenter). "
        "AugmentedClassifier(model, n_copies='auto') also tries a time warp, and "
        "whether to grow at all (docs/benchmarks/uplift.md).",
    )


def _to_synthesise(panel: Panel) -> Suggestion:
    from lgta_sklearn.augmenters.diffusion import DiffusionAugmenter
    from lgta_sklearn.augmenters.latent import LatentAugmenter

    n, length = len(panel), panel.values.shape[-1]
    if n >= MANY or length >= LONG:
        return Suggestion(
            DiffusionAugmenter(),
            f"{n} series of {length} time points: from about {MANY} series, or {LONG} "
            "time points, no samples are harder to detect than those of the diffusion "
            "model, and it is the hardest to guess who was trained on. It trains for "
            "minutes; LatentAugmenter(rejection_sampling=True) is about as good in one "
            "(docs/benchmarks/families.md).",
        )
    enough = n >= ENOUGH
    by_critic = (
        " With rejection_sampling=True those that a critic finds are drawn again: "
        "sample takes ten to twenty times as long."
    )
    return Suggestion(
        LatentAugmenter(rejection_sampling=True) if enough else LatentAugmenter(),
        f"{n} series of {length} time points: below about {MANY} series that are not "
        "long, samples of the VAE are the hardest to detect among those that do not "
        f"copy, and it trains in seconds.{by_critic if enough else ''} "
        "(docs/benchmarks/families.md).",
    )


def _to_share(y: Any, panel: Panel) -> Suggestion:
    from lgta_sklearn.augmenters.anonymizer import LatentAnonymizer

    smallest = len(panel)
    if _has_classes(y, panel):
        smallest = np.unique(np.asarray(y), return_counts=True)[1].min()
    few = ""
    if smallest < PERSONS:
        few = (
            f" It needs {PERSONS} series (or persons), of each class if there are "
            f"some, and here the fewest are {smallest}: leave such classes out, or "
            "join them."
        )
    return Suggestion(
        LatentAnonymizer(PERSONS),
        f"It keeps averages of at least {PERSONS} series or persons and nothing else: "
        "with 500 series attacks had an AUC of at most 0.57, with 50 series up to "
        "0.71, so audit samples by metrics.privacy_report. Pass groups=persons if a "
        "person has several series. If you need a proof: GaussianAnonymizer(epsilon, "
        f"bounds=...) (docs/benchmarks/privacy.md).{few}",
    )


def _has_classes(y: Any, panel: Panel) -> bool:
    """Tell whether there are labels; what is no number is one however many differ."""
    if y is None:
        return False
    no_number = np.asarray(y).dtype.kind not in "biuf"
    return classes_of(y, len(panel), may_hardly_repeat=no_number) is not None


def _to_impute(panel: Panel) -> Suggestion:
    from lgta_sklearn.augmenters.diffusion import DiffusionAugmenter

    return Suggestion(
        DiffusionAugmenter(),
        "The diffusion model filled gaps best on four sets of five, with intervals "
        "that hold what they promise: impute, sample_imputations, forecast. Compare "
        "with straight lines (DirectAugmenter().impute) if values are counters or "
        "change slowly: on such air data these were better "
        "(docs/benchmarks/imputation.md).",
    )
