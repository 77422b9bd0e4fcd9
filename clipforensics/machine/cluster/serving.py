"""On a node of the cluster: the items of a task, in a process of their own, which lasts for further tasks."""

import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.nodes import Machine, difference, inherit
from clipforensics.machine.workers import Crew, Ended

NUMBER, WHAT, RESULT = "number", "what", "result"
"""Columns of the answer; the second is a name of `Ended` or empty."""


@dataclass(frozen=True)
class Task:
    """What is done with an item, and how.

    Attributes:
        name: Of the run; a process is kept for the tasks of one.
        function: Pickled.
        seconds: Longest time for an item.
        machine: What bytes hang on.
        variables: Of the environment.
        folder: To work in.
    """

    name: str
    function: bytes
    seconds: float
    machine: Machine
    variables: dict[str, str | None]
    folder: str


@dataclass(frozen=True)
class Raised:
    """In the place of a result: what was raised."""

    error: Exception


GPUS = "CUDA_VISIBLE_DEVICES"
"""Variable in which Ray tells a task its GPUs."""

_CREWS: dict[str, Crew[bytes, bytes]] = {}
"""The one of this Ray worker, under the names of its run and GPUs."""


def serve(batch: Any, task: Task) -> Any:
    """The results of some items.

    Args:
        batch: Arrow table of items, pickled, with their numbers.
        task: What to do.

    Returns:
        Arrow table of the same length; shorter where an item raised, which is then the last.
    """
    import pyarrow

    rows: list[dict[str, Any]] = []
    numbers = batch[NUMBER].to_pylist()
    try:
        outcomes = _crew(task).outcomes(batch["item"].to_pylist())
        for number, outcome in zip(numbers, outcomes, strict=True):
            if isinstance(outcome, Ended):
                rows.append({NUMBER: number, WHAT: outcome.name, RESULT: None})
            else:
                rows.append({NUMBER: number, WHAT: "", RESULT: pickle.dumps(outcome, protocol=5)})
    except Exception as error:  # the machine that the work was begun on shall raise it
        _end()
        rows.append({NUMBER: numbers[len(rows)], WHAT: "", RESULT: pickle.dumps(Raised(_sendable(error)))})
    columns = {name: [row[name] for row in rows] for name in (NUMBER, WHAT)}
    values = pyarrow.array([row[RESULT] for row in rows], pyarrow.large_binary())
    return pyarrow.table({**columns, RESULT: values})


def _crew(task: Task) -> Crew[bytes, bytes]:
    """The process that works for this run in this Ray worker; begun where there is none."""
    gpus = os.environ.get(GPUS)
    name = f"{task.name} {gpus}"
    if name not in _CREWS:
        _end()
        if found := difference(task.machine):
            raise InputError(found)
        os.chdir(task.folder)
        inherit(task.variables)
        vars(sys.modules["__main__"]).pop("__file__", None)  # or each process would load Ray's own script
        # Not forked from here: Ray's threads hold locks that a fork would keep for ever
        context = multiprocessing.get_context("forkserver")
        _CREWS[name] = Crew(_Pickled(task.function, gpus), 1, task.seconds, context)
    return _CREWS[name]


def _end() -> None:
    for crew in _CREWS.values():
        crew.end()
    _CREWS.clear()


def unpickled(data: bytes) -> Any:
    """What another process of this run, here or on a node, pickled: a cluster is trusted."""
    return pickle.loads(data)  # noqa: S301


class _Pickled:
    """A function between pickles, so that the process between them need not load what it hands on."""

    def __init__(self, function: bytes, gpus: str | None) -> None:
        self._pickle, self._gpus = function, gpus
        self._function: Callable[[Any], Any] | None = None

    def __call__(self, item: bytes) -> bytes:
        if self._function is None:
            if self._gpus is not None:  # of the task, which may be others than those of the task before
                os.environ[GPUS] = self._gpus
            self._function = unpickled(self._pickle)
        return pickle.dumps(self._function(unpickled(item)), protocol=5)


def _sendable(error: Exception) -> Exception:
    try:
        unpickled(pickle.dumps(error))
    except Exception:  # whatever its class does
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
