"""Every metric of every detector with its interval, at thresholds and probabilities chosen on validation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.bootstrap import bootstrap_intervals, bootstrap_metrics
from clipforensics.calibration import probabilities
from clipforensics.comparison import Meeting, Row
from clipforensics.metrics import Floats, json_ready
from clipforensics.uncertainty import LEVELS, Estimate, Interval

Choices = Mapping[tuple[str, int], Mapping[str, Mapping[str, Any]]]
"""(detector, seed) -> split -> its evaluate file, which holds what was chosen on validation."""

AT_THRESHOLD = ("accuracy", "balanced_accuracy", "f1", "tpr", "fpr")
PROBABILITY = ("brier", "ece")
AT_PRIOR = "_at_validation_prior"


def compare_metrics(meeting: Meeting, choices: Choices, *, reference: str, confidence: float) -> list[Row]:
    """All metrics and their paired differences over all test fakes of a manipulation.

    Each fold of a K-fold keeps what its own model's validation chose. `brier` and `ece` are of calibrated
    scores, as the test has its classes and (`..._at_validation_prior`) with the classes weighted to be as
    frequent as in validation, which is what a calibrated probability is right for.

    Args:
        meeting: The detectors; their tables have the column `split`.
        choices: What each detector, seed and split chose on validation.
        reference: Detector that the others are subtracted from.
        confidence: Of the intervals.

    Returns:
        One row a level and metric, ready for JSON.
    """
    rows = []
    for level in LEVELS:
        found = {
            f"{seed}/{name}": _measure(meeting, table, choices[name, seed], level)
            for (name, seed), table in meeting.scores.items()
        }
        for metric in next(iter(found.values())):
            means = meeting.average({who: metrics[metric] for who, metrics in found.items()})
            place = {"manipulation": meeting.manipulation, "level": level, "metric": metric}
            body = _intervals(means, reference, confidence)
            rows.append(json_ready({**place, **meeting.counts(None, level), **body}))
    return rows


def _intervals(means: Mapping[str, Estimate], reference: str, confidence: float) -> Row:
    detectors, differences = bootstrap_intervals(means, reference, confidence=confidence)
    row: Row = {
        "detectors": {name: _row(one) for name, one in detectors.items()},
        "differences": {name: {**_row(one), "p": one.p} for name, one in differences.items()},
    }
    reasons = [one.undefined for one in (*detectors.values(), *differences.values()) if one.undefined]
    return {**row, "undefined": "; ".join(dict.fromkeys(reasons))} if reasons else row


def _row(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _measure(
    meeting: Meeting, table: pd.DataFrame, chosen: Mapping[str, Mapping[str, Any]], level: str
) -> dict[str, Estimate]:
    """Metrics of one detector and seed by name."""
    scores, how = table["score"].to_numpy(), meeting.aggregate
    split_of_row = _split_of_rows(meeting, table, level)
    found = bootstrap_metrics(meeting.draws, scores, level=level, how=how)
    # Moving a video's scores moves its pooled score as far: a threshold a fold becomes one threshold, 0.
    cuts = {split: file["threshold"][level] for split, file in chosen.items()}
    moved = scores - table["split"].map(cuts).to_numpy(dtype=np.float64)
    at_zero = bootstrap_metrics(meeting.draws, moved, level=level, how=how, threshold=0.0)
    found |= {name: at_zero[name] for name in AT_THRESHOLD}
    maps = {split: (file.get("calibration") or {}).get(level) for split, file in chosen.items()}
    if all(maps.values()):
        found |= _probability_metrics(meeting, scores, level, maps, chosen, split_of_row)
    return found


def _probability_metrics(
    meeting: Meeting,
    scores: Floats,
    level: str,
    maps: Mapping[str, Any],
    chosen: Mapping[str, Mapping[str, Any]],
    split_of_row: np.ndarray,
) -> dict[str, Estimate]:
    def probability(values: Floats) -> Floats:
        out = np.empty_like(values)
        for split, fitted in maps.items():
            here = split_of_row == split
            out[here] = probabilities(values[here], slope=fitted["slope"], intercept=fitted["intercept"])
        return out

    prior = float(np.mean([file["calibration"]["validation_prior"][level] for file in chosen.values()]))
    found: dict[str, Estimate] = {}
    for suffix, at in (("", None), (AT_PRIOR, prior)):
        measured = bootstrap_metrics(
            meeting.draws, scores, level=level, how=meeting.aggregate, probability=probability, prior=at
        )
        found |= {f"{name}{suffix}": measured[name] for name in PROBABILITY}
    return found


def _split_of_rows(meeting: Meeting, table: pd.DataFrame, level: str) -> np.ndarray:
    """Split of each row of a level: of each frame in the table's order, or of each video in the draws'."""
    if level == "frame":
        return table["split"].to_numpy()
    by_video = table.drop_duplicates("key").set_index("key")["split"]
    return by_video[meeting.draws.keys].to_numpy()
