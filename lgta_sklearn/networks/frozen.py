"""Run a network over many rows, in blocks of one fixed size.

The composition of a batch changes the last bits of a result. Blocks that are always
padded to the same size, in double precision where the device has it, make every row's
result independent of the rows around it: of their order, their number and the chunk.
"""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from lgta_sklearn._chunks import BLOCK
from lgta_sklearn._files.codec import Own
from lgta_sklearn._files.registry import is_storable, storable
from lgta_sklearn._runtime import seeded_initialisation

__all__ = [
    "FrozenNetwork",
    "available_devices",
    "build",
    "infer",
    "resolve_device",
]

BLOCK_VALUES, MIN_ROWS = 2**15, 16  # time points in a block, minimum number of series


def available_devices() -> list[str]:
    """Return the devices torch can use here, best first.

    Returns
    -------
    list of str
        For instance ``["cuda:0", "cpu"]``.
    """
    devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def resolve_device(device: str) -> str:
    """Return the name of a device that exists.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:<i>", "mps"}
        Wanted device; ``"auto"`` takes the best available device.

    Returns
    -------
    str
        Device for torch.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    available, device = available_devices(), str(device)
    if device == "auto":
        return available[0]
    if device == "cuda" and available[0].startswith("cuda"):
        return available[0]
    if device not in available:
        raise ValueError(
            f"device={device!r} was asked for, but torch sees only "
            f"{', '.join(available)} here. Use one of them or device='auto'."
        )
    return device


@storable
class FrozenNetwork:
    """A trained network on its device, called with arrays.

    It is pickled as its class, the arguments of its constructor, and weights on the
    CPU, so that any machine can load it. When loaded it goes back to its device, or
    stays on the CPU if that is absent. A network with user-defined parts is pickled as
    a whole.

    Parameters
    ----------
    module : torch.nn.Module
        Trained network.
    device : str
        Device of the network. The precision is double except on "mps", which does not
        support it.
    n_timepoints : int
        Length of the series. Longer series are processed in smaller blocks.
    params : dict or None, default=None
        Arguments of the constructor that the network was built with; None if they are
        not known.
    """

    def __init__(
        self,
        module: nn.Module,
        device: str,
        n_timepoints: int,
        params: dict[str, Any] | None = None,
    ) -> None:
        self.n_timepoints, self.params = n_timepoints, params
        self.module: Any = module.eval()
        # the layout in memory changes the last bits, and no file keeps it
        for tensor in (*module.parameters(), *module.buffers()):
            tensor.data = tensor.data.contiguous()
        self.move(device)

    def move(self, device: str) -> None:
        """Move the network to another device.

        Parameters
        ----------
        device : str
            A device that this machine has.
        """
        n_timepoints, self.device = self.n_timepoints, device
        self.module.to(device, _dtype(device))
        self._single: Any = None
        self._infer = partial(infer, device=device, n_rows=_rows(n_timepoints, device))

    def run(
        self,
        method: str,
        *arrays: np.ndarray,
        single: bool = False,
        n_rows: int | None = None,
    ) -> list[np.ndarray]:
        """Call a method of the network with rows, block by block.

        Parameters
        ----------
        method : str
            Name of the method. It takes tensors and returns a tensor, or a tuple of
            tensors and None.
        *arrays : ndarray of shape (n_samples, ...)
            Arguments of the method: floating-point numbers, or integers, which keep
            their dtype.
        single : bool, default=False
            Whether to compute in single precision: twice as fast, but then the last
            bits of a row may depend on its place in the block.
        n_rows : int or None, default=None
            Rows of a block; None takes as many as fit into the caches.

        Returns
        -------
        list of ndarray of shape (n_samples, ...)
            Results of the method, without None.
        """
        options: dict[str, Any] = {} if n_rows is None else {"n_rows": n_rows}
        if not single:
            return self._infer(getattr(self.module, method), *arrays, **options)
        if self._single is None:
            self._single = copy.deepcopy(self.module).float()
        function = getattr(self._single, method)
        return self._infer(function, *arrays, dtype=torch.float32, **options)

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights as they were trained, in single precision.

        Returns
        -------
        dict of str to ndarray
            Weights by name.
        """
        weights = {k: v.cpu().numpy() for k, v in self.module.state_dict().items()}
        return {k: _as_trained(v) for k, v in weights.items()}

    def __getstate__(self) -> dict[str, Any]:
        state = {"device": self.device, "n_timepoints": self.n_timepoints}
        if self.params is not None and all(map(_is_ours, self.params.values())):
            return {**state, **self._recipe(), "params": self.params}
        module = self.module
        if self.device != "cpu":
            module = copy.deepcopy(module).cpu()
        return {**state, "module": module, "params": self.params}

    def _file_state(self) -> dict[str, Any]:
        """Return the state for a file; user-defined parts have to be given again."""
        state = {"device": self.device, "n_timepoints": self.n_timepoints}
        if self.params is None or not is_storable(type(self.module)):
            return {"module": self.module}  # which cannot be written
        params = {k: v if _is_ours(v) else Own(k) for k, v in self.params.items()}
        return {**state, **self._recipe(), "params": params}

    def _recipe(self) -> dict[str, Any]:
        return {"network": type(self.module), "weights": self.weights()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "weights" in state:
            network, weights = state.pop("network"), state.pop("weights")
            state["module"] = build(network, state["params"], weights)
        if state["device"] not in available_devices():
            state["device"] = "cpu"
        self.__init__(**state)  # type: ignore[misc]


def build(
    network: type[nn.Module], params: dict[str, Any], weights: dict[str, np.ndarray]
) -> nn.Module:
    """Return a network with given weights.

    Parameters
    ----------
    network : type
        Class of the network.
    params : dict
        Arguments of its constructor.
    weights : dict of str to ndarray
        Weights by name.

    Returns
    -------
    torch.nn.Module
        The network.

    Raises
    ------
    ValueError
        If the weights do not fit such a network; this is checked before memory is
        allocated.
    """
    for part in params.values():
        # each layer has weights: no more layers are built than there are weights
        if getattr(part, "keywords", {}).get("n_layers", 0) > len(weights):
            raise ValueError("there are fewer weights than layers.")
    if all(map(_is_ours, params.values())):
        with torch.device("meta"):  # takes no memory, draws no random numbers
            module = network(**params)
    else:  # a user-defined part may create constants that are not weights
        with seeded_initialisation(0):
            module = network(**params)
    wanted = {k: tuple(v.shape) for k, v in module.state_dict().items()}
    if wanted != {k: v.shape for k, v in weights.items()}:
        raise ValueError("the weights are not those of the network they stand with.")
    tensors = {k: torch.from_numpy(v.copy()) for k, v in weights.items()}
    module.load_state_dict(tensors, assign=True)
    return module


def _is_ours(part: Any) -> bool:
    """Tell whether a network argument is a number, a string or a storable class."""
    while isinstance(part, partial):
        part = part.func
    plain = part is None or isinstance(part, bool | int | float | str | tuple | list)
    return plain or is_storable(part)


def _as_trained(weight: np.ndarray) -> np.ndarray:
    """Return a weight in single precision if that is exact, else unchanged."""
    if weight.dtype != np.float64:
        return weight.copy()
    single = weight.astype(np.float32)
    return single if np.array_equal(single, weight, equal_nan=True) else weight.copy()


def _dtype(device: str) -> torch.dtype:
    return torch.float32 if device == "mps" else torch.float64


def _rows(n_timepoints: int, device: str) -> int:
    """Return the number of series in a block: as many as fit into the caches."""
    if device != "cpu":
        return BLOCK
    fitting = max(BLOCK_VALUES // n_timepoints, 1)
    return int(np.clip(2 ** (fitting.bit_length() - 1), MIN_ROWS, BLOCK))


def infer(
    function: Callable[..., Any],
    *arrays: np.ndarray,
    device: str = "cpu",
    n_rows: int = BLOCK,
    dtype: torch.dtype | None = None,
) -> list[np.ndarray]:
    """Apply a function of tensors to rows, in zero-padded blocks of one size.

    Parameters
    ----------
    function : callable
        Takes tensors with `n_rows` rows and returns a tensor, or a tuple of tensors
        (or None), with as many rows.
    *arrays : ndarray of shape (n_samples, ...)
        Inputs.
    device : str, default="cpu"
        Device; the precision is double except on "mps", which does not support it.
    n_rows : int, default=256
        Rows of a block; the number is halved until the memory of the device suffices.
    dtype : torch.dtype or None, default=None
        Precision; None takes that of the device.

    Returns
    -------
    list of ndarray of shape (n_samples, ...)
        Outputs in double precision, without those that are None.
    """
    n_samples = len(arrays[0])
    parts = []
    with torch.no_grad():
        for start in range(0, max(n_samples, 1), n_rows):
            rows = [_padded(array[start : start + n_rows], n_rows) for array in arrays]
            try:
                parts.append(_block(function, rows, device, dtype or _dtype(device)))
            except torch.OutOfMemoryError:
                if n_rows == 1:
                    raise
                break
        else:
            return [np.concatenate(out)[:n_samples] for out in zip(*parts, strict=True)]
    # the free memory of a device also depends on other processes
    half = n_rows // 2
    return infer(function, *arrays, device=device, n_rows=half, dtype=dtype)


def _block(
    function: Callable[..., Any],
    rows: list[np.ndarray],
    device: str,
    dtype: torch.dtype,
) -> list[np.ndarray]:
    """Return the outputs of a function for one block."""
    inputs = [torch.as_tensor(part).to(device) for part in rows]
    inputs = [x.to(dtype) if x.is_floating_point() else x for x in inputs]
    outputs = function(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    known = [out for out in outputs if out is not None]
    return [out.to("cpu", torch.float64).numpy() for out in known]


def _padded(rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Pad rows with zeros at the end to a block of `n_rows` rows."""
    whole = rows.dtype.kind in "biu"
    block = np.zeros((n_rows, *rows.shape[1:]), rows.dtype if whole else np.float64)
    block[: len(rows)] = rows
    return block
