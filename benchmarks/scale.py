"""Measure how fast many series are made, learned and streamed, and in which memory.

`LatentAugmenter` and others learn 2000 walks of 6 channels and 24 steps, as float32.
Then a new process loads the model, and writes 10^6 samples to Parquet by two processes
of joblib, 8192 in a file, of which each row is compared with `sample`; Dask does the
same with one and with two workers; a reservoir is drawn from 10^6 and 10^7 series; and
batches of 64 are streamed.
Memory is the sum over all processes of what each does not share (USS), at its largest.
One thread in each process; nothing else ran.

    python benchmarks/scale.py

Writes docs/benchmarks/scale.md.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from _shared import markdown, write
from joblib import Parallel, delayed
from pyarrow.dataset import dataset

from lgta_sklearn import DiffusionAugmenter, DirectAugmenter, LatentAugmenter
from lgta_sklearn._series.arrow import series_of_batch

MANY, PART = 1_000_000, 8192
WALKS = "(r.normal(size=(10_000, 6, 24)).astype('f4') for _ in range({}))"


class Memory:
    """The largest memory of this process and its children while a block runs."""

    def __enter__(self):
        self.most, self.running = 0, True
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        self.start = time.perf_counter()
        return self

    def watch(self):
        """Look at the memory until the block ends."""
        own = psutil.Process()
        while self.running:
            total = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    total += process.memory_full_info().uss
                except psutil.Error:  # it has just ended
                    continue
            self.most = max(self.most, total)
            time.sleep(0.2)

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.start
        self.running = False
        self.thread.join()


def ranges(n, size=PART):
    """Return the rows of each file."""
    return [range(a, min(a + size, n)) for a in range(0, n, size)]


def write_part(block, folder, rows):
    """Write the rows of one file."""
    path = Path(folder) / f"{rows.start:09d}.parquet"
    pq.write_table(pa.Table.from_batches([block(rows)]), path)


def to_parquet(path):
    """Return the line of 10^6 samples in Parquet."""
    augmenter = LatentAugmenter.load(path)
    block = augmenter.block_sampler(random_state=0, out="arrow")
    with tempfile.TemporaryDirectory() as folder:
        with Memory() as memory:
            Parallel(n_jobs=2)(
                delayed(write_part)(block, folder, rows) for rows in ranges(MANY)
            )
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        wanted = augmenter.sample(MANY, random_state=0)
        start = 0
        for batch in dataset(folder).to_batches(batch_size=PART):
            rows = slice(start, start + batch.num_rows)
            assert batch.column("id").to_pylist() == [*range(rows.start, rows.stop)]
            assert np.array_equal(series_of_batch(batch).values, wanted[rows])
            start = rows.stop
        assert start == MANY
    return {
        "what": f"10^6 samples to Parquet, two processes ({size / 1e6:.0f} MB)",
        "seconds": f"{memory.seconds:.0f}",
        "series a second": f"{MANY / memory.seconds:.0f}",
        "memory, MiB": f"{memory.most / 2**20:.0f}",
    }


def on_dask(augmenter, n_workers, n=400_000):
    """Return the line of Dask with so many workers, and its seconds."""
    from distributed import Client, LocalCluster

    block = augmenter.block_sampler(random_state=0, out="arrow")
    cluster = LocalCluster(
        n_workers=n_workers, threads_per_worker=1, dashboard_address=None
    )
    with cluster, Client(cluster) as client, tempfile.TemporaryDirectory() as folder:
        wait = client.map(write_part, *_repeated(block, folder, ranges(2000, 1000)))
        client.gather(wait)  # the model is loaded
        start = time.perf_counter()
        client.gather(client.map(write_part, *_repeated(block, folder, ranges(n))))
        seconds = time.perf_counter() - start
    return seconds, {
        "what": f"400 000 samples to Parquet, Dask, {n_workers} worker(s), warm",
        "seconds": f"{seconds:.1f}",
        "series a second": f"{n / seconds:.0f}",
    }


def _repeated(block, folder, rows):
    return [block] * len(rows), [folder] * len(rows), rows


def reservoirs():
    """Yield the lines of reservoirs of two streams, each in a process of its own."""
    for n_blocks in (100, 1000):
        code = f"""
import time
import numpy as np
from lgta_sklearn.datasets import reservoir
r = np.random.default_rng(0)
start = time.perf_counter()
for _ in {WALKS.format(n_blocks)}: pass
idle = time.perf_counter() - start
start = time.perf_counter()
reservoir({WALKS.format(n_blocks)}, random_state=0)
seconds = time.perf_counter() - start - idle
most = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
print(seconds, int(most) / 1024)
"""
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        yield {
            "what": f"reservoir of 20 000 from {n_blocks * 10_000:.0e} series made on "
            "the fly (their making not counted)",
            "seconds": f"{float(out[0]):.1f}",
            "series a second": f"{n_blocks * 10_000 / float(out[0]):.0f}",
            "memory, MiB": f"{float(out[1]):.0f}",
        }


def streams(augmenters, X, y):
    """Yield the lines of streams of batches, and of functions of blocks."""
    for augmenter, n_batches in zip(augmenters, (400, 400, 20), strict=True):
        name = type(augmenter).__name__
        for share in (0.5, 0.0):
            start = time.perf_counter()
            stream = augmenter.stream(X, y, real_share=share, random_state=0)
            first = time.perf_counter() - start
            start = time.perf_counter()
            for _ in islice(stream, n_batches):
                pass
            rate = n_batches / (time.perf_counter() - start)
            yield {
                "what": f"{name}.stream, {1 - share:.0%} varied: {rate:.0f} batches of "
                f"64 a second, after {first:.2f} s of encoding",
                "series a second": f"{64 * rate:.0f}",
            }
        n = min(64 * n_batches, len(X))
        vary = augmenter.block_augmenter(random_state=0)
        vary(X[:256], range(256), y[:256])
        start = time.perf_counter()
        vary(X[:n], range(n), y[:n])
        seconds = time.perf_counter() - start
        yield {
            "what": f"{name}.block_augmenter",
            "series a second": f"{n / seconds:.0f}",
        }


def in_new_process(path):
    """Return the line of 10^6 samples, made by a new process from a file."""
    command = [sys.executable, __file__, str(path)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(out.stdout)


def main():
    if len(sys.argv) > 1:
        print(json.dumps(to_parquet(sys.argv[1])))
        return
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 6, 24)).cumsum(axis=2).astype("f4")
    y = np.arange(len(X)) % 3
    latent = LatentAugmenter(max_epochs=30, random_state=0).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        latent.save(Path(folder) / "model")
        lines = [in_new_process(Path(folder) / "model")]
    alone, line = on_dask(latent, 1)
    both, line_of_two = on_dask(latent, 2)
    lines += [line, line_of_two, *reservoirs()]
    few = {"max_epochs": 1, "random_state": 0}
    others = DirectAugmenter(random_state=0), latent, DiffusionAugmenter(**few)
    lines += streams([augmenter.fit(X, y) for augmenter in others], X, y)
    hours = 1e9 / float(lines[0]["series a second"]) * 2 / 3600
    write(
        "scale.md",
        "# Many series",
        __doc__.split("\n\n")[1],
        markdown(pd.DataFrame(lines).fillna("")),
        f"Two workers of Dask are {alone / both:.2f} times as fast as one. **Computed, "
        f"not measured:** at the rate of the first line, 10^9 such series take "
        f"{hours:.0f} core hours, and "
        f"{float(lines[0]['what'].split('(')[1].split()[0]):.0f} GB of Parquet.",
    )


if __name__ == "__main__":
    main()
