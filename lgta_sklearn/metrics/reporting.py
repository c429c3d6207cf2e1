"""Report: a table of all measures, each with its floor and its ceiling."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from lgta_sklearn._files.bytes import write_whole
from lgta_sklearn._random import seed_from
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn.metrics._html import notebook_view
from lgta_sklearn.metrics._measures import BY_NAME, MEASURES, Measure
from lgta_sklearn.metrics._page import COLOURS, page
from lgta_sklearn.metrics._panels import as_pair, thinned
from lgta_sklearn.metrics._readings import reading, sentence

__all__ = ["Report", "report"]


@dataclass(frozen=True)
class Report:
    """The result of `report`.

    Parameters
    ----------
    table : DataFrame
        One row per measure with the columns `value`, `floor`, `ceiling`, `best`
        (direction) and `reading`.
    n_samples : int
        Number of series of each set that were compared.
    series : mapping of str to ndarray of shape (n_samples, n_channels, n_timepoints)
        These series, for the pictures: ``"training"``, ``"synthetic"`` and
        ``"unseen"``. Without a held-out set the first and the last are halves of the
        real series, and the last is called ``"real"``.
    """

    table: pd.DataFrame
    n_samples: int
    series: Mapping[str, np.ndarray] = field(compare=False)

    @property
    def sentences(self) -> pd.Series:
        """Return each row in words.

        Returns
        -------
        Series of str
            A sentence for each measure.
        """
        columns = ["value", "floor", "ceiling", "reading"]
        rows = self.table[columns].itertuples(name=None)
        said = {name: sentence(BY_NAME[name], *row) for name, *row in rows}
        return pd.Series(said, dtype=object)

    def save(
        self, path: str | os.PathLike[str], *, title: str = "Synthetic time series"
    ) -> None:
        """Write the report as one HTML page that needs no other file.

        It contains the table, with a sentence for each row, and pictures: an overlay of
        real and synthetic series, maps, distributions, autocorrelations and spectra. If
        unseen series were given, it also shows how near synthetic series come to the
        training series. **The pictures show series**: synthetic ones, quantiles of the
        real ones, and the training series that are nearest to synthetic ones. Give the
        page only to people who may see these series.

        Parameters
        ----------
        path : str or path-like
            Path of the file, such as ``"report.html"``. An existing file is replaced.
        title : str, default="Synthetic time series"
            Heading of the page.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        OSError
            If the file cannot be written.
        """
        content = page(title, self.table, self.sentences, self.series)
        write_whole(path, content.encode())

    def __str__(self) -> str:
        """Return the table as text."""
        return f"{self.n_samples} series of each set\n{self.table.round(3).to_string()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        size = f"{self.n_samples} series of each set"
        return notebook_view(size, self.table, COLOURS)


def report(
    X_real: Any,
    X_synthetic: Any,
    X_holdout: Any = None,
    *,
    y_real: Any = None,
    y_synthetic: Any = None,
    y_holdout: Any = None,
    measures: Collection[str] | None = None,
    max_samples: int = 2000,
    random_state: Any = None,
    verbose: int = 1,
) -> Report:
    """Compute all measures of synthetic series, each with its floor and its ceiling.

    Synthetic series are compared with held-out real ones, which the generator has not
    seen. The floor is the value for the training series in the place of the synthetic
    ones. The ceiling is the worst value of three bad generators: shuffled time, white
    noise and doubled amplitude. For the critics it is that of white noise, and for
    measures of memorisation that of a copy of the training series. The reading is good
    up to a tenth of the way from floor to ceiling, fair up to a third, and poor beyond.
    It is blind if the measure cannot tell a bad generator from real series.

    Parameters
    ----------
    X_real : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series the generator was trained on.
    X_synthetic : array-like
        Synthetic series.
    X_holdout : array-like or None, default=None
        Real series the generator has not seen. None splits `X_real` into halves. The
        rows on memorisation are then left out, since the generator may have seen both
        halves.
    y_real, y_synthetic, y_holdout : array-like or None, default=None
        Labels of the three sets. With all of them, there is a row with the accuracy of
        a classifier that is trained on synthetic series and tested on held-out ones.
    measures : collection of str or None, default=None
        Rows of the table, such as ``["discriminative score", "MMD"]``. None is all of
        them, of which ``"discriminative score, GRU"`` takes most of the time.
    max_samples : int, default=2000
        Largest number of series of each set that are used. Of each set, as many are
        used as the smallest has, since some measures depend on the number of series.
    random_state : None, int, RandomState or Generator, default=None
        Seed of all measures.
    verbose : int, default=1
        0 hides the progress bar.

    Returns
    -------
    Report
        Report with the table as ``.table``, printable as text and in a notebook.

    Raises
    ------
    ValueError
        If the sets do not match, or a measure is unknown or not possible for them.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import report
    >>> rng = np.random.default_rng(0)
    >>> real, unseen = rng.normal(size=(2, 60, 16)).cumsum(axis=2)
    >>> wanted = ["Wasserstein", "near-duplicates"]
    >>> result = report(
    ...     real, 2 * unseen, unseen, measures=wanted, random_state=0, verbose=0
    ... )
    >>> result.table["reading"].to_list()
    ['poor', 'good']
    """
    seed = seed_from(random_state)
    real, synthetic = as_pair(X_real, X_synthetic)
    has_holdout = X_holdout is not None
    if has_holdout:
        holdout = as_pair(real, X_holdout)[1]
    else:
        order = np.random.default_rng(seed).permutation(len(real))
        real, holdout = (real[rows] for rows in np.array_split(order, 2))
    labels = y_real, y_synthetic, y_holdout
    possible = [
        measure
        for measure in MEASURES
        if measure.applies_to(
            real.shape[1],
            has_holdout=has_holdout,
            has_labels=all(y is not None for y in labels),
        )
    ]
    rows = _Rows((real, synthetic, holdout), labels, max_samples, seed)
    table = _table(rows, _chosen(measures, possible), verbose)
    names = ("training", "synthetic", "unseen" if has_holdout else "real")
    return Report(table, rows.n_samples, dict(zip(names, rows.sets, strict=True)))


def _chosen(
    names: Collection[str] | None, possible: Collection[Measure]
) -> list[Measure]:
    """Return the measures to fill in; their names must be possible ones."""
    known = [measure.name for measure in possible]
    names = known if names is None else names
    if isinstance(names, str) or not set(names) <= set(known):
        raise ValueError(
            f"measures must be a collection of names among {known} for these sets, "
            f"got {names!r}."
        )
    return [measure for measure in possible if measure.name in names]


def _table(rows: "_Rows", measures: list[Measure], verbose: int) -> pd.DataFrame:
    """Return the table with a row for each measure."""
    found = {}
    for measure in tqdm(measures, disable=not verbose, unit="measure"):
        with pinned_runtime():
            figures = rows.figures(measure)
        word = reading(*figures, measure.direction)
        found[measure.name] = (*figures, measure.best, word)
    columns = ["value", "floor", "ceiling", "best", "reading"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


class _Rows:
    """Value, floor and ceiling of measures on training, synthetic and unseen series."""

    def __init__(
        self,
        whole: tuple[np.ndarray, np.ndarray, np.ndarray],
        labels: tuple[Any, Any, Any],
        max_samples: int,
        seed: int,
    ) -> None:
        self.whole, self.labels, self.seed = whole, labels, seed
        # equal numbers, since some measures depend on them
        self.n_samples = min(*map(len, whole), max_samples)
        self.sets = [thinned(X, self.n_samples, seed, i) for i, X in enumerate(whole)]
        self.noise, self.bad = _bad_generators(self.sets[0], seed)

    def figures(self, measure: Measure) -> tuple[float, float, float]:
        """Return value, floor and ceiling."""
        if measure.needs_labels:
            return self._usefulness(measure)
        if measure.is_memorisation:
            return self._memorisation(measure)
        return self._distance(measure)

    def _distance(self, measure: Measure) -> tuple[float, float, float]:
        """Return the figures of a measure that compares with unseen series."""
        training, synthetic, unseen = self.sets

        def score(X: np.ndarray) -> float:
            return measure.function(unseen, X, random_state=self.seed)

        floor = score(training)
        bad = [self.noise] if measure.is_critic else self.bad
        scores = [score(X) for X in bad]
        worst = {
            "low": max(scores),
            "high": min(scores),
            "both": max(scores, key=lambda value: abs(value - floor)),
        }
        return score(synthetic), floor, worst[measure.direction]

    def _memorisation(self, measure: Measure) -> tuple[float, float, float]:
        """Return the figures of a measure that compares with training series."""
        training, synthetic, unseen = self.sets
        # floor: one half of the unseen series in the place of the synthetic ones
        half, other = np.array_split(unseen, 2)
        return (
            measure.function(training, synthetic, X_holdout=unseen),
            measure.function(training, other, X_holdout=half),
            measure.function(training, training, X_holdout=unseen),
        )

    def _usefulness(self, measure: Measure) -> tuple[float, float, float]:
        """Return the figures of a measure of labelled series; it uses all series."""
        training, synthetic, unseen = self.whole
        y, y_synthetic, y_unseen = self.labels

        def score(X: np.ndarray, labels: Any) -> float:
            return measure.function(
                unseen, X, y_real=y_unseen, y_synthetic=labels, random_state=self.seed
            )

        permuted = np.random.default_rng(self.seed).permutation(np.asarray(y))
        value, floor = score(synthetic, y_synthetic), score(training, y)
        return value, floor, score(training, permuted)


def _bad_generators(X: np.ndarray, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return white noise, and the sets of all bad generators."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(X, axis=2)
    centre = X.mean(axis=(0, 2), keepdims=True)
    deviation = X.std(axis=(0, 2), keepdims=True)
    noise = centre + deviation * rng.standard_normal(X.shape)
    return noise, [shuffled, noise, centre + 2 * (X - centre)]
