"""Metrics to tables: what stands in each cell of the page. Pure: no file is read here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup

from clipforensics.figures import interval_bar
from clipforensics.report.numbers import NONE, count, interval, known, number, p_value, signed
from clipforensics.report.verdict import candidates, state_of

Json = Mapping[str, Any]

LABELS = {"baseline": "Baseline", "lora": "LoRA"}
"""How a detector is called in a table; any other goes by its own name."""

ALL_FAKE = "All fake"

STRATA = {
    "all": "all test fakes",
    "twin": "with a twin in training",
    "no_twin": "without a twin",
    "seen_identity": "any identity seen in training",
    "clean": "no identity seen in training",
}
"""Strata in the order of the table, in words."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: a text, a smaller note beneath it, a drawing, a shade from 0 (none) to 4, bold or not."""

    text: str = ""
    note: str = ""
    figure: Markup | None = None
    shade: int = 0
    strong: bool = False


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
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its caption and the notes beneath it."""

    caption: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()

    @property
    def spans(self) -> list[tuple[str, int]]:
        """Heads of column groups with the number of columns each spans; empty if there are none."""
        runs = [(name, len(list(run))) for name, run in groupby(self.columns, lambda c: c.group)]
        return runs if any(name for name, _ in runs) else []


def label_of(detector: str) -> str:
    """The detector's name in a table or legend."""
    return LABELS.get(detector, detector)


def point_table(evaluations: Sequence[Json], *, manipulation: str) -> Table:
    """Every detector's point metrics on one manipulation, per level, with the all-fake row.

    Args:
        evaluations: Contents of metrics/evaluate/<detector>/<train_set>-<seed>.json.
        manipulation: A key of their `test`.
    """
    levels = (("video", "Video level"), ("frame", "Frame level"))
    groups, notes = [], []
    for level, heading in levels:
        rows = [_point_row(e, manipulation, level, len(_seeds(evaluations)) > 1) for e in evaluations]
        rows += _all_fake_rows(evaluations, manipulation, level)
        groups.append(Group(heading, tuple(rows)))
        notes += [note for e in evaluations for note in _undefined(e, manipulation, level)]
    columns = [Column("detector", numeric=False), Column("AUC"), Column("AP"), Column("EER")]
    for where in ("at threshold .5", "at validation's threshold"):
        columns += [Column(name, where) for name in ("ACC", "bal. ACC", "F1")]
    columns += [Column("threshold", "at validation's threshold"), Column("real", "n"), Column("fake", "n")]
    explained = f"{ALL_FAKE}, for reference: everything is called manipulated."
    return Table("", tuple(columns), tuple(groups), (explained, *dict.fromkeys(notes)))


def _seeds(evaluations: Iterable[Json]) -> set[int]:
    return {e["seed"] for e in evaluations}


def _point_row(evaluation: Json, manipulation: str, level: str, name_seed: bool) -> tuple[Cell, ...]:
    point = evaluation["test"].get(manipulation, {}).get(level) or {}
    name = label_of(evaluation["detector"])
    head = Cell(name, f"seed {evaluation['seed']}" if name_seed else "")
    threshold = (evaluation.get("threshold") or {}).get(level)
    return (
        head,
        *(Cell(number(point.get(key))) for key in ("auc", "ap", "eer")),
        *_at_threshold(point.get("at_half")),
        *_at_threshold(point.get("at_validation")),
        Cell(number(threshold)),
        *(Cell(count(point.get(key))) for key in ("n_real", "n_fake")),
    )


def _at_threshold(values: Json | None) -> list[Cell]:
    return [Cell(number((values or {}).get(key))) for key in ("accuracy", "balanced_accuracy", "f1")]


def _all_fake_rows(evaluations: Sequence[Json], manipulation: str, level: str) -> list[tuple[Cell, ...]]:
    """One row: it does not depend on the detector, so the first that has it gives it."""
    for evaluation in evaluations:
        part = evaluation["test"].get(manipulation, {})
        values = part.get("all_fake", {}).get(level)
        if values:
            point = part.get(level) or {}
            counts = [Cell(count(point.get(key))) for key in ("n_real", "n_fake")]
            cells = _at_threshold(values)
            head = Cell(ALL_FAKE)
            return [(head, *[Cell(NONE)] * 3, *cells, *cells, Cell(NONE), *counts)]
    return []


def _undefined(evaluation: Json, manipulation: str, level: str) -> list[str]:
    """Why numbers are missing, as evaluate wrote it."""
    point = evaluation["test"].get(manipulation, {}).get(level) or {}
    reasons = point.get("undefined") or {}
    if not isinstance(reasons, Mapping):
        reasons = {"level": reasons}
    who = label_of(evaluation["detector"])
    return [f"{who}, {level} {name}: {reason}" for name, reason in reasons.items()]


def strata_table(comparison: Json) -> Table:
    """AUC of each detector and the differences, over all test fakes and each leak stratum."""
    names = candidates(comparison)
    headline = (comparison["headline"]["train_set"], comparison["headline"]["manipulation"])
    cells = [c for c in comparison["cells"] if (c["train_set"], c["manipulation"]) == headline]
    reach = _reach(cells)
    detectors = list(dict.fromkeys(name for cell in cells for name in cell["detectors"]))
    groups = []
    for level, heading in (("video", "Video level"), ("frame", "Frame level")):
        found = {c["stratum"]: c for c in cells if c["level"] == level}
        order = [s for s in STRATA if s in found] + [s for s in found if s not in STRATA]
        rows = tuple(_stratum_row(found[s], detectors, names, reach) for s in order)
        groups.append(Group(heading, rows))
    columns = [Column("stratum", numeric=False)]
    for name in names:
        columns += [Column(head, _difference_head(comparison, name)) for head in ("AUC", "around 0", "p")]
    columns += [Column(label_of(name), "AUC") for name in detectors]
    explained = (
        f"The real videos are the same in every stratum. Brackets and bars are {interval_words(comparison)};"
        " a bar is coloured where it excludes 0."
    )
    reasons = [f"{_stratum(c)}, {c['level']} level: {c['undefined']}" for c in cells if c.get("undefined")]
    return Table("", tuple(columns), tuple(g for g in groups if g.rows), (explained, *reasons))


def interval_words(comparison: Json) -> str:
    """`95% intervals`, where the file says so."""
    confidence = known((comparison.get("bootstrap") or {}).get("confidence"))
    return "intervals" if confidence is None else f"{100 * confidence:g}% intervals"


def _difference_head(comparison: Json, name: str) -> str:
    return f"{label_of(name)} minus {label_of(comparison['reference'])}"


def _reach(cells: Iterable[Json]) -> float:
    """The largest bound or value of any difference: what the bars have to span."""
    values = [
        abs(found)
        for cell in cells
        for difference in cell["differences"].values()
        for key in ("auc", "low", "high")
        if (found := known(difference.get(key))) is not None
    ]
    return max(values, default=0.0)


def _stratum(cell: Json) -> str:
    name = str(cell["stratum"])
    return STRATA.get(name, name)


def _stratum_row(
    cell: Json, detectors: Sequence[str], names: Sequence[str], reach: float
) -> tuple[Cell, ...]:
    size = f"{count(cell['n_fake'])} fake, {count(cell['n_real'])} real"
    row = [Cell(_stratum(cell), size)]
    for name in names:
        row += _difference_cells(cell, name, reach)
    row += [_auc_cell(cell["detectors"].get(name)) for name in detectors]
    return tuple(row)


def _auc_cell(values: Json | None) -> Cell:
    values = values or {}
    return Cell(number(values.get("auc")), interval(values.get("low"), values.get("high")))


def _difference_cells(cell: Json, name: str, reach: float) -> list[Cell]:
    values = cell["differences"].get(name) or {}
    bounds = interval(values.get("low"), values.get("high"))
    bar = interval_bar(
        known(values.get("auc")),
        known(values.get("low")),
        known(values.get("high")),
        reach=reach,
        label=f"difference {signed(values.get('auc'))} {bounds}",
    )
    return [Cell(signed(values.get("auc")), bounds), Cell(figure=bar), Cell(p_value(values.get("p")))]


def matrix_table(comparison: Json, *, level: str = "video") -> Table | None:
    """AUC of train set x test manipulation for each detector, then the differences.

    Returns:
        None where there is only one such cell.
    """
    cells = [c for c in comparison["cells"] if c["level"] == level and c["stratum"] == "all"]
    if len(cells) < 2:
        return None
    place = {(c["train_set"], c["manipulation"]): c for c in cells}
    trains = list(dict.fromkeys(c["train_set"] for c in cells))
    tests = list(dict.fromkeys(c["manipulation"] for c in cells))
    detectors = list(dict.fromkeys(name for cell in cells for name in cell["detectors"]))
    groups = [
        Group(f"{label_of(d)}: {level} AUC", tuple(_matrix_row(t, tests, place, d) for t in trains))
        for d in detectors
    ]
    groups += [
        Group(
            f"{_difference_head(comparison, d)}: {level} AUC",
            tuple(_matrix_differences(t, tests, place, d) for t in trains),
        )
        for d in candidates(comparison)
    ]
    columns = (Column("trained on", numeric=False), *(Column(t, "tested on") for t in tests))
    explained = (
        f"A dot (•) marks a manipulation that was in training. Brackets are {interval_words(comparison)};"
        " a difference is set in bold where its interval excludes 0."
    )
    return Table("", columns, tuple(groups), (explained,))


def _matrix_row(
    train: str, tests: Sequence[str], place: Mapping[Any, Json], detector: str
) -> tuple[Cell, ...]:
    row = [Cell(train)]
    for test in tests:
        plain = _auc_cell(place.get((train, test), {}).get("detectors", {}).get(detector))
        row.append(Cell(plain.text + _seen(train, test), plain.note, shade=_shade(plain.text)))
    return tuple(row)


def _matrix_differences(
    train: str, tests: Sequence[str], place: Mapping[Any, Json], name: str
) -> tuple[Cell, ...]:
    row = [Cell(train)]
    for test in tests:
        cell = place.get((train, test), {})
        values = cell.get("differences", {}).get(name) or {}
        shown = state_of(cell, name) in ("above", "below")
        text = signed(values.get("auc")) + _seen(train, test)
        row.append(Cell(text, interval(values.get("low"), values.get("high")), strong=shown))
    return tuple(row)


def _seen(train: str, test: str) -> str:
    return " •" if test in train.split("+") else ""


def _shade(text: str) -> int:
    """Steps of tint: none below .5, the first from .5, then one more for each .125, up to the fourth."""
    return 0 if text == NONE else max(0, min(4, int((float(text.replace("−", "-")) - 0.5) / 0.125) + 1))
