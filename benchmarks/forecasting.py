"""Forecasts with and without varied windows in the training set.

    LGTA_DATA=data python benchmarks/forecasting.py

needs the panels TourismQuarterly and TourismMonthly and raw_etth1.csv.gz; about an
hour on one core. Writes docs/benchmarks/forecasting.md.

Each series is split in time. A global model maps the last values of a series (lags, in
differences from their mean) to the next eight; it is trained on windows of the first
part and tested at every origin of the second. Everything is in units of the mean
absolute error of the seasonal-naive forecast within the first part of the series, so
that absolute errors are scaled errors (MASE, Hyndman and Koehler, 2006,
doi:10.1016/j.ijforecast.2006.03.001); they are averaged per series, then over series.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from _sets import panel
from _shared import DOCS, add_rows, markdown, read_raw, read_rows, write
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.multioutput import MultiOutputRegressor

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.augmenters.suggestion import direct_augmenter
from lgta_sklearn.datasets import time_split, windows
from lgta_sklearn.transforms import (
    Drift,
    Jitter,
    MagnitudeWarp,
    OneOf,
    Scaling,
    TimeWarp,
    Trend,
)

HORIZON = 8
# season, lags, time points to test on, step between training windows, series
SETS = {
    "TourismQuarterly": (4, 16, 20, 2, lambda: panel("TourismQuarterly")["X"]),
    "TourismMonthly": (12, 36, 60, 12, lambda: panel("TourismMonthly")["X"]),
    "ETTh1": (24, 48, 3000, 12, lambda: read_raw("raw_etth1.csv.gz").T[:, None]),
}
KEEPING_TIME = [Jitter(), Scaling(), MagnitudeWarp(), Drift(), Trend()]
ALL, CLOCK_KEPT = OneOf([*KEEPING_TIME, TimeWarp()]), OneOf(KEEPING_TIME)
ONE_DRAW = "direct, clock kept, one draw per time point"
STRENGTHS = (0.1, 0.3, 0.5)
ALPHAS = np.logspace(-2, 4, 13)


def ridge(inputs, targets, n_real):
    """Choose the penalty on the real windows, which stand first, and grow it too.

    Among varied windows a window left out would be predicted from its variation, and
    any augmentation would seem to need no penalty.
    """
    alpha = RidgeCV(ALPHAS).fit(inputs[:n_real], targets[:n_real]).alpha_
    return Ridge(alpha * len(inputs) / n_real).fit(inputs, targets)


def boosting(inputs, targets, n_real):
    one = HistGradientBoostingRegressor(random_state=0)
    return MultiOutputRegressor(one).fit(inputs, targets)


MODELS = {"ridge": ridge, "boosting": boosting}


AUGMENTERS = {
    "direct": DirectAugmenter(ALL),
    "latent": LatentAugmenter(latent="per_step", transformation=ALL),
    "latent, the default": LatentAugmenter(),
    "direct, clock kept": DirectAugmenter(CLOCK_KEPT),
    "latent, clock kept": LatentAugmenter(latent="per_step", transformation=CLOCK_KEPT),
    "direct, clock alone": DirectAugmenter(TimeWarp()),
    "direct, relatives": direct_augmenter(),
    "direct, relatives and clock": direct_augmenter(warped=True),
    ONE_DRAW: DirectAugmenter(CLOCK_KEPT),
}


def trained_on(label, strength):
    """Return the name of a way to grow the training set."""
    return f"real + {label}, strength {strength:g}"


def varied_windows(label, train, W, cut, seed):
    """Yield variations of the training windows at each strength.

    Where windows overlap, a time point is in several of them. With one draw per time
    point, the long series are varied and then cut, so that it has one value; else each
    window is varied by itself.
    """
    augmenter = clone(AUGMENTERS[label]).set_params(random_state=seed)
    whole = label == ONE_DRAW
    augmenter.fit(train if whole else W)
    # a window varies less than its series: the same distance in both cases
    share = W.std(axis=-1).mean() / train.std(axis=-1).mean() if whole else 1.0
    for strength in STRENGTHS:
        varied = augmenter.augment(
            train if whole else W, strength=strength * share, random_state=seed
        )
        yield strength, cut(varied) if whole else varied


def from_level(W, n_lags):
    """Return lags and targets as differences from the mean of the lags, and this."""
    level = W[:, 0, :n_lags].mean(axis=1, keepdims=True)
    return W[:, 0, :n_lags] - level, W[:, 0, n_lags:] - level, level


def errors(forecast, W, places, n_lags):
    """Return the errors one step ahead and over all, averaged over series."""
    absolute = np.abs(forecast - W[:, 0, n_lags:])
    frame = pd.DataFrame(
        {"one": absolute[:, 0], "eight": absolute.mean(axis=1), "series": places[:, 0]}
    )
    return frame.groupby("series").mean().mean().to_dict()


def naive_rows(W, places, n_lags, season):
    """Yield the errors of the forecasts that learn nothing."""
    lags = W[:, 0, :n_lags]
    last = np.repeat(lags[:, -1:], HORIZON, axis=1)
    yield "naive", errors(last, W, places, n_lags)
    steps = np.arange(HORIZON) % season - season
    yield "seasonal naive", errors(lags[:, steps], W, places, n_lags)


def rows_of(name, seed, kept, have, labels):
    """Yield a row per forecaster and training set that is not there yet."""
    season, n_lags, n_test, step, load = SETS[name]
    X = np.asarray(load(), dtype=float)
    train, _ = time_split(X, n_test)
    unit = np.abs(train[..., season:] - train[..., :-season]).mean(axis=(1, 2))
    known = np.flatnonzero(unit > 0)  # a series that repeats itself has no scale
    X, train = (A[known] / unit[known, None, None] for A in (X, train))
    n_windows = len(windows(train, n_lags + HORIZON, step=step)[0])
    rng = np.random.default_rng(seed)
    rows = rng.permutation(n_windows)[: int(kept * n_windows)]

    def cut(series):
        return windows(series, n_lags + HORIZON, step=step)[0][rows]

    W = cut(train)
    V, places = windows(X[..., -n_test - n_lags :], n_lags + HORIZON, step=1)
    head = {"set": name, "seed": seed, "kept": kept, "n": len(W)}
    if "real" not in have:
        for label, scores in naive_rows(V, places, n_lags, season):
            yield {**head, "model": "none", "trained on": label, **scores}
    lags, _, level = from_level(V, n_lags)

    def scored(model, rows):
        inputs, targets, _ = from_level(rows, n_lags)
        forecast = MODELS[model](inputs, targets, len(W)).predict(lags) + level
        return errors(forecast, V, places, n_lags)

    for model in MODELS if "real" not in have else ():
        yield {**head, "model": model, "trained on": "real", **scored(model, W)}
    for label in labels:
        if trained_on(label, STRENGTHS[-1]) in have:
            continue
        for strength, varied in varied_windows(label, train, W, cut, seed):
            grown, what = np.concatenate([W, varied]), trained_on(label, strength)
            for model in MODELS:
                of_model = scored(model, grown)
                yield {**head, "model": model, "trained on": what, **of_model}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kept", type=float, nargs="+", default=[1.0, 0.1])
    parser.add_argument("--only", nargs="*", default=list(AUGMENTERS))
    parser.add_argument("--rows", type=Path, default=DOCS / "forecasting.jsonl")
    args = parser.parse_args()
    rows = read_rows(args.rows)
    for seed in range(args.seeds):
        for name in SETS:
            for kept in args.kept:
                cell = name, seed, kept
                have = {
                    row["trained on"]
                    for row in rows
                    if (row["set"], row["seed"], row["kept"]) == cell
                }
                new = list(rows_of(*cell, have, args.only))
                add_rows(args.rows, new)
                rows += new
                print(name, seed, kept, flush=True)
    write_page(pd.DataFrame(rows))


def write_page(frame):
    """Write the tables."""
    order = list(dict.fromkeys(frame["trained on"]))
    parts = []
    for kept, rows in frame.groupby("kept", sort=False):
        melted = rows.melt(
            ["set", "model", "trained on", "seed"], ["one", "eight"], "steps", "MASE"
        )
        group = melted.groupby(["set", "model", "steps", "trained on"])["MASE"]
        cells = group.mean().map("{:.3f}".format) + group.std().map(
            lambda sd: "" if np.isnan(sd) else f" ± {sd:.3f}"
        )
        naive = group.mean().xs("none", level="model").map("{:.3f}".format)
        naive = naive.unstack("trained on").reset_index()
        table = cells.unstack(["set", "model", "steps"])
        table = table.loc[[name for name in order if name in table.index]]
        table.columns = [", ".join(column) for column in table.columns]
        table = table[[column for column in table if "none" not in column]]
        table = table.dropna(how="all").reset_index()
        learnt = melted[melted["model"] != "none"]
        real = learnt[learnt["trained on"] == "real"].drop(columns="trained on")
        keys = ["set", "model", "steps", "seed"]
        pairs = learnt.merge(real, on=keys, suffixes=("", " real"))
        pairs["against real alone, %"] = 100 * (pairs["MASE"] / pairs["MASE real"] - 1)
        change = pairs.groupby("trained on")["against real alone, %"]
        spread = pairs.groupby(["trained on", "seed"])["against real alone, %"].mean()
        summary = pd.DataFrame(
            {
                "change of MASE, %": change.mean().round(2),
                "sd of seeds": spread.groupby("trained on").std().round(2),
                "cells not worse": (pairs["MASE"] <= pairs["MASE real"])
                .groupby(pairs["trained on"])
                .mean()
                .round(2),
            }
        )
        names = [name for name in order if name in summary.index]
        summary = summary.loc[names]
        share = f"{kept:.0%} of the training windows"
        sizes = rows.groupby("set")["n"].first()
        counted = ", ".join(f"{name} {n}" for name, n in sizes.items())
        parts += [
            f"## {share}",
            f"Windows: {counted}.",
            markdown(summary.reset_index()),
        ]
        parts += [markdown(table.fillna("")), markdown(naive)]
    notes = DOCS / "forecasting_notes.md"
    head = notes.read_text() if notes.exists() else "# Forecasting"
    write("forecasting.md", head, *parts)


if __name__ == "__main__":
    main()
