"""Registry of the classes that a file may name; a decorator registers a class.

A name is ``"room:Class"``, where the room is a module of the package (or the full name
of a user's module, which has to be imported before the file is read). A file can name
nothing else, and finding a class only runs code of the package.
"""

import re
from importlib import import_module
from typing import Any, TypeVar

__all__ = ["FITTED", "find", "is_storable", "name_in_file", "storable"]

PACKAGE = "lgta_sklearn."
OURS = re.compile(r"[a-z_]\w*(\.[a-z_]\w*)*", re.ASCII)
_GAUSSIANS = (
    "weights_",
    "means_",
    "covariances_",
    "precisions_",
    "precisions_cholesky_",
    "converged_",
    "n_iter_",
    "lower_bound_",
    "n_features_in_",
)
# estimators of scikit-learn, and the documented attributes that `fit` gives them
FITTED: dict[str, tuple[str, ...]] = {
    "sklearn.mixture:GaussianMixture": _GAUSSIANS,
    "sklearn.mixture:BayesianGaussianMixture": (
        *_GAUSSIANS,
        "weight_concentration_prior_",
        "weight_concentration_",
        "mean_precision_prior_",
        "mean_prior_",
        "mean_precision_",
        "degrees_of_freedom_prior_",
        "degrees_of_freedom_",
        "covariance_prior_",
    ),
    "sklearn.neighbors:KernelDensity": ("tree_", "n_features_in_"),
}
_classes: dict[str, type] = {}
Kind = TypeVar("Kind", bound=type)


def storable(kind: Kind) -> Kind:
    """Register a class that files may name: a decorator.

    An object of the class is stored as its `__getstate__`, if the class defines that,
    or its attributes, and restored without calling its constructor. So the attributes
    have to be numbers, strings, arrays, or objects of storable classes.

    Parameters
    ----------
    kind : type
        The class.

    Returns
    -------
    type
        The same class.
    """
    _classes[name_in_file(kind)] = kind
    return kind


def name_in_file(kind: Any) -> str:
    """Return the name of a class in a file.

    Parameters
    ----------
    kind : type
        The class.

    Returns
    -------
    str
        For instance ``"density.local:LocalDensity"``.
    """
    room = kind.__module__
    if room.startswith("sklearn."):  # where it is exported, not where it is defined
        room = ".".join(room.split(".")[:2])
    return f"{room.removeprefix(PACKAGE)}:{kind.__qualname__}"


def is_storable(kind: Any) -> bool:
    """Tell whether a file may name a class.

    Parameters
    ----------
    kind : object
        A class, or anything else.

    Returns
    -------
    bool
        True if the class itself is registered; a registered parent does not count.
    """
    if not isinstance(kind, type):
        return False
    name = name_in_file(kind)
    return _classes.get(name) is kind or (
        name in FITTED and kind.__module__.startswith("sklearn.")
    )


def find(name: str) -> type:
    """Return the class of a name.

    Parameters
    ----------
    name : str
        Name, possibly forged.

    Returns
    -------
    type
        A registered class, or a class of scikit-learn in `FITTED`.

    Raises
    ------
    LookupError
        If no class of this name may be in a file.
    """
    room, _, kind = str(name).partition(":")
    if name in FITTED:
        return getattr(import_module(room), kind)
    if name not in _classes and OURS.fullmatch(room):
        try:
            import_module(PACKAGE + room)
        except ImportError as error:
            raise LookupError(_refusal(name)) from error
    if name not in _classes:
        raise LookupError(_refusal(name))
    return _classes[name]


def _refusal(name: str) -> str:
    return f"{str(name)[:100]!r} is no class that a file may name"
