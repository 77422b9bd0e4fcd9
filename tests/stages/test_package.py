"""Stage `package`: all cells of params.yaml and no others, the same bytes each time, one line a mistake."""

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from stages import package
from tests.support.repository import ROOT, edit_yaml
from tests.support.trained_project import CELL, make_packages, make_project
from tests.support.training_tasks import files_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("made") / "project", ["baseline", "lora"])


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(made, tmp_path / "project"))
    monkeypatch.chdir(folder)
    return folder


def test_every_detector_and_cell_gets_a_folder(project, capsys):
    package.main()
    assert capsys.readouterr().out == "models: 2 folders, one a detector and cell\n"
    assert {p.parent.relative_to("models") for p in Path("models").rglob("README.md")} == {
        Path("baseline") / CELL,
        Path("lora") / CELL,
    }


def test_only_what_params_name_is_packaged(project):
    edit_yaml(Path("params.yaml"), {"detectors": ["lora"]})
    package.main()
    assert [p.name for p in Path("models").iterdir()] == ["lora"]


def test_all_that_training_left_is_there_and_the_tensors_are_untouched(project):
    package.main()
    for name in ("baseline", "lora"):
        left, packaged = (
            files_of(p) for p in (Path("data/weights") / CELL / name, Path("models") / name / CELL)
        )
        assert set(left) <= set(packaged)
        tensors = [file for file in left if file.endswith(".safetensors")]
        assert tensors
        assert all(left[file] == packaged[file] for file in tensors)


def test_two_runs_write_the_same_bytes_wherever_the_project_lies(project, tmp_path, monkeypatch):
    package.main()
    first = files_of(Path("models"))
    assert not [name for name, content in first.items() if str(tmp_path).encode() in content]
    package.main()
    assert files_of(Path("models")) == first
    moved = project.rename(tmp_path / "elsewhere")
    shutil.rmtree(moved / "models")
    monkeypatch.chdir(moved)
    package.main()
    assert files_of(Path("models")) == first


def test_an_encoder_named_by_an_absolute_path_leaves_no_trace_of_it(project):
    here = str(project / "data/sample/clip")
    for path in Path("data/weights").rglob("*.json"):
        path.write_text(path.read_text().replace('"data/sample/clip"', json.dumps(here)))
    assert here in Path(f"data/weights/{CELL}/lora/adapter_config.json").read_text()
    make_packages(project, include_encoder=False)
    found = files_of(Path("models"))
    assert not [name for name, content in found.items() if str(project).encode() in content]
    assert read_json(Path(f"models/lora/{CELL}/detector.json"))["encoder"]["model"] == "clip"
    assert "whose weights have the sha256" in Path(f"models/lora/{CELL}/README.md").read_text()


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        (f"data/weights/{CELL}/lora", "there is no lora to package; run `dvc repro`"),
        (f"data/metrics/evaluate/baseline/{CELL}.json", "does not exist; run `dvc repro`"),
        ("data/metrics/leakage/per_class/FaceSwap.json", "does not exist; run `dvc repro`"),
        ("data/metrics/comparison.json", "does not exist; run `dvc repro`"),
        ("data/sample/clip/preprocessor_config.json", "is no folder with a preprocessor_config.json"),
        ("data/sample/clip/model.safetensors", "holds none of model.safetensors"),
    ],
)
def test_what_is_missing_is_told_in_one_line_and_nothing_is_written(project, gone, message):
    path = Path(gone)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=message) as found:
        package.main()
    assert "\n" not in str(found.value)
    assert not Path("models").exists()


def test_a_misspelt_setting_is_refused(project):
    edit_yaml(Path("params.yaml"), {"package": {"encoder": True}})
    with pytest.raises(InputError, match="package: `encoder` is not a parameter"):
        package.main()


def test_it_loads_no_torch(project):
    code = "import sys; from stages import package; package.main(); sys.exit('torch' in sys.modules)"
    with contextlib.chdir(project):
        subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT)})
