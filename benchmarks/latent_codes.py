"""One code per series or one per step: which serves sampling and growth better.

    LGTA_DATA=data python benchmarks/latent_codes.py

needs the sets of generation.py and uplift.py; about half an hour on one core. Writes
docs/benchmarks/latent_codes.md.
"""

import argparse
import time
import warnings
from itertools import product

import numpy as np
import pandas as pd
from _sets import SETS, labelled, parts
from _shared import markdown, write
from generation import thin
from sklearn.metrics import accuracy_score
from uplift import MOST_TEST, complete, draw, predictions

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import discriminative_score, frechet_distance

GROWN = [
    "ItalyPowerDemand",
    "GunPoint",
    "BasicMotions",
    "ArrowHead",
    "ECG200",
    "Epilepsy",
    "RacketSports",
    "TourismQuarterly",
]
COPIES, MOST = 5, 1000


def sampled(name, latent, seed):
    """Return how samples of a set fare."""
    train, twin, _ = (thin(X, MOST) for X in parts(name))
    start = time.perf_counter()
    augmenter = LatentAugmenter(latent=latent, random_state=seed).fit(train)
    seconds = time.perf_counter() - start
    samples = augmenter.sample(len(twin), random_state=seed)
    return {
        "set": name,
        "latent": latent,
        "critic": discriminative_score(twin, samples, random_state=0),
        "Fréchet": frechet_distance(twin, samples, random_state=0),
        "fit, s": seconds,
    }


def accuracies(name, size, seed):
    """Yield the accuracies of classifiers, without growth and with both codes."""
    X, y, X_test, y_test = labelled(name)
    rows = draw(y, size, seed)
    X, X_test = (complete(part, max(s.shape[1] for s in part)) for part in (X, X_test))
    X, y = (X, y) if rows is None else (X[rows], y[rows])
    tested = np.random.default_rng(0).permutation(len(y_test))[:MOST_TEST]
    for latent in (None, "global", "per_step"):
        grown, labels = X, y
        if latent is not None:
            augmenter = LatentAugmenter(latent=latent, random_state=seed).fit(X, y)
            new, of_new = augmenter.augment(X, y, n_copies=COPIES, random_state=seed)
            grown, labels = np.concatenate([X, new]), np.concatenate([y, of_new])
        for who, predicted in predictions(grown, labels, len(X), X_test[tested], seed):
            score = accuracy_score(y_test[tested], predicted)
            yield {"set": name, "size": size, "seed": seed, "latent": latent} | {
                "classifier": who,
                "accuracy": 100 * score,
            }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    kinds, seeds = ("global", "per_step"), range(args.seeds)
    drawn = pd.DataFrame([sampled(*each) for each in product(SETS, kinds, seeds)])
    print(drawn, flush=True)
    grown = pd.DataFrame(
        row for each in product(GROWN, (10, 20), seeds) for row in accuracies(*each)
    )
    keys = ["set", "size", "seed", "classifier"]
    scores = grown.fillna({"latent": "nothing"}).pivot_table(
        index=keys, columns="latent", values="accuracy"
    )
    gains = scores[list(kinds)].sub(scores["nothing"], axis=0)
    table = gains.groupby("classifier").mean().round(2)
    of_cells = gains.groupby(["set", "size", "seed"]).mean()
    table.loc["all"] = gains.mean().round(2)
    table.loc["standard error"] = (of_cells.std() / len(of_cells) ** 0.5).round(2)
    samples = drawn.groupby(["set", "latent"], sort=False).mean().round(3)
    write(
        "latent_codes.md",
        "# One code per series, or one per step",
        "Both as they come: `LatentAugmenter(latent=...)`.",
        "## Samples",
        f"A strong critic (0 cannot tell, .5 always does) and the Fréchet distance, "
        f"at most {MOST} series, seeds: {args.seeds}; the floors stand in "
        "[generation](generation.md).",
        markdown(samples.reset_index()),
        "## Growth",
        "Points of accuracy gained over no growth, by the default variation, "
        f"{COPIES} copies; {len(GROWN)} sets, 10 and 20 series per class, "
        f"draws: {args.seeds}.",
        markdown(table.reset_index()),
    )


if __name__ == "__main__":
    main()
