"""
Forecasting: vary the windows
=============================

A forecaster learns from windows that contain a past and the future that followed it. A
short series has only a few windows. Variations of past and future together add more. We
split the series in time first, cut windows from the earlier part only, vary them, and
measure how this changes forecasts of the later part.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge
from sktime.datasets import load_airline

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.datasets import time_split, windows
from lgta_sklearn.transforms import MagnitudeWarp, OneOf, Scaling, Trend

PAST, FUTURE = 24, 12
passengers = load_airline()  # 144 months of airline passengers
train, test = time_split(np.log(passengers), 60)  # the last five years are unseen
W = windows(train, PAST + FUTURE)[0][:, 0]
W_test = windows(test, PAST + FUTURE)[0][:, 0]
print(
    f"{len(W)} windows of {PAST} + {FUTURE} months to train on, {len(W_test)} to test"
)


# %%
# Forecast
# --------
# We fit a linear model of the past months, relative to the last of them. Its error is
# divided by the error of repeating the last year (MASE), so a value below 1 is better.
def error(training):
    """Return the error on the test windows of a model trained on given windows."""
    last = training[:, [PAST - 1]]
    past, future = np.split(training - last, [PAST], axis=1)
    model = Ridge(0.1).fit(past, future)
    last = W_test[:, [PAST - 1]]
    forecast = last + model.predict(W_test[:, :PAST] - last)
    repeated = W_test[:, PAST - 12 : PAST]
    truth = W_test[:, PAST:]
    return np.abs(forecast - truth).mean() / np.abs(repeated - truth).mean()


# %%
# Vary
# ----
# We add four variations of each window to the real ones, at several strengths, and vary
# either the windows themselves or their latent codes.
choice = OneOf([Scaling(), MagnitudeWarp(), Trend()])
augmenters = {
    "of the windows": DirectAugmenter(choice, random_state=0).fit(W),
    "of their codes": LatentAugmenter(
        latent="per_step", transformation=choice, random_state=0
    ).fit(W),
}
strengths, seeds = (0.1, 0.2, 0.3, 0.5), range(5)
errors = {name: np.empty((len(strengths), len(seeds))) for name in augmenters}
for name, augmenter in augmenters.items():
    for i, strength in enumerate(strengths):
        for seed in seeds:
            varied = augmenter.augment(
                W, n_copies=4, strength=strength, random_state=seed
            )
            errors[name][i, seed] = error(np.concatenate([W, varied]))
print(f"real windows alone: {error(W):.3f}")
for name, values in errors.items():
    print(f"variations {name}:", *(f"{value:.3f}" for value in values.mean(axis=1)))

# %%
# Plot
# ----
figure, axes = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
months = np.arange(-PAST, FUTURE)
for ax, (name, augmenter) in zip(axes, augmenters.items(), strict=False):
    varied = augmenter.augment(W[[12]], n_copies=8, strength=0.3, random_state=0)
    ax.plot(months, np.exp(varied.T), color="#D55E00", lw=0.8)
    ax.plot(months, np.exp(W[12]), color="#333333", lw=2)
    ax.axvline(-0.5, color="0.6", ls=":")
    ax.set(title=f"variations {name}", xlabel="month", ylabel="passengers, thousands")
axes[2].axhline(error(W), color="#333333", lw=2, label="real windows alone")
for (name, values), style in zip(errors.items(), ("o-", "s--"), strict=True):
    spread = values.std(axis=1)
    axes[2].errorbar(strengths, values.mean(axis=1), spread, fmt=style, label=name)
axes[2].set(xlabel="strength", ylabel="error of forecasts (MASE)")
axes[2].legend(frameon=False)
figure.savefig("forecasting_windows.png", dpi=120)
