"""Constraints of constructor parameters, declared as data beside each class.

Messages say what was expected, what was got, and what to do.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = ["AT_LEAST_ONE", "POSITIVE", "Bounds", "Constraint", "check_parameters"]


@dataclass(frozen=True)
class Bounds:
    """A finite number in an interval.

    Parameters
    ----------
    kind : type
        ``numbers.Integral`` or ``numbers.Real``.
    low : float
        Smallest value.
    high : float, default=inf
        Largest value.
    open_low : bool, default=False
        Whether `low` itself is excluded.
    """

    kind: type[Integral] | type[Real]
    low: float
    high: float = float("inf")
    open_low: bool = False

    def __contains__(self, value: Any) -> bool:
        """Tell whether a value is such a number (a bool is none)."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, self.kind):
            return False
        inside = self.low <= float(value) <= self.high and math.isfinite(value)
        return inside and not (self.open_low and value == self.low)

    def __str__(self) -> str:
        """Return the words of an error message."""
        noun = "an int" if self.kind is Integral else "a number"
        relation = ">" if self.open_low else ">="
        top = "" if self.high == float("inf") else f" and <= {self.high:g}"
        return f"{noun} {relation} {self.low:g}{top}"


Constraint = Any  # Bounds, a string, None, True, `callable` or `list`
POSITIVE = Bounds(Real, 0, open_low=True)
AT_LEAST_ONE = Bounds(Integral, 1)


def check_parameters(
    estimator: Any, constraints: Mapping[str, Sequence[Constraint]]
) -> None:
    """Check constructor parameters against their constraints.

    Parameters
    ----------
    estimator : object
        Has one attribute per parameter.
    constraints : mapping of str to sequence
        For each parameter what it may be: a `Bounds`, a string, None, True (any
        bool), ``callable``, ``list``, or what an object must have, as in
        ``"method sample"`` or ``"attribute module"``.

    Raises
    ------
    ValueError
        If a parameter is none of what it may be.
    """
    for name, allowed in constraints.items():
        value = getattr(estimator, name)
        if not any(_satisfies(value, constraint) for constraint in allowed):
            words = " or ".join(_describe(constraint) for constraint in allowed)
            raise ValueError(
                f"{name} of {type(estimator).__name__} must be {words}, got {value!r}."
            )


def _satisfies(value: Any, constraint: Constraint) -> bool:
    if isinstance(constraint, Bounds):
        return value in constraint
    if constraint is None or constraint is True:
        return value is None if constraint is None else isinstance(value, bool)
    if constraint is callable:
        return callable(value)
    if constraint is list:
        return isinstance(value, list)
    if " " in constraint:
        return not isinstance(value, str) and hasattr(value, constraint.split()[1])
    return isinstance(value, str) and value == constraint


def _describe(constraint: Constraint) -> str:
    if constraint is True:
        return "a bool"
    if constraint is callable:
        return "a callable"
    if constraint is list:
        return "a list"
    if isinstance(constraint, str) and " " in constraint:
        kind, name = constraint.split()
        return f"an object with a `{name}` {kind}"
    return str(constraint) if isinstance(constraint, Bounds) else repr(constraint)
