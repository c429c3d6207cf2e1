import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

import lgta_sklearn
from lgta_sklearn._chunks import BLOCK, blocks, map_chunks
from lgta_sklearn._random import Use, content_generators, seed_from, stream
from lgta_sklearn._runtime import (
    configured_threads,
    in_threads,
    pinned_runtime,
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


def test_no_two_uses_share_a_stream():
    numbers = [
        stream(seed, use, *key).integers(2**63)
        for seed in (0, 1, 2**32, 2**62)
        for use in Use
        for key in [(), (0,), (1,), (0, 1), (1, 0)]
    ]
    assert len(set(numbers)) == len(numbers)
    assert len({use.value for use in Use}) == len(Use)


def test_a_stream_of_a_stream_does_not_depend_on_what_was_drawn():
    parent = stream(7, Use.FIT)
    before = stream(parent, Use.NOISE, 3).integers(2**63)
    parent.integers(2**63, size=5)
    assert stream(parent, Use.NOISE, 3).integers(2**63) == before
    assert stream(7, Use.NOISE, 3).integers(2**63) != before


def test_no_seed_is_computed_from_a_seed():
    """A seed is a key of streams: sums and remainders of seeds collide."""
    package = Path(lgta_sklearn.__file__).parent
    arithmetic = re.compile(
        r"(seed|random_state)\w*(\(.*?\))? *[-+*%^|] *\w|[+*%] *seed\b"
    )
    found = [
        f"{path.name}: {line.strip()}"
        for path in package.rglob("*.py")
        for line in path.read_text().splitlines()
        if arithmetic.search(line.split("#")[0]) and not line.lstrip().startswith(">>>")
    ]
    assert found == []


def test_blocks_cover_the_rows():
    assert [rows for _, rows in blocks(600)] == [
        slice(0, 256),
        slice(256, 512),
        slice(512, 600),
    ]


@pytest.mark.parametrize("n_rows", [0, 1, 256, 5 * BLOCK + 7])
@pytest.mark.parametrize("n_values", [1, 2**12, 2**20])
def test_portions_are_whole_blocks_and_come_back_as_one(n_rows, n_values):
    seen = []

    def made(rows):
        seen.append(rows)
        return np.arange(n_rows, dtype=np.float32)[rows, None]

    whole = map_chunks(made, n_rows, n_values)
    np.testing.assert_array_equal(whole[:, 0], np.arange(n_rows))
    assert whole.dtype == np.float32
    assert all((rows.stop - rows.start) % BLOCK == 0 for rows in seen[:-1])
    size = max(2**18 // n_values // BLOCK, 1) * BLOCK
    assert len(seen) == max(-(-n_rows // size), 1)


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
        with pinned_runtime(1):
            entered.set()
            leave.wait(10)

    other = threading.Thread(target=hold)
    with pinned_runtime(1):
        other.start()
        entered.wait(10)
        assert torch.get_num_threads() == 1
    leave.set()
    other.join()
    assert torch.get_num_threads() == before


def test_one_call_within_another_leaves_the_outer_as_it_was():
    before = torch.get_num_threads()
    with pinned_runtime(1):
        with pinned_runtime(2):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 1
        assert configured_threads() == before
    assert torch.get_num_threads() == configured_threads() == before


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_items_are_worked_on_side_by_side(two_threads):
    both = threading.Barrier(2, timeout=10)  # breaks if one waits for the other

    def work(item):
        both.wait()
        return item, torch.get_num_threads(), configured_threads()

    with pinned_runtime():
        assert list(in_threads(work, range(4))) == [(k, 1, 2) for k in range(4)]
    assert torch.get_num_threads() == 2


def test_a_thread_of_a_pool_starts_no_pool(two_threads):
    def thread(_):
        return threading.get_ident()

    def inner(item):
        return set(in_threads(thread, range(4))) == {thread(None)}

    assert all(in_threads(inner, range(4)))


def test_an_error_in_a_thread_is_raised(two_threads):
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda k: 1 // k, [1, 0, 1]))


def test_openmp_is_pinned_and_restored():
    def most():
        return max(
            lib["num_threads"]
            for lib in threadpool_info()
            if lib["user_api"] == "openmp"
        )

    with threadpool_limits(2, user_api="openmp"):
        with pinned_runtime(1):
            assert most() == 1
        assert most() == 2
