"""A disk that fills again and again: a line each time, and the lock of a run that had room."""

import subprocess

import pytest
import yaml

from tests.pipeline.test_repro import finished  # noqa: F401
from tests.support.full_disk import small_disk
from tests.support.repository import Repository

pytestmark = pytest.mark.slow

STAGES = ("check", "ingest", "find_faces", "extract_frames", "embed")
MORE = 1500 << 10
"""Bytes that are given after each failure."""

FULL = ("its disk is full (", "database or disk is full", "[Errno 28] No space left on device")
"""Of a stage; of what is kept; of DVC, which no stage can speak for."""


def test_a_run_whose_disk_fills_goes_on_to_the_same_lock(finished, tmp_path):  # noqa: F811
    with small_disk(tmp_path, 200 << 20) as disk:
        repo = begin(finished, disk / "project")
        size = used(disk) + MORE // 2
        said = []
        for _ in range(20):
            subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)
            out = repo.run("dvc", "repro", "embed", check=False)
            assert "Traceback" not in out
            lines = [line for line in out.splitlines() if line.lower().startswith("error: ")]
            if not lines:
                break
            assert any(words in line for line in lines for words in FULL), out
            said += [line for line in lines if line.startswith("error: ")]
            size += MORE
        assert len(said) >= 2, "too large a disk shows nothing"
        assert [line for line in said if not any(words in line for words in FULL)] == []
        entries, expected = (yaml.safe_load(one.lock)["stages"] for one in (repo, finished))
        assert {name: entries[name] for name in STAGES} == {name: expected[name] for name in STAGES}


def begin(like: Repository, path) -> Repository:
    repo = like.clone(path)
    repo.run("git", "rm", "-q", "dvc.lock")
    repo.run("git", "commit", "-q", "-m", "nothing has run")
    repo.env["PYTHONDONTWRITEBYTECODE"] = "1"
    return repo


def used(disk) -> int:
    out = subprocess.run(
        ["df", "-B1", "--output=used", str(disk)], capture_output=True, text=True, check=True
    )
    return int(out.stdout.split()[1])
