"""Synthetic sets of series; windows of long series, and the way back."""

from lgta_sklearn.datasets._waves import make_waves
from lgta_sklearn.datasets._windows import time_split, unwindow, windows

__all__ = ["make_waves", "time_split", "unwindow", "windows"]
