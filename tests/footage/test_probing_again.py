"""What is probed once is not probed again, unless it may be something else by now."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from clipforensics.core.records import Video
from clipforensics.footage import probing
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.limits import Limits
from clipforensics.footage.probing import probe_videos
from clipforensics.machine import kept as kept_module
from clipforensics.machine.kept import Kept
from tests.support.clips import make_clip
from tests.support.videos import make_video

VIDEO = make_video("a", path="a.mp4")
LONG_AGO = 10**18
"""Nanoseconds since 1970, so that a file is known by its time."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_clip(tmp_path / "root/a.mp4", n_frames=3)
    os.utime(tmp_path / "root/a.mp4", ns=(LONG_AGO, LONG_AGO))
    return tmp_path / "root"


Looked = Callable[[Path], object]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were looked into, in this process."""
    names: list[str] = []
    whole = probing._Probe._looked_into

    def noted(self: object, path: Path) -> object:
        names.append(path.name)
        return whole(self, path)  # type: ignore[arg-type]

    def mapped(work: Callable[[Video], object], items: Sequence[Video], **_: object) -> Iterator[object]:
        yield from map(work, items)

    monkeypatch.setattr(probing._Probe, "_looked_into", noted)
    monkeypatch.setattr(kept_module, "map_in_order", mapped)
    return names


def look_by(monkeypatch: pytest.MonkeyPatch, look: Callable[[Looked, Path], object]) -> None:
    """Every file is looked into by this, which is given the usual way."""
    whole = probing._Probe._looked_into
    monkeypatch.setattr(
        probing._Probe, "_looked_into", lambda self, path: look(lambda at: whole(self, at), path)
    )


def probed(root: Path, video: Video = VIDEO, **more: object) -> Video | str:
    """The video, or the reason why there is none."""
    kept = Kept(root.parent / "kept", "made by")
    videos, skipped = probe_videos([video], root, workers=1, kept=kept, **more)  # type: ignore[arg-type]
    return videos[0] if videos else skipped[0].reason


def test_what_is_the_same_is_not_looked_into_again(root: Path, looked: list[str]) -> None:
    first = probed(root)
    assert isinstance(first, Video)
    assert (probed(root), first.n_frames, looked) == (first, 3, ["a.mp4"])


@pytest.mark.parametrize("put_back", ["meanwhile", "later"])
def test_a_file_that_was_another_while_it_was_looked_into_is_looked_into_again(
    put_back: str, root: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is the very file, with its own time, before and afterwards."""
    path, aside = root / "a.mp4", root.parent / "aside.mp4"
    (right,), _ = probe_videos([VIDEO], root, workers=1)
    other = make_clip(root.parent / "other.mp4", n_frames=5)
    time.sleep(0.05)  # a few ticks of the file system's clock

    def swapped(look: Looked, at: Path) -> object:
        if not aside.exists():
            path.rename(aside)
            shutil.copyfile(other, path)
        found = look(at)
        if put_back == "meanwhile":
            aside.replace(path)
        return found

    with monkeypatch.context() as patch:
        look_by(patch, swapped)
        found = probed(root)
    if put_back == "meanwhile":
        assert found == "cannot be read: it was changed while it was read"
    else:  # it is the other one by now
        assert isinstance(found, Video)
        assert found.sha256 != right.sha256
        aside.replace(path)
    assert probed(root) == right


def test_a_file_that_gets_one_more_name_while_it_is_looked_into_is_not_left_out(
    root: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (right,), _ = probe_videos([VIDEO], root, workers=1)

    def linked(look: Looked, at: Path) -> object:
        if not (root.parent / "one more").exists():
            os.link(at, root.parent / "one more")
        return look(at)

    look_by(monkeypatch, linked)
    assert probed(root) == right


def test_what_is_over_a_limit_is_not_read_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(probing, "digest", read.append)
    _, (skipped,) = probe_videos([VIDEO], root, workers=1, limits=Limits(max_frames=1))
    assert "over max_frames=1" in skipped.reason
    assert read == []


def test_a_folder_that_is_another_by_the_time_that_it_is_looked_into_is_looked_into_again(
    root: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file whose folder is put aside and back no time tells anything."""
    (right,), _ = probe_videos([VIDEO], root, workers=1)
    make_clip(root.parent / "other/a.mp4", n_frames=5)
    whole = probing._Probe._probed

    def swapped(self: probing._Probe, path: Path) -> object:
        root.rename(root.parent / "aside")
        (root.parent / "other").rename(root)
        return whole(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(probing._Probe, "_probed", swapped)
        found = probed(root)
    assert isinstance(found, Video)
    assert found.n_frames == 5
    shutil.rmtree(root)
    (root.parent / "aside").rename(root)
    assert probed(root) == right


def test_a_file_that_was_altered_and_given_its_old_time_is_looked_into_again(
    root: Path, looked: list[str]
) -> None:
    path = root / "a.mp4"
    first, content = probed(root), path.read_bytes()
    time.sleep(0.05)
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(bytes([content[-1] ^ 1]))
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    again = probed(root)
    assert isinstance(first, Video)
    assert isinstance(again, Video)
    assert (again.n_bytes, again.sha256 != first.sha256) == (first.n_bytes, True)


def _seen(monkeypatch: pytest.MonkeyPatch, *files: dict[str, object]) -> tuple[object, ...]:
    """The signature of a video of files of which the system says this."""
    usual = {"size": 9, "mtime": 1, "ctime": 2, "inode": 3, "begin": 4, "part": 5, "resolved": "/a.mp4"}
    found = [SimpleNamespace(**{**usual, **one}) for one in files]

    def content(one: SimpleNamespace) -> SimpleNamespace:
        status = SimpleNamespace(
            st_size=one.size,
            st_mtime_ns=one.mtime,
            st_ctime_ns=one.ctime,
            st_ino=one.inode,
        )
        file = SimpleNamespace(stat=lambda: status, resolve=lambda: one.resolved)
        return SimpleNamespace(file=file, begin=one.begin, size=one.part)

    monkeypatch.setattr(probing, "files_of", lambda path: found)
    monkeypatch.setattr(probing, "content_of", content)
    return probing._signature(Path("root"), "a.mp4")


@pytest.mark.parametrize("what", ["size", "mtime", "ctime", "inode", "begin", "part", "resolved"])
def test_a_file_is_another_if_anything_that_the_system_says_of_it_is(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _seen(monkeypatch, {}, {}) == _seen(monkeypatch, {}, {})
    assert _seen(monkeypatch, {}, {}) != _seen(monkeypatch, {}, {what: 77})


@pytest.mark.parametrize("fresh", [0, 1])
def test_a_file_that_was_changed_a_moment_ago_is_never_the_same(
    fresh: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of several pictures is enough."""
    files: list[dict[str, object]] = [{}, {}]
    files[fresh] = {"mtime": time.time_ns() + 60 * 10**9}
    assert _seen(monkeypatch, *files) != _seen(monkeypatch, *files)


@pytest.mark.parametrize("fault", ["told as it is", "taken for damage"])
def test_what_the_system_kept_from_being_read_is_told_as_that_and_looked_into_again(
    fault: str, root: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(5, "Input/output error")

    def failing(look: Looked, at: Path) -> object:
        raise error if fault == "told as it is" else UnreadableVideo("cannot be decoded (Invalid data)")

    def unread(path: Path) -> str:
        raise error

    with monkeypatch.context() as patch:
        look_by(patch, failing)
        patch.setattr(probing, "digest", unread)
        assert probed(root) == "cannot be read: Input/output error"
    assert isinstance(probed(root), Video)


@pytest.mark.parametrize("times", [1, 2])
def test_a_refusal_stands_and_is_kept_once_it_has_come_twice(
    times: int, root: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[Path] = []

    def refusing(look: Looked, at: Path) -> object:
        refused.append(at)
        if len(refused) <= times:
            raise UnreadableVideo("cannot be decoded")
        return look(at)

    look_by(monkeypatch, refusing)
    assert isinstance(probed(root), Video) == (times == 1)
    assert isinstance(probed(root), Video) == (times == 1)
    assert len(refused) == 2


def test_where_a_mask_leads_is_looked_at_anew(root: Path, looked: list[str]) -> None:
    """It may become a link, or be a file again, while the video stays what it is."""
    masked, outside = replace(VIDEO, mask="m.mp4"), make_clip(root.parent / "outside.mp4", n_frames=3)
    shutil.copyfile(outside, root / "m.mp4")
    masks = []
    for is_link in (False, True, False):
        (root / "m.mp4").unlink()
        if is_link:
            (root / "m.mp4").symlink_to(outside)
        else:
            shutil.copyfile(outside, root / "m.mp4")
        found = probed(root, masked)
        masks.append(found.mask if isinstance(found, Video) else found)
    assert (masks, looked) == (["m.mp4", "", "m.mp4"], ["a.mp4"])


def test_whether_links_may_lead_out_of_the_root_is_asked_anew(root: Path, looked: list[str]) -> None:
    (root / "a.mp4").rename(root.parent / "a.mp4")
    (root / "a.mp4").symlink_to(root.parent / "a.mp4")
    assert "leads out of the root" in str(probed(root))
    assert isinstance(probed(root, follow_links=True), Video)
    assert "leads out of the root" in str(probed(root))
