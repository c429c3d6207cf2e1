"""Maps: pictures of series as points of a plane."""

import warnings
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from lgta_sklearn._curves import flat
from lgta_sklearn._random import Use, as_int, seed_from, stream
from lgta_sklearn.plotting._canvas import (
    MARKERS,
    NAMES,
    REAL,
    SYNTHETIC,
    UNSEEN,
    bridged,
    colours_of,
    one_panel,
    series_of,
    tidy,
)

__all__ = ["plot_latent_space", "plot_map"]


def plot_map(
    X_real: Any,
    X_synthetic: Any,
    *,
    y_real: Any = None,
    y_synthetic: Any = None,
    method: str = "pca",
    max_samples: int = 500,
    names: tuple[str, str] = NAMES,
    random_state: Any = 0,
    ax: Any = None,
) -> Any:
    """Plot real and synthetic series as points of a plane.

    Parameters
    ----------
    X_real, X_synthetic : array-like of shape (n_samples, n_timepoints) or \
(n_samples, n_channels, n_timepoints), DataFrame or list
        Series. Gaps are filled by straight lines, and shorter series are stretched.
    y_real, y_synthetic : array-like of shape (n_samples,) or None, default=None
        Labels of both sets, shown as colours.
    method : {"pca", "tsne", "umap"}, default="pca"
        Method of the map. ``"pca"`` is the plane of the first two principal components
        of the *real* series, so that it does not depend on the synthetic ones. The
        others keep neighbours together, but their distances mean little. UMAP needs the
        package umap-learn.
    max_samples : int, default=500
        Largest number of series of each set that are shown.
    names : tuple of str, default=("real", "synthetic")
        Names of the sets.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the choice of series and of the map.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed, or umap-learn with ``method="umap"``.
    ValueError
        If the sets have different channels, if only one of them has labels, or if the
        method is unknown.

    References
    ----------
    van der Maaten and Hinton (2008), "Visualizing data using t-SNE", JMLR 9; McInnes
    et al. (2018), "UMAP: uniform manifold approximation and projection for dimension
    reduction", arXiv:1802.03426.

    Examples
    --------
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_map
    >>> real, other = make_waves(60, random_state=0), make_waves(60, random_state=1)
    >>> plot_map(real, other, method="tsne").get_xlabel()
    't-SNE 1'
    """
    real, synthetic = series_of(X_real, "X_real"), series_of(X_synthetic, "X_synthetic")
    if real.shape[1] != synthetic.shape[1]:
        raise ValueError(
            "X_real and X_synthetic must have the same channels, got "
            f"{real.shape[1]} and {synthetic.shape[1]}."
        )
    if (y_real is None) != (y_synthetic is None):
        raise ValueError("y_real and y_synthetic must be given both or neither.")
    length = max(real.shape[2], synthetic.shape[2])
    rng = np.random.default_rng(seed_from(random_state))
    kept = [rng.permutation(len(X))[:max_samples] for X in (real, synthetic)]
    X = [
        bridged(X[rows], length)
        for X, rows in zip((real, synthetic), kept, strict=True)
    ]
    rows = np.concatenate([flat(part, like=X[0]) for part in X])
    plane, axis_names = _embedded(rows, len(X[0]), method, int(rng.integers(2**31)))
    ax = one_panel(ax)
    points = plane[: len(X[0])], plane[len(X[0]) :]
    labels = [
        None if y is None else np.asarray(y)[rows]
        for y, rows in zip((y_real, y_synthetic), kept, strict=True)
    ]
    _scatter_sets(ax, points, labels, names)
    return tidy(ax, xlabel=axis_names[0], ylabel=axis_names[1], xticks=[], yticks=[])


def plot_latent_space(
    augmenter: Any,
    X: Any,
    y: Any = None,
    *,
    method: str = "pca",
    random_state: Any = 0,
    ax: Any = None,
) -> Any:
    """Plot the codes of series in latent space, coloured by their labels.

    Parameters
    ----------
    augmenter : LatentAugmenter
        Fitted.
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints), DataFrame or list
        Series.
    y : array-like of shape (n_samples,) or None, default=None
        Labels, or values of a continuous target.
    method : {"pca", "tsne", "umap"}, default="pca"
        Method of the map of the codes, without levels and scales.
    random_state : None, int, RandomState or Generator, default=0
        Seed of the map.
    ax : matplotlib.axes.Axes or None, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed, or umap-learn with ``method="umap"``.
    ValueError
        If the method is unknown, or the numbers of series and labels differ.

    Examples
    --------
    >>> from lgta_sklearn import LatentAugmenter
    >>> from lgta_sklearn.datasets import make_waves
    >>> from lgta_sklearn.plotting import plot_latent_space
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> augmenter = LatentAugmenter(max_epochs=3, random_state=0).fit(X)
    >>> plot_latent_space(augmenter, X, X.std(axis=1)).get_title()
    'latent space, 16 codes'
    """
    from sklearn.utils import check_consistent_length

    check_consistent_length(X, y)
    codes = augmenter.encode(X)
    # levels and log-scales follow the codes, and the log-length if lengths vary
    n_others = 2 * augmenter.n_channels_in_
    if augmenter.lengths_vary_:
        n_others += 1
    codes = codes[:, : codes.shape[1] - n_others]
    points, names = _embedded(
        codes, len(codes), method, as_int(stream(seed_from(random_state), Use.MEASURE))
    )
    ax = one_panel(ax)
    _scatter(ax, points, y)
    tidy(ax, xlabel=names[0], ylabel=names[1], xticks=[], yticks=[])
    ax.set_title(f"latent space, {codes.shape[1]} codes")
    return ax


# beside another busy process, a second thread makes t-SNE twenty times slower
@threadpool_limits.wrap(limits=1, user_api="openmp")
def _embedded(
    rows: np.ndarray, n_reference: int, method: str, seed: int
) -> tuple[np.ndarray, tuple[str, str]]:
    """Return rows as points of a plane, and the names of its axes.

    Principal components are those of the first `n_reference` rows.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if method not in ("pca", "tsne", "umap"):
        raise ValueError(f"method must be 'pca', 'tsne' or 'umap', got {method!r}.")
    if min(rows[:n_reference].shape) < 2:
        raise ValueError("a map needs at least 2 series of 2 values.")
    if not np.ptp(rows[:n_reference], axis=0).any():
        raise ValueError("a map needs series that differ; these are all the same.")
    if method == "pca":
        pca = PCA(2).set_output(transform="default").fit(rows[:n_reference])
        shares = [f"{share:.0%}" for share in pca.explained_variance_ratio_]
        names = f"component 1 ({shares[0]})", f"component 2 ({shares[1]})"
        return pca.transform(rows), names
    if method == "tsne":
        perplexity = min(30.0, (len(rows) - 1) / 3)
        chart = TSNE(2, init="pca", perplexity=perplexity, random_state=seed)
        return chart.fit_transform(rows), ("t-SNE 1", "t-SNE 2")
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError(
            "method='umap' needs umap-learn: pip install umap-learn"
        ) from error
    with warnings.catch_warnings():
        # UMAP warns that it uses one job, since it has a seed
        warnings.simplefilter("ignore", UserWarning)
        n_neighbors = min(15, len(rows) - 1)
        chart = UMAP(n_neighbors=n_neighbors, random_state=seed)
        return chart.fit_transform(rows), ("UMAP 1", "UMAP 2")


def _scatter_sets(
    ax: Any, points: tuple[Any, Any], labels: list[Any], names: tuple[str, str]
) -> None:
    """Draw two sets, which differ by marker; classes differ by colour."""
    from matplotlib.lines import Line2D

    by_class = labels[0] is not None
    colours = colours_of(np.unique(np.concatenate(labels))) if by_class else {}
    handles: list[Any] = []
    own = REAL, REAL if by_class else SYNTHETIC
    for xy, y, name, marker, colour in zip(
        points, labels, names, "ox", own, strict=True
    ):
        c = [colours[one] for one in y] if by_class else [colour] * len(xy)
        hollow = {"facecolors": "none", "edgecolors": c} if marker == "o" else {"c": c}
        ax.scatter(*xy.T, s=20, marker=marker, lw=0.9, alpha=0.75, **hollow)
        style: Any = {"marker": marker, "color": colour, "ls": ""}
        handles.append(Line2D([], [], label=name, fillstyle="none", **style))
    handles += [
        Line2D([], [], marker="s", ls="", color=colour, label=str(name))
        for name, colour in colours.items()
    ]
    ax.legend(handles=handles, edgecolor="none", fontsize="small")


def _scatter(ax: Any, points: np.ndarray, y: Any) -> None:
    """Draw points, coloured by label or by value."""
    from sklearn.utils.multiclass import type_of_target

    if y is None:
        ax.scatter(*points.T, s=18, color=UNSEEN, alpha=0.7, lw=0)
        return
    y = np.asarray(y)
    if type_of_target(y).startswith("continuous"):
        drawn = ax.scatter(*points.T, c=y, s=18, cmap="viridis", lw=0)
        ax.figure.colorbar(drawn, ax=ax, label="target")
        return
    classes = np.unique(y)
    for number, (name, colour) in enumerate(colours_of(classes).items()):
        marker = MARKERS[number % len(MARKERS)]
        of_class = points[y == name]
        style = {"s": 20, "marker": marker, "lw": 0, "alpha": 0.75}
        ax.scatter(*of_class.T, color=colour, label=str(name), **style)
    ax.legend(edgecolor="none", fontsize="small", ncols=1 + len(classes) // 12)
