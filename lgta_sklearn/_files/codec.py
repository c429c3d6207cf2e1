"""Fitted objects as JSON plus tensors, and back, without executing code.

A tree is JSON whose leaves are numbers, strings and names of tensors. Any other node is
an object with a field ``kind``: ``{"kind": "array", "name": "t3", "shape": [5, 2]}``,
``{"kind": "object", "class": "scaling:ValueGrid", "state": ...}``. A tree may only name
the classes of `lgta_sklearn._files.registry`; an object is created without calling any
of its methods except `__setstate__`. A tree holds no code of the user (a backbone, a
transformation).

A tree holds the attributes of the objects: if they change, the format number in
`lgta_sklearn._files.bytes` must change, too. The tests include a file of the current
format.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from lgta_sklearn._files.bytes import FormatError
from lgta_sklearn._files.registry import FITTED, find, is_storable, name_in_file

__all__ = ["NotPlainError", "Own", "Reader", "Writer", "name_of"]

_PLAIN = (bool, int, float, str, type(None))
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


class NotPlainError(ValueError):
    """An object that cannot be written without code."""


def name_of(value: Any) -> str:
    """Return the name of a user-defined part.

    Parameters
    ----------
    value : object
        A class, a function, a partial of one, or an object.

    Returns
    -------
    str
        Its name in the source code, for messages.
    """
    value = value.func if isinstance(value, partial) else value
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


class Writer:
    """Encode values as nodes and collect their tensors.

    Attributes
    ----------
    tensors : dict of str to ndarray
        The tensors that nodes name.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, np.ndarray] = {}
        self._names: dict[tuple[Any, ...], str] = {}

    def node(self, value: Any, where: str) -> Any:
        """Return the node of a value.

        Parameters
        ----------
        value : object
            Value to encode.
        where : str
            Position of the value, for error messages.

        Returns
        -------
        object
            JSON value.

        Raises
        ------
        NotPlainError
            If the value cannot be written without code.
        """
        if type(value) in _PLAIN:
            finite = not isinstance(value, float) or math.isfinite(value)
            return value if finite else {"kind": "float", "value": repr(value)}
        if isinstance(value, list):
            return [self.node(part, f"{where}[{i}]") for i, part in enumerate(value)]
        writers: list[tuple[Any, Callable[[Any, str], Any]]] = [
            (tuple, self._tuple),
            (dict, self._dict),
            (np.ndarray, self._array),
            (np.generic, self._scalar),
            (np.random.Generator, self._generator),
            (np.random.RandomState, self._random_state),
            (partial, self._partial),
            (type, self._class),
            (Own, lambda own, _: {"kind": "own", "name": own.name}),
        ]
        for kind, write in writers:
            if isinstance(value, kind):
                return write(value, where)
        return self._object(value, where)

    def _tuple(self, value: tuple[Any, ...], where: str) -> Any:
        return {"kind": "tuple", "parts": self.node(list(value), where)}

    def _dict(self, value: dict[Any, Any], where: str) -> Any:
        pairs = [
            [self.node(k, where), self.node(v, f"{where}[{k!r}]")]
            for k, v in value.items()
        ]
        return {"kind": "dict", "pairs": pairs}

    def _array(self, value: np.ndarray, where: str) -> Any:
        if value.dtype.kind not in "biuf":
            if value.dtype.kind not in "OU":
                raise NotPlainError(f"{where} is an array of {value.dtype}")
            kind = "objects" if value.dtype.kind == "O" else "texts"
            parts = self.node(value.ravel().tolist(), where)
            return {"kind": kind, "parts": parts, "shape": list(value.shape)}
        turned = value.flags.f_contiguous and not value.flags.c_contiguous
        flat = np.ascontiguousarray(value.T if turned else value)
        # arrays that share their memory share a tensor
        place = flat.__array_interface__["data"][0], flat.nbytes, flat.dtype.str
        name = self._names.setdefault(place, f"t{len(self._names)}")
        self.tensors.setdefault(name, flat)
        node = {"kind": "array", "name": name, "shape": list(flat.shape)}
        return {**node, "turned": True} if turned else node

    def _scalar(self, value: np.generic, where: str) -> Any:
        if value.dtype.kind not in "biufU":
            raise NotPlainError(f"{where} is a {type(value).__name__}")
        number = self.node(value.item(), where)
        return {"kind": "scalar", "dtype": value.dtype.str, "value": number}

    def _generator(self, value: np.random.Generator, where: str) -> Any:
        name = type(value.bit_generator).__name__
        if name not in _BIT_GENERATORS:
            raise NotPlainError(f"{where} is a generator with {name}")
        state = self.node(value.bit_generator.state, where)
        return {"kind": "generator", "name": name, "state": state}

    def _random_state(self, value: np.random.RandomState, where: str) -> Any:
        state = self.node(value.get_state(legacy=False), where)
        return {"kind": "random_state", "state": state}

    def _partial(self, value: partial[Any], where: str) -> Any:
        return {
            "kind": "partial",
            "function": self._class(value.func, where),
            "args": self.node(list(value.args), where),
            "keywords": self.node(value.keywords, where),
        }

    def _class(self, value: Any, where: str) -> Any:
        if not is_storable(value):
            raise NotPlainError(f"{where} is {name_of(value)}")
        return {"kind": "class", "name": name_in_file(value)}

    def _object(self, value: Any, where: str) -> Any:
        kind = type(value)
        if not is_storable(kind):
            raise NotPlainError(f"{where} is of the class {name_of(value)}")
        name = name_in_file(kind)
        state = vars(value)
        if name in FITTED:
            state = _of_sklearn(value, FITTED[name])
        elif hasattr(value, "_file_state"):
            state = value._file_state()
        elif "__getstate__" in vars(kind):
            state = value.__getstate__()
        pairs = {k: self.node(v, f"{where}.{k}") for k, v in state.items()}
        return {"kind": "object", "class": name, "state": pairs}


class Own:
    """Placeholder in a state for a parameter that is code of the user.

    Parameters
    ----------
    name : str
        Name of the constructor parameter of the estimator.
    """

    def __init__(self, name: str) -> None:
        self.name = name


def _of_sklearn(value: Any, fitted: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters of an estimator, and its documented fitted attributes."""
    state = dict(value.get_params(deep=False))
    state |= {name: getattr(value, name) for name in fitted if hasattr(value, name)}
    if "tree_" in state:  # of a KernelDensity: it is built again
        state["tree_"] = np.asarray(state["tree_"].data)
    return state


class Reader:
    """Decode nodes.

    Parameters
    ----------
    tensors : dict of str to ndarray
        The tensors that nodes name.
    own : dict
        Parameters that are code of the user.
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
            Node that a `Writer` made, or a forged one.

        Returns
        -------
        object
            The value.

        Raises
        ------
        FormatError, LookupError
            If the node names a class that no file may name; other errors if it is
            malformed.
        """
        if isinstance(node, list):
            return [self.value(part) for part in node]
        if not isinstance(node, dict):
            return node
        readers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "float": lambda n: float(n["value"]),
            "tuple": lambda n: tuple(self.value(n["parts"])),
            "dict": lambda n: {self.value(k): self.value(v) for k, v in n["pairs"]},
            "array": self._array,
            "objects": self._texts,
            "texts": self._texts,
            "scalar": lambda n: _number_type(n["dtype"])(self.value(n["value"])),
            "generator": self._generator,
            "random_state": self._random_state,
            "partial": self._partial,
            "own": lambda n: self.own[n["name"]],
            "class": lambda n: find(n["name"]),
            "object": self._object,
        }
        return readers[node["kind"]](node)

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
            If a name is a special name of Python.
        """
        if any(name.startswith("__") for name in nodes):
            raise FormatError("names with two underscores are not of a state")
        return {name: self.value(node) for name, node in nodes.items()}

    def _array(self, node: dict[str, Any]) -> np.ndarray:
        array = self.tensors[node["name"]].reshape(node["shape"])
        return array.T if node.get("turned") else array

    def _texts(self, node: dict[str, Any]) -> np.ndarray:
        parts = self.value(node["parts"])
        if node["kind"] == "texts":
            return np.array(parts, dtype=str).reshape(node["shape"])
        array = np.empty(len(parts), dtype=object)
        array[:] = parts
        return array.reshape(node["shape"])

    def _generator(self, node: dict[str, Any]) -> np.random.Generator:
        if node["name"] not in _BIT_GENERATORS:
            raise FormatError(f"{node['name']!r} is no generator of NumPy")
        bits = getattr(np.random, node["name"])(0)
        bits.state = self.value(node["state"])
        return np.random.Generator(bits)

    def _random_state(self, node: dict[str, Any]) -> np.random.RandomState:
        state = np.random.RandomState(0)
        state.set_state(self.value(node["state"]))
        return state

    def _partial(self, node: dict[str, Any]) -> partial[Any]:
        keywords, args = self.value(node["keywords"]), self.value(node["args"])
        return partial(find(node["function"]["name"]), *args, **keywords)

    def _object(self, node: dict[str, Any]) -> Any:
        kind: Any = find(node["class"])
        state = self.state(node["state"])
        if node["class"] in FITTED:
            return _sklearn_again(kind, state)
        value = kind.__new__(kind)
        if "__setstate__" in vars(kind):
            value.__setstate__(state)
        else:
            vars(value).update(state)
        return value


def _sklearn_again(kind: Any, state: dict[str, Any]) -> Any:
    """Return an estimator of scikit-learn with its fitted attributes."""
    names = kind._get_param_names()
    value = kind(**{name: state.pop(name) for name in names})
    if "tree_" in state:
        return value.fit(state["tree_"])
    vars(value).update({k: v for k, v in state.items() if k.endswith("_")})
    return value


def _number_type(text: str) -> Callable[[Any], Any]:
    dtype = np.dtype(text)
    if dtype.kind not in "biufU":
        raise FormatError(f"{text!r} is no type of numbers")
    return dtype.type
