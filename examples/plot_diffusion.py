"""
Noise, and back: a diffusion model
==================================

`DiffusionAugmenter` learns to remove noise. The picture shows both directions: noise is
added to a real day until nothing is left of it, and a new day appears where there was
only noise. Then a critic compares its samples with those of `LatentAugmenter`.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import DiffusionAugmenter, LatentAugmenter
from lgta_sklearn.diffusion import EDMSchedule, dpm_solver
from lgta_sklearn.metrics import (
    coverage,
    discriminative_score,
    nearest_neighbour_ratio,
)

X, _ = load_italy_power_demand(return_type="numpy3D")
X = X[np.random.default_rng(0).permutation(len(X)), 0]
train, twin, unseen = X[:500], X[500:800], X[800:]

# %%
# Sampling
# --------
# 0 means that the critic cannot tell samples from real days. A ratio of 1 means that
# samples are as far from the training days as unseen days are: no copies.
augmenters = {
    "LatentAugmenter": LatentAugmenter(random_state=0),
    "DiffusionAugmenter": DiffusionAugmenter(
        hidden_dim=32, masked=0.0, max_epochs=50, random_state=0
    ),
}
print("                    seconds  critic  coverage  nearest-neighbour ratio")
for name, augmenter in augmenters.items():
    start = time.perf_counter()
    augmenter.fit(train)
    seconds = time.perf_counter() - start
    new = augmenter.sample(300, random_state=0)
    print(
        f"{name:20s} {seconds:6.0f}"
        f"  {discriminative_score(twin, new, random_state=0):6.2f}"
        f"  {coverage(twin, new):8.2f}"
        f"  {nearest_neighbour_ratio(train, new, X_holdout=unseen):6.2f}"
    )

# %%
# The samplers are plain functions of a denoiser
# ----------------------------------------------
# Here is the best denoiser of a few days: the mean of the days, weighted by how likely
# each is under the noise. It returns the days themselves. A network that has learned
# from the same days returns others, because it cannot memorise all of them.
few, sigmas = train[:10], EDMSchedule().grid(20)


def memorised(x, sigma):
    """Return the mean of the days that a noisy day may come from."""
    distance = ((x[:, None] - few) ** 2).sum(axis=2) / (2 * sigma**2)
    weight = np.exp(distance.min(axis=1, keepdims=True) - distance)
    return weight / weight.sum(axis=1, keepdims=True) @ few


rng = np.random.default_rng(0)
copies = dpm_solver(memorised, sigmas[0] * rng.normal(size=(5, 24)), sigmas)
nearest = np.abs(copies[:, None] - few).max(axis=2).min(axis=1)
print("largest difference of a memorised day from a real one:", nearest.max().round(3))

# %%
# Plot
# ----
# Forward: a day under more and more noise. Backward: the same levels on the way from
# noise to a new day. Between two levels, `dpm_solver` moves along the denoiser.
diffusion, path = augmenters["DiffusionAugmenter"], []


def watched(denoise, x, sigmas, normal):
    """Sample, and note noisy and denoised days on the way."""

    def note(x, sigma):
        clean = denoise(x, sigma)
        if x.ndim == 3:  # shapes; before, levels and scales are sampled
            path.append((sigma, x[0, :, 0], clean[0, :, 0]))
        return clean

    return dpm_solver(note, x, sigmas)


diffusion.set_params(sampler=watched).sample(1, random_state=3)
shown = [path[i] for i in (0, 6, 9, 12, 15, 19)]
figure, axes = plt.subplots(2, 6, figsize=(13, 4.4), layout="constrained", sharex=True)
day = (train[1] - train[1].mean()) / train[1].std()
noise = np.random.default_rng(4).normal(size=24)
for column, (sigma, _, _) in zip(axes[:, ::-1].T, shown, strict=True):
    column[0].plot(day + sigma * noise, color="#333333")
    column[0].set(title=f"noise {sigma:.2g}", yticks=[])
for column, (_, noisy, clean) in zip(axes.T, shown, strict=True):
    column[1].plot(noisy, color="#D55E00")
    column[1].plot(clean, color="#0072B2", lw=1)
    column[1].set(yticks=[])
axes[0, 0].set_ylabel("forward: a real day")
axes[1, 0].set_ylabel("backward: a new day")
axes[1, 0].legend(["on the way", "denoised"], frameon=False, fontsize=8)
figure.savefig("diffusion.png", dpi=120)
