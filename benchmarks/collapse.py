"""Show what the model learns of daily crime counts, where others collapse.

Windows of 50 days, scaled to [0, 1] by the earlier part, the later fifth of the
series unseen. The published lightweight L-GTA sums squared errors of data in [0, 1]
against a full-weight KL and collapses: its loss on these data is .2863, that of a
constant .2849. Here the reconstruction of unseen windows is compared with the best
constant and with the mean of each window, which collapsed models at best return.

    LGTA_DATA=folder python benchmarks/collapse.py

Writes docs/benchmarks/collapse.md.
"""

import argparse

import numpy as np
import pandas as pd
from _shared import markdown, read_raw, windows, write

from lgta_sklearn import LatentAugmenter

LENGTH = 50


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    series = read_raw("raw_sf_crime_daily.csv.gz")
    cut = int(0.8 * len(series))  # no window straddles it
    low, high = series[:cut].min(), series[:cut].max()
    series = (series - low) / (high - low)
    X, X_later = (windows(part, LENGTH) for part in (series[:cut], series[cut:]))
    means = X_later.mean(axis=2, keepdims=True)
    rows = [
        _row("constant (mean of the earlier part)", X_later, X.mean()),
        _row("mean of each window", X_later, means),
    ]
    for backbone in ("cnn_gru", "transformer", "lstm"):
        fits = []
        for seed in range(args.seeds):
            augmenter = LatentAugmenter(backbone, random_state=seed, device="cpu")
            augmenter.fit(X)
            error = ((augmenter.reconstruct(X_later) - X_later) ** 2).mean()
            epoch = np.median([row["dur"] for row in augmenter.history_])
            fits.append(
                (
                    error,
                    augmenter.kl_,
                    augmenter.n_active_units_,
                    epoch,
                    augmenter.n_iter_,
                )
            )
        weights = sum(p.numel() for p in augmenter.module_.parameters())
        error, kl, active, epoch, n_epochs = np.array(fits).T
        rows.append(
            {
                "model": backbone,
                "squared error, unseen": f"{error.mean():.5f} ± {error.std():.5f}",
                "KL, nats": f"{kl.mean():.1f}",
                "active units of 16": f"{active.min():.0f} to {active.max():.0f}",
                "parameters": str(weights),
                "s per epoch": f"{np.median(epoch):.2f}",
                "epochs": f"{np.median(n_epochs):.0f}",
            }
        )
        print(rows[-1], flush=True)
    write(
        "collapse.md",
        "# Posterior collapse",
        f"`benchmarks/collapse.py`: {len(X)} windows of {LENGTH} daily counts, "
        f"{len(X_later)} later ones unseen, {args.seeds} seeds, one core.",
        markdown(pd.DataFrame(rows).fillna("")),
    )


def _row(name, X, prediction):
    return {
        "model": name,
        "squared error, unseen": f"{((X - prediction) ** 2).mean():.5f}",
    }


if __name__ == "__main__":
    main()
