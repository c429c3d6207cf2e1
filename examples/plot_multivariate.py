"""
Multivariate series with correlated channels
============================================

A watch records acceleration and rotation, along three axes each, while a person
stands, walks, runs or plays badminton. There are six channels, 100 time points and ten
recordings of each activity. In new recordings, each channel must look realistic, and
the channels must also be correlated as in real recordings.
"""

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_basic_motions

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import cross_correlation_distance

X, y = load_basic_motions(split="train", return_type="numpy3D")  # (40, 6, 100)
X_unseen, y_unseen = load_basic_motions(split="test", return_type="numpy3D")

# %%
# Sample recordings of each activity
# ----------------------------------
# If labels are given, one latent density per class is fitted, and ``y=`` sets the label
# of each sample.
augmenter = LatentAugmenter(random_state=0).fit(X, y)
X_new = augmenter.sample(y=y_unseen, random_state=0)
print("invented:", X_new.shape, X_new.dtype)


# %%
# Do the channels move together?
# ------------------------------
# For each activity, we compare the correlations between channels with those of unseen
# recordings. We do this for training recordings (the floor), for invented recordings,
# and for invented recordings whose channels are shuffled between recordings.
def torn(series, rng):
    """Return series with each channel shuffled between series."""
    channels = [rng.permutation(channel) for channel in series.swapaxes(0, 1)]
    return np.stack(channels, axis=1)


rng = np.random.default_rng(0)
rows = {"real": [], "invented": [], "torn apart": []}
activities = list(augmenter.classes_)
for activity in activities:
    unseen = X_unseen[y_unseen == activity]
    invented = X_new[y_unseen == activity]
    for name, series in (
        ("real", X[y == activity]),
        ("invented", invented),
        ("torn apart", torn(invented, rng)),
    ):
        rows[name].append(cross_correlation_distance(unseen, series))
for name, distances in rows.items():
    print(f"{name:10s}", "  ".join(f"{distance:.2f}" for distance in distances))

# %%
# Plot
# ----
# A real and an invented recording of a run, and the distances computed above.
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
run = "running"
for ax, title, series in (
    (axes[0], "a real run", X_unseen[y_unseen == run][0]),
    (axes[1], "an invented run", X_new[y_unseen == run][0]),
):
    spread = X[y == run].std(axis=(0, 2))
    ax.plot((series / spread[:, None] - 5 * np.arange(6)[:, None]).T, "k", lw=0.9)
    ax.set(title=title, xlabel="time step", yticks=-5 * np.arange(6))
    ax.set_yticklabels([f"channel {c}" for c in range(6)])
    ax.set_ylim(-30, 5)
colours = ("0.6", "#D55E00", "#0072B2")
for number, (name, distances) in enumerate(rows.items()):
    places = np.arange(len(activities)) + 0.27 * (number - 1)
    axes[2].bar(places, distances, 0.27, color=colours[number], label=name)
axes[2].set_xticks(range(len(activities)), activities, rotation=15)
axes[2].set(title="correlations between channels", ylabel="distance to unseen ones")
axes[2].legend(frameon=False)
figure.savefig("multivariate.png", dpi=120)
