"""`save` and `load`: fitted augmenters as files that hold no code."""

import os
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Self

from sklearn.utils.validation import check_is_fitted

from lgta_sklearn._files import bytes as files
from lgta_sklearn._files.bytes import FormatError
from lgta_sklearn._files.codec import NotPlainError, Reader, Writer, name_of

__all__ = ["FittedState", "SavedMixin"]

_CONFIG = "_sklearn_output_config"


class FittedState(SimpleNamespace):
    """Private fitted state of an estimator (public fitted state ends with ``_``)."""


class SavedMixin:
    """Add `save` and `load` to an augmenter.

    A file holds the constructor's parameters, the public attributes that ``fit`` has
    set (`_state.learned` lists them), and the private attributes, all of which are in
    `_state`. Attributes listed in `_recomputed` are left out if they cannot be written.
    """

    _state: FittedState
    _recomputed: ClassVar[frozenset[str]] = frozenset()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file that holds no code.

        It is one `safetensors` file, whose header holds all other values as JSON, the
        format number and a checksum. The file is written completely or not at all:
        after a crash an existing file is unchanged. If an estimator keeps training
        series (see its documentation), the file contains them, too: share it only with
        those who may see the series.

        Parameters
        ----------
        path : str or path-like
            Where to write. No suffix is added; ``.safetensors`` is customary.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `fit` has learned an object of a class of your own (a density,
            observation noise, a whole network), which is code.
        OSError
            If the file cannot be written.

        See Also
        --------
        load : Read the file.

        Notes
        -----
        `pickle` and `joblib` save any augmenter, also one with parts of your own; but
        loading such a file runs the code in it.
        """
        check_is_fitted(self)
        tree = Writer()
        params, own = {}, {}
        for name, value in self.get_params(deep=False).items():  # type: ignore[attr-defined]
            try:
                params[name] = tree.node(value, name)
            except NotPlainError:
                own[name] = name_of(value)
        learned = [*self._state.learned, *([_CONFIG] if _CONFIG in vars(self) else [])]
        header = {
            "class": type(self).__name__,
            "params": params,
            "own": own,
            "learned": {n: _node(tree, n, getattr(self, n)) for n in learned},
            "state": {
                name: _node(tree, name, value, optional=name in self._recomputed)
                for name, value in vars(self._state).items()
            },
            "versions": _versions(),
        }
        files.write(path, header, tree.tensors)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, device: str | None = None, **own: Any
    ) -> Self:
        """Read a fitted estimator from a file that `save` has written.

        Nothing in the file is executed. The loaded estimator works like the saved one
        on any machine, and gives the same results bit for bit on a machine of the same
        kind.

        Parameters
        ----------
        path : str or path-like
            Where to read.
        device : str or None, default=None
            Device of the network; None keeps the device it was on, or takes the CPU if
            this machine does not have that device.
        **own : object
            Parameters that were code of your own, such as ``backbone=MyBackbone``:
            code is not in the file. If one is missing, the error says which.

        Returns
        -------
        BaseAugmenter
            The fitted estimator.

        Raises
        ------
        FormatError
            If the file is damaged, of another format, of another class or of other
            origin.
        ValueError
            If a parameter of your own is missing, or the device does not exist.
        OSError
            If there is no such file.

        Warns
        -----
        UserWarning
            If this machine does not have the device that was chosen for `fit`.
        """
        header, tensors = files.read(path)
        found = str(header.get("class"))[:100]
        if found != cls.__name__:
            raise FormatError(
                f"{path} holds a {found}, expected a {cls.__name__}. Use {found}.load."
            )
        _check_own(header.get("own"), own, path)
        try:
            loaded = cls._from_header(header, Reader(tensors, own))
        except Exception as error:  # a forged file can cause any error
            raise FormatError(
                f"{path} does not hold a {cls.__name__} that this version can read: "
                f"{error}"
            ) from error
        loaded._after_load(device)
        return loaded

    def _after_load(self, device: str | None) -> None:
        """Move the network to a device; without a network, do nothing."""

    @classmethod
    def _from_header(cls, header: Mapping[str, Any], tree: Reader) -> Self:
        """Return the estimator that a header describes."""
        loaded = cls(**{**tree.state(header["params"]), **tree.own})
        for name, node in header["learned"].items():
            private = name.startswith("_") and name != _CONFIG
            if private or hasattr(cls, name) or name in header["params"]:
                raise FormatError(f"{name!r} is nothing that is learned")
            vars(loaded)[name] = tree.value(node)
        loaded._state = FittedState(**tree.state(header["state"]))
        return loaded


def _node(tree: Writer, name: str, value: Any, *, optional: bool = False) -> Any:
    """Return the node of a fitted attribute."""
    try:
        return tree.node(value, name)
    except NotPlainError as error:
        if optional:
            return None
        raise ValueError(
            f"{error}, and a file of save() holds no code. Use pickle or joblib, whose "
            "files should be loaded only by those who trust them."
        ) from None


def _check_own(wanted: Any, given: Mapping[str, Any], path: Any) -> None:
    """Check that the user gave exactly the code parameters that a file lacks."""
    wanted = wanted if isinstance(wanted, dict) else {}
    missing = [name for name in wanted if name not in given]
    if missing:
        what = ", ".join(f"{name}={str(wanted[name])[:100]}" for name in missing)
        raise ValueError(
            f"{path} was saved with parameters of your own, and code is not in the "
            f"file. Give them again: load(path, {what}). Those that only `fit` needs "
            "may be None."
        )
    unknown = [name for name in given if name not in wanted]
    if unknown:
        raise TypeError(
            f"load got {', '.join(unknown)}, but only parameters that are code are "
            f"given again; in {path} these are: {', '.join(wanted) or 'none'}."
        )


def _versions() -> dict[str, str]:
    """Return the versions that a file was made with, for human readers."""
    from importlib.metadata import version

    names = ("lgta-sklearn", "numpy", "scikit-learn", "torch")
    return {name: version(name) for name in names}
