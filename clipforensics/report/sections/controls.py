"""What else could explain a score: controls beside the detectors, the finding first, then a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from clipforensics.report.reading.cast import Cast
from clipforensics.report.wording.controls import ANCHOR, against, in_one_sentence, in_row, row_of, where
from clipforensics.report.wording.names import capital, label_of
from clipforensics.report.wording.numbers import number
from clipforensics.report.wording.tables import (
    Column,
    Entry,
    Group,
    Json,
    Table,
    difference_cell,
    interval_words,
    legend_of,
    reasons,
    value_cell,
)

ABSENT = "The run has no file of controls, so nothing here says what else could explain a score."

HOW = {
    "rival": "alone could explain a score: believe a detector that is shown better",
    "chance": "nothing to learn: must be at .5",
    "removal": "takes an explanation away: beside the probe on frames as stored",
    "anchor": "what removals stand beside",
}
"""How the AUC of a control is read, in a table."""


@dataclass(frozen=True, slots=True)
class ControlsSection:
    """A sentence, what speaks against detectors, and the table; the last may be missing."""

    lead: str
    points: tuple[str, ...] = ()
    table: Table | None = None


def controls_section(controls: Json | None, cast: Cast) -> ControlsSection:
    """The section of the page.

    Args:
        controls: Content of metrics/controls.json, or None.
        cast: Whose differences the table shows.
    """
    row = row_of(controls)
    if controls is None or row is None:
        reason = (controls or {}).get("undefined")
        return ControlsSection(f"Controls were {reason}." if reason else ABSENT)
    lead = in_one_sentence(controls, row, cast.shown)
    return ControlsSection(lead, tuple(against(controls, cast.shown)), controls_table(controls, cast.shown))


def controls_table(controls: Json, detectors: Sequence[str]) -> Table:
    """A group a cell of the judged train set, the judged one first; a row a control.

    Args:
        controls: Content of metrics/controls.json.
        detectors: A column each, its AUC minus the control's.
    """
    judged = row_of(controls)
    rows = [row for row in controls["rows"] if row["train_set"] == controls["judged"]["train_set"]]
    rows.sort(key=lambda row: row is not judged)
    columns = [Column("control", numeric=False), Column("AUC")]
    columns += [Column(label_of(name), "minus the control") for name in detectors]
    columns.append(Column("probe on frames as stored", "minus the control"))
    groups = tuple(Group(_head(row), tuple(_rows(controls, row, detectors))) for row in rows)
    caption = "Video AUC of controls, and of each detector minus each control"
    return Table(caption, tuple(columns), groups, tuple(_notes(controls, rows)), wrapped=True)


def _head(row: Json) -> str:
    return f"{capital(where(row))} ({row['n_real']} real, {row['n_fake']} manipulated)"


def _rows(controls: Json, row: Json, detectors: Sequence[str]) -> list[tuple[Entry, ...]]:
    found = []
    for one in in_row(controls, row):
        draws = one.values["draws"]
        value = value_cell(one.values)
        further = (f"{draws['n']} draws {number(draws['min'])} to {number(draws['max'])}",)
        gaps = [difference_cell(one.differences.get(name)) for name in (*detectors, ANCHOR)]
        head = Entry(capital(one.title), HOW[one.asks])
        found.append((head, Entry(value.text, value.note, further=further * (draws["n"] > 1)), *gaps))
    anchor = (Entry(capital(controls["controls"][ANCHOR]["title"]), HOW["anchor"]),)
    empty = (Entry(),) * (len(detectors) + 1)
    return [(*anchor, value_cell(row["controls"].get(ANCHOR)), *empty), *found]


def _notes(controls: Json, rows: Sequence[Json]) -> list[str]:
    gaps = [one for row in rows for of in row["differences"].values() for one in of.values()]
    notes = [f"{capital(name)}: {one['about']}" for name, one in _named(controls)]
    notes += [
        f"Beneath a number its {interval_words(controls)}. Detectors minus what alone could explain a score,"
        " and the probe minus what takes an explanation away, are one family in each cell; other differences"
        " are described, not tested.",
        *legend_of(gaps),
    ]
    return notes + [text for row in rows for text in reasons(row.get("undefined"), where(row))]


def _named(controls: Json) -> list[tuple[str, Json]]:
    return [(one["title"], one) for one in controls["controls"].values()]
