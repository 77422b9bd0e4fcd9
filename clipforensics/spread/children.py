"""dvc processes side by side, each with its own process group and log; none outlives the parent's end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import FrameType

import psutil

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 10.0
"""Seconds that a command has to end by itself after SIGTERM."""
POLL = 0.05
"""Seconds between two looks at the children."""


class Children:
    """Processes under way, by name; a context manager that ends them all when it is left early.

    Ctrl-C, SIGTERM and SIGHUP end every child with all that it started, and then this process with status
    128 + signal. A signal that is ignored (nohup) stays ignored.
    """

    def __init__(self, at_rest: Callable[[Callable[[], bool]], AbstractContextManager[None]]) -> None:
        """
        Args:
            at_rest: A context in which children may be killed at any moment, such as
                `pipeline.dvc_at_rest`; it enters anyway once the function it is given says True.
        """
        self._at_rest = at_rest
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._starting = False
        self._signals: list[int] = []
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> "Children":
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._running:
                self._end()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]

    def start(
        self, name: str, command: Sequence[str], *, log: Path | None, environment: Mapping[str, str]
    ) -> None:
        """Start a command in a session of its own, so that Ctrl-C in a terminal reaches only the parent.

        Args:
            name: What `wait` will call it.
            command: Program and arguments; no shell sees them.
            log: File for its output and errors, overwritten; None lets them through.
            environment: Variables on top of this process's.
        """
        self._starting = True
        with nullcontext() if log is None else log.open("wb") as output:
            self._running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if log is None else subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self._starting = False

    def wait(self) -> tuple[str, int]:
        """Name and exit status of a child that has ended, as soon as one has.

        Raises:
            SystemExit: a signal has come.
        """
        while not self._signals:
            for name, process in self._running.items():
                if (status := process.poll()) is not None:
                    del self._running[name]
                    return name, status
            time.sleep(POLL)
        raise SystemExit(128 + self._signals[0])

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signals.append(number)
        if not self._running and not self._starting:  # else `wait` will see it, and no child is lost
            raise SystemExit(128 + number)

    def _end(self) -> None:
        """End children, their groups, and descendants in other groups (torchrun gives its workers some).

        A second signal does not wait until DVC is at rest.
        """
        with self._at_rest(lambda: len(self._signals) > 1):
            processes = [p for child in self._running.values() for p in _tree(child.pid)]
            for number in (signal.SIGTERM, signal.SIGKILL):
                self._signal(number, processes)
                deadline = time.monotonic() + GRACE
                while any(map(_is_alive, processes)) and time.monotonic() < deadline:
                    time.sleep(POLL)
            for child in self._running.values():
                child.wait()

    def _signal(self, number: signal.Signals, processes: Sequence[psutil.Process]) -> None:
        for child in self._running.values():
            with suppress(ProcessLookupError, PermissionError):  # macOS refuses where all have ended
                os.killpg(child.pid, number)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def _tree(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _is_alive(process: psutil.Process) -> bool:
    """Not so if it has ended and only its parent has not yet taken note."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
