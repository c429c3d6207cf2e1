"""The sets of series of the benchmarks.

Those of the generation benchmark have three parts. Windows of one long series overlap,
and the whole series drifts, so neither a random split nor one by halves is honest about
memorisation: the series is cut into stretches of three window lengths, every other
stretch is held out, and windows are cut inside the stretches. But a critic recognises a
stretch by its neighbouring windows, so the distribution is compared with other windows
of the training stretches:

    train    what generators learn
    twin     the same distribution, which samples are compared with
    unseen   what the memorisation of the training part is measured by
"""

import os
import sys
from pathlib import Path

import numpy as np
from _shared import min_max, read_raw, windows

STRETCH = 3  # windows long


def sines(n=10_000, seed=0):
    """Return TimeGAN's sines: sin(f * t + p), f and p uniform in [0, 0.1)."""
    rng = np.random.default_rng(seed)
    f, p = rng.uniform(0, 0.1, size=(2, n, 5, 1))
    return (np.sin(f * np.arange(24) + p) + 1) / 2


def in_stretches(series, length=24):
    """Return windows of every other stretch of a raw series, and of the others."""
    series = min_max(series)
    stretches = np.array_split(series, len(series) // (STRETCH * length))
    cut = [windows(stretch, length) for stretch in stretches]
    return np.concatenate(cut[::2]), np.concatenate(cut[1::2])


def drift(n_steps=4000, n_channels=8, shared=0.9, seed=0):
    """Return walks that drift together: cumulative sums of correlated noise."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n_steps, 1))
    own = rng.standard_normal((n_steps, n_channels))
    noise = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    return noise.cumsum(axis=0)


def panel(name):
    """Return a panel's arrays, or leave."""
    path = Path(os.environ.get("LGTA_DATA", "data")) / f"{name}.npz"
    if not path.exists():
        sys.exit(f"skipped: {path} is not there; set LGTA_DATA to the folder with it.")
    return np.load(path)


def beijing():
    """Return complete days of air quality and weather, every other day."""
    days = panel("BeijingPM25Days")["X"].astype(float)
    low, high = (f(days, axis=(0, 2))[:, None] for f in (np.nanmin, np.nanmax))
    days = (days - low) / (high - low)
    return [X[~np.isnan(X).any(axis=(1, 2))] for X in (days[::2], days[1::2])]


def ecg():
    """Return the archive's own training and test heart beats."""
    z = panel("ECG5000")
    return (z["X"][z[part]].astype(float) for part in ("train_idx", "test_idx"))


def parts(name):
    """Return the parts train, twin and unseen of a set."""
    if name in LONGER:
        train, _, test, _ = labelled(name)
        return np.array(train), np.array(test), np.array(test)
    train, other = (SETS | DRIFTING)[name]()
    rng = np.random.default_rng(0)
    if name in INDEPENDENT:
        twin, unseen = np.array_split(other[rng.permutation(len(other))], 2)
        return train[:MOST], twin, unseen
    half = len(train) // 2
    order = rng.permutation(len(train))
    return train[np.sort(order[:half])], train[order[half:]], other


INDEPENDENT = {"sines", "ECG5000"}  # their series do not overlap
MOST = 2500
SETS = {
    "stocks": lambda: in_stretches(read_raw("raw_stocks_timegan.csv.gz")),
    "ETTh1": lambda: in_stretches(read_raw("raw_etth1.csv.gz")),
    "sines": lambda: np.array_split(sines(), 2),
    "Beijing PM2.5": beijing,
    "ECG5000": ecg,
    "white noise": lambda: in_stretches(read_raw("control_tourism_seed0.csv.gz")),
}
# the official parts; samples are compared with the test part in all respects
LONGER = ["RacketSports", "Epilepsy", "TourismMonthly", "HouseTwenty"]
# not one of the six of the generation benchmark
DRIFTING = {"drift": lambda: in_stretches(drift())}


OF_SKTIME = {
    "ItalyPowerDemand": "load_italy_power_demand",
    "GunPoint": "load_gunpoint",
    "BasicMotions": "load_basic_motions",
    "JapaneseVowels": "load_japanese_vowels",
    "ArrowHead": "load_arrow_head",
    "OSULeaf": "load_osuleaf",
    "ACSF1": "load_acsf1",
    "PLAID": "load_plaid",
}
PANELS = [
    "BeijingPM25Days",
    "Chinatown",
    "Crop",
    "ECG200",
    "ECG5000",
    "ECGOlszewski",
    "Epilepsy",
    "FingerMovements",
    "GesturePebbleZ1",
    "HouseTwenty",
    "MelbournePedestrian",
    "RacketSports",
    "TourismMonthly",
    "TourismQuarterly",
]
LABELLED = [*OF_SKTIME, *PANELS]


def labelled(name):
    """Return the official training and test part: lists of (C, T), and labels."""
    parts = []
    if name in OF_SKTIME:
        import sktime.datasets

        load = getattr(sktime.datasets, OF_SKTIME[name])
        for split in ("train", "test"):
            X, y = load(split=split, return_type="df-list")
            parts += [[frame.to_numpy().T for frame in X], np.asarray(y)]
        return parts
    z = panel(name)
    X, y, lengths = z["X"].astype(float), z["y"], z["lengths"]
    for rows in (z["train_idx"], z["test_idx"]):
        parts += [[X[row, :, : lengths[row]] for row in rows], y[rows]]
    return parts


def complete(X, n_timepoints):
    """Return series as an array: gaps become lines, ends are padded with zeros."""
    completed = np.zeros((len(X), X[0].shape[0], n_timepoints))
    for series, row in zip(X, completed, strict=True):
        time = np.arange(series.shape[1])
        for values, out in zip(series, row, strict=True):
            known = ~np.isnan(values)
            if known.any():
                out[: len(time)] = np.interp(time, time[known], values[known])
    return completed
