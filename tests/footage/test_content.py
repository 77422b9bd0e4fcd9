"""Footage is read from regular files and from members of tar shards, in place; from nothing else."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipforensics.core.fitting import Fitting
from clipforensics.crops.extraction import extract_video
from clipforensics.footage import content
from clipforensics.footage.content import UnreadableVideo, content_of, members, open_content
from clipforensics.footage.pictures import n_bytes, probe_pictures, read_picture
from clipforensics.footage.probing import probe_videos
from clipforensics.footage.video import decode_frames, probe_video
from tests.support.clips import make_clip
from tests.support.videos import make_video


def pack(shard: Path, *files: Path, prefix: str = "", mode: str = "w") -> Path:
    with tarfile.open(shard, mode) as tar:
        for file in files:
            tar.add(file, prefix + file.name)
    return shard


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip.mp4", n_frames=9)


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv", "a.webm"])
def test_a_video_in_a_shard_is_the_same_as_beside_it(name: str, tmp_path: Path) -> None:
    codec = {"a.webm": "libvpx-vp9", "a.avi": "mpeg4"}.get(name, "libx264")
    file = make_clip(tmp_path / name, n_frames=20, codec=codec)
    (tmp_path / "first.json").write_text("{}" * 999)
    shard = pack(tmp_path / "000000.tar", tmp_path / "first.json", file, prefix="./some folder/")
    member = shard / "some folder" / name
    assert probe_video(member) == probe_video(file)
    wanted = [0, 3, 4, 19]
    pairs = list(zip(decode_frames(member, wanted), decode_frames(file, wanted), strict=True))
    assert [(a[0], b[0]) for a, b in pairs] == [(i, i) for i in wanted]
    assert all(np.array_equal(a[1], b[1]) for a, b in pairs)
    assert n_bytes(member) == file.stat().st_size
    inside, outside = (extract_video(path, 20, 5, Fitting(32)) for path in (member, file))
    assert np.array_equal(inside[1], outside[1])
    probed = [
        probe_videos([make_video(path=path)], tmp_path, workers=1)[0][0].sha256
        for path in (f"000000.tar/some folder/{name}", name)
    ]
    assert probed[0] == probed[1]


def test_a_picture_in_a_shard_is_the_same_as_beside_it(tmp_path: Path) -> None:
    Image.effect_noise((9, 5), 80).convert("RGB").save(tmp_path / "a.png")
    member = pack(tmp_path / "0.tar", tmp_path / "a.png") / "a.png"
    assert np.array_equal(read_picture(member), read_picture(tmp_path / "a.png"))
    assert probe_pictures(member).n_frames == 1


def test_a_part_of_a_file_reads_like_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "b.txt").write_bytes(b"b" * 99)
    shard = pack(tmp_path / "0.tar", tmp_path / "a.txt", tmp_path / "b.txt")
    with open_content(shard / "a.txt") as found, (tmp_path / "a.txt").open("rb") as file:
        for step in (5, 0, 1000, 4000, None):
            assert found.read(step) == file.read(step)
            assert found.tell() == file.tell()
        for to in ((-7, io.SEEK_END), (3, io.SEEK_SET), (5, io.SEEK_CUR), (9999, io.SEEK_SET)):
            assert found.seek(*to) == file.seek(*to)
            assert found.read(9) == file.read(9)
        with pytest.raises(ValueError, match="negative"):
            found.seek(-1)


def test_links_folders_and_devices_of_a_shard_are_not_there(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    shard = tmp_path / "0.tar"
    with tarfile.open(shard, "w") as tar:
        tar.add(clip, "clip.mp4")
        for name, kind in (
            ("a.mp4", tarfile.SYMTYPE),
            ("b.mp4", tarfile.LNKTYPE),
            ("c.mp4", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(tmp_path / "secret")
            tar.addfile(info)
    assert list(members(shard)) == ["clip.mp4"]
    with pytest.raises(UnreadableVideo, match=r"is not in '0\.tar'"):
        content_of(shard / "a.mp4")


def test_names_lead_nowhere(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(clip.read_bytes())
    shard = pack(tmp_path / "0.tar", clip)
    with pytest.raises(UnreadableVideo):
        probe_video(shard / ".." / "other.tar" / "secret.mp4")
    with pytest.raises(UnreadableVideo, match="is not in"):
        content_of(shard / ".." / "0.tar" / "secret.mp4")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("compressed", "cannot be read as an uncompressed tar"),
        ("noise", "cannot be read as an uncompressed tar"),
        ("cut", "cannot be read as an uncompressed tar"),
        ("twice", "two files called 'clip.mp4'"),
    ],
)
def test_bad_shards_have_a_reason(kind: str, reason: str, clip: Path, tmp_path: Path) -> None:
    shard = pack(tmp_path / "0.tar", clip, mode="w:gz" if kind == "compressed" else "w")
    if kind == "noise":
        shard.write_bytes(b"noise" * 999)
    elif kind == "cut":
        shard.write_bytes(shard.read_bytes()[:900])
    elif kind == "twice":
        pack(shard, clip, mode="a")
    with pytest.raises(UnreadableVideo, match=reason):
        members(shard)


def header(name: str, kind: bytes, size: int) -> bytes:
    """A header block of GNU tar that says any size."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, 0
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        (header("a", b"Z", -512), "an entry of -512 bytes"),
        (header("a", b"0", -512), "an entry of -512 bytes"),
        (header("a", b"0", 0) + header("b", b"Z", -1024), "an entry of -1024 bytes"),
        *((header("a", kind.encode(), size), f"is a tar with a header of {size} bytes")
          for kind in "xgXLK" for size in (2**20 + 1, 2**36, 2**63)),
        (header("a", b"Z", 2**63), "cannot be read as an uncompressed tar"),
        (header("a", b"L", 512) * 2500, "cannot be read as an uncompressed tar"),
        (header("a", b"0", 0) + b"x" * 512, "a damaged header"),
    ],
)  # fmt: skip
def test_a_shard_that_says_nonsense_of_its_sizes_is_refused(
    blocks: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "0.tar").write_bytes(blocks + bytes(1024))
    with pytest.raises(UnreadableVideo, match=reason):
        members(tmp_path / "0.tar")


@pytest.mark.parametrize("size", ["-512", "-1024", "99999999999999999999999"])
def test_pax_sizes_are_not_believed_either(size: str, tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.mp4")
    info.type, info.pax_headers = b"Z", {"size": size}
    (tmp_path / "0.tar").write_bytes(info.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
    with pytest.raises(UnreadableVideo, match=r"do not follow one another|cannot be read as an uncompressed"):
        members(tmp_path / "0.tar")


def test_a_long_name_is_read(clip: Path, tmp_path: Path) -> None:
    name = "x" * 240 + ".mp4"
    for kind in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / f"{kind}.tar", "w", format=kind) as tar:
            tar.add(clip, name)
        assert list(members(tmp_path / f"{kind}.tar")) == [name]


@pytest.mark.parametrize("n", [1536, 1537, 2048, 3000])
def test_a_shard_that_is_cut_off_within_a_file_says_so(n: int, clip: Path, tmp_path: Path) -> None:
    shard = pack(tmp_path / "0.tar", clip)
    shard.write_bytes(shard.read_bytes()[:n])
    with pytest.raises(UnreadableVideo, match="is a tar that is cut off; copy it again"):
        members(shard)


def test_folders_and_links_of_a_shard_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_MEMBERS", 9)
    (tmp_path / "0.tar").write_bytes(b"".join(header(f"d{i}", b"5", 0) for i in range(9)) + bytes(1024))
    assert members(tmp_path / "0.tar") == {}
    (tmp_path / "1.tar").write_bytes(b"".join(header(f"d{i}", b"5", 0) for i in range(10)) + bytes(1024))
    with pytest.raises(UnreadableVideo, match="more than 9 files"):
        members(tmp_path / "1.tar")


def test_a_shard_has_a_largest_number_of_files(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "MAX_MEMBERS", 0)
    with pytest.raises(UnreadableVideo, match="more than 0 files"):
        members(pack(tmp_path / "0.tar", clip))


def test_a_shard_that_changed_is_read_anew(clip: Path, tmp_path: Path) -> None:
    shard = pack(tmp_path / "0.tar", clip)
    assert list(members(shard)) == ["clip.mp4"]
    pack(shard, make_clip(tmp_path / "more.mp4", n_frames=40), mode="a")
    assert list(members(shard)) == ["clip.mp4", "more.mp4"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing"])
def test_only_regular_files_are_opened(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    for way in (content_of, open_content, probe_video, read_picture):
        with pytest.raises(UnreadableVideo, match="is not a file"):
            way(path)
