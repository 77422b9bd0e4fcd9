"""Every key and column of every file that git keeps is explained, and no other."""

import csv
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clipforensics.core.records import Video
from clipforensics.duplicates.auditing import audit, with_explanation
from clipforensics.duplicates.settings import DuplicatesSection
from clipforensics.recognition.matching import FACES
from clipforensics.recognition.matching import OFF as OFF_FACES
from tests.support.controls import CONTROLS, written_content
from tests.support.imports import ROOT
from tests.support.made_up_controls import OFF
from tests.support.refresh_docs import PAGES, read_metrics
from tests.support.videos import make_video

FILES = (PAGES / "reference/files.md").read_text(encoding="utf-8")
METRICS = (PAGES / "reference/metrics.md").read_text(encoding="utf-8")
JSON = {
    "metrics/headline/<name>.json": "metrics/headline/*.json",
    "metrics/comparison.json": "metrics/comparison.json",
    "metrics/evaluate/<detector>/<split>/<train set>-<seed>.json": "metrics/evaluate/*/*/*.json",
    "metrics/leakage/<split>/<train set>.json": "metrics/leakage/*/*.json",
    "metrics/likelihood.json": "metrics/likelihood.json",
    "metrics/robustness.json": "metrics/robustness.json",
    "metrics/explanations.json": "metrics/explanations.json",
}

MADE = {
    "metrics/controls.json": lambda: [controls_content(), OFF],
    "metrics/leakage/content/<split>/<train set>.json": lambda: [content_audit()],
    "metrics/leakage/faces/<split>/<train set>.json": lambda: faces_audits(),
}
"""Files whose every key no run of the sample has, made by the code that writes them."""

RUN_CSV = {
    "data/hashes.csv": "data/hashes.csv",
    "data/videos.csv": "data/videos.csv",
    "data/skipped.csv": "data/**/skipped.csv",
    "data/frames/": "data/[fe]*/index.csv",
    "data/splits/<split>/<train set>/test.csv": "data/splits/*/*/*.csv",
    "data/scores/<detector>/<split>/<train set>-<seed>.csv": "data/scores/*/*/*.csv",
    "data/errors/<detector>/<split>/<train set>-<seed>.json": "data/explanations/*/index.csv",
}
"""CSV files that a run leaves to DVC, by the heading that explains them."""
RUN_JSON = {
    "data/errors/<detector>/<split>/<train set>-<seed>.json": "data/errors/*/*/*.json",
    "models/<detector>/<split>/<train set>-<seed>/operating_point.json": "models/*/*/*/operating_point.json",
}


def section(title: str) -> str:
    """What stands under the heading of a file."""
    return re.split(r"^## ", FILES.split(f"\n## `{title}`\n")[1], flags=re.M)[0]


def explained(text: str) -> set[str]:
    """Names in the first cells of its tables."""
    cells = (line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `"))
    return {name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)}


def metric_names() -> set[str]:
    return explained(METRICS)


def names_in(value: Any) -> Iterator[str]:
    """All keys of a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def named_by_users() -> set[str]:
    """Keys that are names of the run: detectors, manipulations, protocols, degradations, rates."""
    comparison, robustness = read_metrics("comparison.json"), read_metrics("robustness.json")
    found = {row["manipulation"] for row in comparison["cells"]} | {"real"}
    found |= {row[name] for row in comparison["cells"] for name in ("protocol", "train_set")}
    found |= set(comparison["cells"][0]["detectors"]) | set(robustness["degradations"])
    return found | {"0.01", "0.05", "0.1"}


@pytest.mark.parametrize("title", JSON)
def test_keys_of_json_files_are_explained(title):
    text = section(title)
    files = sorted(ROOT.glob(JSON[title]))
    assert files
    there = {name for path in files for name in names_in(json.loads(path.read_text()))} - named_by_users()
    told = explained(text) | set(re.findall(r"`(\w+)`", text))
    assert there - told - metric_names() == set()
    assert explained(text) - there - {"real"} == set()


def controls_content() -> Any:
    """controls.json of made-up scores under one split, and folds."""
    with tempfile.TemporaryDirectory() as folder:
        return written_content(Path(folder))


def content_audit() -> Any:
    """An audit in which something is unexplained, and another data set is tested, as the stage writes it."""
    videos = [make_video("a"), make_video("b")]
    parts = parts_of(videos)
    parts["test"] = pd.concat([parts["test"], parts["test"].assign(key="c", manipulation="real@other")])
    pairs = pd.DataFrame([(videos[0].key, videos[1].key, 2, 1.0)], columns=["a", "b", "distance", "share"])
    head = dict.fromkeys(("split", "protocol", "train_set", *DuplicatesSection.model_fields))
    return {**head, **audit(with_explanation(pairs, videos), parts, set())}


def parts_of(videos: Sequence[Video]) -> dict[str, pd.DataFrame]:
    """A training video, a test video, and no validation."""
    columns = ["key", "label", "manipulation"]
    parts = {name: pd.DataFrame(columns=columns) for name in ("train", "val", "test")}
    for name, video in zip(("train", "test"), videos, strict=True):
        parts[name] = pd.DataFrame([(video.key, 0, "real")], columns=columns)
    return parts


def faces_audits() -> list[Any]:
    """One in which something is unexplained, and one of a run that recognises nobody."""
    videos = [make_video("a"), make_video("b")]
    pairs = pd.DataFrame([(videos[0].key, videos[1].key, 0.5)], columns=["a", "b", "cosine"])
    settings = ("frames_per_person", "min_side", "threshold")
    head = dict.fromkeys(("split", "protocol", "train_set", "model"))
    found = audit(with_explanation(pairs, videos), parts_of(videos), set(), FACES)
    return [{**head, **dict.fromkeys(settings), **found}, {**head, "undefined": OFF_FACES}]


@pytest.mark.parametrize("title", MADE)
def test_keys_of_json_files_that_the_sample_leaves_empty_are_explained(title):
    text, names = section(title), set()
    for content in MADE[title]():
        names |= set(names_in(content))
    told = explained(text) | set(re.findall(r"`(\w+)`", text))
    users = {"baseline", "lora", *CONTROLS}
    assert names - told - users - metric_names() == set()
    assert explained(text) - names == set()


def plot_rows() -> dict[str, list[str]]:
    """Columns that the table of plots/ names, by the pattern of the files."""
    rows = (line[2:-2].split(" | ") for line in section("plots/").splitlines() if line.startswith("| `"))
    return {
        re.sub(r"<[\w ]+>", "*", file.strip("`")): re.findall(r"`(\w+)`", columns) for file, columns in rows
    }


@pytest.mark.parametrize("pattern", plot_rows())
def test_columns_of_plots_are_explained(pattern):
    files, told = list(ROOT.glob(pattern)), set(plot_rows()[pattern])
    assert files
    heads = [header(path) for path in files]
    assert set().union(*heads) == told


def header(path: Path) -> set[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return set(next(csv.reader(file)))


def test_every_plot_file_has_a_row():
    told = {path for pattern in plot_rows() for path in ROOT.glob(pattern)}
    assert set((ROOT / "plots").rglob("*.csv")) == told


def test_every_metric_of_a_run_is_explained():
    names = {row["metric"] for row in read_metrics("comparison.json")["metrics"]}
    oracles = {row["metric"] for row in read_metrics("comparison.json")["metrics"] if row["oracle"]}
    table = [line for line in METRICS.splitlines() if line.startswith("| `") and line.count("|") >= 6]
    assert sorted(names) == sorted(line.split("`")[1] for line in table)
    assert oracles == {line.split("`")[1] for line in table if "**oracle**" in line}


def test_every_stratum_is_explained():
    strata = {row["stratum"] for row in read_metrics("comparison.json")["cells"]}
    assert strata <= metric_names()
