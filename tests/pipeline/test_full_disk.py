"""A disk that fills again and again: a line each time, and the lock of a run that had room."""

import shutil
import subprocess

import pytest
import yaml
from dvc_objects.fs.utils import tmp_fname

from tests.pipeline.test_repro import finished  # noqa: F401
from tests.support.full_disk import small_disk
from tests.support.repository import ROOT, Repository

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
    return shutil.disk_usage(disk).used


def test_what_dvc_was_writing_enters_no_output(tmp_path):
    """DVC leaves such a file in an output's folder when it is killed or finds the disk full there."""
    repo = Repository(tmp_path)
    command = f"mkdir -p out && echo x > out/a && touch out/{tmp_fname()} out/a{tmp_fname()}"
    (tmp_path / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"make": {"cmd": command, "outs": ["out"]}}})
    )
    repo.run("dvc", "init", "-q", "--no-scm")
    shutil.copy(ROOT / ".dvcignore", tmp_path)
    repo.run("dvc", "repro")
    assert yaml.safe_load(repo.lock)["stages"]["make"]["outs"][0]["nfiles"] == 1
    assert "up to date" in repo.run("dvc", "status")
