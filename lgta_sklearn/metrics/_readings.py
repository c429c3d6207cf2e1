"""How a row of the report is read: the way it has gone, a word, a sentence."""

from typing import Any

__all__ = ["reading", "sentence", "share_of_way"]

GOOD, FAIR = 0.1, 1 / 3  # share of the way from the floor to the ceiling
# {v} is the value, {f} the floor
FACTS = {
    "discriminative score": (
        "a linear critic on random convolutions is right about {v:.0%} of the series "
        "when it tells synthetic from real ones, and about {f:.0%} between real and "
        "real (a guess is right about 50%)"
    ),
    "discriminative score, GRU": (
        "a small GRU, the critic of the literature, is right about {v:.0%} of the "
        "series, and about {f:.0%} between real and real"
    ),
    "predictive error": (
        "a forecaster trained on synthetic series errs by {v:.3g} on real ones, one "
        "trained on other real series by {f:.3g}"
    ),
    "Fréchet distance": (
        "means and covariances of their features lie {v:.3g} apart, between real and "
        "real {f:.3g}"
    ),
    "Wasserstein": (
        "values must be moved by {v:.3g} standard deviations in the mean to be "
        "distributed as in real series, between real and real by {f:.3g}"
    ),
    "Kolmogorov-Smirnov": (
        "the shares of values below any level differ by up to {v:.1%}, between real "
        "and real by {f:.1%}"
    ),
    "autocorrelation": (
        "autocorrelations lie {v:.3f} apart in the mean over lags, between real and "
        "real {f:.3f}"
    ),
    "cross-correlation": (
        "correlations between channels lie {v:.3f} apart, between real and real {f:.3f}"
    ),
    "spectrum, dB": (
        "the power at a frequency lies {v:.2g} dB apart, between real and real {f:.2g}"
    ),
    "MMD": "a kernel test sees a discrepancy of {v:.3g}, between real and real {f:.3g}",
    "precision": (
        "{v:.0%} of the synthetic series lie where real ones lie; of other real ones "
        "{f:.0%} do"
    ),
    "recall": (
        "{v:.0%} of the real series lie where synthetic ones lie; {f:.0%} lie where "
        "other real ones do"
    ),
    "density": (
        "synthetic series lie {v:.2f} times as densely around real ones as these lie "
        "around each other; other real ones {f:.2f} times"
    ),
    "coverage": (
        "{v:.0%} of the real series have a synthetic one in their neighbourhood, and "
        "{f:.0%} another real one"
    ),
    "internal diversity": (
        "synthetic series differ from each other {v:.2f} times as much as real ones "
        "do; other real ones {f:.2f} times"
    ),
    "nearest neighbour ratio": (
        "a synthetic series is {v:.2f} times as far from the nearest training series "
        "as an unseen real one is (less than 1 hints at copies, more at series that "
        "are far off)"
    ),
    "near-duplicates": (
        "{v:.1%} of the synthetic series are as near to a training series as 1% of the "
        "unseen real ones"
    ),
    "membership AUC": (
        "whoever guesses by nearness to synthetic series which real ones were trained "
        "on has an area under the curve of {v:.2f} (a guess has 0.50)"
    ),
    "accuracy, trained on synthetic": (
        "a classifier trained on synthetic series is right about {v:.0%} of the unseen "
        "ones, one trained on real series about {f:.0%}"
    ),
}
VERDICTS = {
    "good": "that is what real series score.",
    "fair": "that is a little off.",
    "poor": "that is far off.",
    "blind": (
        "here that says nothing, since no bad generator scores worse than real series."
    ),
}
OF_MEMORY = {
    "good": "no sign of memorisation.",
    "fair": "some sign of memorisation.",
    "poor": "a clear sign of memorisation.",
}


def share_of_way(value: float, floor: float, ceiling: float, best: str) -> float | None:
    """Return how far a value has gone from its floor to its ceiling.

    Parameters
    ----------
    value, floor, ceiling : float
        Figures of a row.
    best : {"0", "low", "high", "1", "0.5", "0.01"}
        Its direction; of the last three values are bad on either side.

    Returns
    -------
    float or None
        Not above 0 for a value as good as the floor, 1 for one as bad as the ceiling;
        None if no bad generator is worse than real series.
    """
    way, gone = ceiling - floor, value - floor
    if best in ("1", "0.5", "0.01"):
        way, gone = abs(way), abs(gone)
    if best == "high":
        way, gone = -way, -gone
    return gone / way if way > 0 else None


def reading(value: float, floor: float, ceiling: float, best: str) -> str:
    """Return the word for a row.

    Parameters
    ----------
    value, floor, ceiling : float
        Figures of a row.
    best : str
        Its direction.

    Returns
    -------
    {"good", "fair", "poor", "blind"}
        By the share of the way.
    """
    share = share_of_way(value, floor, ceiling, best)
    if share is None:
        return "blind"
    return "good" if share <= GOOD else "fair" if share <= FAIR else "poor"


def sentence(row: Any) -> str:
    """Return what a row of the report says.

    Parameters
    ----------
    row : namedtuple
        `Index`, the name of the measure, `value`, `floor` and `reading`.

    Returns
    -------
    str
        A sentence.
    """
    critic = row.Index.startswith("discriminative")
    shift = 0.5 if critic else 0.0  # from the score to the share of right calls
    plain = "the value is {v:.3g}, between real and real {f:.3g}"
    fact = FACTS.get(row.Index, plain).format(v=row.value + shift, f=row.floor + shift)
    verdicts = VERDICTS
    far = row.Index == "nearest neighbour ratio" and row.value > row.floor
    if row.best in ("0.5", "0.01") or row.Index == "nearest neighbour ratio":
        verdicts = VERDICTS if far and row.reading != "good" else VERDICTS | OF_MEMORY
    return f"{fact[0].upper()}{fact[1:]}: {verdicts[row.reading]}"
