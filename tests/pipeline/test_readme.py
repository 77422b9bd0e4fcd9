"""The README against the code: its numbers are those of metrics/, its commands name what exists."""

import json
import re

import yaml

from tests.support.imports import ROOT
from tests.support.refresh_docs import FIRST, refreshed

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_table_is_the_committed_run():
    assert refreshed(ROOT / "README.md") == README, "`python -m tests.support.refresh_docs`, and read on"


def test_what_it_concludes_is_so():
    """No interval of a difference in its table leaves 0 out, and LoRA is ahead in the first row."""
    cells = {(c["protocol"], c["manipulation"], c["stratum"]): c for c in video_cells()}
    for place in FIRST:
        difference = cells[place]["differences"]["lora"]
        assert difference["low"] <= 0 <= difference["high"], place
    assert cells[FIRST[0]]["differences"]["lora"]["auc"] > 0


def video_cells() -> list[dict]:
    cells = json.loads((ROOT / "metrics/comparison.json").read_text())["cells"]
    return [cell for cell in cells if cell["level"] == "video"]


def test_it_is_a_front_page():
    assert len(README.encode()) <= 9_000


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", README)
    here = [link for link in links if "://" not in link]
    assert len(here) > 15
    assert [link for link in here if not (ROOT / link).is_file()] == []


def test_its_map_names_every_room():
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}
    library = ROOT / "clipforensics"
    rooms = {path.parent.name for path in library.glob("*/__init__.py")}
    assert rooms <= named
    assert {name for name in named - rooms if not (library / f"{name}.py").is_file()} == set()


def test_the_shipped_learning_rates_are_the_best_of_the_table():
    lines = (ROOT / "benchmarks/RESULTS.md").read_text().splitlines()
    (head,) = (line for line in lines if line.startswith("| method | 0.00003"))
    rates = [float(rate) for rate in head.split("|")[2:-1]]
    methods = yaml.safe_load((ROOT / "params.yaml").read_text())["methods"]
    trained = {name for name, section in methods.items() if "learning_rate" in section}
    start = lines.index(head) + 2
    for line in lines[start : start + len(trained)]:
        name, *cells = (cell.strip() for cell in line.split("|")[1:-1])
        bold = [rate for rate, cell in zip(rates, cells, strict=True) if cell.startswith("**")]
        values = [tuple(float(number) for number in re.findall(r"[.0-9]+", cell)) for cell in cells]
        assert bold == [methods[name]["learning_rate"]], name
        assert values[rates.index(bold[0])] == max(values), name
        trained.remove(name)
    assert not trained


def test_nothing_is_left_to_fill_in():
    assert "TODO" not in README
    assert not re.sub(r"<this repository>", "", README).count("<this")
