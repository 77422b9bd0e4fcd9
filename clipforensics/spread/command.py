"""`clipforensics spread --gpus 0,1,2,3`: cells of DVC's matrix stages side by side."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from clipforensics.arguments import positive, whole
from clipforensics.core.faults import InputError


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
    from clipforensics.spread.running import run  # dvc: not for who asks how this is used

    run(given, slots, project)


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
