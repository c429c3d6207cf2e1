"""
Evaluate any generator, not only ours
=====================================

`lgta_sklearn.metrics` takes arrays from any source. This example compares three ways to
generate days of electricity demand: our augmenter, a Gaussian mixture of scikit-learn,
and jitter, which is real days with a little noise. It shows that a figure must be read
together with its floor, and together with a measure of memorisation.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.mixture import GaussianMixture
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import (
    discriminative_score,
    frechet_distance,
    near_duplicate_share,
    report,
)
from lgta_sklearn.plotting import plot_nearest_distances, plot_overlay

X, _ = load_italy_power_demand(return_type="numpy3D")
order = np.random.default_rng(0).permutation(len(X))
X_train, X_unseen = np.split(X[order, 0], 2)

# %%
# Three generators
# ----------------
rng = np.random.default_rng(0)
n = len(X_unseen)
generated = {
    "LatentAugmenter": LatentAugmenter(random_state=0)
    .fit(X_train)
    .sample(n, random_state=0),
    "GaussianMixture": GaussianMixture(8, random_state=0).fit(X_train).sample(n)[0],
    "jitter": X_train[:n] + 0.05 * rng.normal(size=(n, X_train.shape[1])),
}

# %%
# Evaluate them
# -------------
# Generated days are compared with days that no generator has seen. The floor is the
# score of the training days in place of generated ones.
print("                critic  Fréchet  near-duplicates")
for name, days in {"floor": X_train[:n], **generated}.items():
    critic = discriminative_score(X_unseen, days, random_state=0)
    frechet = frechet_distance(X_unseen, days, random_state=0)
    copies = near_duplicate_share(X_train, days, X_holdout=X_unseen)
    copies = "" if name == "floor" else f"{copies:.0%}"
    print(f"{name:16s} {critic:.3f}   {frechet:5.2f}    {copies:>8s}")

# %%
# All measures on one page
# ------------------------
# ``report`` computes all measures, or the selected ones, each with its floor and its
# ceiling, and can be saved as a page with plots.
# The GRU critic is left out here because it takes half a minute.
wanted = [
    "discriminative score",
    "Fréchet distance",
    "Wasserstein",
    "autocorrelation",
    "coverage",
    "nearest neighbour ratio",
    "near-duplicates",
]
days = generated["LatentAugmenter"]
result = report(X_train, days, X_unseen, measures=wanted, random_state=0, verbose=0)
result.save("report.html", title="Days of electricity demand")
for name in ("discriminative score", "autocorrelation", "near-duplicates"):
    print(result.sentences[name])

# %%
# Plot
# ----
# The upper row shows days of each generator over the bands of unseen days. The lower
# row shows their distances to the training days. Jitter looks best in the upper row,
# and the lower row reveals that it copies.
figure, axes = plt.subplots(2, 3, figsize=(12, 6.4), layout="constrained")
for column, (name, days) in zip(axes.T, generated.items(), strict=True):
    plot_overlay(X_unseen, days, names=("unseen", "generated"), ax=column[0])
    column[0].set(title=name, ylim=(-2.5, 3), xlabel="hour")
    column[0].get_legend().set_visible(column[0] is axes[0, 0])
    plot_nearest_distances(X_train, days, X_unseen, ax=column[1])
    column[1].set_xlim(0, 0.6)
figure.savefig("evaluate_any_generator.png", dpi=120)
