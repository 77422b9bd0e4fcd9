"""Which cells of matrix stages belong together, and which task of an array job runs them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from clipforensics.core.faults import InputError


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


def make_plan(reads: Mapping[str, frozenset[str]], patterns: Sequence[str]) -> Plan:
    """Find the cells that are asked for, and what must be up to date before they run.

    Args:
        reads: Every stage of the pipeline, in the order of `dvc repro`, to the stages whose outputs it
            reads. A cell is called `stage@cell`.
        patterns: `stage` for all cells of a matrix stage, or a cell's name, in which * stands for anything.

    Raises:
        InputError: one names no cell, or a stage that is not asked for stands between two that are.
    """
    every = [name for name in reads if "@" in name]
    matches = {pattern: _matching(every, pattern) for pattern in patterns}
    for pattern, found in matches.items():
        if not found:
            matrices = ", ".join(sorted({name.split("@")[0] for name in every})) or "(none)"
            raise InputError(
                f"{pattern!r} is no matrix stage of dvc.yaml and no cell of one; matrix stages: {matrices}"
            )
    wanted = set().union(*matches.values())
    cells = [name for name in every if name in wanted]
    needed = _ancestors(reads, cells) - wanted
    between = [name for name in reads if name in needed and not wanted.isdisjoint(_ancestors(reads, [name]))]
    if between:
        raise InputError(f"{between[0]} reads some of {' '.join(patterns)}, and others read it; name it too")
    return Plan(tuple(name for name in reads if name in needed), _chains(reads, cells))


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


def _matching(cells: Iterable[str], pattern: str) -> list[str]:
    return [cell for cell in cells if fnmatchcase(cell, pattern if "@" in pattern else f"{pattern}@*")]


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
