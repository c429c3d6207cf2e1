"""The measures of a report: one record for each row that it can have."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sklearn.linear_model import Ridge

from lgta_sklearn.metrics import distribution, neighbours, privacy
from lgta_sklearn.metrics.detection import discriminative_score
from lgta_sklearn.metrics.kernels import mmd
from lgta_sklearn.metrics.usefulness import predictive_score, tstr_score

__all__ = ["BY_NAME", "MEASURES", "Direction", "Measure"]

Direction = Literal["low", "high", "both"]


@dataclass(frozen=True)
class Measure:
    """One row of a report.

    Parameters
    ----------
    name : str
        Name of the row.
    target : float or None
        Best value; None if it depends on the series.
    direction : {"low", "high", "both"}
        Which values are good: low ones, high ones, or only those near the target, so
        that values on both sides of it are bad.
    function : callable
        Function that returns the value, called as ``function(real, synthetic,
        random_state=)``. A measure of memorisation is called as ``function(training,
        synthetic, X_holdout=)``; one that needs labels also gets ``y_real=`` and
        ``y_synthetic=``.
    sentence : str
        The value in words, with the fields ``{value}`` and ``{floor}``.
    is_critic : bool, default=False
        Whether the value is the distance of a critic's accuracy from 0.5. The sentence
        then gets the accuracy itself. Since a critic takes seconds to train, its
        ceiling is the value of white noise alone.
    is_memorisation : bool, default=False
        Whether it compares distances to training series with distances to unseen ones.
        It then needs a held-out set.
    needs_labels : bool, default=False
        Whether it needs a held-out set and the labels of all sets.
    min_channels : int, default=1
        Smallest number of channels.
    """

    name: str
    target: float | None
    direction: Direction
    function: Callable[..., float]
    sentence: str
    is_critic: bool = False
    is_memorisation: bool = False
    needs_labels: bool = False
    min_channels: int = 1

    @property
    def best(self) -> str:
        """Return the best value in words.

        Returns
        -------
        str
            The target, or the direction if there is none: the column `best` of a
            report.
        """
        return self.direction if self.target is None else f"{self.target:g}"

    def applies_to(
        self, n_channels: int, *, has_holdout: bool, has_labels: bool
    ) -> bool:
        """Tell whether the measure can be computed for certain sets.

        Parameters
        ----------
        n_channels : int
            Channels of the series.
        has_holdout : bool
            Whether there are real series that the generator has not seen.
        has_labels : bool
            Whether all sets have labels.

        Returns
        -------
        bool
            True if it can.
        """
        if n_channels < self.min_channels:
            return False
        if self.needs_labels and not has_labels:
            return False
        return has_holdout or not (self.is_memorisation or self.needs_labels)


MEASURES = (
    Measure(
        "discriminative score",
        target=0,
        direction="low",
        function=discriminative_score,
        is_critic=True,
        sentence=(
            "a linear critic on random convolutions tells synthetic from real series "
            "correctly in {value:.0%} of the cases, and real from other real series in "
            "{floor:.0%} (guessing: 50%)"
        ),
    ),
    Measure(
        "discriminative score, GRU",
        target=0,
        direction="low",
        function=partial(discriminative_score, critic="gru"),
        is_critic=True,
        sentence=(
            "a small GRU, the critic of the literature, is correct in {value:.0%} of "
            "the cases, and between real and other real series in {floor:.0%}"
        ),
    ),
    Measure(
        "predictive error",
        target=None,
        direction="low",
        function=partial(predictive_score, model=Ridge()),
        sentence=(
            "a forecaster trained on synthetic series has an error of {value:.3g} on "
            "real ones; one trained on other real series, {floor:.3g}"
        ),
    ),
    Measure(
        "Fréchet distance",
        target=0,
        direction="low",
        function=distribution.frechet_distance,
        sentence=(
            "the means and covariances of the features differ by {value:.3g}; between "
            "two real sets, by {floor:.3g}"
        ),
    ),
    Measure(
        "Wasserstein",
        target=0,
        direction="low",
        function=distribution.wasserstein,
        sentence=(
            "values have to be moved by {value:.3g} standard deviations on average to "
            "have the distribution of the real values; between two real sets, by "
            "{floor:.3g}"
        ),
    ),
    Measure(
        "Kolmogorov-Smirnov",
        target=0,
        direction="low",
        function=distribution.ks_distance,
        sentence=(
            "the shares of values below a level differ by up to {value:.1%}; between "
            "two real sets, by up to {floor:.1%}"
        ),
    ),
    Measure(
        "autocorrelation",
        target=0,
        direction="low",
        function=distribution.autocorrelation_distance,
        sentence=(
            "autocorrelations differ by {value:.3f} on average over lags; between two "
            "real sets, by {floor:.3f}"
        ),
    ),
    Measure(
        "cross-correlation",
        target=0,
        direction="low",
        function=distribution.cross_correlation_distance,
        min_channels=2,
        sentence=(
            "correlations between channels differ by {value:.3f} on average; between "
            "two real sets, by {floor:.3f}"
        ),
    ),
    Measure(
        "spectrum, dB",
        target=0,
        direction="low",
        function=distribution.spectrum_distance,
        sentence=(
            "the power at a frequency differs by {value:.2g} dB on average; between "
            "two real sets, by {floor:.2g} dB"
        ),
    ),
    Measure(
        "MMD",
        target=0,
        direction="low",
        function=mmd,
        sentence=(
            "a kernel test measures a discrepancy of {value:.3g}; between two real "
            "sets, {floor:.3g}"
        ),
    ),
    Measure(
        "precision",
        target=None,
        direction="high",
        function=neighbours.precision,
        sentence=(
            "{value:.0%} of the synthetic series lie among the real ones; {floor:.0%} "
            "of other real series do"
        ),
    ),
    Measure(
        "recall",
        target=None,
        direction="high",
        function=neighbours.recall,
        sentence=(
            "{value:.0%} of the real series lie among the synthetic ones; {floor:.0%} "
            "lie among other real series"
        ),
    ),
    Measure(
        "density",
        target=1,
        direction="both",
        function=neighbours.density,
        sentence=(
            "real series lie {value:.2f} times as densely around synthetic series as "
            "around each other; around other real series, {floor:.2f} times"
        ),
    ),
    Measure(
        "coverage",
        target=None,
        direction="high",
        function=neighbours.coverage,
        sentence=(
            "{value:.0%} of the real series have a synthetic series in their "
            "neighbourhood; {floor:.0%} have another real series there"
        ),
    ),
    Measure(
        "internal diversity",
        target=1,
        direction="both",
        function=neighbours.internal_diversity,
        sentence=(
            "synthetic series differ from each other {value:.2f} times as much as real "
            "ones do; other real series, {floor:.2f} times"
        ),
    ),
    Measure(
        "nearest neighbour ratio",
        target=1,
        direction="both",
        function=privacy.nearest_neighbour_ratio,
        is_memorisation=True,
        sentence=(
            "a synthetic series is {value:.2f} times as far from the nearest training "
            "series as an unseen real series is (less than 1 suggests copies, more "
            "than 1 series that are far off)"
        ),
    ),
    Measure(
        "near-duplicates",
        target=0.01,
        direction="both",
        function=privacy.near_duplicate_share,
        is_memorisation=True,
        sentence=(
            "{value:.1%} of the synthetic series are as close to a training series as "
            "the closest 1% of the unseen real series"
        ),
    ),
    Measure(
        "membership AUC",
        target=0.5,
        direction="both",
        function=privacy.membership_auc,
        is_memorisation=True,
        sentence=(
            "an attack that calls a real series a training series if a synthetic one "
            "is close has an area under the curve of {value:.2f} (guessing: 0.50)"
        ),
    ),
    Measure(
        "accuracy, trained on synthetic",
        target=None,
        direction="high",
        function=tstr_score,
        needs_labels=True,
        sentence=(
            "a classifier trained on synthetic series is correct for {value:.0%} of "
            "the unseen series; one trained on real series, for {floor:.0%}"
        ),
    ),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
