"""Transformations: small objects called ``(Z, rng) -> Z``, and how they are combined.

`Jitter`, `Scaling`, `MagnitudeWarp`, `TimeWarp`, `Drift` and `Trend` act on sequences
of standardised values, (n_samples, n_steps, n_features): on codes per time step, or on
the series themselves. The first two, and functions of your own that can, act on codes
without a time axis too, (n_samples, n_features). How far they go is their `scale`, or
what the augmenter's `strength` makes of it.

One that moves more than codes, or looks at the training series, says so by an
attribute `moves` and is called ``(V, rng, peers) -> V``. With ``moves = "levels"`` a
row of V is a code, the levels and the log-scales; with ``moves = "series"`` what the
model cannot explain follows, so that a row is a whole series (NaN where it is not
known). `peers` gives rows of training series that are of the same class as those of V:
``peers.pair(V, rng)`` two different ones for each, ``peers.neighbor(V, k, rng)`` one of
the k nearest; and ``peers.posterior_scale``, how uncertain the model is of each code.
"""

from lgta_sklearn.transforms._combinations import Compose, OneOf, SomeOf
from lgta_sklearn.transforms._relatives import LinearDelta, Mixup, PosteriorNoise
from lgta_sklearn.transforms._sequences import (
    Drift,
    Jitter,
    MagnitudeWarp,
    Scaling,
    TimeWarp,
    Trend,
)

__all__ = [
    "Compose",
    "Drift",
    "Jitter",
    "LinearDelta",
    "MagnitudeWarp",
    "Mixup",
    "OneOf",
    "PosteriorNoise",
    "Scaling",
    "SomeOf",
    "TimeWarp",
    "Trend",
]
