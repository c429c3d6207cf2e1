"""
Unequal length and gaps
=======================

Nine speakers say a vowel. Each recording has 12 channels and 7 to 26 time steps, so
lengths differ. We also remove a fifth of all values, in contiguous stretches. Nothing
has to be padded, cut or filled beforehand: sampled recordings have realistic lengths,
and gaps stay where they are or are filled on request.
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from sktime.datasets import load_japanese_vowels

from lgta_sklearn import LatentAugmenter

panel, y = load_japanese_vowels(split="train", return_type="df-list")
vowels = [frame.to_numpy().T for frame in panel]  # a list of (12, length) arrays
print(len(vowels), "recordings of", sorted({v.shape[1] for v in vowels}), "time steps")

rng = np.random.default_rng(0)
gappy = [vowel.copy() for vowel in vowels]
for vowel in gappy:
    n_channels, length = vowel.shape
    for channel in rng.permutation(n_channels)[:5]:
        start = rng.integers(1, length - length // 2)
        vowel[channel, start : start + length // 2] = np.nan
missing = np.concatenate([np.isnan(v).ravel() for v in gappy])
print(f"{missing.mean():.0%} of the values are missing")

# %%
# Fit, sample, fill
# -----------------
augmenter = LatentAugmenter(random_state=0).fit(gappy, y)
invented = augmenter.sample(len(vowels), random_state=0)
filled = augmenter.impute(gappy)


def straight(row):
    """Return a row whose gaps are filled by straight lines."""
    known = np.flatnonzero(~np.isnan(row))
    return np.interp(np.arange(len(row)), known, row[known])


lines = [np.apply_along_axis(straight, 1, vowel) for vowel in gappy]
errors = {}
for name, series in (("straight lines", lines), ("impute", filled)):
    # per gap: the number of values and the root mean square error
    errors[name] = np.array(
        [
            (gap.sum(), np.sqrt(((row - truth)[gap] ** 2).mean()))
            for vowel, known, made in zip(vowels, gappy, series, strict=True)
            for truth, gap, row in zip(vowel, np.isnan(known), made, strict=True)
            if gap.any()
        ]
    )
    print(f"error of filled gaps, {name:14s}: {errors[name][:, 1].mean():.3f}")

# %%
# Plot
# ----
# The lengths of invented recordings follow those of real ones (left). The model reduces
# the error by a tenth, in gaps of every length (middle). One gap filled by the model
# and by a straight line (right).
figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
lengths = [[v.shape[1] for v in series] for series in (vowels, invented)]
bins = np.arange(6.5, 27)
axes[0].hist(lengths[0], bins, color="#333333", alpha=0.3, label="real")
axes[0].hist(lengths[1], bins, histtype="step", color="#D55E00", lw=1.6, label="new")
axes[0].set(xlabel="length", ylabel="recordings")
axes[0].legend(frameon=False)

edges = [3, 6, 8, 10, 13]
styles = ("s--", "#0072B2"), ("o-", "#D55E00")
for (name, values), (style, colour) in zip(errors.items(), styles, strict=True):
    of_bin = np.digitize(values[:, 0], edges[1:-1])
    means = [values[of_bin == b, 1].mean() for b in range(4)]
    axes[1].plot(means, style, color=colour, label=name)
axes[1].set_xticks(range(4), [f"{a} to {b - 1}" for a, b in pairwise(edges)])
axes[1].set(xlabel="values in a gap", ylabel="error of filled values", ylim=(0, 0.09))
axes[1].legend(frameon=False)

number = int(np.argsort([-v.shape[1] for v in vowels])[1])
channel = int(np.isnan(gappy[number]).any(axis=1).argmax())
ax = axes[2]
ax.plot(vowels[number][channel], ":", color="#333333", label="truth")
ax.plot(filled[number][channel], color="#D55E00", label="impute")
ax.plot(lines[number][channel], "--", color="#0072B2", label="straight line")
ax.plot(gappy[number][channel], color="#333333", lw=2.5, label="known values")
ax.set(xlabel="time step", title=f"speaker {y[number]}, channel {channel}")
ax.legend(frameon=False)
figure.savefig("gaps_and_lengths.png", dpi=120)
