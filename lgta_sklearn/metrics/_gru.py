"""The small GRU of the literature (Yoon et al., 2019): a critic and a forecaster."""

from collections.abc import Callable
from typing import Any

from lgta_sklearn._runtime import seeded_initialisation

__all__ = ["train_gru"]


def train_gru(
    n_inputs: int,
    n_channels: int,
    loss: Callable[[Any, Any], Any],
    *,
    n_steps: int,
    seed: int,
) -> tuple[Any, Any]:
    """Train a GRU with half as many units as channels, and a linear head.

    Parameters
    ----------
    n_inputs : int
        Features at each step.
    n_channels : int
        Channels of the series.
    loss : callable
        ``loss(gru, head)`` draws a batch and returns its loss.
    n_steps : int
        Steps of Adam.
    seed : int
        Seed of the weights.

    Returns
    -------
    tuple of torch.nn.Module
        The GRU and its head.
    """
    import torch

    with seeded_initialisation(seed):
        gru = torch.nn.GRU(n_inputs, max(n_channels // 2, 1), batch_first=True)
        head = torch.nn.Linear(gru.hidden_size, 1)
    weights = [*gru.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(weights, fused=True)
    with torch.enable_grad():
        for _ in range(n_steps):
            optimizer.zero_grad()
            loss(gru, head).backward()
            optimizer.step()
    return gru, head
