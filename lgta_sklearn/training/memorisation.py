"""The warning that a generator began to memorise. Needs no torch."""

import warnings

__all__ = ["MemorisationWarning", "warn_of_memorisation"]

MEMORISED = 0.5  # the loss of training series below this share of the held-out one


class MemorisationWarning(UserWarning):
    """A generator began to memorise its training series."""


def warn_of_memorisation(
    seen: float, unseen: float, n_epochs: int, best: float
) -> None:
    """Warn if the loss on training series has parted from that on others.

    Parameters
    ----------
    seen, unseen : float
        Loss on training series and on held-out series at the end of the training.
    n_epochs, best : int
        Number of epochs, and the one whose weights are kept.
    """
    if seen < MEMORISED * unseen:
        warnings.warn(
            f"the network began to memorise its training series: after {n_epochs} "
            f"epochs its loss on them was {seen:.3g}, and on held-out series "
            f"{unseen:.3g}. The weights of epoch {best} are kept, which memorised less "
            "but learned less, too. More series help, or LatentAugmenter, which needs "
            "fewer.",
            MemorisationWarning,
            stacklevel=2,
        )
