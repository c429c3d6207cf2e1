"""
Fill gaps with error bars
=========================

A meter was silent for eight hours. What was the demand? One value per hour is not the
whole answer: `sample_imputations` draws what it may have been, so that we know how sure
we can be. We compare `DiffusionAugmenter` and `LatentAugmenter`, which draw, with
scikit-learn's `KNNImputer` and straight lines, which do not, on days that none of them
has seen. Then we forecast the last hours of a day.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.impute import KNNImputer
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import DiffusionAugmenter, LatentAugmenter
from lgta_sklearn.metrics import crps, interval_coverage, interval_width

X, _ = load_italy_power_demand(return_type="numpy3D")
X = X[np.random.default_rng(0).permutation(len(X)), 0]  # (n_samples, n_timepoints)
train, days = X[:700], X[700:760]

rng = np.random.default_rng(1)
start = rng.integers(0, 24 - 8, size=(len(days), 1))
hidden = (np.arange(24) >= start) & (np.arange(24) < start + 8)
gappy = np.where(hidden, np.nan, days)

# %%
# Fit and draw
# ------------
# ``masked=1.0`` spends the whole training on imputation; the default is a half.
diffusion = DiffusionAugmenter(
    hidden_dim=64, masked=1.0, max_epochs=45, random_state=0
).fit(train)
latent = LatentAugmenter(random_state=0).fit(train)
draws = {
    "DiffusionAugmenter": diffusion.sample_imputations(gappy, 20, random_state=0),
    "LatentAugmenter": latent.sample_imputations(gappy, 20, random_state=0),
}
filled = {name: np.median(drawn, axis=0) for name, drawn in draws.items()}
filled["KNNImputer"] = KNNImputer(n_neighbors=10).fit(train).transform(gappy)
hours = np.arange(24)
filled["straight lines"] = np.array(
    [
        np.interp(hours, hours[~gap], day[~gap])
        for day, gap in zip(days, hidden, strict=True)
    ]
)
print("                      error    CRPS  coverage   width of the 90 % interval")
for name, series in filled.items():
    line = f"{name:20s} {((series - days)[hidden] ** 2).mean():6.3f}"
    if name in draws:
        of_draws = days, draws[name]
        line += f"  {crps(*of_draws, where=hidden):6.3f}"
        line += f"  {interval_coverage(*of_draws, where=hidden):8.2f}"
        line += f"  {interval_width(*of_draws, where=hidden):6.2f}"
    print(line)

# %%
# Forecast
# --------
# A forecast is the imputation of the end of a window.
known = days[:10, :16]
quantiles = diffusion.forecast(known, q=[0.05, 0.5, 0.95], n_draws=30, random_state=0)
print("hours that are forecast:", quantiles.shape[-1])

# %%
# Plot
# ----
# The interval is wide where the hours around it leave the demand open.
figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained", sharey=True)
for axis, row in zip(axes[:2], (0, 3), strict=True):
    gap = np.flatnonzero(hidden[row])
    span = np.r_[max(gap[0] - 1, 0), gap, min(gap[-1] + 1, 23)]
    drawn = draws["DiffusionAugmenter"][:, row]
    low, middle, high = np.quantile(drawn, [0.05, 0.5, 0.95], axis=0)
    axis.fill_between(
        span, low[span], high[span], color="#D55E00", alpha=0.25, lw=0, label="90 %"
    )
    axis.plot(span, middle[span], color="#D55E00", label="median of draws")
    axis.plot(span, filled["KNNImputer"][row, span], "--", color="#009E73", label="KNN")
    axis.plot(days[row], ":", color="#333333", label="truth")
    axis.plot(gappy[row], color="#333333", lw=2.5, label="known")
    axis.set(xlabel="hour", title=f"a gap from hour {gap[0]} to {gap[-1]}")
axes[0].set_ylabel("demand, standardised")
axes[0].legend(frameon=False)
low, middle, high = quantiles[:, 5]
after = np.arange(16, 24)
axes[2].fill_between(after, low, high, color="#D55E00", alpha=0.25, lw=0)
axes[2].plot(after, middle, color="#D55E00")
axes[2].plot(days[5], ":", color="#333333")
axes[2].plot(known[5], color="#333333", lw=2.5)
axes[2].set(xlabel="hour", title="a forecast of 8 hours")
figure.savefig("error_bars.png", dpi=120)
