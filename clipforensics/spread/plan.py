"""Which cells of matrix stages are asked for, what must be done before them, and which of them must run."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from clipforensics.core.faults import InputError


class Plan(NamedTuple):
    """What must be up to date before the cells, and the cells; both in the order of `dvc repro`."""

    upstream: list[str]
    cells: list[str]


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
    return Plan([name for name in reads if name in needed], cells)


def due(cells: Sequence[str], reads: Mapping[str, frozenset[str]], changed: Iterable[str]) -> list[str]:
    """Those cells that must run: what has changed, and what reads a cell that must run.

    Args:
        cells: In the order in which they may run.
        reads: Of each, what it reads.
        changed: Those that are not up to date by themselves.
    """
    found = set(changed)
    found.update(cell for cell in cells if reads[cell] & found)  # which grows meanwhile
    return [cell for cell in cells if cell in found]


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
