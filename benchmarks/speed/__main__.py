"""What everything costs: one command, a table and a plot.

    LGTA_DATA=folder python benchmarks/speed

Each cell runs in a process of its own, one after the other; run it on an idle machine.
The networks of others need environments of their own, which are named by variables
(what is not named is left out): KERAS_PYTHON with `tensorflow-cpu`, TSGM_PYTHON with
`tsgm` and `pandas<3`; pythae is used if it is installed beside the package.

Writes docs/benchmarks/speed.md, speed.png and speed.jsonl, the cells. Those that are
there already are not measured again: remove the file, or some of its lines, to do so.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

from _shared import DOCS  # noqa: E402
from cells import oil_windows  # noqa: E402
from page import write_page  # noqa: E402

BACKBONES = ("cnn_gru", "transformer", "lstm")
BASE = {"n": 2000, "T": 50, "C": 1}
CELLS = [
    ("imports", {}),
    *(("italy", {"seed": seed}) for seed in range(3)),
    *(("stocks", {"seed": seed}) for seed in range(3)),
    ("calls", {"n_fit": 2000, "n": 10_000, "T": 24, "C": 6}),
    *(
        ("calls", {"n_fit": 2000, "n": n, "T": 150, "C": 1})
        for n in (1000, 10_000, 100_000)
    ),
    *(("overhead", {"n": 2000, "T": T}) for T in (24, 50, 150, 500)),
    *(("overhead", {"n": 2000, "T": 50, "backbone": b}) for b in BACKBONES[1:]),
    *(("floor", {"T": T}) for T in (24, 50, 150, 500)),
    *(("floor", {"T": 50, "backbone": b}) for b in BACKBONES[1:]),
    *(("profile", {"T": T}) for T in (24, 50, 150, 500)),
    *(("threads", {"T": T, "batch_size": 32}) for T in (24, 150, 1000, 3000)),
    *(("race", {"seed": seed}) for seed in range(5)),
    *(("plain_fit", {**BASE, "backbone": b}) for b in BACKBONES),
    *(("growth", {**BASE, "backbone": b, "n": n})
      for b in BACKBONES for n in (100, 1000, 10_000)),
    ("growth", {**BASE, "backbone": "cnn_gru", "n": 100_000}),
    *(("growth", {**BASE, "backbone": b, "n": 500, "T": T})
      for b in BACKBONES for T in (24, 50, 150, 500, 1500, 3000)),
    *(("growth", {**BASE, "backbone": b, "n": 500, "T": 150, "C": C})
      for b in BACKBONES for C in (1, 3, 8, 28)),
    ("growth", {"backbone": "cnn_gru", "n": 500, "T": 3000, "C": 28}),
]  # fmt: skip
PEERS = {
    "keras_vae": "KERAS_PYTHON",
    "keras_attention": "KERAS_PYTHON",
    "tsgm_vae": "TSGM_PYTHON",
    "pythae_vae": None,
    "cnn_gru": None,
    "cnn_gru_32": None,
    "transformer": None,
}
ROUNDS = 2  # of the peers, turn by turn
EPOCHS = 12


def run(python, script, *arguments):
    """Return the line of JSON that a script prints."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
    command = [python, "-W", "ignore", str(HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    last = done.stdout.splitlines()[-1]
    if not last.startswith("{"):  # what a cell that lacks its data has to say
        print(last)
        return None
    return json.loads(last)


def peers():
    """Yield the rows of the networks of others and of ours, turn by turn."""
    train, held_out = oil_windows()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "series.npz"
        np.savez(data, train=train, held_out=held_out)
        for _ in range(ROUNDS):
            for peer, variable in PEERS.items():
                python = os.environ.get(variable) if variable else sys.executable
                if not python or (
                    peer == "pythae_vae" and not importlib.util.find_spec("pythae")
                ):
                    print(f"skipped: {peer}, no environment for it")
                    continue
                row = run(python, "peers.py", data, peer, EPOCHS)
                if row:
                    yield {"peer": peer, **row}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="only write the page anew")
    only_page = parser.parse_args().page
    path = DOCS / "speed.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    known = {(row["cell"], json.dumps(row["of"])) for row in rows}

    def note(cell, of, row):
        rows.append({"cell": cell, "of": of, "row": row})
        with path.open("a") as file:
            file.write(json.dumps(rows[-1]) + "\n")
        print(cell, of, row, flush=True)

    try:
        for cell, of in [] if only_page else CELLS:
            if (cell, json.dumps(of)) not in known:
                row = run(sys.executable, "cells.py", cell, json.dumps(of))
                if row:
                    note(cell, of, row)
        if not only_page and "peer" not in {cell for cell, _ in known}:
            for row in peers():
                note("peer", {}, row)
    finally:  # also without the data of the peers, and after Ctrl-C
        write_page(rows)


if __name__ == "__main__":
    main()
