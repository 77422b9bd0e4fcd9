"""JSON that every reader can read: no NaN, no numpy; and only regular files are opened."""

import json
import math
import os

import numpy as np
import pytest

from clipforensics.core import files
from clipforensics.core.faults import InputError
from clipforensics.metrics import points as metrics

NAN = math.nan


def test_json_ready():
    content = {"a": NAN, "b": [np.float64(0.5), np.int64(2), np.bool_(True)], 3: {"c": math.inf, "d": "x"},
               "e": np.array([1.0, NAN]), "f": metrics.Eer(0.1, NAN)}  # fmt: skip
    expected = {
        "a": None,
        "b": [0.5, 2, True],
        "3": {"c": None, "d": "x"},
        "e": [1.0, None],
        "f": [0.1, None],
    }
    assert files.json_ready(content) == expected
    json.dumps(files.json_ready(content), allow_nan=False)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_only_regular_files_are_opened(kind, tmp_path):
    path = tmp_path / "a"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="not a regular file"):
        files.open_regular(path)
    (tmp_path / "b").write_bytes(b"x")
    (tmp_path / "c").symlink_to("b")
    with files.open_regular(tmp_path / "c") as file:
        assert file.read() == b"x"
    with pytest.raises(FileNotFoundError):
        files.open_regular(tmp_path / "none")


def test_a_file_is_no_larger_than_it_may_be(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"12345")
    with files.open_regular(tmp_path / "a", 5) as file:
        assert file.read() == b"12345"
    with pytest.raises(OSError, match="has 5 bytes, at most 4 are read"):
        files.open_regular(tmp_path / "a", 4)
    monkeypatch.setattr(files, "MAX_WHOLE", 4)
    with pytest.raises(OSError, match="at most 4 are read"):
        files.open_whole(tmp_path / "a")


def test_json_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "deep").write_text("[" * 100_000)
    for name, reason in (
        ("folder", "cannot be read: not a regular file"),
        ("deep", "is not JSON"),
        ("none", "does not exist"),
    ):
        with pytest.raises(InputError, match=reason):
            files.read_json(tmp_path / name)
