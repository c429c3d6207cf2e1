"""What is measured: each function is one cell, run in a process of its own.

    python benchmarks/speed/cells.py growth '{"n": 2000, "T": 50, "C": 1}'

prints a line of JSON. Seconds are medians; memory is the most that an operation adds
to the process, in MB.
"""

import json
import statistics
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

REPETITIONS = 3
ALL_CORES = 2


def series(n, T, C, seed=0):
    """Return random walks of a common form, (n, C, T)."""
    rng = np.random.default_rng(seed)
    time_ = np.linspace(0, 1, T)
    phase = rng.uniform(0, 0.5, size=(n, C, 1))
    waves = np.sin(2 * np.pi * (3 * time_ + phase))
    return waves + rng.normal(size=(n, C, T)).cumsum(axis=2) / np.sqrt(T)


def timed(function, repetitions=REPETITIONS):
    """Return the median of the seconds of a function."""
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@contextmanager
def memory(row, name):
    """Note how many MB more than before were in use at the most (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    yield
    row[f"{name} MB"] = round(_status("VmHWM") - before, 1)


def _status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(key))
    return int(line.split()[1]) / 1024


def growth(n, T, C, backbone="cnn_gru", n_epochs=3):
    """Time everything that is done with a set of series."""
    from lgta_sklearn import LatentAugmenter

    X = series(n, T, C)
    LatentAugmenter(backbone, max_epochs=1).fit(X[:20])  # imports
    row = {"n": n, "T": T, "C": C, "backbone": backbone}
    augmenter = LatentAugmenter(
        backbone, max_epochs=n_epochs, early_stopping=False, random_state=0
    )
    with memory(row, "fit"):
        start = time.perf_counter()
        augmenter.fit(X)
        fit = time.perf_counter() - start
    epochs = [epoch["dur"] for epoch in augmenter.history_]
    row["parameters"] = sum(p.numel() for p in augmenter.module_.parameters())
    row["epoch"], row["rest of fit"] = statistics.median(epochs), fit - sum(epochs)
    calls = {
        "augment": lambda: augmenter.augment(X),
        "sample": lambda: augmenter.sample(n),
        "encode": lambda: augmenter.encode(X),
        "score_samples": lambda: augmenter.score_samples(X),
    }
    for name, call in calls.items():
        call()  # the first of them may have to prepare something
        with memory(row, name):
            first = timed(call, 1)
        more = REPETITIONS - 1 if first < 20 else 0
        row[name] = statistics.median([first, *(timed(call, 1) for _ in range(more))])
    return row


def as_it_comes(X, y=None, backbone="cnn_gru", seed=0):
    """Return a fitted augmenter and the seconds of its fit, imports left out."""
    from lgta_sklearn import LatentAugmenter

    LatentAugmenter(backbone, max_epochs=1).fit(X[:20])
    start = time.perf_counter()
    augmenter = LatentAugmenter(backbone, random_state=seed).fit(X, y)
    return augmenter, time.perf_counter() - start


def plain_fit(n, T, C, backbone="cnn_gru"):
    """Time fits as they come."""
    augmenter, seconds = as_it_comes(series(n, T, C), backbone=backbone)
    return {
        "n": n,
        "T": T,
        "C": C,
        "backbone": backbone,
        "fit": seconds,
        "epochs": augmenter.n_iter_,
        "best loss": min(augmenter.validation_curve_ or augmenter.loss_curve_),
    }


def bare_loop(T, C, batch_size, backbone="cnn_gru", n_threads=1):
    """Return a function that takes series through an epoch of plain torch."""
    import torch

    from lgta_sklearn.networks.backbones import BACKBONES
    from lgta_sklearn.networks.vae import VAE
    from lgta_sklearn.training.losses import ELBOLoss

    torch.set_num_threads(n_threads)
    generator = torch.Generator().manual_seed(0)
    net = VAE(C, T, BACKBONES[backbone], latent_dim=16, generator=generator)
    criterion = ELBOLoss(C)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, fused=True)

    def epoch(U):
        for rows in torch.randperm(len(U), generator=generator).split(batch_size):
            u = U[rows]
            optimizer.zero_grad()
            loss = criterion(net(u), u)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            loss.item()

    return epoch, net, criterion


def overhead(n, T, C=1, backbone="cnn_gru", rounds=5):
    """Compare an epoch of `fit` with one of the bare loop, turn by turn."""
    import torch

    from lgta_sklearn import LatentAugmenter
    from lgta_sklearn.scaling import ScaleDecomposition

    X = series(n, T, C)
    shape = ScaleDecomposition().fit(X).split(X)[2].transpose(0, 2, 1)
    U = torch.as_tensor(shape, dtype=torch.float32).contiguous()
    ours, bare = [], []
    augmenter = LatentAugmenter(
        backbone, max_epochs=3, early_stopping=False, random_state=0
    )
    batch_size = _batch_size(n, T)
    for _ in range(rounds):
        augmenter.fit(X)
        ours += [epoch["dur"] for epoch in augmenter.history_][1:]
        epoch = bare_loop(T, C, batch_size, backbone)[0]
        epoch(U)
        bare += [timed(lambda e=epoch: e(U), 1) for _ in range(2)]
    ours, bare = statistics.median(ours), statistics.median(bare)
    return {
        "T": T,
        "backbone": backbone,
        "batch": batch_size,
        "epoch of fit": ours,
        "bare torch": bare,
        "ratio": ours / bare,
    }


def _batch_size(n, T):
    """Return the batch size that is chosen for series."""
    from lgta_sklearn.training.trainer import make_plan

    plan = make_plan(
        n, T, batch_size=None, max_epochs=None, lr=None, validation_fraction=0
    )
    return plan.batch_size


def floor(T, C=1, backbone="cnn_gru", batch_size=256, n_threads=1):
    """Compare a step with its multiply-adds at the rate of a large matrix product."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    epoch, net, criterion = bare_loop(T, C, batch_size, backbone, n_threads)
    U = torch.randn(batch_size, T, C)
    with FlopCounterMode(display=False) as counter:
        criterion(net(U), U).backward()
    big = torch.randn(1024, 1024)
    epoch(U)
    rates, steps = [], []
    for _ in range(5):  # turn by turn: the clock of the machine varies
        rates.append(1024**3 / timed(lambda: big @ big, 5))
        steps.append(timed(lambda: epoch(U), 5))
    rate, step = statistics.median(rates), statistics.median(steps)
    needed = counter.get_total_flops() / 2
    return {
        "T": T,
        "backbone": backbone,
        "batch": batch_size,
        "threads": n_threads,
        "million multiply-adds": needed / 1e6,
        "GMAC/s of a product": rate / 1e9,
        "floor ms": 1e3 * needed / rate,
        "step ms": 1e3 * step,
        "share": needed / rate / step,
    }


def profile(T, C=1, backbone="cnn_gru", batch_size=256):
    """Return the share of each kind of operation in a step."""
    import torch

    epoch, *_ = bare_loop(T, C, batch_size, backbone)
    U = torch.randn(batch_size, T, C)
    epoch(U)
    with torch.profiler.profile() as profiler:
        for _ in range(10):
            epoch(U)
    events = profiler.key_averages()
    total = sum(event.self_cpu_time_total for event in events)
    kinds = dict.fromkeys(KINDS, 0.0) | {"the rest": 0.0}
    for event in events:
        name = event.key.removeprefix("aten::")
        kind = next((k for k, names in KINDS.items() if name in names), "the rest")
        kinds[kind] += event.self_cpu_time_total / total
    return {"T": T, "backbone": backbone, **kinds}


KINDS = {
    "matrix products": {"mm", "addmm", "bmm", "baddbmm", "mkldnn_rnn_layer"},
    "gates of the recurrence": {"_Recurrence", "_RecurrenceBackward", "tanh_", "lerp"}
    | {"sigmoid_", "addcmul"},
    "copies": {"copy_", "cat", "fill_", "constant_pad_nd", "clone"},
    "activations": {"gelu", "gelu_backward"},
    "sums and elementwise": {"mul", "add", "add_", "sub", "sum", "div", "pow", "mul_"},
    "optimiser": {"Optimizer.step#AdamW.step", "_fused_adamw_"},
}


def threads(T, C=1, batch_size=128):
    """Time steps on one and on all cores, alone and beside a busy process."""
    import subprocess

    import torch

    U = torch.randn(batch_size, T, C)
    row = {"T": T, "batch": batch_size}
    spin = "while True: pass"
    for beside in ("alone", "beside a busy process"):
        busy = beside != "alone" and subprocess.Popen([sys.executable, "-c", spin])
        for n_threads in (1, ALL_CORES):
            epoch, *_ = bare_loop(T, C, batch_size, n_threads=n_threads)
            epoch(U)
            row[f"{n_threads} threads, {beside}"] = timed(lambda e=epoch: e(U), 15)
        if busy:
            busy.kill()
    return row


def calls(n_fit, n, T, C):
    """Time `sample`, and note by how much it exceeds what it returns."""
    from lgta_sklearn import LatentAugmenter

    augmenter = LatentAugmenter(max_epochs=2, random_state=0).fit(series(n_fit, T, C))
    augmenter.sample(300)
    row = {"n": n, "T": T, "C": C}
    with memory(row, "sample"):
        first = timed(lambda: augmenter.sample(n), 1)
    row["returned MB"] = n * T * C * 8 / 2**20
    row["beyond it MB"] = row["sample MB"] - row["returned MB"]
    row["sample"] = statistics.median(
        [first, *(timed(lambda: augmenter.sample(n), 1) for _ in range(2))]
    )
    return row


def italy(seed):
    """Time a fit as it comes on the 67 days of ItalyPowerDemand."""
    from sktime.datasets import load_italy_power_demand

    X, y = load_italy_power_demand(split="train", return_type="numpy3D")
    augmenter, seconds = as_it_comes(X, y, seed=seed)
    return {"seed": seed, "fit": seconds, "epochs": augmenter.n_iter_}


def oil_windows():
    """Return 1760 windows of 50 hours of ETTh1's oil, and 500 of a later time."""
    from _shared import min_max, read_raw, windows

    all_windows = windows(min_max(read_raw("raw_etth1.csv.gz"))[:, -1:], 50)[:, 0]
    early, late = all_windows[:13_000], all_windows[13_100:]
    rng = np.random.default_rng(0)
    return (
        part[rng.permutation(len(part))[:n]] for part, n in ((early, 1760), (late, 500))
    )


def race(seed):
    """Compare when both backbones reach the best held-out loss of the Transformer."""
    X, _ = oil_windows()
    row, curves = {"seed": seed}, {}
    for backbone in ("cnn_gru", "transformer"):
        augmenter, _ = as_it_comes(X, backbone=backbone, seed=seed)
        seconds = np.cumsum([epoch["dur"] for epoch in augmenter.history_])
        loss = np.array(augmenter.validation_curve_)
        curves[backbone] = seconds, loss
        row[f"{backbone}: epochs"] = augmenter.n_iter_
        row[f"{backbone}: best loss"] = float(loss.min())
        row[f"{backbone}: s to its best"] = float(seconds[loss.argmin()])
    goal = row["transformer: best loss"]
    seconds, loss = curves["cnn_gru"]
    reached = next(iter(seconds[loss <= goal].tolist()), None)
    row["cnn_gru: s to the Transformer's best"] = reached
    row["share"] = reached and reached / row["transformer: s to its best"]
    return row


def stocks(seed):
    """Time a fit as it comes on the windows of stocks, and score its samples."""
    from _shared import min_max, read_raw, windows

    from lgta_sklearn.metrics import discriminative_score

    X = windows(min_max(read_raw("raw_stocks_timegan.csv.gz")), 24)
    augmenter, seconds = as_it_comes(X, seed=seed)
    S = augmenter.sample(len(X), random_state=seed)
    scores = [
        discriminative_score(X, S, critic="gru", random_state=k) for k in range(3)
    ]
    return {
        "seed": seed,
        "fit": seconds,
        "epochs": augmenter.n_iter_,
        "score": statistics.mean(scores),
    }


def imports():
    """Compare imports, each in a fresh interpreter, turn by turn."""
    import subprocess

    lines = {
        "nothing": "pass",
        "scikit-learn": "import sklearn",
        "the package": "import sklearn, lgta_sklearn",
        "the estimator": "from lgta_sklearn import LatentAugmenter",
    }
    seconds = {name: [] for name in lines}
    for _ in range(11):
        for name, line in lines.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", line], check=True)
            seconds[name].append(time.perf_counter() - start)
    row = {name: statistics.median(values) for name, values in seconds.items()}
    alone = row["scikit-learn"] - row["nothing"]
    for name in ("the package", "the estimator"):
        row[f"{name}, ratio"] = (row[name] - row["nothing"]) / alone
    return row


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.path[:0] = [str(Path(__file__).parents[k]) for k in (1, 2)]
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
