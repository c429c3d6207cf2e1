"""
Share days of demand: sample, anonymise, attack
===============================================

Days of electricity demand tell when somebody was at home. Here a set of such days is to
be replaced by another one. Compared are samples of a diffusion model, the anonymiser,
which keeps averages of at least three or ten days only, and samples with differential
privacy. Only the last of them is a guarantee, so each set is attacked, and what it
costs a classifier is measured.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sktime.datasets import load_italy_power_demand

from lgta_sklearn import DiffusionAugmenter, GaussianAnonymizer, LatentAnonymizer
from lgta_sklearn.metrics import privacy_report

# %%
# The days of the data set are shuffled: 250 to learn, 250 that nobody uses but the
# attacks, and the rest to test a classifier of winter and summer.
parts = [
    load_italy_power_demand(split=s, return_type="numpy3D") for s in ("train", "test")
]
X, y = (np.concatenate(some) for some in zip(*parts, strict=True))
X, order = X[:, 0], np.random.default_rng(0).permutation(len(X))
learned, unseen, tested = np.split(order, [250, 500])

# %%
# A smaller network than the default keeps this example short. ``fit_transform`` of the
# anonymiser returns a new day for each day, made from the averages of its cluster;
# ``sample`` would do as well.
small = {"hidden_dim": 32, "max_epochs": 25}
diffusion = DiffusionAugmenter(**small, random_state=0).fit(X[learned], y[learned])
sets = {"real days": (X[learned], y[learned])}
sets["sampled"] = diffusion.sample(250, return_y=True)
for k in (3, 10):
    anonymizer = LatentAnonymizer(k, DiffusionAugmenter(**small), random_state=0)
    new = anonymizer.fit_transform(X[learned], y[learned])
    sets[f"anonymised, k={k}"] = new, y[learned]
    print(f"k={k}: {len(anonymizer.cluster_sizes_)} clusters")

# %%
# Differential privacy needs bounds that do not come from the data: each of these days
# is normalised by itself, so that no value is far from 0. Without a ``random_state``
# nobody can remove the noise, and each run of this example draws other days.
proved = GaussianAnonymizer(epsilon=3.0, bounds=(-4, 4)).fit(X[learned], y[learned])
sets["proved, epsilon=3"] = proved.sample(250, return_y=True)

# %%
# The attacks: the excess is 0 if the set tells no more of a day that was learned than
# of an unseen one, and 1 if it tells everything. Days that replace others stay near
# their clusters, so that who was in the set can be guessed a little better than from
# days that are sampled: take ``sample`` where no day needs a counterpart.
reports = {
    name: privacy_report(X[learned], days, X[unseen], random_state=0, verbose=0).table
    for name, (days, _) in sets.items()
}
excess = pd.DataFrame({name: table["excess"] for name, table in reports.items()})
print(excess.round(2).to_string())

# %%
# What it costs: a classifier that is trained on each set, and tested on real days.
for name, (days, season) in sets.items():
    forest = RandomForestClassifier(random_state=0).fit(days, season)
    print(f"{name}: accuracy {forest.score(X[tested], y[tested]):.3f}")

# %%
# The same four days, and what became of them; of the samples any four.
figure, axes = plt.subplots(2, 5, figsize=(14, 5), sharex="row", layout="constrained")
attacks = ["membership, reference model", "singling out", "linkability", "inference"]
for column, (name, (days, _)) in enumerate(sets.items()):
    axes[0, column].plot(days[:4].T)
    axes[0, column].set(title=name, ylim=(X.min(), X.max()))
    table = reports[name].loc[attacks]
    error = [table["excess"] - table["low"], table["high"] - table["excess"]]
    axes[1, column].errorbar(table["excess"], range(4), xerr=error, fmt="o")
    axes[1, column].axvline(0, color="grey", lw=1)
    axes[1, column].set(xlim=(-0.5, 1.05), yticks=range(4))
    axes[1, column].set_yticklabels(attacks if column == 0 else [])
axes[1, 0].set_xlabel("excess of the attack")
figure.savefig("anonymizer.png", dpi=120)
