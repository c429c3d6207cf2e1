"""How a row of a report is read: as a share of the way, a word and a sentence."""

from lgta_sklearn.metrics._measures import Direction, Measure

__all__ = ["reading", "sentence", "share_of_way"]

GOOD, FAIR = 0.1, 1 / 3  # largest shares of the way from the floor to the ceiling
VERDICTS = {
    "good": "that is what real series score.",
    "fair": "that is a little off.",
    "poor": "that is far off.",
    "blind": (
        "this says nothing here, because no bad generator scores worse than real "
        "series."
    ),
}
OF_MEMORISATION = {
    **VERDICTS,
    "good": "no sign of memorisation.",
    "fair": "some sign of memorisation.",
    "poor": "a clear sign of memorisation.",
}


def share_of_way(
    value: float, floor: float, ceiling: float, direction: Direction
) -> float | None:
    """Return the share of the way from floor to ceiling that a value has gone.

    Parameters
    ----------
    value, floor, ceiling : float
        Figures of a row.
    direction : {"low", "high", "both"}
        Which values are good: low ones, high ones, or those near the floor on either
        side.

    Returns
    -------
    float or None
        At most 0 for a value as good as the floor, 1 for one as bad as the ceiling;
        None if no bad generator is worse than real series.
    """
    way, gone = ceiling - floor, value - floor
    if direction == "both":
        way, gone = abs(way), abs(gone)
    if direction == "high":
        way, gone = -way, -gone
    return gone / way if way > 0 else None


def reading(value: float, floor: float, ceiling: float, direction: Direction) -> str:
    """Return the word for a row.

    Parameters
    ----------
    value, floor, ceiling : float
        Figures of a row.
    direction : {"low", "high", "both"}
        Which values are good.

    Returns
    -------
    {"good", "fair", "poor", "blind"}
        By the share of the way.
    """
    share = share_of_way(value, floor, ceiling, direction)
    if share is None:
        return "blind"
    return "good" if share <= GOOD else "fair" if share <= FAIR else "poor"


def sentence(
    measure: Measure, value: float, floor: float, ceiling: float, word: str
) -> str:
    """Return a row in words.

    Parameters
    ----------
    measure : Measure
        Measure of the row.
    value, floor, ceiling : float
        Figures of the row.
    word : {"good", "fair", "poor", "blind"}
        Its reading.

    Returns
    -------
    str
        A sentence.
    """
    shift = 0.5 if measure.is_critic else 0.0  # from the score to the accuracy
    fact = measure.sentence.format(value=value + shift, floor=floor + shift)
    verdicts = OF_MEMORISATION if measure.is_memorisation else VERDICTS
    # the ceiling of memorisation is a copy: on the other side of the floor is none
    if word != "good" and (value - floor) * (ceiling - floor) < 0:
        verdicts = VERDICTS
    return f"{fact[0].upper()}{fact[1:]}: {verdicts[word]}"
