"""How long who asks how a command is used waits for the answer.

The floor is a Python that imports argparse and ends: no command in Python answers sooner. On an idle core no
command should take half a second, some twelve times the floor.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.table import Row, Side, compare, timed
from clipforensics.command_line import COMMANDS


@dataclass(frozen=True)
class Size:
    """Commands, and rounds that count."""

    commands: Sequence[str]
    rounds: int


FULL = Size(tuple(COMMANDS), 15)
TINY = Size(("plan",), 1)

FLOOR = ("-c", "import argparse")


def rows(size: Size) -> Iterator[Row]:
    """`clipforensics --help`, and `--help` of the command that is slowest to tell it."""
    floor = started(*FLOOR)
    yield compare("clipforensics --help / python, argparse", shown(), floor, rounds=size.rounds, goal=0.3)
    slowest = max(size.commands, key=lambda name: min(shown(name)() for _ in range(3)))
    what = f"clipforensics {slowest} --help, the slowest / the same"
    yield compare(what, shown(slowest), floor, rounds=size.rounds, goal=0.07)


def shown(*words: str) -> Side:
    """The help of the whole, or of one command."""
    return started("-m", "clipforensics", *words, "--help")


def started(*arguments: str) -> Side:
    """A Python of its own, from its start to its end."""
    command = [sys.executable, *arguments]
    return timed(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))
