"""Synthetic series, padding, windows and the way back, and samples of many series."""

from lgta_sklearn.datasets._padding import unpad
from lgta_sklearn.datasets._reservoir import reservoir
from lgta_sklearn.datasets._waves import make_waves
from lgta_sklearn.datasets._windows import time_split, unwindow, windows

__all__ = ["make_waves", "reservoir", "time_split", "unpad", "unwindow", "windows"]
