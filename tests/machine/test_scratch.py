"""Unfinished work is found again by the same settings, data and code, and by no others."""

import subprocess
import sys
from pathlib import Path

from clipforensics.machine.scratch import fingerprint, project_code, remove_scratch, scratch_folder


def test_fingerprint_follows_settings_and_content(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("one")
    b.write_text("two")
    first = fingerprint({"r": 8, "names": ["x"]}, [a, b])
    assert first == fingerprint({"names": ["x"], "r": 8}, [b, a])
    assert first != fingerprint({"r": 16, "names": ["x"]}, [a, b])
    b.write_text("three")
    assert first != fingerprint({"r": 8, "names": ["x"]}, [a, b])


def test_two_processes_at_the_same_work_do_not_share_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    first = scratch_folder("embed", "abc")
    assert scratch_folder("embed", "abc") == first, "the holder itself finds it again"
    code = "from clipforensics.machine.scratch import scratch_folder; print(scratch_folder('embed', 'abc'))"
    command = [sys.executable, "-c", code]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert other == f"{first}-1"
    again = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert again == other, "a slot whose owner has died is free"


def test_code_is_what_was_imported():
    assert Path(fingerprint.__code__.co_filename) in project_code()


def test_scratch_lies_in_the_main_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    folder = scratch_folder("embed", "abc")
    assert folder == tmp_path / ".scratch" / "embed" / "abc"
    assert folder.is_dir()
    remove_scratch(folder)
    remove_scratch(folder)
    assert not folder.exists()
