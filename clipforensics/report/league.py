"""The whole league table as Markdown, with what training cost on this machine; never a tracked output."""

from collections.abc import Mapping, Sequence

from clipforensics.core.faults import InputError
from clipforensics.report.reading.costs import Spent
from clipforensics.report.sections.league import CHOSEN_ON, control_row, lead, points, tests_of, where
from clipforensics.report.wording.markdown import aligned, escape
from clipforensics.report.wording.names import label_of, protocol_in_words
from clipforensics.report.wording.numbers import interval, known, number
from clipforensics.report.wording.tables import Json

NONE = "-"
GIB = 2**30
MARKED = "Rows without a number are controls and no detectors: what else could explain a score."


def league_markdown(comparison: Json, spent: Mapping[str, Spent], controls: Json | None = None) -> str:
    """The table, legible in a terminal and on a page.

    Args:
        comparison: Content of metrics/comparison.json.
        spent: Detector -> what its models cost.
        controls: Content of metrics/controls.json, or None.

    Raises:
        InputError: the comparison has no league table.
    """
    rows = comparison.get("league") or ()
    if not rows:
        raise InputError("metrics/comparison.json has no league table; run `dvc repro compare`")
    head, tests = comparison["headline"], tests_of(rows)
    marks = _marks(spent)
    heads = [("#", True), ("method", False), ("trainable", True), ("training", True), ("samples/s", True),
             ("peak memory", True), ("validation", True), ("in domain", True)]  # fmt: skip
    heads += [(escape(where(rows[0], test)), True) for test in tests]
    body = [_row(place, row, tests, spent, marks) for place, row in enumerate(rows, start=1)]
    body += _control_rows(rows[0], tests, controls)
    texts = [
        f"# League table: trained on {escape(head['train_set'])}, tested on {escape(head['manipulation'])}",
        escape(lead(comparison)),
        aligned(heads, body).rstrip("\n"),
        *(f"({mark}) not measured: {escape(why)}" for why, mark in marks.items()),
        *_notes(rows, spent, head["protocol"]),
        *([MARKED] if len(body) > len(rows) else []),
        *(f"- {escape(text)}" for text in points(comparison)),
    ]
    return "\n\n".join(texts) + "\n"


def _marks(spent: Mapping[str, Spent]) -> dict[str, str]:
    """Reasons for missing costs, each with a letter."""
    reasons = dict.fromkeys(why for one in spent.values() for why in one.reasons)
    return {why: chr(ord("a") + i) for i, why in enumerate(reasons)}


def _row(
    place: int, row: Json, tests: Sequence[str], spent: Mapping[str, Spent], marks: Mapping[str, str]
) -> list[str]:
    name = row["detector"]
    cost = spent.get(name) or Spent((), 0)
    said = "".join(f" ({marks[why]})" for why in cost.reasons)
    part = f" {len(cost.costs)}/{cost.n_models}" if cost.costs and cost.reasons else ""
    domain = row["in_domain"]
    return [
        str(place),
        escape(label_of(name)),
        _count(row["parameters"]["trainable"]),
        f"{duration(cost.seconds)}{part}{said}",
        _count(cost.samples_per_second),
        memory(cost.peak_memory_bytes),
        number(row["validation"]["auc"]) if row["validation"]["auc"] is not None else NONE,
        (f"{CHOSEN_ON} " if domain and domain["part"] == "validation" else "") + _estimate(domain),
        *(_estimate(row[test]) for test in tests),
    ]


def _control_rows(first: Json, tests: Sequence[str], controls: Json | None) -> list[list[str]]:
    """A row a control, without a place, of its AUC where the table's tests are."""
    if controls is None:
        return []
    found = [control_row(first, test, controls) or {"controls": {}} for test in tests]
    return [
        [NONE, escape(f"control: {one['title']}"), *([NONE] * 6)]
        + [_estimate(row["controls"].get(name)) for row in found]
        for name, one in (controls.get("controls") or {}).items()
    ]


def _estimate(one: Json | None) -> str:
    """`.835 [.780, .925]`; the brackets hold only digits, so Markdown makes no link of them."""
    if one is None or known(one.get("auc")) is None:
        return NONE
    return f"{number(one['auc'])} {interval(one.get('low'), one.get('high'))}".strip()


def _count(value: float | None) -> str:
    """A number with commas between thousands; below ten with one decimal unless it is whole."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `3.4 min`, `2.1 h`."""
    if seconds is None:
        return NONE
    for limit, unit, size in ((9.95, "s", 1.0), (119.5, "s", 1.0), (7170.0, "min", 60.0)):
        if seconds < limit:
            return f"{seconds / size:.{0 if limit == 119.5 else 1}f} {unit}"
    return f"{seconds / 3600:.1f} h"


def memory(size: int | None) -> str:
    """`0.21 GiB`."""
    return NONE if size is None else f"{size / GIB:.2f} GiB"


def _notes(rows: Sequence[Json], spent: Mapping[str, Spent], protocol: str) -> list[str]:
    machines = list(dict.fromkeys(text for one in spent.values() for text in one.machines))
    several = any(one.n_models > 1 for one in spent.values())
    notes = [
        "AUC by video, with intervals. Trainable: adapter and head together."
        f" Training (under {escape(protocol_in_words(protocol))}): wall time with validation"
        + (", mean of a model" if several else "")
        + "."
    ]
    if machines:
        notes.append(f"Measured on: {escape('; '.join(machines))}.")
    if rows[0]["in_domain"] and rows[0]["in_domain"]["part"] == "validation":
        notes.append(f"{CHOSEN_ON} validation videos, on which the models were chosen.")
    return notes
