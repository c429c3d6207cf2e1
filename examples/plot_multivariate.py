"""
Several channels that belong together
=====================================

A watch records acceleration and rotation along three axes each while its wearer
stands, walks, runs or plays badminton: six channels, 100 time points, ten recordings
of each activity. New recordings must not only look right channel by channel, their
channels must move together as the real ones do.
"""

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_basic_motions

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.metrics import cross_correlation_distance

X, y = load_basic_motions(split="train", return_type="numpy3D")  # (40, 6, 100)
X_unseen, y_unseen = load_basic_motions(split="test", return_type="numpy3D")

# %%
# Invent recordings of each activity
# ----------------------------------
# With labels the latent density is one of each class, and ``y=`` asks for a label
# for each row.
augmenter = LatentAugmenter(random_state=0).fit(X, y)
X_new = augmenter.sample(y=y_unseen, random_state=0)
print("invented:", X_new.shape, X_new.dtype)


# %%
# Do the channels move together?
# ------------------------------
# For each activity, how far the correlations between channels lie from those of unseen
# recordings: of training recordings (the floor), of invented ones, and of invented ones
# whose channels were taken from different recordings.
def torn(series, rng):
    """Return series of which each channel is one of another series."""
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
# See
# ---
# A recording of a run, real and invented, and the distances above.
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
