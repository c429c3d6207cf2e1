"""The averages of clusters of records, and a diffusion model that only keeps these.

Letters: ``X`` series, (n, C, T); ``F`` features by which records are clustered; ``M``
the levels and ``S`` the scales of clusters, (G, C); ``Z`` their codes; ``c`` the number
of the cluster of a record:

    training   (X - M[c]) / S[c]  given (M, S, Z)[c]
    sample     M + S * U          with (M, S, Z) drawn by a density, and U given them

So U holds how a record differs from its cluster in level and scale, too. Weights are
learned from single records; of what else is kept, every number is an average over the
records of at least k persons, or a statistic of all series.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from lgta_sklearn._files.mixin import FittedState
from lgta_sklearn._files.registry import storable
from lgta_sklearn._neighbors import NearestRows
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.augmenters._attributes import log_of_scale
from lgta_sklearn.augmenters._conditions import Conditions
from lgta_sklearn.augmenters._trained import SeriesParts
from lgta_sklearn.augmenters.diffusion import DiffusionAugmenter
from lgta_sklearn.density import Microaggregation
from lgta_sklearn.gaps import interpolate_gaps
from lgta_sklearn.scaling import ScaleDecomposition, ValueGrid

__all__ = ["AveragedDiffusion", "RecordFeatures"]

MOST_CODES = 8
BLUR, MIXING = 0.5, 0.5  # see `networks.diffusion.Denoiser`
PASSES = 150  # over the records, in training
FEWEST_STEPS = 400


@storable
class RecordFeatures:
    """Features of records: codes of their shape, levels, scales, lengths and gaps.

    The codes are principal components of the shapes. A difference of features is about
    as large as it makes the values differ, in standard deviations of a channel.

    Parameters
    ----------
    parts : SeriesParts
        Series whose statistics the features are measured by: records or, if none may
        be kept, averages of records.
    min_scale : ndarray of shape (n_channels,)
        Smallest scale of a series that is not constant.

    Attributes
    ----------
    n_codes : int
        Number of codes, the first features.
    """

    def __init__(self, parts: SeriesParts, min_scale: np.ndarray) -> None:
        self.min_scale = min_scale
        self._unit = _deviation(parts)
        # an average scale, by which shapes and log-scales count in units of the values
        self._typical = np.sqrt(np.nanmean(parts.scale**2, axis=0)) / self._unit
        self._centre = np.nanmean(parts.level, axis=0)
        self._usual = np.nanmean(log_of_scale(parts.scale, min_scale), axis=0)
        flat = self._flat(parts)
        self._mean = flat.mean(axis=0)
        self._axes = _principal_axes(flat - self._mean)
        self.n_codes = len(self._axes)

    def of(self, parts: SeriesParts) -> np.ndarray:
        """Return the features of series.

        Parameters
        ----------
        parts : SeriesParts
            Series.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Features, NaN for levels and scales that are not known; 0 is usual.
        """
        code = (self._flat(parts) - self._mean) @ self._axes.T
        level = (parts.level - self._centre) / self._unit
        log_scale = log_of_scale(parts.scale, self.min_scale) - self._usual
        inside = Panel(parts.shape, parts.lengths).inside()[:, None]
        gaps = (np.isnan(parts.shape) & inside).sum(axis=2) / parts.lengths[:, None]
        lengths = np.log(parts.lengths)[:, None]
        columns = [code, level, self._typical * log_scale, lengths, gaps]
        return np.concatenate(columns, axis=1)

    def _flat(self, parts: SeriesParts) -> np.ndarray:
        """Return shapes as rows, with lines in the place of missing values."""
        U = interpolate_gaps(parts.shape) * self._typical[:, None]
        return U.reshape(len(U), -1) / np.sqrt(U.shape[2])


def _principal_axes(rows: np.ndarray) -> np.ndarray:
    """Return the first principal axes of centred rows; also of a single row."""
    n_rows, n_columns = rows.shape
    if n_rows < n_columns:
        axes = np.linalg.svd(rows, full_matrices=False)[2]
    else:
        axes = np.linalg.eigh(rows.T @ rows)[1].T[::-1]
    return axes[:MOST_CODES].copy()


def _deviation(parts: SeriesParts) -> np.ndarray:
    """Return the standard deviation of the values of each channel."""
    variance = np.nanmean(parts.scale**2, axis=0) + np.nanvar(parts.level, axis=0)
    return np.where(variance > 0, np.sqrt(variance), 1.0)


@storable
class AveragedDiffusion(DiffusionAugmenter):
    """A diffusion model of series, given the averages of clusters of them.

    Three things keep the network from learning single records. Noise is added to the
    averages, in training as in sampling: else it would tell clusters by them, and learn
    the few records of each by heart. A record is not shown as it is, but mixed with
    others of its cluster. And each is shown a limited number of times: with every
    further pass samples become better, and tell more of who was in the training.
    """

    def features(self, panel: Panel) -> np.ndarray:
        """Return features by which to cluster records; of them nothing is kept.

        Parameters
        ----------
        panel : Panel
            Records, in model units.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Features.
        """
        self._check_parts()
        self.scaling_ = ScaleDecomposition().fit(panel.values)
        parts = self._split(panel)
        return np.nan_to_num(RecordFeatures(parts, self.scaling_.min_scale_).of(parts))

    def learn(
        self,
        panel: Panel,
        labels: np.ndarray | None,
        clusters: Microaggregation,
        rng: np.random.Generator,
    ) -> None:
        """Learn records given the averages of their clusters.

        Parameters
        ----------
        panel : Panel
            Records, in model units.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes.
        clusters : Microaggregation
            Their clusters.
        rng : numpy.random.Generator
            Random stream of the fit.
        """
        from lgta_sklearn.networks.frozen import resolve_device

        device, parts = resolve_device(self.device), self._split(panel)
        values, self._state.k = panel.values, clusters.k
        self.grid_ = (
            ValueGrid().fit(values).common(values, clusters.k, clusters.persons_)
        )
        averages = self._averages(parts, clusters)
        self.scaling_.max_scale_ = averages.scale.max(axis=0)
        features = RecordFeatures(averages, self.scaling_.min_scale_)
        F = clusters.averages(features.of(parts))
        code = F[:, : features.n_codes]
        self._state.n_records = len(panel)
        training = self._relative(panel, averages, code, clusters.labels_)
        spec = self._spec(training, labels, rng)
        spec = self._disguised(spec, clusters, stream(rng, Use.SOURCES))
        self._train(spec, training, device, rng)
        of_cluster = clusters.of_clusters(labels)
        V = self._learn_attributes(code, code.shape[1:], averages, of_cluster, rng)
        shares = clusters.common_shares(panel.gaps(), labels)
        of_rows = np.zeros(len(V), dtype=int) if of_cluster is None else of_cluster
        self._state.gaps = AveragedGaps(shares[of_rows], V)
        self._state.features, self._state.of_cluster = features, of_cluster
        self._state.centres, self._state.V = np.nan_to_num(F), V

    def _disguised(
        self, spec: Any, clusters: Microaggregation, rng: np.random.Generator
    ) -> Any:
        """Return a training in which conditions are blurred, and records are mixed."""
        mates = _mates(clusters, rng)
        return replace(
            spec,
            inputs={**spec.inputs, "mates": spec.inputs["shape"][mates]},
            module_params={**spec.module_params, "blur": BLUR, "mixing": MIXING},
        )

    def _averages(self, parts: SeriesParts, clusters: Microaggregation) -> SeriesParts:
        """Return the averaged shapes, levels, scales and lengths of clusters."""
        level = _complete(clusters.averages(parts.level), parts.level)
        square = parts.scale**2 + (parts.level - level[clusters.labels_]) ** 2
        scale = np.sqrt(_complete(clusters.averages(square), square))
        scale = np.where(scale > 0, np.maximum(scale, self.scaling_.min_scale_), 0.0)
        lengths = np.rint(clusters.averages(parts.lengths)).astype(int)
        return SeriesParts(clusters.averages(parts.shape), level, scale, lengths)

    def _relative(
        self,
        panel: Panel,
        averages: SeriesParts,
        code: np.ndarray,
        cluster: np.ndarray,
    ) -> SeriesParts:
        """Return records relative to the averages of their clusters."""
        level, scale = averages.level[cluster], averages.scale[cluster]
        divisor = np.maximum(scale, self.scaling_.min_scale_)
        shape = (panel.values - level[:, :, None]) / divisor[:, :, None]
        lengths = averages.lengths[cluster]
        return SeriesParts(shape, level, scale, lengths, code[cluster])

    def replacements(self, cluster: np.ndarray, rng: np.random.Generator) -> Panel:
        """Return new series of given clusters.

        Parameters
        ----------
        cluster : ndarray of int of shape (n_samples,)
            Numbers of clusters.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        Panel
            A series for each number.
        """
        V, of_cluster = self._state.V[cluster], self._state.of_cluster
        labels = None if of_cluster is None else of_cluster[cluster]
        return self._composed(V, self._generate(V, labels, rng), rng)

    def bound(self, panel: Panel) -> np.ndarray:
        """Return how likely records are, given the averages nearest to them.

        Parameters
        ----------
        panel : Panel
            Records, in model units.

        Returns
        -------
        ndarray of shape (n_samples,)
            Lower bound of the log density, in nats, of values in units of the typical
            scale of their channel.
        """
        cluster, space = self.nearest_cluster(panel, None), self._state.space
        of_cluster = self._state.of_cluster
        labels = None if of_cluster is None else of_cluster[cluster]
        code, *averages = space.split(space.restored(self._state.V))
        averages = SeriesParts(np.empty(0), *averages)
        parts = self._relative(panel, averages, code, cluster)
        divisor = np.maximum(parts.scale, self.scaling_.min_scale_)
        unit = np.log(divisor / self._state.statistics.usual["typical_scale"])
        n_known = (~np.isnan(parts.shape).any(axis=1)).sum(axis=1)
        return self._bound_of_shapes(parts, labels) - n_known * unit.sum(axis=1)

    def nearest_cluster(self, panel: Panel, labels: np.ndarray | None) -> np.ndarray:
        """Return the cluster whose averages are nearest to each record.

        Parameters
        ----------
        panel : Panel
            Records, in model units.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of their classes; None searches all clusters.

        Returns
        -------
        ndarray of int of shape (n_samples,)
            Numbers of clusters, of the same class if that is known.
        """
        F = np.nan_to_num(self._state.features.of(self._split(panel)))
        nearest = np.empty(len(F), dtype=int)
        of_cluster = self._state.of_cluster
        every = np.arange(len(self._state.centres))
        labels = np.full(len(F), -1) if labels is None else labels
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            some = every if label < 0 else np.flatnonzero(of_cluster == label)
            index = NearestRows(self._state.centres[some], 1)
            nearest[rows] = some[index.to(F[rows])[:, 0]]
        return nearest

    def _share_held_out(self, n_samples: int) -> float:
        """Return the share of records that is held out: at least k records."""
        share = super()._share_held_out(n_samples)
        return max(share, self._state.k / n_samples) if share else 0.0

    def _budget(self) -> Any:
        """Return how long to train: so many passes, but not longer than others."""
        usual = super()._budget()
        n_steps = round(PASSES * self._state.n_records / usual.max_batch)
        n_steps = int(np.clip(n_steps, FEWEST_STEPS, usual.max_steps))
        return replace(usual, min_steps=n_steps, max_steps=n_steps)

    def _conditions(
        self, parts: SeriesParts, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Conditions:
        """Return the conditions of series to be sampled, blurred as in training."""
        series = super()._conditions(parts, labels, rng)
        noise = stream(rng, Use.NOISE).standard_normal(series.w.shape)
        return replace(series, w=series.w + BLUR * noise)

    def _chosen_levels(self, attributes: np.ndarray, rng: np.random.Generator) -> str:
        """Return that levels and scales are given: by a density of averages."""
        return "given"

    def _joined(self, parts: SeriesParts) -> Panel:
        """Return series, whose own level and scale are in their shape."""
        panel = Panel(parts.shape, parts.lengths)
        X = self.scaling_.join(parts.level, parts.scale, parts.shape)
        X = np.where(panel.inside()[:, None], X, np.nan)
        return replace(panel, values=self.grid_.snap(X))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "net": None, "_state": vars(self._state)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**state, "_state": FittedState(**state["_state"])})


def _complete(averages: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return averages; where too few records have a value, that of all."""
    return np.where(np.isnan(averages), np.nanmean(values, axis=0), averages)


def _mates(clusters: Microaggregation, rng: np.random.Generator) -> np.ndarray:
    """Return records of other persons of the cluster, (n_samples, k - 1)."""
    cluster, persons = clusters.labels_, clusters.persons_
    mates = np.empty((len(cluster), clusters.k - 1), dtype=int)
    for number in range(clusters.n_clusters_):
        rows = np.flatnonzero(cluster == number)
        for row in rows:
            others = rng.permutation(rows[persons[rows] != persons[row]])
            first = np.unique(persons[others], return_index=True)[1]
            mates[row] = rng.permutation(others[first])[: clusters.k - 1]
    return mates


@storable
class AveragedGaps:
    """Gaps with the frequencies of a cluster.

    Parameters
    ----------
    shares : ndarray of shape (n_clusters, n_channels, n_timepoints)
        Share of the records in which a value is missing; 0 where that is so in fewer
        than k of them.
    V : ndarray of shape (n_clusters, n_columns)
        Attributes of the clusters.
    """

    draws_in_order = True

    def __init__(self, shares: np.ndarray, V: np.ndarray) -> None:
        self.gaps_ = shares if shares.any() else None
        self._nearest = NearestRows(V, 1)

    def sample(
        self, n_samples: int, *, given: np.ndarray, random_state: Any = None
    ) -> np.ndarray:
        """Draw gaps for series with given attributes.

        Parameters
        ----------
        n_samples : int
            Number of series.
        given : ndarray of shape (n_samples, n_columns)
            Attributes.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_channels, n_timepoints)
            Each value is missing as often as in the nearest cluster. One number for
            a channel decides about all its time points, so that gaps are long if
            they were.
        """
        if self.gaps_ is None:
            return np.zeros((len(given), 1, 1), dtype=bool)
        shares = self.gaps_[self._nearest.to(given)[:, 0]]
        rng = np.random.default_rng(seed_from(random_state))
        drawn: np.ndarray = rng.random((*shares.shape[:2], 1)) < shares
        return drawn
