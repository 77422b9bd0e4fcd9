"""The report's protocol and the clean one in one table: what of a difference is left without leaks."""

from collections.abc import Sequence

from clipforensics.report.names import (
    CLEAN_PROTOCOLS,
    PROTOCOLS,
    STRATA,
    capital,
    label_of,
    listed,
    protocol_of,
)
from clipforensics.report.numbers import NONE, count, interval, p_value
from clipforensics.report.tables import (
    EMPTY,
    Cell,
    Column,
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
from clipforensics.report.verdict import candidates, protocol


def protocols_of(comparison: Json) -> list[str | None]:
    """The headline's protocol first, then clean ones, then others; [None] if the file knows only one."""
    found = dict.fromkeys([protocol(comparison), *(c.get("protocol") for c in comparison["cells"])])
    rank = {name: place for place, name in enumerate(CLEAN_PROTOCOLS)}
    first, *rest = found
    return [first, *sorted(rest, key=lambda name: rank.get(str(name), len(rank)))]


def heading_of(comparison: Json, name: str | None) -> str:
    """A protocol as the heading of rows: what it is to this report, and what it keeps apart."""
    if name is None:
        return ""
    what = "The report's protocol" if name == protocol(comparison) else capital(protocol_of(name))
    about = [protocol_of(name)] if name == protocol(comparison) else []
    about += [PROTOCOLS[name]] if name in PROTOCOLS else []
    return f"{what}: {'; '.join(about)}" if about else what


def side_by_side(comparison: Json, level: str) -> Table:
    """AUC of each detector and the differences, by protocol and stratum, with the gap twin minus no twin.

    Args:
        comparison: Content of metrics/comparison.json.
        level: video or frame.
    """
    headline = (comparison["headline"]["train_set"], comparison["headline"]["manipulation"])
    cells = [
        c
        for c in comparison["cells"]
        if (c["train_set"], c["manipulation"], c["level"]) == (*headline, level)
        if c["stratum"] != "validation"
    ]
    gaps = [
        g
        for g in comparison.get("leak_gaps") or ()
        if (g["train_set"], g["manipulation"], g["level"]) == (*headline, level)
    ]
    names, detectors = candidates(comparison), detectors_of(comparison)
    reach = reach_of(d for row in (*cells, *gaps) for d in (row.get("differences") or {}).values())
    groups, notes = [], []
    for name in protocols_of(comparison):
        found = {c["stratum"]: c for c in cells if c.get("protocol") == name}
        order = [s for s in STRATA if s in found] + [s for s in found if s not in STRATA]
        full = [s for s in order if found[s]["n_fake"] or s == "all"]
        if name != protocol(comparison):  # without leaks most strata are the whole again
            full = [s for s in full if s == "all" or found[s]["n_fake"] < found["all"]["n_fake"]]
        rows = [_row(found[s], names, detectors, reach) for s in full]
        rows += [_gap_row(g, names, detectors, reach) for g in gaps if g.get("protocol") == name if _known(g)]
        if rows:
            groups.append(Group(heading_of(comparison, name), tuple(rows)))
        notes += _empty_note(name, [s for s in order if not found[s]["n_fake"] and s != "all"])
        notes += [r for s in full for r in reasons(found[s].get("undefined"), STRATA.get(s, s))]
    return Table("", _columns(comparison, names, detectors), tuple(groups), (_explained(comparison), *notes))


def _columns(comparison: Json, names: Sequence[str], detectors: Sequence[str]) -> tuple[Column, ...]:
    columns = [Column("test fakes", numeric=False)]
    for name in names:
        head = difference_head(comparison, name)
        columns += [Column("AUC", head), Column("around 0", head), Column("p", head), Column("DeLong", head)]
    return (*columns, *(Column(label_of(name), "AUC") for name in detectors))


def _row(cell: Json, names: Sequence[str], detectors: Sequence[str], reach: float) -> tuple[Cell, ...]:
    stratum = str(cell["stratum"])
    row = [Cell(STRATA.get(stratum, stratum), f"{count(cell['n_fake'])} fake, {count(cell['n_real'])} real")]
    for name in names:
        values = (cell.get("differences") or {}).get(name) or {}
        row += [
            difference_cell(values),
            bar_cell(values, reach),
            p_cell(values),
            _delong(values.get("delong")),
        ]
    return (*row, *(value_cell((cell.get("detectors") or {}).get(name)) for name in detectors))


def _gap_row(gap: Json, names: Sequence[str], detectors: Sequence[str], reach: float) -> tuple[Cell, ...]:
    row = [Cell("gap: with a twin minus without", "what leaking adds")]
    for name in names:
        values = (gap.get("differences") or {}).get(name) or {}
        row += [difference_cell(values), bar_cell(values, reach), p_cell(values), EMPTY]
    return (*row, *(difference_cell((gap.get("detectors") or {}).get(name)) for name in detectors))


def _known(gap: Json) -> bool:
    """Whether both strata of the gap have a fake, under one detector at least."""
    return any(values.get("auc") is not None for values in (gap.get("detectors") or {}).values())


def _delong(values: Json | None) -> Cell:
    """p of DeLong's test, its interval beneath."""
    values = values or {}
    bounds = interval(values.get("low"), values.get("high"))
    return Cell(p_value(values.get("p")) if values.get("p") is not None else NONE, bounds)


def _empty_note(name: str | None, strata: Sequence[str]) -> list[str]:
    """One sentence for all strata of a protocol that no test fake is in."""
    if not strata:
        return []
    where = f"{capital(protocol_of(name))}: " if name else ""
    said = [STRATA.get(s, s) for s in strata]
    return [f"{where}no test fake is {listed(said)}."]


def _explained(comparison: Json) -> str:
    return (
        f"Within a protocol the real videos are the same in every row. Brackets and bars are"
        f" {interval_words(comparison)}; a difference is bold, and its bar coloured, where the interval"
        " excludes 0. p is two-sided, of the bootstrap; DeLong: p and interval of his test on the same"
        " videos, which knows no identity groups."
    )
