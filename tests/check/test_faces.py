"""Before hours are spent: the detector and its weights are there, where faces are wanted at all."""

import hashlib

import pytest

from clipforensics.check import faces as check
from clipforensics.core.faults import InputError
from tests.support.faces import YUNET, YUNET_SHA256, needs_yunet
from tests.support.repository import edit_yaml
from tests.support.settings import PROFILES, problems
from tests.support.sface_like import write_network

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


def about_recognition(dataset: str, **recognition: object) -> list[str]:
    return [line for line in problems(dataset=dataset, recognition=recognition) if "recognition." in line]


def test_nobody_is_recognised_as_shipped_and_no_network_is_looked_for(folders):
    assert about_recognition("folders", weights="/none/at.onnx") == []


def test_recognition_needs_faces_and_its_own_file(folders, tmp_path):
    (line,) = about_recognition("sample", model="sface")
    assert line.startswith("params.yaml: recognition.model is sface, but no faces are looked for; set")
    (line,) = about_recognition("folders", model="sface", weights="/none/at.onnx")
    assert line.startswith("params.yaml: recognition.weights '/none/at.onnx' is no file")
    network = write_network(tmp_path / "sface.onnx")
    digest = hashlib.sha256(network.read_bytes()).hexdigest()
    assert about_recognition("folders", model="sface", weights=str(network), sha256=digest) == []
    (line,) = about_recognition("folders", model="sface", weights=str(network), sha256="0" * 64)
    assert "recognition.sha256" in line


@pytest.mark.parametrize("person", ["every", "mask"])
def test_people_apart_and_masks_need_faces_that_are_looked_for(person, folders):
    (line,) = [one for one in problems(extract_frames={"person": person}) if "extract_frames.person" in one]
    assert f"extract_frames.person is {person}, but no faces are looked for in data set sample" in line
    assert "set it to largest" in line
    assert not [
        one for one in problems(extract_frames={"person": "central"}) if "extract_frames.person" in one
    ]


@needs_yunet
def test_masks_must_be_somewhere(folders):
    faces = {"weights": str(YUNET), "sha256": YUNET_SHA256}

    def said(person):
        found = problems(dataset="folders", faces=faces, extract_frames={"person": person})
        return [line for line in found if "extract_frames.person" in line]

    assert said("every") == said("largest") == []
    (line,) = said("mask")
    assert "data set folders has no manipulation masks: those of FaceForensics++ (fetch them)" in line
