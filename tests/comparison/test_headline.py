"""The few numbers that two runs are compared by: which rows of comparison.json they are."""

import json

import pytest

from clipforensics.comparison.headline import NUMBERS, headline_of
from tests.support import made_up_run
from tests.support.imports import ROOT

PLACE = {"protocol": "per_class", "train_set": "FaceSwap", "manipulation": "NeuralTextures"}
AUC = {"auc", "auc_low", "auc_high"}


@pytest.fixture
def comparison():
    return made_up_run.comparison()


def cell_of(comparison, stratum="all", level="video", **place):
    wanted = {**PLACE, "stratum": stratum, "level": level, **place}
    (row,) = (r for r in comparison["cells"] if all(r[key] == value for key, value in wanted.items()))
    return row["detectors"]["lora"]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("video", {}),
        ("frame", {"level": "frame"}),
        ("twin", {"stratum": "twin"}),
        ("no_twin", {"stratum": "no_twin"}),
        ("clean", {"stratum": "clean"}),
        ("validation", {"stratum": "validation", "manipulation": "FaceSwap"}),
        ("grouped_kfold", {"protocol": "grouped_kfold"}),
    ],
)
def test_each_auc_and_interval_is_that_of_its_row(comparison, name, place):
    found, row = headline_of(comparison, "lora")[name], cell_of(comparison, **place)
    assert [found[key] for key in ("auc", "auc_low", "auc_high")] == [row[k] for k in ("auc", "low", "high")]


def test_what_needs_a_threshold_is_said_of_all_videos_and_frames_alone(comparison):
    for row in comparison["metrics"]:
        offset = 100 if row["protocol"] != "per_class" else 1 if row["level"] == "frame" else 0
        for number, values in enumerate(row["detectors"].values()):
            values["value"] = offset + number / 8
    found = headline_of(comparison, "lora")
    position = list(comparison["metrics"][0]["detectors"]).index("lora")
    for level, offset in (("video", 0), ("frame", 1)):
        measured = {row["metric"] for row in comparison["metrics"]} & set(NUMBERS)
        assert measured
        assert {key: found[level][key] for key in found[level].keys() - AUC - {"detector"}} == dict.fromkeys(
            measured, offset + position / 8
        )
    assert found["video"]["detector"] == "lora"
    assert all(set(found[name]) == AUC for name in found.keys() - {"video", "frame"})


def test_another_train_set_is_not_the_headline(comparison):
    expected = headline_of(comparison, "lora")
    for name in ("cells", "metrics"):
        others = [{**row, "train_set": "Deepfakes", "detectors": {}} for row in comparison[name]]
        comparison[name] = [*others, *comparison[name]]
    assert headline_of(comparison, "lora") == expected


def test_a_stratum_without_fakes_is_left_out_and_an_undefined_interval_is_null(comparison):
    for row in comparison["cells"]:
        if row["stratum"] == "twin":
            row["n_fake"] = 0
        if row["stratum"] == "clean":
            row["detectors"]["lora"] |= {"low": None, "high": None}
    found = headline_of(comparison, "lora")
    assert "twin" not in found
    assert found["clean"]["auc"] is not None
    assert found["clean"]["auc_low"] is None


def test_the_committed_headline_is_that_of_the_committed_comparison():
    comparison = json.loads((ROOT / "metrics/comparison.json").read_text())
    files = {p.stem: json.loads(p.read_text()) for p in (ROOT / "metrics/headline").iterdir()}
    assert files == headline_of(comparison, "baseline")
    assert sum(len(numbers) for numbers in files.values()) <= 40
