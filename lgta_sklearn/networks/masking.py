"""Masks of hidden values, and lines across them.

Letters: B batch, T time points, C channels.
"""

import torch
from torch import Tensor

__all__ = ["draw_known", "interpolate"]

LONGEST = 0.7  # longest hidden stretch or suffix, as a share of the series


def draw_known(
    n_rows: int, n_timepoints: int, n_channels: int, generator: torch.Generator | None
) -> Tensor:
    """Draw which values are known: a kind of gap for each series.

    A fifth of the series loses random points; two fifths a stretch of every channel; a
    fifth whole channels and stretches of others; a fifth the end of all channels, as
    in forecasting.

    Parameters
    ----------
    n_rows, n_timepoints, n_channels : int
        B, T and C.
    generator : torch.Generator or None
        Source of randomness.

    Returns
    -------
    Tensor of bool of shape (B, T, C)
        True where a value is known.
    """

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    time = (torch.arange(n_timepoints) + 0.5)[None, :, None] / n_timepoints
    points = uniform(n_rows, n_timepoints, n_channels) < uniform(n_rows, 1, 1)
    length = LONGEST * uniform(n_rows, 1, n_channels)
    start = uniform(n_rows, 1, n_channels) * (1 - length)
    stretch = (time >= start) & (time < start + length)
    channel = uniform(n_rows, 1, n_channels) < uniform(n_rows, 1, 1)
    end = (time > 1 - LONGEST * uniform(n_rows, 1, 1)).expand_as(points)
    kind = (5 * uniform(n_rows, 1, 1)).long()
    hidden = torch.where(kind == 0, points, stretch)
    hidden = torch.where(kind == 3, stretch | channel, hidden)
    return ~torch.where(kind == 4, end, hidden)


def interpolate(u: Tensor, known: Tensor) -> Tensor:
    """Draw straight lines between known values.

    Parameters
    ----------
    u : Tensor of shape (B, T, C)
        Series.
    known : Tensor of bool of shape (B, T, C)
        Which values are known.

    Returns
    -------
    Tensor of shape (B, T, C)
        The known values, lines between them, and the nearest known value at the ends; 0
        in a channel without known values.
    """
    n_timepoints = u.shape[1]
    time = torch.arange(n_timepoints, device=u.device)[None, :, None].expand_as(u)
    before = time.where(known, -1).cummax(1).values
    after = time.where(known, n_timepoints).flip(1).cummin(1).values.flip(1)
    none = (before < 0) & (after >= n_timepoints)
    first, last = before < 0, after >= n_timepoints
    before = torch.where(first, after, before).clamp(max=n_timepoints - 1)
    after = torch.where(last, before, after)
    value = u.where(known, 0.0)
    low, high = value.gather(1, before), value.gather(1, after)
    share = (time - before).to(u.dtype) / (after - before).clamp(min=1)
    return torch.where(none, 0.0, low + share * (high - low))
