"""Data sets that were only tested on: the worst in the first lines, all in a table, worst first."""

from collections.abc import Sequence

from clipforensics.core.records import data_set_of
from clipforensics.report.reading.cast import Cast
from clipforensics.report.reading.lookup import protocols_of
from clipforensics.report.wording.names import capital, label_of, listed, name_of, protocol_in_words
from clipforensics.report.wording.numbers import NO_BREAK, count, counted, interval, known, number
from clipforensics.report.wording.tables import (
    EMPTY,
    Column,
    Entry,
    Group,
    Json,
    Table,
    difference_cell,
    difference_head,
    value_cell,
)


def about_elsewhere(comparison: Json, detectors: Sequence[str]) -> str:
    """The other data set's manipulation on which detectors do worst, under the protocol that is judged.

    Args:
        comparison: Content of metrics/comparison.json.
        detectors: Whose AUCs are told, and averaged to find the worst.
    """
    judged = comparison.get("primary") or comparison["headline"]
    cells = worst_first(comparison, judged.get("protocol"), judged["train_set"], detectors)
    if not cells:
        return ""
    worst, name = cells[0], cells[0]["manipulation"]
    said = listed([f"{name_of(one)} {_bounded(worst['detectors'][one])}" for one in detectors])
    among = f"Of {len(cells)} manipulations of other data sets {name} is told worst" if len(cells) > 1 else ""
    fakes, reals = counted(worst["n_fake"], "fake"), counted(worst["n_real"], "real")
    return (
        f"{among or f'On {name}, another data set'}: video AUC {said}"
        f" ({fakes} against {reals} of {data_set_of(name)})"
        f"{_otherwise(comparison, worst, detectors)}.{_strangers(comparison, worst)}"
    )


def _otherwise(comparison: Json, cell: Json, detectors: Sequence[str]) -> str:
    """`; against reals of the training data set .940 and .930`, where that is known."""
    place = ("protocol", "train_set", "manipulation")
    rows = (comparison.get("elsewhere") or {}).get("against_own_reals") or ()
    row = next((row for row in rows if all(row.get(key) == cell.get(key) for key in place)), None)
    if row is None:
        return ""
    aucs = listed([number((row["detectors"].get(one) or {}).get("auc")) for one in detectors])
    return f"; against reals of the training data set {aucs}"


def _strangers(comparison: Json, cell: Json) -> str:
    """Of how many of its data set's videos nobody knows who is in them; empty where of none."""
    by_protocol = (comparison.get("elsewhere") or {}).get("leaks") or {}
    found = by_protocol.get(cell.get("protocol"), {}).get(cell["train_set"], {})
    leaks = found.get(data_set_of(cell["manipulation"])) or {}
    if not leaks.get("unknown"):
        return ""
    n = leaks["n_real"] + leaks["n_fake"]
    return f" Of {leaks['unknown']} of its {n} test videos it is not known who is in them."


def elsewhere_tables(comparison: Json, cast: Cast) -> list[Table]:
    """One table a protocol: every manipulation of other data sets, with the reals that it stands on.

    Args:
        comparison: Content of metrics/comparison.json.
        cast: Which detectors have columns.
    """
    found = comparison.get("elsewhere")
    return [_table(comparison, found, name, cast) for name in protocols_of(comparison)] if found else []


def worst_first(
    comparison: Json, protocol: str | None, train_set: str, detectors: Sequence[str]
) -> list[Json]:
    """Cells by video of other data sets' manipulations, the lowest mean AUC of these detectors first."""
    cells = [
        cell
        for cell in comparison["cells"]
        if data_set_of(cell["manipulation"])
        and (cell.get("protocol"), cell["train_set"]) == (protocol, train_set)
        and (cell["stratum"], cell["level"]) == ("all", "video")
    ]
    return sorted(cells, key=lambda cell: (_mean(cell, detectors), cell["manipulation"]))


def _mean(cell: Json, detectors: Sequence[str]) -> float:
    """Mean AUC; where none is defined, after all others."""
    found = [known((cell["detectors"].get(name) or {}).get("auc")) for name in detectors]
    values = [value for value in found if value is not None]
    return sum(values) / len(values) if values else 2.0


def _table(comparison: Json, found: Json, protocol: str | None, cast: Cast) -> Table:
    names = cast.shown
    others = [name for name in names if name != comparison["reference"]]
    columns = (
        Column("tested on", numeric=False),
        Column("real", "videos"),
        Column("fake", "videos"),
        Column("of the data set, known to show somebody from training", "videos"),
        *(Column(label_of(name), "video AUC") for name in names),
        *(Column(difference_head(comparison, name), "difference") for name in others),
        *(Column(label_of(name), "video AUC against reals of the training data set") for name in names),
    )
    groups = [
        Group(f"Trained on {one}" if len(sets) > 1 else "", tuple(rows))
        for sets in (list(dict.fromkeys(cell["train_set"] for cell in comparison["cells"])),)
        for one in sets
        if (rows := _rows(comparison, found, protocol, one, names, others))
    ]
    caption = "Other data sets, worst first" + (f": {protocol_in_words(protocol)}" if protocol else "")
    notes = (
        "Ordered by the mean AUC of these detectors. Fakes stand against the reals of their own data set; the"
        " last columns are the same fakes against the test reals of the data set that was trained on, from"
        " which they differ in camera and codec too.",
    )
    return Table(capital(caption), columns, tuple(groups), notes, wrapped=True)


def _rows(
    comparison: Json,
    found: Json,
    protocol: str | None,
    train_set: str,
    names: Sequence[str],
    others: Sequence[str],
) -> list[tuple[Entry, ...]]:
    beside = {
        row["manipulation"]: row["detectors"]
        for row in found["against_own_reals"]
        if (row.get("protocol"), row["train_set"]) == (protocol, train_set)
    }
    leaks = found["leaks"].get(protocol, {}).get(train_set, {})
    return [
        (
            Entry(cell["manipulation"]),
            Entry(count(cell["n_real"])),
            Entry(count(cell["n_fake"])),
            _seen(leaks.get(data_set_of(cell["manipulation"]), {})),
            *(value_cell(cell["detectors"].get(name)) for name in names),
            *(difference_cell(cell["differences"].get(name)) for name in others),
            *(value_cell(beside.get(cell["manipulation"], {}).get(name)) for name in names),
        )
        for cell in worst_first(comparison, protocol, train_set, names)
    ]


def _seen(leaks: Json) -> Entry:
    """Of the whole data set's test videos those that show somebody from training; how many are unknown."""
    if not leaks:
        return EMPTY
    n = leaks["n_real"] + leaks["n_fake"]
    unknown = f"{count(leaks['unknown'])} of {count(n)} not known" if leaks["unknown"] else ""
    return Entry(count(leaks["real_seen"] + leaks["fake_seen"]), unknown)


def _bounded(values: Json) -> str:
    bounds = interval(values.get("low"), values.get("high"))
    return number(values.get("auc")) + (f"{NO_BREAK}{bounds}" if bounds else " (no interval)")
