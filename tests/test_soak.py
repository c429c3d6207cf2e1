"""Many fits and samples in one process: nothing piles up.

LGTA_SOAK=1000 pytest -m slow tests/test_soak.py        # some minutes
"""

import ast
import gc
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import fast, run_python

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


def soak(n_rounds, path):
    """Return the footprint after some of so many rounds."""
    X = make_waves(30, n_timepoints=24, random_state=0)
    y = np.arange(30) % 2
    looks, course = {*np.linspace(n_rounds // 2, n_rounds - 1, 5, dtype=int)}, []
    for number in range(n_rounds):
        backbone = ("cnn_gru", "transformer", "lstm")[number % 3]
        augmenter = fast(backbone, random_state=number).fit(X, y)
        augmenter.sample(50)
        augmenter.augment(X, strength=0.2)
        augmenter.score_samples(X)
        augmenter.save(path)
        type(augmenter).load(path).sample(1)
        del augmenter
        if number in looks:
            course.append((number + 1, *footprint()))
    return course


@pytest.mark.slow
@pytest.mark.skipif(not PROC.exists(), reason="there is no /proc here")
def test_memory_files_and_threads_stay_what_they_are(tmp_path, capsys):
    # in a process of its own: what other tests have left behind comes and goes
    code = (
        f"from test_soak import soak; print(soak({N_ROUNDS}, {str(tmp_path / 'a')!r}))"
    )
    course = ast.literal_eval(run_python(code, timeout=120 + 5 * N_ROUNDS)[-1])
    with capsys.disabled():
        if N_ROUNDS > 24:
            print("\nrounds, MB, files, threads, tensors:", course)
    (_, *warm), (_, *last) = course[0], course[-1]
    assert last[1:] == warm[1:]
    # what the allocator keeps goes up and down; a leak of one model in each round
    # would be 0.08 MB a round, which a thousand of them tell from that
    assert last[0] - warm[0] < 3 + 0.005 * N_ROUNDS
