"""One table of all measures, each between its floor and its ceiling."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from tqdm.auto import tqdm

from lgta_sklearn._files.bytes import write_whole
from lgta_sklearn._random import seed_from
from lgta_sklearn.metrics import distribution, neighbours, privacy
from lgta_sklearn.metrics._page import COLOURS, page
from lgta_sklearn.metrics._panels import as_pair, thinned
from lgta_sklearn.metrics._readings import reading, sentence
from lgta_sklearn.metrics.detection import discriminative_score
from lgta_sklearn.metrics.usefulness import predictive_score, tstr_score

__all__ = ["Report", "report"]

USEFULNESS = "accuracy, trained on synthetic"
PRIVATE = {"nearest neighbour ratio", "near-duplicates", "membership AUC"}


@dataclass(frozen=True)
class Report:
    """The result of `report`.

    Parameters
    ----------
    table : DataFrame
        One row per measure with the columns `value`, `floor`, `ceiling`, `best`
        (direction) and `reading`.
    n_samples : int
        Series of each set that were compared.
    series : mapping of str to ndarray of shape (n_samples, n_channels, n_timepoints)
        They themselves, for the pictures: ``"training"``, ``"synthetic"`` and
        ``"unseen"``; without a held-out set the first and the last are halves of the
        real series, and the last is called ``"real"``.
    """

    table: pd.DataFrame
    n_samples: int
    series: Mapping[str, np.ndarray] = field(compare=False)

    @property
    def sentences(self) -> pd.Series:
        """Return what each row says, in words.

        Returns
        -------
        Series of str
            A sentence for each measure.
        """
        rows = self.table.itertuples()
        return pd.Series({row.Index: sentence(row) for row in rows}, dtype=object)

    def save(
        self, path: str | os.PathLike[str], *, title: str = "Synthetic time series"
    ) -> None:
        """Write the report as one HTML page that needs nothing beside it.

        It has the table, each row with its floor, its ceiling and a sentence that
        reads it, and pictures: real and synthetic series over each other, their map,
        distributions, autocorrelations and spectra, and, where unseen series were
        given, how near they come to the training series. **The pictures show
        series**: synthetic ones, quantiles of the real ones, and the training series
        that synthetic ones come nearest to. Give the page to those who may see them.

        Parameters
        ----------
        path : str or path-like
            Where to, such as ``"report.html"``; a file that is there is replaced.
        title : str, default="Synthetic time series"
            Heading of the page.

        Raises
        ------
        ImportError
            Without matplotlib.
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
        body = self.table.round(3).to_html(
            formatters={
                "reading": lambda word: f'<b style="color:{COLOURS[word]}">{word}</b>'
            },
            escape=False,
        )
        return f"<p>{self.n_samples} series of each set</p>{body}"


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
    """Measure synthetic series in every way, each beside its floor and its ceiling.

    Synthetic series are compared with held-out real ones, which the generator has not
    seen. The floor is what the training series score in their place; the ceiling is
    the worst of what three bad generators score (shuffled time, white noise, doubled
    amplitude; white noise alone for the critics), and for memorisation that of a copy
    of the training series. The reading
    is good up to a tenth of the way from floor to ceiling, fair up to a third, poor
    beyond, and blind where the measure cannot tell a bad generator from real series.

    Parameters
    ----------
    X_real : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series the generator was trained on.
    X_synthetic : array-like
        Synthetic series.
    X_holdout : array-like or None, default=None
        Real series the generator has not seen. None splits `X_real` in two; its
        memorisation rows then mean nothing if the generator saw both halves, and are
        left out.
    y_real, y_synthetic, y_holdout : array-like or None, default=None
        Labels of the three sets; with all of them a row says how well a classifier
        trained on synthetic series does on held-out ones.
    measures : collection of str or None, default=None
        Rows of the table to fill, such as ``["discriminative score", "MMD"]``; None
        fills all. Most of the time goes into ``"discriminative score, GRU"``.
    max_samples : int, default=2000
        Series of each set that are used at most. All sets are thinned to the size of
        the smallest, since some measures depend on it.
    random_state : None, int, RandomState or Generator, default=None
        Seed of everything.
    verbose : int, default=1
        0 hides the progress bar.

    Returns
    -------
    Report
        With the table as ``.table``; shows itself as text and in a notebook.

    Raises
    ------
    ValueError
        If the sets do not match, or there is no such measure for them.

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
    n = min(len(real), len(synthetic), len(holdout), max_samples)
    kept = [thinned(X, n, seed + i) for i, X in enumerate((real, synthetic, holdout))]
    rows = _measures(real.shape[1], seed)
    if has_holdout:
        rows += _private_measures(kept[0])
    labelled = has_holdout and not any(
        y is None for y in (y_real, y_synthetic, y_holdout)
    )
    wanted = _chosen(measures, [row[0] for row in rows] + [USEFULNESS] * labelled)
    table = _fill([row for row in rows if row[0] in wanted], kept, seed, verbose)
    if USEFULNESS in wanted:
        table.loc[USEFULNESS] = _usefulness(
            (real, y_real), (synthetic, y_synthetic), (holdout, y_holdout), seed
        )
    table["reading"] = [reading(*row) for row in table.itertuples(index=False)]
    names = ("training", "synthetic", "unseen" if has_holdout else "real")
    return Report(table, n, dict(zip(names, kept, strict=True)))


def _chosen(measures: Collection[str] | None, possible: list[str]) -> Collection[str]:
    """Return the names of the rows to fill, which must be possible ones."""
    if measures is None:
        return possible
    unknown = sorted(set(measures) - set(possible))
    if unknown or isinstance(measures, str):
        raise ValueError(
            f"measures must be a collection of names among {possible} for these sets, "
            f"got {measures!r}."
        )
    return measures


Measure = tuple[str, str, Callable[[np.ndarray, np.ndarray], float]]


def _measures(n_channels: int, seed: int) -> list[Measure]:
    """Return name, best value and function of the measures of two sets."""

    def seeded(function: Callable[..., float], **options: Any) -> Any:
        return lambda real, other: function(real, other, random_state=seed, **options)

    measures = [
        ("discriminative score", "0", seeded(discriminative_score)),
        ("discriminative score, GRU", "0", seeded(discriminative_score, critic="gru")),
        ("predictive error", "low", seeded(predictive_score, model=Ridge())),
        ("Fréchet distance", "0", seeded(distribution.frechet_distance)),
        ("Wasserstein", "0", seeded(distribution.wasserstein)),
        ("Kolmogorov-Smirnov", "0", seeded(distribution.ks_distance)),
        ("autocorrelation", "0", seeded(distribution.autocorrelation_distance)),
        ("spectrum, dB", "0", seeded(distribution.spectrum_distance)),
        ("MMD", "0", seeded(distribution.mmd)),
        ("precision", "high", seeded(neighbours.precision)),
        ("recall", "high", seeded(neighbours.recall)),
        ("density", "1", seeded(neighbours.density)),
        ("coverage", "high", seeded(neighbours.coverage)),
        ("internal diversity", "1", seeded(neighbours.internal_diversity)),
    ]
    if n_channels > 1:
        crossed = seeded(distribution.cross_correlation_distance)
        measures.insert(7, ("cross-correlation", "0", crossed))
    return measures


def _private_measures(training: np.ndarray) -> list[Measure]:
    """Return the measures of memorisation; the set given first is the held-out one."""
    functions = {
        "nearest neighbour ratio": ("1", privacy.nearest_neighbour_ratio),
        "near-duplicates": ("0.01", privacy.near_duplicate_share),
        "membership AUC": ("0.5", privacy.membership_auc),
    }

    def against(function: Callable[..., float]) -> Any:
        return lambda holdout, other: function(training, other, X_holdout=holdout)

    return [(name, best, against(f)) for name, (best, f) in functions.items()]


def _fill(
    measures: list[Measure], sets: list[np.ndarray], seed: int, verbose: int
) -> pd.DataFrame:
    """Return value, floor and ceiling of each measure of the three sets."""
    real, synthetic, holdout = sets
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(real, axis=2)
    centre = real.mean(axis=(0, 2), keepdims=True)
    noise = centre + real.std(axis=(0, 2), keepdims=True) * rng.standard_normal(
        real.shape
    )
    bad = [shuffled, noise, centre + 2 * (real - centre)]
    rows = {}
    for name, best, function in tqdm(measures, disable=not verbose, unit="measure"):
        if name in PRIVATE:
            # nothing is nearer to the training series than other real ones should be
            half, other = np.array_split(holdout, 2)
            floor, ceiling = function(half, other), function(holdout, real)
        else:
            floor = function(holdout, real)
            # one bad generator suffices for critics, whose training takes seconds
            worst = [noise] if name.startswith("discriminative") else bad
            scores = [function(holdout, worse) for worse in worst]
            ceiling = min(scores) if best == "high" else max(scores)
            if best == "1":  # bad on either side
                ceiling = max(scores, key=lambda score: abs(score - floor))
        rows[name] = (function(holdout, synthetic), floor, ceiling, best)
    columns = ["value", "floor", "ceiling", "best"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _usefulness(
    real: tuple[np.ndarray, Any],
    synthetic: tuple[np.ndarray, Any],
    holdout: tuple[np.ndarray, Any],
    seed: int,
) -> tuple[float, float, float, str]:
    """Return the row of a classifier trained on synthetic series."""

    def trained_on(X: np.ndarray, y: Any) -> float:
        return tstr_score(
            holdout[0], X, y_real=holdout[1], y_synthetic=y, random_state=seed
        )

    permuted = np.random.default_rng(seed).permutation(np.asarray(real[1]))
    scores = trained_on(*synthetic), trained_on(*real), trained_on(real[0], permuted)
    return (*scores, "high")
