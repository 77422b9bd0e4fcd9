"""The frame package: a folder of numbered pictures is a video."""

import json
from pathlib import Path

import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.footage.probing import probe_videos
from clipforensics.sources.frame_package import Profile, find_videos


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("Real_youtube/000", "Real_youtube/003", "FaceSwap/000_003", "NeuralTextures/000_003"):
        (tmp_path / name).mkdir(parents=True)
        for number in range(60, 64):
            Image.new("RGB", (8, 6), (number, 0, 0)).save(tmp_path / name / f"{number:03d}.png")
    return tmp_path


def _profile(*manipulations: str, **more: str) -> Profile:
    return Profile(layout="frame_package", compression="c40", manipulations=list(manipulations), **more)


def test_folders_become_videos(root: Path) -> None:
    found, skipped = find_videos(_profile("NeuralTextures", "FaceSwap"), root, dataset="p")
    assert not skipped
    assert [(v.key, v.label, v.path) for v in found] == [
        ("p/real/c40/000", 0, "Real_youtube/000"),
        ("p/real/c40/003", 0, "Real_youtube/003"),
        ("p/NeuralTextures/c40/000_003", 1, "NeuralTextures/000_003"),
        ("p/FaceSwap/c40/000_003", 1, "FaceSwap/000_003"),
    ]
    videos, unreadable = probe_videos(found, root, workers=1)
    assert not unreadable
    assert {v.n_frames for v in videos} == {4}


def test_youtube_ids_are_filled_in(root: Path) -> None:
    (root / "c.json").write_text(json.dumps({"000": "aa 0"}))
    found, _ = find_videos(_profile("FaceSwap", youtube_ids="c.json"), root, dataset="p")
    assert [(v.target_youtube, v.source_youtube) for v in found] == [("aa", ""), ("", ""), ("aa", "")]


def test_what_does_not_fit_is_recorded(root: Path) -> None:
    for name in ("Real_youtube/1_2", "FaceSwap/5", "FaceSwap/_", "FaceSwap/7_8"):
        (root / name).mkdir()
    (root / "FaceSwap/readme.txt").touch()
    (root / "FaceSwap/.hidden").touch()
    found, skipped = find_videos(_profile("FaceSwap"), root, dataset="p")
    assert [s.path for s in skipped] == [
        "Real_youtube/1_2",
        "FaceSwap/5",
        "FaceSwap/_",
        "FaceSwap/readme.txt",
    ]
    assert "must be <target>_<source>" in skipped[1].reason
    _, unreadable = probe_videos(found, root, workers=1)
    assert [(s.path, s.reason) for s in unreadable] == [
        ("FaceSwap/7_8", "holds no pictures; a folder is one video of numbered pictures")
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [("Deepfakes", "there are: FaceSwap, NeuralTextures"), ("Real_youtube", "does not exist")],
)
def test_a_manipulation_must_exist(name: str, message: str, root: Path) -> None:
    with pytest.raises(InputError, match=message):
        find_videos(_profile(name), root, dataset="p")


def test_real_footage_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no folder Real_youtube"):
        find_videos(_profile("FaceSwap"), tmp_path, dataset="p")
