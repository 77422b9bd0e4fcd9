"""AUC against the strength of each degradation: small figures of one scale, and the drops in a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from clipforensics.report.figures.curves import Strengths, strength_figure
from clipforensics.report.reading.cast import Cast
from clipforensics.report.sections.by_detector import UNDEGRADED, robustness_tables
from clipforensics.report.wording.names import DEGRADATIONS, capital, label_of, listed, name_of, words
from clipforensics.report.wording.numbers import interval, known, signed
from clipforensics.report.wording.tables import Json, Table


@dataclass(frozen=True, slots=True)
class Degraded:
    """A sentence, the level of the AUC, figures with captions, and the tables; these two may be missing."""

    lead: str
    level: str = "video"
    figures: tuple[tuple[str, str, Markup], ...] = ()
    tables: tuple[Table, ...] = ()


def robustness_section(
    robustness: Json | None, *, why: str, reference: str, cast: Cast | None = None
) -> Degraded:
    """The section, at the level that the file has.

    Args:
        robustness: metrics/robustness.json, or None.
        why: What to say where there is nothing to show.
        reference: The detector that the others are compared with.
        cast: Who has a colour and a sentence; None for all.
    """
    level = level_of(robustness or {})
    rows = [r for r in (robustness or {}).get("rows") or () if r["level"] == level]
    if robustness is None or not rows:
        return Degraded(why)
    order = list(dict.fromkeys([reference, *robustness["detectors"]]))
    detectors = [name for name in order if name in robustness["detectors"]]
    kinds = [k for k in dict.fromkeys(r["degradation"] for r in rows) if k != UNDEGRADED]
    cast = cast or Cast(tuple(detectors), (), tuple(detectors))
    told = [d for d in (cast.shown if cast.is_large else cast.order) if d in detectors]
    drawn = [d for d in cast.named if d in detectors], [d for d in cast.rest if d in detectors]
    figures = [_panel(kind, rows, *drawn, told, _floor(rows), level) for kind in kinds]
    tables = robustness_tables(robustness, rows, [d for d in cast.order if d in detectors], reference)
    return Degraded(_lead(robustness, rows, told), level, tuple(figures), tuple(tables))


def level_of(robustness: Json) -> str:
    """What the AUC is of, video or frame."""
    return str(robustness.get("level", "video"))


def _floor(rows: Sequence[Json]) -> float:
    """Lower edge that all panels share: a tenth at or below the lowest bound, and never above .4."""
    found = [
        value
        for row in rows
        for values in row["detectors"].values()
        for key in ("auc", "low")
        if (value := known((values or {}).get(key))) is not None
    ]
    return max(0.0, min([0.4, *(int(value * 10) / 10 for value in found)]))


def _series(kind: str, rows: Sequence[Json]) -> list[Json]:
    """Rows of a degradation with the undegraded one, mild to severe."""
    found = [r for r in rows if r["degradation"] in (kind, UNDEGRADED)]
    return sorted(found, key=lambda row: row["strength"])


def _panel(
    kind: str,
    rows: Sequence[Json],
    coloured: Sequence[str],
    grey: Sequence[str],
    banded: Sequence[str],
    floor: float,
    level: str,
) -> tuple[str, str, Markup]:
    """Title, what the strengths mean, figure; bands would hide one another if there were many."""
    series = _series(kind, rows)
    lines = [_line(name, series, with_band=name in banded) for name in coloured]
    others = [_line(name, series, with_band=False) for name in grey]
    ticks = [(float(r["strength"]), str(r["strength"])) for r in series]
    title = capital(DEGRADATIONS.get(kind, words(kind)))
    mine = [r for r in series if r["degradation"] == kind and r.get("setting")]
    ends = dict.fromkeys(f"{r['strength']}: {r['setting']}" for r in (*mine[:1], *mine[-1:]))
    said = "; ".join(ends)
    said_of = f"{level} AUC under {title}"
    figure = strength_figure(lines, floor=floor, ticks=ticks, label=said_of, grey=others)
    return title, said, figure


def _line(name: str, series: Sequence[Json], *, with_band: bool) -> Strengths:
    values = [r["detectors"].get(name) or {} for r in series]
    return Strengths(
        name=label_of(name),
        x=[float(r["strength"]) for r in series],
        y=[known(v.get("auc")) for v in values],
        low=[known(v.get("low")) if with_band else None for v in values],
        high=[known(v.get("high")) if with_band else None for v in values],
    )


def _lead(robustness: Json, rows: Sequence[Json], detectors: Sequence[str]) -> str:
    """For each detector the degradation that costs it most at full strength, by the interval for all."""
    strongest: dict[str, Json] = {}
    for row in sorted(rows, key=lambda r: r["strength"]):
        if row["degradation"] != UNDEGRADED:
            strongest[row["degradation"]] = row
    said, all_corrected = [], True
    for name in detectors:
        drops = [(found, row) for row in strongest.values() if (found := _drop(row, name)) is not None]
        if drops:
            drop, row = min(drops, key=lambda pair: (pair[0], str(pair[1]["degradation"])))
            values: Any = row["drops"][name]
            together = values.get("simultaneous") or {}
            all_corrected = all_corrected and bool(together)
            bounds = interval(*((together or values).get(end) for end in ("low", "high")))
            kind = DEGRADATIONS.get(row["degradation"], words(row["degradation"]))
            said.append(f"{name_of(name)} by {signed(drop)} {bounds} under {kind}".replace("  ", " "))
    most = robustness.get("frames_per_video")
    frames = (
        f", at most {most} frames of each, so strength 0 can differ from the tables above" if most else ""
    )
    where = f"{robustness['manipulation']}, seed {robustness['seed']}{frames}"
    text = f"The same test videos, degraded before scoring ({where})."
    intervals = (
        "the intervals hold for all degradations at once"
        if all_corrected
        else "the intervals do not allow for having picked the worst"
    )
    return (
        f"{text} At full strength {level_of(robustness)} AUC changes most, of {listed(said)}; {intervals}."
        if said
        else text
    )


def _drop(row: Json, name: str) -> float | None:
    return known(((row.get("drops") or {}).get(name) or {}).get("auc"))
