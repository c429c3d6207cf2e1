"""Synthetic sets of series, padding, and windows of long series with the way back."""

from lgta_sklearn.datasets._padding import unpad
from lgta_sklearn.datasets._waves import make_waves
from lgta_sklearn.datasets._windows import time_split, unwindow, windows

__all__ = ["make_waves", "time_split", "unpad", "unwindow", "windows"]
