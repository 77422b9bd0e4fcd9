"""The headline of one detector: the few numbers that two runs are compared by (`dvc metrics`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.comparison.meeting import Row

NUMBERS = ("eer", "f1", "tpr", "fpr", "brier")
"""Beside the AUC of all fakes; those that need a threshold are at the one chosen on validation."""

STRATA = ("twin", "no_twin", "clean", "clean_of_both")


def headline_of(comparison: Mapping[str, Any], detector: str) -> dict[str, Row]:
    """What stands in metrics/headline/<name>.json, by name.

    The files share their keys, so that DVC's table of them has a row a file and fits a terminal. `video` and
    `frame` are of all test fakes of the headline. The others are by video: `twin`, `no_twin`, `clean`
    and `clean_of_both` of those fakes alone, `validation` of the training manipulation on validation, and
    each other protocol (`grouped`) of the same fakes under that protocol.

    Args:
        comparison: Content of comparison.json, which says why a number is null.
        detector: Whose.

    Returns:
        `auc`, `auc_low` and `auc_high` (the ends of its interval) of each that has videos; of `video` and
        `frame` also NUMBERS, and of `video` the name of the `detector`.
    """
    place = {name: comparison["headline"][name] for name in ("protocol", "train_set", "manipulation")}
    ours = _rows(comparison["cells"], train_set=place["train_set"])
    by_video, here = _rows(ours, level="video"), _rows(ours, **place)
    same_fakes = _rows(by_video, manipulation=place["manipulation"], stratum="all")
    chosen = {
        "video": _rows(here, level="video", stratum="all"),
        "frame": _rows(here, level="frame", stratum="all"),
        **{stratum: _rows(here, level="video", stratum=stratum) for stratum in STRATA},
        "validation": _rows(by_video, protocol=place["protocol"], stratum="validation"),
        **{row["protocol"]: [row] for row in same_fakes if row["protocol"] != place["protocol"]},
    }
    found = {name: _auc(rows[0], detector) for name, rows in chosen.items() if rows and rows[0]["n_fake"]}
    for row in _rows(comparison["metrics"], **place):
        if row["metric"] in NUMBERS:
            found[row["level"]][row["metric"]] = row["detectors"][detector]["value"]
    return {**found, "video": {**found["video"], "detector": detector}}


def _rows(table: Sequence[Row], **wanted: str) -> list[Row]:
    """Rows that have these values."""
    return [row for row in table if all(row[key] == value for key, value in wanted.items())]


def _auc(row: Row, detector: str) -> Row:
    found = row["detectors"][detector]
    return {"auc": found["auc"], "auc_low": found["low"], "auc_high": found["high"]}
