"""Fitted augmenters as files that hold no code: `save` and `load`."""

import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from lgta_sklearn import _storage
from lgta_sklearn._storage import FormatError
from lgta_sklearn.augmenters._tree import NotPlainError, Reader, Writer, name_of

__all__ = ["SavedMixin"]

_MEASURED_AGAIN = "_calibrated"


class SavedMixin:
    """Adds `save` and `load` to an augmenter."""

    _is_learned: Callable[[str], bool]
    get_params: Callable[..., dict[str, Any]]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file that holds no code.

        It is one `safetensors` file; its header has the rest as JSON, the number of
        the format and a checksum. It is complete or not there: after a crash the file
        that was there before is unharmed. Like the estimator it holds what is needed
        to rebuild the training series (their codes and what the model leaves of them):
        share it with those who may see the series.

        Parameters
        ----------
        path : str or path-like
            Where to. No suffix is added; ``.safetensors`` is customary.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If something was learned by an object of a class of your own (a density,
            observation noise, a whole network), which is code.
        OSError
            If the file cannot be written.

        See Also
        --------
        load : The way back.

        Notes
        -----
        `pickle` and `joblib` save an augmenter too, whatever parts of your own it has;
        but to load such a file is to run the code in it.
        """
        check_is_fitted(self)
        tree = Writer()
        params, own = {}, {}
        for name, value in self.get_params(deep=False).items():
            try:
                params[name] = tree.node(value, name)
            except NotPlainError:
                own[name] = name_of(value)
        learned = {}
        for name, value in vars(self).items():
            if self._is_learned(name) or name == "_sklearn_output_config":
                learned[name] = _node_learned(tree, name, value)
        header = {
            "class": type(self).__name__,
            "params": params,
            "own": own,
            "learned": learned,
            "versions": _versions(),
        }
        _storage.write(path, header, tree.tensors)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, device: str | None = None, **own: Any
    ) -> Self:
        """Read a fitted estimator from a file that `save` has written.

        Nothing in the file is executed. The estimator does what the one that was saved
        would have done, on any machine, to the last bit on one of the same kind.

        Parameters
        ----------
        path : str or path-like
            Where from.
        device : str or None, default=None
            Where the network shall run; None leaves it on the device that it was on,
            or, if that is not here, on the CPU.
        **own : object
            Parameters that were of your own making, such as ``backbone=MyBackbone``:
            code is not in the file. Where one is missing the error says which.

        Returns
        -------
        BaseAugmenter
            The fitted estimator.

        Raises
        ------
        FormatError
            If the file is damaged, of a newer format, of another class or of other
            origin.
        ValueError
            If a parameter of your own is missing, or the device is not there.
        OSError
            If there is no such file.

        Warns
        -----
        UserWarning
            If the device that was asked for in `fit` is not there.
        """
        header, tensors = _storage.read(path)
        found = str(header.get("class"))[:100]
        if found != cls.__name__:
            raise FormatError(
                f"{path} holds a {found}, expected a {cls.__name__}. Use {found}.load."
            )
        _check_own(header.get("own"), own, path)
        try:
            tree = Reader(tensors, own)
            params = tree.state(header["params"])
            loaded = cls(**{**params, **own})
            for name, node in header["learned"].items():
                if not cls._is_learned(name) and name != "_sklearn_output_config":
                    raise FormatError(f"{name!r} is nothing that is learned")
                vars(loaded)[name] = tree.value(node)
        except Exception as error:  # whatever a forged file makes go wrong
            raise FormatError(
                f"{path} does not hold a {cls.__name__} that this version can read: "
                f"{error}"
            ) from error
        if hasattr(loaded, "_network"):
            _move(loaded, device)
        return loaded


def _node_learned(tree: Writer, name: str, value: Any) -> Any:
    """Return the node of what was learned."""
    try:
        return tree.node(value, name)
    except NotPlainError as error:
        if name == _MEASURED_AGAIN:  # for a transformation of the user's own
            return tree.node((None, None), name)
        raise ValueError(
            f"{error}, and a file of save() holds no code. Use pickle or joblib, whose "
            "files should be loaded only by those who trust them."
        ) from None


def _check_own(wanted: Any, given: Mapping[str, Any], path: Any) -> None:
    """Compare the parameters of the user's own making with those in a file."""
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


def _move(loaded: Any, device: str | None) -> None:
    """Move a loaded estimator to a device, and say so if the one of `fit` is gone."""
    from lgta_sklearn.networks.inference import resolve_device

    if device is not None:
        loaded._network.move(resolve_device(device))
        return
    asked, found = str(loaded.device), loaded.device_
    if asked != "auto" and not found.startswith(asked):
        warnings.warn(
            f"the estimator was fitted with device={asked!r}, which is not here; it "
            f"runs on {found}. Say load(path, device=...) to choose.",
            stacklevel=3,
        )


def _versions() -> dict[str, str]:
    """Return what the file was made with, for whoever looks into it."""
    from importlib.metadata import version

    names = ("lgta-sklearn", "numpy", "scikit-learn", "torch")
    return {name: version(name) for name in names}
