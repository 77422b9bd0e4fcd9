"""Work on a video is of the content that ingest saw, or of none; a refusal is the content's own fault."""

import tarfile
from dataclasses import replace

import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.footage import holding
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.holding import check_content, content_key, work_on
from clipforensics.footage.pictures import PICTURES
from clipforensics.footage.probing import digest
from tests.support.videos import make_video


def as_seen(root, name):
    return make_video(path=name, sha256=digest(root / name), codec=PICTURES)


def put(root, kind, shade):
    """Content of one size, whatever its shade; its name."""
    root.mkdir(exist_ok=True)
    if kind == "a shard's member":
        (root / "clip.mp4").write_bytes(bytes([shade]) * 9)
        with tarfile.open(root / "0.tar", "w") as tar:
            tar.add(root / "clip.mp4", "clip.mp4")
        return "0.tar/clip.mp4"
    if kind == "a file":
        (root / "clip.mp4").write_bytes(bytes([shade]) * 9)
        return "clip.mp4"
    (root / "folder").mkdir(exist_ok=True)
    for number in (1, 2):
        Image.new("L", (3, 3), shade).save(root / f"folder/{number}.bmp")
    return "folder"


@pytest.mark.parametrize("kind", ["a file", "a folder", "a shard's member"])
def test_what_was_changed_to_as_many_bytes_is_told(kind, tmp_path):
    video = as_seen(tmp_path, put(tmp_path, kind, 1))
    check_content(video, tmp_path)
    put(tmp_path, kind, 2)
    with pytest.raises(InputError, match=rf"^'{video.path}' has the SHA-256 \w+, {video.sha256} at ingest: "):
        work_on(video, tmp_path, lambda: ["what lies there now"])
    put(tmp_path, kind, 1)
    assert work_on(video, tmp_path, lambda: ["found"]) == ["found"]


def test_of_a_shard_the_member_alone_is_held(tmp_path):
    video = as_seen(tmp_path, put(tmp_path, "a shard's member", 1))
    with tarfile.open(tmp_path / "0.tar", "a") as tar:
        tar.add(tmp_path / "clip.mp4", "other.mp4")
    check_content(video, tmp_path)


def test_what_is_gone_is_told(tmp_path):
    video = as_seen(tmp_path, put(tmp_path, "a file", 1))
    (tmp_path / video.path).unlink()
    with pytest.raises(InputError, match=r"^'clip.mp4' is gone from .* since ingest; run `dvc repro -f"):
        work_on(video, tmp_path, lambda: ["found"])


def test_what_is_changed_while_it_is_worked_on_is_told(tmp_path):
    video = as_seen(tmp_path, put(tmp_path, "a file", 1))
    with pytest.raises(InputError, match="changed since ingest"):
        work_on(video, tmp_path, lambda: put(tmp_path, "a file", 2))


def refusing(times):
    """Refuses so many times, as libav does where a disk fails below it, then finds something."""

    def work():
        tried.append(None)
        if len(tried) <= times:
            raise UnreadableVideo("cannot be decoded (Invalid data)")
        return ["found"]

    tried = []
    return work, tried


@pytest.mark.parametrize(("times", "expected"), [(0, ["found"]), (1, ["found"]), (2, "cannot be decoded (")])
def test_a_refusal_stands_once_it_has_come_twice(times, expected, tmp_path):
    video = as_seen(tmp_path, put(tmp_path, "a file", 1))
    work, tried = refusing(times)
    assert work_on(video, tmp_path, work)[: len(expected)] == expected
    assert len(tried) == min(times + 1, 2)


def test_what_the_system_did_not_give_is_not_asked_for_again(tmp_path):
    tried = []

    def unread():
        tried.append(None)
        raise OSError(5, "Input/output error")

    video = as_seen(tmp_path, put(tmp_path, "a file", 1))
    assert work_on(video, tmp_path, unread) == "cannot be read: Input/output error"
    assert len(tried) == 1


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), MemoryError()])
@pytest.mark.parametrize("times", [0, 9])
def test_what_cannot_be_read_as_a_whole_is_told_as_that_whatever_the_decoder_made_of_it(
    times, error, tmp_path, monkeypatch
):
    def failing(path):
        raise error

    video = as_seen(tmp_path, put(tmp_path, "a file", 1))
    monkeypatch.setattr(holding, "digest", failing)
    assert work_on(video, tmp_path, refusing(times)[0]).startswith("cannot be read: ")


def test_the_ending_of_a_name_is_part_of_what_a_videos_frames_are_known_by():
    video = make_video(path="a.mp4", sha256="1", n_frames=3)
    assert content_key(video) == content_key(replace(video, path="b.MP4"))
    for other in ({"path": "a.gif"}, {"sha256": "2"}, {"n_frames": 4}):
        assert content_key(video) != content_key(replace(video, **other))
    picture = replace(video, path="a.png", codec=PICTURES)
    assert content_key(picture) == content_key(replace(picture, path="folder.of.them"))
