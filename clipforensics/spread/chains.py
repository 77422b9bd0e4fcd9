"""Chains of cells on slots: a free slot takes the next chain and runs its cells one after another."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clipforensics.spread.children import Children


def run_chains(
    chains: Sequence[Sequence[str]],
    slots: Sequence[Mapping[str, str]],
    *,
    children: Children,
    command: Callable[[str], Sequence[str]],
    log: Callable[[str], Path],
    reads: Mapping[str, frozenset[str]],
    tell: Callable[[str], None],
) -> dict[str, str]:
    """Run all cells; a failure holds up only what reads the failed cell.

    Args:
        chains: Cells in the order in which they must run; chains do not depend on one another.
        slots: Environment variables of each slot, such as the GPU; one cell runs in a slot at a time.
        children: Where the processes are started.
        command: Of a cell.
        log: Of a cell.
        reads: Of each cell, what it reads.
        tell: Is given a line when a cell has ended.

    Returns:
        Of each cell that failed or could not run, why.
    """
    waiting = deque(deque(chain) for chain in chains)
    free = deque(range(len(slots)))
    at_work: dict[str, tuple[int, deque[str], float]] = {}
    failed: dict[str, str] = {}
    n_ended, n_cells = 0, sum(map(len, chains))

    def advance(slot: int, chain: deque[str]) -> None:
        """Start the chain's next cell that can run; the slot is free if there is none."""
        nonlocal n_ended
        while chain:
            cell = chain.popleft()
            lost = sorted(reads[cell] & failed.keys())
            if not lost:
                children.start(cell, command(cell), log=log(cell), environment=slots[slot])
                at_work[cell] = (slot, chain, time.monotonic())
                return
            failed[cell] = f"not run, since it reads {', '.join(lost)}"
            n_ended += 1
        free.append(slot)

    while waiting or at_work:
        while waiting and free:
            advance(free.popleft(), waiting.popleft())
        if not at_work:
            continue
        cell, status = children.wait()
        slot, chain, began = at_work.pop(cell)
        n_ended += 1
        if status != 0:
            failed[cell] = f"failed, see {log(cell)}"
        seconds = time.monotonic() - began
        tell(f"[{n_ended}/{n_cells}] {cell} {'failed' if status else 'done'}, {seconds:.0f} s")
        advance(slot, chain)
    return failed
