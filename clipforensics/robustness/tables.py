"""What degraded frames cost each detector: AUC, what it lost, and how detectors differ, with intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from clipforensics.alterations.degradations import DEGRADATIONS, NONE, setting_in_words
from clipforensics.core.files import json_ready, write_json
from clipforensics.metrics.pooling import Pooling
from clipforensics.protocol.cells import Cell, protocol_of
from clipforensics.robustness.scoring import UNDEGRADED, Material, RobustnessSection, Scores
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.settings import Compared, CompareSection
from clipforensics.statistics.simultaneous import max_t
from clipforensics.statistics.uncertainty import Estimate, Interval

Row = dict[str, Any]

CURVE = ("degradation", "strength", "auc", "low", "high")

ABOUT = {
    "drops": "AUC of one detector under each degradation and strength minus that on undegraded frames",
    "differences": "AUC of one detector minus the reference, under each degradation and strength and none",
}
"""Families (`statistics.simultaneous`), by the first word of their name."""


def head(cell: Cell, params: RobustnessSection, run: Compared, bootstrap: CompareSection) -> Row:
    """What stands in robustness.json before the rows: what was degraded, of which cell, compared how.

    Args:
        cell: The headline's.
        params: Section `robustness`.
        run: Which detectors meet.
        bootstrap: Section `compare`.
    """
    return {
        "enabled": params.enabled,
        "detectors": run.detectors,
        "split": cell.split,
        "protocol": protocol_of(cell.split),
        "train_set": cell.train_set,
        "seed": cell.seed,
        "aggregate": run.aggregate,
        "level": params.level,
        "frames_per_video": params.frames_per_video,
        "reference": bootstrap.reference,
        "bootstrap": bootstrap.model_dump(exclude={"reference"}),
        "degradations": {name: DEGRADATIONS[name].about for name in params.degradations},
    }


def tabulate(
    scores: Scores,
    material: Material,
    *,
    level: str,
    aggregate: Pooling,
    reference: str,
    cluster: str,
    n_replicates: int,
    seed: int,
    confidence: float,
) -> list[Row]:
    """AUC of every detector under every condition, what it lost, and how detectors differ.

    All conditions and detectors stand on the same bootstrap replicates of the same videos, drawn once. So
    drops (degraded minus undegraded, of one detector) and differences (detector minus reference, under the
    same condition) are paired.

    Args:
        scores: As `scoring.score_conditions` returns them.
        material: The frames that were scored.
        level: `frame` or `video`.
        aggregate: How frame scores become a video's.
        reference: Detector that the others are subtracted from.
        cluster: What is drawn: `identity` (groups of videos that share people) or `video`.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        confidence: Of the intervals.

    Returns:
        One row a condition, ready for JSON; `undefined` says why an interval is null.
    """
    draws = draw_replicates(
        material.a_frame("label"),
        material.a_frame("key"),
        clusters=material.a_frame("group") if cluster == "identity" else None,
        n_replicates=n_replicates,
        seed=seed,
    )
    names = {(condition, name): f"{condition} {name}" for condition in scores for name in scores[condition]}
    found = bootstrap_auc(draws, {names[c, n]: scores[c][n] for c, n in names}, how=aggregate)["all"][level]
    counts = _counts(material, level)
    rows = []
    for condition, table in scores.items():
        name, strength = condition
        head = {"degradation": name, "strength": strength, "setting": "undegraded", "level": level}
        if condition != UNDEGRADED:
            head["setting"] = setting_in_words(name, strength)
        now = {n: found[names[condition, n]] for n in table}
        before = {n: found[names[UNDEGRADED, n]] for n in table}
        rows.append(json_ready({**head, **counts, **_intervals(now, before, reference, confidence)}))
    _correct(rows, {c: {n: found[names[c, n]] for n in scores[c]} for c in scores}, reference, confidence)
    return rows


def families(rows: Sequence[Mapping[str, Any]], confidence: float) -> list[Row]:
    """What was corrected together, for robustness.json: a family a detector and kind, over all conditions.

    Args:
        rows: As `tabulate` returns them.
        confidence: Of the intervals.

    Returns:
        Rows {name, about, n, method, level, n_shown}, as in comparison.json.
    """
    found: dict[str, list[float]] = {}
    for row in rows:
        for one in (one for kind in ABOUT for one in row[kind].values() if "family" in one):
            found.setdefault(one["family"], []).append(one["simultaneous"]["p"])
    return [
        {
            "name": name,
            "about": ABOUT[name.split()[0]],
            "n": len(p),
            "method": "max-t",
            "level": confidence,
            "n_shown": sum(one < 1 - confidence for one in p),
        }
        for name, p in found.items()
    ]


def _correct(
    rows: Sequence[Row],
    estimates: Mapping[tuple[str, int], Mapping[str, Estimate]],
    reference: str,
    confidence: float,
) -> None:
    """Write `family` and `simultaneous` into drops and differences: whoever reads the worst has seen all."""
    rows_of = dict(zip(estimates, rows, strict=True))
    for detector in estimates[UNDEGRADED]:
        minuends = {condition: table[detector] for condition, table in estimates.items()}
        members = {
            "drops": {c: one - minuends[UNDEGRADED] for c, one in minuends.items() if c != UNDEGRADED},
            "differences": {c: one - estimates[c][reference] for c, one in minuends.items()},
        }
        for kind, by_condition in members.items():
            if kind == "differences" and detector == reference:
                continue
            for condition, one in max_t(by_condition, confidence=confidence).items():
                row = rows_of[condition][kind][detector]
                row |= {"family": f"{kind} {detector}", "simultaneous": json_ready(one._asdict())}


def curve(rows: Sequence[Mapping[str, Any]], detector: str) -> pd.DataFrame:
    """AUC against strength of one detector: degradation, strength, auc, low, high.

    The undegraded frames are strength 0 of every degradation.
    """
    names = list(dict.fromkeys(row["degradation"] for row in rows if row["strength"]))
    points = [
        {"degradation": name, "strength": row["strength"], **row["detectors"][detector]}
        for name in names
        for row in rows
        if row["degradation"] in (NONE, name)
    ]
    return pd.DataFrame(points, columns=list(CURVE))


def write_curves(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    detectors: Sequence[str],
    degradations: Sequence[str],
) -> None:
    """Write `<degradation>.csv`: the curves of all detectors, one behind the other.

    Files without rows, of work that was not done, are written too: a header alone.

    Args:
        folder: Where to.
        rows: As `tabulate` returns them; the level is theirs, and in no name.
        detectors: In this order; the first column.
        degradations: A file each, whether the rows have them or not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = pd.concat([curve(rows, name).assign(detector=name) for name in detectors], ignore_index=True)
    columns = ["detector", *(name for name in CURVE if name != "degradation")]
    for name in degradations:
        part = whole.loc[whole["degradation"] == name, columns]
        part.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", float_format="%.9g")


def write(metrics: Path, curves: Path, head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `head` and `rows` to `metrics`, and the curves of all known degradations: plots look for each."""
    write_json(metrics, {**head, "rows": rows})
    write_curves(curves, rows, detectors=head["detectors"], degradations=list(DEGRADATIONS))


def summary_line(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line for the terminal: how much of its AUC each detector loses at worst, and to what."""
    degraded = [row for row in rows if row["strength"]]
    parts = []
    for detector in degraded[0]["drops"] if degraded else []:
        defined = [row for row in degraded if row["drops"][detector]["auc"] is not None]
        worst = min(defined, key=lambda row: row["drops"][detector]["auc"], default=None)
        if worst is not None:
            drop = worst["drops"][detector]["auc"]
            parts.append(f"{detector} {drop:+.4f} ({worst['degradation']}, {worst['setting']})")
    return "largest change of AUC under degradation: " + (", ".join(parts) or "undefined")


def _counts(material: Material, level: str) -> dict[str, int]:
    labels = material.table["label"] if level == "video" else pd.Series(material.a_frame("label"))
    n_real, n_fake = (int((labels == label).sum()) for label in (0, 1))
    return {"n_real": n_real, "n_fake": n_fake, "n_groups": int(material.table["group"].nunique())}


def _intervals(
    now: Mapping[str, Estimate], before: Mapping[str, Estimate], reference: str, confidence: float
) -> Row:
    """Intervals of one condition; estimates by detector."""
    own = {n: one.interval(confidence=confidence) for n, one in now.items()}
    drops = {n: (one - before[n]).interval(confidence=confidence) for n, one in now.items()}
    others = {n: one for n, one in now.items() if n != reference}
    differences = {n: (one - now[reference]).interval(confidence=confidence) for n, one in others.items()}
    reasons = [i.undefined for found in (own, drops, differences) for i in found.values() if i.undefined]
    return {
        "detectors": {n: _row(interval) for n, interval in own.items()},
        "drops": {n: {**_row(interval), "p": interval.p} for n, interval in drops.items()},
        "differences": {n: {**_row(interval), "p": interval.p} for n, interval in differences.items()},
        **({"undefined": "; ".join(dict.fromkeys(reasons))} if reasons else {}),
    }


def _row(interval: Interval) -> dict[str, Any]:
    marked = {"caution": interval.caution} if interval.caution else {}
    return {"auc": interval.value, "low": interval.low, "high": interval.high, **marked}
