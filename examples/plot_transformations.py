"""
Transformations of series and of their codes
============================================

What each transformation does, in one look: to the series themselves
(`DirectAugmenter`), and to the codes of a model that has learnt the set
(`LatentAugmenter(latent="temporal")`). The series are days of electricity demand that
come with sktime, two seasons of them.
"""

import matplotlib.pyplot as plt
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.metrics import signature, signature_distance
from lgta_sklearn.plotting import plot_response, plot_variations
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
# A model of the set. Its codes have a time axis, so that a drift of the codes is a
# drift of the day, and a term in the training sees to it that it looks like one.

latent = LatentAugmenter(latent="temporal", random_state=0).fit(X)
direct = DirectAugmenter(random_state=0).fit(X)

# %%
# The same strength moves a series as far, whatever the transformation: by .4 of its own
# standard deviation. Black is the day itself, each colour a variation of it: the same
# factor, warp or line on both sides (noise, walks and neighbours are drawn anew).

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
# What a transformation adds has a signature: its autocorrelation, how much of a
# straight line it has, and whether it grows with the amplitude. That of the latent
# variation is near that of its direct twin, but for noise: a model that knows smooth
# days makes smooth noise of it.

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
# Distance grows with strength, along the same line for all of them.

fig, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for ax, (name, augmenter) in zip(
    panels, {"of the series": direct, "of their codes": latent}.items(), strict=True
):
    plot_response(augmenter, X, TRANSFORMATIONS, ax=ax)
    ax.set_title(name)
panels[1].get_legend().remove()
fig.savefig("response.png", dpi=120)
