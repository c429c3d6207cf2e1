"""The attributes of series: codes, levels, log-scales and log-lengths, as columns.

This module keeps statistics only, no row of any series. The rows of the training series
are in `_reference`.

Letters: ``Z`` codes, flattened, (n, n_codes); ``m`` levels and ``s`` scales, (n, C);
``L`` lengths, (n,); ``V = (Z, m, log s)`` and, if lengths vary, a last column
``log L``.
"""

import numpy as np

from lgta_sklearn._files.registry import storable

__all__ = ["AttributeSpace", "log_of_scale"]

MIN_SPREAD = 1e-3  # of levels, as a share of the smallest scale, and of log-scales


@storable
class AttributeSpace:
    """Columns of attributes, standardised by the statistics of the training series.

    Parameters
    ----------
    code_shape : tuple of int
        ``(latent_dim,)``, or ``(n_steps, latent_dim)`` for a code of each time step.
        These are standardised over series and steps, so that they remain sequences.
        ``(0,)`` for a model without codes.
    min_scale : ndarray of shape (n_channels,)
        Smallest scale of a series that is not constant.

    Attributes
    ----------
    code_scale : ndarray of shape (n_codes,)
        Standard deviation of the codes.
    share_within : ndarray of shape (n_codes,)
        Share of this standard deviation within classes. It is 1 for codes of time
        steps, since a share that differs between steps would distort a time warp.
    weights : ndarray of shape (n_movable,)
        Column weights of the neighbour search. With a code of each time step all
        codes together count half as much as one level.
    """

    def __init__(self, code_shape: tuple[int, ...], min_scale: np.ndarray) -> None:
        self.code_shape, self.min_scale = code_shape, min_scale
        self.n_codes = int(np.prod(code_shape))
        self.n_channels = len(min_scale)
        self.shortest = self.longest = 0

    def fit(
        self,
        code: np.ndarray,
        level: np.ndarray,
        scale: np.ndarray,
        lengths: np.ndarray,
        labels: np.ndarray | None,
    ) -> np.ndarray:
        """Learn means and standard deviations; return the standardised rows.

        Parameters
        ----------
        code : ndarray of shape (n_samples, n_codes)
            Posterior means.
        level, scale : ndarray of shape (n_samples, n_channels)
            NaN for a channel without observed values.
        lengths : ndarray of int of shape (n_samples,)
            Time points of each series.
        labels : ndarray of int of shape (n_samples,) or None
            Numbers of the classes.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Standardised rows, NaN where an attribute was not observed.
        """
        self.shortest, self.longest = int(lengths.min()), int(lengths.max())
        V = self.columns(code, level, scale, lengths)
        self._mean, spread = np.nanmean(V, axis=0), np.nanstd(V, axis=0)
        # levels of series that were standardised one by one only differ by rounding
        of_levels = [MIN_SPREAD * self.min_scale, np.full(self.n_channels, MIN_SPREAD)]
        least = np.concatenate([np.zeros(self.n_codes), *of_levels])
        self._spread = np.fmax(spread, np.pad(least, (0, V.shape[1] - len(least))))
        self.weights = np.ones(self.n_movable)
        if len(self.code_shape) > 1:
            self._pool_steps(code)
            self.share_within = np.ones(self.n_codes)
            self.weights[: self.n_codes] /= 2 * np.sqrt(self.n_codes)
        else:
            spread = np.where(self._spread > 0, self._spread, 1.0)[: self.n_codes]
            self.share_within = _spread_within(code, labels) / spread
        self.code_scale = self._spread[: self.n_codes].copy()
        self._spread[self._spread == 0] = 1.0
        return self.standardised(V)

    def fit_range(self, V: np.ndarray) -> None:
        """Learn the range of the columns, and the density of all but the codes.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised rows of the training series, without NaN.
        """
        self._bounds = V.min(axis=0), V.max(axis=0)
        self._level_density = _gaussian(V[:, self.n_codes :])

    @property
    def n_columns(self) -> int:
        """Return the number of columns of V.

        Returns
        -------
        int
            Codes, levels, log-scales, and the log-length if lengths vary.
        """
        return self.n_movable + int(self.lengths_vary)

    @property
    def n_movable(self) -> int:
        """Return the number of columns that a variation may move: all but the length.

        Returns
        -------
        int
            Codes, levels and log-scales.
        """
        return self.n_codes + 2 * self.n_channels

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """Return the blocks of columns of levels and of log-scales.

        Returns
        -------
        list of (int, int)
            First column, and the one after the last.
        """
        middle = self.n_codes + self.n_channels
        return [(self.n_codes, middle), (middle, self.n_movable)]

    @property
    def lengths_vary(self) -> bool:
        """Tell whether the training series differ in length.

        Returns
        -------
        bool
            Whether V has a column of log-lengths.
        """
        return self.shortest < self.longest

    def columns(
        self,
        code: np.ndarray,
        level: np.ndarray,
        scale: np.ndarray,
        lengths: np.ndarray,
    ) -> np.ndarray:
        """Return the columns V, not standardised.

        Parameters
        ----------
        code : ndarray of shape (n_samples, n_codes)
            Codes.
        level, scale : ndarray of shape (n_samples, n_channels)
            Levels and scales.
        lengths : ndarray of int of shape (n_samples,)
            Time points.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            NaN where there is no level.
        """
        parts = [code, level, log_of_scale(scale, self.min_scale)]
        if self.lengths_vary:
            parts.append(np.log(lengths)[:, None])
        return np.concatenate(parts, axis=1)

    def check_columns(self, Z: np.ndarray) -> None:
        """Refuse an array that does not have the columns of V.

        Parameters
        ----------
        Z : ndarray
            An array.

        Raises
        ------
        ValueError
            If it has another shape.
        """
        if Z.ndim != 2 or Z.shape[1] != self.n_columns:
            last = ", then a log-length" if self.lengths_vary else ""
            raise ValueError(
                f"Z must have shape (n_samples, {self.n_columns}): {self.n_codes} "
                f"codes, then {self.n_channels} levels, then as many log-scales{last}; "
                f"got {Z.shape}."
            )

    def split(
        self, V: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the attributes of given columns.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Columns, not standardised.

        Returns
        -------
        code : ndarray of shape (n_samples, n_codes)
            Codes.
        level, scale : ndarray of shape (n_samples, n_channels)
            Levels and scales.
        lengths : ndarray of int of shape (n_samples,)
            Time points, within those of the training series.
        """
        code, level, log_scale, log_length = self._parts(V)
        constant = log_scale < np.log(self.min_scale) - 0.5
        scale = np.where(constant, 0.0, np.exp(log_scale))
        lengths = np.full(len(V), self.longest)
        if self.lengths_vary:
            drawn = np.rint(np.exp(log_length[:, 0]))
            lengths = drawn.clip(self.shortest, self.longest).astype(int)
        return code, level, scale, lengths

    def split_step(
        self, step: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return steps of standardised columns as steps of the attributes.

        Parameters
        ----------
        step : ndarray of shape (n_samples, n_movable + n_more)
            Standardised; further columns are returned as they are.

        Returns
        -------
        of_code : ndarray of shape (n_samples, n_codes)
            Steps of the codes.
        of_level, of_log_scale : ndarray of shape (n_samples, n_channels)
            Steps of levels, in units of the data, and of log-scales.
        more : ndarray of shape (n_samples, n_more)
            Further columns.
        """
        code, level, log_scale, more = self._parts(step)
        _, of_level, of_log_scale, _ = self._parts(self._spread)
        return code * self.code_scale, level * of_level, log_scale * of_log_scale, more

    def standardised_spread(self, spread: np.ndarray) -> np.ndarray:
        """Return spreads of codes in units of standardised columns.

        Parameters
        ----------
        spread : ndarray of shape (n_samples, n_codes)
            Standard deviations of codes.

        Returns
        -------
        ndarray of shape (n_samples, n_codes)
            Standardised.
        """
        standardised: np.ndarray = spread / self._spread[: self.n_codes]
        return standardised

    def restored(self, V: np.ndarray) -> np.ndarray:
        """Return standardised columns in their own units.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Not standardised.
        """
        restored: np.ndarray = self._mean + V * self._spread
        return restored

    def within_range(self, V: np.ndarray) -> np.ndarray:
        """Return standardised columns, cut to the range of the training series.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Standardised.
        """
        return np.clip(V, *self._bounds)

    def standardised(self, V: np.ndarray) -> np.ndarray:
        """Return columns in standard deviations from their mean.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Columns in their own units.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Standardised.
        """
        standardised: np.ndarray = (V - self._mean) / self._spread
        return standardised

    def rescaled(self, V: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return the columns of series whose values are multiplied by a factor.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Columns, not standardised.
        factor : ndarray of shape (n_channels, 1)
            Factor of each channel.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Columns, not standardised.
        """
        code, level, log_scale, more = self._parts(V)
        factor = factor[:, 0]
        return np.concatenate(
            [code, level * factor, log_scale + np.log(factor), more], axis=1
        )

    def level_log_density(self, V: np.ndarray) -> np.ndarray:
        """Return the log density of all but the codes, under a Gaussian.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Standardised columns.

        Returns
        -------
        ndarray of shape (n_samples,)
            In nats, for standardised columns.
        """
        levels = V[:, self.n_codes :]
        precision, constant = self._level_density
        # not by a product of matrices: its last bits depend on the number of rows
        white = (levels[:, :, None] * precision).sum(axis=1)
        log_density: np.ndarray = constant - 0.5 * (white**2).sum(axis=1)
        return log_density

    def _pool_steps(self, code: np.ndarray) -> None:
        """Give the codes of all time steps one mean and one standard deviation."""
        n_steps, latent_dim = self.code_shape
        rows = code.reshape(-1, latent_dim)
        self._mean[: self.n_codes] = np.tile(rows.mean(axis=0), n_steps)
        self._spread[: self.n_codes] = np.tile(rows.std(axis=0), n_steps)

    def _parts(self, columns: np.ndarray) -> list[np.ndarray]:
        """Return codes, levels, log-scales, and the columns that follow."""
        ends = np.cumsum([self.n_codes, self.n_channels, self.n_channels])
        # the last bits of a function can depend on the stride of its argument
        return [*map(np.ascontiguousarray, np.split(columns, ends, axis=-1))]


def log_of_scale(scale: np.ndarray, min_scale: np.ndarray) -> np.ndarray:
    """Return log-scales; that of a constant series is one below the floor of others.

    Parameters
    ----------
    scale : ndarray of shape (n_samples, n_channels)
        Scales; 0 for constant series.
    min_scale : ndarray of shape (n_channels,)
        Smallest scale of a series that is not constant.

    Returns
    -------
    ndarray of shape (n_samples, n_channels)
        Log-scales.
    """
    log_scale: np.ndarray = np.log(np.where(scale == 0, min_scale / np.e, scale))
    return log_scale


def _spread_within(code: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return the standard deviation of codes within classes."""
    if labels is None:
        return code.std(axis=0)
    centres = np.array(
        [code[labels == k].mean(axis=0) for k in range(labels.max() + 1)]
    )
    freedom = len(code) - len(centres)
    if freedom < 1:  # one series per class does not show the spread within it
        return code.std(axis=0)
    return np.sqrt(((code - centres[labels]) ** 2).sum(axis=0) / freedom)


def _gaussian(F: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the root of the precision of standardised rows, and the log of its peak.

    Works for any number of rows: a ridge makes their covariance invertible.
    """
    from sklearn.covariance import LedoitWolf

    covariance = 1e-3 * np.eye(F.shape[1])
    if len(F) > 1:
        covariance += LedoitWolf().fit(F).covariance_
    values, vectors = np.linalg.eigh(covariance)
    peak = -0.5 * (np.log(2 * np.pi) * len(values) + np.log(values).sum())
    return vectors / np.sqrt(values), float(peak)
