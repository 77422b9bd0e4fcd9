"""`clipforensics spread`: cells of DVC's matrix stages side by side."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from clipforensics.arguments import whole


def main(arguments: Sequence[str] | None = None, project: Path | None = None) -> None:
    """Bring up to date what the cells read, then run the cells that are not up to date.

    Args:
        arguments: The command line.
        project: The project's folder; that of the DVC repository around the working folder if not given.

    Raises:
        InputError: Ray, the cluster or the pipeline does not allow it.
        SystemExit: with 1, a cell failed; with 2, the command line is wrong.
    """
    given = make_parser().parse_args(arguments)
    from clipforensics.spread.running import run  # dvc: not for who asks how this is used

    run(given.cells, given.gpus_per_cell, project)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="clipforensics spread",
        allow_abbrev=False,
        description="Run the cells of dvc.yaml's matrix stages side by side: on the Ray cluster that"
        " RAY_ADDRESS names, or else on this machine. `dvc repro` then does the rest.",
        epilog="Where no GPU is used, a cell takes as many processors as it has threads: OMP_NUM_THREADS, or"
        " all. Logs: .scratch/spread/<cell>.log. Cells that are up to date are left alone.",
    )
    add = parser.add_argument
    add(
        "cells",
        nargs="*",
        default=["train", "evaluate"],
        metavar="STAGE|CELL",
        help="such as train, or train@lora-* for some of its cells (default: train evaluate)",
    )
    add(
        "--gpus-per-cell",
        type=whole,
        metavar="N",
        help="GPUs that a cell has for itself (default: 1 where there are any, else 0)",
    )
    return parser
