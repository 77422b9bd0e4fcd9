"""Work on many videos side by side, in order, with flat memory, surviving a crash of one."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from typing import TypeVar

from clipforensics.core.faults import InputError

VARIABLE = "CLIPFORENSICS_WORKERS"
"""Environment variable that sets how many processes work side by side."""

T = TypeVar("T")
R = TypeVar("R")


def n_workers() -> int:
    """Processes to use: `CLIPFORENSICS_WORKERS`, or as many as there are processors.

    It comes from the environment since it belongs to the machine: it changes no result.

    Raises:
        InputError: the variable is not a whole number of at least 1.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InputError(f"{VARIABLE} is {text!r}; it must be a whole number of at least 1, or unset")
    return int(text)


def ordered_map(
    function: Callable[[T], R], items: Sequence[T], *, workers: int, died: Callable[[T], R]
) -> Generator[R, None, None]:
    """Apply a function to each item in worker processes and yield the results in order.

    At most two items per worker are under way or waiting to be taken, so memory does not
    grow with their number. A worker that dies (a crash inside a decoder, the kernel's memory
    killer) does not end the run: the items under way are done again, the first one alone,
    and if that one kills its process too, `died(item)` stands for its result.

    Args:
        function: Picklable; must not raise for an expected fault but return it.
        items: Picklable.
        workers: Processes, at least 1.
        died: What to yield for an item whose process died.
    """
    waiting = deque(items)
    under_way: deque[tuple[T, Future[R]]] = deque()
    pool = _pool(workers)
    try:
        while waiting or under_way:
            try:
                while waiting and len(under_way) < 2 * workers:
                    under_way.append((waiting[0], pool.submit(function, waiting[0])))
                    waiting.popleft()
                result = under_way[0][1].result()
                under_way.popleft()
            except BrokenProcessPool:
                pool.shutdown()
                waiting.extendleft(item for item, _ in reversed(under_way))
                under_way.clear()
                result = _alone(function, waiting.popleft(), died)
                pool = _pool(workers)
            yield result
    finally:
        pool.shutdown(cancel_futures=True)


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


def _alone(function: Callable[[T], R], item: T, died: Callable[[T], R]) -> R:
    with _pool(1) as pool:
        try:
            return pool.submit(function, item).result()
        except BrokenProcessPool:
            return died(item)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, initializer=_begin)


def _begin() -> None:
    """In a worker: leave Ctrl-C to the parent, and do not outlive a parent that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
