"""
Transformations of series and of their codes
============================================

This example shows the effect of each transformation on the series themselves
(`DirectAugmenter`) and on the codes of a fitted model
(`LatentAugmenter(latent="per_step")`). The series are days of electricity demand from
two seasons; they come with sktime.
"""

import matplotlib.pyplot as plt
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.metrics import signature, signature_distance
from lgta_sklearn.plotting import plot_strength_curve, plot_variations
from lgta_sklearn.transforms import (
    Drift,
    Jitter,
    MagnitudeWarp,
    Mixup,
    Scaling,
    TimeWarp,
    Trend,
)

X, y = load_italy_power_demand(return_type="numpy3D")
X = X[:400, 0]

# %%
# We fit a model of the set. Its codes have a time axis, so a drift of the codes is a
# drift of the day. The equivariance term in training makes both look alike.

latent = LatentAugmenter(latent="per_step", random_state=0).fit(X)
direct = DirectAugmenter(random_state=0).fit(X)

# %%
# The same strength moves a series equally far with every transformation: here by 0.4 of
# its own standard deviation. The black line is the day itself, and each colour is one
# variation. Both sides use the same factor, warp or line (noise, walks and neighbours
# are drawn anew).

TRANSFORMATIONS = [
    Jitter(),
    Scaling(),
    MagnitudeWarp(),
    TimeWarp(),
    Drift(),
    Trend(),
    Mixup(),
]
axes = plot_variations(
    X[3],
    {"of the series": direct, "of its codes": latent},
    TRANSFORMATIONS,
    strength=0.4,
    random_state=1,
)
axes[0, 0].figure.savefig("transformations.png", dpi=120)

# %%
# The signature of a transformation describes what it adds: its autocorrelation, its
# linearity, and whether it grows with the amplitude. The signature of a latent
# variation is near that of its direct twin, except for noise: a model of smooth days
# turns it into smooth noise.

for transformation in TRANSFORMATIONS:
    varied, twin = (
        augmenter.set_params(transformation=transformation).augment(
            X, strength=0.3, random_state=0
        )
        for augmenter in (latent, direct)
    )
    marks = ", ".join(f"{value:.2f}" for value in signature(X, varied))
    distance = signature_distance(X, varied, twin)
    print(f"{transformation!r:18} signature {marks}; to the direct twin {distance:.2f}")

# %%
# Distance grows with strength, along the same line for all transformations.

fig, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for ax, (name, augmenter) in zip(
    panels, {"of the series": direct, "of their codes": latent}.items(), strict=True
):
    plot_strength_curve(augmenter, X, TRANSFORMATIONS, ax=ax)
    ax.set_title(name)
panels[1].get_legend().remove()
fig.savefig("response.png", dpi=120)
