"""What is exported is what params.yaml names."""

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.exporting.run import read_run
from tests.support.imports import ROOT


def test_the_shipped_project_is_read():
    run = read_run(ROOT)
    assert (run.dataset, run.is_sample) == ("sample", True)
    found = [f"{detector}/{cell.name}" for detector, cell in run.models()]
    assert found == [
        f"{detector}/{split}/FaceSwap-42"
        for detector in ("baseline", "lora")
        for split in ("per_class", "grouped")
    ]


def test_a_missing_file_is_named(tmp_path):
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"dataset": "mine"}))
    with pytest.raises(InputError, match=r"mine\.yaml does not exist"):
        read_run(tmp_path)


def test_a_missing_run_says_how_to_get_one(tmp_path):
    run = read_run(ROOT)
    moved = type(run)(tmp_path, run.params, run.dataset, True, run.detectors, run.protocol)
    with pytest.raises(InputError, match="run `dvc repro`"):
        moved.comparison()
