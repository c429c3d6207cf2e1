import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from conftest import replace_gru

from lgta_sklearn.datasets import make_waves
from lgta_sklearn.metrics import report
from lgta_sklearn.metrics._measures import MEASURES


@pytest.fixture(scope="module")
def result():
    train, unseen = (
        make_waves(120, n_timepoints=24, random_state=i).reshape(60, 2, 24)
        for i in range(2)
    )
    y = (np.arange(60) % 2).astype(str)
    labels = dict.fromkeys(("y_real", "y_synthetic", "y_holdout"), y)
    with pytest.MonkeyPatch.context() as patch:
        replace_gru(patch)
        copies = train + 1e-3
        return report(train, copies, unseen, **labels, random_state=0, verbose=0)


@pytest.fixture(scope="module")
def page(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    result.save(path, title="Waves & <others>")
    return path


class Collector(HTMLParser):
    """Note what a page would fetch, and whether its tags are closed."""

    def __init__(self):
        super().__init__()
        self.fetched, self.open, self.headings = [], [], 0

    def handle_starttag(self, tag, attributes):
        self.fetched += [v for k, v in attributes if k in ("src", "href", "srcset")]
        if tag == "h2":
            self.headings += 1
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_beside_it(page):
    text = page.read_text(encoding="utf-8")
    collector = Collector()
    collector.feed(text)
    assert collector.open == []
    assert collector.headings == 5
    assert len(collector.fetched) == 12  # 2 channels x 4, maps, distances, pairs
    assert all(url.startswith("data:image/png;base64,") for url in collector.fetched)
    assert "url(" not in text
    assert "@import" not in text
    assert "Waves &amp; &lt;others&gt;" in text


def test_each_row_has_its_floor_and_its_sentence(page, result):
    text = page.read_text(encoding="utf-8")
    assert set(result.table.index) == {measure.name for measure in MEASURES}
    for name, row in result.table.iterrows():
        assert f"<b>{name}</b>" in text
        assert f"{row['value']:.3f}" in text
        assert f"<span>{row['floor']:.3f}</span>" in text
        assert result.sentences[name] in text
        assert result.sentences[name].endswith(".")


def test_the_sentences_say_what_the_figures_are(result):
    table, said = result.table, result.sentences
    right = f"correctly in {0.5 + table.loc['discriminative score', 'value']:.0%}"
    assert right in said["discriminative score"]
    for name in ("nearest neighbour ratio", "near-duplicates", "membership AUC"):
        assert said[name].endswith("a clear sign of memorisation.")
    assert said["Wasserstein"].endswith("that is what real series score.")


@pytest.mark.parametrize(
    ("name", "value"), [("nearest neighbour ratio", 1.6), ("membership AUC", 0.1)]
)
def test_series_that_are_far_off_are_no_copies(result, name, value):
    table = result.table.copy()
    table.loc[name, ["value", "reading"]] = [value, "poor"]
    said = type(result)(table, 60, result.series).sentences
    assert said[name].endswith("that is far off.")


def test_the_same_report_gives_the_same_bytes_in_any_style(result, page, tmp_path):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    with plt.style.context("dark_background"):
        result.save(tmp_path / "again.html", title="Waves & <others>")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()
    assert plt.get_fignums() == before


def test_without_unseen_series_the_page_says_nothing_of_memory(result, tmp_path):
    X = result.series["training"]
    other = report(X, X, measures=["MMD"], random_state=0, verbose=0)
    assert list(other.series) == ["training", "synthetic", "real"]
    other.save(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "unseen" not in text
    assert "<h2>Memorisation</h2>" not in text


def test_a_file_that_cannot_be_written_leaves_nothing_behind(result, tmp_path):
    with pytest.raises(OSError, match="report"):
        result.save(tmp_path / "nowhere" / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_nothing_is_written(result, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"lgta-sklearn\[plot\]"):
        result.save(tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [500, 1200])
def test_a_browser_shows_it_without_scrolling_sideways(page, tmp_path, width):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium here")
    measured = tmp_path / "measured.html"
    script = (
        "<script>onload = () => document.title = [document.documentElement.scrollWidth,"
        "innerWidth, [...document.images].every(i => i.naturalWidth > 300)]</script>"
    )
    measured.write_text(page.read_text(encoding="utf-8") + script, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    dom = subprocess.run(
        [*command, f"--window-size={width},900", measured.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    content, window, shown = re.search(r"<title>(.*?)</title>", dom)[1].split(",")
    assert int(content) <= int(window) <= width
    assert shown == "true"
