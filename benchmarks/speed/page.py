"""The page of the speed benchmark, from its cells."""

import json
import statistics

import numpy as np
import pandas as pd
from _shared import DOCS, markdown, write

CALLS = ("epoch", "rest of fit", "augment", "sample", "encode", "score_samples")
MEMORY = ("fit MB", "augment MB", "sample MB", "encode MB", "score_samples MB")
NAMES = {
    "keras_vae": "published lightweight network (Keras, batch 32)",
    "keras_attention": "its attention baseline (Keras, batch 32)",
    "tsgm_vae": "tsgm, vae_conv5 (batch 32)",
    "pythae_vae": "pythae, VAE (batch 32)",
    "cnn_gru": "CNN-GRU",
    "cnn_gru_32": "CNN-GRU, batch 32",
    "transformer": "Transformer",
}


def write_page(rows):
    """Write the page and its plot."""
    of = {}
    for row in rows:
        of.setdefault(row["cell"], []).append(row["row"])
    notes = DOCS / "speed_notes.md"
    parts = ["# What everything costs"]
    if notes.exists():
        parts.append(notes.read_text().strip())
    parts += ["![Seconds against the size of the set](speed.png)"]
    parts += _targets(of) + _peers(of) + _overhead(of) + _growth(of)
    plot(of.get("growth", []))
    write("speed.md", *parts)


def _table(rows, digits=3):
    """Return rows as a table, numbers short."""

    def short(value):
        if isinstance(value, float):
            return f"{value:.{digits}g}"
        return "" if value is None else value

    frame = pd.DataFrame(rows)
    return markdown(frame.map(short))


def _targets(of):
    parts = ["## What was aimed at"]
    if "imports" in of:
        parts += ["Import, seconds in fresh interpreters, and ratios to scikit-learn:"]
        parts += [_table(of["imports"])]
    labels = (
        ("italy", "ItalyPowerDemand, 67 days of 24 hours, `fit` as it comes"),
        ("stocks", "stocks, 3662 windows of 24 x 6, `fit` as it comes, GRU critic"),
        ("calls", "`sample`: seconds, and memory beyond what it returns"),
        ("plain_fit", "`fit` as it comes, by backbone"),
        ("race", "the race: 1760 x 50, `fit` as it comes, loss of held-out series"),
    )
    return parts + _tables(of, "{}:", labels)


def _tables(of, heading, labels):
    """Return the tables of the cells that were measured, each below its label."""
    parts = []
    for cell, label in labels:
        if cell in of:
            parts += [heading.format(label), _table(of[cell])]
    return parts


def _peers(of):
    if "peer" not in of:
        return []
    grouped = {}
    for row in of["peer"]:
        grouped.setdefault(row["peer"], []).append(row)
    table, curves = [], {}
    for peer, runs in grouped.items():
        # the first epoch of Keras builds its graph
        seconds = [s for run in runs for s, _ in run["epochs"][1:]]
        found = [[np.nan if v is None else v for _, v in r["epochs"]] for r in runs]
        curves[peer] = np.cumsum([s for s, _ in runs[0]["epochs"]]), found[0]
        table.append(
            {
                "network": NAMES[peer],
                "parameters": runs[0]["parameters"],
                "s per epoch": statistics.median(seconds),
                "held-out variance explained": np.mean([f[-1] for f in found]),
            }
        )
    fastest = next(r for r in table if r["network"] == NAMES["cnn_gru"])
    for row, peer in zip(table, grouped, strict=True):
        row["times as long"] = row["s per epoch"] / fastest["s per epoch"]
        row["s to half of the variance"] = _reached(*curves[peer], 0.5)
    n_epochs = len(of["peer"][0]["epochs"])
    return [
        f"## Other networks: 1760 x 50, {n_epochs} epochs, 4 latent dimensions",
        "Windows of 50 hours of ETTh1's oil temperature, the held-out ones of a later "
        "time. Ours have 4 codes beside the level and the scale, which are exact; tsgm "
        "and pythae have 16 codes.",
        _table(table),
    ]


def _reached(seconds, found, value):
    """Return when a curve reaches a value, or that it does not."""
    when = [s for s, v in zip(seconds, found, strict=True) if v >= value]
    return float(when[0]) if when else "never"


def _overhead(of):
    titles = (
        (
            "overhead",
            "An epoch of `fit` and of the same network in plain torch, n = 2000",
        ),
        ("floor", "A step and its multiply-adds at the rate of a large matrix product"),
        ("profile", "Where the time of a step goes, batch 256: shares"),
        ("threads", "Seconds of a step on one and two threads"),
    )
    return _tables(of, "## {}", titles)


def _growth(of):
    rows = of.get("growth", [])
    if not rows:
        return []
    shown = ["backbone", "n", "T", "C", "parameters", *CALLS, *MEMORY]
    table = [{key: row[key] for key in shown} for row in rows]
    return [
        "## Growth: seconds, and MB added at the most",
        _table(table, 2),
        "Exponents (of the last two sizes; 1: twice the size takes twice the time):",
        _table(exponents(rows), 2),
    ]


def sweeps(rows):
    """Yield backbone, axis and the rows along it."""
    fixed = {"n": (50, 1), "T": (500, 1), "C": (500, 150)}
    others = {"n": ("T", "C"), "T": ("n", "C"), "C": ("n", "T")}
    for backbone in dict.fromkeys(row["backbone"] for row in rows):
        for axis, values in fixed.items():
            along = [
                row
                for row in rows
                if row["backbone"] == backbone
                and tuple(row[other] for other in others[axis]) == values
                and (axis != "n" or row["n"] != 500)
            ]
            yield backbone, axis, sorted(along, key=lambda row: row[axis])


def exponents(rows):
    """Return the slopes of the logarithms between the last two sizes."""
    table = []
    for backbone, axis, along in sweeps(rows):
        if len(along) < 2:
            continue
        a, b = along[-2:]
        step = np.log(b[axis] / a[axis])
        slopes = {
            call: float(np.log(max(b[call], 1e-9) / max(a[call], 1e-9)) / step)
            for call in CALLS
        }
        span = f"{a[axis]} to {b[axis]}"
        table.append({"backbone": backbone, "axis": axis, "from": span, **slopes})
    return table


def plot(rows):
    """Draw seconds against n, T and C."""
    if not rows:
        return
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 3, figsize=(11, 9), sharey="row", squeeze=False)
    backbones = list(dict.fromkeys(row["backbone"] for row in rows))
    for backbone, axis, along in sweeps(rows):
        ax = axes[backbones.index(backbone), "nTC".index(axis)]
        for call in CALLS:
            ax.plot(
                [r[axis] for r in along], [r[call] for r in along], ".-", label=call
            )
        ax.set(xscale="log", yscale="log", title=f"{backbone}, against {axis}")
        ax.grid(alpha=0.3)
        ax.set_xlabel(
            {"n": "n (T = 50, C = 1)", "T": "T (n = 500, C = 1)"}.get(
                axis, "C (n = 500, T = 150)"
            )
        )
    for ax in axes[:, 0]:
        ax.set_ylabel("seconds")
    axes[0, 0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(DOCS / "speed.png", dpi=80)


if __name__ == "__main__":
    lines = (DOCS / "speed.jsonl").read_text().splitlines()
    write_page([json.loads(line) for line in lines])
