"""The table of degraded scores: paired on one draw, against the same bootstrap taken piece by piece."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section, read_yaml
from clipforensics.metrics.auc import roc_auc
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.protocol.cells import Cell
from clipforensics.robustness import tables
from clipforensics.robustness.scoring import UNDEGRADED, Material, RobustnessSection, all_conditions
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.cautions import at_end
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.settings import Compared, CompareSection
from clipforensics.statistics.simultaneous import max_t
from tests.support.imports import ROOT

SHIPPED = read_yaml(ROOT / "params.yaml")

FRAMES, VIDEOS = 3, 16
CONDITIONS = all_conditions(["jpeg", "noise"], [1, 3])
BOOTSTRAP = {"n_replicates": 150, "seed": 5, "confidence": 0.9}


@pytest.fixture
def material():
    table = pd.DataFrame({"key": [f"v{i}" for i in range(VIDEOS)]})
    table["label"] = [int(i % 4 != 0) for i in range(VIDEOS)]
    table["group"] = [i // 2 for i in range(VIDEOS)]
    spans = [np.arange(i * FRAMES, (i + 1) * FRAMES)[: 2 if i == 7 else FRAMES] for i in range(VIDEOS)]
    return Material(table, spans)


@pytest.fixture
def scores(material):
    """Signal that fades with strength, faster for the probe."""
    rng, labels = np.random.default_rng(0), material.a_frame("label")
    shift = {"probe": 0.9, "lora": 1.2}
    return {
        (name, strength): {
            detector: labels * size / (1 + strength) + rng.normal(size=len(labels))
            for detector, size in shift.items()
        }
        for name, strength in CONDITIONS
    }


def tabulate(scores, material, **changes):
    settings = {"level": "video", "aggregate": "mean", "reference": "probe", "cluster": "identity"}
    return tables.tabulate(scores, material, **{**settings, **BOOTSTRAP, **changes})


def test_conditions_of_a_detector_are_corrected_for_one_another(scores, material):
    rows = tabulate(scores, material)
    draws = draw_replicates(
        material.a_frame("label"), material.a_frame("key"), clusters=material.a_frame("group"),
        n_replicates=150, seed=5,
    )  # fmt: skip
    flat = {f"{c} {n}": s for c, table in scores.items() for n, s in table.items()}
    found = bootstrap_auc(draws, flat)["all"]["video"]
    for detector in ("probe", "lora"):
        drops = {
            c: found[f"{c} {detector}"] - found[f"{UNDEGRADED} {detector}"]
            for c in CONDITIONS if c != UNDEGRADED
        }  # fmt: skip
        expected = max_t(drops, confidence=0.9)
        for condition, row in zip(CONDITIONS, rows, strict=True):
            drop = row["drops"][detector]
            assert drop.get("simultaneous") == (
                expected[condition]._asdict() if condition in expected else None
            )
    differences = {c: found[f"{c} lora"] - found[f"{c} probe"] for c in CONDITIONS}
    for condition, one in max_t(differences, confidence=0.9).items():
        row = rows[CONDITIONS.index(condition)]["differences"]["lora"]
        assert (row["family"], row["simultaneous"]) == ("differences lora", one._asdict())


def test_families_are_declared_with_what_they_show(scores, material):
    rows = tabulate(scores, material)
    found = {family["name"]: family for family in tables.families(rows, 0.9)}
    assert set(found) == {"drops probe", "drops lora", "differences lora"}
    assert (found["drops lora"]["n"], found["differences lora"]["n"]) == (4, 5)
    shown = [row["drops"]["lora"].get("simultaneous", {"p": 1})["p"] < 0.1 for row in rows]
    assert found["drops lora"]["n_shown"] == sum(shown)
    assert tables.families([], 0.9) == []


@pytest.mark.parametrize("cluster", ["identity", "video"])
@pytest.mark.parametrize("level", ["video", "frame"])
def test_every_interval_is_that_of_its_pair_bootstrapped_alone(scores, material, level, cluster):
    rows = tabulate(scores, material, level=level, cluster=cluster)
    assert [(row["degradation"], row["strength"]) for row in rows] == CONDITIONS
    labels, keys = material.a_frame("label"), material.a_frame("key")
    clusters = material.a_frame("group") if cluster == "identity" else None
    for row, condition in zip(rows, CONDITIONS, strict=True):
        draws = draw_replicates(labels, keys, clusters=clusters, n_replicates=150, seed=5)
        both = {**scores[condition], **{f"{n} before": s for n, s in scores[UNDEGRADED].items()}}
        found = bootstrap_auc(draws, both)["all"][level]
        pairs = {
            ("detectors", "lora"): found["lora"],
            ("detectors", "probe"): found["probe"],
            ("drops", "lora"): found["lora"] - found["lora before"],
            ("drops", "probe"): found["probe"] - found["probe before"],
            ("differences", "lora"): found["lora"] - found["probe"],
        }
        assert {(kind, n) for kind in ("detectors", "drops", "differences") for n in row[kind]} == set(pairs)
        for (kind, name), estimate in pairs.items():
            interval = estimate.interval(confidence=0.9)
            expected = {"auc": interval.value, "low": interval.low, "high": interval.high}
            expected |= {"p": interval.p} if kind != "detectors" else {}
            alone = {key: value for key, value in row[kind][name].items() if key in expected}
            assert alone == pytest.approx(expected), (condition, kind, name)
        assert "undefined" not in row


def test_the_videos_are_drawn_once_for_the_whole_table(scores, material, monkeypatch):
    calls = []
    real = tables.draw_replicates
    monkeypatch.setattr(tables, "draw_replicates", lambda *a, **k: calls.append(k) or real(*a, **k))
    tabulate(scores, material)
    assert len(calls) == 1


def test_frames_become_videos_as_asked_and_are_counted_by_level(scores, material):
    labels, keys = material.a_frame("label"), material.a_frame("key")
    for how in ("mean", "max"):
        row = tabulate(scores, material, aggregate=how)[3]
        expected = roc_auc(*pool_by_video(scores["noise", 1]["lora"], labels, keys, how=how))
        assert row["detectors"]["lora"]["auc"] == pytest.approx(expected)
    assert (row["n_real"], row["n_fake"], row["n_groups"]) == (4, 12, 8)
    row = tabulate(scores, material, level="frame")[3]
    assert (row["n_real"], row["n_fake"], row["n_groups"]) == (12, 35, 8)


def test_rows_name_their_setting(scores, material):
    settings = [row["setting"] for row in tabulate(scores, material)]
    assert settings == ["undegraded", "quality 95", "quality 75", "variance 0.0002", "variance 0.002"]


def test_an_undefined_interval_is_null_with_its_reason(scores, material):
    labels = material.a_frame("label")
    scores["noise", 3]["lora"] = np.zeros(len(labels))  # an AUC of .5 in every replicate
    row = tabulate(scores, material)[4]
    assert row["detectors"]["lora"] == {"auc": 0.5, "low": None, "high": None}
    assert "every replicate gives the same value" in row["undefined"]
    assert row["detectors"]["probe"]["low"] is not None


def test_an_auc_of_one_is_marked_wherever_it_enters(scores, material):
    """Four reals of four groups and a perfect probe on the undegraded frames alone."""
    scores[UNDEGRADED]["probe"] = material.a_frame("label").astype(float)
    caution = at_end(1, 4, 8)
    undegraded, degraded = tabulate(scores, material)[:2]
    assert undegraded["detectors"]["probe"]["caution"] == caution
    assert undegraded["differences"]["lora"]["caution"] == caution
    assert degraded["drops"]["probe"]["caution"] == caution
    assert "caution" not in degraded["detectors"]["probe"]
    assert "caution" not in degraded["differences"]["lora"]


def test_curves_begin_at_the_undegraded_frames(scores, material, tmp_path):
    rows = tabulate(scores, material)
    whole = tables.curve(rows, "lora")
    assert list(whole["degradation"]) == ["jpeg"] * 3 + ["noise"] * 3
    assert list(whole["strength"]) == [0, 1, 3, 0, 1, 3]
    assert list(whole["auc"]) == [rows[i]["detectors"]["lora"]["auc"] for i in (0, 1, 2, 0, 3, 4)]
    tables.write_curves(
        tmp_path / "new", rows, detectors=["lora", "probe"], degradations=["jpeg", "noise", "blur"]
    )
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["blur.csv", "jpeg.csv", "noise.csv"]
    part = pd.read_csv(tmp_path / "new/noise.csv")
    assert list(part.columns) == ["detector", "strength", "auc", "low", "high"]
    assert list(part["detector"]) == ["lora"] * 3 + ["probe"] * 3
    assert list(part["auc"][:3]) == pytest.approx(list(whole["auc"][3:]))
    assert (tmp_path / "new/blur.csv").read_text() == "detector,strength,auc,low,high\n", "not in the run"


def test_the_summary_names_the_worst_of_each_detector():
    def row(strength, setting, **drops):
        found = {name: {"auc": auc} for name, auc in drops.items()}
        return {"degradation": "jpeg", "strength": strength, "setting": setting, "drops": found}

    rows = [row(0, "undegraded", a=-9, b=0), row(1, "q", a=-0.1, b=None), row(2, "r", a=-0.25, b=0.1)]
    line = tables.summary_line(rows)
    assert line == "largest change of AUC under degradation: a -0.2500 (jpeg, r), b +0.1000 (jpeg, r)"
    assert tables.summary_line(rows[:1]).endswith(": undefined")
    assert tables.summary_line([row(1, "q", a=None)]).endswith(": undefined")


def test_conditions_are_the_undegraded_frames_and_every_pair():
    assert CONDITIONS == [("none", 0), ("jpeg", 1), ("jpeg", 3), ("noise", 1), ("noise", 3)]
    for wrong in ((["fog"], [1]), (["jpeg", "jpeg"], [1]), (["jpeg"], [1, 1]), (["jpeg"], [6])):
        with pytest.raises(InputError, match="robustness"):
            all_conditions(*wrong)


def test_the_head_says_what_was_degraded_of_which_cell_and_how_it_is_compared():
    params = check_section(SHIPPED["robustness"], RobustnessSection, "robustness")
    compare = check_section(SHIPPED["compare"], CompareSection, "compare")
    run = Compared(detectors=["baseline", "lora"], aggregate="median")
    found = tables.head(Cell("grouped_kfold-2", "FaceSwap", 7), params, run, compare)
    assert {
        key: found[key] for key in ("split", "protocol", "train_set", "seed", "aggregate", "reference")
    } == {
        "split": "grouped_kfold-2",
        "protocol": "grouped_kfold",
        "train_set": "FaceSwap",
        "seed": 7,
        "aggregate": "median",
        "reference": "baseline",
    }
    assert (found["detectors"], found["level"]) == (["baseline", "lora"], SHIPPED["robustness"]["level"])
    assert list(found["degradations"]) == SHIPPED["robustness"]["degradations"]
    assert found["bootstrap"] == {k: v for k, v in SHIPPED["compare"].items() if k != "reference"}
