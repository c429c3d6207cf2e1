"""`GaussianAnonymizer`: samples from statistics with differential privacy.

Letters: ``c`` a class; ``a`` the attributes of a series (levels, log-scales, length)
and ``z`` its coefficients in a fixed basis, all bounded (`_spectra`); ``w`` the weight
of a record, 1 / (records of its person).

Two releases with noise are all that is learned. The first has, for each class, the
sums of ``w``, ``w a``, ``w a**2``, ``w z`` and of the energies. From it follow the
means, and how far series lie from them. The second is the sum of ``w d d'``, where
``d`` is the deviation of a series from the means of its class, shortened to a radius
``r`` if it is longer; it is the covariance within classes. No network is trained.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np

from lgta_sklearn._parameters import POSITIVE, Bounds, Constraint
from lgta_sklearn._random import Use, stream
from lgta_sklearn._series.labels import class_numbers, classes_of
from lgta_sklearn._series.panel import Panel, power_of_two_scale, with_channels
from lgta_sklearn.augmenters._persons import PersonsMixin
from lgta_sklearn.augmenters._released import (
    ClassMeans,
    Covariance,
    class_sums,
    first_sensitivity,
)
from lgta_sklearn.augmenters._spectra import SpectralBasis
from lgta_sklearn.density.budget import PrivacyBudget, system_normal

__all__ = ["GaussianAnonymizer", "PrivacyLeakWarning"]

FIRST = 0.8  # share of the budget for the first release
MOST, FEWEST, TOGETHER = 24, 4, 96


class PrivacyLeakWarning(UserWarning):
    """Differential privacy does not cover something that a model was told."""


class GaussianAnonymizer(PersonsMixin):
    """Sample series from class means and covariances with differential privacy.

    **Proved**: whether the records of any one person were given to `fit` or not changes
    the probability of any result, the fitted object and all its samples included, by a
    factor of `exp(epsilon)` at most, but for a probability of `delta`. That holds
    against every attacker, whatever else is known, if `bounds` were chosen without
    looking at the data and `random_state` is None (else `PrivacyLeakWarning`). Taken as
    known are the layout (container, channels, longest length, whether lengths differ,
    names, dtype), the set of labels, and who is a person. Each `fit` spends a budget of
    its own, so that several fits of the same persons add up.

    **The price**: a series is a random curve with the mean of its class and a common
    covariance of cosine coefficients. Classifiers can be trained on such samples, but
    they look like no real series, and a strong critic tells them at once. Of a few
    hundred persons only coarse features survive the noise. There is no network, and so
    nothing that would have to be attacked to know what it tells; for realistic samples
    without a proof there is `LatentAnonymizer`.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy budget, > 0: the smaller, the more noise. 1 is often called strong, and
        10 weak.
    bounds : (low, high) or None, default=None
        Smallest and largest value that such series can have: two numbers, or two
        arrays of shape (n_channels,). Values beyond are clipped. The closer the bounds,
        the less noise. None takes those of the data, which are then not covered.
    delta : float, default=1e-5
        Probability by which the promise may fail, in (0, 1); much smaller than one
        over the number of persons.
    random_state : None, int, RandomState or Generator, default=None
        **Leave it None to keep the promise**: the noise is then that of the operating
        system, which nobody can repeat. Who knows an int can remove the noise; it gives
        the same model and the same samples, for tests.

    Attributes
    ----------
    bounds_ : ndarray of shape (n_channels, 2)
        Smallest and largest value of each channel.
    releases_ : list of dict
        What was released: ``"what"``, its ``"sensitivity"`` (how far a person can
        move it), ``"noise"`` (a standard deviation) and its ``"share"`` of the
        budget.
    n_components_ : int
        Directions of the covariance that stand out from the noise.
    classes_ : ndarray
        Labels, if `fit` was given some.
    n_channels_in_ : int
        Number of channels.
    n_timepoints_in_ : int
        Length of the series, or of the longest.
    lengths_vary_ : bool
        Whether the series differed in length.
    channel_scale_ : ndarray of shape (n_channels, 1)
        Power-of-two scale of each channel, of the bounds.
    n_features_in_ : int
        Number of time points, if the series came in two dimensions.
    feature_names_in_ : ndarray of str
        Column names, if the series came as a DataFrame.

    See Also
    --------
    LatentAnonymizer : Realistic samples from averages; measured, not proved.
    metrics.privacy_report : Attacks on samples.

    Notes
    -----
    The proof is about real numbers. Floating-point noise has gaps, by which somebody
    who sees the released sums to their last bit may learn more (Mironov, 2012,
    doi:10.1145/2382196.2382264). Where that matters, share samples that were drawn
    without a `random_state`, rounded, rather than the object. Errors and warnings that
    bad series raise are not covered.

    References
    ----------
    Dwork et al. (2014), "Analyze Gauss: optimal bounds for privacy-preserving principal
    component analysis", doi:10.1145/2591796.2591883. Dong, Roth and Su (2022),
    "Gaussian differential privacy", doi:10.1111/rssb.12454. Balle and Wang (2018),
    "Improving the Gaussian mechanism for differential privacy", arXiv:1805.06530.

    Examples
    --------
    >>> from lgta_sklearn import GaussianAnonymizer
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(500, n_timepoints=24, random_state=0)
    >>> anonymizer = GaussianAnonymizer(epsilon=3.0, bounds=(-4, 4)).fit(X)
    >>> anonymizer.sample(3).shape
    (3, 24)
    >>> [release["what"] for release in anonymizer.releases_]
    ['means and energies of classes', 'covariance within classes']
    """

    bounds_: np.ndarray
    channel_scale_: np.ndarray
    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "epsilon": [POSITIVE],
        "delta": [Bounds(Real, 0, 0.999, open_low=True)],
    }

    def __init__(
        self,
        epsilon: float = 1.0,
        *,
        bounds: Any = None,
        delta: float = 1e-5,
        random_state: Any = None,
    ) -> None:
        self.epsilon = epsilon
        self.bounds = bounds
        self.delta = delta
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Release statistics of a set of series.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series; or, if their lengths differ, a list of arrays of shape
            (n_timepoints,) or (n_channels, n_timepoints); or a panel of sktime
            (``"df-list"``, ``"pd-multiindex"``, ``"nested_univ"``). NaN is a missing
            value, which is filled by a line: samples have no gaps.
        y : array-like of shape (n_samples,), default=None
            Labels. If they are classes, each has means of its own; a target
            (continuous, or whole numbers that hardly repeat) is ignored.
        groups : array-like of shape (n_samples,), default=None
            Person, household or other source of each series. All records of a person
            count as one, and are protected together. None if each has its own.

        Returns
        -------
        GaussianAnonymizer
            The fitted estimator.

        Raises
        ------
        ValueError
            For bad parameters, bounds or series.
        """
        self._fit_grouped(X, y, groups)
        return self

    def _fit_panel(
        self, panel: Panel, labels: np.ndarray | None, rng: np.random.Generator
    ) -> None:
        """Release the statistics."""
        self._warn_of_leaks()
        self._count_persons(len(panel))
        basis = self._state.basis = self._basis()
        spectra = basis.of(panel)
        labels = np.zeros(len(panel), dtype=int) if labels is None else labels
        weights = 1 / np.bincount(self._persons)[self._persons]
        normal: Any = system_normal
        if self.random_state is not None:
            normal = stream(rng, Use.NOISE).standard_normal
        budget = PrivacyBudget(self.epsilon, self.delta)
        layout = spectra.z.shape[1], spectra.attributes.shape[1], spectra.z.shape[2]
        n_classes = len(getattr(self, "classes_", [0]))
        sums = class_sums(spectra, labels, weights, n_classes)
        first = first_sensitivity(*layout[:2])
        sums, noise = budget.release(sums, first, FIRST, normal)
        means = self._state.means = ClassMeans(sums, noise, *layout)
        self.releases_ = [
            _release("means and energies of classes", first, noise, FIRST)
        ]
        D = means.deviations(spectra, labels)
        second, rest = means.radius**2, 1 - FIRST
        squares = (D * weights[:, None]).T @ D
        squares, noise = budget.release_symmetric(squares, second, rest, normal)
        self.releases_ += [_release("covariance within classes", second, noise, rest)]
        covariance = Covariance(squares / means.n_persons, noise / means.n_persons)
        self._state.covariance = covariance
        self.n_components_ = int((covariance.values > 0).sum())
        self._hide(means)

    def _basis(self) -> SpectralBasis:
        """Return the basis; nothing of it depends on the series."""
        n_coefficients = np.clip(TOGETHER // self.n_channels_in_, FEWEST, MOST)
        return SpectralBasis(
            self.bounds_ / self.channel_scale_,
            self.n_timepoints_in_,
            int(n_coefficients),
            self.lengths_vary_,
        )

    def _warn_of_leaks(self) -> None:
        """Say what the promise does not cover."""
        leaks = []
        if self.bounds is None:
            leaks.append(
                "bounds=None takes the bounds of the data: pass the smallest and the "
                "largest value that such series can have"
            )
        if self.random_state is not None:
            leaks.append(
                f"random_state={self.random_state!r} lets those who know it remove the "
                "noise: leave it None, except for tests"
            )
        for leak in leaks:
            warnings.warn(
                f"Differential privacy does not cover everything. {leak}.",
                PrivacyLeakWarning,
                stacklevel=6,
            )

    def _training_panel(self, X: Any) -> Panel:
        """Return series within the bounds, in units that follow from these alone."""
        panel = super()._training_panel(X)
        values = with_channels(panel.values)
        if self.bounds is None:
            low, high = np.nanmin(values, axis=(0, 2)), np.nanmax(values, axis=(0, 2))
            high = np.where(high > low, high, low + np.maximum(abs(low), 1.0))
        else:
            low, high = self._checked_bounds()
        self.bounds_ = np.stack([low, high], axis=1).astype(float)
        self.channel_scale_ = power_of_two_scale(self.bounds_[None])
        # before any arithmetic, so that no value can do harm to those of others
        clipped = np.clip(values, low[:, None], high[:, None]).reshape(
            panel.values.shape
        )
        return replace(panel, values=clipped, channel_scale=self.channel_scale_)

    def _learn_classes(self, y: Any, panel: Panel) -> np.ndarray | None:
        """Store the classes: whether there are some depends on the labels alone."""
        classes = classes_of(y, len(panel), may_hardly_repeat=True)
        if classes is None:
            return None
        self.classes_ = classes
        return class_numbers(classes, y)

    def _checked_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of each channel."""
        try:
            low, high = (
                np.broadcast_to(np.asarray(b, dtype=float), self.n_channels_in_)
                for b in self.bounds
            )
        except (TypeError, ValueError):
            low = high = np.array([np.nan])
        if not (np.isfinite(low) & np.isfinite(high) & (low < high)).all():
            raise ValueError(
                "bounds must be (low, high) with low < high: two finite numbers, or "
                f"two arrays of {self.n_channels_in_} numbers, one for each channel; "
                f"got {self.bounds!r}."
            )
        return low, high

    def _hide(self, means: "ClassMeans") -> None:
        """Replace by noisy numbers what `fit` counted exactly."""
        empty = self._state.container
        if empty.clock is not None:
            empty = replace(empty, clock=self._numbered_clock())
        self._state.container = empty
        if self._state.class_prior is not None:
            self._state.class_prior = means.shares

    def _sample_block(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Panel:
        """Draw Gaussian features, and return their series."""
        means = self._state.means
        labels = np.zeros(n_samples, dtype=int) if labels is None else labels
        D = self._state.covariance.sample(n_samples, stream(rng, Use.DENSITY))
        attributes, z = means.features(D, labels)
        energy = means.energy[labels]
        return self._state.basis.series(attributes, z, energy, stream(rng, Use.NOISE))


def _release(
    what: str, sensitivity: float, noise: float, share: float
) -> dict[str, Any]:
    """Return the entry of a release."""
    return {"what": what, "sensitivity": sensitivity, "noise": noise, "share": share}
