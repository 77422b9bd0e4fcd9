"""`workers.ordered_map` as a Ray Data job: in order, with flat memory, surviving lost processes and nodes.

Ray hands out the items and brings the results back (`map_batches`); on the node each is done by a process
that may be ended, as it is without Ray. So a video that kills its process or takes too long is the same
video on both engines, and what Ray loses (a worker, a node) costs no item its result.
"""

import os
import pickle
import tempfile
import uuid
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path
from typing import Any, TypeVar

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.joining import join
from clipforensics.machine.cluster.nodes import Machine, difference, inherited, this_machine
from clipforensics.machine.cluster.serving import NUMBER, RESULT, WHAT, Raised, Task, serve, unpickled
from clipforensics.machine.workers import Ended

T = TypeVar("T")
R = TypeVar("R")

MOST = 16
"""Items a task: a task costs Ray some milliseconds, and a lost worker the items of one."""

ROUNDS = 4
"""Tasks a processor, where there are few items, so that none waits long for the last."""

RETRIES = 3
"""Times that Ray does a task again whose worker or node is gone; then its items are done one by one."""

WINDOW = 8192
"""Tasks that Ray is told of at once: it holds something of each in memory."""


@dataclass(frozen=True)
class Share:
    """What of a node one task takes.

    Attributes:
        cpus: Processors.
        gpus: GPUs.
    """

    cpus: float
    gpus: float = 0.0

    @property
    def options(self) -> dict[str, Any]:
        """As Ray takes it."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}


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
    ray = join()
    with _mark() as mark:
        machine = this_machine([mark, *(path.absolute() for path in sees)])
        task = Task(uuid.uuid4().hex, pickle.dumps(function), seconds, machine, inherited(), os.getcwd())
        cpus = _check_nodes(ray, machine, share)
        per_task = max(1, min(most, ceil(len(items) / (ROUNDS * cpus))))
        outcomes = _Job(ray, task, share).outcomes(items, per_task)
        for item, outcome in zip(items, outcomes, strict=True):
            if outcome is Ended.DIED:
                yield died(item)
            elif outcome is Ended.LATE:
                yield (late or died)(item)
            else:
                yield outcome


@contextmanager
def _mark() -> Iterator[Path]:
    """A file in the working folder, ignored by git, by which a node shows that it sees the same one."""
    with tempfile.NamedTemporaryFile(dir=Path.cwd(), prefix=".ray-") as file:
        yield Path(file.name)


def _check_nodes(ray: Any, machine: Machine, share: Share) -> int:
    """Hold every node that may work against this machine; how many tasks they can do at once."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    fitting = sum(_fits(node["Resources"], share) for node in nodes)
    if not fitting:
        wanted = f"{share.cpus:g} processors" + (f" and {share.gpus:g} GPU" if share.gpus else "")
        raise InputError(f"no node of the Ray cluster has {wanted} for a task; add one that has")
    look = ray.remote(num_cpus=0)(difference)
    there = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
    answers = [look.options(scheduling_strategy=one).remote(machine) for one in there]
    for node, answer in zip(nodes, answers, strict=True):
        try:
            found = ray.get(answer)
        except ray.exceptions.RayError as error:
            name, why = node["NodeManagerHostname"], _why(ray, error)
            raise InputError(
                f"Ray's node {name} cannot work for this project ({why}); install it there as it is here, and"
                " see that the node has memory left"
            ) from error
        if found:
            raise InputError(found)
    return fitting


def _fits(resources: dict[str, float], share: Share) -> int:
    n_tasks = int(resources.get("CPU", 0) / share.cpus)
    return min(n_tasks, int(resources.get("GPU", 0) / share.gpus)) if share.gpus else n_tasks


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
        f"a node of the Ray cluster cannot do its task ({_why(ray, error)}); take it out of the cluster, or"
        " mend it"
    )


def _why(ray: Any, error: Exception) -> str:
    """The line of an error of Ray's that says it: of a traceback the last, else the first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if isinstance(error, ray.exceptions.RayTaskError) else 0][:300]


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
