"""Every metric of every detector with its interval, at thresholds and probabilities chosen on validation."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.comparison.families import Collect
from clipforensics.comparison.meeting import Meeting, Row, minus, unshown
from clipforensics.core.files import json_ready
from clipforensics.metrics.auc import Floats
from clipforensics.metrics.calibration import probabilities
from clipforensics.metrics.points import AT_THRESHOLD, ORACLE
from clipforensics.metrics.pooling import LEVELS
from clipforensics.statistics.bootstrap import bootstrap_metrics
from clipforensics.statistics.uncertainty import Estimate, Interval

Evaluations = Mapping[tuple[str, int], Mapping[str, Mapping[str, Any]]]
"""(detector, seed) -> split -> its evaluate file, which holds what was chosen on validation."""

PROBABILITY = ("brier", "ece")
AT_PRIOR = "_at_validation_prior"


def compare_metrics(
    meeting: Meeting,
    evaluations: Evaluations,
    *,
    reference: str,
    confidence: float,
    collect: Collect | None = None,
) -> list[Row]:
    """All metrics and their paired differences over all test fakes of a manipulation.

    Each fold of a K-fold keeps what its own model's validation chose. `brier` and `ece` are of calibrated
    scores, as the test has its classes and (`..._at_validation_prior`) with the classes weighted to be as
    frequent as in validation, which is what a calibrated probability is right for.

    Args:
        meeting: The detectors; their tables have the column `split`.
        evaluations: What each detector, seed and split chose on validation.
        reference: Detector that the others are subtracted from.
        confidence: Of the intervals.
        collect: Takes the estimates that families are made of (`families`); None: nothing does.

    Returns:
        One row a level and metric, ready for JSON.
    """
    rows = []
    for level in LEVELS:
        found = {
            f"{seed}/{name}": measure(meeting, table, evaluations[name, seed], level)
            for (name, seed), table in meeting.scores.items()
        }
        rows += metric_rows(
            meeting, level, found, reference=reference, confidence=confidence, collect=collect
        )
    return rows


def metric_rows(
    meeting: Meeting,
    level: str,
    found: Mapping[str, Mapping[str, Estimate]],
    *,
    reference: str,
    confidence: float,
    collect: Collect | None = None,
) -> list[Row]:
    """One row a metric: its interval for every detector, and those of the paired differences.

    Args:
        meeting: The detectors.
        level: `video` or `frame`.
        found: `<seed>/<detector>` -> metric -> estimate on the meeting's draws; the same metrics for each.
        reference: Detector that the others are subtracted from.
        confidence: Of the intervals.
        collect: Takes the estimates that families are made of (`families`); None: nothing does.
    """
    rows, counts, sizes = [], meeting.counts(None, level), meeting.counts(None, "video")
    for metric in next(iter(found.values())):
        means = meeting.average({who: metrics[metric] for who, metrics in found.items()})
        place: Row = {"manipulation": meeting.manipulation, "level": level, "metric": metric}
        place |= {"oracle": metric.startswith(ORACLE)}
        rows.append(json_ready({**place, **counts, **_intervals(means, reference, confidence, sizes)}))
        if collect:
            collect("differences", place, minus(means, reference))
    return rows


def _intervals(
    means: Mapping[str, Estimate], reference: str, confidence: float, sizes: Mapping[str, int]
) -> Row:
    apart = minus(means, reference)
    detectors, differences = (
        {name: one.interval(confidence=confidence) for name, one in found.items()} for found in (means, apart)
    )
    row: Row = {
        "detectors": {name: _row(one) for name, one in detectors.items()},
        "differences": {
            name: {**_row(one), "p": one.p, **unshown(apart[name], one, sizes, confidence)}
            for name, one in differences.items()
        },
    }
    reasons = [one.undefined for one in (*detectors.values(), *differences.values()) if one.undefined]
    return {**row, "undefined": "; ".join(dict.fromkeys(reasons))} if reasons else row


def _row(interval: Interval) -> dict[str, float | str]:
    return {
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "covers": interval.covers,
        **({"caution": interval.caution} if interval.caution else {}),
    }


def measure(
    meeting: Meeting, table: pd.DataFrame, chosen: Mapping[str, Mapping[str, Any]], level: str
) -> dict[str, Estimate]:
    """Metrics of one detector and seed by name.

    Args:
        meeting: Whose draws they stand on.
        table: The detector's frame scores, one of the meeting's.
        chosen: Split to the evaluate file of the detector and seed.
        level: `video` or `frame`.
    """
    scores = table["score"].to_numpy()
    cuts = {split: float(file["threshold"][level]) for split, file in chosen.items()}
    maps = {split: (file.get("calibration") or {}).get(level) for split, file in chosen.items()}
    one_cut = next(iter(cuts.values())) if len(cuts) == 1 else None
    options: dict[str, Any] = {"level": level, "how": meeting.aggregate}
    if all(maps.values()):
        options["probability"] = _probability(maps, _split_of_rows(meeting, table, level))
    found = bootstrap_metrics(meeting.draws, scores, threshold=one_cut, **options)
    if one_cut is None:
        # Moving a video's scores moves its pooled score as far: a threshold a fold becomes one threshold, 0.
        moved = scores - table["split"].map(cuts).to_numpy(dtype=np.float64)
        at_zero = bootstrap_metrics(
            meeting.draws, moved, level=level, how=meeting.aggregate, threshold=0.0, with_ranking=False
        )
        found |= {name: at_zero[name] for name in AT_THRESHOLD}
    if all(maps.values()):
        prior = float(np.mean([file["calibration"]["validation_prior"][level] for file in chosen.values()]))
        at_prior = bootstrap_metrics(meeting.draws, scores, prior=prior, with_ranking=False, **options)
        found |= {f"{name}{AT_PRIOR}": at_prior[name] for name in PROBABILITY}
    return found


def _probability(maps: Mapping[str, Any], split_of_row: np.ndarray) -> Callable[[Floats], Floats]:
    """Scores of a level, in order, to probabilities, each by the map of its split."""

    def probability(scores: Floats) -> Floats:
        out = np.empty_like(scores)
        for split, fitted in maps.items():
            here = split_of_row == split
            out[here] = probabilities(scores[here], slope=fitted["slope"], intercept=fitted["intercept"])
        return out

    return probability


def _split_of_rows(meeting: Meeting, table: pd.DataFrame, level: str) -> np.ndarray:
    """Split of each row of a level: of each frame in the table's order, or of each video in the draws'."""
    if level == "frame":
        return table["split"].to_numpy()
    by_video = table.drop_duplicates("key").set_index("key")["split"]
    return by_video[meeting.draws.keys].to_numpy()
