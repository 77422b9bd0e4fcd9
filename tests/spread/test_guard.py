"""A guarded command: it ends with who waits for it, but not while DVC writes; no two of a cell at once."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import psutil
import pytest
from dvc.repo import Repo

from clipforensics.pipeline import dvc_at_rest
from clipforensics.spread import guard
from tests.support.imports import ROOT

HANG = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
WAIT = f"""
from pathlib import Path
from clipforensics.spread import guard
guard.run(["python", "-c", {HANG!r}], log=Path("log"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("repository")
    Repo.init(str(path), no_scm=True).close()
    return path


@pytest.fixture(autouse=True)
def inside(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (folder / "log").unlink(missing_ok=True)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_exit_status_and_what_it_printed_last(capfd):
    log = Path("log")
    assert guard.run(python("print('first')"), log=log) == 0
    assert (
        guard.run(python("import sys; print(sys.stdin.read(), flush=True); sys.exit('second')"), log=log) == 1
    )
    assert log.read_text() == "\nsecond\n"
    assert guard.run(python("print('let through')")) == 0
    assert capfd.readouterr().out == "let through\n"


def test_programs_beside_this_interpreter_come_first():
    guard.run(["python", "-c", "import sys; print(sys.executable)"], log=Path("log"))
    assert Path(Path("log").read_text().strip()).parent == Path(sys.executable).parent


class Alarm(Exception):
    pass


def test_an_exception_is_raised_once_the_command_has_ended(monkeypatch):
    def ring(*_):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 2.0)
        with pytest.raises(Alarm):
            guard.run(python(HANG), log=Path("log"))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not is_alive(written_pid())


def test_it_ends_with_who_waits_but_not_while_dvc_writes():
    waiting = subprocess.Popen(python(WAIT))
    pid = written_pid()
    with dvc_at_rest():  # as a dvc that writes
        waiting.kill()
        waiting.wait()
        time.sleep(2)
        assert is_alive(pid)
    wait_until(lambda: not is_alive(pid))


def test_what_an_earlier_run_left_is_waited_for():
    left = subprocess.Popen(python(WAIT))
    pid = written_pid()
    os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)  # its guard, which cannot end it any more
    left.wait()
    again = subprocess.Popen(python(WAIT))
    time.sleep(1)
    assert written_pid() == pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: written_pid() != pid)
    again.kill()
    again.wait()
    wait_until(lambda: not is_alive(written_pid()))


def test_who_is_no_longer_waited_for_begins_nothing():
    """Its log is still taken by an earlier run."""
    log, (ours, theirs) = Path("log"), socket.socketpair()
    with log.open("ab") as earlier, theirs:
        fcntl.flock(earlier, fcntl.LOCK_EX)
        ours.close()
        Timer(1.0, fcntl.flock, (earlier.fileno(), fcntl.LOCK_UN)).start()
        guard._guard(theirs, "log", *python("open('began', 'w')"))
        time.sleep(1.5)
    assert not Path("began").exists()


def test_a_file_system_without_locks_is_told_in_the_log(monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(guard.fcntl, "flock", none)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        guard._guard(theirs, "log", *python("open('began', 'w')"))
    told = Path("log").read_text()
    assert told.startswith("error: log cannot be locked (")
    assert told.endswith("No locks available); use a file system that has flock\n")
    assert not Path("began").exists()
    guard.wait_for_end([Path("log")])


def written_pid() -> int:
    log = Path("log")
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
    return int(log.read_text())


def wait_until(ready) -> None:
    until = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
