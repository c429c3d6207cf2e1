"""Index objects of pandas as plain values and back, for files without code."""

from typing import Any

import numpy as np

__all__ = ["index_of", "plain_index"]

_SCALARS = (str, int, float, bool, type(None))


def plain_index(index: Any) -> Any:
    """Return an index as a dict of arrays and scalars.

    Parameters
    ----------
    index : Index
        Index of pandas.

    Returns
    -------
    dict or Index
        Dict from which `index_of` restores the index; the index itself if its kind has
        no such form (several levels, intervals, objects as values).
    """
    import pandas as pd

    makers: dict[type, Any] = {
        pd.RangeIndex: _plain_range,
        pd.DatetimeIndex: _plain_times,
        pd.TimedeltaIndex: _plain_times,
        pd.PeriodIndex: _plain_periods,
        pd.Index: _plain_values,
    }
    make = makers.get(type(index))
    if make is None or not isinstance(index.name, _SCALARS):
        return index
    plain = {"kind": type(index).__name__, "name": index.name, **make(index)}
    # for instance, the name of a custom time zone does not identify it
    return plain if _is_kept(index, plain) else index


def index_of(plain: Any) -> Any:
    """Restore the index that `plain_index` converted.

    Parameters
    ----------
    plain : dict or Index
        Result of `plain_index`.

    Returns
    -------
    Index
        Index of pandas.
    """
    import pandas as pd

    if not isinstance(plain, dict):
        return plain
    kind, name = plain["kind"], plain["name"]
    if kind == "RangeIndex":
        return pd.RangeIndex(plain["start"], plain["stop"], plain["step"], name=name)
    if kind == "PeriodIndex":
        periods = pd.PeriodIndex.from_ordinals(plain["ordinals"], freq=plain["freq"])
        return periods.rename(name)
    if kind == "Index":
        values = plain["values"]
        return pd.Index(values, dtype=plain["dtype"], name=name)
    letter = {"DatetimeIndex": "M", "TimedeltaIndex": "m"}[kind]
    ticks = plain["ticks"].view(f"{letter}8[{plain['unit']}]")
    index = getattr(pd, kind)(ticks, name=name)
    if plain["tz"] is not None:
        index = index.tz_localize("UTC").tz_convert(plain["tz"])
    if plain["freq"] is not None:
        index.freq = plain["freq"]
    return index


def _plain_range(index: Any) -> dict[str, Any]:
    return {"start": index.start, "stop": index.stop, "step": index.step}


def _plain_times(index: Any) -> dict[str, Any]:
    tz = getattr(index, "tz", None)
    return {
        "ticks": index.asi8.copy(),
        "unit": index.unit,
        "tz": None if tz is None else str(tz),
        "freq": index.freqstr,
    }


def _plain_periods(index: Any) -> dict[str, Any]:
    return {"ordinals": index.asi8.copy(), "freq": index.freqstr}


def _plain_values(index: Any) -> dict[str, Any]:
    numeric = isinstance(index.dtype, np.dtype) and index.dtype.kind in "biuf"
    values = index.to_numpy().copy() if numeric else index.tolist()
    return {"values": values, "dtype": str(index.dtype)}


def _is_kept(index: Any, plain: dict[str, Any]) -> bool:
    """Tell whether the plain form restores the same index."""
    values = plain.get("values")
    if isinstance(values, list) and not all(isinstance(v, _SCALARS) for v in values):
        return False
    try:
        again = index_of(plain)
    except Exception:  # pandas raises many kinds of errors
        return False
    same_freq = getattr(again, "freq", None) == getattr(index, "freq", None)
    return bool(again.identical(index)) and same_freq
