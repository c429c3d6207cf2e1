"""Collapse: codes that carry no information, and samples that are all alike."""

import warnings

import numpy as np

__all__ = [
    "ACTIVE_VARIANCE",
    "ModeCollapseWarning",
    "PosteriorCollapseWarning",
    "warn_of_collapse",
]

ACTIVE_VARIANCE = 0.01  # smallest variance of an active unit's posterior mean


class PosteriorCollapseWarning(UserWarning):
    """The codes carry no information about the series."""


class ModeCollapseWarning(UserWarning):
    """The samples of a generator are alike, or leave out many of the series."""


def warn_of_collapse(shape: np.ndarray, n_units: int, kl: float) -> None:
    """Warn if the shapes of series differ, although their codes do not.

    Parameters
    ----------
    shape : ndarray of shape (n_samples, n_channels, n_timepoints)
        Shapes of series, whose codes have no active unit.
    n_units : int
        Number of latent units.
    kl : float
        Mean divergence of the posterior from the prior, in nats.
    """
    if len(shape) < 2:
        return
    if np.where(np.isnan(shape), 0.0, shape).var(axis=0).max() <= ACTIVE_VARIANCE:
        return
    warnings.warn(
        f"the posterior has collapsed: none of {n_units} latent units is active (KL "
        f"{kl:.2g} nats), so codes carry no information and variations leave the shape "
        "of a series as it is. Train longer (max_epochs), lower beta, or set "
        "variational=False; if that changes nothing, the shapes may be noise without "
        "common structure.",
        PosteriorCollapseWarning,
        stacklevel=6,
    )
