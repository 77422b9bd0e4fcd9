"""Work on many videos side by side, in order, with flat memory, surviving a crash or standstill of one."""

import gc
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum, auto
from math import inf
from multiprocessing import connection
from multiprocessing.context import BaseContext
from pickle import PicklingError
from typing import Any, Generic, TypeVar

from clipforensics.core.faults import InputError

VARIABLE = "CLIPFORENSICS_WORKERS"
"""Environment variable that sets how many processes work side by side."""

T = TypeVar("T")
R = TypeVar("R")


class Ended(Enum):
    """Stands in the place of a result where a process came to its end."""

    DIED = auto()
    LATE = auto()


def n_workers() -> int:
    """Processes to use: `CLIPFORENSICS_WORKERS`, or as many as there are processors.

    It comes from the environment since it belongs to the machine: it changes no result.

    Raises:
        InputError: the variable is not a whole number of at least 1.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return n_processors()
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InputError(f"{VARIABLE} is {text!r}; it must be a whole number of at least 1, or unset")
    return int(text)


def n_processors() -> int:
    """Of this machine, those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    workers: int,
    died: Callable[[T], R],
    seconds: float = inf,
    late: Callable[[T], R] | None = None,
) -> Generator[R, None, None]:
    """Apply a function to each item in worker processes and yield the results in order.

    At most two items per worker are under way or waiting to be taken, so memory does not
    grow with their number. A worker that dies (a crash inside a decoder, the kernel's memory
    killer) does not end the run: its item is done once more, alone, for others may have taken the
    memory, and if that kills its process too, `died(item)` stands for its result. A worker that
    takes too long is ended, and `late(item)` stands. Items of other workers are not touched by either.

    Args:
        function: Must not raise for an expected fault but return it; picklable where nothing is forked.
        items: Picklable.
        workers: Processes, at least 1.
        died: What to yield for an item whose process died.
        seconds: Longest time for an item, by the clock on the wall.
        late: What to yield for an item that took longer; None: as if its process had died.
    """
    crew = Crew(function, min(workers, len(items)), seconds)
    try:
        for item, outcome in zip(items, crew.outcomes(items), strict=True):
            if outcome is Ended.DIED:
                yield died(item)
            elif outcome is Ended.LATE:
                yield (late or died)(item)
            else:
                yield outcome
    finally:
        crew.end()


@contextmanager
def beside(function: Callable[[], object]) -> Iterator[None]:
    """Run a function in a process of its own while the body of the `with` runs here.

    Leaving the body waits for the function and raises what it raised. If the body itself
    raises, the process is ended at once.

    Args:
        function: Its result is thrown away; picklable where processes are not forked.

    Raises:
        MemoryError: the process died.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_report, args=(function, sender))
    process.start()
    sender.close()
    try:
        yield
        error = _received(receiver, process)
    finally:
        process.terminate()
        process.join()
        receiver.close()
    if error is not None:
        raise error


def _report(function: Callable[[], object], sender: connection.Connection) -> None:
    _begin()
    try:
        function()
    except Exception as error:  # whatever it is, the parent shall raise it
        sender.send(error)
    else:
        sender.send(None)


def _received(receiver: connection.Connection, process: multiprocessing.Process) -> Exception | None:
    try:
        error: Exception | None = receiver.recv()
    except EOFError:
        process.join()
        code = process.exitcode
        return MemoryError(f"a process that worked beside this one died (exit code {code}); free memory")
    return error


class Crew(Generic[T, R]):
    """Processes that work through items in order, and afterwards through others."""

    def __init__(
        self, function: Callable[[T], R], workers: int, seconds: float, context: BaseContext | None = None
    ) -> None:
        """
        Args:
            function: As in `ordered_map`.
            workers: Processes.
            seconds: Longest time for an item.
            context: How they are started; None: as Python does.
        """
        self._function, self._seconds = function, seconds
        self._context = context or multiprocessing.get_context()
        self._workers = [self._begun() for _ in range(workers)]

    def outcomes(self, items: Sequence[T]) -> Generator[R | Ended, None, None]:
        """What became of each item, in order; to be taken to the end before there are others."""
        self._items, self._waiting = items, deque(range(len(items)))
        self._again: deque[int] = deque()
        self._found: dict[int, R | Ended] = {}
        for number in range(len(items)):
            yield self._outcome_of(number)

    def _begun(self) -> "_Worker[T, R]":
        return _Worker(self._function, self._context)

    def _outcome_of(self, number: int) -> R | Ended:
        while number not in self._found:
            self._hand_out(number + 2 * len(self._workers))
            for worker in _ready(
                [worker for worker in self._workers if worker.at is not None], self._seconds
            ):
                self._take(worker)
        return self._found.pop(number)

    def end(self) -> None:
        """Leave no process behind, whatever it is at."""
        for worker in self._workers:
            worker.end()

    def _hand_out(self, until: int) -> None:
        """Give idle workers items below `until`; one that cost a process waits until nobody is at work."""
        idle = [worker for worker in self._workers if worker.at is None]
        if self._again:
            if len(idle) == len(self._workers):
                idle[0].begin(self._again[0], self._items[self._again[0]])
            return
        for worker in idle:
            if self._waiting and self._waiting[0] < until:
                number = self._waiting.popleft()
                worker.begin(number, self._items[number])

    def _take(self, worker: "_Worker[T, R]") -> None:
        """Note what became of a worker's item, and put another in the place of one that ended."""
        number = worker.at
        assert number is not None
        outcome = worker.take()
        if isinstance(outcome, Ended):
            worker.end()
            self._workers[self._workers.index(worker)] = self._begun()
        is_second = bool(self._again) and self._again[0] == number
        if outcome is Ended.DIED and not is_second:
            self._again.append(number)
            return
        if is_second:
            self._again.popleft()
        self._found[number] = outcome


class _Worker(Generic[T, R]):
    """A process.

    Attributes:
        at: Number of the item that it is at; None: it is idle.
        since: When it began with it.
        pipe: Where the result will come from, or the end of the process shows.
    """

    def __init__(self, function: Callable[[T], R], context: BaseContext) -> None:
        self.at: int | None = None
        self.since = 0.0
        self.pipe, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(function, there), daemon=True)  # type: ignore[attr-defined]
        self._process.start()
        there.close()  # or its end would not show

    def begin(self, number: int, item: T) -> None:
        """Hand over an item; that the process is gone already shows when its result is taken."""
        self.at, self.since = number, time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(item)

    def take(self) -> R | Ended:
        """What became of the item, or `LATE` if nothing has yet; raises what the function raised."""
        if not self.pipe.poll():
            return Ended.LATE
        try:
            result, error = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return Ended.DIED
        self.at = None
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        """Kill the process: what it is at, nobody waits for."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self.pipe.close()


def _ready(busy: "Sequence[_Worker[T, R]]", seconds: float) -> "list[_Worker[T, R]]":
    """Wait until workers have a result, died or took too long; these."""
    left = min(worker.since for worker in busy) + seconds - time.monotonic()
    pipes = connection.wait([worker.pipe for worker in busy], None if left == inf else max(left, 0))
    if pipes:
        return [worker for worker in busy if worker.pipe in pipes]
    return [worker for worker in busy if time.monotonic() - worker.since >= seconds]


def _serve(function: Callable[[T], R], pipe: "connection.Connection[Any, Any]") -> None:
    """In a worker: results, or what was raised, of items as they come."""
    _begin()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        try:
            answer: tuple[R | None, Exception | None] = (function(item), None)
        except Exception as error:  # whatever it is, the parent shall raise it
            error.add_note("In a worker:\n" + "".join(traceback.format_exception(error)))
            answer = (None, error)
        try:
            pipe.send(answer)
        except (PicklingError, TypeError, AttributeError) as error:  # what cannot be sent, by kind
            pipe.send((None, error))


def _begin() -> None:
    """In a worker: leave Ctrl-C to the parent, and do not outlive a parent that was killed."""
    gc.freeze()  # or the first collection would copy every page that is shared with the parent
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
