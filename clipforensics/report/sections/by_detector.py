"""Tables with a row a detector, for runs of so many that they no longer fit side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from clipforensics.report.reading.lookup import gaps_of, metrics_of, protocols_of, strata_of
from clipforensics.report.sections.side_by_side import POOLED
from clipforensics.report.wording.names import (
    DEGRADATIONS,
    METRICS,
    ORACLE,
    capital,
    label_of,
    name_of,
    protocol_in_words,
    words,
)
from clipforensics.report.wording.numbers import count
from clipforensics.report.wording.tables import (
    Column,
    Entry,
    Group,
    Json,
    Table,
    difference_cell,
    interval_words,
    reasons,
    value_cell,
)

SHORT_STRATA = {
    "all": "all",
    "twin": "twin",
    "no_twin": "no twin",
    "seen_identity": "identity seen",
    "clean": "nobody seen",
}
"""Strata at the head of a narrow column."""

OPERATING, REFERENCE = "the operating point", "For reference"
"""What the tables of thresholds call the rule in use, and the rows that are no detector's."""

UNDEGRADED = "none"

SHORT_KINDS = {
    ORACLE: "oracle: test's own ROC",
    "At the threshold chosen on validation": "at validation's threshold",
}


def _two_groups(
    title: str, rows: Sequence[Json], order: Sequence[str], reference: str, key: str = "auc"
) -> list[Group]:
    """A group of values and one of differences to the reference; a cell for each of the rows."""
    groups = []
    for kind, cell, name in (
        ("detectors", value_cell, capital(title)),
        ("differences", difference_cell, f"{capital(title)}, minus {label_of(reference)}"),
    ):
        body = tuple(
            (
                Entry(label_of(d)),
                *(
                    (difference_cell if _is_gap(row) else cell)((row.get(kind) or {}).get(d), key)
                    for row in rows
                ),
            )
            for d in order
            if any((row.get(kind) or {}).get(d) for row in rows)
        )
        if body:
            groups.append(Group(name, body))
    return groups


def _is_gap(row: Json) -> bool:
    """Whether a row's own values are differences."""
    return "subtrahend" in row


def strata_by_detector(comparison: Json, level: str, order: Sequence[str]) -> Table | None:
    """AUC and difference of every detector, a column a protocol and stratum or gap between strata.

    Args:
        comparison: Content of metrics/comparison.json.
        level: video or frame.
        order: Of the detectors, the reference first.
    """
    rows: list[Json] = []
    columns = [Column("detector", numeric=False)]
    for protocol in protocols_of(comparison):
        cells = [
            c for c in strata_of(comparison, protocol, level).values() if c["n_fake"] or c["stratum"] == "all"
        ]
        whole = next((c["n_fake"] for c in cells if c["stratum"] == "all"), None)
        cells = [c for c in cells if c["stratum"] == "all" or c["n_fake"] != whole]  # no whole twice
        gaps = gaps_of(comparison, protocol, level)
        head = protocol_in_words(protocol) if protocol else ""
        means = [_fold_means(c) for c in cells if c.get("fold_mean")]
        columns += [Column(_stratum_head(c), head) for c in cells]
        columns += [Column("mean of the folds", head) for _ in means]
        columns += [
            Column(f"twin minus {SHORT_STRATA.get(g['subtrahend'], g['subtrahend'])}", head) for g in gaps
        ]
        rows += [*cells, *means, *gaps]
    if not rows:
        return None
    groups = _two_groups(f"{level} AUC", rows, order, comparison["reference"])
    notes = [
        f"Fakes of each stratum (how many), against the same real videos. Brackets are"
        f" {interval_words(comparison)}; bold where a difference's excludes 0. Twin: of the same target and"
        " source in training; nobody seen: it shows nobody from training. p and DeLong's test of every"
        " detector are in metrics/comparison.json."
    ]
    if level == "video" and any(row.get("fold_mean") for row in rows):
        notes.append(POOLED)
    return Table(
        f"Every detector, {level} by {level}", tuple(columns), tuple(groups), tuple(notes), wrapped=True
    )


def _fold_means(cell: Json) -> Json:
    """The means of the folds' own AUCs as a row like others; they have no interval."""
    return {
        kind: {name: {"auc": auc} for name, auc in (cell["fold_mean"].get(kind) or {}).items()}
        for kind in ("detectors", "differences")
    }


def _stratum_head(cell: Json) -> str:
    return f"{_short(cell['stratum'])} ({count(cell['n_fake'])})"


def _short(stratum: str) -> str:
    return SHORT_STRATA.get(stratum, stratum)


def metrics_by_detector(comparison: Json, order: Sequence[str]) -> list[Table]:
    """Every metric of the headline's cell, a column each; one table a protocol and level."""
    return [_metrics(comparison, found, name, level, order) for name, level, found in metrics_of(comparison)]


def _metrics(
    comparison: Json, found: Mapping[str, Json], protocol: str | None, level: str, order: Sequence[str]
) -> Table:
    named = [
        (kind, m, text) for kind, metrics in METRICS.items() for m, text in metrics.items() if m in found
    ]
    known = {m for _, m, _ in named}
    named += [(ORACLE if row.get("oracle") else "Others", m, m) for m, row in found.items() if m not in known]
    named.sort(key=lambda one: [*METRICS, "Others"].index(one[0]))
    columns = [Column(text, SHORT_KINDS.get(kind, kind.split(",")[0].lower())) for kind, _, text in named]
    first = next(iter(found.values()))
    size = f"{count(first.get('n_real'))} real, {count(first.get('n_fake'))} manipulated"
    where = f", {protocol_in_words(protocol)}" if protocol else ""
    rows = [found[m] for _, m, _ in named]
    groups = _two_groups(f"{level} level", rows, order, comparison["reference"], "value")
    notes = [
        f"Brackets are {interval_words(comparison)}; bold where a difference's excludes 0. {ORACLE}: EER and"
        " TPR at FPR."
    ]
    notes += [r for _, m, text in named for r in reasons(found[m].get("undefined"), text.removesuffix(" ↓"))]
    heads = (Column("detector", numeric=False), *columns)
    caption = f"{capital(level)} level{where}: {size}"
    return Table(caption, heads, tuple(groups), tuple(dict.fromkeys(notes)), wrapped=True)


def thresholds_by_detector(tables: Sequence[Table | None]) -> list[Table]:
    """Tables of thresholds with a group a detector turned: a group a rule, a row a detector.

    The operating point's come first, in a table of its own; the reference rows, which are no detector's, stay
    a group of their own.
    """
    turned = [_turned(table) for table in tables if table]
    if not turned:
        return []
    first, rest = turned[0], turned[0].groups
    used = tuple(group for group in rest if OPERATING in group.name or group.name == REFERENCE)
    if len(used) < 2:
        return turned
    others = tuple(group for group in rest if OPERATING not in group.name)
    return [
        replace(first, caption=f"{first.caption}, the operating point", groups=used),
        replace(first, caption=f"{first.caption}, other rules", groups=others),
        *turned[1:],
    ]


def _turned(table: Table) -> Table:
    rules: dict[str, list[tuple[Entry, ...]]] = {}
    last = []
    for group in table.groups:
        for row in group.rows:
            if group.name == REFERENCE:
                last.append(row)
                continue
            title = row[0].text + (f" ({row[0].note})" if row[0].note else "")
            rules.setdefault(title, []).append((Entry(group.name), *row[1:]))
    groups = [Group(f"Chosen by {name}", tuple(rows)) for name, rows in rules.items()]
    groups += [Group(REFERENCE, tuple(last))] if last else []
    columns = (Column("detector", numeric=False), *table.columns[1:])
    return Table(table.caption, columns, tuple(groups), table.notes)


def robustness_by_detector(
    robustness: Json, rows: Iterable[Json], order: Sequence[str], reference: str
) -> Table:
    """AUC, change and difference at every strength, a row a detector, a group a degradation.

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
    strengths = sorted({s for at in (undegraded, *place.values()) for s in at})
    parts = [("detectors", f"{robustness.get('level', 'video')} AUC", strengths)]
    parts += [("drops", "change", [s for s in strengths if s not in undegraded])]
    parts += [("differences", f"minus {label_of(reference)}", strengths)]
    groups, notes = [], []
    for kind, own in place.items():
        at, title = {**undegraded, **own}, capital(DEGRADATIONS.get(kind, words(kind)))
        said = "; ".join(f"{s}: {own[s]['setting']}" for s in sorted(own) if own[s].get("setting"))
        body = tuple(_robustness_row(d, at, parts) for d in order)
        groups.append(Group(f"{title} ({said})" if said else title, body))
        notes += [text for s in own for text in reasons(own[s].get("undefined"), f"{title}, {s}")]
    columns = [Column(str(s), head) for _, head, several in parts for s in several]
    explained = (
        f"By strength; 0 is the test as it is. Brackets are {interval_words(robustness)}; a change is paired"
        f" with the same videos as they are, a difference with {name_of(reference)} on the same."
    )
    return Table("", (Column("detector", numeric=False), *columns), tuple(groups), (explained, *notes))


def _robustness_row(
    detector: str, at: Mapping[int, Json], parts: Sequence[tuple[str, str, Sequence[int]]]
) -> tuple[Entry, ...]:
    cells = [Entry(label_of(detector))]
    for part, _, strengths in parts:
        cell = value_cell if part == "detectors" else difference_cell
        cells += [cell((at.get(s, {}).get(part) or {}).get(detector)) for s in strengths]
    return tuple(cells)
