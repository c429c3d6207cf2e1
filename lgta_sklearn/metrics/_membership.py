"""Membership attacks, which ask whether a record was in the training set.

M are the members (training records), N the non-members (unseen ones). A score s is
larger for members, and is judged by the area under its ROC curve and by the share of M
above the score that 1 % of N reach. d_S and d_R are the distances to the nearest
synthetic record and to the nearest record of a reference set R; p_S and p_R are
densities.

- distance: s = -d_S (Chen et al., 2020, arXiv:1909.03935)
- density ratio: s = log p_S - log p_R (van Breugel et al., 2023, arXiv:2302.12580)
- reference model: s = log d_R - log d_S; R stands for the output of a model that has
  not seen the record (Watson et al., 2022, arXiv:2111.08440)

R is one half of the unseen records and N the other half, since a record of R is at the
distance 0 from R. A person with several records has the mean of their scores.
"""

from collections.abc import Callable

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KernelDensity

from lgta_sklearn._random import Use, as_int, stream
from lgta_sklearn.metrics._intervals import Outcome, of_ranks, of_rates
from lgta_sklearn.metrics._panels import nearest
from lgta_sklearn.metrics._records import Audit, Records
from lgta_sklearn.metrics.privacy import near_duplicate_share

__all__ = [
    "area",
    "by_density",
    "by_distance",
    "by_reference",
    "hits",
    "near_duplicates",
]

N_COMPONENTS = 10  # principal components of the density ratio
FALSE_POSITIVES = 0.01
SMALLEST = 1e-12  # distance, so that its logarithm is finite


def by_distance(audit: Audit, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of persons: how near the nearest synthetic record is.

    Parameters
    ----------
    audit : Audit
        The sets.
    seed : int
        Not used.

    Returns
    -------
    tuple of ndarray
        Scores of members and of non-members.
    """

    def score(records: Records) -> np.ndarray:
        return records.per_person(-nearest(records.rows, audit.synthetic.rows))

    return score(audit.training), score(audit.unseen)


def by_density(audit: Audit, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of persons: how much denser the synthetic set is than others.

    Parameters
    ----------
    audit : Audit
        The sets.
    seed : int
        Seed of the principal components of large sets.

    Returns
    -------
    tuple of ndarray
        Scores of members and of non-members.
    """
    sets = audit.synthetic.rows, audit.reference.rows
    both = np.concatenate(sets)
    whitening = PCA(
        min(N_COMPONENTS, both.shape[1], len(both) - 1),
        whiten=True,
        random_state=as_int(stream(seed, Use.MEASURE, 5)),
    )
    with np.errstate(invalid="ignore"):  # shares of variance, where there is none
        whitening.fit(both)
    synthetic, reference = (_density(whitening.transform(rows)) for rows in sets)

    def score(records: Records) -> np.ndarray:
        codes = whitening.transform(records.rows)
        ratio = synthetic.score_samples(codes) - reference.score_samples(codes)
        return records.per_person(ratio)

    return score(audit.training), score(audit.others)


def _density(codes: np.ndarray) -> KernelDensity:
    """Return a density with half the bandwidth of Scott's rule.

    That rule is for smooth densities; half of it found more copies in trials.
    """
    n, n_components = codes.shape
    return KernelDensity(bandwidth=0.5 * n ** (-1 / (n_components + 4))).fit(codes)


def by_reference(audit: Audit, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of persons: how near synthetic records are, against other ones.

    Parameters
    ----------
    audit : Audit
        The sets.
    seed : int
        Not used.

    Returns
    -------
    tuple of ndarray
        Scores of members and of non-members.
    """

    def closeness(rows: np.ndarray, among: Records) -> np.ndarray:
        closeness: np.ndarray = -np.log(nearest(rows, among.rows) + SMALLEST)
        return closeness

    def score(records: Records) -> np.ndarray:
        near = closeness(records.rows, audit.synthetic)
        return records.per_person(near - closeness(records.rows, audit.reference))

    return score(audit.training), score(audit.others)


Scores = Callable[[Audit, int], tuple[np.ndarray, np.ndarray]]


def area(scores: Scores) -> Callable[[Audit, int], Outcome]:
    """Return the attack that is judged by the area under the ROC curve.

    Parameters
    ----------
    scores : callable
        Function that returns the scores of members and of non-members.

    Returns
    -------
    callable
        Attack.
    """

    def run(audit: Audit, seed: int) -> Outcome:
        return of_ranks(*scores(audit, seed), stream(seed, Use.MEASURE, 4))

    return run


def hits(scores: Scores) -> Callable[[Audit, int], Outcome]:
    """Return the attack that is judged by true positives at 1 % false positives.

    Parameters
    ----------
    scores : callable
        Function that returns the scores of members and of non-members.

    Returns
    -------
    callable
        Attack.
    """

    def run(audit: Audit, seed: int) -> Outcome:
        members, others = scores(audit, seed)
        n = len(others)
        allowed = int(FALSE_POSITIVES * n)
        rate = float((members > np.sort(others)[n - 1 - allowed]).mean())
        # by chance, a member is above the k-th largest of n scores in k of n + 1 cases
        return of_rates(rate, len(members), (allowed + 1) / (n + 1), n + 1)

    return run


def near_duplicates(audit: Audit, seed: int) -> Outcome:
    """Return the outcome of looking for near-copies of training records.

    Parameters
    ----------
    audit : Audit
        The sets.
    seed : int
        Not used.

    Returns
    -------
    Outcome
        Share of synthetic records that are near-duplicates, and that of unseen ones.
    """
    rate = near_duplicate_share(
        audit.training.X,
        audit.synthetic.X,
        X_holdout=audit.unseen.X,
        quantile=FALSE_POSITIVES,
    )
    n = len(audit.unseen)
    chance = (1 + FALSE_POSITIVES * (n - 1)) / (n + 1)
    return of_rates(rate, len(audit.synthetic), chance, audit.unseen.n_persons)
