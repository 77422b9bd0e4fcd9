"""Before hours are spent: the detector and its weights are there, where faces are wanted at all."""

import pytest

from clipforensics.check import faces as check
from clipforensics.core.faults import InputError
from tests.support.faces import YUNET, YUNET_SHA256, needs_yunet
from tests.support.repository import edit_yaml
from tests.support.settings import PROFILES, problems

NOWHERE = {"weights": "/none/at.onnx"}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A data set of two empty files: whoever opens one of them fails."""
    for name in ("real/a.mp4", "fake/b.mp4"):
        (tmp_path / "set" / name).parent.mkdir(parents=True)
        (tmp_path / "set" / name).touch()
    monkeypatch.setenv("FOLDERS_ROOT", str(tmp_path / "set"))


def about_faces(dataset: str, **faces: object) -> list[str]:
    return [line for line in problems(dataset=dataset, faces=faces) if "faces." in line]


def test_the_sample_needs_no_detector():
    assert about_faces("sample", **NOWHERE) == []


def test_real_footage_needs_one(folders):
    (line,) = about_faces("folders", **NOWHERE)
    assert line.startswith("params.yaml: faces.weights '/none/at.onnx' is no file")


@needs_yunet
def test_one_that_is_there_is_right(folders):
    assert about_faces("folders", weights=str(YUNET), sha256=YUNET_SHA256) == []
    (line,) = about_faces("folders", weights=str(YUNET), sha256="0" * 64)
    assert "does not fit" in line


def test_none_is_needed_where_none_is_wanted(folders):
    assert about_faces("folders", detector="none", **NOWHERE) == []
    edit_yaml(PROFILES / "folders.yaml", {"cropped": True})
    assert about_faces("folders", detector="auto", **NOWHERE) == []


def test_opencv_that_is_not_installed_is_told(folders, monkeypatch):
    def missing():
        raise InputError("faces.detector needs OpenCV, which is not installed")

    monkeypatch.setattr(check, "load_opencv", missing)
    (line,) = about_faces("folders", **NOWHERE)
    assert line == "params.yaml: faces.detector needs OpenCV, which is not installed"
