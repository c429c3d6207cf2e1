"""What networks are told about a series: its attributes and its class.

Letters: ``a`` the attributes of a series, (B, K): the levels and log-scales of its
channels and, if lengths vary, its log-length; ``w`` the same as normal scores; ``c`` a
condition, (B, H).
"""

import torch
from torch import Tensor, nn

__all__ = ["N_KNOTS", "Condition", "normal_scores", "perceptron"]

N_KNOTS = 257  # of the normal scores
NEAR = 1e-5  # share of the range of an attribute that is a difference by rounding


class Condition(nn.Module):
    """Numbers and a class as one vector.

    Parameters
    ----------
    n_features : int
        Numbers of a series.
    n_classes : int
        Number of classes.
    hidden_dim : int
        H.
    """

    def __init__(self, n_features: int, n_classes: int, hidden_dim: int) -> None:
        super().__init__()
        self.of_class = nn.Embedding(n_classes, hidden_dim)
        self.of_features = perceptron(n_features, hidden_dim)

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """Map (B, n_features) and (B,) to (B, hidden_dim)."""
        c: Tensor = self.of_features(features) + self.of_class(label)
        return c


def perceptron(n_features: int, hidden_dim: int) -> nn.Sequential:
    """Return two layers.

    Parameters
    ----------
    n_features, hidden_dim : int
        Features of the input and of the output.

    Returns
    -------
    torch.nn.Sequential
        The layers.
    """
    return nn.Sequential(
        nn.Linear(n_features, hidden_dim),
        nn.SiLU(),
        nn.Linear(hidden_dim, hidden_dim),
    )


def normal_scores(attributes: Tensor, knots: Tensor) -> Tensor:
    """Return attributes as normal scores.

    Parameters
    ----------
    attributes : Tensor of shape (B, K)
        Attributes.
    knots : Tensor of shape (N_KNOTS, K)
        Their quantiles, ascending.

    Returns
    -------
    Tensor of shape (B, K)
        Normal quantiles of their ranks among the training series.
    """
    knots = knots.T.contiguous()  # (K, N)
    values = attributes.T.contiguous()
    # just below and just above: a value that recurs has the middle of its ranks, also
    # if it differs by rounding
    near = NEAR * (knots[:, -1:] - knots[:, :1])
    ranks = [_ranks(values + offset, knots) for offset in (-near, near)]
    return torch.special.ndtri((ranks[0] + ranks[1]) / 2).T


def _ranks(values: Tensor, knots: Tensor) -> Tensor:
    """Return the ranks of values, (K, B), among ascending knots, (K, N), in (0, 1)."""
    n_knots = knots.shape[1]
    high = torch.searchsorted(knots, values).clamp(1, n_knots - 1)
    left, right = knots.gather(1, high - 1), knots.gather(1, high)
    share = ((values - left) / (right - left)).nan_to_num(0.5).clamp(0, 1)
    return (high - 1 + share + 0.5) / n_knots
