"""Privacy report: attacks on a synthetic set, each with a control and a known leak."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils import column_or_1d
from tqdm.auto import tqdm

from lgta_sklearn._curves import flat
from lgta_sklearn._files.bytes import write_whole
from lgta_sklearn._parameters import Bounds
from lgta_sklearn._random import Use, seed_from, stream
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.panel import power_of_two_scale
from lgta_sklearn.metrics._attacks import ATTACKS, Attack
from lgta_sklearn.metrics._html import notebook_view
from lgta_sklearn.metrics._intervals import Outcome
from lgta_sklearn.metrics._panels import as_panels
from lgta_sklearn.metrics._privacy_page import COLOURS, privacy_page
from lgta_sklearn.metrics._records import Audit, draw_records, with_copies

__all__ = ["PrivacyReport", "privacy_report"]

SOME = 1 / 3  # of the excess of half a copy: from here on, a sign is clear
SMALLEST = {"X_train": 10, "X_synthetic": 10, "X_holdout": 20}
ENOUGH = Bounds(Integral, 20)
LIMITS = [
    "It is no guarantee. Each row is a measurement of these series, with an error.",
    "Only these attacks were tried. A better one, or one made for this generator, may "
    "succeed where they fail.",
    "The attacks see the synthetic series only. A saved model, its file or its "
    "parameters may reveal more and are not covered.",
    "An attacker may know more than was assumed here: other data about the same "
    "people, or how the series were chosen.",
    "The unseen series must be like the training series. If they are of another time "
    "or place, an attack may find that difference, and not a leak.",
    "Small sets have wide intervals: no sign of a leak may only mean that there were "
    "too few series to see one.",
    "The figures are averages. A few unusual series may be exposed while the others "
    "are not.",
    "Whether the series may be shared is a decision of people, not of this report.",
]
VERDICTS = {
    "no sign": "no sign of a leak, the difference is within chance.",
    "some sign": "some sign of a leak, below a third of what half a copy shows.",
    "clear sign": "a clear sign of a leak.",
    "blind": "this says nothing here, since a copy of the training series shows no "
    "sign either.",
}


@dataclass(frozen=True)
class PrivacyReport:
    """The result of `privacy_report`.

    Parameters
    ----------
    table : DataFrame
        One row per attack. `value` is its success on training series, `control` that
        of chance or of the same attack on unseen series, both in [0, 1]. `excess` is
        the success beyond the control, at most 1, from `low` to `high` with a
        confidence of 95 %. `half_copy` and `copy` are the excesses for bad generators,
        `attacks` is the number of attacks, and `reading` is the result in a word.
    n_samples : mapping of str to int
        Number of series of the sets ``"training"``, ``"synthetic"`` and ``"unseen"``.
    n_persons : mapping of str to int or None, default=None
        Number of persons in the training and the unseen set, if there are groups.
    has_labels : bool, default=False
        Whether the label was inferred, and not a part of the series.
    """

    table: pd.DataFrame
    n_samples: Mapping[str, int]
    n_persons: Mapping[str, int] | None = None
    has_labels: bool = False

    limits: ClassVar[list[str]] = LIMITS

    @property
    def sentences(self) -> pd.Series:
        """Return each row in words.

        Returns
        -------
        Series of str
            A sentence for each attack.
        """
        said = {attack.name: self._sentence(attack) for attack in ATTACKS}
        return pd.Series(said, dtype=object)

    def save(
        self, path: str | os.PathLike[str], *, title: str = "Privacy report"
    ) -> None:
        """Write the report as one HTML page that needs no other file.

        It contains the table, with a sentence for each row, and what the report does
        not say. It shows no series, so that it can be handed on.

        Parameters
        ----------
        path : str or path-like
            Path of the file, such as ``"privacy.html"``. An existing file is replaced.
        title : str, default="Privacy report"
            Heading of the page.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        content = privacy_page(
            title, self.table, self.sentences, self.limits, self._size
        )
        write_whole(path, content.encode())

    @property
    def _size(self) -> str:
        """Return the sizes of the sets in words."""
        sets = ", ".join(f"{n} {name}" for name, n in self.n_samples.items())
        if self.n_persons is None:
            return f"{sets} series."
        persons = " and ".join(f"{n} {name}" for name, n in self.n_persons.items())
        return f"{sets} series; {persons} persons."

    def _sentence(self, attack: Attack) -> str:
        """Return a row in words."""
        one, many = ("series",) * 2 if self.n_persons is None else ("person", "persons")
        row = self.table.loc[attack.name]
        fact = attack.sentence.format(
            one=one,
            many=many,
            value=row["value"],
            control=row["control"],
            n_attacks=row["attacks"],
            secret="the label" if self.has_labels else "the mean of an unknown part",
        )
        return f"{fact[0].upper()}{fact[1:]}: {VERDICTS[row['reading']]}"

    def __str__(self) -> str:
        """Return the table as text."""
        return f"{self._size}\n{self.table.round(3).to_string()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return notebook_view(self._size, self.table, COLOURS)


def privacy_report(
    X_train: Any,
    X_synthetic: Any,
    X_holdout: Any,
    *,
    y_train: Any = None,
    y_synthetic: Any = None,
    y_holdout: Any = None,
    groups: Any = None,
    groups_holdout: Any = None,
    max_samples: int = 2000,
    random_state: Any = None,
    verbose: int = 1,
) -> PrivacyReport:
    """Attack a synthetic set, and compare each success with a control.

    The attacker has the synthetic series only, of any generator. Membership: was this
    series used for training? Singling out: do a few values describe exactly one
    training series? Linkability: do two halves of a series belong together? Inference:
    what is an unknown part, or the label, of a series? The control is chance, or the
    same attack on series that the generator has not seen. The excess is the success
    beyond the control, 0 for none and 1 for the most.

    Each attack is also run on two bad generators: a copy of the training series with
    noise of 0.001 standard deviations, and half a copy, which replaces one half of the
    synthetic series. The reading is *blind* if the interval of the copy includes 0;
    *no sign* if that of the synthetic set does or lies below; *some sign* if it lies
    above 0, but the excess is below a third of that of half a copy; and *clear sign*
    if it is not. If nothing was leaked, each row shows a sign in about one of forty
    reports.

    Parameters
    ----------
    X_train : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series the generator was trained on.
    X_synthetic : array-like
        Synthetic series.
    X_holdout : array-like
        Real series of the same distribution that the generator has not seen, at least
        20 (of the other sets, 10). One half of them serves as the reference set of two
        attacks.
    y_train, y_synthetic, y_holdout : array-like of shape (n_samples,) or None, \
default=None
        Labels of the three sets, all or none, and all numbers or all words. With
        labels, inference guesses them; without, it guesses the mean of the last quarter
        of a channel.
    groups, groups_holdout : array-like of shape (n_samples,) or None, default=None
        The person, household or machine that each series belongs to, of both real sets
        or of neither. Persons are then attacked instead of series.
    max_samples : int, default=2000
        Largest number of series of each set that are used, at least 20.
    random_state : None, int, RandomState or Generator, default=None
        Seed of the choice of series, of the attacks and of the intervals.
    verbose : int, default=1
        0 hides the progress bar.

    Returns
    -------
    PrivacyReport
        Report with the table as ``.table``, printable as text and in a notebook.

    Raises
    ------
    ValueError
        If there are no unseen series, sets do not match or are too small, labels or
        groups of a set are missing, or a person is in both real sets.

    Notes
    -----
    Distances are Euclidean, each channel in standard deviations of the training set.
    The intervals of rates join Wilson intervals by Newcombe's rule; those of areas
    under the curve are bootstraps. With groups, the number of persons counts.

    References
    ----------
    Giomi et al. (2023), "A unified framework for quantifying privacy risk in synthetic
    data", arXiv:2211.10459; van Breugel et al. (2023), "Membership inference attacks
    against synthetic data through overfitting detection", arXiv:2302.12580; Watson et
    al. (2022), "On the importance of difficulty calibration in membership inference
    attacks", arXiv:2111.08440; Carlini et al. (2022), "Membership inference attacks
    from first principles", arXiv:2112.03570, on true positives at few false ones.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.metrics import privacy_report
    >>> real, fresh, unseen = np.random.default_rng(0).normal(size=(3, 60, 8))
    >>> options = {"random_state": 0, "verbose": 0}
    >>> leaky = privacy_report(real, real + 0.01, unseen, **options)
    >>> leaky.table.loc["linkability", "reading"]
    'clear sign'
    >>> harmless = privacy_report(real, fresh, unseen, **options)
    >>> harmless.table.loc["linkability", "reading"]
    'no sign'
    """
    seed = seed_from(random_state)
    if max_samples not in ENOUGH:
        raise ValueError(f"max_samples must be {ENOUGH}, got {max_samples!r}.")
    if X_holdout is None:
        raise ValueError(
            "X_holdout is needed: membership cannot be measured without series that "
            "were not used for training."
        )
    sets = as_panels(X_train=X_train, X_synthetic=X_synthetic, X_holdout=X_holdout)
    labels = _columns(
        sets, y_train=y_train, y_synthetic=y_synthetic, y_holdout=y_holdout
    )
    persons = _columns(sets[::2], groups=groups, groups_holdout=groups_holdout)
    _check_disjoint(*persons)
    with pinned_runtime():
        audit = _audit(sets, labels, persons, max_samples, seed)
        table = _table(audit, seed, verbose)
    real = {"training": audit.training, "unseen": audit.unseen}
    n_samples = {
        "training": len(audit.training),
        "synthetic": len(audit.synthetic),
        "unseen": len(audit.unseen),
    }
    n_persons = {name: some.n_persons for name, some in real.items()}
    return PrivacyReport(
        table,
        n_samples,
        n_persons if audit.grouped else None,
        has_labels=y_train is not None,
    )


def _columns(sets: list[np.ndarray], **columns: Any) -> list[np.ndarray | None]:
    """Return a column for each set, such as labels; all must be given, or none."""
    missing = [name for name, column in columns.items() if column is None]
    if len(missing) == len(columns):
        return [None] * len(columns)
    if missing:
        raise ValueError(
            f"{', '.join(columns)} belong together: give all of them or none. Missing: "
            f"{', '.join(missing)}."
        )
    found = [
        _column(name, column, len(X))
        for X, (name, column) in zip(sets, columns.items(), strict=True)
    ]
    if len({column.dtype.kind == "U" for column in found}) > 1:
        kinds = [
            f"{name} {'words' if column.dtype.kind == 'U' else 'numbers'}"
            for name, column in zip(columns, found, strict=True)
        ]
        raise ValueError(
            f"{', '.join(columns)} must hold entries of one kind, got "
            f"{', '.join(kinds)}."
        )
    return [*found]


def _column(name: str, column: Any, n_samples: int) -> np.ndarray:
    """Return labels or groups of a set as numbers or words."""
    if np.ndim(column) == 0 or len(column) != n_samples:
        got = len(column) if np.ndim(column) else f"{column!r}"
        raise ValueError(
            f"{name} must have one entry for each of {n_samples} series, got {got}."
        )
    entries: np.ndarray = column_or_1d(column)
    missing = pd.isna(pd.Series(entries)).to_numpy()
    if missing.any():
        raise ValueError(
            f"{name} has missing entries, the first at series {missing.argmax()}: "
            "leave these series out."
        )
    return entries if entries.dtype.kind in "biuf" else entries.astype(str)


def _check_disjoint(groups: np.ndarray | None, unseen: np.ndarray | None) -> None:
    """Complain about persons that are in both real sets."""
    if groups is None or unseen is None:
        return
    both = np.intersect1d(groups, unseen)
    if len(both):
        raise ValueError(
            f"groups and groups_holdout share {len(both)} persons, such as {both[0]}. "
            "Nobody with series in the training set is unseen: split by person."
        )


def _audit(
    sets: list[np.ndarray],
    labels: list[np.ndarray | None],
    persons: list[np.ndarray | None],
    max_samples: int,
    seed: int,
) -> Audit:
    """Return the sets for the attacks, in standard deviations of the training set."""
    if sets[0][0].size < 2:
        raise ValueError("series must have at least two values, got one.")
    unit = power_of_two_scale(sets[0])  # so that squares of huge values are finite
    sets = [X / unit for X in sets]
    drawn = [
        draw_records(
            flat(X, like=sets[0]).reshape(X.shape),
            y,
            groups,
            max_samples=max_samples,
            seed=seed,
            which=which,
        )
        for which, (X, y, groups) in enumerate(
            zip(sets, labels, [persons[0], None, persons[1]], strict=True)
        )
    ]
    for (name, smallest), some in zip(SMALLEST.items(), drawn, strict=True):
        if some.n_persons < smallest:
            what = "series" if persons[0] is None else "persons"
            raise ValueError(
                f"{name} must have at least {smallest} {what}, got {some.n_persons}."
            )
    training, synthetic, unseen = drawn
    return Audit(training, synthetic, unseen, grouped=persons[0] is not None)


def _table(audit: Audit, seed: int, verbose: int) -> pd.DataFrame:
    """Return the table with a row for each attack."""
    half, whole = (
        with_copies(audit, share, stream(seed, Use.MEASURE, 3)) for share in (0.5, 1.0)
    )
    rows = {}
    for attack in tqdm(ATTACKS, disable=not verbose, unit="attack"):
        found, of_half, of_copy = (
            attack.run(some, seed) for some in (audit, half, whole)
        )
        rows[attack.name] = {
            "value": found.value,
            "control": found.control,
            "excess": found.excess,
            "low": found.low,
            "high": found.high,
            "half_copy": of_half.excess,
            "copy": of_copy.excess,
            "attacks": found.n_attacks,
            "reading": _reading(found, of_half, of_copy),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _reading(found: Outcome, of_half: Outcome, of_copy: Outcome) -> str:
    """Return the word for a row."""
    if of_copy.low <= 0:
        return "blind"
    if found.low <= 0:
        return "no sign"
    return "some sign" if found.excess < SOME * of_half.excess else "clear sign"
