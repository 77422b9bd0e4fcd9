"""Unfinished work is found again by the same settings, data and code, and by no others."""

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from clipforensics.core import params
from clipforensics.core.faults import InputError
from clipforensics.machine import scratch
from clipforensics.machine.scratch import (
    fingerprint,
    library_versions,
    project_code,
    remove_scratch,
    scratch_folder,
)


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
    file = Path(fingerprint.__code__.co_filename)
    assert file in project_code()
    assert file in project_code(["clipforensics.machine.scr", "machine"])
    assert file not in project_code(["clipforensics.machine"])
    assert Path(params.__file__) in project_code(["clipforensics.machine"])


def test_whichever_distribution_brings_opencv_its_version_counts(monkeypatch):
    distributions = [name for name in packages_distributions()["cv2"] if "opencv" in name]
    assert set(distributions) <= library_versions().keys()
    for name in ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"):
        monkeypatch.setattr(scratch, "version", {name: "5.0"}.__getitem__)
        monkeypatch.setattr(scratch, "PackageNotFoundError", KeyError)
        assert library_versions() == {name: "5.0"}


def test_scratch_lies_in_the_main_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    folder = scratch_folder("embed", "abc")
    assert folder == tmp_path / ".scratch" / "embed" / "abc"
    assert folder.is_dir()
    remove_scratch(folder)
    remove_scratch(folder)
    assert not folder.exists()


def test_its_lock_goes_with_it_and_the_folder_of_the_stage_with_the_last(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    first, second = scratch_folder("train", "abc"), scratch_folder("train", "def")
    remove_scratch(first)
    assert [path.name for path in sorted((tmp_path / ".scratch/train").iterdir())] == ["def", "def.lock"]
    remove_scratch(second.resolve())
    assert not list((tmp_path / ".scratch").iterdir())
    assert scratch_folder("train", "abc").is_dir(), "it can be begun again"


TAKING = """
import sys
from clipforensics.machine.scratch import remove_scratch, scratch_folder
for n in range(200):
    folder = scratch_folder("train", "abc")
    (folder / sys.argv[1]).touch()
    others = [path for path in folder.iterdir() if path.name != sys.argv[1]]
    assert not others, others
    remove_scratch(folder)
"""


def test_no_two_processes_ever_hold_one_folder(tmp_path):
    env = os.environ | {"DVC_ROOT": str(tmp_path)}
    several = [subprocess.Popen([sys.executable, "-c", TAKING, str(n)], env=env) for n in range(3)]
    assert [one.wait() for one in several] == [0, 0, 0]
    assert not list((tmp_path / ".scratch").iterdir())


def test_a_folder_that_goes_just_as_it_was_found_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    mkdir, failed = Path.mkdir, []

    def going(path, *args, **options):
        if not failed:
            failed.append(path)
            raise FileExistsError(path)
        mkdir(path, *args, **options)

    monkeypatch.setattr(Path, "mkdir", going)
    assert scratch_folder("train", "abc").is_dir()
    assert failed == [tmp_path / ".scratch/train"]


def test_it_stays_where_a_setting_was_changed_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(params, "_standing", None)
    settings = tmp_path / "params.yaml"
    settings.write_text("a: 1\n")
    params.stand_still()
    params.read_value(settings, "", "a", int)
    folder = scratch_folder("train", "abc")
    settings.write_text("a: 2\n")
    with pytest.raises(InputError, match="`a` went from 1 to 2"):
        remove_scratch(folder)
    assert folder.is_dir()
