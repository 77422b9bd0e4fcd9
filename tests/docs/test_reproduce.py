"""The page on reproducing the report: its tables, and every sentence that rests on a number."""

import itertools
import re
import shutil

import pytest

from clipforensics.core.params import read_section, read_yaml
from clipforensics.plan import answer
from clipforensics.plan.command import CORRELATION
from clipforensics.splits.auditing import summary
from clipforensics.splits.by_name import SplitSection, make_split
from clipforensics.statistics.binormal import Design
from tests.docs.test_commands import run
from tests.docs.test_pages import OURS
from tests.support.imports import ROOT
from tests.support.populations import frame_package
from tests.support.published_scores import (
    LEVELS,
    METRICS,
    NAMES,
    REPORT,
    audited,
    beside_table,
    cell_of,
    gap_of,
    metric_row,
    twins_table,
)
from tests.support.shared_data import PEER_SCORES, needs_shared

PAGE = (ROOT / "docs/how-to/reproduce-the-report.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())
REACH = 1.4


@needs_shared
@pytest.mark.parametrize("table", [beside_table, twins_table])
def test_its_tables_are_the_audit_of_the_published_scores(table):
    assert table() in PAGE, "`python -m tests.support.refresh_docs`, and read on"


@needs_shared
def test_the_audit_is_the_one_that_is_typed(tmp_path):
    (words,) = (words for words in OURS if words[1] == "audit" and "vpt.csv" in words)
    for path in PEER_SCORES.glob("*.csv"):
        shutil.copy(path, tmp_path)
    said = run(*words[1:], cwd=tmp_path)
    assert "lora minus linear: +.273" in said
    assert words[2:5] == [f"{name}.csv" for name in NAMES]
    assert audited()["names"]["naming_stated"]


def held(detector: str, level: str, metric: str, reach: float = 1.0) -> bool:
    """Whether the published interval, its sides stretched so, holds the report's number."""
    found, reported = metric_row(level, metric)["detectors"][detector], REPORT[detector, level][metric]
    value = found["value"]
    low, high = (value + reach * (found[end] - value) for end in ("low", "high"))
    return low <= reported <= high


@needs_shared
def test_which_numbers_come_out_again():
    assert all(held("lora", *place) for place in itertools.product(LEVELS, METRICS))
    probe = {place for place in itertools.product(LEVELS, METRICS) if held("linear", *place)}
    assert probe == {("video", "auc"), ("frame", "auc")}


@needs_shared
def test_by_the_rule_the_published_lora_reproduces_the_report_and_the_probe_does_not():
    counted = list(itertools.product(LEVELS, ("auc", "eer")))
    assert all(held("lora", *place) for place in counted)
    assert [place for place in counted if not held("linear", *place, reach=REACH)] == [("video", "eer")]
    eer = metric_row("video", "eer")["detectors"]["linear"]
    ends = f"{eer['value']:.3f} [{eer['low']:.3f}, {eer['high']:.3f}]".replace("0.", ".")
    assert f"its video EER is {ends}" in WORDS
    end = eer["value"] - REACH * (eer["value"] - eer["low"])
    assert f"reach ends at {end:.3f}".replace("0.", ".") in WORDS


def right(detector: str) -> set[tuple[int, int]]:
    """Fakes found and reals called fake that give the report's video ACC and F1, of 100 and 10."""
    numbers, found = REPORT[detector, "video"], set()
    for tp, fp in itertools.product(range(101), range(11)):
        accuracy, f1 = (tp + 10 - fp) / 110, 2 * tp / (2 * tp + fp + 100 - tp)
        if (round(accuracy, 4), round(f1, 4)) == (numbers["accuracy"], numbers["f1"]):
            found.add((tp, fp))
    return found


def test_the_reports_gain_is_two_videos():
    assert right("linear") == {(83, 3)}
    assert right("lora") == {(85, 3)}
    assert "the probe finds 83 fakes, LoRA 85, and each calls 3 of 10 reals fake" in WORDS


@needs_shared
def test_the_published_lora_finds_as_many():
    at = audited()["points"]["lora"]["NeuralTextures"]["video"]["at_threshold"]
    assert (at["tpr"], at["fpr"]) == (0.85, 0.3)
    for metric in ("accuracy", "f1"):
        assert round(at[metric], 4) == REPORT["lora", "video"][metric]


@needs_shared
def test_calling_everything_fake_is_better_than_every_detector():
    for name in NAMES:
        points = audited()["points"][name]["NeuralTextures"]
        for level, metric in itertools.product(LEVELS, ("accuracy", "f1")):
            all_fake = points["all_fake"][level][metric]
            assert round(all_fake, 3) == {"accuracy": 0.909, "f1": 0.952}[metric]
            assert all_fake > points[level]["at_threshold"][metric]
            assert all(all_fake > REPORT[of, level][metric] for of in ("linear", "lora"))
    assert "**Calling everything fake** has ACC .909 and F1 .952" in WORDS


@needs_shared
def test_without_a_twin_nothing_is_left():
    for name in ("lora", "vpt"):
        for level in LEVELS:
            gap, rest = gap_of(level)["detectors"][name], cell_of(level, "no_twin")["detectors"][name]
            assert gap["low"] > 0
            assert round(gap["auc"], 1) == 0.4
            assert rest["low"] < 0.5 < rest["high"]
    assert round(cell_of("video", "no_twin")["detectors"]["lora"]["auc"], 2) == 0.49


@pytest.mark.parametrize(("n_real", "words"), [(10, "in 10 of 100 runs"), (100, "in 45 of 100 runs")])
def test_what_a_test_of_that_size_shows(n_real, words):
    design = Design(0.775, n_real, 100, CORRELATION, 0.95)
    assert f"in {answer.power_of(design, 0.06) * 100:.0f} of 100 runs" == words
    assert f"from .775 to .835 {words}" in WORDS


def test_how_many_videos_the_reports_gain_needs():
    design = Design(0.775, 100, 100, CORRELATION, 0.95)
    said = list(answer.lines(answer.Question(design, 0.06, 0.8)))
    assert "  in this ratio: 226 real and 226 manipulated" in said
    assert "226 of each would be needed for 80" in WORDS


@needs_shared
def test_who_is_tested_on_the_packages_names(tmp_path):
    params = tmp_path / "params.yaml"
    shutil.copy(ROOT / "params.yaml", params)
    section = read_section(params, "split", SplitSection)
    used = read_yaml(ROOT / "conf/use/report.yaml")["split"]
    assert all(getattr(section, key) == value for key, value in used.items())
    splits = ("per_class", "grouped", *(f"grouped_kfold-{fold}" for fold in range(1, 6)))
    for name in splits:
        made = make_split(name, frame_package(), section, ("FaceSwap",), ("NeuralTextures",))
        sizes = {part: len(members) for part, members in made.parts().items()}
        if name == "per_class":
            assert sizes == {"train": 170, "val": 20, "test": 110}
            told = "90 of 100 fakes have a twin in training, 91 a seen identity, of 10 reals 2"
        else:
            assert sizes == {"train": 120, "val": 40, "test": 40}
            told = "0 of 20 fakes have a twin in training, 0 a seen identity, of 20 reals 0"
        assert told in summary(made), name
    assert "90 fakes have a twin, 91 show somebody known from training, and so do 2 reals" in WORDS
    assert re.search(r"five folds: 20 real and 20 fake ones test, nobody is known", WORDS)
