"""Stage `report`: reads exactly the cells that params.yaml names, and writes one file."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from clipforensics.faults import InputError
from stages import report
from tests.closure import ROOT

KEYS = ("sample/real/c23/001", "sample/NeuralTextures/c23/001_002")
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text()) | {
    "dataset": "sample",
    "detector": "baseline",
    "detectors": ["baseline", "lora"],
    "protocol": {
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
    write("data/frames/meta.json", {"size": 16, "n_frames": 2, "shards": [4]})


def evaluation(detector, seed):
    point = {"auc": 0.5 + seed / 1000, "ap": 0.9, "eer": 0.2, "n_real": 10, "n_fake": 100}
    levels = {"frame": point, "video": point}
    threshold = {"frame": 0.4, "video": 0.4, "rule": "eer"}
    test = {"NeuralTextures": levels}
    return {"detector": detector, "train_set": "FaceSwap", "seed": seed, "threshold": threshold, "test": test}


def comparison():
    cells = [
        {
            "train_set": "FaceSwap", "manipulation": "NeuralTextures", "stratum": "all", "level": level,
            "n_real": 10, "n_fake": 100,
            "detectors": {d: {"auc": 0.5425, "low": 0.4, "high": 0.7} for d in PARAMS["detectors"]},
            "differences": {"lora": {"auc": 0.1, "low": -0.1, "high": 0.2, "p": 0.2}},
        }
        for level in ("video", "frame")
    ]  # fmt: skip
    headline = {"train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    return {"reference": "baseline", "headline": headline, "seeds": [42, 43], "cells": cells}


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A folder with all that the stage reads, and files of cells that are no longer in params.yaml."""
    monkeypatch.chdir(tmp_path)
    write("params.yaml", yaml.safe_dump(PARAMS))
    write("conf/data/sample.yaml", "layout: sample\n")
    write("metrics/comparison.json", comparison())
    write("metrics/leakage/FaceSwap.json", {"twins": 90})
    write("metrics/leakage/Stale.json", {"stale": "stale-leakage"})
    write("data/skipped.csv", "stage,path,reason\ningest,a\u2028b.mp4,no video stream\n")
    write_frames()
    write("data/frames/skipped.csv", "stage,path,reason\n")
    for detector in (*PARAMS["detectors"], "stale-detector"):
        for seed in (42, 43, 99):
            write(f"metrics/evaluate/{detector}/FaceSwap-{seed}.json", evaluation(detector, seed))
        error = {"key": KEYS[0], "score": 0.8, "label": 0, "manipulation": "real"}
        lists = {"false_positives": [error], "false_negatives": [], "worst_videos": []}
        write(f"data/errors/{detector}/FaceSwap-42.json", {"threshold": 0.4, **lists})
        for level in ("video", "frame"):
            write(f"plots/roc/{level}/{detector}.csv", "fpr,tpr\n0.0,0.0\n0.2,0.9\n1.0,1.0\n")
    return tmp_path


def page():
    report.main()
    return Path("report/report.html").read_text(encoding="utf-8")


def test_the_page_is_written_from_the_cells_in_params(workspace):
    text = page()
    assert "LoRA against the baseline" in text
    assert "seed 42" in text
    assert "seed 43" in text
    assert "no video stream" in text
    assert text.count("data:image/jpeg") == 2 * 2  # one false positive a detector, two stored frames
    assert "stale" not in text
    assert "seed 99" not in text
    assert ".599" not in text
    assert "not science" in text


def test_a_data_set_with_another_layout_is_no_sample(workspace):
    write("conf/data/sample.yaml", "layout: manifest\n")
    assert "not science" not in page()


def test_two_runs_write_the_same_bytes(workspace):
    assert page() == page()


def test_the_machine_is_not_on_the_page(workspace):
    assert str(workspace) not in page()


@pytest.mark.parametrize(
    "missing",
    ["metrics/comparison.json", "metrics/evaluate/lora/FaceSwap-43.json", "plots/roc/frame/lora.csv",
     "data/errors/baseline/FaceSwap-42.json", "metrics/leakage/FaceSwap.json", "data/frames/meta.json"],
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
