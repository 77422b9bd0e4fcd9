"""Rows of comparison.json looked up: the headline's, a stratum's, a partner protocol's."""

from collections.abc import Iterator
from typing import Any, Literal

from clipforensics.protocol.cells import CLEAN_PROTOCOLS, protocol_of
from clipforensics.report.reading.findings import Findings
from clipforensics.report.wording.names import SHOWN_LEVELS, STRATA
from clipforensics.report.wording.numbers import known
from clipforensics.report.wording.tables import Json

State = Literal["above", "below", "open", "unknown"]


def protocol(comparison: Json) -> Any:
    """The headline's protocol; None in a file that knows only one."""
    return comparison["headline"].get("protocol")


def find_cell(comparison: Json, *, stratum: str, level: str, protocol: str | None = None) -> Json | None:
    """The cell of the headline's train set and manipulation, or None where there is none.

    Args:
        comparison: Content of metrics/comparison.json.
        stratum: all, twin, no_twin, ...
        level: video or frame.
        protocol: None for the headline's.
    """
    headline = comparison["headline"]
    wanted = (
        protocol or headline.get("protocol"), headline["train_set"], headline["manipulation"], stratum, level,
    )  # fmt: skip
    keys = ("protocol", "train_set", "manipulation", "stratum", "level")
    return next((c for c in comparison["cells"] if tuple(map(c.get, keys)) == wanted), None)


def clean_protocol(comparison: Json) -> str | None:
    """The protocol without leaks to lay beside the headline's; None if not run, or the headline's own."""
    headline = protocol(comparison)
    if headline in CLEAN_PROTOCOLS:
        return None
    return next(
        (p for p in CLEAN_PROTOCOLS if find_cell(comparison, stratum="all", level="video", protocol=p)), None
    )


def partner_protocol(comparison: Json) -> str | None:
    """The protocol to lay beside the headline's: a clean one beside one that leaks, and the other way round.

    Beside a clean one that has no leaking partner stands another clean one; None where there is none.
    """
    headline = protocol(comparison)
    if headline not in CLEAN_PROTOCOLS:
        return clean_protocol(comparison)
    found = [str(p) for p in dict.fromkeys(c.get("protocol") for c in comparison["cells"]) if p != headline]
    having = [p for p in found if find_cell(comparison, stratum="all", level="video", protocol=p)]
    return min(having, key=_rank_beside_clean, default=None)


def _rank_beside_clean(name: str) -> int:
    """Place of a protocol beside a clean headline: per_class, others that leak, clean ones."""
    order = {"per_class": 0, **{clean: place + 2 for place, clean in enumerate(CLEAN_PROTOCOLS)}}
    return order.get(name, 1)


def protocols_of(comparison: Json) -> list[str | None]:
    """The headline's protocol first; [None] if the file knows only one.

    Then clean ones before those that leak, or where the headline's is clean itself, behind them.
    """
    found = dict.fromkeys([protocol(comparison), *(c.get("protocol") for c in comparison["cells"])])
    rank = {name: place for place, name in enumerate(CLEAN_PROTOCOLS)}
    first, *rest = found
    if first in CLEAN_PROTOCOLS:
        return [first, *sorted(rest, key=lambda name: _rank_beside_clean(str(name)))]
    return [first, *sorted(rest, key=lambda name: rank.get(str(name), len(rank)))]


def strata_of(comparison: Json, name: str | None, level: str) -> dict[str, Json]:
    """The headline's test cells under a protocol by stratum: in the order of `STRATA`, others behind."""
    found = {
        str(cell["stratum"]): cell
        for cell in _under(comparison, "cells", name, level)
        if cell["stratum"] != "validation"
    }
    return {s: found[s] for s in (*STRATA, *(s for s in found if s not in STRATA)) if s in found}


def gaps_of(comparison: Json, name: str | None, level: str) -> list[Json]:
    """The headline's rows of `leak_gaps` under a protocol, where a detector at least has both strata."""
    return [
        gap
        for gap in _under(comparison, "leak_gaps", name, level)
        if any((values or {}).get("auc") is not None for values in (gap.get("detectors") or {}).values())
    ]


def metrics_of(comparison: Json) -> Iterator[tuple[str | None, str, dict[str, Json]]]:
    """The headline's rows of `metrics` by metric, a protocol and level at a time, where there are any."""
    for name in protocols_of(comparison):
        for level in SHOWN_LEVELS:
            found = {str(row["metric"]): row for row in _under(comparison, "metrics", name, level)}
            if found:
                yield name, level, found


def _under(comparison: Json, table: str, name: str | None, level: str) -> list[Json]:
    """Rows of a table for the headline's train set and manipulation, under a protocol and at a level."""
    headline = comparison["headline"]
    wanted = (name, headline["train_set"], headline["manipulation"], level)
    keys = ("protocol", "train_set", "manipulation", "level")
    return [row for row in comparison.get(table) or () if tuple(map(row.get, keys)) == wanted]


def candidates(comparison: Json) -> list[str]:
    """Detectors compared with the reference, in the order of the file."""
    names: dict[str, None] = {}
    for cell in comparison["cells"]:
        names.update(dict.fromkeys(cell.get("differences") or {}))
    return list(names)


def state_of(cell: Json | None, candidate: str) -> State:
    """Where the interval of the candidate's difference lies: above 0, below 0, or open (it holds 0)."""
    return sign_of(difference(cell, candidate))


def as_judged(values: Json) -> Json:
    """A difference with the interval that decides about it: the simultaneous one of its family, if any."""
    return {**values, **(values.get("simultaneous") or {})}


def sign_of(values: Json) -> State:
    """Where the interval that decides lies (`as_judged`): above 0, below 0, or open (it holds 0)."""
    values = as_judged(values)
    low, high = known(values.get("low")), known(values.get("high"))
    if known(values.get("auc")) is None or low is None or high is None:
        return "unknown"
    return "above" if low > 0 else "below" if high < 0 else "open"


def difference(cell: Json | None, candidate: str) -> Json:
    """The candidate's difference in a cell; empty where there is none."""
    found: Json = ((cell or {}).get("differences") or {}).get(candidate) or {}
    return found


def find_gap(comparison: Json, level: str = "video") -> Json | None:
    """The headline's row twin minus no_twin of `leak_gaps`, or None where there is none."""
    headline = comparison["headline"]
    wanted = (headline.get("protocol"), headline["train_set"], headline["manipulation"], level, "no_twin")
    keys = ("protocol", "train_set", "manipulation", "level", "subtrahend")
    rows = comparison.get("leak_gaps") or ()
    return next((row for row in rows if tuple(map(row.get, keys)) == wanted), None)


def of_protocol(findings: Findings, name: str | None) -> list[Json]:
    """Evaluations of all splits and seeds of a protocol; none without a name."""
    if name is None:
        return []
    return [e for e in findings.evaluations if protocol_of(str(e.get("split"))) == name]


def of_headline(findings: Findings) -> list[Json]:
    """Evaluations of the headline's split, all seeds."""
    split = findings.comparison["headline"].get("split")
    return [e for e in findings.evaluations if e.get("split") == split]
