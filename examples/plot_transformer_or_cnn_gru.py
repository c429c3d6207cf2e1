"""
Transformer or CNN-GRU?
=======================

One parameter, ``backbone=``, selects the network; everything else stays the same. The
Transformer has more weights and needs more time to learn as much. Whether its samples
are better depends on the data set. This example shows how to compare both on your data.
"""

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import discriminative_score
from lgta_sklearn.plotting import plot_overlay

X, _ = load_italy_power_demand(return_type="numpy3D")
order = np.random.default_rng(0).permutation(len(X))
X_train, X_unseen = np.split(X[order, 0], 2)  # 548 days of 24 hours each

# %%
# Fit both
# --------
# ``score`` is the evidence lower bound of unseen series in nats; higher is better. The
# discriminative score measures how well a critic distinguishes invented days from
# unseen ones: 0 means not at all, 0.5 means always.
models = {}
for backbone in ("cnn_gru", "transformer"):
    model = LatentAugmenter(backbone, random_state=0).fit(X_train)
    models[backbone] = model
    seconds = sum(row["dur"] for row in model.history_)
    n_weights = sum(w.numel() for w in model.module_.parameters())
    invented = model.sample(len(X_unseen), random_state=0)
    detected = discriminative_score(X_unseen, invented, random_state=0)
    print(
        f"{backbone:12s} {n_weights:6d} weights, {seconds:4.1f} s of training, "
        f"bound {model.score(X_unseen):6.2f} nats, critic {detected:.3f}"
    )
floor = discriminative_score(*np.array_split(X_unseen, 2), random_state=0)
print(f"floor, real against real: critic {floor:.3f}")

# %%
# Plot
# ----
# The held-out loss against training time (left), and samples of both models over the
# bands of unseen days.
figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
for (name, model), style in zip(models.items(), ("-", "--"), strict=True):
    seconds = np.cumsum([row["dur"] for row in model.history_])
    axes[0].plot(seconds, model.validation_curve_, style, label=name)
axes[0].set(xlabel="seconds of training", ylabel="held-out loss, nats per series")
axes[0].legend(frameon=False)
for ax, (name, model) in zip(axes[1:], models.items(), strict=True):
    invented = model.sample(500, random_state=1)
    plot_overlay(X_unseen, invented, names=("unseen", name), ax=ax)
    ax.set(xlabel="hour", ylim=(-2.5, 3))
figure.savefig("transformer_or_cnn_gru.png", dpi=120)
