"""Do the measures measure? Each on cases whose answer is known.

Days of electricity demand (ItalyPowerDemand, which ships with sktime): a third is the
training set, a third is held out and is what all cases are compared with, the other
third stands for a perfect generator.

    python benchmarks/measures.py

Writes docs/benchmarks/measures.md.
"""

import numpy as np
import pandas as pd
from _shared import markdown, write
from sklearn.linear_model import Ridge
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import LatentAugmenter, metrics


def main():
    X, y = load_italy_power_demand(split="test", return_type="numpy3D")
    order = np.random.default_rng(0).permutation(len(X))
    (train, holdout, perfect), (y_train, _, labels) = (
        np.array_split(part[order], 3) for part in (X, y)
    )
    rng = np.random.default_rng(1)
    cases = {
        "other real half": perfect,
        "copy of training": train,
        "half the modes": np.repeat(perfect[labels == "1"], 2, axis=0)[: len(perfect)],
        "one repeated": np.repeat(perfect[:1], len(perfect), axis=0),
        "doubled": 2 * perfect,
        "time shuffled": rng.permuted(train, axis=2),
        "white noise": train.mean() + train.std() * rng.standard_normal(train.shape),
        "LatentAugmenter": LatentAugmenter(random_state=0, device="cpu")
        .fit(train, y_train)
        .sample(y=y_train, random_state=0),
    }
    between = {
        "discriminative score": metrics.discriminative_score,
        "discriminative score, GRU": lambda a, b, **seed: metrics.discriminative_score(
            a, b, critic="gru", **seed
        ),
        "predictive error (ridge)": lambda a, b, **seed: metrics.predictive_score(
            a, b, model=Ridge(), **seed
        ),
        "Fréchet distance": metrics.frechet_distance,
        "Wasserstein": metrics.wasserstein,
        "Kolmogorov-Smirnov": metrics.ks_distance,
        "autocorrelation": metrics.autocorrelation_distance,
        "spectrum, dB": metrics.spectrum_distance,
        "MMD": metrics.mmd,
        "MMD, p-value": metrics.mmd_p_value,
        "precision": metrics.precision,
        "recall": metrics.recall,
        "density": metrics.density,
        "coverage": metrics.coverage,
        "internal diversity": metrics.internal_diversity,
    }
    private = {
        "nearest neighbour ratio": metrics.nearest_neighbour_ratio,
        "near-duplicates": metrics.near_duplicate_share,
        "membership AUC": metrics.membership_auc,
    }
    rows = []
    for name, measure in between.items():
        scores = [measure(holdout, case, random_state=0) for case in cases.values()]
        rows.append([name, *(f"{score:.3f}" for score in scores)])
    for name, measure in private.items():
        scores = [measure(train, case, X_holdout=holdout) for case in cases.values()]
        rows.append([name, *(f"{score:.3f}" for score in scores)])
    write(
        "measures.md",
        "# Do the measures measure?",
        f"`benchmarks/measures.py`: {len(train)} training days, as many held-out "
        "ones that every case is compared with, one seed. The first column is the "
        "floor.",
        markdown(pd.DataFrame(rows, columns=["measure", *cases])),
    )


if __name__ == "__main__":
    main()
