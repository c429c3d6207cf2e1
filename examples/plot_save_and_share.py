"""
Save a model and share it
=========================

A fitted augmenter is one file that holds no code: whoever gets it can load it without
trusting its author, and draws the very same series.
"""

import tempfile
from pathlib import Path

from sktime.datasets import load_italy_power_demand

from lgta_sklearn import FormatError, LatentAugmenter
from lgta_sklearn.plotting import plot_nearest_pairs

# %%
# Days of electricity demand, winter and summer.
X, y = load_italy_power_demand(split="train", return_type="numpy3D")
augmenter = LatentAugmenter(random_state=0).fit(X[:, 0], y)

# %%
# ``save`` writes the file at once or not at all.
path = Path(tempfile.mkdtemp()) / "demand.safetensors"
augmenter.save(path)
print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {len(X)} days in it")

# %%
# What is loaded does what the saved one would have done, the next draw included.
loaded = LatentAugmenter.load(path)
print("the same samples:", (loaded.sample(100) == augmenter.sample(100)).all())
print("the same scores:", (loaded.score_samples(X) == augmenter.score_samples(X)).all())

# %%
# A single flipped bit is noticed, wherever it is; so is a file cut short, one of other
# origin, one of a newer format, and one that was made up to take all memory.
content = bytearray(path.read_bytes())
content[len(content) // 2] ^= 1
path.write_bytes(content)
try:
    LatentAugmenter.load(path)
except FormatError as error:
    print("refused:", str(error).split(": ", 1)[1])

# %%
# What to share, then? The file holds what rebuilds the training series, as the fitted
# estimator does: give it to those who may see the series, and samples to others. But
# look before: these are the samples that come nearest to a training day, and with as
# few days as here some are nearly the same.
axes = plot_nearest_pairs(X, loaded.sample(200, random_state=0))
axes[0].figure.savefig("save_and_share.png", dpi=120)
