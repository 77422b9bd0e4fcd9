"""What is known of a trained detector: read from the files of its own cell, or told that there is none."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import PARTS
from clipforensics.frames.rows import RowIndex
from clipforensics.likelihood.reading import Left
from clipforensics.protocol.cells import Cell
from clipforensics.protocol.tables import write_scores
from clipforensics.publishing.model import Records, TrainingFootage, read_model
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_lora

CELL = Cell("grouped_kfold-2", "FaceSwap", 7)
FOOTAGE = TrainingFootage("sample", True, 8, Fitting(32))


@pytest.fixture
def records(tmp_path):
    save_lora(tmp_path / "weights" / CELL.name / "lora", write_encoder(tmp_path / "tower"))
    for seed in (7, 8):
        about = {"seed": seed, "usable": {"video": {}}, "threshold": {"video": 0.5}, "test": {}}
        write_json(tmp_path / f"metrics/lora/grouped_kfold-2/FaceSwap-{seed}.json", about)
    write_json(tmp_path / "leakage/grouped_kfold-2/FaceSwap.json", {"fake": {"n": 3}})
    write_tables(tmp_path)
    left = Left(tmp_path / "scores", tmp_path / "splits", tmp_path / "metrics", "mean")
    comparison, controls = {"cells": []}, {"enabled": False}
    return Records(
        tmp_path / "weights",
        left,
        tmp_path / "leakage",
        comparison,
        controls,
        pd.DataFrame(),
        stored("train/0", "train/1"),
    )


def stored(*keys):
    """Embeddings of a frame of each."""
    return SimpleNamespace(rows=RowIndex(keys, [0] * len(keys)))


def write_tables(folder):
    """A real and a fake video in each part, and their scores."""
    kinds = [*enumerate(("real", "FaceSwap"))]
    rows = [(f"{part}/{label}", kind, label, part) for part in PARTS for label, kind in kinds]
    videos = pd.DataFrame(rows, columns=["key", "manipulation", "label", "part"])
    videos = videos.assign(target="a", source="", group=range(len(videos)), frame=0, score=0.25)
    for part in PARTS:
        path = folder / f"splits/grouped_kfold-2/FaceSwap/{part}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        videos[videos["part"] == part].to_csv(path, index=False)
    write_scores(folder / "scores/lora" / f"{CELL.name}.csv", videos[videos["part"] != "train"])


def test_a_training_video_of_which_no_frame_was_stored_is_not_known(records):
    """It was left out, for it could not be decoded or shows no face: nothing was learnt of it."""
    without = replace(records, embeddings=stored("train/1"))
    assert read_model("lora", CELL, without, FOOTAGE).known.train == ["train/1"]


def test_everything_is_of_its_own_cell(records):
    found = read_model("lora", CELL, records, FOOTAGE)
    assert (found.detector, found.protocol) == ("lora", "grouped_kfold")
    assert found.evaluation["seed"] == 7
    assert found.known.train == ["train/0", "train/1"]
    assert found.known.scored.val.keys.tolist() == ["val/0", "val/1"]
    assert found.leakage == {"fake": {"n": 3}}
    assert found.about["method"] == "lora"
    assert found.loading.kind == "peft"
    assert found.encoder.name == "tower"
    assert found.is_trained


def test_a_detector_that_was_not_trained_is_told_by_its_folder(records):
    with pytest.raises(InputError, match="there is no baseline to package; run `dvc repro`"):
        read_model("baseline", CELL, records, FOOTAGE)
