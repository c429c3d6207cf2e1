"""
Use it in a pipeline of sktime
==============================

`AugmentedTimeSeriesClassifier` is a native sktime classifier: it accepts every panel
type, works in sktime's pipelines and searches, and enlarges the training set inside
``fit``. Here it wraps sktime's nearest-neighbour classifier and follows a transformer
that halves the number of time points. The training set has few recordings of each
activity.
"""

import matplotlib.pyplot as plt
import numpy as np
from sktime.classification.distance_based import KNeighborsTimeSeriesClassifier
from sktime.datasets import load_basic_motions
from sktime.transformations.panel.interpolate import TSInterpolator

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.adapters.sktime import AugmentedTimeSeriesClassifier

X, y = load_basic_motions(split="train", return_type="pd-multiindex")
X_test, y_test = load_basic_motions(split="test", return_type="pd-multiindex")
print(X.head(3).round(2))

# %%
# A pipeline
# ----------
# ``*`` chains sktime objects.
nearest = KNeighborsTimeSeriesClassifier(distance="euclidean")


def pipeline(n_copies, seed=0):
    """Return the pipeline with `n_copies` variations of each recording."""
    grown = AugmentedTimeSeriesClassifier(
        nearest, LatentAugmenter(), n_copies=n_copies, random_state=seed
    )
    return TSInterpolator(50) * grown


print(pipeline(8))

# %%
# Few recordings
# --------------
# Three recordings of each activity are drawn, five times, and used with and without
# variations.
recordings = X.index.get_level_values(0).unique()
scores = {0: [], 8: []}
for seed in range(5):
    rng = np.random.default_rng(seed)
    drawn = np.concatenate(
        [rng.permutation(np.flatnonzero(y == label))[:3] for label in np.unique(y)]
    )
    few = X.loc[recordings[np.sort(drawn)]]
    for n_copies, accuracies in scores.items():
        model = pipeline(n_copies, seed).fit(few, y[np.sort(drawn)])
        accuracies.append((model.predict(X_test) == y_test).mean())
for n_copies, accuracies in scores.items():
    mean, error = np.mean(accuracies), np.std(accuracies, ddof=1) / np.sqrt(5)
    print(f"{n_copies} variations of each: accuracy {mean:.3f} ± {error:.3f}")

# %%
# Plot
# ----
# Each line is one draw of the recordings.
figure, ax = plt.subplots(figsize=(5, 3.6), layout="constrained")
pairs = np.array(list(scores.values()))
ax.plot(pairs, "o-", color="#0072B2", alpha=0.5)
ax.plot(pairs.mean(axis=1), "s-", color="#D55E00", lw=2.5, label="mean")
ax.set_xticks(
    [0, 1], ["3 real recordings\nof each activity", "and 8 variations\nof each"]
)
ax.set(ylabel="accuracy on 40 others", xlim=(-0.3, 1.3))
ax.legend(frameon=False)
figure.savefig("sktime_pipeline.png", dpi=120)
