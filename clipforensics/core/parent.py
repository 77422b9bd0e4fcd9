"""A stage ends with the dvc that started it: one left behind would overwrite what a later run makes."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from clipforensics.core.faults import InputError

STAGE = "DVC_STAGE"
"""Environment variable that DVC sets in what it starts."""

LAUNCHED = "CLIPFORENSICS_LAUNCHED"
"""Environment variable that is set in everything that a launcher such as torchrun has started."""

POLL = 0.5
"""Seconds between two looks at a parent, where the kernel sends no signal."""

_SIGNAL_ON_DEATH = 1  # PR_SET_PDEATHSIG of prctl


def end_with_dvc(
    number: signal.Signals = signal.SIGKILL, environment: Mapping[str, str] = os.environ
) -> None:
    """Have this process ended when the one that waits for it is gone; one that was started by hand stays.

    Nothing is lost by it: a killed stage goes on where it stopped when it is run again. Under Linux the
    kernel sends the signal, also to the program that this process is replaced by.

    Args:
        number: The signal that it gets.
        environment: Of this process.

    Raises:
        InputError: dvc is gone already.
    """
    if STAGE not in environment:
        return
    parent, shell = os.getppid(), None
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SIGNAL_ON_DEATH, int(number))
        shell = _waiting_shell(parent)
    adopted = LAUNCHED not in environment and _session(parent) != os.getsid(0)  # dvc starts no session
    if adopted or os.getppid() != parent:
        raise InputError(
            f"the dvc process that started stage {environment[STAGE]} is gone; run `dvc repro` again"
        )
    if sys.platform != "linux" or shell:
        threading.Thread(target=_watch, args=(parent, shell, number), daemon=True).start()


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return -1


def _waiting_shell(pid: int) -> tuple[int, int] | None:
    """A shell that stays between dvc and this process, and its parent; most replace themselves by it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return (pid, _parent_of(pid)) if words[0].endswith(b"sh") and b"-c" in words else None
    except OSError:
        return None


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def _watch(parent: int, shell: tuple[int, int] | None, number: signal.Signals) -> None:
    while os.getppid() == parent and (shell is None or _parent_of(shell[0]) == shell[1]):
        time.sleep(POLL)
    os.kill(os.getpid(), number)
