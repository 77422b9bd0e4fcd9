"""A list as sha256sum writes it, and files that are not as it says."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from clipforensics.core import files
from clipforensics.core.faults import InputError
from clipforensics.footage.content import UnreadableVideo, sha256_of
from clipforensics.footage.digests import check_digest, find_digests, read_digests

A, B = "a" * 64, "b" * 64


def listed(folder: Path, content: str) -> Path:
    path = folder / "SHA256SUMS"
    path.write_bytes(content.encode())
    return path


def test_names_are_relative_to_the_root_however_they_are_written(tmp_path: Path) -> None:
    content = f"# a comment\n{A}  real/a.mp4\n\n{B.upper()} *./fake//b c.mp4\r\n{A}  {tmp_path}/c.mp4\n"
    found = read_digests(listed(tmp_path, content), tmp_path)
    assert found == {"real/a.mp4": A, "fake/b c.mp4": B, "c.mp4": A}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_what_sha256sum_writes_is_read_whatever_files_are_called(tmp_path: Path) -> None:
    names = ["a.mp4", "b c.mp4", "back\\slash.mp4", "line\nend.mp4", "ü\u2028.mp4", "*star"]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(bytes([number]))
    written = subprocess.run(
        ["sha256sum", "--", *names], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    (tmp_path / "list").write_bytes(written)
    found = read_digests(tmp_path / "list", tmp_path)
    assert found == {name: hashlib.sha256(bytes([n])).hexdigest() for n, name in enumerate(names)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "names no file"),
        ("# nothing\n", "names no file"),
        (f"{A}  a.mp4\nSHA256 (b.mp4) = {B}\n", "line 2 is no `<64 hexadecimal digits>  <file>`"),
        (f"{A[1:]}  a.mp4\n", "line 1 is no"),
        (f"{A} a.mp4\n", "line 1 is no"),
        (f"{A}  a.mp4\n{B}  ./a.mp4\n", "line 2: 'a.mp4' has another digest above"),
    ],
)
def test_what_is_no_list_is_told_in_one_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_digests(listed(tmp_path, content), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_list_that_is_a_pipe_a_device_gone_or_too_large_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    monkeypatch.setattr(files, "MAX_WHOLE", 99)
    listed(tmp_path, f"{A}  a.mp4\n" * 2)
    for name, reason in (
        ("pipe", "not a regular file"),
        ("zero", "not a regular file"),
        ("gone", "No such file"),
        ("SHA256SUMS", "has 144 bytes, at most 99 are read"),
    ):
        with pytest.raises(InputError, match=rf"`digests`: '.*{name}' cannot be read: {reason}"):
            find_digests(name, tmp_path)


def test_a_profile_may_name_no_list(tmp_path: Path) -> None:
    assert find_digests("", tmp_path) is None


def test_a_file_is_as_listed_or_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content")
    found = sha256_of(path)
    check_digest(path, tmp_path, {"a.mp4": found})
    with pytest.raises(UnreadableVideo, match=f"'a.mp4' has the SHA-256 {found}, and {B} in the list"):
        check_digest(path, tmp_path, {"a.mp4": B})
    with pytest.raises(UnreadableVideo, match="is not in the list of digests; add it there"):
        check_digest(path, tmp_path, {"b.mp4": found})


@pytest.mark.parametrize("name", ["0.tar", "0.tar/a.mp4"])
def test_of_a_shard_the_list_may_name_itself_or_its_members(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"content")
    with tarfile.open(tmp_path / "0.tar", "w") as tar:
        tar.add(tmp_path / "a.mp4", "a.mp4")
    member, right = tmp_path / "0.tar/a.mp4", sha256_of(tmp_path / name)
    check_digest(member, tmp_path, {name: right})
    with pytest.raises(UnreadableVideo, match=f"'{name}' has the SHA-256 {right}, and {B}"):
        check_digest(member, tmp_path, {name: B})
