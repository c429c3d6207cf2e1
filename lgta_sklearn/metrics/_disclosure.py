"""Singling out, linkability and inference: what a synthetic set discloses of a record.

The attacks follow Giomi et al. (2023), "A unified framework for quantifying privacy
risk in synthetic data", arXiv:2211.10459, in a form for series. The control is the same
attack on unseen records, which succeeds as far as the synthetic set tells about
everybody.
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from lgta_sklearn._random import Use, stream
from lgta_sklearn.metrics._intervals import Outcome, of_rates
from lgta_sklearn.metrics._records import Audit, Records

__all__ = ["inference", "linkability", "singling_out"]

N_CONDITIONS = 4  # of a predicate that singles out
N_SECRETS = 8  # largest number of channels whose values are inferred
TOLERANCE = 0.05  # of an inferred value, as a share of the range of values


def singling_out(audit: Audit, seed: int) -> Outcome:
    """Return the outcome of singling out one person by a few conditions.

    A predicate is a box around a synthetic record in a few features, the means of
    short stretches of channels. Its half-width is half the distance (the largest
    difference) to the next synthetic record. It succeeds if it holds for one person. If
    there are k synthetic records for each training record, the k-th next counts, since
    the generator may have repeated each of them k times.

    Parameters
    ----------
    audit : Audit
        The sets.
    seed : int
        Seed of the predicates.

    Returns
    -------
    Outcome
        Share of predicates that hold for one person among training records, and among
        the records of as many unseen persons.
    """
    n_persons = min(audit.training.n_persons, audit.unseen.n_persons)
    targets = [some.first(n_persons) for some in (audit.training, audit.unseen)]
    features = _stretches(audit.synthetic.X)
    scale = features.std(axis=1, keepdims=True)
    scale[scale == 0] = 1.0
    among = [_stretches(some.X) / scale for some in targets]
    features = features / scale
    rng = stream(seed, Use.MEASURE, 6)
    n_attacks = min(features.shape[1], n_persons)
    found = np.zeros((n_attacks, 2), dtype=bool)
    rank = min(audit.n_repeats, features.shape[1] - 1)
    for i in range(n_attacks):
        some = rng.permutation(len(features))[:N_CONDITIONS]
        point = features[some, i, None]
        width = np.partition(_gap(features[some], point), rank)[rank] / 2
        for j, (records, rows) in enumerate(zip(targets, among, strict=True)):
            persons = records.person[_gap(rows[some], point) <= width]
            found[i, j] = len(np.unique(persons)) == 1
    rate, control = found.mean(axis=0)
    return of_rates(float(rate), n_attacks, float(control), n_attacks)


def linkability(audit: Audit, seed: int) -> Outcome:
    """Return the outcome of linking two parts of a record through the synthetic set.

    The parts are halves of the channels, or of time if there is one channel. They are
    linked if the same synthetic record is nearest to both: or, if there are k
    synthetic records for each training record, is among the k nearest of both.

    Parameters
    ----------
    audit : Audit
        The sets.
    seed : int
        Not used.

    Returns
    -------
    Outcome
        Share of training records whose parts are linked, and of unseen ones.
    """
    _, n_channels, n_timepoints = audit.synthetic.X.shape
    cut = n_channels // 2 * n_timepoints if n_channels > 1 else n_timepoints // 2
    values = np.arange(n_channels * n_timepoints)
    halves = values < cut, values >= cut

    def linked(records: Records) -> np.ndarray:
        one, other = (
            _neighbours(records, audit.synthetic, half, audit.n_repeats)
            for half in halves
        )
        both = np.sort(np.concatenate([one, other], axis=1))
        return (both[:, 1:] == both[:, :-1]).any(axis=1)

    return _compared(audit, linked(audit.training), linked(audit.unseen))


def inference(audit: Audit, seed: int) -> Outcome:
    """Return the outcome of guessing a secret from the most similar synthetic record.

    The secret is the label, if there are labels; else the mean of the last quarter of
    a channel, for each of some channels. A guess is right if it is the class, or is as
    near as 5 % of the range of the secret.

    Parameters
    ----------
    audit : Audit
        The sets.
    seed : int
        Seed of the channels.

    Returns
    -------
    Outcome
        Share of secrets of training records that are guessed, and of unseen ones.
    """
    guess = _guessed_values if audit.synthetic.y is None else _guessed_labels
    return _compared(audit, *guess(audit, seed))


def _stretches(X: np.ndarray) -> np.ndarray:
    """Return means of short stretches of the channels, (n_features, n_records)."""
    length = max(X.shape[2] // 8, 1)
    windows = np.lib.stride_tricks.sliding_window_view(X, length, axis=2)
    windows = windows[:, :, :: max(length // 2, 1)]
    return np.ascontiguousarray(windows.mean(axis=3).reshape(len(X), -1).T)


def _gap(features: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Return the largest difference of each record to a point, (n_records,)."""
    gap: np.ndarray = np.abs(features - point).max(axis=0)
    return gap


def _neighbours(
    records: Records, among: Records, known: np.ndarray, k: int = 1
) -> np.ndarray:
    """Return the nearest records by the known values, (n_records, k)."""
    search = NearestNeighbors(n_neighbors=min(k, len(among)))
    index = search.fit(among.rows[:, known])
    found: np.ndarray = index.kneighbors(records.rows[:, known], return_distance=False)
    return found


def _guessed_labels(audit: Audit, seed: int) -> list[np.ndarray]:
    """Tell whose label is that of the nearest synthetic record."""
    sets = audit.synthetic, audit.training, audit.unseen
    labels = [np.asarray(some.y) for some in sets]
    if labels[1].dtype.kind == "f" and (labels[1] % 1 != 0).any():  # of a regression
        tolerance = _tolerance(*labels[1:])
    else:
        codes = np.unique(np.concatenate(labels), return_inverse=True)[1]
        labels = np.split(codes, np.cumsum([len(some) for some in sets])[:-1])
        tolerance = 0.0
    known = np.full(audit.synthetic.rows.shape[1], True)
    return _right_guesses(sets, labels, known, tolerance)


def _guessed_values(audit: Audit, seed: int) -> list[np.ndarray]:
    """Return the share of channels whose secret the nearest synthetic record has."""
    _, n_channels, n_timepoints = audit.synthetic.X.shape
    rng = stream(seed, Use.MEASURE, 7)
    channels = rng.permutation(n_channels)[:N_SECRETS]
    sets = audit.synthetic, audit.training, audit.unseen
    start = n_timepoints - max(n_timepoints // 4, 1)
    guessed = []
    for channel in channels:
        known = np.full((n_channels, n_timepoints), True)
        known[channel, start:] = False
        secrets = [some.X[:, channel, start:].mean(axis=1) for some in sets]
        tolerance = _tolerance(*secrets[1:])
        guessed.append(_right_guesses(sets, secrets, known.ravel(), tolerance))
    return [np.mean(some, axis=0) for some in zip(*guessed, strict=True)]


def _tolerance(*values: np.ndarray) -> float:
    """Return how far a guess of real values may be off."""
    low, high = np.quantile(np.concatenate(values), [0.05, 0.95])
    return float(TOLERANCE * (high - low))


def _right_guesses(
    sets: tuple[Records, ...],
    secrets: list[np.ndarray],
    known: np.ndarray,
    tolerance: float,
) -> list[np.ndarray]:
    """Tell whose secret is that of the synthetic record with the most similar rest."""
    right = []
    for records, truth in zip(sets[1:], secrets[1:], strict=True):
        guess = secrets[0][_neighbours(records, sets[0], known)[:, 0]]
        right.append(np.abs(guess - truth) <= tolerance)
    return right


def _compared(audit: Audit, used: np.ndarray, unused: np.ndarray) -> Outcome:
    """Return the outcome of successes on training and on unseen records."""
    rate, control = audit.training.per_person(used), audit.unseen.per_person(unused)
    return of_rates(float(rate.mean()), len(rate), float(control.mean()), len(control))
