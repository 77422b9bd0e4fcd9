"""Run dvc so that it ends with whoever waits for it, but never while it writes.

Ray kills its workers, and their children with them, at any moment; a dvc that is killed while it writes
leaves dvc.lock cut short. So a process that is no child of the worker, in a session that Ctrl-C in a
terminal does not reach, starts dvc and ends it; the stage ends with its dvc (`core.parent`).
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from select import select

from clipforensics.core.faults import InputError

PATIENCE = 60.0
"""Seconds that runs have to end; what is left of them then ends by itself."""

POLL = 0.1
"""Seconds between two looks at dvc, or at who waits for it."""


def run(command: Sequence[str], *, log: Path | None = None) -> int:
    """Exit status of a dvc command, begun in the working folder, which is the project's.

    An exception that comes meanwhile, such as of a signal, is raised once dvc has ended.

    Args:
        command: Program and arguments; no shell sees them.
        log: File for its output and errors, overwritten; while a process of an earlier run still writes
            to it, that one's end is waited for. None lets them through.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            words = [sys.executable, "-m", __name__, str(log or ""), *command]
            starter = subprocess.Popen(words, stdin=theirs.fileno(), start_new_session=True)
        try:
            return int(ours.recv(16) or -signal.SIGKILL)  # nothing: the guard itself was killed
        except BaseException:
            ours.shutdown(socket.SHUT_WR)
            while ours.recv(16):
                pass
            raise
        finally:
            starter.wait()


def wait_for_end(logs: Iterable[Path]) -> None:
    """Until nothing that runs with these logs have begun writes to them any more; a minute at most."""
    until = time.monotonic() + PATIENCE
    for log in filter(Path.exists, logs):
        with log.open("ab") as file, suppress(OSError):  # without locks nothing has begun
            while not _locked(file.fileno()) and time.monotonic() < until:
                time.sleep(POLL)


def _locked(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _has_news(end: socket.socket) -> bool:
    return bool(select([end], [], [], POLL)[0])


def _guard(waits: socket.socket, log: str, *command: str) -> None:
    """What the process in between does."""
    if log and not _taken(log, waits):
        return
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path}  # a node's virtual environment need not be activated
    dvc = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
    while (status := dvc.poll()) is None:
        if _has_news(waits):
            _end(dvc)
            return
    waits.sendall(str(status).encode())


def _taken(log: str, waits: socket.socket) -> bool:
    """Write to the log from now on, and all that is started too; not so if nobody waits any more.

    The lock lasts until the last of them has ended: what Ray does again does not meet what it gave up.
    """
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        while not _locked(file):
            if _has_news(waits):
                return False
    except OSError as error:
        os.write(
            file, f"error: {log} cannot be locked ({error}); use a file system that has flock\n".encode()
        )
        return False
    os.ftruncate(file, 0)
    for stream in (1, 2):
        os.dup2(file, stream)
    return True


def _end(dvc: subprocess.Popen[bytes]) -> None:
    from clipforensics.pipeline import dvc_at_rest  # which loads dvc: seconds that only an end takes

    with ExitStack() as stack:
        with suppress(InputError):  # a project that is gone has nothing that could be cut short
            stack.enter_context(dvc_at_rest())
        os.killpg(dvc.pid, signal.SIGTERM)
        dvc.wait()


if __name__ == "__main__" and os.fork() == 0:
    with socket.socket(fileno=0) as waits:  # whose other end is closed when its process ends, however
        _guard(waits, *sys.argv[1:])
