"""A full disk is one line, whichever library met it; a file that is mapped asks for its room beforehand."""

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clipforensics.core.disk import find_trouble, reserve, room
from clipforensics.core.faults import one_line_errors
from tests.support.full_disk import small_disk

SMALL = 1 << 20


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    with small_disk(tmp_path_factory.mktemp("disk"), SMALL) as folder:
        yield folder


def write_bytes(path: Path) -> None:
    path.write_bytes(bytes(2 * SMALL))


def save_array(path: Path) -> None:
    np.save(path, np.zeros(2 * SMALL, np.uint8))


def save_tensors(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(2 * SMALL, np.uint8)}, path)


def fill_database(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("create table a (b)")
    try:
        with database:
            database.execute("insert into a values (?)", [bytes(2 * SMALL)])
    finally:
        database.close()


def copy_file(path: Path) -> None:
    import shutil

    (big := path.parent.parent / "big").write_bytes(bytes(2 * SMALL))
    shutil.copyfile(big, path)


def draw(path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.random.default_rng(0).integers(0, 255, (2000, 2000), np.uint8)).save(path, "PNG")


def map_array(path: Path) -> None:
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(2 * SMALL,)).flush()
    reserve(path)


WRITERS = [write_bytes, save_array, save_tensors, fill_database, copy_file, draw, map_array]


@pytest.mark.parametrize("write", WRITERS)
def test_whatever_meets_a_full_disk_it_is_one_line(write, disk, capsys):
    path = disk / "file.npy"
    with pytest.raises(SystemExit) as caught, one_line_errors():
        write(path)
    path.unlink(missing_ok=True)
    said = capsys.readouterr().err
    assert caught.value.code == 1
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert "cannot be written: its disk is full (" in said
    assert "); make room and run again" in said


def test_the_file_is_named(disk):
    with pytest.raises(OSError, match="No space left") as caught:
        copy_file(disk / "file.npy")
    assert find_trouble(caught.value).startswith(f"{disk / 'file.npy'} cannot be written")
    (disk / "file.npy").unlink()


MAPPED = """
import sys
import numpy as np
from pathlib import Path
from clipforensics.core.disk import reserve
from clipforensics.core.faults import one_line_errors
with one_line_errors():
    path = Path(sys.argv[1])
    matrix = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(2 << 20,))
    if sys.argv[2] == "reserved":
        reserve(path)
    matrix[:] = 1
"""


@pytest.mark.parametrize(("how", "status"), [("bare", -7), ("reserved", 1)])
def test_a_mapped_file_is_killed_by_a_full_disk_unless_its_room_was_reserved(how, status, disk):
    command = [sys.executable, "-c", MAPPED, str(disk / "mapped.npy"), how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert ("its disk is full" in done.stderr) == (how == "reserved")
    (disk / "mapped.npy").unlink()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EDQUOT, "a cannot be written: its disk's quota is used up ("),
        (errno.EROFS, "a cannot be written: its disk is read-only ("),
        (errno.EIO, "a cannot be read or written: its disk fails to read or write ("),
    ],
)
def test_other_troubles_of_a_disk(number, said):
    assert find_trouble(OSError(number, os.strerror(number), "a")).startswith(said)


def test_what_an_error_was_raised_from_counts():
    error = RuntimeError("could not save")
    error.__cause__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a")
    assert find_trouble(error).startswith("a cannot be written: its disk is full")


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "x", "a"), ValueError("5"), MemoryError()])
def test_other_errors_stay_what_they_are(error):
    assert find_trouble(error) == ""
    with pytest.raises(type(error)), one_line_errors():
        raise error


def test_room_of_a_folder_that_is_not_there_yet(tmp_path):
    assert room(tmp_path / "a" / "b") == pytest.approx(room(tmp_path), rel=0.01)


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, KeyError])
def test_words_alone_do_not_hide_a_traceback(kind):
    with pytest.raises(kind), one_line_errors():
        raise kind("disk I/O error, No space left on device")
