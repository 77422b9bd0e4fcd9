"""What a command line may name."""

import io
import os
import sys

import pytest

from clipforensics.core.faults import InputError
from clipforensics.scoring.inputs import expand


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in (
        "b.mp4",
        "a.MKV",
        "notes.txt",
        ".hidden.mp4",
        "x/c.webm",
        "x/001.png",
        "x/002.png",
        "face.jpg",
    ):
        path = tmp_path / "d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "d/frames").mkdir()
    for number in range(3):
        (tmp_path / f"d/frames/{number:03d}.png").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_folder_is_all_its_videos_and_frame_folders():
    assert expand(["d/frames"]) == ["d/frames"]
    assert expand(["d"]) == ["d/a.MKV", "d/b.mp4", "d/face.jpg", "d/frames", "d/x", "d/x/c.webm"]


def test_numbered_pictures_are_one_video_also_beside_another(folder):
    assert expand(["d/x"]) == ["d/x", "d/x/c.webm"]
    (folder / "d/x/c.webm").unlink()
    assert expand(["d/x"]) == ["d/x"]


@pytest.mark.usefixtures("folder")
def test_patterns_are_sorted_and_names_come_once_in_their_order():
    assert expand(["d/*.mp4", "d/b.mp4", "d/a.MKV"]) == ["d/b.mp4", "d/a.MKV"]
    assert expand(["d/notes.txt"]) == ["d/notes.txt"]
    assert expand(["gone.mp4"]) == ["gone.mp4"], "what it is, is told with its result"


def test_a_name_with_brackets_is_a_file_where_there_is_one(folder):
    (folder / "d/clip[1].mp4").touch()
    assert expand(["d/clip[1].mp4"]) == ["d/clip[1].mp4"]


@pytest.mark.usefixtures("folder")
def test_standard_input_names_one_a_line():
    assert expand(["-", "d/b.mp4"], io.StringIO("d/a.MKV\n\nwith space.mp4\r\n")) == [
        "d/a.MKV", "with space.mp4", "d/b.mp4",
    ]  # fmt: skip


def test_nothing_is_told(folder):
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="holds no video"):
        expand(["empty"])
    with pytest.raises(InputError, match="nothing matches this pattern"):
        expand(["*.avi"])


def test_links_out_of_a_folder_are_not_followed(folder):
    (folder / "d/out").symlink_to("/")
    assert "d/out" not in " ".join(expand(["d"]))


def test_an_empty_or_closed_standard_input_is_told(monkeypatch):
    with pytest.raises(InputError, match="standard input is empty"):
        expand(["-"], io.StringIO("\n"))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        expand(["-"])


def test_names_that_are_not_utf_8_are_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\xff.mp4\n"), encoding="utf-8"))
    assert expand(["-"]) == [os.fsdecode(b"a\xff.mp4")]


def test_a_name_that_cannot_be_looked_up_is_told_with_its_result():
    assert expand(["x" * 300, "y*" * 200]) == ["x" * 300, "y*" * 200]


def test_a_folder_that_cannot_be_looked_into_is_not_passed_over(folder, monkeypatch):
    (folder / "d/locked").mkdir()
    scandir = os.scandir

    def denied(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(InputError, match="'d/locked' cannot be looked into: Permission denied"):
        expand(["d"])
