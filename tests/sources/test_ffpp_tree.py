"""The official FaceForensics++ tree is read by its names alone."""

import json
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.sources import ffpp_tree
from clipforensics.sources.ffpp_tree import list_tree

ALL = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter", "DeepFakeDetection")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for c in ("raw", "c23", "c40"):
        _touch(tmp_path, f"original_sequences/youtube/{c}/videos", "000.mp4", "003.mp4")
        _touch(tmp_path, f"original_sequences/actors/{c}/videos", "01__exit_phone_room.mp4")
        for name in ALL[:5]:
            _touch(tmp_path, f"manipulated_sequences/{name}/{c}/videos", "003_000.mp4", "000_003.mp4")
        _touch(tmp_path, f"manipulated_sequences/{ALL[5]}/{c}/videos", "01_02__exit_phone_room__YVGY8LOK.mp4")
    _touch(tmp_path, "manipulated_sequences/Face2Face/masks/videos", "000_003.mp4")
    return tmp_path


def _touch(root: Path, folder: str, *names: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / folder / name).touch()


def _keys(root: Path, compression: str, *manipulations: str) -> list[str]:
    videos, skipped = list_tree(root, dataset="ff", compression=compression, manipulations=manipulations)
    assert not skipped
    return [v.key for v in videos]


@pytest.mark.parametrize("c", ["raw", "c23", "c40"])
def test_real_footage_then_each_manipulation_in_order(c: str, root: Path) -> None:
    assert _keys(root, c, "FaceSwap", "Deepfakes") == [
        f"ff/real/{c}/000",
        f"ff/real/{c}/003",
        f"ff/FaceSwap/{c}/000_003",
        f"ff/FaceSwap/{c}/003_000",
        f"ff/Deepfakes/{c}/000_003",
        f"ff/Deepfakes/{c}/003_000",
    ]


def test_everything(root: Path) -> None:
    videos, _ = list_tree(root, dataset="ff", compression="c23", manipulations=ALL, prefix="videos/")
    assert len(videos) == 2 + 1 + 5 * 2 + 1
    assert len({v.key for v in videos}) == len(videos)
    assert {v.label for v in videos if v.manipulation == "real"} == {0}
    assert {v.label for v in videos if v.manipulation != "real"} == {1}
    assert all(v.path.startswith("videos/") for v in videos)
    assert all((root / v.path.removeprefix("videos/")).is_file() for v in videos)


def test_deepfakedetection_is_read_with_its_actors(root: Path) -> None:
    videos, _ = list_tree(root, dataset="ff", compression="c40", manipulations=["DeepFakeDetection"])
    assert [(v.manipulation, v.target, v.source, v.take) for v in videos] == [
        ("real", "01", "", "exit_phone_room"),
        ("DeepFakeDetection", "01", "02", "exit_phone_room__YVGY8LOK"),
    ]


def test_raw_may_be_called_c0_on_disk_and_in_the_profile(root: Path) -> None:
    expected = _keys(root, "raw", "FaceSwap")
    for folder in list(root.glob("*/*/raw")):
        folder.rename(folder.with_name("c0"))
    assert _keys(root, "raw", "FaceSwap") == expected
    assert _keys(root, "c0", "FaceSwap") == expected
    assert expected[0] == "ff/real/raw/000"


def test_youtube_ids_are_filled_in_where_known(root: Path) -> None:
    (root / "conversion_dict.json").write_text(json.dumps({"000": "aa 0", "003": "bb 4"}))
    profile = ffpp_tree.Profile(
        layout="ffpp_tree", compression="c23", manipulations=["FaceSwap"], youtube_ids="conversion_dict.json"
    )
    videos, _ = ffpp_tree.find_videos(profile, root, dataset="ff")
    assert [(v.name, v.target_youtube, v.source_youtube) for v in videos] == [
        ("000", "aa", ""),
        ("003", "bb", ""),
        ("000_003", "aa", "bb"),
        ("003_000", "bb", "aa"),
    ]


def test_names_off_the_layout_are_recorded(root: Path) -> None:
    folder = "manipulated_sequences/FaceSwap/c23/videos"
    _touch(root, folder, "abc.mp4", "1_2_3.mp4", "_3.mp4", "notes.txt", ".DS_Store", " 1_2.mp4", "5_6.MP4")
    _touch(root, "original_sequences/youtube/c23/videos", "000_003.mp4", "ü 'x\".mp4")
    (root / folder).joinpath(b"\xff_1.mp4".decode("utf-8", "surrogateescape")).touch()
    videos, skipped = list_tree(root, dataset="ff", compression="c23", manipulations=["FaceSwap"])
    assert [v.name for v in videos] == ["000", "003", "ü 'x\"", "000_003", "003_000", "5_6"]
    reasons = {Path(s.path).name: s.reason for s in skipped}
    assert set(reasons) == {
        "abc.mp4",
        "1_2_3.mp4",
        "_3.mp4",
        "notes.txt",
        " 1_2.mp4",
        "000_003.mp4",
        "\\udcff_1.mp4",
    }
    assert reasons["abc.mp4"] == "name 'abc' must be <target>_<source>; rename or remove it"
    assert "is not a video file" in reasons["notes.txt"]
    assert "blanks" in reasons[" 1_2.mp4"]
    assert "not UTF-8" in reasons["\\udcff_1.mp4"]


@pytest.mark.parametrize(
    ("manipulations", "message"),
    [
        (["FaceSwop"], "'FaceSwop' does not exist in .*there are: DeepFakeDetection, Deepfakes, Face2Face"),
        ([], "is empty; list at least one"),
        (["FaceSwap", "FaceSwap"], "plain name given once"),
        (["../FaceSwap"], "plain name"),
        (["rest"], "plain name"),
    ],
)
def test_manipulations_must_exist(manipulations: list[str], message: str, root: Path) -> None:
    with pytest.raises(InputError, match=message):
        list_tree(root, dataset="ff", compression="c23", manipulations=manipulations)


def test_a_missing_compression_is_named(root: Path) -> None:
    for folder in root.glob("original_sequences/youtube/raw/videos"):
        folder.rename(folder.with_name("pictures"))
    with pytest.raises(InputError, match=r"youtube' has no raw/videos; there are: c23, c40"):
        list_tree(root, dataset="ff", compression="raw", manipulations=["FaceSwap"])


def test_a_root_that_is_no_tree_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"does not exist in .*it has no folder; set `manipulations` .* or the root",
    ):
        list_tree(tmp_path, dataset="ff", compression="raw", manipulations=["FaceSwap"])


def test_masks_are_found_whatever_the_compression_and_only_of_fakes(root: Path) -> None:
    _touch(root, "original_sequences/youtube/masks/videos", "000.mp4")
    for c in ("c23", "c40"):
        videos, _ = list_tree(root, dataset="ff", compression=c, manipulations=ALL[1:3], prefix="videos/")
        assert {v.key: v.mask for v in videos if v.mask} == {
            f"ff/Face2Face/{c}/000_003": "videos/manipulated_sequences/Face2Face/masks/videos/000_003.mp4"
        }
