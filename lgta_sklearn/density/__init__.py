"""Ex-post density: where the codes of real series lie in the latent space.

The codes of a trained autoencoder do not follow its prior, so samples drawn from the
prior decode to unrealistic series. A density fitted to the codes after training repairs
this (Ghosh et al., 2020, arXiv:1903.12436; Dai and Wipf, 2019,
arXiv:1903.05789). It is fitted to the codes *and* to the levels and log-scales of the
series jointly, which keeps their dependence. Where the levels drift, rows that are
alike in most columns differ in them, and `LocalDensity` gives them neighbours of their
own.

A density is any object with ``fit(Z)`` and ``sample(n_samples)``; those of
`sklearn.mixture` and `sklearn.neighbors.KernelDensity` can be used as they are. The
augmenters fit one for each class (`ClassConditionalDensity`). If no row may be kept,
`Microaggregation` replaces rows by averages first.
"""

from collections.abc import Sequence
from typing import Any

from sklearn.base import clone

from lgta_sklearn.density.by_class import ClassConditionalDensity
from lgta_sklearn.density.local import LocalDensity
from lgta_sklearn.density.microaggregates import Microaggregation
from lgta_sklearn.density.mixture import MixtureDensity

__all__ = [
    "ClassConditionalDensity",
    "LocalDensity",
    "Microaggregation",
    "MixtureDensity",
    "make_density",
]


def make_density(
    density: Any,
    random_state: Any = None,
    blocks: Sequence[tuple[int, int]] | None = None,
) -> Any:
    """Return an unfitted density.

    Parameters
    ----------
    density : {"auto", "local", "mixture", "normal"} or object
        Name, or an object with `fit` and `sample`, which is cloned.
    random_state : None, int, RandomState or Generator, default=None
        Seed for a density that accepts one and has none.
    blocks : sequence of (int, int) or None, default=None
        Blocks of columns for a `LocalDensity` that has none: its own are None.

    Returns
    -------
    object
        Density to be fitted.

    Raises
    ------
    TypeError
        If an object lacks `fit` or `sample`.
    """
    if isinstance(density, str):
        density = {
            "normal": MixtureDensity(1, normal_scores=False),
            "mixture": MixtureDensity(),
        }.get(density, LocalDensity())
    if not (hasattr(density, "fit") and hasattr(density, "sample")):
        raise TypeError(
            "density must be 'auto', 'local', 'mixture', 'normal' or an object with "
            "`fit` and `sample` methods (such as sklearn.mixture.GaussianMixture), got "
            f"{density!r}."
        )
    fresh = clone(density, safe=False)
    if getattr(fresh, "random_state", 0) is None:
        fresh.random_state = random_state
    if isinstance(fresh, LocalDensity) and fresh.blocks is None:
        fresh.blocks = blocks
    return fresh
