"""
Heart beats by adversarial networks
===================================

Two adversarial networks of the literature, a bidirectional LSTM against convolutions
(Delaney et al., 2019) and a pair of Transformers (TTS-GAN; Li et al., 2022), learn 300
heart beats, beside `LatentAugmenter`. The pictures show their training, and their beats
beside the nearest real ones.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

from lgta_sklearn import AdversarialAugmenter, LatentAugmenter
from lgta_sklearn.metrics import coverage, discriminative_score
from lgta_sklearn.plotting import plot_snapshots, plot_training


def beats(n_beats, seed, n_timepoints=64):
    """Return heart beats, each a sum of five waves that vary from beat to beat."""
    rng = np.random.default_rng(seed)
    place = np.array([0.2, 0.36, 0.4, 0.44, 0.7])  # P, Q, R, S and T
    width = np.array([0.04, 0.012, 0.015, 0.012, 0.06])
    height = np.array([0.2, -0.2, 1.2, -0.35, 0.4])
    moved = place + 0.015 * rng.normal(size=(n_beats, 5))
    wide = width * np.exp(0.15 * rng.normal(size=(n_beats, 5)))
    high = height * np.exp(0.2 * rng.normal(size=(n_beats, 5)))
    time = np.linspace(0, 1, n_timepoints)[:, None, None]
    waves = high * np.exp(-((time - moved) ** 2) / (2 * wide**2))  # (T, n, 5)
    return waves.sum(axis=2).T + 0.01 * rng.normal(size=(n_beats, n_timepoints))


train, twin = beats(300, seed=0), beats(300, seed=1)

# %%
# Training
# --------
# A few hundred steps are enough to see what happens; the default takes ten times as
# many, at a third of the learning rate. 0 means that the critic cannot tell samples
# from real beats.
few = {"hidden_dim": 32, "max_epochs": 12, "lr": 1e-3, "random_state": 0}
augmenters = {
    "LatentAugmenter": LatentAugmenter(random_state=0),
    "BiLSTM and convolutions": AdversarialAugmenter(
        "bilstm", minibatch="discrimination", **few
    ),
    "Transformers": AdversarialAugmenter("transformer", critic="transformer", **few),
}
new = {}
print("                         seconds  critic  coverage")
for name, augmenter in augmenters.items():
    start = time.perf_counter()
    augmenter.fit(train)
    seconds = time.perf_counter() - start
    new[name] = augmenter.sample(300, random_state=0)
    print(
        f"{name:24s} {seconds:7.0f}"
        f"  {discriminative_score(twin, new[name], random_state=0):6.2f}"
        f"  {coverage(twin, new[name]):8.2f}"
    )

# %%
# What the estimator says about its own samples
# ---------------------------------------------
# A warning would have told if the samples were alike, or copies.
for name, augmenter in augmenters.items():
    if hasattr(augmenter, "diagnosis_"):
        found = {key: round(value, 2) for key, value in augmenter.diagnosis_.items()}
        print(name, found)

# %%
# The losses tell who is ahead, the distance tells how good the samples are
# -------------------------------------------------------------------------
plot_training(augmenters["BiLSTM and convolutions"])

# %%
# What it made of the same noise, epoch by epoch
# ----------------------------------------------
plot_snapshots(augmenters["BiLSTM and convolutions"])

# %%
# Samples, and the nearest training beat of each
# ----------------------------------------------
figure, axes = plt.subplots(
    3, 4, figsize=(11, 6), layout="constrained", sharex=True, sharey=True
)
for row, (name, X) in zip(axes, new.items(), strict=True):
    for panel, beat in zip(row, X, strict=False):
        nearest = train[((train - beat) ** 2).sum(axis=1).argmin()]
        panel.plot(nearest, color="#999999", lw=2.5, label="nearest training beat")
        panel.plot(beat, color="#D55E00", lw=1.2, label="sample")
    row[0].set_ylabel(name)
axes[0, 0].legend(frameon=False, fontsize=8)
figure.savefig("adversarial.png", dpi=120)
