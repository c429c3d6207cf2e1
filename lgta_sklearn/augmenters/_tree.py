"""Objects as trees of plain values, and back: no code goes either way.

A tree is JSON whose leaves are numbers, texts and the names of tensors beside it. A
node that is more than that says what it is: ``{"array": "t3", "shape": [5, 2]}``,
``{"object": "ValueGrid", "state": ...}``. An object is of one of the classes in
`_classes`, and is made without calling any of its methods but those of ours that take a
state; whatever else a tree names is refused. What a user has written (a backbone, a
transformation) is in no tree.

A tree holds what `vars` of the objects hold: if that changes, so must the number of the
format in `lgta_sklearn._storage`. A file of each format is among the tests.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from lgta_sklearn._storage import FormatError

__all__ = ["NotPlainError", "Reader", "Writer", "name_of"]

_PLAIN = (bool, int, float, str, type(None))
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


class NotPlainError(ValueError):
    """Something that cannot be written without code."""


@cache
def _classes() -> dict[str, type]:
    """Return the classes that a file may name, by name."""
    import torch
    from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
    from sklearn.neighbors import KernelDensity

    from lgta_sklearn import density, gaps, noise, scaling, transforms
    from lgta_sklearn._containers import Container
    from lgta_sklearn._nearness import NearestRows
    from lgta_sklearn._whitening import NormalScores, Whitening
    from lgta_sklearn.augmenters._codes import CodeSpace
    from lgta_sklearn.augmenters._peers import TrainingSeries
    from lgta_sklearn.augmenters._response import ResponseCurve
    from lgta_sklearn.networks.backbones import BACKBONES

    ours = [
        *(getattr(transforms, name) for name in transforms.__all__),
        *(density.MixtureDensity, density.LocalDensity),
        *(density.ClassDensities, density.ShiftedDensity),
        *(noise.NeighborNoise, noise.ResidualNoise, gaps.GapPatterns),
        *(scaling.ScaleDecomposition, scaling.ValueGrid),
        *(NearestRows, Container, NormalScores, Whitening),
        *(CodeSpace, TrainingSeries, ResponseCurve),
        *BACKBONES.values(),
    ]
    theirs = [GaussianMixture, BayesianGaussianMixture, KernelDensity]
    optimizers = [
        value
        for value in vars(torch.optim).values()
        if isinstance(value, type) and issubclass(value, torch.optim.Optimizer)
    ]
    return {_key(value): value for value in (*ours, *theirs, *optimizers)}


def _key(of: Any) -> str:
    """Return the name of a class in a file."""
    where = "torch.optim." if of.__module__.startswith("torch.optim") else ""
    return f"{where}{of.__qualname__}"


def name_of(value: Any) -> str:
    """Return the name of a part of the user's own.

    Parameters
    ----------
    value : object
        A class, a function, a partial of one, or an object.

    Returns
    -------
    str
        Where it stands, for messages.
    """
    value = value.func if isinstance(value, partial) else value
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


class Writer:
    """Makes nodes of values and collects the tensors.

    Attributes
    ----------
    tensors : dict of str to ndarray
        What the nodes name.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, np.ndarray] = {}
        self._names: dict[tuple[Any, ...], str] = {}

    def node(self, value: Any, where: str) -> Any:
        """Return the node of a value.

        Parameters
        ----------
        value : object
            What is to be written.
        where : str
            Where it stands, for errors.

        Returns
        -------
        object
            Values that JSON has.

        Raises
        ------
        NotPlainError
            If it cannot be written without code.
        """
        from lgta_sklearn.networks.inference import FrozenNetwork

        if type(value) in _PLAIN:
            finite = not isinstance(value, float) or math.isfinite(value)
            return value if finite else {"float": repr(value)}
        if isinstance(value, list):
            return [self.node(part, f"{where}[{i}]") for i, part in enumerate(value)]
        writers: list[tuple[Any, Callable[[Any, str], Any]]] = [
            (tuple, lambda v, w: {"tuple": self.node(list(v), w)}),
            (dict, self._dict),
            (np.ndarray, self._array),
            (np.generic, self._scalar),
            (np.random.Generator, self._generator),
            (np.random.RandomState, self._random_state),
            (partial, self._partial),
            (FrozenNetwork, self._network),
            (type, self._class),
        ]
        for kind, write in writers:
            if isinstance(value, kind):
                return write(value, where)
        return self._object(value, where)

    def _dict(self, value: dict[Any, Any], where: str) -> Any:
        pairs = [
            [self.node(k, where), self.node(v, f"{where}[{k!r}]")]
            for k, v in value.items()
        ]
        return {"dict": pairs}

    def _array(self, value: np.ndarray, where: str) -> Any:
        if value.dtype.kind not in "biuf":
            if value.dtype.kind not in "OU":
                raise NotPlainError(f"{where} is an array of {value.dtype}")
            kind = "objects" if value.dtype.kind == "O" else "texts"
            parts = self.node(value.ravel().tolist(), where)
            return {kind: parts, "shape": list(value.shape)}
        turned = value.flags.f_contiguous and not value.flags.c_contiguous
        flat = np.ascontiguousarray(value.T if turned else value)
        # arrays that share their memory share a tensor
        place = flat.__array_interface__["data"][0], flat.nbytes, flat.dtype.str
        name = self._names.setdefault(place, f"t{len(self._names)}")
        self.tensors.setdefault(name, flat)
        node = {"array": name, "shape": list(flat.shape)}
        return {**node, "turned": True} if turned else node

    def _scalar(self, value: np.generic, where: str) -> Any:
        if value.dtype.kind not in "biufU":
            raise NotPlainError(f"{where} is a {type(value).__name__}")
        return {"scalar": value.dtype.str, "value": self.node(value.item(), where)}

    def _generator(self, value: np.random.Generator, where: str) -> Any:
        name = type(value.bit_generator).__name__
        if name not in _BIT_GENERATORS:
            raise NotPlainError(f"{where} is a generator with {name}")
        return {"generator": name, "state": self.node(value.bit_generator.state, where)}

    def _random_state(self, value: np.random.RandomState, where: str) -> Any:
        state = self.node(value.get_state(legacy=False), where)
        return {"random_state": state}

    def _partial(self, value: partial[Any], where: str) -> Any:
        return {
            "partial": self._class(value.func, where),
            "args": self.node(list(value.args), where),
            "keywords": self.node(value.keywords, where),
        }

    def _network(self, value: Any, where: str) -> Any:
        from lgta_sklearn.networks.backbones import is_shipped

        if value.recipe is None:
            name = name_of(value.module)
            raise NotPlainError(f"{where} is a network of your own class {name}")
        recipe = dict(value.recipe)
        if not is_shipped(recipe["backbone"]):
            del recipe["backbone"]  # to be given again
        state = {"device": value.device, "n_timepoints": value.n_timepoints}
        return {
            "network": self._dict({**state, "recipe": recipe}, where),
            "weights": self._dict(value.weights(), where),
        }

    def _class(self, value: Any, where: str) -> Any:
        name = _key(value) if isinstance(value, type) else ""
        if _classes().get(name) is not value:
            raise NotPlainError(f"{where} is {name_of(value)}")
        return {"class": name}

    def _object(self, value: Any, where: str) -> Any:
        kind = type(value)
        if _classes().get(_key(kind)) is not kind:
            raise NotPlainError(f"{where} is of the class {name_of(value)}")
        state = vars(value)
        if "__getstate__" in vars(kind):
            state = value.__getstate__()
        elif hasattr(value, "tree_"):  # a KernelDensity: the tree is grown anew
            state = {**state, "tree_": np.asarray(value.tree_.data)}
        pairs = {k: self.node(v, f"{where}.{k}") for k, v in state.items()}
        return {"object": _key(kind), "state": pairs}


class Reader:
    """Makes values of nodes again.

    Parameters
    ----------
    tensors : dict of str to ndarray
        What the nodes name.
    own : dict
        Parameters of the user's own making.
    """

    def __init__(
        self, tensors: Mapping[str, np.ndarray], own: Mapping[str, Any]
    ) -> None:
        self.tensors, self.own = tensors, own

    def value(self, node: Any) -> Any:
        """Return the value of a node.

        Parameters
        ----------
        node : object
            Node that a `Writer` made, or somebody else.

        Returns
        -------
        object
            The value.

        Raises
        ------
        FormatError
            If it names what no file may name; other errors if it makes no sense.
        """
        if isinstance(node, list):
            return [self.value(part) for part in node]
        if not isinstance(node, dict):
            return node
        readers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "float": lambda n: float(n["float"]),
            "tuple": lambda n: tuple(self.value(n["tuple"])),
            "dict": lambda n: {self.value(k): self.value(v) for k, v in n["dict"]},
            "array": self._array,
            "objects": lambda n: self._texts(n, "objects"),
            "texts": lambda n: self._texts(n, "texts"),
            "scalar": lambda n: _number_type(n["scalar"])(self.value(n["value"])),
            "generator": self._generator,
            "random_state": self._random_state,
            "partial": self._partial,
            "network": self._network,
            "class": lambda n: _known(n["class"]),
            "object": self._object,
        }
        return readers[next(iter(node))](node)

    def state(self, nodes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of nodes under plain names.

        Parameters
        ----------
        nodes : mapping of str to object
            Nodes.

        Returns
        -------
        dict
            Values.

        Raises
        ------
        FormatError
            If a name is one of Python's own.
        """
        if any(name.startswith("__") for name in nodes):
            raise FormatError("names with two underscores are not of a state")
        return {name: self.value(node) for name, node in nodes.items()}

    def _array(self, node: dict[str, Any]) -> np.ndarray:
        array = self.tensors[node["array"]].reshape(node["shape"])
        return array.T if node.get("turned") else array

    def _texts(self, node: dict[str, Any], kind: str) -> np.ndarray:
        parts = self.value(node[kind])
        if kind == "texts":
            return np.array(parts, dtype=str).reshape(node["shape"])
        array = np.empty(len(parts), dtype=object)
        array[:] = parts
        return array.reshape(node["shape"])

    def _generator(self, node: dict[str, Any]) -> np.random.Generator:
        if node["generator"] not in _BIT_GENERATORS:
            raise FormatError(f"{node['generator']!r} is no generator of NumPy")
        bits = getattr(np.random, node["generator"])(0)
        bits.state = self.value(node["state"])
        return np.random.Generator(bits)

    def _random_state(self, node: dict[str, Any]) -> np.random.RandomState:
        state = np.random.RandomState(0)
        state.set_state(self.value(node["random_state"]))
        return state

    def _partial(self, node: dict[str, Any]) -> partial[Any]:
        keywords, args = self.value(node["keywords"]), self.value(node["args"])
        return partial(_known(node["partial"]["class"]), *args, **keywords)

    def _network(self, node: dict[str, Any]) -> Any:
        from lgta_sklearn.networks.backbones import resolve_backbone
        from lgta_sklearn.networks.inference import FrozenNetwork

        state, weights = self.value(node["network"]), self.value(node["weights"])
        recipe = state["recipe"]
        if "backbone" not in recipe:
            recipe["backbone"] = resolve_backbone(self.own["backbone"])
        options = getattr(recipe["backbone"], "keywords", {})
        # a layer has weights: so many are built as there can be, and no more
        if options.get("n_layers", 0) > len(weights):
            raise FormatError("there are fewer weights than layers")
        network = FrozenNetwork.__new__(FrozenNetwork)
        network.__setstate__({**state, "weights": weights})
        return network

    def _object(self, node: dict[str, Any]) -> Any:
        kind = _known(node["object"])
        state = self.state(node["state"])
        if kind.__name__ == "KernelDensity" and "tree_" in state:
            names = kind._get_param_names()
            return kind(**{name: state[name] for name in names}).fit(state["tree_"])
        value = kind.__new__(kind)
        if "__setstate__" in vars(kind):
            value.__setstate__(state)
        else:
            vars(value).update(state)
        return value


def _known(name: str) -> Any:
    if name not in _classes():
        raise FormatError(f"{str(name)[:100]!r} is no class that a file may name")
    return _classes()[name]


def _number_type(text: str) -> Callable[[Any], Any]:
    dtype = np.dtype(text)
    if dtype.kind not in "biufU":
        raise FormatError(f"{text!r} is no type of numbers")
    return dtype.type
