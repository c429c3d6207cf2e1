"""Tell from a draw of a fitted generator whether its series are alike, or copies."""

import warnings

import numpy as np

from lgta_sklearn._curves import flat
from lgta_sklearn._neighbors import NearestRows
from lgta_sklearn.training.collapse import ModeCollapseWarning
from lgta_sklearn.training.memorisation import MemorisationWarning

__all__ = ["diagnose"]

FEWEST = 20  # series: measures of fewer say nothing
UNCOVERED, ALIKE, COPIED = 0.5, 0.5, 0.3  # below these a warning is given


def diagnose(real: np.ndarray, synthetic: np.ndarray) -> dict[str, float]:
    """Compare a draw with training series; warn of collapse and of copies.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_samples, n_channels, n_timepoints)
        Training series and a draw of as many, without NaN.

    Returns
    -------
    dict of str to float
        `coverage`, `coverage_floor`, `diversity` and `nearest_neighbour_ratio`; empty
        for fewer than 20 series.
    """
    if len(real) < FEWEST:
        return {}
    from lgta_sklearn.metrics import coverage, internal_diversity

    halves = np.array_split(real, 2)
    found = {
        "coverage": coverage(real, synthetic, random_state=0),
        "coverage_floor": coverage(*halves, random_state=0),
        "diversity": internal_diversity(real, synthetic, random_state=0),
        "nearest_neighbour_ratio": _neighbour_ratio(real, synthetic),
    }
    _warn(found)
    return found


def _neighbour_ratio(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Return the distance to the nearest real series, over that among real ones."""
    rows = flat(real, like=real)
    search = NearestRows(rows, 2).search
    among = np.median(search(rows)[0][:, 1])  # the first is the series itself
    to_real = np.median(search(flat(synthetic, like=real), 1)[0])
    return float(to_real / among) if among > 0 else 1.0


def _warn(found: dict[str, float]) -> None:
    """Warn if series are alike, or copies."""
    covered, floor = found["coverage"], found["coverage_floor"]
    diversity, ratio = found["diversity"], found["nearest_neighbour_ratio"]
    if covered < UNCOVERED * floor or diversity < ALIKE:
        warnings.warn(
            f"the generator has collapsed: its samples cover {covered:.0%} of the "
            f"training series (one half of these covers {floor:.0%} of the other), and "
            f"the distance among them is {diversity:.2f} of that among training "
            "series. Train longer (max_epochs), raise the penalty, or lower lr; "
            "LatentAugmenter cannot collapse in this way.",
            ModeCollapseWarning,
            stacklevel=6,
        )
    if ratio < COPIED:
        warnings.warn(
            "the generator copies: half of its samples are nearer to a training series "
            f"than {ratio:.2f} of the distance between training series. Train for "
            "fewer epochs (max_epochs), or take more series.",
            MemorisationWarning,
            stacklevel=6,
        )
