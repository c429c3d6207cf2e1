"""Pictures of a fitted augmenter: its training, reconstructions and variations."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lgta_sklearn.plotting._canvas import (
    REAL,
    SYNTHETIC,
    UNSEEN,
    one_channel,
    panels,
    tidy,
)

__all__ = ["plot_reconstruction", "plot_snapshots", "plot_training"]

# for each picture its title, and columns of the history with their names
OF_TRAINING = {
    "loss": {"train_loss": "training", "valid_loss": "held out"},
    "what it consists of": {
        "train_reconstruction": "reconstruction",
        "train_kl": "KL",
        "train_equivariance": "equivariance",
    },
    "active units": {"active_units": "active units"},
}
OF_GAME = {
    "loss of the critic": {"train_critic": "critic"},
    "loss of the generator": {"train_generator": "generator"},
    "distance from held-out series": {"valid_loss": "distance"},
}


def plot_reconstruction(
    augmenter: Any,
    series: Any,
    *,
    strengths: Sequence[float] = (0.1, 0.3, 0.5),
    n_variations: int = 5,
    channel: int = 0,
    random_state: Any = 0,
    ax: Any = None,
) -> np.ndarray:
    """Plot a series, its reconstruction, and variations by strength.

    Parameters
    ----------
    augmenter : augmenter
        Fitted; it is not changed.
    series : array-like of shape (n_timepoints,) or (n_channels, n_timepoints)
        The series.
    strengths : sequence of float, default=(0.1, 0.3, 0.5)
        Strengths, a panel for each.
    n_variations : int, default=5
        Number of variations in each panel.
    channel : int, default=0
        Channel to draw.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the variations.
    ax : matplotlib.axes.Axes, array of Axes or None, default=None
        Axes to draw on: as many as panels, or one, which is split. None makes a new
        figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes of shape (1 + n_strengths,)
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_reconstruction
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = LatentAugmenter(max_epochs=3, random_state=0).fit(X)
    >>> plot_reconstruction(augmenter, X[0]).shape
    (4,)
    """
    row = np.asarray(series)[None]
    axes = panels(ax, 1, 1 + len(strengths), (2.8, 2.6), sharex=True, sharey=True)[0]
    original = one_channel(row, channel)[0]
    for panel in axes:
        panel.plot(original, color=REAL, lw=2.2, label="original")
    if hasattr(augmenter, "reconstruct"):
        kept = one_channel(augmenter.reconstruct(row), channel)[0]
        axes[0].plot(kept, "--", color=UNSEEN, lw=1.6, label="reconstruction")
        axes[0].legend(frameon=False, fontsize="small")
    tidy(axes[0], title="original", ylabel="value", xlabel="time step")
    for panel, strength in zip(axes[1:], strengths, strict=True):
        varied = augmenter.augment(
            row, n_copies=n_variations, strength=strength, random_state=random_state
        )
        panel.plot(one_channel(varied, channel).T, color=SYNTHETIC, lw=0.8)
        tidy(panel, title=f"strength {strength:g}", xlabel="time step")
    return axes


def plot_training(augmenter: Any, ax: Any = None) -> np.ndarray:
    """Plot the course of a training.

    Of `LatentAugmenter`: loss, its parts, and active units. The loss is the negative
    evidence lower bound in nats per series. Training and held-out loss cannot be
    compared while the KL term is warmed up, since the held-out loss has the full term.
    The number of active units, which are the codes in use, should rise after a few
    epochs; 0 is a collapse.

    Of `AdversarialAugmenter`: the losses of critic and generator, and the distance of
    generated from held-out series. The losses say who is ahead, not how
    good the samples are; that is what the distance says.

    Parameters
    ----------
    augmenter : LatentAugmenter, DiffusionAugmenter or AdversarialAugmenter
        Fitted.
    ax : matplotlib.axes.Axes, array of Axes or None, default=None
        Axes to draw on: three, or one, which is split. None makes a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes of shape (3,)
        The axes. Those of what the training does not record are empty.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_training
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = LatentAugmenter(max_epochs=3, random_state=0).fit(X)
    >>> [ax.get_title() for ax in plot_training(augmenter)]
    ['loss', 'what it consists of', 'active units']
    """
    axes = panels(ax, 1, 3, (3.4, 2.8))[0]
    history = augmenter.history_
    adversarial = "train_critic" in history[0]
    for panel, (title, names) in zip(
        axes, (OF_GAME if adversarial else OF_TRAINING).items(), strict=True
    ):
        styles = zip((UNSEEN, SYNTHETIC, REAL), ("-", "--", ":"), strict=True)
        for (column, name), (colour, style) in zip(names.items(), styles, strict=False):
            if column in history[0]:
                epochs, values = zip(
                    *((row["epoch"], row[column]) for row in history), strict=True
                )
                panel.plot(epochs, values, style, color=colour, lw=1.6, label=name)
        if len(panel.lines) > 1:
            panel.legend(frameon=False, fontsize="small")
        if not panel.lines:
            panel.text(0.5, 0.5, "not recorded", ha="center", transform=panel.transAxes)
        tidy(panel, title=title, xlabel="epoch")
    if adversarial:
        axes[2].axhline(0, color=UNSEEN, lw=0.8)
        return axes
    tidy(axes[0], title="loss", ylabel="nats per series")
    if axes[2].lines:
        axes[2].set_ylim(bottom=0)
        axes[2].yaxis.get_major_locator().set_params(integer=True)
    return axes


def plot_snapshots(augmenter: Any, *, channel: int = 0, ax: Any = None) -> np.ndarray:
    """Plot what a generator made of the same noise in the course of its training.

    Series that become alike from one panel to the next show a collapse.

    Parameters
    ----------
    augmenter : AdversarialAugmenter
        Fitted, with series held out.
    channel : int, default=0
        Channel to draw.
    ax : matplotlib.axes.Axes, array of Axes or None, default=None
        Axes to draw on: one for each snapshot, or one, which is split. None makes a new
        figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes of shape (n_snapshots,)
        The axes: after the epochs 1, 2, 4, 8 and so on.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the augmenter has no snapshots, or not this channel.

    Examples
    --------
    >>> from lgta_sklearn import AdversarialAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_snapshots
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = AdversarialAugmenter(hidden_dim=8, max_epochs=4, random_state=0)
    >>> [ax.get_title() for ax in plot_snapshots(augmenter.fit(X))]
    ['epoch 1', 'epoch 2', 'epoch 4']
    """
    snapshots = getattr(augmenter, "snapshots_", [])
    if not snapshots:
        raise ValueError(
            "augmenter must be a fitted AdversarialAugmenter with held-out series "
            f"(validation_fraction above 0), got {type(augmenter).__name__} without "
            "snapshots."
        )
    axes = panels(ax, 1, len(snapshots), (2.2, 2.2), sharey=True)[0]
    for k, (panel, shapes) in enumerate(zip(axes, snapshots, strict=True)):
        series = one_channel(shapes, channel, "augmenter.snapshots_")
        for colour, values in zip((UNSEEN, SYNTHETIC, REAL), series, strict=False):
            panel.plot(values, color=colour, lw=1.2)
        tidy(panel, title=f"epoch {2**k}")
    return axes
