"""
Save a model and share it
=========================

A fitted augmenter is saved as one file without code. Other people can load it without
trusting its author, and they draw exactly the same series.
"""

import tempfile
from pathlib import Path

from sktime.datasets import load_italy_power_demand

from lgta_sklearn import FormatError, LatentAugmenter
from lgta_sklearn.plotting import plot_nearest_pairs

# %%
# The series are days of electricity demand in winter and summer.
X, y = load_italy_power_demand(split="train", return_type="numpy3D")
augmenter = LatentAugmenter(random_state=0).fit(X[:, 0], y)

# %%
# ``save`` is atomic: it writes the complete file or nothing.
path = Path(tempfile.mkdtemp()) / "demand.safetensors"
augmenter.save(path)
print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, contains {len(X)} days")

# %%
# The loaded estimator behaves exactly like the saved one, including the next draw.
loaded = LatentAugmenter.load(path)
print("the same samples:", (loaded.sample(100) == augmenter.sample(100)).all())
print("the same scores:", (loaded.score_samples(X) == augmenter.score_samples(X)).all())

# %%
# ``load`` detects a single flipped bit anywhere in the file. It also refuses truncated
# files, files of another origin or of a newer format, and forged files that would
# exhaust the memory.
content = bytearray(path.read_bytes())
content[len(content) // 2] ^= 1
path.write_bytes(content)
try:
    LatentAugmenter.load(path)
except FormatError as error:
    print("refused:", str(error).split(": ", 1)[1])

# %%
# What can you share? The file, like the fitted estimator, contains everything that is
# needed to rebuild the training series. Share it only with people who may see the
# series, and share samples with others. Look at the samples first: these are the ones
# nearest to a training day, and with as few days as here, some are nearly identical to
# one.
axes = plot_nearest_pairs(X, loaded.sample(200, random_state=0))
axes[0].figure.savefig("save_and_share.png", dpi=120)
