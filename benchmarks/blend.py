"""Measure what the blend of the default noise trades: near-copies against realism.

The residuals that `noise.NeighborNoise` adds to samples are blended with Gaussian
noise. For each blend, and for the one that `fit` chooses, the near-duplicates among
samples and the score of a strong critic are measured with the same models.

    LGTA_DATA=folder python benchmarks/blend.py

Writes docs/benchmarks/blend.md.
"""

import argparse

import numpy as np
import pandas as pd
from _sets import labelled
from _shared import markdown, write

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import discriminative_score, near_duplicate_share
from lgta_sklearn.noise import BLENDS

CELLS = [(name, n) for name in ("ItalyPowerDemand", "ECG5000") for n in (50, 500)]
CHOSEN = "chosen"
DRAWS = 5


def measured(name, n, seed):
    """Yield near-duplicates (%) and critic for each blend of one model."""
    X, _, X_other, _ = labelled(name)
    pool = np.array(X + X_other)
    order = np.random.default_rng(seed).permutation(len(pool))
    train, rest = np.split(pool[order], [n])
    unseen, other = np.split(rest[: 2 * min(n, len(rest) // 2)], 2)
    augmenter = LatentAugmenter(random_state=seed).fit(train)
    chosen, scores = augmenter.noise_.blend_, {}
    for blend in BLENDS:
        augmenter.noise_.blend_ = blend
        drawn = augmenter.sample(DRAWS * n, random_state=seed)
        near = 100 * near_duplicate_share(train, drawn, X_holdout=unseen)
        critic = [
            discriminative_score(other, part, random_state=seed)
            for part in np.split(drawn, DRAWS)[:2]
        ]
        scores[blend] = near, np.mean(critic)
    scores[CHOSEN] = scores[chosen]
    scores["blend"] = chosen
    return scores


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    rows = []
    for name, n in CELLS:
        every = [measured(name, n, seed) for seed in range(args.seeds)]
        for blend in (*BLENDS, CHOSEN):
            near, critic = np.mean([scores[blend] for scores in every], axis=0)
            mean = np.mean([scores["blend"] for scores in every])
            label = f"{blend} ({mean:.2f})" if blend == CHOSEN else f"{blend:g}"
            rows.append([name, n, label, f"{near:.1f}", f"{critic:.3f}"])
        print(*rows[-len(BLENDS) - 1 :], sep="\n", flush=True)
    columns = ["set", "n", "blend", "near-duplicates, %", "strong critic"]
    write(
        "blend.md",
        "# What the blend of the noise trades",
        f"`benchmarks/blend.py`: {args.seeds} seeds, means; the same models and seeds "
        "in all rows of a set. 1 % of near-duplicates is chance, a critic of 0 detects "
        "nothing. `chosen` is the blend that `fit` takes for each model (in brackets "
        "its mean). The rule for it was tuned on these sets.",
        markdown(pd.DataFrame(rows, columns=columns)),
    )


if __name__ == "__main__":
    main()
