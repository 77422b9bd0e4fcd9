"""What is known of a trained detector: read from the files of its own cell, or told that there is none."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.core.fitting import Fitting
from clipforensics.protocol.cells import Cell
from clipforensics.publishing.model import Records, TrainingFootage, read_model
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_lora

CELL = Cell("grouped_kfold-2", "FaceSwap", 7)
FOOTAGE = TrainingFootage("sample", True, 8, Fitting(32))


@pytest.fixture
def records(tmp_path):
    save_lora(tmp_path / "weights" / CELL.name / "lora", write_encoder(tmp_path / "tower"))
    for seed in (7, 8):
        write_json(tmp_path / f"metrics/lora/grouped_kfold-2/FaceSwap-{seed}.json", {"seed": seed})
    write_json(tmp_path / "leakage/grouped_kfold-2/FaceSwap.json", {"fake": {"n": 3}})
    return Records(
        tmp_path / "weights", tmp_path / "metrics", tmp_path / "leakage", {"cells": []}, {"enabled": False}
    )


def test_everything_is_of_its_own_cell(records):
    found = read_model("lora", CELL, records, FOOTAGE)
    assert (found.detector, found.protocol) == ("lora", "grouped_kfold")
    assert found.evaluation == {"seed": 7}
    assert found.leakage == {"fake": {"n": 3}}
    assert found.about["method"] == "lora"
    assert found.loading.kind == "peft"
    assert found.encoder.name == "tower"
    assert found.is_trained


def test_a_detector_that_was_not_trained_is_told_by_its_folder(records):
    with pytest.raises(InputError, match="there is no baseline to package; run `dvc repro`"):
        read_model("baseline", CELL, records, FOOTAGE)
