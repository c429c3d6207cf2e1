"""The audit finds leaks that are there, and none where there are none."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from sktime.datasets import load_italy_power_demand

from lgta_sklearn.datasets import make_waves
from lgta_sklearn.metrics import (
    PrivacyReport,
    membership_auc,
    near_duplicate_share,
    privacy_report,
)
from lgta_sklearn.metrics._attacks import ATTACKS
from lgta_sklearn.metrics._disclosure import linkability, singling_out
from lgta_sklearn.metrics._intervals import of_ranks, of_rates, wilson
from lgta_sklearn.metrics._membership import hits
from lgta_sklearn.metrics._records import Audit, draw_records
from lgta_sklearn.metrics.privacy_reporting import LIMITS, VERDICTS

FORBIDDEN = re.compile(r"anonym|complian|\bsafe", re.IGNORECASE)
AREAS = [
    "membership, distance",
    "membership, density ratio",
    "membership, reference model",
]
GIOMI = ["singling out", "linkability", "inference"]


def audited(*sets, seed=0, **options):
    return privacy_report(*sets, random_state=seed, verbose=0, **options)


def waves(n, seed):
    X = make_waves(2 * n, n_timepoints=24, noise=0.2, random_state=seed)
    return X.reshape(n, 2, 24)


def copies(X, n=None, seed=0):
    X = np.resize(X, (len(X) if n is None else n, *X.shape[1:]))
    return X + 1e-3 * X.std() * np.random.default_rng(seed).standard_normal(X.shape)


@pytest.fixture(scope="module")
def days():
    X, y = load_italy_power_demand(split="test", return_type="numpy3D")
    rows = np.random.default_rng(0).permutation(len(X))[:600]
    return np.split(X[rows], 3), np.split(y[rows], 3)


@pytest.fixture(scope="module")
def leaky(days):
    (train, _, unseen), _ = days
    return audited(train, copies(train), unseen)


@pytest.fixture(scope="module")
def tenth(days):
    (train, fresh, unseen), _ = days
    return audited(train, np.concatenate([copies(train[:20]), fresh[20:]]), unseen)


@pytest.mark.parametrize(
    "sets",
    [[waves(150, i) for i in range(2)], [waves(150, i)[:, :1] for i in range(2)]],
    ids=["two channels", "one channel"],
)
def test_a_memoriser_is_caught_by_all(sets):
    train, unseen = sets
    table = audited(train, copies(train), unseen).table
    assert set(table["reading"]) == {"clear sign"}
    assert (table.loc[AREAS, "value"] > [0.95, 0.8, 0.95]).all()
    assert (table.loc[[*GIOMI, "near-duplicates"], "excess"] > 0.95).all()


def test_half_a_memoriser_is_caught(days):
    (train, fresh, unseen), _ = days
    half = np.concatenate([copies(train[::2]), fresh[::2]])
    table = audited(train, half, unseen).table
    rows = [name for name in table.index if "density ratio" not in name]
    assert set(table.loc[rows, "reading"]) == {"clear sign"}
    assert (table.loc[[*GIOMI, "near-duplicates"], "excess"] > 0.3).all()


@pytest.mark.parametrize("n", [40, 600])
def test_fewer_or_more_copies_than_training_series_are_caught(n, days):
    (train, _, unseen), _ = days
    table = audited(train, copies(train, n), unseen).table
    assert set(table.loc[[*AREAS, *GIOMI, "near-duplicates"], "reading"]) == {
        "clear sign"
    }


def test_a_few_copies_are_some_sign(tenth):
    table = tenth.table
    rows = [
        "membership, distance, TPR",
        "singling out",
        "linkability",
        "near-duplicates",
    ]
    assert set(table.loc[rows, "reading"]) == {"some sign"}
    assert (table.loc[rows, "excess"] < table.loc[rows, "half_copy"] / 3).all()


def test_fresh_series_show_no_sign():
    signs = 0
    for seed in range(10):
        sets = [waves(80, 3 * seed + i) for i in range(3)]
        table = audited(*sets, seed=seed).table
        signs += (table["reading"].str.endswith("sign") & (table["low"] > 0)).sum()
    assert signs <= 5  # of 100 rows; 2.5 are expected at most


def test_figures_are_those_of_the_measures(days, leaky, tenth):
    (train, fresh, unseen), _ = days
    synthetic = np.concatenate([copies(train[:20]), fresh[20:]])
    value = tenth.table["value"]
    auc = membership_auc(train, synthetic, X_holdout=unseen)
    share = near_duplicate_share(train, synthetic, X_holdout=unseen)
    assert value["membership, distance"] == pytest.approx(auc)
    assert value["near-duplicates"] == pytest.approx(share)
    for table in (leaky.table, tenth.table):
        excess, control = table["excess"], table["control"]
        expected = (table["value"] - control) / (1 - control)
        np.testing.assert_allclose(excess, expected)
        assert (table["low"] <= excess).all()
        assert (excess <= table["high"]).all()
        assert (table["high"] <= 1).all()


def persons(n, seed, size=6):
    """Return series of persons who have a wave of their own, and who they are."""
    who = np.repeat(np.arange(n), size)
    base = make_waves(2 * n, n_timepoints=24, random_state=seed).reshape(n, 2, 24)
    noise = np.random.default_rng(seed).standard_normal((len(who), 2, 24))
    return base[who] + noise, who + 1000 * seed


def test_persons_are_attacked_with_groups():
    (train, who), (fresh, _), (unseen, others) = (persons(40, i) for i in range(3))
    groups = {"groups": who, "groups_holdout": others}
    table = audited(train, fresh, unseen, **groups).table
    assert set(table["reading"]) == {"no sign"}
    half = np.concatenate([copies(train[::2]), fresh[::2]])
    result = audited(train, half, unseen, **groups)
    assert set(result.table["reading"]) == {"clear sign"}
    assert set(result.table["attacks"].drop("near-duplicates")) == {40}
    # half of the series of everybody: persons are found more surely than series
    assert result.table.loc["membership, distance", "value"] > 0.95
    assert audited(train, half, unseen).table.loc["membership, distance", "value"] < 0.9
    assert "40 training persons" in result.sentences["linkability"]
    assert "40 training and 40 unseen persons" in str(result)
    # intervals are wider than those of as many independent series
    alone = audited(train, fresh, unseen).table
    assert table.loc["inference", "low"] < alone.loc["inference", "low"]


def test_a_person_has_the_mean_of_the_scores():
    X = np.arange(6.0)[:, None, None]
    groups = np.array(["b", "a", "b", "c", "a", "b"])
    records = draw_records(X, None, groups, max_samples=99, seed=0, which=0)
    assert records.n_persons == 3
    means = records.per_person(records.X[:, 0, 0])
    assert sorted(means) == pytest.approx([7 / 3, 2.5, 3])
    one_each = draw_records(X, None, groups, max_samples=3, seed=0, which=0)
    assert sorted(one_each.person) == [0, 1, 2]
    first, rest = records.first(1), records.after(1)
    assert len(first) + len(rest) == 6
    assert sorted(set(rest.person)) == [0, 1]


def test_labels_are_inferred(days):
    (train, _, unseen), _ = days
    rng = np.random.default_rng(0)
    y_train, y_unseen = rng.choice(["ill", "well"], size=(2, 200))
    labels = {"y_train": y_train, "y_synthetic": y_train, "y_holdout": y_unseen}
    result = audited(train, copies(train), unseen, **labels)
    row = result.table.loc["inference"]
    assert row["value"] == 1
    assert row["control"] == pytest.approx(0.5, abs=0.1)
    assert result.sentences["inference"].startswith("The label is guessed")


def test_targets_of_a_regression_are_inferred_within_a_tolerance(days):
    (train, _, unseen), _ = days
    y_train, y_unseen = np.random.default_rng(0).uniform(size=(2, 200))
    labels = {"y_train": y_train, "y_holdout": y_unseen}
    for off, expected in ((0.04, 1), (0.06, 0)):
        found = audited(
            train, copies(train), unseen, y_synthetic=y_train + off, **labels
        )
        value = found.table.loc["inference", "value"]
        assert value == pytest.approx(expected, abs=0.1)


def test_an_attack_that_misses_a_copy_is_blind(days):
    sets, _ = days
    y = np.ones(200)
    result = audited(*sets, y_train=y, y_synthetic=y, y_holdout=y)
    assert result.table.loc["inference", "reading"] == "blind"
    assert result.sentences["inference"].endswith(VERDICTS["blind"])


def audit_of(train, synthetic, unseen):
    sets = [
        draw_records(X, None, None, max_samples=99, seed=0, which=i)
        for i, X in enumerate((train, synthetic, unseen))
    ]
    return Audit(*sets, grouped=False)


def test_singling_out_wants_exactly_one():
    train = np.arange(5.0)[:, None, None] * np.ones((1, 2, 16))
    far = train + 100
    alone = singling_out(audit_of(train, train, far), 0)
    assert (alone.value, alone.control) == (1, 0)
    twins = np.concatenate([train, train])
    crowded = singling_out(
        audit_of(twins, train, np.concatenate([far, far])), 0
    )  # two fit each description
    assert crowded.value == 0


def test_linkability_needs_both_halves_of_the_same_series():
    train = np.random.default_rng(0).normal(size=(30, 2, 8))
    mixed = np.stack([train[:, 0], np.roll(train[:, 1], 1, axis=0)], axis=1)
    unseen = np.random.default_rng(1).normal(size=(30, 2, 8))
    assert linkability(audit_of(train, train, unseen), 0).value == 1
    assert linkability(audit_of(train, mixed, unseen), 0).value == 0


@pytest.mark.parametrize("n", [1, 10, 1000])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 1])
def test_the_interval_of_a_rate_is_that_of_wilson(n, share):
    k = round(n * share)
    expected = binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k / n, n) == pytest.approx(tuple(expected))


def test_the_interval_of_an_excess_covers_the_truth():
    rng = np.random.default_rng(0)
    truth = (0.3 - 0.1) / 0.9
    outcomes = [
        of_rates(rng.binomial(80, 0.3) / 80, 80, rng.binomial(60, 0.1) / 60, 60)
        for _ in range(400)
    ]
    covered = np.mean([one.low <= truth <= one.high for one in outcomes])
    assert 0.92 < covered < 0.99
    none = of_rates(1.0, 50, 1.0, 50)
    assert (none.excess, none.low, none.high) == (0, 0, 0)


def test_the_bootstrap_of_an_area_covers_the_truth():
    truth = 2 * norm.cdf(1 / np.sqrt(2)) - 1
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = of_ranks(rng.normal(1, 1, 60), rng.normal(0, 1, 50), rng)
        covered += found.low <= truth <= found.high
    assert 52 <= covered <= 60


@pytest.mark.parametrize("n", [30, 250])
def test_the_control_of_true_positives_is_chance(n):
    rng = np.random.default_rng(0)
    found = [hits(lambda *_: rng.normal(size=(2, n)))(None, 0) for _ in range(400)]
    mean = np.mean([one.value for one in found])
    assert mean == pytest.approx(found[0].control, rel=0.25)
    assert np.mean([one.low > 0 for one in found]) < 0.025


def test_the_same_seed_gives_the_same_report_and_inputs_stay(days, leaky):
    (train, _, unseen), _ = days
    sets = train, copies(train), unseen
    before = [X.copy() for X in sets]
    again = audited(*sets)
    assert again.table.equals(leaky.table)
    assert str(again) == str(leaky)
    for X, old in zip(sets, before, strict=True):
        np.testing.assert_array_equal(X, old)
    other = audited(*sets, seed=1)
    assert not other.table.equals(leaky.table)


def test_units_and_layout_do_not_matter(days, leaky):
    (train, _, unseen), _ = days
    for unit in (4.0, 2.0**600, 2.0**-600):
        sets = [unit * X[:, 0] for X in (train, copies(train), unseen)]
        assert audited(*sets).table.equals(leaky.table)


def test_large_sets_are_thinned(days):
    result = audited(*days[0], max_samples=50)
    assert dict(result.n_samples) == {"training": 50, "synthetic": 50, "unseen": 50}
    assert (result.table["attacks"] <= 50).all()


def test_small_and_constant_sets_are_possible():
    rng = np.random.default_rng(0)
    audited(*rng.normal(size=(3, 20, 2)))
    table = audited(*np.ones((3, 20, 2, 3))).table
    assert set(table["reading"]) <= {"blind", "no sign"}


X = np.random.default_rng(0).normal(size=(24, 2, 6))
WHO = np.arange(24)


@pytest.mark.parametrize(
    ("sets", "options", "message"),
    [
        ((X, X, None), {}, "X_holdout is needed: membership cannot be measured"),
        ((X, X[:, :, 1:], X), {}, "X_train, X_synthetic and X_holdout must have"),
        ((X, X, X * np.nan), {}, "X_holdout contains NaN"),
        ((X, X, X[:19]), {}, "X_holdout must have at least 20 series, got 19"),
        ((X[:, :1, :1],) * 3, {}, "at least two values"),
        ((X, X, X), {"groups": WHO}, "Missing: groups_holdout"),
        ((X, X, X), {"groups_holdout": WHO}, "Missing: groups"),
        (
            (X, X, X),
            {"groups": WHO[1:], "groups_holdout": WHO},
            "groups must have one entry for each of 24 series, got 23",
        ),
        (
            (X, X, X),
            {"groups": WHO, "groups_holdout": WHO + 23},
            "share 1 persons, such as 23",
        ),
        (
            (X, X, X),
            {"groups": WHO, "groups_holdout": WHO // 4 + 30},
            "X_holdout must have at least 20 persons, got 6",
        ),
        ((X, X, X), {"y_train": WHO, "y_synthetic": WHO}, "Missing: y_holdout"),
        (
            (X, X, X),
            {"y_train": WHO, "y_synthetic": WHO.astype(str), "y_holdout": WHO},
            "got y_train numbers, y_synthetic words, y_holdout numbers",
        ),
        (
            (X, X, X),
            {"y_train": WHO, "y_synthetic": [*WHO[1:], None], "y_holdout": WHO},
            "y_synthetic has missing entries, the first at series 23",
        ),
        ((X, X, X), {"groups": 3, "groups_holdout": WHO}, "24 series, got 3"),
        ((X, X, X), {"max_samples": 4.5}, "max_samples must be an int >= 20, got 4.5"),
    ],
)
def test_what_cannot_be_attacked_is_refused(sets, options, message):
    with pytest.raises(ValueError, match=message):
        audited(*sets, **options)


def test_each_row_has_a_sentence(leaky, tenth):
    for result in (leaky, tenth):
        table, said = result.table, result.sentences
        assert list(said.index) == list(table.index) == [one.name for one in ATTACKS]
        for name, row in table.iterrows():
            assert said[name].endswith(VERDICTS[row["reading"]])
            assert said[name][0].isupper() or said[name][0].isdigit()
            assert "{" not in said[name]
    assert "exactly one training series in 100.0% of 200" in leaky.sentences[GIOMI[0]]
    assert "in 100% of the cases (guessing: 50%)" in leaky.sentences[AREAS[0]]


class Collector(HTMLParser):
    """Note the tags of a page, and whether they are closed."""

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.links = set(), [], []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [v for k, v in attributes if k in ("src", "href", "srcset")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_can_be_handed_on(tenth, days, tmp_path):
    tenth.save(tmp_path / "privacy.html", title="Days & <others>")
    text = (tmp_path / "privacy.html").read_text(encoding="utf-8")
    collector = Collector()
    collector.feed(text)
    assert collector.open == collector.links == []
    assert not collector.tags & {"img", "svg", "canvas", "script", "iframe"}
    assert "url(" not in text
    assert "@import" not in text
    assert "Days &amp; &lt;others&gt;" in text
    assert all(sentence in text for sentence in [*tenth.sentences, *LIMITS])
    assert len(text) < 20_000  # too short for series
    shown = {float(number) for number in re.findall(r"-?\d+\.\d{3,}", text)}
    assert shown <= set(tenth.table["excess"].round(3))
    assert not FORBIDDEN.search(text)


def test_no_text_promises_anything(tenth, leaky):
    texts = [*LIMITS, *VERDICTS.values(), PrivacyReport.__doc__, privacy_report.__doc__]
    for result in (tenth, leaky):
        texts += [*result.sentences, str(result), result._repr_html_()]
    assert not any(FORBIDDEN.search(text) for text in texts)
    assert tenth.limits == LIMITS


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tenth, tmp_path):
    with pytest.raises(OSError, match="privacy"):
        tenth.save(tmp_path / "nowhere" / "privacy.html")
    assert list(tmp_path.iterdir()) == []
