"""Tables with a row a detector and a column a stratum, a metric or a strength: they fit however many run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from clipforensics.report.reading.lookup import gaps_of, metrics_of, protocols_of, strata_of
from clipforensics.report.wording.names import (
    DEGRADATIONS,
    METRICS,
    ORACLE,
    SHOWN_LEVELS,
    capital,
    label_of,
    protocol_in_words,
    words,
)
from clipforensics.report.wording.numbers import count, known, p_value
from clipforensics.report.wording.tables import (
    Column,
    Entry,
    Group,
    Json,
    Table,
    difference_cell,
    legend_of,
    reasons,
    value_cell,
)

SHORT_STRATA = {
    "all": "all",
    "twin": "twin",
    "no_twin": "no twin",
    "seen_identity": "identity seen",
    "clean": "nobody seen",
    "clean_of_both": "nor in validation",
    "unknown": "unknown",
}
"""Strata at the head of a narrow column."""

UNDEGRADED = "none"

POOLED = (
    "Over folds, the pooled AUC compares scores of different models, so a detector whose scale drifts from"
    " fold to fold loses by it; the mean of the folds' own AUCs does not."
)


def _groups(
    title: str, rows: Sequence[Json], order: Sequence[str], reference: str, key: str = "auc"
) -> list[Group]:
    """A group of values and one of differences to the reference; a cell for each of the rows."""
    groups = []
    for kind, name in (("detectors", title), ("differences", f"{title}, minus {label_of(reference)}")):
        body = tuple(
            (Entry(label_of(d)), *(_cell(row, kind, d, key) for row in rows))
            for d in order
            if any((row.get(kind) or {}).get(d) for row in rows)
        )
        if body:
            groups.append(Group(name, body))
    return groups


def _cell(row: Json, kind: str, detector: str, key: str) -> Entry:
    """A value, or a difference with its p; the values of a gap between strata are differences too."""
    values = (row.get(kind) or {}).get(detector) or {}
    if kind == "detectors" and "subtrahend" not in row:
        return replace(value_cell(values, key), mark=str(values.get("caution") or ""))
    cell = difference_cell(values, key)
    drawn = (values.get("permutation") or {}).get("p")
    further = [
        f"{kind} {p_value(p)}"
        for kind, p in (("p", values.get("p")), (PERMUTATION, drawn))
        if known(p) is not None
    ]
    return replace(cell, further=(*further, *cell.further))


PERMUTATION = "permutation p"


def _about_permutation(rows: Iterable[Json]) -> list[str]:
    """What the p of a twin gap by permutation says, where one is there."""
    values = [v or {} for row in rows for v in (row.get("detectors") or {}).values()]
    if not any(known((one.get("permutation") or {}).get("p")) is not None for one in values):
        return []
    return [
        f"{capital(PERMUTATION)}: how often twins drawn anew among these fakes make as large a gap; the one"
        " to quote, since the split drew by chance which fakes have a twin."
    ]


def _differences(rows: Iterable[Json]) -> list[Json]:
    return [v or {} for row in rows for v in (row.get("differences") or {}).values()]


def strata_tables(comparison: Json, order: Sequence[str]) -> list[Table]:
    """AUC and difference of every detector by video and by frame: a table a protocol, a column a
    stratum or gap.

    Args:
        comparison: Content of metrics/comparison.json.
        order: Of the detectors, the reference first.
    """
    tables = []
    for name in protocols_of(comparison):
        by_level = {level: _strata_rows(comparison, name, level) for level in SHOWN_LEVELS}
        columns = {key: row for rows in reversed(by_level.values()) for key, row in rows.items()}
        groups, notes = [], []
        for level, found in by_level.items():
            rows = [found.get(key, {}) for key in columns]
            groups += _groups(f"{capital(level)} AUC", rows, order, comparison["reference"])
            notes += [
                *legend_of(_differences(rows)),
                *_about_permutation(rows),
                *(r for key in found for r in _why(key, found[key])),
            ]
        notes += [POOLED] if any(" mean" in key for key in columns) else []
        if groups:
            where = f", {protocol_in_words(name)}" if name else ""
            heads = (Column("detector", numeric=False), *(Column(_head(*item)) for item in columns.items()))
            caption = f"AUC by what training has seen of the fakes{where}"
            tables.append(Table(caption, heads, tuple(groups), tuple(dict.fromkeys(notes)), wrapped=True))
    return tables


def _strata_rows(comparison: Json, name: str | None, level: str) -> dict[str, Json]:
    """Cells with fakes (none that is the whole again), then means of folds, then gaps, each by its head."""
    found = strata_of(comparison, name, level)
    whole = found["all"]["n_fake"] if "all" in found else None
    cells = {_short(s): c for s, c in found.items() if s == "all" or c["n_fake"] not in (0, whole)}
    means = {f"{s}, fold mean": _fold_means(c) for s, c in cells.items() if c.get("fold_mean")}
    gaps = {f"twin minus {_short(g['subtrahend'])}": g for g in gaps_of(comparison, name, level)}
    return {**cells, **means, **gaps}


def _head(key: str, row: Json) -> str:
    return f"{key} ({count(row['n_fake'])})" if "stratum" in row else key


def _short(stratum: object) -> str:
    return SHORT_STRATA.get(str(stratum), str(stratum))


def _fold_means(cell: Json) -> Json:
    """The means of the folds' own AUCs as a row like others, with an interval where the file has one."""
    return {
        kind: {
            name: found if isinstance(found, Mapping) else {"auc": found}
            for name, found in (cell["fold_mean"].get(kind) or {}).items()
        }
        for kind in ("detectors", "differences")
    }


def _why(key: str, row: Json) -> list[str]:
    return reasons(row.get("undefined"), capital(key))


def metric_tables(comparison: Json, order: Sequence[str]) -> list[Table]:
    """Every metric of the headline's test, a column each: a table a protocol and kind of metric."""
    tables = []
    by_protocol: dict[str | None, dict[str, dict[str, Json]]] = {}
    for name, level, found in metrics_of(comparison):
        by_protocol.setdefault(name, {})[level] = found
    for name, levels in by_protocol.items():
        for kind, named in _kinds(levels).items():
            tables.append(_metric_table(comparison, kind, named, name, levels, order))
    return tables


def _kinds(levels: Mapping[str, Mapping[str, Json]]) -> dict[str, dict[str, str]]:
    """Kind -> metric -> its name, of those that a level has; what has no name is an oracle's or another."""
    rows = {metric: row for found in levels.values() for metric, row in found.items()}
    kinds = {kind: {m: text for m, text in named.items() if m in rows} for kind, named in METRICS.items()}
    unnamed = [m for m in rows if not any(m in named for named in kinds.values())]
    kinds[ORACLE] |= {m: m for m in unnamed if rows[m].get("oracle")}
    kinds["Others"] = {m: m for m in unnamed if not rows[m].get("oracle")}
    return {kind: named for kind, named in kinds.items() if named}


def _metric_table(
    comparison: Json, kind: str, named: Mapping[str, str], protocol: str | None,
    levels: Mapping[str, Mapping[str, Json]], order: Sequence[str],
) -> Table:  # fmt: skip
    groups: list[Group] = []
    notes: list[str] = []
    for level, found in levels.items():
        rows = [found.get(metric, {}) for metric in named]
        groups += _groups(f"By {level}", rows, order, comparison["reference"], "value")
        notes += legend_of(_differences(rows))
        notes += [
            reason
            for metric, text in named.items()
            for reason in reasons((found.get(metric) or {}).get("undefined"), text.removesuffix(" ↓"))
        ]
    heads = (Column("detector", numeric=False), *(Column(text) for text in named.values()))
    caption = kind + (f", {protocol_in_words(protocol)}" if protocol else "")
    return Table(caption, heads, tuple(groups), tuple(dict.fromkeys(notes)), wrapped=True)


def robustness_tables(
    robustness: Json, rows: Iterable[Json], order: Sequence[str], reference: str
) -> list[Table]:
    """AUC, change and difference at every strength, a row a detector: a table a degradation.

    Args:
        robustness: metrics/robustness.json.
        rows: Its rows of one level; strength 0 is the undegraded test.
        order: Of the detectors.
        reference: Whom the differences are to.
    """
    place: dict[str, dict[int, Json]] = {}
    for row in rows:
        place.setdefault(row["degradation"], {})[row["strength"]] = row
    undegraded = place.pop(UNDEGRADED, {})
    level = robustness.get("level", "video")
    parts = (
        ("detectors", f"{capital(level)} AUC"), ("drops", "Change, paired with the same videos as they are"),
        ("differences", f"Minus {label_of(reference)}"),
    )  # fmt: skip
    tables = []
    for kind, own in place.items():
        at = dict(sorted({**undegraded, **own}.items()))
        title = capital(DEGRADATIONS.get(kind, words(kind)))
        columns = [Column(" ".join([str(s), str(row.get("setting") or "")]).strip()) for s, row in at.items()]
        groups = [
            Group(head, body) for part, head in parts if (body := tuple(_strength_rows(order, at, part)))
        ]
        notes = [text for s in own for text in reasons(own[s].get("undefined"), f"{title}, {s}")]
        changed = [
            v or {} for row in at.values() for part, _ in parts[1:] for v in (row.get(part) or {}).values()
        ]
        notes += legend_of(changed)
        heads = (Column("detector", numeric=False), *columns)
        tables.append(Table(f"{title} by strength", heads, tuple(groups), tuple(notes), wrapped=True))
    return tables


def _strength_rows(order: Sequence[str], at: Mapping[int, Json], part: str) -> Iterator[tuple[Entry, ...]]:
    """A row a detector that has any."""
    cell = value_cell if part == "detectors" else difference_cell
    for name in order:
        found = [(row.get(part) or {}).get(name) for row in at.values()]
        if any(found):
            yield (Entry(label_of(name)), *map(cell, found))
