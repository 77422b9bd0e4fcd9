"""`workers.ordered_map` as a Ray Data job: in order, with flat memory, surviving lost processes and nodes.

Ray hands out the items and brings the results back (`map_batches`); on the node each is done by a process
that may be ended, as it is without Ray. So a video that kills its process or takes too long is the same
video on both engines, and what Ray loses (a worker, a node) costs no item its result.
"""

import logging
import os
import pickle
import uuid
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from math import ceil, inf
from pathlib import Path
from typing import Any, TypeVar

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.joining import join, load
from clipforensics.machine.cluster.nodes import Share, check_nodes, inherited, mark, this_machine, why
from clipforensics.machine.cluster.serving import NUMBER, RESULT, WHAT, Raised, Task, serve, unpickled
from clipforensics.machine.workers import Ended

T = TypeVar("T")
R = TypeVar("R")

ASKS = "CLIPFORENSICS_ENGINE is ray (unset, none is needed)"

MOST = 16
"""Items a task: a task costs Ray some milliseconds, and a lost worker the items of one."""

ROUNDS = 4
"""Tasks a processor, where there are few items, so that none waits long for the last."""

RETRIES = 3
"""Times that Ray does a task again whose worker or node is gone; then its items are done one by one."""

WINDOW = 8192
"""Tasks that Ray is told of at once: it holds something of each in memory."""


def map_on_ray(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    share: Share,
    died: Callable[[T], R],
    seconds: float = inf,
    late: Callable[[T], R] | None = None,
    sees: Iterable[Path] = (),
    most: int = MOST,
) -> Generator[R, None, None]:
    """Apply a function to each item on the nodes of the user's cluster and yield the results in order.

    Args:
        function: As in `workers.ordered_map`; picklable, of a module that the nodes have too.
        items: Picklable.
        share: What of a node an item needs.
        died: As there. An item whose Ray worker dies with it is done again, in the end alone; so is
            one whose node is lost.
        seconds: As there.
        late: As there.
        sees: Files and folders that the function reads, which every node must see as this machine does.
        most: Items a task.

    Raises:
        InputError: the cluster cannot be joined, has no such share to give, or a node would give other bytes.
    """
    if not items:
        return
    ray = _with_data()
    with mark() as file:
        machine = this_machine([file, *(path.absolute() for path in sees)])
        task = Task(uuid.uuid4().hex, pickle.dumps(function), seconds, machine, inherited(), os.getcwd())
        cpus = check_nodes(ray, machine, share)
        per_task = max(1, min(most, ceil(len(items) / (ROUNDS * cpus))))
        outcomes = _Job(ray, task, share).outcomes(items, per_task)
        for item, outcome in zip(items, outcomes, strict=True):
            if outcome is Ended.DIED:
                yield died(item)
            elif outcome is Ended.LATE:
                yield (late or died)(item)
            else:
                yield outcome


def _with_data() -> Any:
    """The module `ray`, joined, with Ray Data in it."""
    load(ASKS, "ray.data")
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.CRITICAL)  # what it says is in Ray's own logs
    return join(ASKS)


class _Job:
    """Items on the nodes."""

    def __init__(self, ray: Any, task: Task, share: Share) -> None:
        self._ray, self._task, self._share = ray, task, share

    def outcomes(self, items: Sequence[Any], per_task: int) -> Iterator[Any]:
        """What became of each item, in order."""
        for start in range(0, len(items), WINDOW * per_task):
            window = range(start, min(start + WINDOW * per_task, len(items)))
            parts = [window[at : at + per_task] for at in range(0, len(window), per_task)]
            next_one = start
            for number, outcome in self._told(self._streamed([_table(part, items) for part in parts])):
                for lost in range(next_one, number):
                    yield self._alone(_table(range(lost, lost + 1), items))
                yield outcome
                next_one = number + 1
            for lost in range(next_one, window.stop):
                yield self._alone(_table(range(lost, lost + 1), items))

    def _told(self, stream: Iterator[T]) -> Iterator[T]:
        """The stream; where it breaks with a task of Ray's own, that is told in one line."""
        try:
            yield from stream
        except self._ray.exceptions.RayError as error:
            raise _cannot(self._ray, error) from error

    def _streamed(self, tables: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Number and outcome of each item, but of those whose task Ray gave up."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of its settings; the only bound to its retries goes with Ray 2.64
            data = self._ray.data.from_arrow(tables)
            data.context.execution_options.preserve_order = True
            data.context.max_errored_blocks = -1  # a task that was given up is not the run's end
            data.context.enable_progress_bars = False
            done = data.map_batches(
                serve,
                fn_kwargs={"task": self._task},
                batch_size=tables[0].num_rows,  # one table a task
                batch_format="pyarrow",
                max_calls=0,  # a worker stays, with what it has loaded
                ray_remote_args_fn=_bounded,
                **self._share.options,
            )
        for batch in done.iter_batches(batch_size=None, batch_format="pyarrow"):
            for row in batch.to_pylist():
                yield row[NUMBER], _outcome(row)

    def _alone(self, table: Any) -> Any:
        """Of an item whose worker died, perhaps of another's doing."""
        exceptions = self._ray.exceptions
        remote = self._ray.remote(max_retries=1, **self._share.options)(serve)
        try:
            answer = self._ray.get(remote.remote(table, task=self._task))
        except (exceptions.WorkerCrashedError, exceptions.OutOfMemoryError, exceptions.NodeDiedError):
            return Ended.DIED
        except exceptions.RayError as error:
            raise _cannot(self._ray, error) from error
        return _outcome(answer.to_pylist()[0])


def _cannot(ray: Any, error: Exception) -> InputError:
    return InputError(
        f"a node of the Ray cluster cannot do its task ({why(ray, error)}); take it out of the cluster, or"
        " mend it"
    )


def _bounded() -> dict[str, Any]:
    """Ray Data would try for ever, and an item may kill every worker."""
    return {"max_retries": RETRIES}


def _outcome(row: dict[str, Any]) -> Any:
    if row[WHAT] in Ended.__members__:
        return Ended[row[WHAT]]
    result = unpickled(row[RESULT])
    if isinstance(result, Raised):
        raise result.error
    return unpickled(result)


def _table(numbers: range, items: Sequence[Any]) -> Any:
    import pyarrow

    values = [pickle.dumps(items[number]) for number in numbers]
    return pyarrow.table({NUMBER: list(numbers), "item": pyarrow.array(values, pyarrow.large_binary())})
