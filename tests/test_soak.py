"""Many fits and samples in one process: nothing piles up.

LGTA_SOAK=1000 pytest tests/test_soak.py        # some minutes
"""

import gc
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import fast

from lgta_sklearn.datasets import make_waves

N_ROUNDS = int(os.environ.get("LGTA_SOAK", "24"))
PROC = Path("/proc/self")


def footprint():
    """Return resident memory in MB, open files, threads, and tensors alive."""
    gc.collect()
    pages = int((PROC / "statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    files = len(list((PROC / "fd").iterdir()))
    # not isinstance, which asks lazy objects of other packages for their class
    tensors = sum(issubclass(type(o), torch.Tensor) for o in gc.get_objects())
    return memory, files, threading.active_count(), tensors


@pytest.mark.skipif(not PROC.exists(), reason="there is no /proc here")
def test_memory_files_and_threads_stay_what_they_are(tmp_path, capsys):
    X = make_waves(30, n_timepoints=24, random_state=0)
    y = np.arange(30) % 2
    looks, course = {*np.linspace(N_ROUNDS // 2, N_ROUNDS - 1, 5, dtype=int)}, []
    for number in range(N_ROUNDS):
        backbone = ("cnn_gru", "transformer", "lstm")[number % 3]
        augmenter = fast(backbone, random_state=number).fit(X, y)
        augmenter.sample(50)
        augmenter.augment(X, strength=0.2)
        augmenter.score_samples(X)
        augmenter.save(tmp_path / "a")
        type(augmenter).load(tmp_path / "a").sample(1)
        del augmenter
        if number in looks:
            course.append((number + 1, *footprint()))
    with capsys.disabled():
        if N_ROUNDS > 24:
            print("\nrounds, MB, files, threads, tensors:", course)
    (_, *warm), (_, *last) = course[0], course[-1]
    assert last[1:] == warm[1:]
    # what the allocator keeps goes up and down; a leak of one model in each round
    # would be 0.08 MB a round, which a thousand of them tell from that
    assert last[0] - warm[0] < 3 + 0.005 * N_ROUNDS
