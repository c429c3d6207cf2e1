"""Write the file of a format, and what it gave: once, when the format is new."""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from lgta_sklearn import LatentAugmenter
from lgta_sklearn._files.bytes import FORMAT
from lgta_sklearn.datasets import make_waves


def main(folder):
    X = make_waves(20, n_timepoints=12, random_state=0)
    y = np.array(["a", "b"])[np.arange(20) % 2]
    augmenter = LatentAugmenter(
        latent_dim=2, hidden_dim=4, beta=0.1, strength=0.2, random_state=0
    ).fit(X, y)
    name = f"format{FORMAT}"
    augmenter.save(folder / f"{name}.safetensors")
    expected = {
        "X": X,
        "sample": augmenter.sample(4, random_state=0),
        "augment": augmenter.augment(X, random_state=0),
        "encode": augmenter.encode(X),
        "score": augmenter.score_samples(X),
    }
    save_file(expected, folder / f"{name}.expected")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
