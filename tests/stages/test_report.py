"""Stage `report`: reads exactly the cells that params.yaml names, and writes one file."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from clipforensics.comparison.league import league, standings
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.report.reading.provenance import fingerprint, tree_hash, versions
from clipforensics.training.costs import write_cost
from stages import report
from tests.support.imports import ROOT
from tests.support.leagues import LEAKING

KEYS = ("sample/real/c23/001", "sample/NeuralTextures/c23/001_002")
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text()) | {
    "dataset": "sample",
    "detector": "baseline",
    "detectors": ["baseline", "lora"],
    "robustness": {"enabled": True},
    "explain": {"enabled": True},
    "protocol": {
        "splits": ["per_class", "grouped"],
        "train_sets": ["FaceSwap"],
        "test_manipulations": ["NeuralTextures", "rest"],
        "seeds": [42, 43],
    },
    "report": {"pictures_per_list": 2, "picture_size": 16},
}


def write(path, content):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def write_frames():
    Path("data/frames").mkdir(parents=True)
    np.save("data/frames/shard-00000.npy", np.full((4, 16, 16, 3), 90, dtype=np.uint8))
    rows = [f"{key},{frame},0,{2 * i + frame}" for i, key in enumerate(KEYS) for frame in (0, 1)]
    write("data/frames/index.csv", "\n".join(["key,frame,shard,row", *rows]) + "\n")
    write(
        "data/frames/meta.json",
        {**Fitting(16).as_meta(), "n_frames": 2, "shards": [4], "codec": "none", "sha256": [""]},
    )


def evaluation(detector, seed, split):
    point = {"auc": 0.5 + seed / 1000, "ap": 0.9, "eer": 0.2, "n_real": 10, "n_fake": 100}
    levels = {"frame": point, "video": point}
    threshold = {"frame": 0.4, "video": 0.4, "rule": "eer"}
    test = {"NeuralTextures": levels}
    where = {"detector": detector, "split": split, "train_set": "FaceSwap", "seed": seed}
    return {**where, "threshold": threshold, "test": test}


def comparison():
    cells = [
        {
            "protocol": "per_class", "train_set": "FaceSwap", "manipulation": "NeuralTextures",
            "stratum": "all", "level": level, "n_real": 10, "n_fake": 100,
            "detectors": {d: {"auc": 0.5425, "low": 0.4, "high": 0.7} for d in PARAMS["detectors"]},
            "differences": {"lora": {"auc": 0.1, "low": -0.1, "high": 0.2, "p": 0.2}},
        }
        for level in ("video", "frame")
    ]  # fmt: skip
    headline = {"train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    headline |= {"split": "per_class", "protocol": "per_class"}
    about = {"reference": "baseline", "headline": headline, "seeds": [42, 43], "cells": cells}
    files = {
        (d, seed): {"per_class": {"validation": {"video": {"auc": 0.9}}}}
        for d in PARAMS["detectors"] for seed in (42, 43)
    }  # fmt: skip
    return {
        **about,
        "league": league(
            standings(files),
            cells,
            headline=headline,
            validated=headline["protocol"],
            leaks={"per_class": LEAKING},
        ),
    }


def write_extras():
    """What the stages robustness and explain write."""
    row = {"degradation": "none", "strength": 0, "setting": "undegraded", "level": "video",
           "detectors": {"lora": {"auc": 0.5, "low": 0.4, "high": 0.6}}}  # fmt: skip
    rows = [row, {**row, "degradation": "jpeg", "strength": 5, "setting": "quality 10"}]
    head = {"detectors": ["baseline", "lora"], "manipulation": "NeuralTextures", "seed": 42}
    write("data/metrics/robustness.json", {**head, "rows": rows})
    sanity = {d: {"rank_correlation": 0.0625, "n": 1} for d in PARAMS["detectors"]}
    write("data/metrics/explanations.json", {"method": "some-method", "sanity": sanity})
    for detector in PARAMS["detectors"]:
        write(f"data/explanations/{detector}/index.csv", f"key,frame,row\n{KEYS[0]},1,0\n")
        np.save(f"data/explanations/{detector}/maps.npy", np.ones((1, 2, 2), dtype=np.float16))


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A folder with all that the stage reads, and files of cells that are no longer in params.yaml."""
    monkeypatch.chdir(tmp_path)
    write("params.yaml", yaml.safe_dump(PARAMS))
    write("conf/data/sample.yaml", "layout: sample\n")
    write("data/metrics/comparison.json", comparison())
    for split in ("per_class", "grouped"):
        write(f"data/metrics/leakage/{split}/FaceSwap.json", {"twins": f"audit-of-{split}"})
    write("data/metrics/leakage/per_class/Stale.json", {"stale": "stale-leakage"})
    write("data/videos.csv", "key\na\nb\n")
    for folder in ("clipforensics", "stages"):
        write(f"{folder}/code.py", "x = 1\n")
    write("data/skipped.csv", "stage,path,reason\ningest,a\u2028b.mp4,no video stream\n")
    write_frames()
    write("data/frames/skipped.csv", "stage,path,reason\n")
    rocs, bands = ({"video": [], "frame": []} for _ in range(2))
    for detector in (*PARAMS["detectors"], "stale-detector"):
        for seed in (42, 43, 99):
            for split in ("per_class", "grouped", "stale-split"):
                path = f"data/metrics/evaluate/{detector}/{split}/FaceSwap-{seed}.json"
                write(path, evaluation(detector, seed, split))
        error = {"key": KEYS[0], "score": 0.8, "label": 0, "manipulation": "real", "worst_frames": [1]}
        lists = {"false_positives": [error], "false_negatives": [], "worst_videos": []}
        write(f"data/errors/{detector}/per_class/FaceSwap-42.json", {"threshold": 0.4, **lists})
        for level in ("video", "frame"):
            rocs[level] += [f"{detector},{row}" for row in ("0.0,0.0", "0.2,0.9", "1.0,1.0")]
            bands[level] += [
                f"{detector},{row}" for row in ("0.0,0.0,0.0,0.1", "0.5,0.9,,", "1.0,1.0,0.9,1.0")
            ]
    for level in ("video", "frame"):
        write(f"plots/roc/{level}.csv", "\n".join(["detector,fpr,tpr", *rocs[level], ""]))
        write(f"plots/bands/{level}.csv", "\n".join(["detector,fpr,tpr,low,high", *bands[level], ""]))
    write_extras()
    return tmp_path


def page():
    report.main()
    return Path("report/report.html").read_text(encoding="utf-8")


def test_the_page_is_written_from_the_cells_in_params(workspace):
    text = page()
    assert "LoRA generalises better than the baseline" in text
    assert "seed 42" in text
    assert "seed 43" in text
    assert "no video stream" in text
    assert text.count("data:image/jpeg") == 2 * (1 + 2)  # a false positive each, its frame and two heatmaps
    assert text.count('class="band') == 2 * 2 * 2 + 1  # ROC and DET by video and frame, and JPEG of one
    assert "quality 10" in text
    assert "some-method" in text
    assert "audit-of-grouped" in text
    assert "stale" not in text
    assert "seed 99" not in text
    assert ".599" not in text
    assert "not science" in text


def test_a_data_set_with_another_layout_is_no_sample(workspace):
    write("conf/data/sample.yaml", "layout: manifest\n")
    assert "not science" not in page()


def test_two_runs_write_the_same_bytes(workspace):
    assert page() == page()


def test_the_folder_is_not_on_the_page(workspace):
    assert str(workspace) not in page()


def test_the_page_says_what_made_it(workspace):
    text = page()
    for folder in ("clipforensics", "stages"):
        assert f"git log --oneline --find-object={tree_hash(Path(folder))}" in text
    assert fingerprint(Path("data/videos.csv")) in text
    assert versions(["numpy"])["numpy"] in text


def test_the_league_with_its_costs_is_written_beside_the_page(workspace, monkeypatch):
    """Not by DVC's leave: neither the page nor the summary has a byte of what it holds."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    before = page()
    weights = workspace / "data/weights/per_class/FaceSwap-42/lora"
    write(weights / "detector.json", {})
    write_cost("lora", "per_class/FaceSwap-42", weights, seconds=100.0, samples=1200)
    assert page() == before
    text = Path("report/league.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith("|   ") and "LoRA" in line]
    assert "100 s 1/2 (a)" in row
    assert "(a) not measured: it was not trained on this machine" in text
    assert "report/league.md" in before


def test_a_damaged_record_of_costs_takes_nothing_but_the_table_of_costs(workspace, monkeypatch, capsys):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    weights = workspace / "data/weights/per_class/FaceSwap-42/lora"
    write(weights / "detector.json", {})
    record = write_cost("lora", "per_class/FaceSwap-42", weights, seconds=100.0, samples=1200)
    record.write_text("{}")
    page()
    assert not Path("report/league.md").exists()
    assert "is no record of a cost" in capsys.readouterr().out


def test_the_summary_is_written_beside_the_page(workspace):
    page()
    text = Path("report/summary.md").read_text(encoding="utf-8")
    assert text.startswith("## On NeuralTextures LoRA's video AUC is .542; what leaks was not counted")
    assert fingerprint(Path("data/videos.csv")) in text


def test_a_detector_without_a_curve_is_named(workspace):
    text = Path("plots/roc/video.csv").read_text()
    write("plots/roc/video.csv", "".join(row for row in text.splitlines(True) if "lora" not in row))
    with pytest.raises(InputError, match=r"plots/roc/video\.csv has no curve of 'lora'; run `dvc repro`"):
        report.main()


@pytest.mark.parametrize("section", ["robustness", "explain"])
@pytest.mark.parametrize("way", ["off", "absent"])
def test_a_section_that_was_not_run_says_so(workspace, section, way):
    name = {"robustness": "There is no robustness test here.", "explain": "There are no heatmaps here."}[
        section
    ]
    if way == "off":  # the files of an earlier run do not count
        write("params.yaml", yaml.safe_dump({**PARAMS, section: {"enabled": False}}))
        reason = "It is switched off in params.yaml."
    else:
        file = {"robustness": "robustness.json", "explain": "explanations.json"}[section]
        Path("data/metrics", file).unlink()
        reason = "The run has no files of it."
    text = page()
    assert f"{name} {reason}" in text
    if (section, way) == ("explain", "off"):
        assert "what drove the score" not in text


def test_bands_may_be_missing(workspace):
    for path in Path("plots/bands").rglob("*.csv"):
        path.unlink()
    assert page().count('class="band') == 1


def test_error_lists_with_groups_go_before_those_without(workspace):
    clustered = json.loads(Path("data/errors/lora/per_class/FaceSwap-42.json").read_text())
    row = {"cluster": 0, "size": 1, "manipulations": {"real": 1}, "medoid": KEYS[0], "keys": [KEYS[0]]}
    write("data/explanations/errors/lora.json", {**clustered, "clusters": {"summary": [row]}})
    assert page().count("errors that look alike") == 1


@pytest.mark.parametrize(
    "missing",
    ["data/metrics/comparison.json", "data/metrics/evaluate/lora/grouped/FaceSwap-43.json",
     "data/errors/baseline/per_class/FaceSwap-42.json", "data/metrics/leakage/grouped/FaceSwap.json",
     "data/frames/meta.json", "data/videos.csv", "plots/roc/frame.csv"],
)  # fmt: skip
def test_a_missing_file_is_named_with_the_remedy(workspace, missing):
    Path(missing).unlink()
    with pytest.raises(InputError, match="dvc repro") as raised:
        report.main()
    assert Path(missing).name in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("picture_size", "128"), ("picture_size", 4), ("pictures_per_list", -1), ("pictures", 3)],
)
def test_a_wrong_param_is_named(workspace, key, value):
    write("params.yaml", yaml.safe_dump({**PARAMS, "report": {**PARAMS["report"], key: value}}))
    with pytest.raises(InputError, match=f"report: `{key}`"):
        report.main()
