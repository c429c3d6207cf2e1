"""The page and the figure of the uplift benchmark, from its results."""

import numpy as np
import pandas as pd
from _shared import DOCS, markdown, read_rows, write
from scipy.stats import t as student

OURS = "LatentAugmenter, varied"
OURS_NOW = "AugmentedClassifier, n_copies='auto'", "DirectAugmenter, varied"
MOSTLY = 0.9  # share of the training sets that a way with five seeds was run on


def write_page(results, what):
    rows = pd.DataFrame(read_rows(results))
    if OURS not in set(rows["way"]):
        return  # there is nothing to compare yet
    cells = rows.melt(["set", "size", "seed", "way"], var_name="classifier")
    cells["accuracy"], cells["balanced"] = zip(*cells["value"], strict=True)
    keys = ["set", "size", "classifier", "seed"]
    accuracy, balanced = (
        cells.pivot_table(index=keys, columns="way", values=score).mul(100)
        for score in ("accuracy", "balanced")
    )
    gain = accuracy.sub(accuracy["nothing"], axis=0)
    order = list(dict.fromkeys(rows["way"]))
    everywhere = gain[order].dropna()  # training sets on which all ways were run
    ranks(everywhere, DOCS / "uplift_ranks.png")
    n_draws = everywhere.index.droplevel("classifier").nunique()
    of_all = [
        "## All ways",
        f"The {n_draws} training sets on which all ways were run: "
        f"{everywhere.index.get_level_values('set').nunique()} sets, "
        f"{everywhere.index.get_level_values('seed').nunique()} seeds, "
        f"{everywhere.index.droplevel('seed').nunique()} cells.",
        markdown(overall(everywhere, small_of(everywhere), balanced[order])),
        "### By classifier",
        markdown(by(everywhere, "classifier")),
        "### By size",
        markdown(by(everywhere, "size")),
        "### By set",
        markdown(by(everywhere, "set")),
        "### Where a linear model loses most",
        markdown(worst(everywhere, "ridge")),
    ]
    complete = gain.notna().mean() > MOSTLY
    order = [way for way in order if complete[way]]
    gain = gain[order]
    small = small_of(gain)
    write(
        "uplift.md",
        "# What growth does to accuracy",
        what,
        "![Mean ranks](uplift_ranks.png)",
        *of_all,
        "## Ways with five seeds",
        f"{gain.index.droplevel('seed').nunique()} cells (set, size and classifier) of "
        f"{rows['set'].nunique()} sets, {rows['seed'].nunique()} seeds. Gains are "
        "in points of accuracy over the training set as it is, paired by draw and "
        "classifier; ± is half the 95 % interval over cells. *Not below zero* is the "
        "share of cells whose mean gain is not negative, and in brackets of those in "
        "which it is not negative beyond noise (the 95 % interval over seeds does not "
        "lie below zero).",
        "### All sets and classifiers",
        markdown(overall(gain[order], small, balanced[order])),
        "### By classifier, small training sets",
        markdown(by(gain[order][small], "classifier")),
        "### By classifier, full training sets",
        markdown(by(gain[order][~small], "classifier")),
        "### By size, five seeds",
        markdown(by(gain[order], "size")),
        "### By set, five seeds",
        markdown(by_set(gain[order])),
        notes(),
    )


def small_of(gain):
    """Tell which cells have a part of the training set only."""
    return gain.index.get_level_values("size") != "full"


def worst(gain, classifier, n=5):
    """Return the cells in which a classifier loses most, for each way of ours."""
    cells = gain.xs(classifier, level="classifier").groupby(["set", "size"])
    mean, seeds = cells.mean(), cells.size()
    lines = []
    for way in (*OURS_NOW, "SMOTE"):
        for cell, value in mean[way].nsmallest(n).items():
            line = {"way": way, "set": cell[0], "size": cell[1], "seeds": seeds[cell]}
            lines.append(line | {"gain": f"{value:+.1f}"})
    return pd.DataFrame(lines)


def notes():
    """Return what stands below the tables: a file of its own, kept by hand."""
    path = DOCS / "uplift_notes.md"
    return path.read_text().strip() if path.exists() else ""


def by_set(gain):
    seeds = gain.reset_index().groupby("set")["seed"].nunique()
    table = by(gain, "set").set_index("set").assign(seeds=seeds)
    return table.loc[table[OURS].astype(float).sort_values().index].reset_index()


def overall(gain, small, balanced):
    lines = []
    more = balanced.sub(balanced["nothing"], axis=0).loc[gain.index]
    for way in gain.columns[1:]:
        line = {"way": way}
        for name, part in (("small", small), ("full", ~small)):
            of_cell = gain[way][part].groupby(["set", "size", "classifier"])
            mean = of_cell.mean()
            half = 1.96 * mean.std() / np.sqrt(len(mean))
            line[f"gain, {name}"] = f"{mean.mean():+.2f} ± {half:.2f}"
            noise = of_cell.sem() * student.ppf(0.975, of_cell.count() - 1)
            beyond = (mean + noise.fillna(0) >= 0).mean()
            line[f"not below zero, {name}"] = f"{(mean >= 0).mean():.0%} ({beyond:.0%})"
            line[f"balanced, {name}"] = f"{more[way][part].mean():+.2f}"
        lines.append(line)
    return pd.DataFrame(lines)


def by(gain, level):
    means = gain.drop(columns="nothing").groupby(level=level).mean()
    return means.map("{:+.1f}".format).reset_index()


def ranks(gain, path):
    """Draw the mean rank of each way over cells, with its 95 % interval."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    of_cell = gain.groupby(["set", "size", "classifier"]).mean()
    rank = of_cell.rank(axis=1, ascending=False)
    full = rank.index.get_level_values("size") == "full"
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    names = rank[~full].mean().sort_values(ascending=False).index
    for part, label, shift in ((~full, "small", -0.12), (full, "full", 0.12)):
        mean, half = rank[part].mean(), 1.96 * rank[part].sem()
        axes.errorbar(
            mean[names],
            np.arange(len(names)) + shift,
            xerr=half[names],
            fmt="o",
            label=f"{label} training sets",
        )
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_xlabel("mean rank of accuracy (1 is best)")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
