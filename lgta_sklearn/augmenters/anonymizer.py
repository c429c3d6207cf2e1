"""`LatentAnonymizer`: samples from averages of at least k records.

Everything that is kept of the training series, or that a new series is given, is an
average over the records of at least k persons or a statistic of all series
(`_averaged`). That is exact. The weights of the network are learned from single
records: what they tell has to be measured (`metrics.privacy_report`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_consistent_length

from lgta_sklearn._chunks import blocks
from lgta_sklearn._files.mixin import FittedState
from lgta_sklearn._parameters import Bounds, Constraint, check_parameters
from lgta_sklearn._random import Use, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.panel import Panel, in_data_units
from lgta_sklearn.augmenters._averaged import AveragedDiffusion
from lgta_sklearn.augmenters._persons import PersonsMixin
from lgta_sklearn.augmenters._scoring import ScoringMixin
from lgta_sklearn.augmenters.diffusion import DiffusionAugmenter
from lgta_sklearn.density import Microaggregation

__all__ = ["LatentAnonymizer"]
LAYOUT = "n_channels_in_", "n_timepoints_in_"
LEARNED = "history_", "n_iter_", "loss_curve_", "validation_curve_"


class LatentAnonymizer(ScoringMixin, PersonsMixin):
    """Learn series by averages of at least k records; sample or replace series.

    Records are clustered by the codes of their shapes, their levels, scales, lengths
    and gaps, at least `k` to a cluster and those of a class by themselves
    (`density.Microaggregation`). A diffusion model learns the series of a cluster given
    the averages of the cluster. New series are sampled given averages, too: drawn by a
    density of the averages (`sample`), or those of the cluster of a record
    (`anonymize`).

    Three things have to be told apart. **Exact**: every number that the fitted object
    or its file keeps of the training series is an average over the records of at least
    `k` persons or a statistic of all series; there is no training series in it, no
    code, no residual. **Measured**: the weights of the network are learned from single
    records, so that samples and weights may tell of them; `metrics.privacy_report`
    attacks the samples. **Proved** is nothing: there is no differential privacy.

    Parameters
    ----------
    k : int, default=5
        Smallest number of records in a cluster; of persons, if `fit` gets `groups`.
    generator : DiffusionAugmenter or None, default=None
        Unfitted diffusion model, whose parameters are used; None takes the defaults.
        Not used are its `levels`, since they are given; `masked`, since it does not
        impute; `strength` and `on_transform`, since it does not vary;
        `rejection_sampling`, since a critic of averages would prefer averages;
        `random_state`.
    random_state : None, int, RandomState or Generator, default=None
        The same int gives the same model bit for bit on the same machine, and the same
        results from the same sequence of calls. Global states are not touched. **Leave
        it None if you hand the fitted object on**: an int is kept as a parameter, and
        who knows it and nearly all series can repeat the training.

    Attributes
    ----------
    cluster_sizes_ : ndarray of int of shape (n_clusters,)
        Number of records in each cluster.
    module_ : torch.nn.Module
        The trained denoiser.
    device_ : str
        Device of the network.
    classes_ : ndarray
        Labels, if `fit` was given some.
    history_ : list of dict
        One row per epoch, as in `DiffusionAugmenter`.
    n_iter_ : int
        Epochs that were run.
    loss_curve_, validation_curve_ : list of float
        Training and held-out loss; the second is None if nothing was held out.
    n_channels_in_ : int
        Number of channels.
    n_timepoints_in_ : int
        Length of the series, or of the longest.
    lengths_vary_ : bool
        Whether the series differed in length.
    channel_scale_ : ndarray of shape (n_channels, 1)
        Power-of-two scale of each channel.
    n_features_in_ : int
        Number of time points, if the series came in two dimensions.
    feature_names_in_ : ndarray of str
        Column names, if the series came as a DataFrame.

    See Also
    --------
    DiffusionAugmenter : The same model without averages.
    metrics.privacy_report : Attacks on the samples.

    References
    ----------
    Domingo-Ferrer and Torra (2005), "Ordinal, continuous and heterogeneous k-anonymity
    through microaggregation", doi:10.1007/s10618-005-0007-5. Sweeney (2002),
    "k-anonymity: a model for protecting privacy", doi:10.1142/S0218488502001648.

    Examples
    --------
    >>> from lgta_sklearn import DiffusionAugmenter, LatentAnonymizer
    >>> from lgta_sklearn.datasets import make_waves
    >>> X = make_waves(40, n_timepoints=24, random_state=0)
    >>> quick = DiffusionAugmenter(hidden_dim=16, max_epochs=5)
    >>> anonymizer = LatentAnonymizer(k=5, generator=quick, random_state=0).fit(X)
    >>> anonymizer.sample(3).shape, anonymizer.anonymize(X).shape
    ((3, 24), (40, 24))
    >>> int(anonymizer.cluster_sizes_.min())
    5
    """

    draws_in_order = True
    uses_threads = True
    _parameter_constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "k": [Bounds(Integral, 2)],
        "generator": [None, "method fit"],
    }

    def __init__(
        self, k: int = 5, generator: Any = None, *, random_state: Any = None
    ) -> None:
        self.k = k
        self.generator = generator
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Cluster the series, and learn them given the averages of their clusters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series; or, if their lengths differ, a list of arrays of shape
            (n_timepoints,) or (n_channels, n_timepoints); or a panel of sktime
            (``"df-list"``, ``"pd-multiindex"``, ``"nested_univ"``). NaN is a missing
            value.
        y : array-like of shape (n_samples,), default=None
            Labels. If they are classes, each has clusters of its own; a target
            (continuous, or whole numbers that hardly repeat) is ignored.
        groups : array-like of shape (n_samples,), default=None
            Person, household or other source of each series; `k` then counts these.
            None if each series has its own.

        Returns
        -------
        LatentAnonymizer
            The fitted estimator.

        Raises
        ------
        ValueError
            For bad parameters or series, or if there are fewer than `k` records (or
            persons), of all or of a class, before any training; and if the training
            diverges.
        KeyboardInterrupt
            After Ctrl-C; the estimator is then not fitted.
        """
        self._fit_clusters(X, y, groups)
        return self

    def fit_transform(self, X: Any, y: Any = None, groups: Any = None) -> Any:
        """Fit, then return a new series of its own cluster for each series.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series, as in `fit`.
        y : array-like of shape (n_samples,), default=None
            Labels, as in `fit`.
        groups : array-like of shape (n_samples,), default=None
            Sources of the series, as in `fit`.

        Returns
        -------
        array of the shape of X, or a list or a panel if X is one
            New series, in the order and with the labels of `X`.
        """
        panel, cluster = self._fit_clusters(X, y, groups)
        return self._replaced(panel, cluster, self._call_seed())

    def anonymize(self, X: Any, y: Any = None, *, random_state: Any = None) -> Any:
        """Return a new series for each series, sampled given the nearest averages.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series, of `fit` or others.
        y : array-like of shape (n_samples,), default=None
            Their labels: a series is then replaced by one of its class. With None, or
            a label that was not in `fit`, the clusters of all classes are searched.
        random_state : None, int, RandomState or Generator, default=None
            None varies from call to call, an int gives the same result each time.

        Returns
        -------
        array of the shape of X, or a list or a panel if X is one
            New series, in the order of `X`. Their lengths and gaps are those of the
            clusters.
        """
        self._check_ready()
        panel = self._checked(X)
        if y is not None:
            check_consistent_length(panel.values, y)
        labels = self._known_labels(y)
        with pinned_runtime():
            model = panel.in_model_units()
            cluster = self._state.model.nearest_cluster(model, labels)
        return self._replaced(panel, cluster, self._call_seed(random_state))

    def score_samples(self, X: Any) -> np.ndarray:
        """Return how likely each series is, given the averages nearest to it.

        It is the variational bound of `DiffusionAugmenter`. Whoever has the fitted
        object can compute it for a series of interest: it is an attack on the weights,
        which `metrics.privacy_report` does not try.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores in nats; higher is likelier.
        """
        self._check_ready()
        return self._map_panel(self._checked(X), self._state.model.bound)

    def _checked(self, X: Any) -> Panel:
        """Return checked series, cut to the largest length."""
        panel = check_series(self, X, reset=False, longer=True)
        return _cut(panel, self.n_timepoints_in_)

    def _fit_clusters(self, X: Any, y: Any, groups: Any) -> tuple[Panel, np.ndarray]:
        """Fit; return the checked series and the cluster of each."""
        self._cluster = np.empty(0, dtype=int)
        try:
            panel = self._fit_grouped(X, y, groups)
            return panel, self._cluster
        finally:  # of single records, so that they must not stay
            self._drop({"_cluster"})

    def _forget_seed(self) -> None:
        """Let the calls of the model, too, have a seed that tells nothing."""
        super()._forget_seed()
        self._state.model._state.seed = self._state.seed

    def _fit_panel(
        self, panel: Panel, labels: np.ndarray | None, rng: np.random.Generator
    ) -> None:
        """Cluster the series and train the model."""
        panel = self._top_coded(panel)
        self._check_known(panel)
        self._state.container = self._with_shared_clock(panel)
        self._state.model = model = self._unfitted_model()
        y = None if labels is None else self.classes_[labels]
        clusters = Microaggregation(self.k)
        clusters.fit(model.features(panel), y, self._persons)
        model.learn(panel, labels, clusters, rng)
        self._cluster = clusters.labels_
        self.cluster_sizes_ = np.bincount(clusters.labels_)
        for name in LEARNED:
            setattr(self, name, getattr(model, name))

    def _top_coded(self, panel: Panel) -> Panel:
        """Cut series to the largest length that those of k persons reach."""
        self._count_persons(len(panel))
        reached = pd.Series(panel.lengths).groupby(self._persons).max()
        self.n_timepoints_in_ = int(reached.nlargest(self.k).min())
        return _cut(panel, self.n_timepoints_in_)

    def _n_persons(self, rows: np.ndarray) -> int:
        """Return the number of persons of some records."""
        return len(np.unique(self._persons[rows]))

    def _check_known(self, panel: Panel) -> None:
        """Refuse channels of which fewer than k persons have values."""
        known = ~np.isnan(panel.values)
        counts = [self._n_persons(some) for some in known.any(axis=2).T]
        together = self._n_persons(known.all(axis=1).any(axis=1))
        if len(np.unique(self._persons)) >= self.k > min(*counts, together):
            raise ValueError(
                f"k={self.k} needs values of at least {self.k} records (from as many "
                "sources if groups are given) in each channel, and at some time in all "
                f"channels together, got {counts} in the channels and {together} "
                "together. Leave out a channel, or impute it first."
            )

    def _with_shared_clock(self, panel: Panel) -> Any:
        """Return the container for samples; times that k persons share, or none."""
        container, empty = panel.container, self._state.container
        if container.times is None:
            return empty
        n = self.n_timepoints_in_
        clock = container.clock[:n]
        same = [len(t) >= n and t[:n].equals(clock) for t in container.times]
        shared = self._n_persons(np.array(same)) >= self.k
        return replace(empty, clock=clock if shared else self._numbered_clock())

    def _unfitted_model(self) -> AveragedDiffusion:
        """Return the diffusion model, with the layout of the series."""
        generator = self.generator
        generator = DiffusionAugmenter() if generator is None else generator
        if not isinstance(generator, DiffusionAugmenter):
            raise ValueError(
                "generator must be an unfitted DiffusionAugmenter or None, got "
                f"{generator!r}: other families cannot be given averages."
            )
        if hasattr(generator, "_state"):
            raise ValueError(
                "generator must be unfitted, since a fitted one holds levels of its "
                "series: pass sklearn.base.clone(generator)."
            )
        generator = clone(generator)
        check_parameters(generator, generator._parameter_constraints)
        params = generator.get_params(deep=False)
        model = AveragedDiffusion(**{**params, "masked": 0.0})
        for name in LAYOUT:
            setattr(model, name, getattr(self, name))
        model._state = FittedState(seed=self._state.seed)
        return model

    def _sample_block(
        self, n_samples: int, labels: np.ndarray | None, rng: np.random.Generator
    ) -> Panel:
        """Sample series, given averages that are drawn."""
        return self._state.model._sample_block(n_samples, labels, rng)

    def _replaced(self, panel: Panel, cluster: np.ndarray, seed: int) -> Any:
        """Return a new series of a given cluster for each series."""
        model = self._state.model
        values, lengths = np.empty_like(panel.values), np.empty(len(panel), dtype=int)

        def sampled(numbered: tuple[int, slice]) -> tuple[slice, Panel]:
            number, rows = numbered
            rng = stream(seed, Use.VARY, number)
            return rows, model.replacements(cluster[rows], rng)

        with pinned_runtime():
            for rows, block in self._each(sampled, blocks(len(panel))):
                X = in_data_units(block.values, self.channel_scale_, values.dtype)
                values[rows] = X[:, 0] if values.ndim == 2 else X
                lengths[rows] = block.lengths
        clock = self._state.container.clock
        clock = self._numbered_clock() if clock is None else clock
        container = replace(panel.container.empty(), clock=clock)
        return Panel(values, lengths, self.channel_scale_, container).packed()

    def _after_load(self, device: str | None) -> None:
        """Move the network to a device."""
        self._state.model._after_load(device)

    @property
    def module_(self) -> Any:
        """Return the trained network, a torch module."""
        return self._state.model.module_

    @property
    def device_(self) -> str:
        """Return the device that the network is on."""
        device: str = self._state.model.device_
        return device


def _cut(panel: Panel, n_timepoints: int) -> Panel:
    """Return series that are no longer than a given length."""
    values = np.ascontiguousarray(panel.values[..., :n_timepoints])
    return replace(panel, values=values, lengths=panel.lengths.clip(max=n_timepoints))
