"""Functions of blocks, streams of batches, and series that do not fit into memory."""

import pickle
from itertools import islice

import dask.array as da
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from conftest import fast, same
from hypothesis import given
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture
from skorch import NeuralNetClassifier
from torch import nn
from torch.utils.data import DataLoader

from lgta_sklearn import (
    DiffusionAugmenter,
    DirectAugmenter,
    GaussianAnonymizer,
    LatentAugmenter,
)
from lgta_sklearn._series.arrow import series_of_batch
from lgta_sklearn.adapters.torch import AugmentedDataset
from lgta_sklearn.augmenters import _block_functions
from lgta_sklearn.datasets import reservoir
from lgta_sklearn.networks.backbones import BACKBONES


class OwnBackbone(BACKBONES["cnn_gru"]):
    """A backbone of the user, which no file holds."""


class OwnDensity(GaussianMixture):
    """A density of the user, whose fitted state no file holds."""


def labelled(n=60, n_channels=2):
    """Return series of two channels, and labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_channels, 16)).cumsum(axis=2)
    return X, np.array(["a", "b", "c"])[np.arange(n) % 3]


@pytest.fixture(scope="module")
def fitted():
    """Return augmenters, with and without classes, each fitted for a moment."""
    X, y = labelled()
    lists = [x[:, : 16 - i % 4] for i, x in enumerate(X)]
    quick = {"max_epochs": 1, "hidden_dim": 8, "n_steps": 4}
    return {
        "latent": fast(max_epochs=1, random_state=0).fit(X, y),
        "without labels": fast(max_epochs=1, random_state=0).fit(X[:, 0]),
        "lengths": fast(max_epochs=1, random_state=0).fit(lists, y),
        "diffusion": DiffusionAugmenter(random_state=0, **quick).fit(X, y),
        "direct": DirectAugmenter(random_state=0).fit(X.astype(np.float32), y),
        "proved": GaussianAnonymizer(9.0, bounds=(-9, 9), random_state=0).fit(X, y),
    }


NAMES = "latent", "without labels", "lengths", "diffusion", "direct", "proved"


class TestBlockSampler:
    @pytest.mark.parametrize("name", NAMES)
    def test_any_rows_are_those_of_sample(self, fitted, name):
        whole = fitted[name].sample(700, random_state=3)
        block = pickle.loads(pickle.dumps(fitted[name].block_sampler(random_state=3)))
        assert same(block(range(200, 620)), whole[200:620])
        ids = np.random.default_rng(0).permutation(700)[:40]
        got = block(ids)
        assert all(same(got[i], whole[j]) for i, j in enumerate(ids))
        assert len(block(range(5, 5))) == 0

    def test_labels_are_drawn_or_given_as_by_sample(self, fitted):
        augmenter = fitted["latent"]
        whole = augmenter.sample(600, return_y=True, random_state=1)
        block = augmenter.block_sampler(return_y=True, random_state=1)
        assert same(block(range(255, 600)), tuple(part[255:] for part in whole))
        wanted = np.random.default_rng(0).choice(["a", "b", "c"], 600)
        whole = augmenter.sample(y=wanted, random_state=1)
        given_labels = augmenter.block_sampler(wanted, random_state=1)
        assert same(given_labels(range(500, 600)), whole[500:])
        one = augmenter.block_sampler("b", return_y=True, random_state=1)
        X, y = one(range(300, 310))
        assert set(y) == {"b"}
        assert same(X, augmenter.sample(310, y="b", random_state=1)[300:])
        with pytest.raises(ValueError, match="600 labels were given"):
            given_labels(range(590, 601))

    def test_a_seed_is_drawn_once_and_calls_differ(self, fitted):
        augmenter = pickle.loads(pickle.dumps(fitted["direct"]))
        one, other = augmenter.block_sampler(), augmenter.block_sampler()
        assert same(one(range(4)), one(range(4)))
        assert not same(one(range(4)), other(range(4)))

    @pytest.mark.parametrize("kind", [dict, pa.RecordBatch.from_pydict])
    def test_rows_may_come_as_a_batch(self, fitted, kind):
        block = fitted["latent"].block_sampler(random_state=1)
        ids = np.array([7, 300, 2])
        assert same(block(kind({"id": ids})), block(ids))

    @pytest.mark.parametrize("name", NAMES)
    def test_arrow_holds_the_same_series(self, fitted, name):
        augmenter = fitted[name]
        batch = augmenter.block_sampler(random_state=1, out="arrow")(range(3, 30))
        assert batch.column("id").to_pylist() == [*range(3, 30)]
        panel = series_of_batch(batch)
        rows = augmenter.block_sampler(random_state=1)(range(3, 30))
        for i, row in enumerate(rows):
            got = panel.values[i, :, : panel.lengths[i]]
            np.testing.assert_array_equal(np.squeeze(got), np.squeeze(row))
        assert ("y" in batch.schema.names) == hasattr(augmenter, "classes_")

    def test_a_model_is_loaded_once_in_a_process(self, fitted, tmp_path, monkeypatch):
        path = tmp_path / "model.safetensors"
        fitted["latent"].save(path)
        loads = []
        plain = LatentAugmenter.load.__func__
        counting = classmethod(lambda kind, p, **own: loads.append(p) or plain(kind, p))
        monkeypatch.setattr(LatentAugmenter, "load", counting)
        block = fitted["latent"].block_sampler(random_state=3, path=path)
        assert len(pickle.dumps(block)) < 2000
        for _ in range(3):
            got = pickle.loads(pickle.dumps(block))(range(3))
        assert same(got, fitted["latent"].sample(3, random_state=3))
        assert len(loads) == 1
        _block_functions._loaded.clear()
        path.write_bytes(b"another")
        with pytest.raises(ValueError, match="has changed since"):
            block(range(3))

    @pytest.mark.parametrize(
        "own", [{"backbone": OwnBackbone}, {"density": OwnDensity()}], ids=str
    )
    def test_a_model_with_code_of_the_user_travels_too(self, own):
        X, _ = labelled()
        augmenter = fast(max_epochs=1, random_state=0, **own).fit(X)
        block = pickle.loads(pickle.dumps(augmenter.block_sampler(random_state=0)))
        assert same(block(range(3)), augmenter.sample(3, random_state=0))

    def test_few_models_are_kept(self):
        X, _ = labelled()
        for i in range(6):
            DirectAugmenter(random_state=i).fit(X).block_sampler()(range(1))
        assert len(_block_functions._loaded) == _block_functions.MOST_LOADED

    @pytest.mark.parametrize("rows", [[-1], [0.5], [[1]], "text", np.array([True])])
    def test_what_is_no_row_is_refused(self, fitted, rows):
        with pytest.raises(ValueError, match="Expected numbers of rows"):
            fitted["latent"].block_sampler()(rows)

    def test_arguments_are_checked_at_once(self, fitted):
        with pytest.raises(ValueError, match="out must be 'numpy' or 'arrow'"):
            fitted["latent"].block_sampler(out="pandas")
        with pytest.raises(ValueError, match="not in fit"):
            fitted["latent"].block_sampler("z")
        with pytest.raises(ValueError, match="without labels"):
            fitted["without labels"].block_sampler(return_y=True)


class TestBlockAugmenter:
    @pytest.mark.parametrize("name", ["latent", "lengths", "diffusion", "direct"])
    def test_partitions_and_order_do_not_matter(self, fitted, name):
        X, y = labelled()
        if name == "lengths":
            X = [x[:, : 16 - i % 4] for i, x in enumerate(X)]
        X = X.astype(np.float32) if name == "direct" else X
        vary = fitted[name].block_augmenter(random_state=0)
        whole = vary(X, range(60), y)
        assert not same(whole, X)
        ids = np.random.default_rng(0).permutation(60)[:17]
        some = [X[i] for i in ids]
        some = some if name == "lengths" else np.stack(some)
        got = pickle.loads(pickle.dumps(vary))(some, ids, y[ids])
        assert all(same(got[i], whole[j]) for i, j in enumerate(ids))

    def test_equal_series_of_other_rows_vary_differently(self, fitted):
        X, _ = labelled()
        vary = fitted["latent"].block_augmenter(random_state=0)
        twice = vary(X[[0, 0, 0]], [5, 6, 5])
        assert same(twice[0], twice[2])
        assert not same(twice[0], twice[1])
        other = fitted["latent"].block_augmenter(random_state=1)
        assert not same(vary(X, range(60)), other(X, range(60)))

    def test_empty_partitions_and_labels_that_do_not_fit(self, fitted):
        X, y = labelled()
        vary = fitted["latent"].block_augmenter(random_state=0, out="arrow")
        batch = fitted["latent"].block_sampler(out="arrow")(range(4))
        assert len(vary(batch.slice(0, 0))) == 0
        plain = fitted["latent"].block_augmenter(random_state=0)
        assert plain(X[:0], range(0)).shape == (0, 2, 16)
        with pytest.raises(ValueError, match="inconsistent numbers"):
            plain(X, range(60), y[:3])

    def test_strength(self, fitted):
        X, _ = labelled()
        still = fitted["direct"].block_augmenter(strength=0.0)
        assert same(still(X, range(60)), X)
        with pytest.raises(ValueError, match="strength must be"):
            fitted["direct"].block_augmenter(strength=-1)

    @pytest.mark.parametrize("name", ["latent", "without labels", "lengths"])
    def test_batches_of_arrow(self, fitted, name):
        augmenter = fitted[name]
        batch = augmenter.block_sampler(random_state=1, out="arrow")(range(30))
        vary = augmenter.block_augmenter(random_state=2, out="arrow")
        varied = vary(batch)
        assert varied.schema.names == batch.schema.names
        assert varied.column("id").to_pylist() == [*range(30)]
        part = vary(batch.slice(10, 5))
        assert part.to_pylist() == varied.to_pylist()[10:15]
        assert part.to_pylist() != batch.to_pylist()[10:15]

    def test_numbers_of_rows_have_to_fit(self, fitted):
        with pytest.raises(ValueError, match="number for each of the 60 series, got"):
            fitted["latent"].block_augmenter()(labelled()[0], range(3))


class TestStream:
    def test_batches_are_fresh_seeded_and_see_every_series(self, fitted):
        X, _ = labelled()
        stream = fitted["latent"].stream(X, np.arange(60), batch_size=7, random_state=0)
        assert stream.batches_in_pass == 9
        batches = list(islice(stream, 60))  # seven passes
        seen = np.concatenate([labels for _, labels in batches])
        assert set(np.bincount(seen)) == {7}
        assert len({tuple(seen[i : i + 60]) for i in range(0, 420, 60)}) == 7
        again = fitted["latent"].stream(X, np.arange(60), batch_size=7, random_state=0)
        assert same(again.batch(41), batches[41])
        assert same(list(islice(again, 60)), batches)
        values = np.concatenate([series for series, _ in batches])
        of_first = values[seen == 0]
        real = (of_first == X[0]).all(axis=(1, 2))
        assert 0 < real.sum() < 7
        fresh = of_first[~real]
        assert len(np.unique(fresh[:, 0, 0])) == len(fresh)

    def test_the_share_of_real_series(self, fitted):
        X, _ = labelled()
        for share in (0.0, 0.3, 1.0):
            stream = fitted["direct"].stream(X, real_share=share, random_state=0)
            values = np.concatenate(list(islice(stream, 20)))
            real = (values[:, None] == X).all(axis=(2, 3)).any(axis=1).mean()
            assert real == pytest.approx(share, abs=0.05)

    def test_a_variation_is_one_of_augment(self, fitted):
        X, _ = labelled()
        moved = [
            np.sqrt(((batch - X[rows]) ** 2).mean())
            for batch, rows in islice(
                fitted["latent"].stream(
                    X, np.arange(60), real_share=0, strength=0.3, random_state=0
                ),
                20,
            )
        ]
        varied = fitted["latent"].augment(X, strength=0.3, n_copies=20, random_state=0)
        wanted = np.sqrt(((varied - np.tile(X, (20, 1, 1))) ** 2).mean())
        assert np.mean(moved) == pytest.approx(wanted, rel=0.15)
        still = fitted["latent"].stream(X, strength=0, real_share=0)
        assert np.isin(still.batch(0)[:, 0, 0], X[:, 0, 0]).all()

    def test_inputs_are_not_written_to_and_batches_are_the_callers(self, fitted):
        X, y = labelled()
        before = X.copy()
        stream = fitted["direct"].stream(X, y, batch_size=4, random_state=0)
        first, _ = stream.batch(0)
        kept = first.copy()
        first[:] = 0
        assert same(stream.batch(0)[0], kept)
        assert same(X, before)
        wanted = stream.batch(900)[0]
        again = fitted["direct"].stream(X, y, batch_size=4, random_state=0)
        X[:] = 0
        assert same(again.batch(900)[0], wanted)

    def test_labels_of_any_kind_and_lists(self, fitted):
        X, _ = labelled()
        lists = [x[:, : 16 - i % 4] for i, x in enumerate(X)]
        target = np.random.default_rng(0).normal(size=(60, 2))
        batch, labels = fitted["lengths"].stream(lists, target, batch_size=5).batch(3)
        assert isinstance(batch, list)
        assert labels.shape == (5, 2)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"batch_size": 0}, "batch_size must be an int >= 1"),
            ({"real_share": 1.5}, r"real_share must be in \[0, 1\], got 1.5"),
            ({"strength": -1}, "strength must be"),
            ({"y": [1, 2]}, "inconsistent numbers of samples"),
        ],
    )
    def test_arguments_are_checked_at_once(self, fitted, arguments, words):
        with pytest.raises(ValueError, match=words):
            fitted["direct"].stream(labelled()[0], **arguments)


@pytest.mark.changes_global_state  # a DataLoader draws a seed for its workers
class TestTorch:
    def test_an_epoch_goes_on_where_the_last_one_ended(self, fitted):
        X, _ = labelled()
        options = {"batch_size": 8, "random_state": 0}
        dataset = AugmentedDataset(fitted["latent"], X, np.arange(60), **options)
        epochs = [list(DataLoader(dataset, batch_size=None)) for _ in range(2)]
        assert [len(epoch) for epoch in epochs] == [8, 8] == [len(dataset)] * 2
        stream = fitted["latent"].stream(X, np.arange(60), **options)
        for (series, labels), (X_batch, y_batch) in zip(
            epochs[0] + epochs[1], stream, strict=False
        ):
            assert series.dtype == torch.float32
            assert same(series.numpy(), X_batch.astype(np.float32))
            assert same(labels.numpy(), y_batch)

    def test_workers_make_batches_of_their_own_in_every_epoch(self, fitted):
        X, _ = labelled()
        dataset = AugmentedDataset(
            fitted["latent"], X, batch_size=64, n_batches=7, random_state=0
        )
        loader = DataLoader(
            dataset, batch_size=None, num_workers=2, multiprocessing_context="fork"
        )
        batches = [batch.numpy().tobytes() for _ in range(2) for batch in loader]
        assert len(batches) == len(set(batches)) == 14
        stream = fitted["latent"].stream(X, batch_size=64, random_state=0)
        made = {b.astype(np.float32).tobytes() for b in islice(stream, 40)}
        assert set(batches) < made

    def test_skorch_trains_on_it(self):
        rng = np.random.default_rng(0)
        y = np.arange(120) % 2
        X = rng.normal(size=(120, 1, 16)) + 2 * y[:, None, None]
        dataset = AugmentedDataset(DirectAugmenter().fit(X), X, y, random_state=0)
        net = NeuralNetClassifier(
            nn.Sequential(nn.Flatten(), nn.Linear(16, 2)),
            criterion=nn.CrossEntropyLoss,
            lr=0.1,
            max_epochs=30,
            train_split=None,
            iterator_train__batch_size=None,
            verbose=0,
        )
        net.fit(dataset, None)
        assert (net.predict(X.astype(np.float32)) == y).mean() > 0.95

    def test_a_seed_of_the_augmenter_is_enough(self):
        X, _ = labelled()
        sets = (
            AugmentedDataset(DirectAugmenter(random_state=0).fit(X), X)
            for _ in range(2)
        )
        first, second = (next(iter(dataset)) for dataset in sets)
        assert torch.equal(first, second)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"y": np.tile(["a", "b"], 30)}, "y must be numbers"),
            ({"n_batches": 0}, "n_batches must be None or an int >= 1"),
            ({"dtype": "float32"}, "dtype must be a torch.dtype"),
            ({"X": np.full((60, 2, 16), np.nan)}, "X has missing values"),
        ],
    )
    def test_what_would_fail_later_is_refused(self, fitted, arguments, words):
        with pytest.raises(ValueError, match=words):
            AugmentedDataset(fitted["latent"], **{"X": labelled()[0], **arguments})

    def test_lists_are_refused_and_small_ints_are_labels(self, fitted):
        X, _ = labelled()
        with pytest.raises(ValueError, match="series of one length"):
            AugmentedDataset(fitted["lengths"], X)
        y = (np.arange(60) % 2).astype(np.int8)
        _, labels = next(iter(AugmentedDataset(fitted["latent"], X, y)))
        assert labels.dtype == torch.int64

    def test_an_unfitted_augmenter_is_refused(self):
        with pytest.raises(ValueError, match="not fitted"):
            AugmentedDataset(DirectAugmenter(), labelled()[0])


@st.composite
def streams(draw):
    """Draw series with labels, a size, and two ways to cut the stream."""
    n = draw(st.integers(1, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    share = np.array(draw(st.sampled_from([[1.0], [0.9, 0.1], [0.5, 0.49, 0.01]])))
    y = rng.choice(len(share), n, p=share)
    if draw(st.booleans()):
        y = np.sort(y)  # one class after the other
    cuts = [np.sort(rng.integers(0, n + 1, size=rng.integers(0, 9))) for _ in range(2)]
    return np.arange(n * 3.0).reshape(n, 3), y, draw(st.integers(1, 60)), cuts


PANEL = pd.DataFrame(
    {"a": [1.0, 2, 3, 4]}, index=pd.MultiIndex.from_product([[0, 1], [0, 1]])
)
LAZY = da.from_array(np.arange(12.0).reshape(6, 2), chunks=3)
UNKNOWN = LAZY[LAZY[:, 0] > 2]


class TestReservoir:
    @given(streams())
    def test_blocks_do_not_matter_and_classes_have_their_shares(self, case):
        X, y, size, cuts = case
        first, second = (
            reservoir(
                zip(np.split(X, cut), np.split(y, cut), strict=True),
                size=size,
                random_state=0,
            )
            for cut in cuts
        )
        assert same(first, second)
        rows, labels = first
        assert same(labels, y[(rows[:, 0] / 3).astype(int)])
        assert (np.diff(rows[:, 0]) > 0).all()
        exact = np.bincount(y) * min(size, len(y)) / len(y)
        assert (abs(np.bincount(labels) - exact) <= 1).all()
        n_classes = (np.bincount(y) > 0).sum()
        assert set(labels) == set(y)
        assert len(rows) <= max(min(size, len(y)), n_classes) + n_classes

    def test_every_series_has_the_same_chance(self):
        X, size = np.arange(300.0)[:, None] * np.ones(2), 30
        drawn = [
            reservoir(iter(np.array_split(X, 7)), size=size, random_state=i)[0][:, 0]
            for i in range(400)
        ]
        counts = np.bincount(np.concatenate(drawn).astype(int), minlength=300)
        assert counts.sum() == 400 * size
        # a variance of 400 * 0.1 * 0.9 each, and of their thirds
        assert abs(counts - 40).max() < 6 * 6
        thirds = counts.reshape(3, 100).sum(axis=1)
        assert abs(thirds - 4000).max() < 5 * np.sqrt(36 * 100)

    def test_another_seed_draws_others(self):
        X, _ = labelled(600)
        draws = [reservoir(iter([X]), size=50, random_state=i)[0] for i in (0, 0, 1)]
        assert same(draws[0], draws[1])
        assert not same(draws[0], draws[2])

    def test_all_sources_give_the_same_series(self, tmp_path):
        X, y = labelled(900)
        wanted = reservoir(zip(X[None], y[None], strict=True), size=60, random_state=0)
        assert wanted[0].shape == (60, 2, 16)
        lazy = da.from_array(X, chunks=(123, 1, 16)), da.from_array(y, chunks=50)
        assert same(reservoir(*lazy, size=60, random_state=0), wanted)
        assert same(reservoir(X, y, size=60, random_state=0), wanted)
        file = np.memmap(tmp_path / "x", dtype=float, mode="w+", shape=X.shape)
        file[:] = X
        assert same(reservoir(file, y, size=60, random_state=0), wanted)
        flat = pa.array(X[:, 0].tolist()), pa.array(X[:, 1].tolist())
        table = pa.table({"label": y, "left": flat[0], "right": flat[1]})
        for i, part in enumerate((table.slice(0, 500), table.slice(500))):
            pq.write_table(part, tmp_path / f"{i}.parquet")
        (tmp_path / "x").unlink()
        for path in (tmp_path, str(tmp_path)):
            got = reservoir(path, "label", size=60, random_state=0)
            assert same(got[0], wanted[0])
            assert got[1].tolist() == wanted[1].tolist()

    def test_tables_of_arrow_partitions_and_columns_of_labels(self, tmp_path):
        X, y = labelled(60)
        table = pa.table({"x": pa.array(X[:, 0].tolist()), "y": y})
        rows, got = reservoir(table, "y")
        assert same(rows, X[:, 0])
        assert got.tolist() == y.tolist()
        pq.write_to_dataset(table, tmp_path, partition_cols=["y"])
        rows, got = reservoir(tmp_path, "y")
        assert sorted(got) == sorted(y)
        column = reservoir(iter([(X, y[:, None])]))[1]
        assert column.tolist() == y.tolist()
        with pytest.raises(ValueError, match=r"one of \['y'\].*got 'x'"):
            reservoir(table, "x")

    def test_a_list_is_a_set_of_series_as_everywhere(self):
        X, y = labelled(60)
        assert same(reservoir(list(X), y), (X, y))

    def test_few_series_are_all_kept(self):
        lists = [np.arange(4.0 + i % 3) for i in range(20)]
        X, y = reservoir(iter([lists[:7], [], lists[7:]]), size=20)
        assert same(X, lists)
        assert y is None

    def test_targets_are_no_classes(self):
        X, _ = labelled(500)
        target = np.random.default_rng(0).normal(size=500)
        rows, got = reservoir(X, target, size=40, random_state=0)
        assert len(rows) == len(got) == 40
        assert set(got) < set(target)

    def test_memory_does_not_grow_with_the_stream(self):
        kept = []

        def blocks():
            for i in range(200):
                kept.append(len(gathered.rows))
                yield np.full((1000, 4), float(i)), np.arange(1000) % 5

        with pytest.MonkeyPatch.context() as patch:
            made = reservoir.__globals__["_Reservoir"]

            def gather(*arguments):
                nonlocal gathered
                gathered = made(*arguments)
                return gathered

            gathered = None
            patch.setitem(reservoir.__globals__, "_Reservoir", gather)
            reservoir(blocks(), size=300, random_state=0)
        assert max(kept) < 2 * 300 + 5 * 50 + 1000

    @pytest.mark.parametrize(
        ("X", "y", "error", "words"),
        [
            (iter([]), None, ValueError, "all blocks were empty"),
            (iter([np.ones(3)]), None, ValueError, "Expected blocks of shape"),
            (
                iter([np.ones((2, 3))]),
                [1, 2],
                ValueError,
                "y must be None if X is",
            ),
            (
                iter([np.ones((2, 3)), (np.ones((2, 3)), [1, 2])]),
                None,
                ValueError,
                "labels with each block, or with none",
            ),
            (
                iter([np.ones((2, 3)), np.ones((2, 1, 3))]),
                None,
                ValueError,
                "blocks of one layout, got series of 1 and of 2",
            ),
            (iter([(np.ones((2, 3)), [1])]), None, ValueError, "inconsistent numbers"),
            (iter([(np.ones((1, 3)), [None])]), None, ValueError, "labels are missing"),
            (iter([np.array([["a"]])]), None, ValueError, "got ndarray of shape"),
            (iter([(1, 2, 3)]), None, ValueError, "got a tuple of 3"),
            (iter([{"a": 1}]), None, ValueError, "got dict"),
            (iter([PANEL]), None, ValueError, "a panel of sktime has"),
            (
                iter([[PANEL]]),
                None,
                ValueError,
                "a panel of sktime has",
            ),
            (UNKNOWN, None, ValueError, "compute_chunk_sizes"),
            (3, None, TypeError, "got int"),
            ("nothing.parquet", None, FileNotFoundError, "no Parquet file or folder"),
            (np.ones((3, 2)), [1], ValueError, "Expected 3 labels"),
        ],
    )
    def test_what_is_no_stream_is_refused(self, X, y, error, words):
        with pytest.raises(error, match=words):
            reservoir(X, y)
        with pytest.raises(ValueError, match="size must be"):
            reservoir(np.ones((3, 2)), size=0)


class TestFitBeyondMemory:
    def test_fit_learns_what_a_reservoir_holds(self):
        X, y = labelled(120)
        blocks = ((X[i : i + 50], y[i : i + 50]) for i in range(0, 120, 50))
        streamed = fast(max_epochs=1, random_state=0).fit(blocks)
        plain = fast(max_epochs=1, random_state=0).fit(X, y)
        assert same(streamed.sample(5, random_state=0), plain.sample(5, random_state=0))
        assert streamed.classes_.tolist() == ["a", "b", "c"]

    def test_many_series_become_few(self, monkeypatch):
        for name in ("RESERVOIR", "reservoir"):
            assert name in reservoir.__globals__
        monkeypatch.setitem(reservoir.__kwdefaults__, "size", 40)
        X, y = labelled(300)
        streamed = DirectAugmenter(random_state=0).fit(
            zip(X[None], y[None], strict=True)
        )
        assert len(streamed._state.kept[0]) == 40
        lazy = DirectAugmenter(random_state=0).fit(da.from_array(X), y)
        assert same(lazy._state.kept[0], streamed._state.kept[0])

    def test_a_parquet_file_of_samples_can_be_learned(self, fitted, tmp_path):
        batch = fitted["latent"].block_sampler(random_state=0, out="arrow")(range(50))
        path = tmp_path / "samples.parquet"
        pq.write_table(pa.Table.from_batches([batch]), path)
        direct = DirectAugmenter().fit(path, y="y")
        assert direct.sample(2).shape == (2, 2, 16)
        assert direct.classes_.tolist() == ["a", "b", "c"]
        with pytest.raises(ValueError, match="name of a column of labels"):
            DirectAugmenter().fit(path, y="label")

    def test_fit_transform_needs_all_series(self):
        with pytest.raises(TypeError, match="call fit, and block_augmenter"):
            DirectAugmenter().fit_transform(iter([labelled()[0]]))

    def test_bad_parameters_are_refused_before_anything_is_read(self):
        def never():
            raise AssertionError
            yield

        with pytest.raises(ValueError, match="strength"):
            DirectAugmenter(strength=-1).fit(never())
