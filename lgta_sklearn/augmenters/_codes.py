"""The space that the latent density lives in: codes, levels, log-scales, log-lengths.

Letters: ``Z`` codes, flattened, (n, n_codes); ``m`` levels and ``s`` scales, (n, C);
``L`` lengths, (n,); ``V = (Z, m, log s)`` and, where lengths vary, a last column
``log L``.
"""

import numpy as np

__all__ = ["CodeSpace"]

MIN_SPREAD = 1e-3  # of levels, in smallest scales, and of log-scales
MOST_DONORS = 5000  # training series that may lend a level where there is none


class CodeSpace:
    """Columns of the latent space, learned from the codes of the training series.

    Parameters
    ----------
    code : ndarray of shape (n_samples, n_codes)
        Posterior means.
    level, scale : ndarray of shape (n_samples, n_channels)
        NaN for a channel of which nothing was observed.
    lengths : ndarray of int of shape (n_samples,)
        Time points of each series.
    code_shape : tuple of int
        ``(latent_dim,)``, or ``(n_steps, latent_dim)`` for codes per time step. These
        are standardised over series and steps, so that they remain sequences.
    min_scale : ndarray of shape (n_channels,)
        Smallest scale but for the 0 of a constant.
    labels : ndarray of int of shape (n_samples,) or None
        Numbers of the classes.

    Attributes
    ----------
    V : ndarray of shape (n_samples, n_columns)
        The training series, standardised.
    code_scale : ndarray of shape (n_codes,)
        Standard deviation of the codes.
    share_within : ndarray of shape (n_codes,)
        The part of it within classes: what a class permits. 1 for codes per time
        step, since a share that differs by step would bend a warp.
    weights : ndarray of shape (n_of_series,)
        What the columns are multiplied by to tell who is near: the codes of all time
        steps together weigh half as much as one level.
    """

    def __init__(
        self,
        code: np.ndarray,
        level: np.ndarray,
        scale: np.ndarray,
        lengths: np.ndarray,
        *,
        code_shape: tuple[int, ...],
        min_scale: np.ndarray,
        labels: np.ndarray | None,
    ) -> None:
        self.n_codes, self.n_channels = code.shape[1], level.shape[1]
        self.code_shape, self.min_scale = code_shape, min_scale
        self.shortest, self.longest = int(lengths.min()), int(lengths.max())
        V = self._columns(code, level, scale, lengths)
        self._mean, spread = np.nanmean(V, axis=0), np.nanstd(V, axis=0)
        # levels of series that were standardised one by one differ by rounding alone
        of_levels = [MIN_SPREAD * min_scale, np.full(self.n_channels, MIN_SPREAD)]
        least = np.concatenate([np.zeros(self.n_codes), *of_levels])
        self._unit = np.fmax(spread, np.pad(least, (0, V.shape[1] - len(least))))
        self.weights = np.ones(self.n_of_series)
        if len(code_shape) > 1:
            self._pool_steps(code)
            self.share_within = np.ones(self.n_codes)
            self.weights[: self.n_codes] /= 2 * np.sqrt(self.n_codes)
        else:
            unit = np.where(self._unit > 0, self._unit, 1.0)[: self.n_codes]
            self.share_within = _spread_within(code, labels) / unit
        self.code_scale = self._unit[: self.n_codes].copy()
        self._unit[self._unit == 0] = 1.0
        V = self.standardised(V)
        self._donors = V[:: -(-len(V) // MOST_DONORS)]
        self.V = self._lent(V)
        self._bounds = self.V.min(axis=0), self.V.max(axis=0)
        self._level_density = _gaussian(self.V[:, self.n_codes :])

    @property
    def n_columns(self) -> int:
        """Return the number of columns of V.

        Returns
        -------
        int
            Codes, levels, log-scales, and the log-length if lengths vary.
        """
        return self.n_of_series + self.lengths_vary

    @property
    def n_of_series(self) -> int:
        """Return the number of columns that a variation may move: all but the length.

        Returns
        -------
        int
            Codes, levels and log-scales.
        """
        return self.n_codes + 2 * self.n_channels

    @property
    def of_series(self) -> np.ndarray:
        """Return these columns of the training series.

        Returns
        -------
        ndarray of shape (n_samples, n_of_series)
            Standardised.
        """
        return self.V[:, : self.n_of_series] if self.lengths_vary else self.V

    @property
    def lengths_vary(self) -> bool:
        """Tell whether the training series differ in length.

        Returns
        -------
        bool
            Whether V has a column of log-lengths.
        """
        return self.shortest < self.longest

    def join(
        self,
        code: np.ndarray,
        level: np.ndarray,
        scale: np.ndarray,
        lengths: np.ndarray,
    ) -> np.ndarray:
        """Return the columns V, not standardised.

        A channel of which nothing was observed gets the level and the scale that it has
        in the training series with the most similar other columns (Troyanskaya et al.,
        2001, doi:10.1093/bioinformatics/17.6.520).

        Parameters
        ----------
        code : ndarray of shape (n_samples, latent_dim)
            Codes.
        level, scale : ndarray of shape (n_samples, n_channels)
            Levels and scales.
        lengths : ndarray of int of shape (n_samples,)
            Time points.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Without NaN.
        """
        V = self._columns(code, level, scale, lengths)
        missing = np.isnan(V)
        if missing.any():
            lent = self.restored(self._lent(self.standardised(V)))
            V = np.where(missing, lent, V)
        return V

    def split(
        self, V: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return what columns stand for.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Columns, not standardised.

        Returns
        -------
        code : ndarray of shape (n_samples, latent_dim)
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
        """Return what steps of standardised columns stand for.

        Parameters
        ----------
        step : ndarray of shape (n_samples, n_of_series + n_more)
            Standardised; further columns are returned as they are.

        Returns
        -------
        of_code : ndarray of shape (n_samples, latent_dim)
            Steps of the codes.
        of_level, of_log_scale : ndarray of shape (n_samples, n_channels)
            Steps of levels, in units of the data, and of log-scales.
        more : ndarray of shape (n_samples, n_more)
            Further columns.
        """
        code, level, log_scale, more = self._parts(step)
        _, of_level, of_log_scale, _ = self._parts(self._unit)
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
        standardised: np.ndarray = spread / self._unit[: self.n_codes]
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
        restored: np.ndarray = self._mean + V * self._unit
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
        standardised: np.ndarray = (V - self._mean) / self._unit
        return standardised

    def in_units(self, V: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """Return columns of series that are counted in other units.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Columns, not standardised.
        unit : ndarray of shape (n_channels, 1)
            What the values are multiplied by.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Columns, not standardised.
        """
        code, level, log_scale, more = self._parts(V)
        unit = unit[:, 0]
        return np.concatenate(
            [code, level * unit, log_scale + np.log(unit), more], axis=1
        )

    def level_log_density(self, V: np.ndarray) -> np.ndarray:
        """Return the log density of all but the codes, under a Gaussian.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_columns)
            Columns, not standardised.

        Returns
        -------
        ndarray of shape (n_samples,)
            In nats, for standardised columns.
        """
        levels = self.standardised(V)[:, self.n_codes :]
        precision, constant = self._level_density
        # not by a product of matrices: its last bits depend on the number of rows
        white = (levels[:, :, None] * precision).sum(axis=1)
        log_density: np.ndarray = constant - 0.5 * (white**2).sum(axis=1)
        return log_density

    def _pool_steps(self, code: np.ndarray) -> None:
        """Let the codes of all time steps have one mean and one unit."""
        n_steps, latent_dim = self.code_shape
        rows = code.reshape(-1, latent_dim)
        self._mean[: self.n_codes] = np.tile(rows.mean(axis=0), n_steps)
        self._unit[: self.n_codes] = np.tile(rows.std(axis=0), n_steps)

    def _parts(self, columns: np.ndarray) -> list[np.ndarray]:
        """Return codes, levels, log-scales, and whatever follows."""
        ends = np.cumsum([self.n_codes, self.n_channels, self.n_channels])
        return np.split(columns, ends, axis=-1)

    def _columns(
        self,
        code: np.ndarray,
        level: np.ndarray,
        scale: np.ndarray,
        lengths: np.ndarray,
    ) -> np.ndarray:
        """Return the columns V, NaN where there is no level."""
        # the scale 0 of a constant stands one below the floor of the others
        log_scale = np.log(np.where(scale == 0, self.min_scale / np.e, scale))
        parts = [code, level, log_scale]
        if self.lengths_vary:
            parts.append(np.log(lengths)[:, None])
        return np.concatenate(parts, axis=1)

    def _lent(self, V: np.ndarray) -> np.ndarray:
        """Return standardised columns without NaN."""
        from sklearn.impute import KNNImputer

        if not np.isnan(V).any():
            return V
        lender = KNNImputer(keep_empty_features=True).set_output(transform="default")
        return lender.fit(self._donors).transform(V)


def _spread_within(code: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return the standard deviation of codes within classes."""
    if labels is None:
        return code.std(axis=0)
    centres = np.array(
        [code[labels == k].mean(axis=0) for k in range(labels.max() + 1)]
    )
    freedom = len(code) - len(centres)
    if freedom < 1:  # one series per class says nothing of what a class permits
        return code.std(axis=0)
    return np.sqrt(((code - centres[labels]) ** 2).sum(axis=0) / freedom)


def _gaussian(F: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the root of the precision of standardised rows, and the log of its peak.

    Of any number of rows: a ridge makes their covariance invertible.
    """
    from sklearn.covariance import LedoitWolf

    covariance = 1e-3 * np.eye(F.shape[1])
    if len(F) > 1:
        covariance += LedoitWolf().fit(F).covariance_
    values, vectors = np.linalg.eigh(covariance)
    peak = -0.5 * (np.log(2 * np.pi) * len(values) + np.log(values).sum())
    return vectors / np.sqrt(values), float(peak)
