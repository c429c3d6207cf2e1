"""The page and the figure of the families benchmark, from its rows and those of others.

`overview` has a row for each family that all pages share: what it costs, how good its
samples are, what they give away, and what they are worth to a classifier.
"""

import numpy as np
import pandas as pd
from _shared import DOCS, markdown, read_rows, write

# name: that in generation and families, in privacy, in uplift
FAMILIES = {
    "LatentAugmenter": (
        "LatentAugmenter, cnn_gru",
        "LatentAugmenter, sample",
        "LatentAugmenter, varied",
    ),
    "LatentAugmenter, rejection": (
        "LatentAugmenter, rejection",
        None,  # one seed
        None,
    ),
    "DiffusionAugmenter": (
        "DiffusionAugmenter",
        "DiffusionAugmenter, sample",
        None,
    ),
    "AdversarialAugmenter": (
        "AdversarialAugmenter",
        "AdversarialAugmenter, sample",
        None,
    ),
    "LatentAnonymizer": (
        "LatentAnonymizer",
        "LatentAnonymizer, k=5, sample",
        None,
    ),
    "DirectAugmenter": ("DirectAugmenter", None, "DirectAugmenter, varied"),
    "SMOTE": ("SMOTE", None, "SMOTE"),
    "jitter": ("jitter", None, "jitter"),
    "Gaussian": ("Gaussian", "one Gaussian for each class", None),
    "Markov bootstrap": ("Markov bootstrap", None, None),
    "synforecast": ("synforecast", None, None),
}
FLOOR = "real series"
MEANT = ["stocks", "ETTh1", "sines", "Beijing PM2.5", "ECG5000"]  # not the white noise
ATTACKS = ["AUC, distance", "AUC, density ratio", "AUC, reference model"]
FEW = (10, 25, 50, "5 %", "10 %", "15 %")
ABOVE, BELOW = (6, 5), (6, -13)  # where the names of points stand
CROWDED = [
    "DirectAugmenter",
    "LatentAnonymizer",
    "LatentAugmenter",
    "LatentAugmenter, rejection",
]
ON_THE_LEFT = "DiffusionAugmenter"


def rows_of(name):
    """Return the rows of a benchmark."""
    return pd.DataFrame(read_rows(DOCS / f"{name}.jsonl"))


def overview():
    """Return a row for each family: means over the sets that all families share."""
    rows = rows_of("generation")
    rows = rows[rows["set"].isin(MEANT)]
    mean = rows.groupby(["generator", "set"]).mean(numeric_only=True)
    floor = mean.loc["floor: new series", "member AUC"]
    training = mean.loc["floor: training series"]
    lines, gain = {}, gains()
    for name, (of, shared, grown) in FAMILIES.items():
        if of not in mean.index.get_level_values(0):
            continue
        own = mean.loc[of]
        lines[name] = {
            "sets": len(own),
            "fit, s": own["fit, s"].median(),
            "series/s": own["series/s"].median(),
            "parameters": own["parameters"].median(),
            "strong critic": own["critic"].mean(),
            "GRU critic": own["GRU critic"].mean(),
            "Fréchet": own["Fréchet"].median(),
            "coverage": own["coverage"].mean(),
            "near-dupl.": own["near-dupl."].mean(),
            "member AUC": own["member AUC"].mean(),
            "AUC above new series": (own["member AUC"] - floor[own.index]).mean(),
            "accuracy": trained_on_samples(shared),
            "gain by growth": gain.get(grown, np.nan),
        }
    new = rows[rows["generator"] == "floor: new series"]
    lines[FLOOR] = {
        "sets": len(floor),
        "strong critic": training["critic"].mean(),
        "GRU critic": training["GRU critic"].mean(),
        "Fréchet": training["Fréchet"].median(),
        "coverage": training["coverage"].mean(),
        "near-dupl.": new["near-dupl."].mean(),
        "member AUC": floor.mean(),
        "AUC above new series": 0.0,
        "accuracy": 1.0,
    }
    return pd.DataFrame(lines).T


def trained_on_samples(generator):
    """Return the accuracy of forests trained on 500 samples, as a share of real."""
    rows = rows_of("privacy")
    rows = rows[rows["n"] == 500].pivot_table(
        index="generator", columns="set", values="accuracy"
    )
    if generator not in rows.index:
        return np.nan
    shares = rows.loc[generator] / rows.loc["floor: fresh real series"]
    return shares.mean() if shares.notna().all() else np.nan


def gains():
    """Return the mean gain of each way of growth, ten series of each class."""
    rows = rows_of("uplift")
    rows = rows[rows["size"] == 10]
    cells = rows.melt(["set", "size", "seed", "way"], var_name="classifier")
    cells["accuracy"] = 100 * cells["value"].str[0]
    keys = ["set", "seed", "classifier"]
    table = cells.pivot_table(index=keys, columns="way", values="accuracy").dropna()
    return table.sub(table["nothing"], axis=0).mean()


FORMATS = {
    "sets": "{:.0f}",
    "fit, s": "{:.0f}",
    "series/s": "{:.0f}",
    "parameters": "{:.0f}",
    "near-dupl.": "{:.3f}",
    "critic": "{:.3f}",
    "strong critic": "{:.3f}",
    "GRU critic": "{:.3f}",
    "accuracy": "{:.2f}",
    "gain by growth": "{:+.2f}",
}


def formatted(table):
    """Return a table as strings; what is not known is empty."""
    text = {
        column: [
            "" if np.isnan(value) else FORMATS.get(column, "{:.2f}").format(value)
            for value in table[column]
        ]
        for column in table
    }
    return pd.DataFrame(text, index=table.index)


def few_table(rows, measure):
    """Return the mean of a measure over the sets, of each generator and size."""
    rows = rows[rows["size"].isin(FEW)]
    of_set = rows.groupby(["generator", "size", "set"])[measure].mean()  # over seeds
    table = of_set.groupby(["generator", "size"]).mean().unstack()
    n_sets = rows.groupby(["generator", "size"])["set"].nunique().unstack()
    table = table.where(n_sets == rows["set"].nunique())
    order = [of for of in rows["generator"].drop_duplicates() if of in table.index]
    table = table.loc[order, [size for size in FEW if size in table]]
    seeds = rows.groupby("generator")["seed"].nunique()
    text = table.map(lambda v: "" if np.isnan(v) else f"{v:.3f}")
    return text.assign(seeds=seeds[text.index]).reset_index()


def length_table(rows):
    """Return the measures of windows of several lengths."""
    of_lengths = rows[rows["set"].str.startswith("ETTh1, ")]
    generation = rows_of("generation")
    short = generation[generation["set"] == "ETTh1"].copy()
    short["generator"] = short["generator"].replace(
        {"floor: training series": "floor: all training series"}
    )
    short = short[short["generator"].isin(set(of_lengths["generator"]))]
    both = pd.concat([short.assign(set="ETTh1, 24"), of_lengths])
    both["length"] = both["set"].str.split(", ").str[1].astype(int)
    columns = ["fit, s", "critic", "GRU critic", "coverage", "member AUC"]
    mean = both.groupby(["generator", "length"])[columns].mean().reset_index()
    for column in columns:
        form = "{:.0f}" if column == "fit, s" else "{:.3f}"
        mean[column] = [
            "" if np.isnan(value) else form.format(value) for value in mean[column]
        ]
    return mean


def rejection_table():
    """Return what rejection sampling changes on each set."""
    rows = rows_of("generation")
    kinds = [of for of, *_ in FAMILIES.values()]
    kinds = [of for of in kinds if of.startswith(("LatentAugmenter", "Diffusion"))]
    kinds += ["DiffusionAugmenter, rejection", "floor: new series"]
    rejecting = rows[rows["generator"].str.endswith("rejection")]
    rows = rows[rows["generator"].isin(kinds) & rows["set"].isin(rejecting["set"])]
    columns = ["critic", "GRU critic", "Fréchet", "coverage", "near-dupl."]
    columns += ["member AUC", "fit, s", "series/s"]
    groups = rows.groupby(["set", "generator"], sort=False)
    table = formatted(groups[columns].mean()).assign(seeds=groups["seed"].nunique())
    return table.reset_index().sort_values("set", kind="stable")


def sharing_table():
    """Return what samples give away and are worth, of 500 labelled series."""
    rows = rows_of("privacy")
    rows = rows[rows["n"] == 500].copy()
    mean = rows.groupby(["generator", "set"])[[*ATTACKS, "accuracy"]].mean()
    mean["AUC"] = mean[ATTACKS].max(axis=1)
    table = mean["AUC"].unstack().map("{:.2f}".format)
    table += " / " + mean["accuracy"].unstack().map("{:.2f}".format)
    return table.replace("nan / nan", "").reset_index()


def figure(table, path):
    """Draw the quality of each family against what it gives away."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = {name: name.split(",")[0] for name in table.index}
    ours = [n for n in names if names[n].endswith(("Augmenter", "Anonymizer"))]
    drawn, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    for name, row in table.iterrows():
        x, y = row["AUC above new series"], row["strong critic"]
        color = "black" if name == FLOOR else "C0" if name in ours else "0.6"
        axes.scatter(x, y, color=color, zorder=3, s=45)
        place = BELOW if name in CROWDED else ABOVE
        side = "left"
        if name == ON_THE_LEFT:
            place, side = (-ABOVE[0], ABOVE[1]), "right"
        axes.annotate(
            name,
            (x, y),
            xytext=place,
            textcoords="offset points",
            color=color,
            ha=side,
        )
    axes.set_xlabel("membership attack: AUC above that of new real series")
    axes.set_ylabel("strong critic (0 cannot tell, 0.5 always can)")
    axes.set_ylim(-0.03, 0.54)
    axes.margins(x=0.16)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.93")
    axes.set_title("Quality against privacy: the lower left is best", loc="left")
    drawn.savefig(path, dpi=120)
    plt.close(drawn)


def write_page():
    """Write the tables and the figure."""
    table, rows = overview(), rows_of("families")
    figure(table, DOCS / "families.png")
    notes = DOCS / "families_notes.md"
    few = [
        part
        for measure, what in {
            "critic": "Strong critic (0 is best)",
            "GRU critic": "GRU critic of the literature (0 is best)",
            "coverage": "Coverage (1 is best)",
            "near-dupl.": "Near-duplicates (0.01 is chance; more than 0.02 copies)",
        }.items()
        for part in (f"### {what}", markdown(few_table(rows, measure)))
    ]
    write(
        "families.md",
        "# Which generator?",
        *([notes.read_text().strip()] if notes.exists() else []),
        "## At a glance",
        "Means (of times, parameters and the Fréchet distance the median) over stocks, "
        "ETTh1, sines, Beijing PM2.5 and ECG5000 of [generation.md](generation.md); "
        "*sets* says how many of these were run. The strong critic is a linear model "
        "on random convolutions, the GRU critic that of the literature: balanced "
        "accuracy minus 0.5. *Accuracy* is that of a random forest trained on 500 "
        "samples, as a share of that of 500 real series, over the four sets of "
        "[privacy.md](privacy.md); *gain by growth* that in points of accuracy, ten "
        "series of each class, over five classifiers of [uplift.md](uplift.md).",
        markdown(formatted(table).reset_index(names="family")),
        "![Quality against privacy](families.png)",
        "## Few series",
        "Means over sines, ETTh1, stocks and ECG5000; the number of training series, "
        "or their share of the training part (640 windows of stocks, 2981 of ETTh1, "
        "2500 sines, 500 heart beats). Means over seeds, of which some cells have "
        "fewer than *seeds* says.",
        *few,
        "## Rejection sampling",
        "Samples that a critic tells from the training series are drawn again "
        "(`rejection_sampling=True`). Rows of [generation.md](generation.md), means "
        "over seeds; the times are of a busy machine.",
        markdown(rejection_table()),
        "## Long series",
        "Windows of ETTh1 (7 channels); length 24 from [generation.md](generation.md).",
        markdown(length_table(rows)),
        "## Series to share",
        "500 labelled series: the largest mean AUC of three membership attacks (0.5 "
        "tells nothing) / balanced accuracy of a forest trained on the samples.",
        markdown(sharing_table()),
    )
