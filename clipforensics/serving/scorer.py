"""The process that scores: it holds the model, and may be killed at any moment without harm to the server.

What it reads comes from strangers, and decoders have faults. So it answers in JSON, which the server reads as
data, whatever became of this process.
"""

import json
import os
import resource
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError


@dataclass(frozen=True, slots=True)
class Setting:
    """What a scorer is started with.

    Attributes:
        model: Options of the command line that name the model.
        folder: Of the uploads; gone with the server, however that ends.
        seconds: Longest video.
    """

    model: Sequence[str]
    folder: Path
    seconds: int


def run(pipe: connection.Connection, setting: Setting) -> None:
    """Load the model, then score what comes until the pipe ends.

    Messages are JSON objects. First `{"ready": about}` or `{"refused": reason}`; of each task
    `{"path", "name", "prior", "draw"}` then `{"stage": ...}` as it goes on, and at last `{"answer": ...}`,
    `{"unreadable": reason}` or `{"failed": reason}`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would keep what was uploaded
    threading.Thread(target=_leave_with_server, args=(setting.folder,), daemon=True).start()
    try:
        with redirect_stdout(sys.stderr):
            judge = _judge(setting)
    except InputError as error:
        _send(pipe, {"refused": " ".join(str(error).split())})
        return
    _send(pipe, {"ready": judge.about})
    while True:
        try:
            task = json.loads(pipe.recv_bytes())
        except EOFError:
            return
        _send(pipe, _answered(judge, task, pipe))


def _judge(setting: Setting) -> Any:
    from clipforensics.serving.judge import Judge  # loads torch, once kernels may have been pinned

    return Judge.open(setting.model, seconds=setting.seconds)


def _answered(judge: Any, task: dict[str, Any], pipe: connection.Connection) -> dict[str, Any]:
    from clipforensics.footage.content import UnreadableVideo

    try:
        return {"answer": judge.answer(**task, on_stage=lambda stage: _send(pipe, {"stage": stage}))}
    except UnreadableVideo as error:
        return {"unreadable": str(error)}
    except Exception as error:  # a fault of ours in one video must not cost the others their model
        traceback.print_exc()
        return {"failed": type(error).__name__}


def _send(pipe: connection.Connection, message: dict[str, Any]) -> None:
    pipe.send_bytes(json.dumps(message, allow_nan=False).encode())


def _leave_with_server(folder: Path) -> None:
    """Not outlive a server that was killed, nor let uploads do so."""
    server = parent_process()
    if server is not None:
        connection.wait([server.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)
