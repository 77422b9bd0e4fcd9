"""Bring up to date what cells of DVC's matrix stages read, then run those that are not up to date."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from clipforensics import pipeline
from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.joining import check_installed, joined_or_begun
from clipforensics.machine.kernels import asks_for_portable
from clipforensics.machine.workers import n_processors
from clipforensics.spread import guard
from clipforensics.spread.cells import DVC, Cells, n_threads
from clipforensics.spread.plan import due, make_plan

PARAMS, PROFILES = "params.yaml", "conf/data"
ASKS = "`clipforensics spread` runs cells as Ray tasks"

LOST = "ran, but is not up to date; run again: its inputs changed meanwhile"


def run(patterns: Sequence[str], gpus: int | None, project: Path | None) -> None:
    """Bring up to date what the cells read, then run the cells that are not up to date.

    Args:
        patterns: Stages, or cells with * for anything.
        gpus: That each cell has for itself; None: one where there are any.
        project: The project's folder; that of the DVC repository around the working folder if not given.

    Raises:
        InputError: Ray, the cluster or the pipeline does not allow it.
        SystemExit: with 1, a cell failed.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP has come, and all that was started has ended.
    """
    check_installed(ASKS)
    os.chdir(project or pipeline.find_root())
    _hear_signals()
    reads = pipeline.read_stages()
    plan = make_plan(reads, patterns)
    changed = pipeline.find_changed(plan.upstream)
    if changed and guard.run([*DVC, *plan.upstream]) != 0:
        raise InputError(f"`dvc repro` of {', '.join(changed)} failed; its output stands above")
    failed = _run(plan.cells, reads, gpus)
    for cell, reason in failed.items():
        print(f"{cell} {reason}", file=sys.stderr)
    if failed:
        sys.exit(1)


def _run(cells: Sequence[str], reads: Mapping[str, frozenset[str]], gpus: int | None) -> dict[str, str]:
    """Run those cells that must; of each that then is not in dvc.lock, why."""
    wanted = due(cells, reads, pipeline.find_changed(cells))
    logs = Path(os.environ.get("DVC_ROOT", ".")) / ".scratch" / "spread"
    logs.mkdir(parents=True, exist_ok=True)
    print(f"{len(wanted)} cells to run; {len(cells) - len(wanted)} up to date; logs: {logs}", flush=True)
    if not wanted:
        return {}
    old = set(pipeline.recorded_stages()) & pipeline.committed_stages()
    pinned = asks_for_portable(Path(PARAMS), Path(PROFILES))
    with joined_or_begun(ASKS, max(n_processors(), n_threads(pinned=pinned))) as ray:
        _hear_signals()  # again, since Ray has its own way
        failed = Cells(ray, {cell: reads[cell] for cell in wanted}, logs).run(gpus, pinned=pinned)
    pipeline.put_in_order(list(reads), old=old)
    done = [cell for cell in wanted if cell not in failed]
    return failed | dict.fromkeys(pipeline.find_changed(done), LOST)


def _hear_signals() -> None:
    """SIGTERM and SIGHUP do what Ctrl-C does; where they are ignored (nohup) they stay so."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
