"""
Balance a rare class, without leaking into the test set
=======================================================

From ItalyPowerDemand we keep all days of one class and only six of the other, and
balance the classes with sampled days: first by hand, to look at them, and then inside
`AugmentedClassifier`, which balances during fitting only. The series ship with sktime,
so nothing is downloaded.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import AugmentedClassifier, LatentAugmenter, SyntheticOverSampler

X_all, y_all = load_italy_power_demand(split="train", return_type="numpy3D")
X_test, y_test = load_italy_power_demand(split="test", return_type="numpy3D")
X_all, X_test = X_all[:, 0], X_test[:, 0]


def imbalanced(seed, n_rare=6):
    """Return all days of the first label and a few of the second."""
    rare = np.random.default_rng(seed).permutation(np.flatnonzero(y_all == "2"))
    keep = np.r_[np.flatnonzero(y_all == "1"), rare[:n_rare]]
    return X_all[keep], y_all[keep]


# %%
# By hand
# -------
X, y = imbalanced(seed=0)
sampler = SyntheticOverSampler(LatentAugmenter(), method="sample", random_state=0)
X_balanced, y_balanced = sampler.fit_resample(X, y)
for when, labels in (("before", y), ("after", y_balanced)):
    print(when, *(f"{(labels == k).sum()} of class {k}" for k in ("1", "2")))

# %%
# Inside a classifier
# -------------------
# The six days are drawn five times. A forest is trained on these days alone, with the
# rare days repeated, and with invented days added. The test days are not changed.
forest = RandomForestClassifier(200, random_state=0)
balance = {"sampling_strategy": "auto", "method": "sample"}
scores = {"as it is": [], "rare days repeated": [], "invented days": []}
for seed in range(5):
    X, y = imbalanced(seed)
    rare = np.random.default_rng(seed).choice(np.flatnonzero(y == "2"), 28)
    repeated = np.r_[np.arange(len(y)), rare]
    invented = AugmentedClassifier(
        forest, LatentAugmenter(), **balance, random_state=seed
    )
    models = {
        "as it is": forest.fit(X, y).predict(X_test),
        "rare days repeated": forest.fit(X[repeated], y[repeated]).predict(X_test),
        "invented days": invented.fit(X, y).predict(X_test),
    }
    for name, predicted in models.items():
        scores[name].append(balanced_accuracy_score(y_test, predicted))
for name, values in scores.items():
    print(f"{name:20s} {np.mean(values):.3f} ± {np.std(values):.3f} balanced accuracy")

# %%
# Plot
# ----
figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
new = X_balanced[len(imbalanced(0)[0]) :]
panels = [
    ("six real rare days", imbalanced(0)[0][-6:], "#0072B2"),
    (f"{len(new)} invented ones", new, "#D55E00"),
]
for ax, (title, days, colour) in zip(axes, panels, strict=False):
    ax.plot(days.T, color=colour, alpha=0.6, linewidth=1)
    ax.set(title=title, xlabel="hour", ylabel="demand", ylim=(-3, 3))
for i, values in enumerate(scores.values()):
    axes[2].plot(values, [i] * 5, "o", color="#333333", alpha=0.5)
    axes[2].plot(np.mean(values), i, "|", color="#D55E00", markersize=24)
axes[2].set_yticks(range(3), list(scores))
axes[2].set(title="balanced accuracy, five draws", ylim=(-0.5, 2.5))
figure.savefig("balance_classes.png", dpi=150)
