"""
Start in one minute: vary and invent daily electricity demand
=============================================================

ItalyPowerDemand contains the hourly electricity demand of 67 days. The label says
whether a day is in the warm or in the cold half of the year. We fit a
`LatentAugmenter`, evaluate it, vary the days, sample new ones, and train a classifier
on a training set enlarged four-fold. The series ship with sktime, so nothing is
downloaded.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import discriminative_score

X, y = load_italy_power_demand(split="train", return_type="numpy3D")
X_test, y_test = load_italy_power_demand(split="test", return_type="numpy3D")
X, X_test = X[:, 0], X_test[:, 0]  # one channel: (n_samples, n_timepoints)

# %%
# Fit
# ---
start = time.perf_counter()
augmenter = LatentAugmenter(random_state=0).fit(X, y)
seconds = time.perf_counter() - start

error = ((augmenter.reconstruct(X_test) - X_test) ** 2).sum()
r2 = 1 - error / ((X_test - X_test.mean(axis=1, keepdims=True)) ** 2).sum()
print(f"fitted {len(X)} days in {seconds:.1f} s ({augmenter.n_iter_} epochs)")
print(f"reconstruction R² of {len(X_test)} unseen days: {r2:.3f}")
print(f"active latent units: {augmenter.n_active_units_}")


# %%
# Can a critic distinguish synthetic from real days?
# --------------------------------------------------
# A strong critic (random convolutions and a linear model) learns to distinguish two
# sets: 0 means that it cannot, 0.5 that it always can. The floor is its score for real
# days against other real days. A critic trained on a thousand days detects samples of a
# model of 67 days quite well. For a model of 548 days, see
# :doc:`this example <plot_transformer_or_cnn_gru>`.
synthetic = augmenter.sample(y=y_test, random_state=0)  # as many of each label
order = np.random.default_rng(0).permutation(len(X_test))
half, other_half = np.array_split(X_test[order], 2)
score = discriminative_score(half, synthetic[order], random_state=0)
floor = discriminative_score(half, other_half, random_state=0)
print(f"real against synthetic: {score:.3f} (0 is best, 0.5 is worst)")
print(f"real against real, the floor: {floor:.3f}")


# %%
# Does a classifier gain?
# -----------------------
# In a `Pipeline`, each training day is replaced by one variation, and the days to be
# predicted are not changed. To enlarge the set instead, call `augment` on training
# rows.
def accuracy(make_model, rows, labels):
    scores = [make_model(s).fit(rows, labels).score(X_test, y_test) for s in range(5)]
    return f"{np.mean(scores):.3f} ± {np.std(scores):.3f}"


copies, copied = augmenter.augment(X, y, n_copies=3, random_state=0)
grown = np.concatenate([X, copies]), np.concatenate([y, copied])
classifiers = {
    "random forest": lambda seed: RandomForestClassifier(random_state=seed),
    "1-NN": lambda seed: KNeighborsClassifier(1),
}
print("test accuracy        as it is        in a Pipeline   grown four-fold")
for name, make in classifiers.items():

    def in_pipeline(seed, make=make):
        aug = LatentAugmenter(random_state=seed)
        return Pipeline([("aug", aug), ("clf", make(seed))])

    columns = accuracy(make, X, y), accuracy(in_pipeline, X, y), accuracy(make, *grown)
    print(f"{name:20s} " + "   ".join(columns))

# %%
# Plot
# ----
varied = augmenter.augment(X, random_state=0)
invented = augmenter.sample(y=y, random_state=1)
blue, orange, grey = "#0072B2", "#D55E00", "0.6"  # safe for colour-blind readers
seasons = {"1": ("October to March", blue), "2": ("April to September", orange)}
labels = augmenter.classes_
fig, axes = plt.subplots(2, 3, figsize=(11, 6.2), layout="constrained")
panels = [
    ("real days", X),
    ("varied: augment(X)", varied),
    ("invented: sample(67)", invented),
]
for ax, (title, series) in zip(axes[0], panels, strict=True):
    for label, (season, colour) in zip(labels, seasons.values(), strict=True):
        days = series[y == label]
        ax.plot(days.T, color=colour, lw=0.6, alpha=0.35)
        ax.plot(days.mean(axis=0), color=colour, lw=2.2, label=season)
    ax.set(title=title, xlabel="hour", ylim=(-2.6, 3.6), xticks=range(0, 24, 6))
axes[0, 0].set_ylabel("demand, standardised")
axes[0, 0].legend(loc="upper left", fontsize=8, frameon=False)

day = 3
for ax, strength in zip(axes[1, :2], (0.2, 0.6), strict=True):
    one = augmenter.augment(X[[day]], n_copies=15, strength=strength, random_state=0)
    ax.plot(one.T, color=grey, lw=0.7)
    ax.plot(X[day], color="black", lw=2)
    title = f"15 variations of one day, strength={strength:g}"
    ax.set(title=title, xlabel="hour", ylim=(-2.6, 3.6), xticks=range(0, 24, 6))
axes[1, 0].set_ylabel("demand, standardised")

ax = axes[1, 2]
n_shown = 300
plane = PCA(2).fit(X_test)
drawings = [
    ("real, unseen", X_test[order][:n_shown], {"c": grey, "marker": "o", "s": 14}),
    ("synthetic", synthetic[order][:n_shown], {"c": "#009E73", "marker": "x", "s": 14}),
]
for name, series, style in drawings:
    ax.scatter(*plane.transform(series).T, label=name, lw=0.8, alpha=0.8, **style)
ax.set(title="map of days (PCA of real ones)", xlabel="component 1")
ax.set_ylabel("component 2")
ax.legend(fontsize=8, frameon=False)
fig.savefig("quickstart.png", dpi=120)
print("figure: quickstart.png")
