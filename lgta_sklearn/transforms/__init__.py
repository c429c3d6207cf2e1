"""Transformations: small objects called ``(Z, rng) -> Z``, and their combinations.

`Jitter`, `Scaling`, `MagnitudeWarp`, `TimeWarp`, `Drift` and `Trend` act on sequences
of standardised values, (n_samples, n_steps, n_features): on codes per time step, or on
the series themselves. `Jitter` and `Scaling` act on codes without a time axis too,
(n_samples, n_features), and so can functions of your own. Their `scale` determines the
size of the effect; a number as the augmenter's `strength` replaces it.

A transformation that moves more than codes, or uses the training series, has an
attribute `moves` and is called ``(V, rng, reference) -> V``. With ``moves = "levels"``
a row of V is a code, the levels and the log-scales. With ``moves = "series"`` the
residual, which the model cannot explain, follows, so that a row is a whole series (NaN
where a value is missing). `reference` is the training series; it returns rows of series
that are of the same class as those of V. ``reference.pair(V, rng)`` returns two
different ones for each row, ``reference.neighbor(V, k, rng)`` one of the k nearest, and
``reference.posterior_scale`` is the uncertainty of the model about each code.

Further attributes of a transformation, each with a default: ``needs_time`` (False),
``needs_posterior`` (False), and ``acts_on_residual`` (True): whether the residual is
transformed in the same way as codes per time step. A method ``scaled(factor)`` returns
the transformation with a larger or smaller effect; without it the effect is multiplied.
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
