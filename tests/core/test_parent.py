"""What dvc starts ends with it, whatever ends dvc and whatever shell stands between; nothing else does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from clipforensics.core.parent import LAUNCHED, STAGE
from tests.support.repository import ROOT, Repository

STARTED = """
import os, time
from clipforensics.core.faults import one_line_errors
from clipforensics.core.parent import end_with_dvc
with one_line_errors():
    end_with_dvc()
open("pid.part", "w").write(str(os.getpid()))
os.rename("pid.part", "pid")
time.sleep(60)
"""
PATIENCE = 30


@pytest.fixture
def repo(tmp_path):
    """Of one stage that sleeps for a minute."""
    repo = Repository(tmp_path)
    repo.env["PYTHONPATH"] = str(ROOT)
    (tmp_path / "started.py").write_text(STARTED)
    repo.run("git", "init", "-q")
    repo.run("dvc", "init", "-q")
    return repo


def write_stage(repo: Repository, command: str) -> None:
    (repo.path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"sleep": {"cmd": command}}}))


def pid_of(folder: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while not (folder / "pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int((folder / "pid").read_text())


def lives(pid: int, seconds: float) -> bool:
    """Whether a process is there after so many seconds; it is not waited for longer than it lives."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("after", ["", "; true"])  # with another command the shell cannot replace itself
def test_a_stage_ends_with_dvc(repo, number, shell, after):
    write_stage(repo, f"python -m started{after}")
    with subprocess.Popen(["dvc", "repro"], cwd=repo.path, env=repo.env | {"SHELL": shell}) as dvc:
        stage = pid_of(repo.path)
        os.kill(dvc.pid, number)
        dvc.wait()
    assert not lives(stage, PATIENCE)


def started(repo: Repository, environment: dict[str, str], **more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "started"]
    env = repo.env | environment
    return subprocess.Popen(command, cwd=repo.path, env=env, text=True, stderr=subprocess.PIPE, **more)


def test_what_was_started_by_hand_outlives_who_started_it(repo):
    code = f"import subprocess; subprocess.Popen([{sys.executable!r}, '-m', 'started'])"
    subprocess.run([sys.executable, "-c", code], cwd=repo.path, env=repo.env, check=True)
    pid = pid_of(repo.path)
    assert lives(pid, 1.5)
    os.kill(pid, signal.SIGKILL)


def test_a_stage_whose_dvc_is_gone_already_says_so_in_one_line(repo):
    """As one that init has adopted before it could ask for the signal: its parent is of another session."""
    with started(repo, {STAGE: "embed"}, start_new_session=True) as stage:
        assert stage.wait(PATIENCE) == 1
        assert stage.stderr.read() == (
            "error: the dvc process that started stage embed is gone; run `dvc repro` again\n"
        )


def test_the_workers_of_a_launcher_may_have_a_session_of_their_own(repo):
    with started(repo, {STAGE: "train", LAUNCHED: "1"}, start_new_session=True) as worker:
        assert pid_of(repo.path) == worker.pid
        worker.kill()
