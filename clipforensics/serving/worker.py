"""The server's hold on a process that scores: started, asked, and killed when its time is up."""

import json
import multiprocessing
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.serving import scorer
from clipforensics.serving.faults import Refused

LOADING = 900.0
"""Seconds that a model may take to load: it may come from the hub."""

MOST_BYTES = 1 << 26
"""Largest message that is taken from a scorer."""


Run = Callable[[connection.Connection, scorer.Setting], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One video to be scored.

    Attributes:
        path: Of the upload.
        name: As it is shown.
        prior: Share of manipulated videos among those in question; None: validation's.
        draw: Whether figures are wanted.
    """

    path: str
    name: str
    prior: float | None
    draw: bool


class Worker:
    """One scorer. Its methods block; `stop` alone may be called from another thread.

    Attributes:
        about: What the scorer says of its model; empty until it was ready once.
    """

    def __init__(self, setting: scorer.Setting, run: Run = scorer.run) -> None:
        """Start nothing yet.

        Args:
            setting: Of the scorer.
            run: What runs in its process.
        """
        self._setting, self._run = setting, run
        self._process: SpawnProcess | None = None
        self._pipe: connection.Connection | None = None
        self.about: Mapping[str, Any] = {}

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """Of its process."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process and wait until it has loaded the model.

        Raises:
            InputError: the model cannot be had, or the process died of it.
        """
        context = multiprocessing.get_context("spawn")  # forked, it would have no say in numpy's kernels
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=self._run, args=(other, self._setting), daemon=True)
        self._process.start()
        other.close()
        message = self._next(time.monotonic() + LOADING)
        if message is None or "ready" not in message:
            self.kill()
            reason = (message or {}).get("refused") or "the process that loads the model died; see above"
            raise InputError(reason)
        self.about = message["ready"]

    def score(
        self, task: Task, *, seconds: float, on_stage: Callable[[str], None] = lambda stage: None
    ) -> dict[str, Any]:
        """The scorer's answer on one video.

        Args:
            task: The video.
            seconds: After which the process is killed.
            on_stage: Told what is being done.

        Raises:
            Refused: there is none; after `worker died` and `time limit` it must be started anew.
        """
        end = time.monotonic() + seconds
        try:
            self._send({name: getattr(task, name) for name in Task.__slots__})
            while True:
                message = self._next(end)
                if message is None:
                    break
                if "stage" not in message:
                    return _answer(message)
                on_stage(str(message["stage"]))
        except (OSError, ValueError):  # its end of the pipe is gone, or what came is not JSON
            pass
        late = time.monotonic() >= end
        self.kill()
        if late:
            raise Refused(504, "time limit", f"not done within {seconds:g} s; send a shorter video")
        raise Refused(500, "worker died", f"the process that scored it died ({self._end()}); it starts anew")

    def stop(self) -> None:
        """Kill the process; who waits for its answer is told that it died."""
        if self._process is not None:
            self._process.kill()

    def kill(self) -> None:
        """Kill the process and wait until it is gone."""
        self.stop()
        if self._process is not None:
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()

    def _end(self) -> str:
        code = self._process.exitcode if self._process is not None else None
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._pipe is not None
        self._pipe.send_bytes(json.dumps(message).encode())

    def _next(self, end: float) -> dict[str, Any] | None:
        """The next message; None when time is up or the process is gone."""
        assert self._pipe is not None
        try:
            if not self._pipe.poll(max(0.0, end - time.monotonic())):
                return None
            found = json.loads(self._pipe.recv_bytes(MOST_BYTES))
        except EOFError:
            return None
        return found if isinstance(found, dict) else None


def _answer(message: Mapping[str, Any]) -> dict[str, Any]:
    if "unreadable" in message:
        raise Refused(422, "unreadable", str(message["unreadable"]))
    if "failed" in message:
        raise Refused(
            500, "worker died", f"scoring it failed ({message['failed']}); the server's log says more"
        )
    return dict(message["answer"])
