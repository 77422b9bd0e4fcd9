"""Celeb-DF by its true names; the list says what is tested, and must agree with the folders."""

from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import check_unique
from clipforensics.sources import celebdf
from clipforensics.sources.celebdf import Profile

TREE = {
    "Celeb-real": ["id0_0001.mp4", "id1_0007.mp4", "id61_0009.mp4"],
    "YouTube-real": ["00170.mp4", "00208.mp4"],
    "Celeb-synthesis": ["id1_id0_0007.mp4", "id1_id16_0007.mp4", "id9_id16_0000.mp4"],
}
LIST = """\
1 YouTube-real/00170.mp4
1 Celeb-real/id1_0007.mp4
0 Celeb-synthesis/id1_id0_0007.mp4
0 Celeb-synthesis/id1_id16_0007.mp4
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder, names in TREE.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()
    (tmp_path / celebdf.LIST).write_text(LIST)
    return tmp_path


def find(root: Path):
    return celebdf.find_videos(Profile(layout="celebdf"), root, dataset="cdf")


def test_videos_by_their_names_and_parts_by_the_list(root: Path) -> None:
    videos, skipped = find(root)
    assert not skipped
    assert [(v.manipulation, v.label, v.target, v.source, v.take, v.part) for v in videos] == [
        ("real", 0, "id0", "", "0001", "train"),
        ("real", 0, "id1", "", "0007", "test"),
        ("real", 0, "id61", "", "0009", "train"),
        ("real", 0, "", "", "00170", "test"),
        ("real", 0, "", "", "00208", "train"),
        ("Celeb-synthesis", 1, "id1", "id0", "0007", "test"),
        ("Celeb-synthesis", 1, "id1", "id16", "0007", "test"),
        ("Celeb-synthesis", 1, "id9", "id16", "0000", "train"),
    ]
    assert videos[0].path == "Celeb-real/id0_0001.mp4"
    assert [v.unknown for v in videos] == [False, False, False, True, True, False, False, False]
    check_unique(videos)


def test_without_the_list_no_part_is_said(root: Path) -> None:
    (root / celebdf.LIST).unlink()
    videos, _ = find(root)
    assert {v.part for v in videos} == {""}


def test_videos_may_lie_in_a_folder_of_that_name(root: Path) -> None:
    before, _ = find(root)
    for folder in TREE:
        (root / folder / "videos").mkdir()
        for path in (root / folder).glob("*.mp4"):
            path.rename(path.parent / "videos" / path.name)
    after, skipped = find(root)
    assert not skipped
    assert [v.key for v in after] == [v.key for v in before]
    assert [v.part for v in after] == [v.part for v in before]
    assert after[0].path == "Celeb-real/videos/id0_0001.mp4"


def test_other_names_are_left_out_with_the_rule(root: Path) -> None:
    for name in ("Celeb-real/00001.mp4", "Celeb-real/id0_id1_0000.mp4", "YouTube-real/id0_0000.mp4",
                 "Celeb-synthesis/id0_0000.mp4", "Celeb-synthesis/id0_id0_0000.mp4",
                 "Celeb-synthesis/id3_id4_0000_c23.mp4", "Celeb-real/notes.txt"):  # fmt: skip
        (root / name).touch()
    videos, skipped = find(root)
    assert len(videos) == 8
    reasons = {s.path: s.reason for s in skipped}
    assert len(reasons) == 7
    assert reasons["Celeb-real/00001.mp4"] == (
        "name '00001' must be id<celebrity>_<four digits> in Celeb-real; rename or remove it"
    )
    assert "is not a video file" in reasons["Celeb-real/notes.txt"]


def test_a_listed_video_that_is_not_there_is_told(root: Path) -> None:
    (root / "Celeb-synthesis/id1_id0_0007.mp4").unlink()
    _, (skipped,) = find(root)
    assert skipped.path == "Celeb-synthesis/id1_id0_0007.mp4"
    assert "List_of_testing_videos.txt names it, but it is not there; complete the download" in skipped.reason


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 Celeb-real/id1_0007.mp4", "line 5: .*says the opposite of its folder: in this list 1 is real"),
        ("1 Celeb-synthesis/id1_id0_0007.mp4", "line 5: .*says the opposite"),
        ("1 real/id1_0007.mp4", "line 5: '1 real/id1_0007.mp4' must be"),
        ("Celeb-real/id1_0007.mp4", "line 5: .*must be 0 or 1"),
    ],
)
def test_a_list_that_says_the_opposite_or_nothing_is_refused(line: str, words: str, root: Path) -> None:
    (root / celebdf.LIST).write_text(LIST + line + "\n")
    with pytest.raises(InputError, match=words):
        find(root)


def test_a_root_that_is_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "Celeb-DF-v2").mkdir()
    with pytest.raises(InputError, match="has no folder Celeb-real; there are: Celeb-DF-v2; set the root"):
        find(tmp_path)


def test_a_listed_video_is_tested_whatever_it_was_converted_to(root: Path) -> None:
    (root / "Celeb-real/id1_0007.mp4").rename(root / "Celeb-real/id1_0007.avi")
    videos, skipped = find(root)
    assert not skipped
    assert [(v.path, v.part) for v in videos][1] == ("Celeb-real/id1_0007.avi", "test")


def test_a_note_of_a_listed_name_does_not_stand_for_the_video(root: Path) -> None:
    (root / "Celeb-real/id1_0007.mp4").rename(root / "Celeb-real/id1_0007.txt")
    _, skipped = find(root)
    assert [s.path for s in skipped] == ["Celeb-real/id1_0007.txt", "Celeb-real/id1_0007.mp4"]
