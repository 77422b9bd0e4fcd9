"""Cells of DVC's matrix stages side by side: what they read first, then those that are not up to date."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from clipforensics import pipeline
from clipforensics.core.faults import InputError
from clipforensics.spread.chains import run_chains
from clipforensics.spread.children import Children
from clipforensics.spread.plan import make_plan, share

DVC = (sys.executable, "-m", "dvc", "--wait-for-lock", "repro")
"""Without waiting, a dvc process gives up, and its finished work with it, after 3 s without DVC's lock."""

LOST = (
    "ran, but is not up to date; run again: its inputs changed meanwhile, or this file system keeps no locks"
    " (then `dvc config --local core.hardlink_lock true` and `rm -f .dvc/tmp/*lock` help)"
)


def run(given: argparse.Namespace, slots: Sequence[Mapping[str, str]], project: Path | None) -> None:
    """Bring up to date what the cells read, then run the cells that are not up to date.

    Args:
        given: The command line.
        slots: Environment variables of each slot; a slot runs one cell at a time.
        project: The project's folder; that of the DVC repository around the working folder if not given.

    Raises:
        InputError: the pipeline does not allow it.
        SystemExit: with 1, a cell failed; with 128 + signal, ended.
    """
    os.chdir(project or pipeline.find_root())
    with Children(pipeline.dvc_at_rest) as children:
        reads = pipeline.read_stages()
        plan = make_plan(reads, given.cells)
        _bring_up_to_date(plan.upstream, slots[0], children, only_check=given.task is not None)
        if given.prepare:
            return
        chains = plan.chains
        if given.task is not None:
            chains = share(chains, task=given.task, tasks=given.tasks)
        failed = _run(chains, slots, children, reads)
    for cell, reason in failed.items():
        print(f"{cell} {reason}", file=sys.stderr)
    if failed:
        sys.exit(1)


def _bring_up_to_date(
    stages: Sequence[str], slot: Mapping[str, str], children: Children, *, only_check: bool
) -> None:
    """Run `dvc repro` of what is not up to date; a task of an array job must not, the others would too."""
    if not (changed := pipeline.find_changed(stages)):
        return
    if only_check:
        raise InputError(
            f"{', '.join(changed)} must be up to date before an array job starts;"
            " run `clipforensics spread --prepare`"
        )
    children.start("upstream", [*DVC, *stages], log=None, environment=slot)
    _, status = children.wait()
    if status != 0:
        raise InputError(f"`dvc repro` of {', '.join(changed)} failed; its output stands above")


def _run(
    chains: Sequence[Sequence[str]],
    slots: Sequence[Mapping[str, str]],
    children: Children,
    reads: Mapping[str, frozenset[str]],
) -> dict[str, str]:
    """Run those chains that are not up to date; of each cell that then is not in dvc.lock, why."""
    cells = [cell for chain in chains for cell in chain]
    changed = set(pipeline.find_changed(cells))
    due = [chain for chain in chains if not changed.isdisjoint(chain)]
    n_due, logs = sum(map(len, due)), _log_folder()
    print(
        f"{n_due} cells to run, in {len(due)} chains; {len(cells) - n_due} up to date; logs: {logs}",
        flush=True,
    )
    old = set(pipeline.recorded_stages()) & pipeline.committed_stages()
    failed = run_chains(
        due,
        slots,
        children=children,
        command=lambda cell: [*DVC, "--single-item", cell],
        log=lambda cell: logs / f"{cell.replace('/', '_')}.log",
        reads=reads,
        tell=lambda line: print(line, flush=True),
    )
    pipeline.put_in_order(list(reads), old=old)
    done = [cell for chain in due for cell in chain if cell not in failed]
    return failed | dict.fromkeys(pipeline.find_changed(done), LOST)


def _log_folder() -> Path:
    folder = Path(os.environ.get("DVC_ROOT", ".")) / ".scratch" / "spread"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
