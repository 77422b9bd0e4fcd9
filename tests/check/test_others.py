"""A dvc that is at work is told in one line; one that was killed is not taken for it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from clipforensics.check.others import READERS, find_others
from clipforensics.check.wreckage import find_wrecks, mend_wrecks
from tests.check.test_wreckage import finished  # noqa: F401
from tests.support.repository import Repository, stages_run


@pytest.fixture
def repo(finished, tmp_path):  # noqa: F811
    return Repository(Path(shutil.copytree(finished.path, tmp_path / "repo")))


def list_as_writer(repo: Repository, pid: int) -> None:
    entry = {"pid": pid, "cmd": "dvc repro"}
    (repo.path / READERS).write_text(json.dumps({"write": {str(repo.path / "a.txt"): entry}, "read": {}}))


@pytest.fixture
def stranger():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def test_a_killed_dvc_whose_number_another_process_has_is_found_and_mended(repo, stranger):
    """As after a restart of the machine, or of a container, in which every run has the same number."""
    list_as_writer(repo, stranger)
    (repo.path / "in.txt").write_text("y")
    assert "is busy, it is being blocked by" in repo.run("dvc", "repro", check=False)
    (wreck,) = find_wrecks(repo.path)
    assert (
        f"names process {stranger} as `dvc repro`, which was killed: another process has its number"
        in str(wreck)
    )
    assert find_others(repo.path) == []
    (said,) = mend_wrecks(repo.path)
    assert f"names process {stranger} no longer, which is no dvc" in said
    assert stages_run(repo.run("dvc", "repro")) == {"a", "b", "c"}


@pytest.fixture
def living():
    """As dvc is run: by Python."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process.pid
        process.kill()


def test_a_dvc_that_is_at_work_is_one_line_and_no_wreck(repo, living):
    list_as_writer(repo, living)
    assert find_wrecks(repo.path) == mend_wrecks(repo.path) == []
    assert find_others(repo.path) == [
        f"another dvc is at work here (process {living}: `dvc repro`); wait until it has ended, or end it"
    ]


def test_mending_takes_no_other_process_off_the_list(repo, stranger, living):
    list_as_writer(repo, stranger)
    content = json.loads((repo.path / READERS).read_text())
    content["read"] = {"b.txt": [{"pid": living, "cmd": "dvc status"}, {"pid": stranger, "cmd": "dvc repro"}]}
    (repo.path / READERS).write_text(json.dumps(content))
    assert len(mend_wrecks(repo.path)) == 1
    assert json.loads((repo.path / READERS).read_text()) == {
        "write": {},
        "read": {"b.txt": [{"pid": living, "cmd": "dvc status"}]},
    }


def test_a_killed_dvc_is_neither(repo, stranger):
    os.kill(stranger, signal.SIGKILL)
    os.waitpid(stranger, 0)
    list_as_writer(repo, stranger)
    assert find_wrecks(repo.path) == find_others(repo.path) == []
    assert stages_run(repo.run("dvc", "repro")) == set()


def test_the_dvc_that_runs_this_is_no_other(repo):
    list_as_writer(repo, psutil.Process().ppid())
    assert find_others(repo.path) == []


@pytest.mark.parametrize("content", ["", "[]", '{"write": []}', '{"read": {"a": [{"pid": "x"}]}}'])
def test_a_list_that_cannot_be_read_names_nobody(repo, content):
    (repo.path / READERS).write_text(content)
    assert find_others(repo.path) == []
