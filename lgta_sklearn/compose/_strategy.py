"""Number of series to add to each class, by the strategies of imbalanced-learn."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["wanted_counts"]

STRATEGIES = ("auto", "minority", "not minority", "not majority", "all")


def wanted_counts(strategy: Any, y: np.ndarray) -> dict[Any, int]:
    """Return the number of series to make for each label.

    Parameters
    ----------
    strategy : str, float, mapping or callable
        As `SyntheticOverSampler` explains.
    y : ndarray of shape (n_samples,)
        Labels.

    Returns
    -------
    dict
        Number of new series by label.

    Raises
    ------
    ValueError
        If the strategy has no meaning for these labels, or would remove series.
    """
    labels, counts = np.unique(y, return_counts=True)
    have = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    if len(have) == 1:
        raise ValueError(
            f"y has 1 class, {labels[0]}: expected two or more to balance."
        )
    if callable(strategy):
        strategy = strategy(y)
    if isinstance(strategy, Mapping):
        return _wanted_by_number(strategy, have)
    if isinstance(strategy, Real) and not isinstance(strategy, bool):
        return _wanted_by_ratio(float(strategy), have)
    if strategy not in STRATEGIES:
        raise ValueError(
            f"sampling_strategy must be one of {STRATEGIES}, a float, a dict or a "
            f"callable, got {strategy!r}."
        )
    most, least = max(have.values()), min(have, key=lambda label: have[label])
    largest = max(have, key=lambda label: have[label])
    chosen = {
        "minority": [least],
        "not minority": [label for label in have if label != least],
        "all": list(have),
    }.get(strategy, [label for label in have if label != largest])
    return {label: most - have[label] for label in chosen}


def _wanted_by_number(
    strategy: Mapping[Any, int], have: Mapping[Any, int]
) -> dict[Any, int]:
    unknown = [label for label in strategy if label not in have]
    if unknown:
        raise ValueError(
            f"sampling_strategy names labels that are not in y: {unknown}. Expected "
            f"some of {list(have)}."
        )
    small = {k: int(n) for k, n in strategy.items() if n < have[k]}
    if small:
        raise ValueError(
            f"sampling_strategy wants fewer series than there are: {small}, where y "
            f"has { ({k: have[k] for k in small}) }. Series are only added; ask for as "
            "many or more."
        )
    return {label: int(n) - have[label] for label, n in strategy.items()}


def _wanted_by_ratio(ratio: float, have: Mapping[Any, int]) -> dict[Any, int]:
    if len(have) != 2:
        raise ValueError(
            "a float sampling_strategy is the ratio of two classes, but y has "
            f"{len(have)}. Use a dict of numbers or one of {STRATEGIES}."
        )
    most, least = max(have.values()), min(have, key=lambda label: have[label])
    missing = int(ratio * most) - have[least]
    if not 0 < ratio <= 1 or missing < 0:
        raise ValueError(
            f"sampling_strategy={ratio} must be a ratio in (0, 1] that is not below "
            f"the present one, {have[least] / most:.3g}: series are only added."
        )
    return {least: missing}
