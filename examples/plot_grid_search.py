"""
Grid search: how many copies, and from which model?
===================================================

The parameters of the augmenter are also parameters of `AugmentedClassifier`, so
cross-validation can select them together with those of the classifier. The training set
grows inside ``fit``, so no variation of a validation row is used for training. Include
``n_copies=0`` in the grid, because augmentation does not help every classifier.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sktime.datasets import load_gunpoint

from lgta_sklearn import AugmentedClassifier, LatentAugmenter

X, y = load_gunpoint(split="train", return_type="numpy3D")  # 50 movements of a hand
X_test, y_test = load_gunpoint(split="test", return_type="numpy3D")
X, X_test = X[:, 0], X_test[:, 0]

# %%
# Search
# ------
# The classifier is 1-nearest-neighbour. The search also covers the number of codes.
model = AugmentedClassifier(
    KNeighborsClassifier(1), LatentAugmenter(max_epochs=40), random_state=0
)
grid = {"n_copies": [0, 2, 8], "augmenter__latent_dim": [4, 16]}
folds = StratifiedKFold(4, shuffle=True, random_state=0)
search = GridSearchCV(model, grid, cv=folds, n_jobs=2).fit(X, y)
print("selected:", search.best_params_)
plain = KNeighborsClassifier(1).fit(X, y).score(X_test, y_test)
print(f"accuracy on {len(y_test)} test movements: {plain:.3f} with the real series,")
print(f"{search.score(X_test, y_test):.3f} with the selected parameters")

# %%
# A search over the augmenter alone needs no scorer, because its ``score`` is a lower
# bound of the log density of unseen series.
by_itself = GridSearchCV(
    LatentAugmenter(max_epochs=40, random_state=0),
    {"latent_dim": [2, 16], "backbone": ["cnn_gru", "lstm"]},
    cv=3,
    n_jobs=2,
).fit(X)
print("best model by the bound:", by_itself.best_params_)

# %%
# Plot
# ----
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
styles = ("o-", "#0072B2"), ("s--", "#D55E00")


def draw(ax, results, across, along, title):
    """Plot the scores of a search over two parameters, with standard errors."""
    keys = [np.array(results[f"param_{name}"]) for name in (across, along)]
    for value, (style, colour) in zip(np.unique(keys[1]), styles, strict=True):
        rows = keys[1] == value
        error = results["std_test_score"][rows] / np.sqrt(search.n_splits_)
        ax.errorbar(
            keys[0][rows].astype(str),
            results["mean_test_score"][rows],
            error,
            fmt=style,
            color=colour,
            capsize=3,
            label=f"{along.removeprefix('augmenter__')} = {value}",
        )
    ax.set(xlabel=across, title=title)
    ax.legend(frameon=False)


results = search.cv_results_
draw(axes[0], results, "n_copies", "augmenter__latent_dim", "accuracy of 1-NN")
title = "bound of unseen series, nats"
draw(axes[1], by_itself.cv_results_, "latent_dim", "backbone", title)
figure.savefig("grid_search.png", dpi=120)
