"""What a profile states of names, and the record of a video by it."""

from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.naming.in_profiles import naming_of, people_in, video_of, with_takes
from clipforensics.naming.people import People
from tests.support.videos import make_video


def test_without_a_naming_nobody_is_known(tmp_path: Path) -> None:
    assert naming_of("none", "", tmp_path) is None
    assert people_in(None, "real/000_003.mp4", 1) == People("000_003", label=1)


def test_a_stated_naming_is_read_and_refused_with_its_rule(tmp_path: Path) -> None:
    naming = naming_of("celebdf", "", tmp_path)
    assert people_in(naming, "x/id0_id1_0000.mp4", 1) == People("id0_id1_0000", "id0", "id1", label=1)
    reason = people_in(naming, "x/id0_id1_0000.mp4", 0)
    assert "given as real, but named as manipulated" in reason
    assert "must be id<target>_id<source>_<clip>" in people_in(naming, "a/b.mp4", 1)


def test_a_table_is_relative_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "who.csv").write_text("video,identity,identity\na,anna,ben\n")
    naming = naming_of("none", "who.csv", tmp_path)
    assert people_in(naming, "real/a.mp4", 0) == People("a", "anna", "", ("ben",), label=0)
    assert people_in(naming, "fake/a.mp4", 1) == People("a", "anna", "ben", label=1)
    assert "has no row in `identities`" in people_in(naming, "b.mp4", 1)
    with pytest.raises(InputError, match="remove one"):
        naming_of("ffpp", "who.csv", tmp_path)
    with pytest.raises(InputError, match=r"nobody\.csv: cannot be read"):
        naming_of("none", "nobody.csv", tmp_path)


def test_a_record_of_nobody_known_has_its_clip_as_take() -> None:
    about = {"dataset": "d", "manipulation": "m", "path": "x/a.mp4", "part": "test"}
    nobody = video_of(People("a", label=1), **about)
    assert (nobody.key, nobody.label, nobody.part) == ("d/m/-/~a", 1, "test")
    known = video_of(People("a", "anna", "ben", ("carl", "dora"), label=1), **about)
    assert (known.key, known.others, known.take) == ("d/m/-/anna_ben", "carl+dora", "")


def test_videos_of_one_key_are_told_apart() -> None:
    paths = ("x/a.mp4", "y/a.mp4", "x/b.mp4")
    assert [v.take for v in with_takes([make_video(path=p) for p in paths])] == ["x.a", "y.a", "b"]
    assert [v.take for v in with_takes([make_video(path="x/a.mp4")])] == [""]


def test_a_row_of_another_folder_says_nothing_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "who.csv").write_text("video,identity\nreal/0001.mp4,anna\n")
    naming = naming_of("none", "who.csv", tmp_path)
    assert people_in(naming, "real/0001.mp4", 0).target == "anna"
    assert "has no row in `identities`" in people_in(naming, "fake/A/0001.mp4", 1)


@pytest.mark.parametrize("ending", [".png", ".JPEG", ".gif", ".mpg", ".ts", ".mp4"])
def test_whatever_a_file_is_its_name_is_read(ending: str, tmp_path: Path) -> None:
    naming = naming_of("ffpp", "", tmp_path)
    assert people_in(naming, f"fake/G/000_003{ending}", 1) == People("000_003", "000", "003", label=1)
