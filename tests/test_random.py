import threading

import numpy as np
import pytest
import torch

from lgta_sklearn._random import (
    blocks,
    content_generators,
    pinned_threads,
    seed_from,
    seeded_initialisation,
)


def test_an_int_is_its_own_seed_and_generators_advance():
    assert seed_from(7) == seed_from(np.int64(7)) == 7
    rng = np.random.default_rng(0)
    assert seed_from(rng) != seed_from(rng)
    old = np.random.RandomState(0)
    assert seed_from(old) != seed_from(old)
    assert seed_from(None) != seed_from(None)


@pytest.mark.parametrize("bad", ["seed", 1.5, -1])
def test_other_seeds_are_refused(bad):
    with pytest.raises(ValueError, match=r"random_state must be None, an int.*got"):
        seed_from(bad)


def test_blocks_cover_the_rows():
    assert [rows for _, rows in blocks(600)] == [
        slice(0, 256),
        slice(256, 512),
        slice(512, 600),
    ]


def test_content_decides_not_place():
    X = np.random.default_rng(0).normal(size=(5, 3))
    forward = [rng.random() for rng in content_generators(X, 1)]
    backward = [rng.random() for rng in content_generators(X[::-1], 1)]
    assert forward == backward[::-1]
    assert forward != [rng.random() for rng in content_generators(X, 2)]


def test_initialisation_is_seeded_and_leaves_no_trace():
    before = torch.get_rng_state()
    with seeded_initialisation(3):
        first = torch.rand(3)
    with seeded_initialisation(3):
        assert torch.equal(torch.rand(3), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_overlapping_pins_restore_the_users_threads():
    before = torch.get_num_threads()
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with pinned_threads(1):
            entered.set()
            leave.wait(10)

    other = threading.Thread(target=hold)
    with pinned_threads(1):
        other.start()
        entered.wait(10)
        assert torch.get_num_threads() == 1
    leave.set()
    other.join()
    assert torch.get_num_threads() == before
