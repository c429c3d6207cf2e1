"""
Which augmenter, and should the training set grow at all?
=========================================================

`suggest_augmenter` answers the first question from what is known before any training:
the number of series, their length, labels, and what they are for. Its rules rest on
:doc:`measurements </benchmarks/families>`. ``AugmentedClassifier(n_copies="auto")``
answers the second one inside ``fit``: it cross-validates the classifier with several
ways of growth and with none, and lets the set grow only if that gains more than its
standard error (two for a linear classifier).
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sktime.datasets import load_basic_motions

from lgta_sklearn import AugmentedClassifier, suggest_augmenter

X, y = load_basic_motions(split="train", return_type="numpy3D")  # 40 recordings
X_test, y_test = load_basic_motions(split="test", return_type="numpy3D")

# %%
# Which augmenter?
# ----------------
# Forty recordings of six channels and 100 time points, of four activities.
for purpose in ("augment", "synthesise", "share", "impute"):
    augmenter, reason = suggest_augmenter(X, y, purpose)
    print(f"{purpose}: {type(augmenter).__name__}")
    print(textwrap.indent(textwrap.fill(reason, 64), "    "))

# %%
# Grow, or not?
# -------------
# Three classifiers. A nearest neighbour and a forest gain from a time warp, since the
# recordings do not start at the same moment of a movement.
flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
classifiers = {
    "1-NN": KNeighborsClassifier(1),
    "forest": RandomForestClassifier(50, random_state=0),
    "ridge": RidgeClassifierCV(np.logspace(-3, 5, 9)),
}
NAMES = ["none", "relatives", "relatives, time warp", "time warp"]
models = {}
for name, classifier in classifiers.items():
    model = AugmentedClassifier(
        make_pipeline(flat, classifier), n_copies="auto", random_state=0
    )
    models[name] = model.fit(X, y)
    tried = model.validation_
    plain = make_pipeline(flat, classifier).fit(X, y).score(X_test, y_test)
    print(
        f"{name}: {NAMES[tried['best']]}, {model.n_augmented_} new series; test "
        f"accuracy {model.score(X_test, y_test):.3f}, without growth {plain:.3f}"
    )

# %%
# Plot
# ----
# The gain of each way by cross-validation, with its standard error. What was taken is
# drawn full.
figure, axes = plt.subplots(1, 3, figsize=(9.5, 3), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    tried = model.validation_
    gain, error = 100 * tried["gain"], 100 * tried["standard_error"]
    for place, way in enumerate(NAMES):
        taken = place == tried["best"]
        ax.errorbar(
            gain[place],
            way,
            xerr=error[place],
            fmt="o",
            color="#D55E00" if taken else "#0072B2",
            markerfacecolor=None if taken else "white",
            capsize=3,
        )
    ax.axvline(0, color="0.8", zorder=0)
    ax.set(title=name, xlabel="gain, points of accuracy")
axes[0].invert_yaxis()
figure.savefig("choosing.png", dpi=120)
