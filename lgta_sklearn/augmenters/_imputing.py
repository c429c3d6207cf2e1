"""`ImputingMixin`: the ability to fill gaps."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lgta_sklearn._chunks import blocks
from lgta_sklearn._runtime import pinned_runtime
from lgta_sklearn._series.checks import check_series
from lgta_sklearn._series.panel import Panel

__all__ = ["ImputingMixin"]


class ImputingMixin(ABC):
    """Add `impute` to an augmenter, and the meaning of ``gaps="fill"``.

    A family declares the parameter `gaps` and fills the hook `_imputed`.
    """

    gaps: str
    _check_ready: Callable[[], None]

    @abstractmethod
    def _imputed(self, panel: Panel) -> Panel:
        """Return series with values in their gaps.

        Parameters
        ----------
        panel : Panel
            Series in model units, each with a gap.

        Returns
        -------
        Panel
            The same series without NaN before their ends. The caller only uses the
            values in the gaps.
        """

    def impute(self, X: Any) -> Any:
        """Fill the gaps of series, also if the parameter `gaps` is ``"keep"``.

        Known values are returned unchanged, to the last bit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timepoints) or (n_samples, n_channels, \
n_timepoints)
            Series, NaN where a value is missing.

        Returns
        -------
        array, DataFrame or list of the shape of X
            Series without missing values, in the container of `X`.
        """
        self._check_ready()
        return self._filled(check_series(self, X, reset=False)).packed()

    def _with_gaps(self, panel: Panel) -> Panel:
        """Return series, with filled gaps if the parameter `gaps` is ``"fill"``."""
        return self._filled(panel) if self.gaps == "fill" else panel

    def _filled(self, panel: Panel) -> Panel:
        """Return series without gaps, filled block by block."""
        rows = np.flatnonzero(panel.gaps().any(axis=(1, 2)))
        if not len(rows):
            return panel
        values = panel.values.copy()
        with pinned_runtime():
            for _, block in blocks(len(rows)):
                some = panel[rows[block]]
                filled = self._imputed(some.in_model_units()).values
                whole = some.with_model_values(filled, where=some.gaps())
                if whole.gaps().any():
                    raise ValueError(
                        f"{type(self).__name__}._imputed left NaN in gaps."
                    )
                values[rows[block]] = whole.values
        return replace(panel, values=values)
