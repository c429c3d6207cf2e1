"""Blocks of rows in engines: joblib, Dask, and Ray and Spark where they are installed.

An engine is right if every row is the one that `sample` gives, bit for bit.
"""

import os
import signal

import numpy as np
import pandas as pd
import pytest
from conftest import fast, same
from joblib import Parallel, delayed, parallel_config
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_validate

from lgta_sklearn import AugmentedClassifier
from lgta_sklearn._series.arrow import series_of_batch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.changes_global_state,  # engines use the generators of Python and NumPy
    pytest.mark.filterwarnings("default"),
]
N, SIZE = 1000, 130  # rows, and rows of a partition, which cut blocks in two


def learned():
    """Return series of two channels, and labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2, 12)).cumsum(axis=2)
    return X, np.arange(40) % 2


@pytest.fixture(scope="module")
def augmenter():
    """Return a fitted augmenter."""
    return fast(max_epochs=2, random_state=0).fit(*learned())


@pytest.fixture(scope="module")
def wanted(augmenter):
    """Return the rows that each engine has to give."""
    return augmenter.sample(N, random_state=5)


@pytest.fixture(scope="module")
def client():
    """Return a client of a cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def parts(n=N, size=SIZE):
    """Return the ranges of partitions."""
    return [range(a, min(a + size, n)) for a in range(0, n, size)]


def test_joblib(augmenter, wanted):
    block = augmenter.block_sampler(random_state=5)
    blocks = Parallel(n_jobs=2)(delayed(block)(part) for part in parts())
    assert same(np.concatenate(blocks), wanted)


def test_an_array_of_dask(augmenter, wanted, client):
    import dask.array as da

    block = augmenter.block_sampler(random_state=5)
    ids = da.arange(N, chunks=SIZE)
    series = ids[:, None, None].map_blocks(
        lambda some: block(some.ravel()), chunks=(ids.chunks[0], 2, 12), dtype=float
    )
    assert same(series.compute(), wanted)
    varied = augmenter.block_augmenter(random_state=5)
    lazy = da.map_blocks(
        lambda some, ids: varied(some, ids.ravel()),
        da.from_array(wanted, chunks=(SIZE, 2, 12)),
        ids[:, None, None],
        dtype=float,
    )
    assert same(lazy.compute(), varied(wanted, range(N)))


def test_a_data_frame_of_dask_to_parquet(augmenter, wanted, client, tmp_path):
    import dask.dataframe as dd
    from pyarrow.dataset import dataset

    block = augmenter.block_sampler(random_state=5, out="arrow")

    def frame(part):
        return block(part).to_pandas(types_mapper=pd.ArrowDtype)

    frames = dd.from_map(frame, parts(), meta=frame(range(0)))
    frames.to_parquet(tmp_path, write_index=False)
    table = dataset(tmp_path).to_table().sort_by("id")
    assert table.column("id").to_pylist() == [*range(N)]
    assert same(series_of_batch(table).values, wanted)


def test_a_worker_that_dies_changes_no_row(augmenter, wanted, client, tmp_path):
    block = augmenter.block_sampler(random_state=5)
    mark = str(tmp_path / "died")

    def fragile(part):
        if part.start == 2 * SIZE and not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return block(part)

    futures = client.map(fragile, parts(), pure=False)
    assert same(np.concatenate(client.gather(futures)), wanted)
    assert os.path.exists(mark)


def threads_of_worker():
    """Return how many threads libraries may use in a worker."""
    import torch
    from threadpoolctl import threadpool_info

    return [torch.get_num_threads(), *(p["num_threads"] for p in threadpool_info())]


def test_search_and_validation_on_dask(client):
    X, y = learned()
    X = X[:, 0]
    model = AugmentedClassifier(RidgeClassifier(), fast(max_epochs=2), random_state=0)
    grid = {"n_copies": [0, 2], "augmenter__latent_dim": [2, 4]}
    search = GridSearchCV(model, grid, cv=2)
    alone = search.fit(X, y).cv_results_["mean_test_score"]
    scores = cross_validate(model, X, y, cv=3)["test_score"]
    with parallel_config("dask"):
        together = search.fit(X, y).cv_results_["mean_test_score"]
        folds = cross_validate(model, X, y, cv=3)["test_score"]
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(scores, folds)
    threads = client.run(threads_of_worker).values()
    assert {n for of_worker in threads for n in of_worker} == {1}


def test_ray(augmenter, wanted):
    ray = pytest.importorskip("ray")
    block = augmenter.block_sampler(random_state=5)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        rows = ray.data.range(N).map_batches(
            lambda batch: {"id": batch["id"], "x": block(batch)}, batch_size=SIZE
        )
        got = sorted(rows.take_all(), key=lambda row: row["id"])
    finally:
        ray.shutdown()
    assert same(np.stack([row["x"] for row in got]), wanted)


def test_spark(augmenter, wanted):
    sql = pytest.importorskip("pyspark.sql")
    block = augmenter.block_sampler(random_state=5, out="arrow")
    spark = sql.SparkSession.builder.master("local[2]").getOrCreate()
    try:
        rows = spark.range(N).mapInArrow(
            lambda batches: map(block, batches),
            "id long, x0 array<double>, x1 array<double>, y long",
        )
        got = rows.orderBy("id").toArrow()
    finally:
        spark.stop()
    assert same(series_of_batch(got, ["x0", "x1"]).values, wanted)
