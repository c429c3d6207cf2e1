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

from lgta_sklearn._random import BLOCK, seeded_initialisation
from lgta_sklearn.networks.backbones import is_shipped
from lgta_sklearn.networks.vae import VAE

__all__ = [
    "FrozenNetwork",
    "available_devices",
    "build",
    "infer",
    "resolve_device",
]

BLOCK_VALUES, MIN_ROWS = 2**15, 16  # time points in a block, and series at least


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
        Wanted device; ``"auto"`` takes the best one there is.

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


class FrozenNetwork:
    """A trained network on its device, called with arrays.

    When pickled it is what its network is built of, and weights on the CPU, so that any
    machine can load it; when loaded it goes back to its device, or stays on the CPU if
    that is absent. A network with parts of the user's own is pickled as it is.

    Parameters
    ----------
    module : VAE
        Trained network.
    device : str
        Where it runs; in double precision except on "mps", which has none.
    n_timepoints : int
        Length of the series: the longer, the fewer go through the network together.
    recipe : dict or None, default=None
        Arguments of the `VAE` that the network is; None if it is another module.
    """

    def __init__(
        self,
        module: VAE,
        device: str,
        n_timepoints: int,
        recipe: dict[str, Any] | None = None,
    ) -> None:
        self.n_timepoints, self.recipe = n_timepoints, recipe
        self.module = module.eval()
        self.move(device)

    def move(self, device: str) -> None:
        """Run on another device from now on.

        Parameters
        ----------
        device : str
            A device that is there.
        """
        n_timepoints, self.device = self.n_timepoints, device
        self.module.to(device, _dtype(device))
        self._infer = partial(infer, device=device, n_rows=_rows(n_timepoints, device))

    def encode(self, shape: np.ndarray) -> list[np.ndarray]:
        """Return posterior means and, if the network is variational, log variances.

        Parameters
        ----------
        shape : ndarray of shape (n_samples, n_channels, n_timepoints)
            Shapes of series.

        Returns
        -------
        list of ndarray of shape (n_samples, latent_dim)
            One or two arrays.
        """
        return self._infer(lambda u: self.module.encode(u.transpose(1, 2)), shape)

    def decode(self, code: np.ndarray) -> np.ndarray:
        """Return the decoder's mean.

        Parameters
        ----------
        code : ndarray of shape (n_samples, latent_dim)
            Codes.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_timepoints)
            Shapes of series.
        """
        return self._infer(lambda z: (self.module.decode(z).transpose(1, 2),), code)[0]

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights as they were trained, in single precision.

        Returns
        -------
        dict of str to ndarray
            By name.
        """
        weights = {k: v.cpu().numpy() for k, v in self.module.state_dict().items()}
        return {k: _as_trained(v) for k, v in weights.items()}

    def __getstate__(self) -> dict[str, Any]:
        state = {
            "device": self.device,
            "n_timepoints": self.n_timepoints,
            "recipe": self.recipe,
        }
        if self.recipe is not None and is_shipped(self.recipe["backbone"]):
            return {**state, "weights": self.weights()}
        module = self.module
        if self.device != "cpu":
            module = copy.deepcopy(module).cpu()
        return {**state, "module": module}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "weights" in state:
            state["module"] = build(state["recipe"], state.pop("weights"))
        if state["device"] not in available_devices():
            state["device"] = "cpu"
        FrozenNetwork.__init__(self, **state)


def build(recipe: dict[str, Any], weights: dict[str, np.ndarray]) -> VAE:
    """Return a network of given weights.

    Parameters
    ----------
    recipe : dict
        Arguments of `VAE`.
    weights : dict of str to ndarray
        By name.

    Returns
    -------
    VAE
        The network.

    Raises
    ------
    ValueError
        If the weights are not those of such a network, before any memory is taken for
        it.
    """
    if is_shipped(recipe["backbone"]):
        with torch.device("meta"):  # takes no memory, draws no random numbers
            module = VAE(**recipe)
    else:  # which may make constants that are not among its weights
        with seeded_initialisation(0):
            module = VAE(**recipe)
    wanted = {k: tuple(v.shape) for k, v in module.state_dict().items()}
    if wanted != {k: v.shape for k, v in weights.items()}:
        raise ValueError("the weights are not those of the network they stand with.")
    tensors = {k: torch.from_numpy(v.copy()) for k, v in weights.items()}
    module.load_state_dict(tensors, assign=True)
    return module


def _as_trained(weight: np.ndarray) -> np.ndarray:
    """Return a weight in single precision if it loses nothing, else as it is."""
    if weight.dtype != np.float64:
        return weight.copy()
    single = weight.astype(np.float32)
    return single if np.array_equal(single, weight, equal_nan=True) else weight.copy()


def _dtype(device: str) -> torch.dtype:
    return torch.float32 if device == "mps" else torch.float64


def _rows(n_timepoints: int, device: str) -> int:
    """Return how many series go through a network together: what the caches hold."""
    if device != "cpu":
        return BLOCK
    fitting = max(BLOCK_VALUES // n_timepoints, 1)
    return int(np.clip(2 ** (fitting.bit_length() - 1), MIN_ROWS, BLOCK))


def infer(
    function: Callable[..., tuple[torch.Tensor | None, ...]],
    *arrays: np.ndarray,
    device: str = "cpu",
    n_rows: int = BLOCK,
) -> list[np.ndarray]:
    """Apply a function of tensors to rows, in zero-padded blocks of one size.

    Parameters
    ----------
    function : callable
        Takes tensors with `n_rows` rows and returns a tuple of tensors (or None) with
        as many rows.
    *arrays : ndarray of shape (n_samples, ...)
        Inputs.
    device : str, default="cpu"
        Where to run; the precision is double except on "mps", which has none.
    n_rows : int, default=256
        Rows of a block; half as many are tried, and half of these, if the memory of
        the device does not suffice.

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
                parts.append(_block(function, rows, device))
            except torch.OutOfMemoryError:
                if n_rows == 1:
                    raise
                break
        else:
            return [np.concatenate(out)[:n_samples] for out in zip(*parts, strict=True)]
    # what a device has room for changes with who else is on it
    return infer(function, *arrays, device=device, n_rows=n_rows // 2)


def _block(
    function: Callable[..., tuple[torch.Tensor | None, ...]],
    rows: list[np.ndarray],
    device: str,
) -> list[np.ndarray]:
    """Return what a function makes of one block."""
    inputs = [torch.as_tensor(part).to(device, _dtype(device)) for part in rows]
    outputs = [out for out in function(*inputs) if out is not None]
    return [out.to("cpu", torch.float64).numpy() for out in outputs]


def _padded(rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Return a block of exactly so many rows, zeros at the end."""
    block = np.zeros((n_rows, *rows.shape[1:]), dtype=np.float64)
    block[: len(rows)] = rows
    return block
