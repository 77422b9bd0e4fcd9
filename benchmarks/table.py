"""The one table of all benchmarks: two sides timed in turn, and what came of it."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

Side = Callable[[], float]
"""Does its work once and returns what it took: seconds, or whatever is better when it is less."""

WIDTHS = (17, 72, 18, 18, 6, 11)
HEADS = ("benchmark", "what / floor or peer", "ours", "floor or peer", "ratio", "goal")


class Skipped(Exception):
    """A benchmark cannot run here; the message says why."""


@dataclass(frozen=True)
class Row:
    """Ours beside a floor (the least that the work can take) or a peer (the usual way to do it).

    Attributes:
        what: Both sides in words, ours first.
        ours: Median, in `unit`.
        other: Median of the floor or peer, in `unit`.
        ratio: How many times as fast (or as frugal) ours is; median of the rounds' own ratios, so that what
            else happens on the machine meets both sides alike.
        goal: The least ratio that is wanted; None: good to know, no more.
        unit: As shown behind the numbers.
    """

    what: str
    ours: float
    other: float
    ratio: float
    goal: float | None
    unit: str

    @property
    def met(self) -> bool:
        """Whether the goal is reached; true without one."""
        return self.goal is None or self.ratio >= self.goal


def timed(run: Callable[..., object], prepare: Callable[[], Any] | None = None) -> Side:
    """A side from a function; `prepare` runs before it each time, untimed, and its result is the argument."""

    def once() -> float:
        work = run if prepare is None else partial(run, prepare())
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return once


def compare(what: str, ours: Side, other: Side, *, rounds: int, **options: Any) -> Row:
    """Both sides in turn, the first changing with every round; one round before warms up and counts not.

    Args:
        what: Both sides in words.
        ours: One side.
        other: Floor or peer.
        rounds: That count.
        options: Of `make_row`.
    """
    taken = []
    for number in range(rounds + 1):
        sides = (ours, other) if number % 2 else (other, ours)
        first, second = (side() for side in sides)
        taken.append((first, second) if number % 2 else (second, first))
    return make_row(what, taken[1:], **options)


def make_row(
    what: str,
    taken: Sequence[tuple[float, float]],
    *,
    goal: float | None,
    work: float | None = None,
    unit: str = "s",
) -> Row:
    """A row from what (ours, the other side) took in each round, less being better.

    Args:
        what: Both sides in words.
        taken: One pair a round.
        goal: Least ratio.
        work: Pieces of work a round, where a rate is shown: pieces a second.
        unit: Of the values shown.
    """
    ours, other = (statistics.median(side) for side in zip(*taken, strict=True))
    ratio = statistics.median(b / a for a, b in taken)
    shown = (ours, other) if work is None else (work / ours, work / other)
    return Row(what, *shown, ratio, goal, unit)


def line(cells: Sequence[str]) -> str:
    """A line of the table, in Markdown; the first two columns to the left, numbers to the right."""
    pairs = list(zip(cells, WIDTHS, strict=True))
    padded = [text.ljust(width) for text, width in pairs[:2]] + [text.rjust(w) for text, w in pairs[2:]]
    return f"| {' | '.join(padded)} |"


def head() -> str:
    """The table's head and the line below it."""
    rule = "|".join("-" * (width + 2) if n < 2 else "-" * (width + 1) + ":" for n, width in enumerate(WIDTHS))
    return f"{line(HEADS)}\n|{rule}|"


def show(benchmark: str, row: Row) -> str:
    """A row as a line."""
    goal = "" if row.goal is None else f"{row.goal:g} {'met' if row.met else 'MISSED'}"
    sides = (f"{_number(value)} {row.unit}" for value in (row.ours, row.other))
    return line((benchmark, row.what, *sides, _number(row.ratio), goal))


def show_skipped(benchmark: str, reason: Skipped) -> str:
    """A line for a benchmark that cannot run here."""
    return line((benchmark, f"skipped: {reason}", "", "", "", ""))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
