"""Which augmenter is suggested, and that it is what the benchmarks found."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from lgta_sklearn import (
    DiffusionAugmenter,
    DirectAugmenter,
    LatentAnonymizer,
    LatentAugmenter,
    suggest_augmenter,
)

PAGES = Path(__file__).parents[1] / "docs" / "benchmarks"
# number of series, channels and time points of the sets that were measured
SHAPES = {
    "stocks": (640, 6, 24),
    "ETTh1": (2981, 7, 24),
    "sines": (2500, 5, 24),
    "ECG5000": (500, 1, 140),
    "RacketSports": (151, 6, 30),
    "Epilepsy": (137, 3, 206),
    "TourismMonthly": (156, 1, 264),
    "white noise": (1000, 1, 24),
}


def shaped(n, n_channels=1, n_timepoints=24):
    return np.random.default_rng(0).normal(size=(n, n_channels, n_timepoints))


def means(name, **where):
    """Return the rows of a benchmark that have some values."""
    lines = (PAGES / f"{name}.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [row for row in rows if where.items() <= row.items()]


def mean(rows, measure):
    return float(np.mean([row[measure] for row in rows]))


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_samples_of_what_is_suggested_are_the_hardest_to_detect(name):
    augmenter = suggest_augmenter(shaped(*SHAPES[name]), purpose="synthesise").augmenter
    suggested = type(augmenter).__name__
    if augmenter.rejection_sampling:
        suggested += ", rejection"
    of = {
        "LatentAugmenter": "LatentAugmenter, cnn_gru",
        "LatentAugmenter, rejection": "LatentAugmenter, rejection",
        "DiffusionAugmenter": "DiffusionAugmenter",
    }
    critic = {
        family: mean(means("generation", set=name, generator=generator), "critic")
        for family, generator in of.items()
    }
    # of 137 series the critic's accuracy has a standard error of 0.03
    error = 0.5 / np.sqrt(2 * SHAPES[name][0])
    assert critic[suggested] <= min(critic.values()) + max(0.01, error)


@pytest.mark.parametrize("size", [10, 50])
def test_of_few_series_no_other_that_copies_less_is_harder_to_detect(size):
    suggested = suggest_augmenter(shaped(size, 5), purpose="synthesise")
    assert isinstance(suggested.augmenter, LatentAugmenter)
    ours, rows = "LatentAugmenter, cnn_gru", {}
    for row in means("families", size=size, seed=0):
        rows.setdefault(row["generator"], []).append(row)
    complete = {name: some for name, some in rows.items() if len(some) == 4}
    copies = {name: mean(some, "near-dupl.") for name, some in complete.items()}
    assert {"Gaussian", "DiffusionAugmenter", "synforecast"} <= set(complete)
    assert copies["SMOTE"] > 2 * copies[ours]
    critic = {
        name: mean(some, "critic")
        for name, some in complete.items()
        if copies[name] <= max(copies[ours], 0.05)
    }
    assert len(critic) >= 3
    assert critic[ours] == min(critic.values())


def test_direct_ways_gain_more_than_latent_ones_for_a_classifier():
    y = np.repeat([0, 1], 10)
    suggested = suggest_augmenter(shaped(20), y)
    assert isinstance(suggested.augmenter, DirectAugmenter)
    assert "n_copies='auto'" in suggested.reason
    gains = {}
    nothing = {
        (row["set"], row["seed"]): row
        for row in means("uplift", size=10, way="nothing")
    }
    direct = {
        (row["set"], row["seed"]): row
        for row in means("uplift", size=10, way="DirectAugmenter, varied")
    }
    for way in ("DirectAugmenter, varied", "LatentAugmenter, varied", "SMOTE"):
        rows = means("uplift", size=10, way=way)
        gains[way] = np.mean(
            [
                row[who][0] - nothing[row["set"], row["seed"]][who][0]
                for row in rows
                if (row["set"], row["seed"]) in direct
                for who in ("1-NN", "forest", "network", "ridge", "MiniRocket")
            ]
        )
    assert gains["DirectAugmenter, varied"] == max(gains.values())


def test_gaps_are_filled_by_what_filled_them_best():
    suggested = suggest_augmenter(shaped(60), purpose="impute")
    assert isinstance(suggested.augmenter, DiffusionAugmenter)
    rows = means("imputation")
    ways = {row["way"] for row in rows}
    error = {
        way: np.median([row["error"] for row in rows if row["way"] == way])
        for way in ways
    }
    assert error["DiffusionAugmenter"] == min(error.values())


def test_what_is_shared_keeps_no_record():
    y = np.repeat(["a", "b"], [20, 3])
    augmenter, reason = suggest_augmenter(shaped(23), y, purpose="share")
    assert isinstance(augmenter, LatentAnonymizer)
    assert "the fewest are 3" in reason
    assert "fewest" not in suggest_augmenter(shaped(23), purpose="share").reason


def test_unequal_classes_and_targets_get_their_own():
    y = np.repeat([0, 1], [50, 5])
    rare = suggest_augmenter(shaped(55), y)
    assert isinstance(rare.augmenter, LatentAugmenter)
    assert "SyntheticOverSampler" in rare.reason
    targets = suggest_augmenter(shaped(55), np.linspace(0, 1, 55))
    assert isinstance(targets.augmenter, LatentAugmenter)
    assert "AugmentedRegressor" in targets.reason
    assert isinstance(suggest_augmenter(shaped(55)).augmenter, DirectAugmenter)
    names = [f"person {i % 30}" for i in range(55)]  # strings are labels, if many
    assert isinstance(suggest_augmenter(shaped(55), names).augmenter, DirectAugmenter)


@pytest.mark.parametrize("purpose", ["augment", "synthesise", "share", "impute"])
@pytest.mark.parametrize("n_timepoints", [24, 300])
def test_it_is_unfitted_and_says_why(purpose, n_timepoints):
    series = [
        row[0, : n_timepoints - i % 3] for i, row in enumerate(shaped(30, 1, 300))
    ]
    augmenter, reason = suggest_augmenter(series, purpose=purpose)
    assert not hasattr(augmenter, "n_timepoints_in_")
    clone(augmenter)
    assert reason.endswith(".")
    page = reason.split("docs/benchmarks/")[1].split(".md")[0]
    assert (PAGES / f"{page}.md").exists()


def test_bad_input():
    with pytest.raises(ValueError, match=r"purpose must be one of .*'invent'"):
        suggest_augmenter(shaped(20), purpose="invent")
    with pytest.raises(ValueError, match="inconsistent"):
        suggest_augmenter(shaped(20), [0, 1], "impute")
    with pytest.raises(ValueError, match="0 sample"):
        suggest_augmenter(np.empty((0, 24)))
