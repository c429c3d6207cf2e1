"""The contract of densities, observation noise and gap patterns, and how it is used.

A conditional sampler has

    fit(rows, given=None)
    sample(n_samples=1, *, given=None, random_state=None)

where `given` has a row for each row that is learned or drawn: the number of its class,
or the code that it belongs to. A sampler that does not depend on anything may leave
`given` out, as the densities of scikit-learn do.

A longer draw has to begin with a shorter one. A sampler whose first rows do not depend
on how many are drawn says so by ``draws_in_order = True``; of any other a whole block
of `BLOCK` rows is drawn each time.
"""

import copy
import inspect
from typing import Any, Protocol, Self

import numpy as np

from lgta_sklearn._chunks import BLOCK
from lgta_sklearn._random import as_int

__all__ = ["ConditionalSampler", "fit_sampler", "sample_from", "sample_rows"]


class ConditionalSampler(Protocol):
    """What a density, an observation noise and gap patterns have in common."""

    def fit(self, rows: np.ndarray, given: np.ndarray | None = None) -> Self:
        """Learn the distribution of rows.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, ...)
            Rows.
        given : ndarray of shape (n_samples, ...) or None, default=None
            What each row depends on.

        Returns
        -------
        ConditionalSampler
            The fitted sampler.
        """

    def sample(
        self,
        n_samples: int = 1,
        *,
        given: np.ndarray | None = None,
        random_state: Any = None,
    ) -> np.ndarray:
        """Draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        given : ndarray of shape (n_samples, ...) or None, default=None
            What each row depends on.
        random_state : None, int, RandomState or Generator, default=None
            Seed of the draw.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            Rows.
        """


def fit_sampler(sampler: Any, rows: np.ndarray, given: np.ndarray | None) -> Any:
    """Fit a sampler, and pass `given` if it takes that.

    Parameters
    ----------
    sampler : object
        Unfitted sampler.
    rows : ndarray of shape (n_samples, ...)
        Rows to learn.
    given : ndarray of shape (n_samples, ...) or None
        What each row depends on.

    Returns
    -------
    object
        The fitted sampler.
    """
    if "given" in inspect.signature(sampler.fit).parameters:
        return sampler.fit(rows, given=given)
    return sampler.fit(rows)


def sample_from(
    sampler: Any, n_samples: int, random_state: Any, given: np.ndarray | None = None
) -> np.ndarray:
    """Call `sample` with the arguments that a sampler takes.

    Parameters
    ----------
    sampler : object
        Fitted sampler.
    n_samples : int
        Number of rows.
    random_state : None, int, RandomState or Generator
        Seed. A sampler whose `sample` has no such argument (as in
        `sklearn.mixture`) is copied, and gets it as an attribute.
    given : ndarray of shape (n_samples, ...) or None, default=None
        What each row depends on.

    Returns
    -------
    ndarray of shape (n_samples, ...)
        Drawn rows.
    """
    takes = inspect.signature(sampler.sample).parameters
    options: dict[str, Any] = {} if "given" not in takes else {"given": given}
    if "random_state" in takes:
        options["random_state"] = random_state
    elif hasattr(sampler, "random_state"):
        sampler = copy.copy(sampler)
        sampler.random_state = random_state
    drawn = sampler.sample(n_samples, **options)
    # a mixture of scikit-learn returns the components, too
    return np.asarray(drawn[0] if isinstance(drawn, tuple) else drawn)


def sample_rows(
    sampler: Any,
    n_samples: int,
    rng: np.random.Generator,
    *,
    given: np.ndarray | None = None,
    row: tuple[int, ...],
) -> np.ndarray:
    """Draw the first rows of a block: a longer draw begins with a shorter one.

    Parameters
    ----------
    sampler : object
        Fitted sampler.
    n_samples : int
        Number of rows, at most `BLOCK`.
    rng : numpy.random.Generator
        Stream of the block.
    given : ndarray of shape (n_samples, ...) or None, default=None
        What each row depends on.
    row : tuple of int
        Shape of a row, such as ``(n_features,)``.

    Returns
    -------
    ndarray of shape (n_samples, *row)
        Drawn rows.

    Raises
    ------
    ValueError
        If the sampler returns another shape, NaN or infinity.
    """
    if n_samples == 0:
        return np.empty((0, *row))
    in_order = getattr(sampler, "draws_in_order", False)
    n_drawn = n_samples if in_order else max(BLOCK, n_samples)
    if given is not None and len(given) < n_drawn:
        given = np.resize(given, (n_drawn, *given.shape[1:]))
    seed = as_int(rng)  # one that any library takes
    drawn = sample_from(sampler, n_drawn, seed, given)
    _check_drawn(drawn, (n_drawn, *row), sampler)
    if not in_order and given is None:
        # some densities return their rows component by component
        drawn = rng.permutation(drawn)
    return drawn[:n_samples]


def _check_drawn(rows: np.ndarray, shape: tuple[int, ...], sampler: Any) -> None:
    """Refuse an array that is not the rows asked for: anybody may write a sampler."""
    name = type(sampler).__name__
    if rows.shape != shape:
        raise ValueError(
            f"{name}.sample({shape[0]}) returned an array of shape {rows.shape}, "
            f"expected {shape}."
        )
    if not np.isfinite(rows).all():
        raise ValueError(
            f"{name}.sample({shape[0]}) returned NaN or infinity, expected finite "
            "numbers."
        )
