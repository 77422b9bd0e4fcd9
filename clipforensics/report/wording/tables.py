"""What a table of the page is made of, and the cells that several tables share. Pure: no file is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import floor
from typing import Any

from markupsafe import Markup

from clipforensics.report.figures.bars import interval_bar
from clipforensics.report.wording.intervals import excludes_zero, is_shown
from clipforensics.report.wording.names import label_of
from clipforensics.report.wording.numbers import NONE, interval, known, number, p_value, signed

Json = Mapping[str, Any]

SHADES = 8
"""Steps of tint of a heatmap, from .5 to 1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell.

    Attributes:
        text: What it says.
        note: Smaller, beneath it.
        figure: A drawing.
        shade: Tint, from 0 (none) to 8.
        strong: Bold or not.
        further: Lines beneath the note.
        mark: A warning beneath all, in red.
    """

    text: str = ""
    note: str = ""
    figure: Markup | None = None
    shade: int = 0
    strong: bool = False
    further: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head; neighbours with one `group` share a head above theirs."""

    name: str
    group: str = ""
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one subheading (empty: none). The first cell of each row is its head."""

    name: str
    rows: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its caption and the notes beneath it; `wrapped`: heads may break, for many columns."""

    caption: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    wrapped: bool = False

    @property
    def spans(self) -> list[tuple[str, int]]:
        """Heads of column groups with the number of columns each spans; empty if there are none."""
        runs = [(name, len(list(run))) for name, run in groupby(self.columns, lambda c: c.group)]
        return runs if any(name for name, _ in runs) else []


def interval_words(comparison: Json) -> str:
    """`95% intervals`, where the file says so."""
    confidence = known((comparison.get("bootstrap") or {}).get("confidence"))
    return "intervals" if confidence is None else f"{100 * confidence:g}% intervals"


def detectors_of(comparison: Json) -> list[str]:
    """All detectors of the comparison, the reference first: the order of colours on the page."""
    names = dict.fromkeys([comparison["reference"]])
    for cell in comparison["cells"]:
        names.update(dict.fromkeys(cell["detectors"]))
    return list(names)


def difference_head(comparison: Json, name: str) -> str:
    """`LoRA minus Baseline`."""
    return f"{label_of(name)} minus {label_of(comparison['reference'])}"


def value_cell(values: Json | None, key: str = "auc", *, strong: bool = False) -> Entry:
    """A number with its interval beneath."""
    values = values or {}
    return Entry(number(values.get(key)), interval(values.get("low"), values.get("high")), strong=strong)


def difference_cell(values: Json | None, key: str = "auc") -> Entry:
    """A signed number with its interval beneath, bold where that excludes 0.

    Beneath stand, where the file has them: the simultaneous interval of its family, which then decides what
    is bold; where 0 is not excluded, the smallest difference that the test shows; and why the interval is
    known not to hold up.
    """
    values = values or {}
    bounds = interval(values.get("low"), values.get("high"))
    together = values.get("simultaneous") or {}
    further = []
    if both := interval(together.get("low"), together.get("high")):
        further.append(f"all {both}")
    smallest = (values.get("power") or {}).get("detectable")
    if known(smallest) is not None and not excludes_zero(values):
        further.append(f"shows {number(smallest, 2)}")
    return Entry(
        signed(values.get(key)),
        bounds,
        strong=is_shown(values),
        further=tuple(further),
        mark=str(values.get("caution") or ""),
    )


LEGEND = {
    "simultaneous": "All: the interval that holds for every difference of its family at once.",
    "power": (
        "Shows: the smallest difference that this test shows in four of five runs, where none is shown; as if"
        " this comparison stood alone, not corrected for its family."
    ),
}
"""What the further lines of a difference mean, by the key of the file."""


def legend_of(values: Iterable[Json]) -> tuple[str, ...]:
    """The part of the legend that these differences need."""
    found = list(values)
    return tuple(text for key, text in LEGEND.items() if any(one.get(key) for one in found))


class Numbering:
    """Numbers the tables of a page as they are shown, and says no note twice."""

    def __init__(self) -> None:
        """No table has been shown yet."""
        self.n = 0
        self._said: set[str] = set()

    def number(self) -> int:
        """The next table's."""
        self.n += 1
        return self.n

    def fresh(self, notes: Iterable[str]) -> list[str]:
        """The notes that the page has not said yet."""
        found = [note for note in dict.fromkeys(notes) if note not in self._said]
        self._said.update(found)
        return found


def bar_cell(values: Json | None, reach: float, key: str = "auc") -> Entry:
    """The difference drawn around 0."""
    values = values or {}
    said = f"difference {signed(values.get(key))} {interval(values.get('low'), values.get('high'))}"
    bounds = known(values.get(key)), known(values.get("low")), known(values.get("high"))
    return Entry(figure=interval_bar(*bounds, reach=reach, label=said))


def p_cell(values: Json | None) -> Entry:
    """The p value."""
    return Entry(p_value((values or {}).get("p")))


def reach_of(differences: Iterable[Json], key: str = "auc") -> float:
    """The largest bound or value of any difference: what the bars of a table have to span."""
    found = [known(d.get(name)) for d in differences for name in (key, "low", "high")]
    return max((abs(value) for value in found if value is not None), default=0.0)


def shade(value: object) -> int:
    """Steps of tint of an AUC: none below .5, then one more for each 16th, up to `SHADES`."""
    found = known(value)
    return 0 if found is None else max(0, min(SHADES, floor((found - 0.5) * 16) + 1))


def reasons(value: object, where: str) -> list[str]:
    """Why numbers are missing, as the file says it: a text, or texts by the name of the number."""
    if isinstance(value, Mapping):
        return [f"{where}, {name}: {reason}" for name, reason in value.items()]
    if isinstance(value, list | tuple):
        return [f"{where}: {reason}" for reason in value]
    return [f"{where}: {value}"] if value else []


EMPTY = Entry(NONE)
