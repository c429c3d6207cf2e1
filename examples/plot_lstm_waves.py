"""
An LSTM autoencoder that regenerates waves
==========================================

The data are 5000 sine waves of 100 points with random frequency, amplitude and phase. A
plain autoencoder (``variational=False``) with LSTM encoder and decoder learns to
compress each wave into 8 numbers and to reconstruct it. A density fitted to these
numbers allows it to sample new waves as well.
"""

import time

import matplotlib.pyplot as plt

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.datasets import make_waves

X = make_waves(5000, n_timepoints=100, random_state=0)
X_unseen = make_waves(1000, n_timepoints=100, random_state=1)

# %%
# Fit
# ---
start = time.perf_counter()
autoencoder = LatentAugmenter(
    "lstm", variational=False, latent_dim=8, max_epochs=25, random_state=0
).fit(X)
print(f"fitted in {time.perf_counter() - start:.0f} s, {autoencoder.n_iter_} epochs")

# %%
# Reconstruction error
# --------------------
# The mean squared error of the reconstruction, as a share of the variance of the
# signal.
for name, waves in (("training", X), ("unseen", X_unseen)):
    lost = ((autoencoder.reconstruct(waves) - waves) ** 2).mean() / waves.var()
    print(f"reconstruction error of {name} waves: {100 * lost:.2f} % of the variance")

# %%
# Plot
# ----
regenerated = autoencoder.reconstruct(X_unseen[:6])
invented = autoencoder.sample(6, random_state=0)
fig, axes = plt.subplots(
    3, 6, figsize=(11, 4.6), sharex=True, sharey=True, layout="constrained"
)
for column in range(6):
    axes[0, column].plot(X_unseen[column], color="black", lw=1.5)
    axes[1, column].plot(X_unseen[column], color="0.75", lw=4)
    axes[1, column].plot(regenerated[column], color="#D55E00", lw=1.2)
    axes[2, column].plot(invented[column], color="#0072B2", lw=1.5)
for ax, name in zip(axes[:, 0], ("original", "regenerated", "invented"), strict=True):
    ax.set_ylabel(name)
fig.suptitle("Unseen waves, their reconstructions from 8 numbers, and new waves")
fig.savefig("lstm_waves.png", dpi=120)
print("figure: lstm_waves.png")
