"""Fakes named after FaceForensics++'s clips are tied to them, and to nobody else."""

from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import check_unique
from clipforensics.sources import named_after_ffpp
from clipforensics.sources.named_after_ffpp import Profile
from clipforensics.splits.leakage import identity_groups

FAKES = "SynthForensics/T2V/videos/crf23"
KEYS = {
    "layout": "named_after_ffpp",
    "originals": "FaceForensics++",
    "compression": "c23",
    "fakes": FAKES,
    "manipulations": ["cogvideox", "wan2-1"],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tree = "FaceForensics++/original_sequences"
    for name in (f"{tree}/youtube/c23/videos/000.mp4",
                 f"{tree}/youtube/c23/videos/003.mp4",
                 f"{tree}/actors/c23/videos/01__exit_phone_room.mp4",
                 f"{tree}/actors/c23/videos/01__walk.mp4",
                 f"{FAKES}/cogvideox/000_cogvideox_t2v.mp4", f"{FAKES}/cogvideox/003_cogvideox_t2v.mp4",
                 f"{FAKES}/cogvideox/01__exit_phone_room_cogvideox_t2v.mp4",
                 f"{FAKES}/wan2-1/000_wan2-1_t2v.mp4", f"{FAKES}/wan2-1/003.mp4"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def find(root: Path, **keys: object):
    profile = Profile(**{**KEYS, **keys})  # type: ignore[arg-type]
    return named_after_ffpp.find_videos(profile, root, dataset="synth")


def test_a_fake_has_the_identity_of_its_real_clip(root: Path) -> None:
    videos, skipped = find(root)
    assert not skipped
    assert [(v.manipulation, v.compression, v.label, v.target, v.source, v.take) for v in videos] == [
        ("real", "c23", 0, "000", "", ""),
        ("real", "c23", 0, "003", "", ""),
        ("real", "c23", 0, "01", "", "exit_phone_room"),
        ("real", "c23", 0, "01", "", "walk"),
        ("cogvideox", "", 1, "000", "", ""),
        ("cogvideox", "", 1, "003", "", ""),
        ("cogvideox", "", 1, "01", "", "exit_phone_room"),
        ("wan2-1", "", 1, "000", "", ""),
        ("wan2-1", "", 1, "003", "", ""),
    ]
    assert identity_groups(videos).tolist() == [0, 1, 2, 2, 0, 1, 2, 0, 1]
    assert videos[0].path == "FaceForensics++/original_sequences/youtube/c23/videos/000.mp4"
    check_unique(videos)


def test_two_fakes_of_one_clip_are_told_apart(root: Path) -> None:
    (root / FAKES / "wan2-1/000_wan2-1_i2v.mp4").touch()
    videos, _ = find(root, manipulations=["wan2-1"])
    assert [v.take for v in videos if v.label] == ["000_wan2-1_i2v", "000_wan2-1_t2v", ""]


def test_names_that_no_real_clip_begins_are_left_out(root: Path) -> None:
    for name in ("999_wan2-1_t2v.mp4", "0000_x.mp4", "000_003.mp4", "003_000_x.mp4", "readme.txt"):
        (root / FAKES / "wan2-1" / name).touch()
    videos, skipped = find(root)
    assert len(videos) == 9
    reasons = {Path(s.path).name: s.reason for s in skipped}
    assert len(reasons) == 5
    assert "must begin with the name of a real video that is there" in reasons["999_wan2-1_t2v.mp4"]
    assert "is that of a pair; such fakes have the layout ffpp_tree" in reasons["000_003.mp4"]
    assert "is that of a pair" in reasons["003_000_x.mp4"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"originals": "elsewhere"}, r"has no original_sequences/youtube or actors; set `originals`"),
        ({"originals": "../x"}, r"`originals` '\.\./x' of the profile must be below the root"),
        ({"fakes": "/data"}, "`fakes` '/data' of the profile must be below the root"),
        ({"fakes": "nothing"}, "'cogvideox' does not exist in .*it has no folder"),
        ({"manipulations": ["sora"]}, "'sora' does not exist in .*there are: cogvideox, wan2-1"),
        ({"compression": "c40"}, "has no c40/videos; there are: c23"),
    ],
)
def test_folders_that_are_missing_are_named(keys: dict[str, object], words: str, root: Path) -> None:
    with pytest.raises(InputError, match=words):
        find(root, **keys)


def test_originals_may_lie_in_the_root_itself(root: Path) -> None:
    (root / "FaceForensics++/original_sequences").rename(root / "original_sequences")
    videos, _ = find(root, originals=".")
    assert videos[0].path == "original_sequences/youtube/c23/videos/000.mp4"


def test_a_fake_has_the_youtube_id_of_its_clip(root: Path) -> None:
    (root / "ids.json").write_text('{"000": "abc 0", "003": "def 1"}')
    videos, _ = find(root, youtube_ids="ids.json")
    ids = {(v.label, v.target): v.target_youtube for v in videos}
    assert ids == {(label, name): known for label in (0, 1)
                   for name, known in (("000", "abc"), ("003", "def"), ("01", ""))}  # fmt: skip


def test_a_folder_of_no_possible_name_is_refused(root: Path) -> None:
    with pytest.raises(InputError, match="`fakes` of the profile: its name is longer than 255 bytes"):
        find(root, fakes="x" * 300)
