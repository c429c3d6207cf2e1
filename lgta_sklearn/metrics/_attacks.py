"""The attacks of an audit: one record for each row.

The attacker sees the synthetic set only: not the generator, and no training record
except the one that is attacked.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lgta_sklearn.metrics._disclosure import inference, linkability, singling_out
from lgta_sklearn.metrics._intervals import Outcome
from lgta_sklearn.metrics._membership import (
    area,
    by_density,
    by_distance,
    by_reference,
    hits,
    near_duplicates,
)
from lgta_sklearn.metrics._records import Audit

__all__ = ["ATTACKS", "Attack"]


@dataclass(frozen=True)
class Attack:
    """One row of an audit.

    Parameters
    ----------
    name : str
        Name of the row.
    run : callable
        Function ``run(audit, seed)`` that returns the outcome.
    sentence : str
        The outcome in words, with the fields ``{value}``, ``{control}`` and
        ``{n_attacks}``; ``{one}`` and ``{many}`` are nouns for what is attacked, and
        ``{secret}`` for what is inferred.
    """

    name: str
    run: Callable[[Audit, int], Outcome]
    sentence: str


MEMBERSHIP = (
    "guessed by {clue}, whether a {{one}} was used for training: of a training and an "
    "unseen {{one}}, the attack names the right one in {{value:.0%}} of the cases "
    "(guessing: 50%)"
)
HITS = (
    "guessed by {clue}, with 1% of the unseen {{many}} accused wrongly: the attack "
    "finds {{value:.1%}} of {{n_attacks}} training {{many}} (guessing: {{control:.1%}})"
)
MEMBERSHIPS = (
    ("distance", by_distance, "how near the nearest synthetic series is"),
    (
        "density ratio",
        by_density,
        "how much denser synthetic series are there than other real series",
    ),
    (
        "reference model",
        by_reference,
        "how much nearer the nearest synthetic series is than other real series",
    ),
)
ATTACKS = (
    *(
        Attack(
            f"membership, {name}{suffix}", judged(scores), sentence.format(clue=clue)
        )
        for name, scores, clue in MEMBERSHIPS
        for suffix, judged, sentence in (("", area, MEMBERSHIP), (", TPR", hits, HITS))
    ),
    Attack(
        "singling out",
        singling_out,
        "a description by a few values, taken from a synthetic series, fits exactly "
        "one training {one} in {value:.1%} of {n_attacks} trials; exactly one among as "
        "many unseen {many}, in {control:.1%}",
    ),
    Attack(
        "linkability",
        linkability,
        "two halves of a series are found to belong together through the synthetic "
        "series in {value:.1%} of the cases for {n_attacks} training {many}; for "
        "unseen {many}, in {control:.1%}",
    ),
    Attack(
        "inference",
        inference,
        "{secret} is guessed from the most similar synthetic series in {value:.1%} of "
        "the cases for {n_attacks} training {many}; for unseen {many}, in "
        "{control:.1%}",
    ),
    Attack(
        "near-duplicates",
        near_duplicates,
        "{value:.1%} of {n_attacks} synthetic series are as near to a training series "
        "as the nearest 1% of the unseen series (chance: {control:.1%})",
    ),
)
