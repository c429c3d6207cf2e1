"""The README and the pages say what is so."""

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = ("adapters.sktime", "adapters.aeon", "adapters.torch", "datasets", "metrics",
           "plotting", "testing", "transforms")  # fmt: skip


@pytest.mark.changes_global_state  # a forest without random_state
def test_the_lines_of_the_readme_run():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(code.strip().splitlines()) <= 13
    names = {}
    exec(code, names)
    assert names["more"].shape == (201, 24)
    assert names["invented"].shape == (100, 24)
    assert len(names["model"].validation_["gain"]) == 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http", "mailto")):
            assert (page.parent / target).exists(), f"{target} in {page.name}"


def test_everything_public_is_in_the_reference():
    listed = (ROOT / "docs" / "api.md").read_text()
    assert "   api/public\n" in listed  # docs/conf.py lists all names there
    missing = []
    for name in MODULES:
        module = importlib.import_module(f"lgta_sklearn.{name}")
        dotted = [f"{name}.{one}" for one in module.__all__]
        missing += [one for one in dotted if f"   {one}\n" not in listed]
    assert missing == []


def test_each_example_has_its_place_in_the_gallery(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    monkeypatch.delitem(sys.modules, "example_order", raising=False)
    order = importlib.import_module("example_order").ORDER
    assert sorted(order) == sorted(
        path.stem for path in (ROOT / "examples").glob("*.py")
    )


def test_each_example_ends_in_a_figure():
    for path in (ROOT / "examples").glob("*.py"):
        last_cell = path.read_text().split("# %%")[-1]
        assert re.search(r"savefig\(\"\w+\.png\"", last_cell), path.name
