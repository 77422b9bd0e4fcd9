"""Train set x test manipulation as a heatmap of AUCs with intervals; and the folds one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clipforensics.core.records import data_set_of
from clipforensics.report.reading.lookup import protocols_of
from clipforensics.report.wording.names import SHOWN_LEVELS, capital, label_of, protocol_in_words
from clipforensics.report.wording.numbers import count, interval, known, number
from clipforensics.report.wording.tables import (
    EMPTY,
    Column,
    Entry,
    Group,
    Json,
    Table,
    difference_cell,
    shade,
)

IN_DOMAIN, CHOSEN_ON = "•", "‡"


def matrix_tables(comparison: Json, order: Sequence[str], *, level: str = "video") -> list[Table]:
    """AUC of each detector by train set and test manipulation, and the differences; a table a protocol.

    A protocol with a single cell has none: the table of strata says it all.

    Args:
        comparison: Content of metrics/comparison.json.
        order: Of the detectors, the reference first.
        level: `video` or `frame`.
    """
    tables = []
    for name in protocols_of(comparison):
        place = _cells(comparison, name, level)
        if len(place) > 1:
            tests = list(dict.fromkeys(test for _, test in place))
            columns = (Column("detector", numeric=False), *(Column(t, "tested on") for t in tests))
            caption = f"{capital(level)} AUC by train set and test" + (
                f", {protocol_in_words(name)}" if name else ""
            )
            groups = _groups(comparison, place, tests, order)
            tables.append(Table(caption, columns, tuple(groups), _notes(place), wrapped=True))
    return tables


def _cells(comparison: Json, name: str | None, level: str) -> dict[tuple[str, str], Json]:
    """(train set, manipulation) -> cell of a protocol, in the order of the file; test cells before others."""
    place: dict[tuple[str, str], Json] = {}
    for cell in comparison["cells"]:
        at = (cell["train_set"], cell["manipulation"])
        if (
            (cell["level"], cell.get("protocol")) == (level, name)
            and not data_set_of(cell["manipulation"])
            and (cell["stratum"] == "all" or (cell["stratum"] == "validation" and at not in place))
        ):
            place[at] = cell
    return place


def _groups(
    comparison: Json, place: Mapping[Any, Json], tests: Sequence[str], order: Sequence[str]
) -> list[Group]:
    """A group a train set, then one of its differences; a row a detector."""
    groups, reference = [], label_of(comparison["reference"])
    for train in dict.fromkeys(train for train, _ in place):
        found = tuple((Entry(label_of(d)), *_values(train, tests, place, d)) for d in order)
        gaps = tuple((Entry(label_of(d)), *_differences(train, tests, place, d)) for d in order[1:])
        groups += [Group(f"Trained on {train}", found), Group(f"Trained on {train}, minus {reference}", gaps)]
    return groups


def _notes(place: Mapping[Any, Json]) -> tuple[str, ...]:
    notes = ["The tint begins at .5 and is full at 1."]
    if any(_in_domain(train, test) for train, test in place):
        notes.append(f"{IN_DOMAIN} in domain: this manipulation was in training.")
    if any(cell["stratum"] == "validation" for cell in place.values()):
        notes.append(
            f"{CHOSEN_ON} validation videos, on which the model was chosen, since this protocol keeps none"
            " for test: better than it deserves."
        )
    return tuple(notes)


def _values(train: str, tests: Sequence[str], place: Mapping[Any, Json], detector: str) -> tuple[Entry, ...]:
    row = []
    for test in tests:
        cell = place.get((train, test))
        if cell is None:
            row.append(EMPTY)
            continue
        values = (cell.get("detectors") or {}).get(detector) or {}
        text = _marks(train, test, cell) + number(values.get("auc"))
        bounds = interval(values.get("low"), values.get("high"))
        row.append(Entry(text, bounds, shade=shade(values.get("auc"))))
    return tuple(row)


def _differences(train: str, tests: Sequence[str], place: Mapping[Any, Json], name: str) -> tuple[Entry, ...]:
    row = []
    for test in tests:
        cell = place.get((train, test))
        found = difference_cell(((cell or {}).get("differences") or {}).get(name))
        marks = _marks(train, test, cell) if cell and known(_value(cell, name)) is not None else ""
        row.append(replace(found, text=marks + found.text))
    return tuple(row)


def _value(cell: Json, name: str) -> object:
    return ((cell.get("differences") or {}).get(name) or {}).get("auc")


def _marks(train: str, test: str, cell: Json) -> str:
    marks = [IN_DOMAIN] if _in_domain(train, test) else []
    marks += [CHOSEN_ON] if cell["stratum"] == "validation" else []
    return "".join(marks) + " " if marks else ""


def _in_domain(train: str, test: str) -> bool:
    return test in train.split("+")


def folds_table(comparison: Json, order: Sequence[str]) -> Table | None:
    """AUC of every fold of the headline's train set and manipulation; None where there are no folds.

    Args:
        comparison: Content of metrics/comparison.json.
        order: Of the detectors.
    """
    head = (comparison["headline"]["train_set"], comparison["headline"]["manipulation"])
    rows = [f for f in comparison.get("folds") or () if (f["train_set"], f["manipulation"]) == head]
    if not rows:
        return None
    folds = list(dict.fromkeys(f["fold"] for f in rows))
    place = {(f["fold"], f["level"]): f for f in rows}
    groups = [
        Group(
            f"{capital(level)} AUC",
            tuple((Entry(label_of(d)), *(_auc(place.get((n, level)), d) for n in folds)) for d in order),
        )
        for level in SHOWN_LEVELS
        if any(f["level"] == level for f in rows)
    ]
    columns = (Column("detector", numeric=False), *(Column(_fold(n, place)) for n in folds))
    note = "No fold has an interval: it is a part of the pooled test."
    caption = f"Fold by fold: {head[0]} on {head[1]}"
    return Table(caption, columns, tuple(groups), (note,), wrapped=True)


def _fold(fold: int, place: Mapping[tuple[int, str], Json]) -> str:
    """`fold 2: 20 fake, 21 real` videos."""
    one = place.get((fold, "video")) or {}
    return f"fold {fold}: {count(one.get('n_fake'))} fake, {count(one.get('n_real'))} real"


def _auc(one: Json | None, detector: str) -> Entry:
    """A detector's AUC in one fold."""
    return Entry(number((((one or {}).get("detectors") or {}).get(detector) or {}).get("auc")))
