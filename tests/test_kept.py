"""`clipforensics kept`, as it is typed."""

import os
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from clipforensics.machine import database
from clipforensics.machine.kept import Kept
from tests.support.typed_commands import typed


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_text("")
    for name, n in (("ingest", 3), ("embed", 1)):
        with Kept(tmp_path / ".scratch/kept" / name, "").opened() as kept:
            for number in range(n):
                kept.put(f"k{number}", "x" * 100_000)
    np.save(tmp_path / "a.npy", np.zeros((1000, 1000), np.uint8))
    with Kept(tmp_path / ".scratch/kept/embed", "").opened() as kept:
        kept.keep_array(tmp_path / "a.npy", "a.npy", "0")
    return tmp_path


def test_what_is_kept_is_shown_and_what_outputs_hold_counts_nothing(project, capsys):
    status, out, err = typed(capsys, "kept")
    assert (status, err) == (0, "")
    embed, ingest, last = out.splitlines()
    assert embed.split()[:4] == ["embed", "2", "results", "0.1"]
    assert ingest.split()[:4] == ["ingest", "3", "results", "0.3"]
    assert last.startswith("at most 50 GB are kept between runs (CLIPFORENSICS_KEPT)")
    os.unlink(project / "a.npy")
    assert typed(capsys, "kept", "embed")[1].split()[:4] == ["embed", "2", "results", "1.1"]


def test_it_is_cleared_of_all_or_of_one_stage(project, capsys):
    assert typed(capsys, "kept", "--clear", "ingest")[1] == "0.3 MB given back\n"
    assert typed(capsys, "kept")[1].splitlines()[1] == "ingest                      0 results      0.0 MB"
    assert (project / ".scratch/kept/embed/a.npy").exists()
    typed(capsys, "kept", "--clear")
    assert not (project / ".scratch/kept/embed/a.npy").exists()
    assert (project / "a.npy").exists()


def test_a_stage_of_which_nothing_is_kept_is_told(project, capsys):
    status, _, err = typed(capsys, "kept", "train")
    assert (status, err) == (1, "error: 'train': nothing is kept of it; there is embed, ingest\n")


def test_files_that_no_row_names_are_counted_and_cleared(project, capsys):
    path = project / ".scratch/kept/ingest/a.npy.4711"
    path.write_bytes(b"x" * 500_000)
    os.utime(path, (1e9, 1e9))
    assert typed(capsys, "kept", "ingest")[1].split()[:4] == ["ingest", "3", "results", "0.8"]
    assert typed(capsys, "kept", "--clear", "ingest")[1] == "0.8 MB given back\n"
    assert not path.exists()


def test_clearing_leaves_no_file_however_young_and_whoever_holds_it_too(project, capsys):
    folder = project / ".scratch/kept/ingest"
    (folder / "young.npy").write_bytes(b"x" * 500_000)
    (folder / "held.npy").write_bytes(b"x" * 500_000)
    (project / "output.npy").hardlink_to(folder / "held.npy")
    typed(capsys, "kept", "--clear", "ingest")
    assert [path.name for path in folder.iterdir()] == [database.DATABASE]
    assert (project / "output.npy").is_file()


def test_a_database_that_another_process_holds_is_told(project, capsys, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with closing(sqlite3.connect(".scratch/kept/embed/results-2.sqlite")) as other:
        other.execute("begin exclusive")
        status, _, err = typed(capsys, "kept")
    assert (status, err.count("\n")) == (1, 1)
    assert "embed/results-2.sqlite cannot be used: another process holds it" in err
