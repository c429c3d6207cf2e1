"""What growth does to regression: repetition, variations, and mixed targets.

Six sets of labelled series, of which at most 100 are trained on (three draws; where the
set has no more, the whole training part): **Covid3Month** and **CardanoSentiment** of
the archive of time series extrinsic regression (Tan et al., 2021, arXiv:2006.10996) in
their official parts; **Beijing PM2.5**, the mean of a day's PM2.5 from its weather,
2010 to 2012 against 2013 and 2014; **ETTh1**, the mean oil temperature of a day from
its loads, every other day against the days between; **ItalyPowerDemand** and
**MelbournePedestrian**, the largest value of the second half of a day from the first.

Four copies of each series are added: itself; variations that keep its target, direct
and in latent space; and C-Mixup (Yao et al., 2022, arXiv:2210.05775), of values and in
latent space, at its default bandwidth. A ridge chooses its penalty before growth.

    LGTA_DATA=folder python benchmarks/regression.py

Each result is a line of docs/benchmarks/regression.jsonl, written at once, and what is
there is not run again. Writes docs/benchmarks/regression.md.
"""

import argparse
import warnings
from itertools import product

import numpy as np
import pandas as pd
from _generators import TWIN
from _sets import labelled, panel
from _shared import DOCS, add_rows, markdown, read_raw, read_rows, write
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from lgta_sklearn import AugmentedRegressor, DirectAugmenter, LatentAugmenter
from lgta_sklearn.transforms import Jitter

RESULTS = DOCS / "regression.jsonl"
MOST, MOST_TEST, COPIES = 100, 1000, 4
ALPHAS = np.logspace(-3, 5, 17)


def archive(name):
    """Return the parts of a set that aeon ships."""
    import aeon.datasets as of_aeon

    load = getattr(of_aeon, f"load_{name}")
    X, y = load(split="train")
    X_test, y_test = load(split="test")
    return X, y.astype(float), X_test, y_test.astype(float)


def beijing():
    z = panel("BeijingPM25Days")
    X = z["X"].astype(float)
    parts = []
    for rows in (z["train_idx"], z["test_idx"]):
        days = X[rows][~np.isnan(X[rows]).any(axis=(1, 2))]
        parts += [days[:, 1:], days[:, 0].mean(axis=1)]  # the first channel is PM2.5
    return parts


def etth1():
    series = read_raw("raw_etth1.csv.gz")
    n_days = len(series) // 24
    days = series[: 24 * n_days].reshape(n_days, 24, -1).transpose(0, 2, 1)
    X, y = days[:, :-1], days[:, -1].mean(axis=1)
    return X[::2], y[::2], X[1::2], y[1::2]


def second_half(name):
    X, _, X_test, _ = labelled(name)
    parts = []
    for some in (X, X_test):
        days = np.stack(some)
        days = days[~np.isnan(days).any(axis=(1, 2))]
        parts += [days[:, :, :12], days[:, 0, 12:].max(axis=1)]
    return parts


SETS = {
    "Covid3Month": lambda: archive("covid_3month"),
    "CardanoSentiment": lambda: archive("cardano_sentiment"),
    "Beijing PM2.5": beijing,
    "ETTh1": etth1,
    "ItalyPowerDemand": lambda: second_half("ItalyPowerDemand"),
    "MelbournePedestrian": lambda: second_half("MelbournePedestrian"),
}
REPEAT = DirectAugmenter(Jitter(), strength=0)
WAYS = {
    "nothing": {"n_copies": 0},
    "repetition": {"augmenter": REPEAT, "method": "augment"},
    "direct, same target": {"augmenter": DirectAugmenter(TWIN), "method": "augment"},
    "latent, same target": {"augmenter": LatentAugmenter(), "method": "augment"},
    "direct, C-Mixup": {"augmenter": DirectAugmenter()},
    "latent, C-Mixup": {"augmenter": LatentAugmenter()},
}


def models(seed):
    """Return the regressors, which take flat series."""
    network = MLPRegressor(max_iter=300, random_state=seed)
    scaled = TransformedTargetRegressor(network, transformer=StandardScaler())
    return {
        "ridge": make_pipeline(StandardScaler(), RidgeCV(ALPHAS)),
        "forest": RandomForestRegressor(100, random_state=seed),
        "5-NN": make_pipeline(StandardScaler(), KNeighborsRegressor(5)),
        "network": make_pipeline(StandardScaler(), scaled),
    }


def flat(model):
    """Return a pipeline that flattens series first."""
    return make_pipeline(FunctionTransformer(flattened), model)


def flattened(X):
    return X.reshape(len(X), -1)


def rows_of(name, seed, ways):
    """Yield a row for each model and way."""
    X, y, X_test, y_test = SETS[name]()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[:MOST]
    tested = np.random.default_rng(0).permutation(len(X_test))[:MOST_TEST]
    X, y, X_test, y_test = X[rows], y[rows], X_test[tested], y_test[tested]
    for way, (who, model) in product(ways, models(seed).items()):
        grown = AugmentedRegressor(
            flat(model), n_copies=COPIES, random_state=seed
        ).set_params(**WAYS[way])
        predicted = grown.fit(X, y).predict(X_test)
        yield {
            "set": name,
            "seed": seed,
            "way": way,
            "model": who,
            "R2": r2_score(y_test, predicted),
            "MAE": mean_absolute_error(y_test, predicted) / y.std(),
        }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    done = {(row["set"], row["seed"], row["way"]) for row in read_rows(RESULTS)}
    for seed, name in product(range(args.seeds), args.sets):
        ways = [way for way in args.ways if (name, seed, way) not in done]
        add_rows(RESULTS, list(rows_of(name, seed, ways)) if ways else [])
        print(name, seed, flush=True)
    page()


def page():
    """Write the tables."""
    rows = pd.DataFrame(read_rows(RESULTS))
    parts = []
    for measure, better in (("MAE", "less"), ("R2", "more")):
        table = rows.pivot_table(
            index=["set", "model"], columns="way", values=measure, sort=False
        )
        keys = ["set", "model", "seed"]
        of_seed = rows.pivot_table(index=keys, columns="way", values=measure)
        table.loc[("**mean**", ""), :] = table.mean()
        cells = table[list(WAYS)].map("{:.3f}".format).reset_index()
        parts += [f"## {measure} ({better} is better)", markdown(cells)]
        if measure == "MAE":
            parts += [markdown(summary(of_seed))]
    notes = DOCS / "regression_notes.md"
    write(
        "regression.md",
        "# What growth does to regression",
        __doc__.split("    LGTA_DATA")[0].split("\n\n", 1)[1].rstrip(),
        *parts,
        *([notes.read_text().strip()] if notes.exists() else []),
    )


def summary(errors):
    """Return the change of the error, and where it is worse than repetition."""
    lines = []
    for way in list(WAYS)[1:]:
        change = 100 * (errors[way] / errors["nothing"] - 1)
        worse = errors[way] - errors["repetition"]
        cell = worse.groupby(["set", "model"])
        beyond = cell.mean() > 2 * cell.std() / np.sqrt(cell.count())
        lines.append(
            {
                "way": way,
                "change of MAE, %": f"{change.mean():+.1f}",
                "sd of seeds": f"{change.groupby('seed').mean().std():.1f}",
                "cells worse than repetition": f"{(cell.mean() > 0).mean():.0%}",
                "beyond two standard errors": f"{beyond.mean():.0%}",
            }
        )
    return pd.DataFrame(lines)


if __name__ == "__main__":
    main()
