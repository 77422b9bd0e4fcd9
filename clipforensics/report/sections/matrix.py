"""Train set x test manipulation as a heatmap of AUCs with intervals; and the folds one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.report.reading.lookup import candidates, protocols_of
from clipforensics.report.wording.names import capital, label_of, protocol_in_words
from clipforensics.report.wording.numbers import count, interval, known, number
from clipforensics.report.wording.tables import (
    EMPTY,
    Column,
    Entry,
    Group,
    Json,
    Table,
    detectors_of,
    difference_cell,
    difference_head,
    interval_words,
    shade,
)

IN_DOMAIN, CHOSEN_ON = "•", "‡"


def matrix_tables(comparison: Json, *, level: str = "video", by_detector: Sequence[str] = ()) -> list[Table]:
    """AUC of train set x test manipulation for each detector, then the differences; a table a protocol.

    A protocol with a single cell has none: the side-by-side table says it all.

    Args:
        comparison: Content of metrics/comparison.json.
        level: `video` or `frame`.
        by_detector: Many detectors in order, the reference first: then there is a row a detector and a
            group a train set, else a row a train set and a group a detector.
    """
    tables = []
    for name in protocols_of(comparison):
        place = _cells(comparison, name, level)
        if len(place) > 1:
            tests = list(dict.fromkeys(test for _, test in place))
            turned = _turned(comparison, place, tests, by_detector) if by_detector else None
            groups = turned or _groups(comparison, place, tests)
            head = "detector" if turned else "trained on"
            columns = (Column(head, numeric=False), *(Column(t, "tested on") for t in tests))
            caption = f"{capital(level)} AUC" + (f", {protocol_in_words(name)}" if name else "")
            tables.append(Table(caption, columns, tuple(groups), _notes(comparison, place)))
    return tables


def _cells(comparison: Json, name: str | None, level: str) -> dict[tuple[str, str], Json]:
    """(train set, manipulation) -> cell of a protocol, in the order of the file; test cells before others."""
    place: dict[tuple[str, str], Json] = {}
    for cell in comparison["cells"]:
        at = (cell["train_set"], cell["manipulation"])
        if (cell["level"], cell.get("protocol")) == (level, name) and (
            cell["stratum"] == "all" or (cell["stratum"] == "validation" and at not in place)
        ):
            place[at] = cell
    return place


def _groups(comparison: Json, place: Mapping[Any, Json], tests: Sequence[str]) -> list[Group]:
    """A group a detector, then one a difference; a row a train set."""
    trains = list(dict.fromkeys(train for train, _ in place))
    groups = [
        Group(label_of(d), tuple((Entry(t), *_values(t, tests, place, d)) for t in trains))
        for d in detectors_of(comparison)
    ]
    return groups + [
        Group(
            difference_head(comparison, d),
            tuple((Entry(t), *_differences(t, tests, place, d)) for t in trains),
        )
        for d in candidates(comparison)
    ]


def _turned(
    comparison: Json, place: Mapping[Any, Json], tests: Sequence[str], order: Sequence[str]
) -> list[Group]:
    """A group a train set, then one of its differences; a row a detector."""
    groups, reference = [], label_of(comparison["reference"])
    for train in dict.fromkeys(train for train, _ in place):
        found = tuple((Entry(label_of(d)), *_values(train, tests, place, d)) for d in order)
        gaps = tuple((Entry(label_of(d)), *_differences(train, tests, place, d)) for d in order[1:])
        groups += [Group(f"Trained on {train}", found), Group(f"Trained on {train}, minus {reference}", gaps)]
    return groups


def _notes(comparison: Json, place: Mapping[Any, Json]) -> tuple[str, ...]:
    notes = [
        f"Brackets are {interval_words(comparison)}; a difference is bold where its interval excludes 0."
        " The tint begins at .5 and is full at 1."
    ]
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
        row.append(Entry(marks + found.text, found.note, strong=found.strong))
    return tuple(row)


def _value(cell: Json, name: str) -> object:
    return ((cell.get("differences") or {}).get(name) or {}).get("auc")


def _marks(train: str, test: str, cell: Json) -> str:
    marks = [IN_DOMAIN] if _in_domain(train, test) else []
    marks += [CHOSEN_ON] if cell["stratum"] == "validation" else []
    return "".join(marks) + " " if marks else ""


def _in_domain(train: str, test: str) -> bool:
    return test in train.split("+")


def folds_table(comparison: Json, *, by_detector: Sequence[str] = ()) -> Table | None:
    """AUC of every fold of the headline's train set and manipulation; None where there are no folds.

    Args:
        comparison: Content of metrics/comparison.json.
        by_detector: Many detectors in order: then there is a row a detector, else a row a fold.
    """
    headline = (comparison["headline"]["train_set"], comparison["headline"]["manipulation"])
    rows = [f for f in comparison.get("folds") or () if (f["train_set"], f["manipulation"]) == headline]
    if not rows:
        return None
    detectors, folds = detectors_of(comparison), list(dict.fromkeys(f["fold"] for f in rows))
    levels = [level for level in ("video", "frame") if any(f["level"] == level for f in rows)]
    place = {(f["fold"], f["level"]): f for f in rows}
    note = "No fold has an interval: it is a part of the pooled test, whose interval stands further up."
    caption = f"Fold by fold: {headline[0]} on {headline[1]}"
    if by_detector:
        groups = [
            Group(
                f"{capital(level)} AUC",
                tuple(
                    (Entry(label_of(d)), *(_auc(place.get((n, level)), d) for n in folds))
                    for d in by_detector
                ),
            )
            for level in levels
        ]
        columns = (Column("detector", numeric=False), *(Column(f"fold {n}") for n in folds))
        return Table(caption, columns, tuple(groups), (note,))
    body = tuple(_fold(fold, [place.get((fold, level), {}) for level in levels], detectors) for fold in folds)
    heads = (Column(label_of(d), f"{level} AUC") for level in levels for d in detectors)
    return Table(caption, (Column("fold", numeric=False), *heads), (Group("", body),), (note,))


def _fold(fold: int, levels: Sequence[Json], detectors: Sequence[str]) -> tuple[Entry, ...]:
    """One fold's row; the size is that of the first level, in videos."""
    size = f"{count(levels[0].get('n_fake'))} fake, {count(levels[0].get('n_real'))} real"
    return Entry(str(fold), size), *(_auc(one, d) for one in levels for d in detectors)


def _auc(one: Json | None, detector: str) -> Entry:
    """A detector's AUC in one fold."""
    return Entry(number((((one or {}).get("detectors") or {}).get(detector) or {}).get("auc")))
