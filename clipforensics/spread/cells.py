"""Cells as Ray tasks: one dvc process each, on whichever node has room."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.joining import where
from clipforensics.machine.cluster.nodes import (
    DEVICE,
    Machine,
    Share,
    check_nodes,
    difference,
    inherit,
    inherited,
    mark,
    this_machine,
    why,
)
from clipforensics.machine.workers import n_processors
from clipforensics.spread import guard
from clipforensics.training.launching import VARIABLE as LAUNCH

DVC = (sys.executable, "-m", "dvc", "--wait-for-lock", "repro")
"""Without waiting, a dvc process gives up, and its finished work with it, after 3 s without DVC's lock."""

THREADS = "OMP_NUM_THREADS"

KIND = "accelerator_type:"
"""What Ray puts before the name of a node's GPUs, in its list of resources."""

RETRIES = 3
"""Times that a cell is run again whose Ray worker or node was lost."""


class Cells:
    """Cells that shall run."""

    def __init__(self, ray: Any, reads: Mapping[str, frozenset[str]], logs: Path) -> None:
        """
        Args:
            ray: The module, connected.
            reads: Every cell, in the order of `dvc repro`, to what it reads.
            logs: Folder for what they print.
        """
        self._ray, self._reads = ray, reads
        self._logs = {cell: logs / f"{cell.replace('/', '_')}.log" for cell in reads}

    def run(self, gpus: int | None, *, pinned: bool) -> dict[str, str]:
        """Run them; a failure holds up only what reads the failed cell.

        Args:
            gpus: That each has for itself; None: one where there are any.
            pinned: As for `share_of`.

        Returns:
            Of each cell that failed or could not run, why.

        Raises:
            InputError: a node would give other bytes, or none has room for a cell.
        """
        share = share_of(self._ray, gpus, pinned=pinned)
        with mark() as file:
            machine = this_machine([file])
            n_at_once = check_nodes(self._ray, machine, share)
            print(f"{min(n_at_once, len(self._reads))} at a time, {where()}", flush=True)
            task = self._ray.remote(max_retries=RETRIES, **share.options)(_run_one)
            variables = {**inherited(), LAUNCH: os.environ.get(LAUNCH)}
            if not share.gpus:
                variables[DEVICE] = "cpu"  # Ray hides no GPU from who asks for none
            given = machine, variables, Path.cwd()
            tasks: dict[str, Any] = {}
            try:
                for cell, others in self._reads.items():
                    after = [tasks[other] for other in sorted(others & tasks.keys())]
                    tasks[cell] = task.options(name=cell).remote(*given, self._logs[cell], cell, *after)
                return self._told(tasks)
            except BaseException:
                self._ray.shutdown()  # which ends the workers; `ray.cancel` may bring Ray 2.60 itself down
                guard.wait_for_end(self._logs.values())
                raise

    def _told(self, tasks: Mapping[str, Any]) -> dict[str, str]:
        """Tell of each cell when it has ended; of each that failed or could not run, why."""
        ray, failed, n_ended = self._ray, dict[str, str](), 0
        left, cells = list(tasks.values()), {task: cell for cell, task in tasks.items()}
        while left:
            ray.wait(left)
            ready, left = ray.wait(left, num_returns=len(left), timeout=0)  # all, in the order of `left`
            for task in ready:
                cell, n_ended = cells[task], n_ended + 1
                try:
                    how = f"done, {ray.get(task):.0f} s"
                except ray.exceptions.RayError as error:
                    lost, how = sorted(self._reads[cell] & failed.keys()), "failed"
                    reason = getattr(error, "cause", None) or why(ray, error)
                    failed[cell] = f"failed ({reason}), see {self._logs[cell]}"
                    if lost:
                        how, failed[cell] = "not run", f"not run, since it reads {', '.join(lost)}"
                print(f"[{n_ended}/{len(tasks)}] {cell} {how}", flush=True)
        return failed


def share_of(ray: Any, gpus: int | None, *, pinned: bool) -> Share:
    """What of a node a cell takes: GPUs, or else as many processors as it has threads.

    Args:
        ray: The module, connected.
        gpus: As many; None: one where there are any.
        pinned: Whether kernels are, and with them the number of threads.

    Raises:
        InputError: GPUs would be of several kinds, or threads more on one node than on another; or the
            environment names one GPU.
    """
    if (device := os.environ.get(DEVICE, "")).startswith("cuda:"):
        raise InputError(
            f"{DEVICE} is {device!r}, but cells share all GPUs that there are; unset it, and name some by"
            " CUDA_VISIBLE_DEVICES"
        )
    nodes = [node for node in ray.nodes() if node["Alive"]]
    if gpus is None:
        there = any(node["Resources"].get("GPU") for node in nodes)
        gpus = int(there and os.environ.get(DEVICE) != "cpu")
    if gpus:
        kinds = {name for node in nodes for name in node["Resources"] if name.startswith(KIND)}
        if len(kinds) > 1:
            names = " and ".join(sorted(name.removeprefix(KIND) for name in kinds))
            raise InputError(
                f"the cluster has GPUs of several kinds ({names}), which round otherwise; use one"
            )
        return Share(cpus=0, gpus=gpus)
    if len(nodes) > 1 and not os.environ.get(THREADS) and not pinned:
        raise InputError(
            f"{THREADS} is not set: a cell would have as many threads as its node has processors, and"
            " round otherwise with each number of them; export it, for `dvc repro` too"
        )
    return Share(cpus=n_threads(pinned=pinned))


def n_threads(*, pinned: bool) -> int:
    """Of a cell on the CPU: one where kernels are pinned, else as OpenMP takes it (words are nothing)."""
    if pinned:
        return 1
    text = os.environ.get(THREADS, "").partition(",")[0].strip()
    return int(text) if text.isdecimal() and int(text) else n_processors()


def _run_one(
    machine: Machine, variables: Mapping[str, str | None], folder: Path, log: Path, cell: str, *_: float
) -> float:
    """On a node: run a cell, once those have ended that it reads; seconds that it took."""
    if found := difference(machine):
        raise InputError(found)
    os.chdir(folder)
    inherit(variables)
    began = time.monotonic()
    if (status := guard.run([*DVC, "--single-item", cell], log=log)) != 0:
        raise InputError(f"dvc ended with {status}")
    return time.monotonic() - began
