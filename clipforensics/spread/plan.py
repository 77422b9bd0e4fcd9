"""Which cells of matrix stages belong together, and which task of an array job runs them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clipforensics.faults import InputError


@dataclass(frozen=True)
class Plan:
    """What is to be done before the cells, and the cells.

    Attributes:
        upstream: Stages that the cells read, directly or not, in the order of `dvc repro`.
        chains: Cells that read one another, in the order in which they must run; no cell reads one of
            another chain, so chains may run side by side.
    """

    upstream: tuple[str, ...]
    chains: tuple[tuple[str, ...], ...]


def make_plan(reads: Mapping[str, frozenset[str]], stages: Sequence[str]) -> Plan:
    """Find the cells of some matrix stages and what must be up to date before they run.

    Args:
        reads: Every stage of the pipeline, in the order of `dvc repro`, to the stages whose outputs it
            reads. A cell is called `stage@cell`.
        stages: Names of matrix stages, without `@`.

    Raises:
        InputError: one is no matrix stage, or a stage that is not named stands between two that are.
    """
    matrices = sorted({_stage(name) for name in reads if "@" in name})
    for stage in stages:
        if stage not in matrices:
            raise InputError(
                f"{stage!r} is no matrix stage of dvc.yaml; name some of {', '.join(matrices) or '(none)'}"
            )
    cells = [name for name in reads if "@" in name and _stage(name) in stages]
    needed = _ancestors(reads, cells)
    upstream = tuple(name for name in reads if name in needed and name not in cells)
    for name in upstream:
        if not _ancestors(reads, [name]).isdisjoint(cells):
            raise InputError(
                f"{_stage(name)} stands between the stages {' and '.join(stages)}; name it as well"
            )
    return Plan(upstream, _chains(reads, cells))


def share(chains: Sequence[tuple[str, ...]], *, task: int, tasks: int) -> tuple[tuple[str, ...], ...]:
    """The chains of one task of an array job: chain i belongs to task i mod `tasks`.

    Args:
        chains: All chains; every task must see the same.
        task: From 0 to `tasks` - 1.
        tasks: How many there are.

    Raises:
        InputError: there is no such task.
    """
    if not 0 <= task < tasks:
        raise InputError(
            f"--task {task} of --tasks {tasks}: tasks are counted from 0 to {tasks - 1};"
            f" submit with --array=0-{tasks - 1}"
        )
    return tuple(chains[task::tasks])


def _stage(name: str) -> str:
    return name.split("@")[0]


def _ancestors(reads: Mapping[str, frozenset[str]], names: Iterable[str]) -> set[str]:
    """All stages that some stages read, directly or not."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        new = reads[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _chains(reads: Mapping[str, frozenset[str]], cells: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Connected components of the cells, each in the given order and ordered by their first cell."""
    chain_of: dict[str, list[str]] = {}
    for cell in cells:  # what a cell reads comes before it
        joined = [cell]
        for other in {id(c): c for c in map(chain_of.get, sorted(reads[cell])) if c is not None}.values():
            joined += other
        chain_of |= dict.fromkeys(joined, joined)
    rank = {cell: i for i, cell in enumerate(cells)}
    chains = {id(chain): sorted(chain, key=rank.__getitem__) for chain in chain_of.values()}
    return tuple(sorted(map(tuple, chains.values()), key=lambda chain: rank[chain[0]]))
