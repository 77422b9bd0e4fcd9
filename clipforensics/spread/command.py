"""`clipforensics spread --gpus 0,1,2,3`: cells of DVC's matrix stages side by side."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from clipforensics import pipeline
from clipforensics.arguments import positive, whole
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


def main(arguments: Sequence[str] | None = None, project: Path | None = None) -> None:
    """Bring up to date what the cells read, then run the cells that are not up to date.

    Args:
        arguments: The command line.
        project: The project's folder; that of the DVC repository around the working folder if not given.

    Raises:
        InputError: the command line or the pipeline does not allow it.
        SystemExit: with 1, a cell failed; with 2, the command line is wrong; with 128 + signal, ended.
    """
    given = make_parser().parse_args(arguments)
    slots = _slots(given)
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


def _slots(given: argparse.Namespace) -> list[dict[str, str]]:
    """Environment variables of each slot."""
    if (given.task is None) != (given.tasks is None) or (given.prepare and given.task is not None):
        raise InputError("--task and --tasks go together (which one, and of how many), without --prepare")
    if given.gpus is None:
        return [{}] * given.jobs
    names = [name.replace("+", ",") for name in given.gpus.split(",")]
    each = [gpu for name in names for gpu in name.split(",")]
    if not all(each) or len(set(each)) < len(each):
        raise InputError(f"--gpus {given.gpus!r}: name each GPU once, as in 0,1,2,3 or 0+1,2+3")
    return [{"CUDA_VISIBLE_DEVICES": name} for name in names]


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="clipforensics spread",
        allow_abbrev=False,
        description="Run the cells of dvc.yaml's matrix stages side by side; `dvc repro` then does the rest.",
        epilog="Logs: .scratch/spread/<cell>.log. Cells that are up to date are left alone.",
    )
    add = parser.add_argument
    add(
        "cells",
        nargs="*",
        default=["train", "evaluate"],
        metavar="STAGE|CELL",
        help="such as train, or train@lora-* for some of its cells (default: train evaluate)",
    )
    slots = parser.add_mutually_exclusive_group()
    slots.add_argument("--gpus", metavar="0,1", help="one cell a GPU at a time; 0+1,2+3: two GPUs a cell")
    slots.add_argument("--jobs", type=positive, default=1, help="so many cells at a time (default: 1)")
    add("--task", type=whole, help="run only the share of this task of an array job, counted from 0")
    add("--tasks", type=positive, help="how many tasks the array job has")
    add("--prepare", action="store_true", help="only bring up to date what the cells read")
    return parser
