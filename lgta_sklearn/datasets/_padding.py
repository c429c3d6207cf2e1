"""Series of different lengths, from an array that is padded with NaN."""

from typing import Any

import numpy as np

from lgta_sklearn._series.panel import unpadded

__all__ = ["unpad"]


def unpad(X: Any) -> list[np.ndarray]:
    """Remove the padding from series that are padded with NaN at the end.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
        Series, NaN beyond the end of each. Time points at the end count as padding if
        all channels are NaN; NaN before them are missing values and stay.

    Returns
    -------
    list of ndarray of shape (n_timepoints_i,) or (n_channels, n_timepoints_i)
        Copies of the series without their padding, of the dtype of `X`: a container
        that all augmenters take.

    Raises
    ------
    ValueError
        If `X` has another number of dimensions, does not contain numbers, or a series
        has no value.

    Examples
    --------
    >>> import numpy as np
    >>> from lgta_sklearn.datasets import unpad
    >>> unpad([[1.0, 2.0, np.nan], [1.0, np.nan, 3.0]])
    [array([1., 2.]), array([ 1., nan,  3.])]
    """
    X = np.asarray(X)
    if X.ndim not in (2, 3) or X.dtype.kind not in "iuf":
        raise ValueError(
            "X must be an array of numbers of shape (n_samples, n_timepoints) or "
            f"(n_samples, n_channels, n_timepoints), got {X.dtype} of shape {X.shape}."
        )
    empty = np.isnan(X).all(axis=tuple(range(1, X.ndim)))
    if empty.any():
        raise ValueError(
            f"each series of X must have a value; {int(empty.sum())} of {len(X)} have "
            f"none, the first of them is series {int(empty.argmax())}."
        )
    lengths = unpadded(X).lengths.tolist()
    return [row[..., :length].copy() for row, length in zip(X, lengths, strict=True)]
