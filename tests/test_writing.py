"""Files appear together or not at all."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.writing import write_together


def test_a_write_that_breaks_off_leaves_the_old_files(tmp_path):
    write_together(tmp_path, {"metrics.json": "old", "report.html": "old"})
    with pytest.raises(UnicodeEncodeError):
        write_together(tmp_path, {"metrics.json": "new", "report.html": "\udcff"})
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        "metrics.json": "old",
        "report.html": "old",
    }


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"--out .*out: cannot be written: .*; name another folder"):
        write_together(tmp_path / "out", {"a": "text"})
