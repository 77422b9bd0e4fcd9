"""Folds by themselves: what each one's model reached on its own test videos, and the mean over them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clipforensics.comparison.meeting import Row
from clipforensics.metrics.pooling import LEVELS


def fold_rows(
    evaluations: Mapping[str, Sequence[Mapping[str, Any]]], manipulation: str, fold: int
) -> list[Row]:
    """AUC of every detector on one fold alone: means over seeds, a row a level.

    Args:
        evaluations: Detector to the fold's evaluate files, one a seed.
        manipulation: Test manipulation; the fold may have no video of it.
        fold: Its number.
    """
    rows = []
    for level in LEVELS:
        points = {
            name: [e["test"].get(manipulation, {}).get(level, {}) for e in files]
            for name, files in evaluations.items()
        }
        first = next(iter(points.values()))[0]
        counts = {name: first.get(name, 0) for name in ("n_real", "n_fake", "n_groups")}
        aucs = {name: {"auc": _mean([p.get("auc") for p in several])} for name, several in points.items()}
        reason = first.get("undefined") if first else f"no {manipulation} video is in this fold"
        lost = {"undefined": reason} if any(a["auc"] is None for a in aucs.values()) else {}
        place = {"fold": fold, "manipulation": manipulation, "level": level}
        rows.append({**place, **counts, "detectors": aucs, **lost})
    return rows


def mean_of_folds(rows: Sequence[Row], reference: str) -> Row:
    """Mean over folds of each detector's AUC, and of its difference to the reference.

    A pooled AUC compares scores of different models, so a detector whose scale drifts from fold to fold
    loses by it; this mean does not compare across folds. Folds without an AUC are left out.
    """
    known = [row for row in rows if all(v["auc"] is not None for v in row["detectors"].values())]
    if not known:
        return {}
    names = list(known[0]["detectors"])
    means = {name: float(np.mean([row["detectors"][name]["auc"] for row in known])) for name in names}
    differences = {name: means[name] - means[reference] for name in names if name != reference}
    return {"detectors": means, "differences": differences, "n_folds": len(known)}


def _mean(values: Sequence[float | int | None]) -> float | int | None:
    """Mean of the numbers; null as soon as one is undefined; a whole number stays one."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        return None
    return numbers[0] if len(set(numbers)) == 1 else float(np.mean(numbers))
