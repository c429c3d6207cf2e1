"""The same numbers again: however often, wherever, in whatever company."""

import copy
import multiprocessing
import os
import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256

import joblib
import numpy as np
import pytest
import sklearn
import torch
from conftest import fast, run_python, same
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from lgta_sklearn import DiffusionAugmenter, DirectAugmenter, LatentAugmenter
from lgta_sklearn._chunks import BLOCK
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.transforms import TimeWarp

X = make_waves(60, n_timepoints=24, random_state=0)
Y = np.array(["a", "b"])[np.arange(60) % 2]
RAGGED = [row[: 10 + i % 14] for i, row in enumerate(X)]


def digest(augmenter, X=X, y=Y):
    """Return a text that differs if one bit of what an augmenter gives does."""
    every = [
        augmenter.sample(300, random_state=0),
        augmenter.sample(5),
        augmenter.augment(X, y, random_state=1)[0],
        augmenter.encode(X),
        augmenter.score_samples(X),
    ]
    return sha256(
        b"".join(np.ascontiguousarray(a).tobytes() for a in every)
    ).hexdigest()


def fit_and_digest(seed):
    """Run in other threads and processes."""
    return digest(fast(random_state=seed).fit(X, Y)), torch.get_num_threads()


@pytest.fixture(scope="module")
def fitted():
    return fast().fit(X, Y)


@pytest.fixture(scope="module")
def wanted():
    return digest(fast().fit(X, Y))


class TestRows:
    @pytest.mark.parametrize("kind", ["latent", "classes", "temporal", "direct"])
    def test_a_long_draw_begins_with_the_short_one(self, kind):
        augmenter = {
            "latent": fast(),
            "classes": fast(),
            "temporal": fast(latent="per_step"),
            "direct": DirectAugmenter(random_state=0),
        }[kind].fit(X, Y if kind == "classes" else None)
        long = augmenter.sample(10_000, random_state=0)
        for n_samples in (1, 100, 256, 257):
            short = augmenter.sample(n_samples, random_state=0)
            np.testing.assert_array_equal(short, long[:n_samples])

    @pytest.mark.parametrize("on_transform", ["identity", "reconstruct", "augment"])
    @pytest.mark.parametrize("latent", ["global", "per_step"])
    def test_the_rows_around_a_row_do_not_matter(self, on_transform, latent):
        many = np.concatenate([X + 0.1 * i for i in range(6)])  # more than a block
        params = {"latent": latent, "on_transform": on_transform}
        augmenter = fast(strength=0.3, **params).fit(X)
        order = np.random.default_rng(0).permutation(len(many))
        for method in ("transform", "encode", "reconstruct", "score_samples"):
            call = getattr(augmenter, method)
            whole = call(many)
            np.testing.assert_array_equal(call(many[order]), whole[order])
            np.testing.assert_array_equal(call(many[7:20]), whole[7:20])
            chunks = [call(many[i : i + 37]) for i in range(0, len(many), 37)]
            np.testing.assert_array_equal(np.concatenate(chunks), whole)

    def test_nor_for_series_of_different_lengths(self):
        augmenter = fast(on_transform="augment").fit(RAGGED)
        for method in ("transform", "encode", "reconstruct", "score_samples"):
            call = getattr(augmenter, method)
            assert same(list(call(RAGGED)[7:20]), list(call(RAGGED[7:20])))


class TestSeeds:
    def test_the_same_seed_gives_the_same_however_it_comes_about(
        self, fitted, wanted, tmp_path
    ):
        augmenter = fast().fit(X, Y)
        augmenter.save(tmp_path / "a")
        joblib.dump(augmenter, tmp_path / "b")
        # a deep copy is taken first: the sequence of draws is part of an estimator
        again = [
            copy.deepcopy(augmenter),
            pickle.loads(pickle.dumps(augmenter)),
            LatentAugmenter.load(tmp_path / "a"),
            joblib.load(tmp_path / "b"),
            clone(augmenter).fit(X, Y),
            pickle.loads(pickle.dumps(fast())).fit(X, Y),
            augmenter.fit(X, Y),
        ]
        assert [digest(one) for one in again] == [wanted] * len(again)

    def test_a_fresh_process_gives_the_same(self, wanted):
        code = """
            import numpy as np, random, torch
            np.random.seed(3), random.seed(3), torch.manual_seed(3)
            from test_repeatability import fit_and_digest
            print(fit_and_digest(0)[0])
        """
        assert run_python(code)[-1] == wanted

    @pytest.mark.changes_global_state
    def test_global_seeds_are_not_looked_at(self, wanted):
        for seed in (0, 1):
            np.random.seed(seed)  # noqa: NPY002
            random.seed(seed)
            torch.manual_seed(seed)
            assert digest(fast().fit(X, Y)) == wanted

    def test_kinds_of_seeds(self):
        def drawn(random_state):
            return fast(random_state=random_state).fit(X).sample(2)

        assert not same(drawn(None), drawn(None))
        for make in (np.random.RandomState, np.random.default_rng):
            assert same(drawn(make(3)), drawn(make(3)))
            advanced = make(3)
            assert not same(drawn(advanced), drawn(advanced))

    def test_calls_differ_and_their_sequence_repeats(self):
        first, second = fast().fit(X), fast().fit(X)
        draws = [first.sample(3), first.sample(3), first.augment(X)]
        assert not same(draws[0], draws[1])
        assert same(draws, [second.sample(3), second.sample(3), second.augment(X)])

    def test_nothing_goes_on_from_an_earlier_fit(self):
        # every fit begins anew: there is neither warm_start nor partial_fit
        augmenter = fast().fit(X[:30]).fit(X)
        assert same(augmenter.encode(X), fast().fit(X).encode(X))
        assert "warm_start" not in augmenter.get_params()
        assert not hasattr(augmenter, "partial_fit")


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def threads(n_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def strict_floats():
    before = np.seterr(all="raise")
    try:
        yield
    finally:
        np.seterr(**before)


SURROUNDINGS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "double": lambda: default_dtype(torch.float64),
    "half": lambda: default_dtype(torch.float16),
    "another device": lambda: torch.device("meta"),
    "one thread": lambda: threads(1),
    "three threads": lambda: threads(3),
    "anomalies": lambda: torch.autograd.set_detect_anomaly(True),
    "strict floats": strict_floats,
    "pandas out": lambda: sklearn.config_context(transform_output="pandas"),
    "little memory": lambda: sklearn.config_context(working_memory=1),
    "assume finite": lambda: sklearn.config_context(assume_finite=True),
}


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_what_the_caller_has_switched_on_does_not_matter(name, wanted):
    with SURROUNDINGS[name]():
        before = torch.is_grad_enabled(), torch.get_default_dtype(), np.geterr()
        got = digest(fast().fit(X, Y))
        assert before == (
            torch.is_grad_enabled(),
            torch.get_default_dtype(),
            np.geterr(),
        )
        assert torch.is_inference_mode_enabled() == (name == "inference_mode")
    assert got == wanted


class TestCompany:
    @pytest.mark.parametrize("backend", ["loky", "threading"])
    def test_workers_of_joblib(self, backend, wanted):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            got = joblib.Parallel()(
                joblib.delayed(fit_and_digest)(s) for s in (0, 1, 0)
            )
        assert got[0][0] == got[2][0] == wanted
        assert got[1][0] != wanted
        if backend == "loky":  # processes share the cores, they do not fight for them
            most = max(joblib.cpu_count() // 2, 1)
            assert max(n_threads for _, n_threads in got) <= most

    def test_a_search_with_two_workers(self):
        alone, together = (
            cross_val_score(fast(), X, cv=3, n_jobs=n_jobs) for n_jobs in (1, 2)
        )
        np.testing.assert_array_equal(alone, together)

    @pytest.mark.slow
    def test_processes_that_are_spawned(self, wanted):
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            assert pool.apply(fit_and_digest, (0,))[0] == wanted

    @pytest.mark.slow
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_a_process_that_is_forked_after_a_fit(self, fitted, wanted):
        drawn = fitted.sample(3, random_state=0)
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()

        def child():
            queue.put((fitted.sample(3, random_state=0), fit_and_digest(0)[0]))

        process = context.Process(target=child)
        process.start()
        process.join(60)
        alive = process.is_alive()
        if alive:
            process.kill()
        assert not alive
        got, again = queue.get()
        np.testing.assert_array_equal(got, drawn)
        assert again == wanted

    @pytest.mark.slow
    def test_threads_of_dask(self, wanted):
        dask = pytest.importorskip("dask")
        tasks = [dask.delayed(fit_and_digest)(seed) for seed in (0, 1, 0)]
        got = dask.compute(*tasks, scheduler="threads", num_workers=2)
        assert got[0][0] == got[2][0] == wanted

    def test_two_fits_at_once_are_two_fits_in_turn(self, wanted):
        before = torch.get_num_threads()
        start = threading.Barrier(2)

        def fit(seed):
            start.wait()
            return fit_and_digest(seed)[0]

        in_turn = [wanted, fit_and_digest(1)[0]]
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(fit, (0, 1))) == in_turn
        assert torch.get_num_threads() == before

    def test_one_estimator_in_eight_threads(self, fitted):
        def work(seed):
            return (
                fitted.sample(20, random_state=seed),
                fitted.augment(X, random_state=seed, strength=0.2),
                fitted.encode(X),
            )

        in_turn = [work(seed) for seed in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert same(list(pool.map(work, range(8))), in_turn)

    def test_what_a_call_sets_is_set_back_after_an_error_too(self, fitted):
        before = torch.get_num_threads(), torch.get_default_dtype()
        with pytest.raises(ZeroDivisionError):
            fast(transformation=lambda Z, rng: 1 / 0).fit(X).augment(X)
        assert before == (torch.get_num_threads(), torch.get_default_dtype())


def test_the_threads_of_a_worker_are_those_it_was_given():
    """Inside `fit` torch has one thread, whatever the machine has."""
    seen = []

    class Looks(torch.nn.Module):
        def __init__(self, in_features, out_features):
            super().__init__()
            self.linear = torch.nn.Linear(in_features, out_features)

        def forward(self, x):
            seen.append(torch.get_num_threads())
            return self.linear(x)

    with threads(2):
        fast(Looks).fit(X).sample(2)
    assert set(seen) == {1}


def test_blocks_in_threads_are_those_in_turn(monkeypatch):
    """`DiffusionAugmenter` works on several blocks at a time, if it may."""
    monkeypatch.setattr("lgta_sklearn.augmenters._imputing.DRAWN_VALUES", 1000)
    augmenter = DiffusionAugmenter(
        hidden_dim=8, n_steps=3, max_epochs=1, random_state=0
    ).fit(X)
    gappy = X.copy()
    gappy[:, 3:9] = np.nan

    def work(n_threads):
        with threads(n_threads):
            return (
                augmenter.sample(BLOCK + 44, random_state=0),
                augmenter.sample_imputations(gappy, 2, random_state=0),
                augmenter.impute(gappy),
            )

    assert same(work(2), work(1))


def test_warping_is_repeated_too():
    first, second = (
        fast(latent="per_step", transformation=TimeWarp(), strength=0.2).fit(X)
        for _ in range(2)
    )
    assert same(first.augment(X), second.augment(X))
    assert not same(first.augment(X), first.augment(X, random_state=0))


def test_what_is_drawn_for_labelled_samples_is_independent(fitted):
    """Classes, blocks, noise and gaps once shared a seed: noise repeated the codes."""
    gappy = X.copy()
    gappy[::2, 3] = np.nan
    augmenter = fast(noise="structured").fit(gappy, Y)
    seeds = []

    def spied(sampler):
        sample = sampler.sample

        def sample_and_note(n_samples=1, *, given=None, random_state=None):
            seeds.append(random_state)
            return sample(n_samples, given=given, random_state=random_state)

        sampler.sample = sample_and_note

    for sampler in (
        *augmenter.density_.by_class_,
        augmenter.noise_,
        augmenter._state.gaps,
    ):
        spied(sampler)
    augmenter.sample(600, random_state=0)
    assert len(seeds) == 3 * 4  # three blocks of two classes, noise and gaps
    assert len(set(seeds)) == len(seeds)


def test_series_that_occur_several_times_are_encoded_once(fitted, monkeypatch):
    rows = []
    encoded = LatentAugmenter._encoded

    def counted(self, panel):
        rows.append(len(panel))
        return encoded(self, panel)

    monkeypatch.setattr(LatentAugmenter, "_encoded", counted)
    fitted.augment(X, Y, n_copies=4, random_state=0)
    fitted.augment(np.tile(X, (7, 1)), np.tile(Y, 7), random_state=0)
    assert rows == [60, 60]
    both = np.concatenate([X, X]), np.concatenate([Y, Y[::-1]])
    fitted.augment(*both, random_state=0)  # with another label it is another series
    assert rows[2:] == [120]
