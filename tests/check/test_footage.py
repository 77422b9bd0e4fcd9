"""The data set by listing: root, layout and counts; no file is opened."""

import os
from collections import Counter
from pathlib import Path

import pytest

from clipforensics.sources import sample
from clipforensics.sources.base import load_profile
from tests.support.repository import edit_yaml
from tests.support.settings import PROFILES, checked, problems

FOOTAGE = {
    "dataset": "ffpp",
    "encoder": {"model": "elsewhere/tower"},
    "protocol": {"splits": ["grouped"]},
}
N = 20


def write_tree(root: Path, manipulations=("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")) -> None:
    """FaceForensics++'s tree of empty files: whoever opens one of them fails."""
    pairs = [f"{a:03}_{b:03}.mp4" for i in range(0, N, 2) for a, b in ((i, i + 1), (i + 1, i))]
    places = {"original_sequences/youtube": [f"{i:03}.mp4" for i in range(N)]}
    places |= {f"manipulated_sequences/{name}": pairs for name in manipulations}
    for place, names in places.items():
        folder = root / place / "c40/videos"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    write_tree(tmp_path / "ff")
    monkeypatch.setenv("FFPP_ROOT", str(tmp_path / "ff"))
    return tmp_path / "ff"


def about_footage(**changes: object) -> list[str]:
    """Problems but those of the encoder, which is named and is not there, and of the face detector."""
    found = problems(**{**FOOTAGE, **changes})
    return [line for line in found if "encoder." not in line and "faces." not in line]


def test_a_tree_is_counted_without_opening_a_file(tree):
    found = checked(**FOOTAGE).footage
    counts = Counter(video.manipulation for video in found.videos)
    assert counts == dict.fromkeys(("real", "Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"), N)
    assert (found.root, found.n_skipped, found.is_sample) == (tree, 0, False)
    assert about_footage() == []


def test_the_samples_videos_are_foretold_as_they_are_then_rendered(tmp_path):
    edit_yaml(
        PROFILES / "sample.yaml",
        {"n_identities": 6, "n_frames": 1, "manipulations": ["NeuralTextures", "Deepfakes"],
         "clip": {"n_pictures": 16, "steps": 1, "batch_size": 8}},
    )  # fmt: skip
    profile, root = load_profile(PROFILES / "sample.yaml"), tmp_path / "made"
    foretold = sample.plan_videos(profile, root, dataset="sample")
    assert not root.exists()
    assert foretold == sample.find_videos(profile, root, dataset="sample")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_identities": 3}, "`n_identities`: 3 must be an even number"),
        ({"manipulations": ["FaceSwop"]}, "'FaceSwop' does not exist; choose from"),
        ({"clip": {"hidden_size": 97}}, "`clip.hidden_size`: 97 must be a multiple of n_heads=4"),
        ({"crf": 99}, "conf/data/sample.yaml: `crf`: input should be less than or equal to 51, got 99"),
        ({"layout": "tree"}, "`layout` is 'tree'; it must be one of"),
    ],
)
def test_a_wrong_profile_is_refused_before_anything_is_rendered(changes, words):
    edit_yaml(PROFILES / "sample.yaml", changes)
    (line,) = problems()
    assert words in line


def test_a_misspelt_data_set_is_told_its_nearest():
    (line,) = problems(dataset="smaple")
    assert line.startswith(
        "`dataset` is 'smaple', but conf/data/smaple.yaml does not exist; perhaps `sample`"
    )


def test_no_root_and_a_root_that_is_none_name_the_variable(monkeypatch):
    (line,) = about_footage()
    assert line == "the data set's root is not known; set FFPP_ROOT to the data set's folder"
    monkeypatch.setenv("FFPP_ROOT", "/none/such")
    (line,) = about_footage()
    assert line.startswith("root that $FFPP_ROOT names is not a folder; set FFPP_ROOT")


def test_an_empty_root_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("FFPP_ROOT", str(tmp_path / "project"))
    (line,) = about_footage()
    assert (
        "it has no folder; set `manipulations` of the profile, or the root, or complete the download" in line
    )
    assert "none" not in line


def test_a_list_of_digests_that_is_none_is_told_before_a_run(tree):
    edit_yaml(PROFILES / "ffpp.yaml", {"digests": "SHA256SUMS"})
    (line,) = about_footage()
    assert "SHA256SUMS' cannot be read: No such file or directory; correct or remove it" in line


def test_another_compression_names_those_that_are_there(tree):
    edit_yaml(PROFILES / "ffpp.yaml", {"compression": "c23"})
    (line,) = about_footage()
    assert "has no c23/videos; there are: c40; set `compression` of the profile" in line


def test_too_many_files_with_wrong_names_are_refused_by_their_names(tree):
    folder = tree / "original_sequences/youtube/c40/videos"
    for i in range(N):
        os.rename(folder / f"{i:03}.mp4", folder / f"{i:03}_x_y.mp4")
    (line,) = about_footage()
    assert "20 of 100 videos cannot be used, more than ingest.max_skipped=0.05 allows" in line


def test_a_data_set_without_real_videos_is_refused(tree):
    for path in (tree / "original_sequences/youtube/c40/videos").iterdir():
        path.unlink()
    (line,) = about_footage()
    assert "the data set has no real video" in line
