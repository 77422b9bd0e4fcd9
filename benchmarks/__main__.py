"""`python -m benchmarks [--tiny] [NAME ...]`: every benchmark, or those named, as one table in Markdown.

A row says how fast ours is beside a floor or a peer that is measured in turn with it. Times differ between
machines and hours; the ratios are what to compare. `--tiny` only shows that everything runs.
"""

import argparse
import importlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
import transformers

from benchmarks.table import Row, Skipped, head, show, show_skipped
from clipforensics.core.faults import InputError, one_line_errors
from clipforensics.training.hardware import describe_machine

BENCHMARKS = (
    *("extraction", "codecs", "faces", "embedding", "engines", "training", "embedding_methods"),
    *("bootstrap", "audit", "robustness", "growth", "ingest", "once", "cluster"),
    *("scoring", "starting", "shipping", "serving", "accelerator"),
)
LEGEND = """
Values are medians; a ratio says how many times as fast (or frugal) as the other side ours is, the median of
the rounds' own ratios, and a goal is the least that is wanted.
"""
PACKAGES = ("torch", "numpy", "av", "scikit-learn", "transformers", "peft")


def find_rows(name: str, *, tiny: bool) -> Iterator[Row]:
    """The rows of one benchmark, each as soon as it is measured.

    Raises:
        Skipped: it cannot run on this machine.
    """
    module: Any = importlib.import_module(f"benchmarks.{name}")
    if tiny:  # where next to nothing is done, what surrounds it takes all the time: goals are not for that
        return (replace(row, goal=None) for row in module.rows(module.TINY))
    return module.rows(module.FULL)


def where_and_when() -> str:
    """Date, machine and versions in one line, and whether others were at work on the machine."""
    about = describe_machine()
    cores, idle = len(os.sched_getaffinity(0)), os.getloadavg()[0] < 0.5
    return ", ".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}, {about['processor']}",
            f"{cores} cores {'idle' if idle else 'not idle'} at the start",
            f"{torch.get_num_threads()} thread(s) a process",
            about["Python"],
            *(f"{package} {version(package)}" for package in PACKAGES),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, row by row.

    Raises:
        InputError: there is no benchmark of that name.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--tiny", action="store_true", help="least sizes: shows that it runs, no more")
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in BENCHMARKS:
            raise InputError(f"{name!r} is no benchmark; those there are: {', '.join(BENCHMARKS)}")
    transformers.logging.disable_progress_bar()
    print(f"{where_and_when()}\n\n{head()}", flush=True)
    start, found = time.perf_counter(), []
    for name in given.names or BENCHMARKS:
        try:
            for row in find_rows(name, tiny=given.tiny):
                print(show(name, row), flush=True)
                found.append(row)
        except Skipped as reason:
            print(show_skipped(name, reason), flush=True)
    goals, minutes = [row.met for row in found if row.goal is not None], (time.perf_counter() - start) / 60
    used = sum(os.times()[:4]) / 60  # of this process and of those that it started
    print(LEGEND)
    print(f"{sum(goals)} of {len(goals)} goals met; {minutes:.1f} minutes in all, {used:.1f} of CPU time")


if __name__ == "__main__":
    with one_line_errors():
        main()
