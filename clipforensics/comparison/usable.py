"""Which detectors may be used: those whose every model ranks its validation videos better than by chance."""

from typing import Any

from clipforensics.comparison.every_metric import Evaluations


def usable_detectors(evaluations: Evaluations) -> dict[str, dict[str, Any]]:
    """`usable` and `reason` of each detector: of the first model, a seed or fold, that is not, or empty.

    Args:
        evaluations: Evaluate files of one protocol and train set, by detector and seed, then split.
    """
    found: dict[str, dict[str, Any]] = {}
    for (detector, seed), by_split in evaluations.items():
        row = found.setdefault(detector, {"usable": True, "reason": ""})
        for split, metrics in by_split.items():
            one = metrics["usable"]["video"]
            if row["usable"] and not one["usable"]:
                row.update(usable=False, reason=f"{split}, seed {seed}: {one['reason']}")
    return found
