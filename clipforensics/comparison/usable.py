"""Which detectors may be used: those whose every model ranks its validation videos better than by chance."""

from typing import Any

from clipforensics.comparison.every_metric import Evaluations


def usable_detectors(*several: Evaluations) -> dict[str, dict[str, Any]]:
    """`usable` and `reason` of each detector: of the first model, a seed or fold, that is not, or empty.

    Args:
        several: Evaluate files, by detector and seed, then split: of the headline's protocol and train set,
            and of the primary comparison's, whose validation may be the harder one.
    """
    found: dict[str, dict[str, Any]] = {}
    for (detector, seed), by_split in (entry for one in several for entry in one.items()):
        row = found.setdefault(detector, {"usable": True, "reason": ""})
        for split, metrics in by_split.items():
            one = metrics["usable"]["video"]
            if row["usable"] and not one["usable"]:
                row.update(usable=False, reason=f"{split}, seed {seed}: {one['reason']}")
    return found
