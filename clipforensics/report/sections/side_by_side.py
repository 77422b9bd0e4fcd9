"""The headline's protocol and another in one table: what of a difference is left without leaks."""

from collections.abc import Mapping, Sequence

from clipforensics.protocol.cells import CLEAN_PROTOCOLS
from clipforensics.report.reading.lookup import (
    candidates,
    gaps_of,
    partner_protocol,
    protocol,
    protocols_of,
    strata_of,
)
from clipforensics.report.wording.names import PROTOCOLS, STRATA, capital, label_of, protocol_in_words
from clipforensics.report.wording.numbers import NONE, count, interval, known, number, p_value, signed
from clipforensics.report.wording.tables import (
    EMPTY,
    Column,
    Entry,
    Group,
    Json,
    Table,
    bar_cell,
    detectors_of,
    difference_cell,
    difference_head,
    interval_words,
    p_cell,
    reach_of,
    reasons,
    value_cell,
)

GAPS = {"no_twin": "without", "clean": "no identity seen"}
"""What is subtracted from the fakes with a twin in training."""

POOLED = (
    "Over folds, the pooled AUC compares scores of different models, so a detector whose scale drifts from"
    " fold to fold loses by it; the mean of the folds' own AUCs does not."
)


def about_protocols(comparison: Json) -> str:
    """Which protocols stand in the table, and which of them leaks."""
    name, partner = protocol(comparison), partner_protocol(comparison)
    clean = name in CLEAN_PROTOCOLS
    if len({c.get("protocol") for c in comparison["cells"]}) < 2:
        return (
            f"This run has one protocol only, so there is no {'leaking' if clean else 'clean'} one beside it."
        )
    first = f"The headline's protocol, {protocol_in_words(name)}, {'does not leak' if clean else 'leaks'}"
    if partner is None:
        return f"{first}; no clean one was tested on the same."
    if clean and partner in CLEAN_PROTOCOLS:
        return f"{first}, nor does {protocol_in_words(partner)}, beside it."
    return f"{first}; {protocol_in_words(partner)}, beside it, {'does' if clean else 'does not'}."


def heading_of(comparison: Json, name: str | None) -> str:
    """A protocol as the heading of rows: what it is to this report, and what it keeps apart."""
    if name is None:
        return ""
    what = "The headline's protocol" if name == protocol(comparison) else "Beside it"
    return f"{what}, {protocol_in_words(name)}" + (f": {PROTOCOLS[name]}" if name in PROTOCOLS else "")


def side_by_side(comparison: Json, level: str, only: Sequence[str] | None = None) -> Table:
    """AUC of each detector and the differences, by protocol and stratum, with the gaps between strata.

    Args:
        comparison: Content of metrics/comparison.json.
        level: video or frame.
        only: Whom to set beside the reference; None for all.
    """
    names = [name for name in candidates(comparison) if only is None or name in only]
    detectors = detectors_of(comparison) if only is None else [comparison["reference"], *names]
    strata = {name: strata_of(comparison, name, level) for name in protocols_of(comparison)}
    gaps = {name: gaps_of(comparison, name, level) for name in strata}
    cells = [cell for found in strata.values() for cell in found.values()]
    every = [*cells, *(gap for found in gaps.values() for gap in found)]
    reach = reach_of([(row.get("differences") or {}).get(name) or {} for row in every for name in names])
    groups, notes = [], []
    for name, found in strata.items():
        full = _full(comparison, name, found)
        rows = [
            row
            for s in full
            for row in (_row(found[s], names, detectors, reach), _fold_mean(found[s], names, detectors))
            if row
        ]
        rows += [_gap_row(gap, names, detectors, reach) for gap in gaps[name]]
        if rows:
            groups.append(Group(heading_of(comparison, name), tuple(rows)))
        notes += _empty_note(name, [s for s in found if not found[s]["n_fake"] and s != "all"])
        notes += [r for s in full for r in reasons(found[s].get("undefined"), STRATA.get(s, s))]
    if level == "video" and any(c.get("fold_mean") for c in cells):
        notes.insert(0, POOLED)
    return Table("", _columns(comparison, names, detectors), tuple(groups), (_explained(comparison), *notes))


def _full(comparison: Json, name: str | None, found: Mapping[str, Json]) -> list[str]:
    """Strata that hold a fake; without leaks, where most are the whole again, only those that are a part."""
    full = [s for s in found if found[s]["n_fake"] or s == "all"]
    if name != protocol(comparison) or name in CLEAN_PROTOCOLS:
        full = [s for s in full if s == "all" or found[s]["n_fake"] < found["all"]["n_fake"]]
    return full


def _columns(comparison: Json, names: Sequence[str], detectors: Sequence[str]) -> tuple[Column, ...]:
    columns = [Column("test fakes", numeric=False)]
    for name in names:
        head = difference_head(comparison, name)
        columns += [Column("AUC", head), Column("around 0", head), Column("p", head), Column("DeLong", head)]
    return (*columns, *(Column(label_of(name), "AUC") for name in detectors))


def _row(cell: Json, names: Sequence[str], detectors: Sequence[str], reach: float) -> tuple[Entry, ...]:
    stratum = str(cell["stratum"])
    row = [Entry(STRATA.get(stratum, stratum), f"{count(cell['n_fake'])} fake, {count(cell['n_real'])} real")]
    for name in names:
        values = (cell.get("differences") or {}).get(name) or {}
        row += [
            difference_cell(values),
            bar_cell(values, reach),
            p_cell(values),
            _delong(values.get("delong")),
        ]
    return (*row, *(value_cell((cell.get("detectors") or {}).get(name)) for name in detectors))


def _gap_row(gap: Json, names: Sequence[str], detectors: Sequence[str], reach: float) -> tuple[Entry, ...]:
    row = [_gap_head(gap)]
    for name in names:
        values = (gap.get("differences") or {}).get(name) or {}
        row += [difference_cell(values), bar_cell(values, reach), p_cell(values), EMPTY]
    return (*row, *(difference_cell((gap.get("detectors") or {}).get(name)) for name in detectors))


def _gap_head(gap: Json) -> Entry:
    """Which strata are subtracted, with the fakes of both where the file counts them."""
    what = str(gap["subtrahend"])
    counts = [gap.get(key) for key in ("n_minuend", "n_subtrahend")]
    note = f"{count(counts[0])} fake minus {count(counts[1])}" if None not in map(known, counts) else ""
    return Entry(f"gap: with a twin minus {GAPS.get(what, STRATA.get(what, what))}", note)


def _fold_mean(cell: Json, names: Sequence[str], detectors: Sequence[str]) -> tuple[Entry, ...]:
    """The mean of the folds' own AUCs beneath the pooled one; empty where the cell has none."""
    means = cell.get("fold_mean") or {}
    if not means:
        return ()
    row = [Entry("mean of the folds", "no interval")]
    for name in names:
        row += [Entry(signed((means.get("differences") or {}).get(name))), EMPTY, EMPTY, EMPTY]
    return (*row, *(Entry(number((means.get("detectors") or {}).get(d))) for d in detectors))


def _delong(values: Json | None) -> Entry:
    """p of DeLong's test, its interval beneath."""
    values = values or {}
    bounds = interval(values.get("low"), values.get("high"))
    return Entry(p_value(values.get("p")) if values.get("p") is not None else NONE, bounds)


def _empty_note(name: str | None, strata: Sequence[str]) -> list[str]:
    """One sentence for all strata of a protocol that no test fake is in."""
    if not strata:
        return []
    where = f"{capital(protocol_in_words(name))}: " if name else ""
    said = "; ".join(STRATA.get(s, s) for s in strata)
    return [f"{where}no test fake is in these rows: {said}."]


def _explained(comparison: Json) -> str:
    return (
        f"Within a protocol the real videos are the same in every row. Brackets and bars are"
        f" {interval_words(comparison)}; a difference is bold, and its bar coloured, where the interval"
        " excludes 0. p is two-sided, of the bootstrap; DeLong: p and interval of his test on the same"
        " videos, which knows no identity groups."
    )
