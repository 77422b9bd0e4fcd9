"""Fakes of other data sets against the reals of the one that is trained on: what these reals are worth.

Such a fake differs from these reals in camera, codec and people too, so that an AUC against them says less of
the manipulation than that against the reals of its own data set. On one published benchmark the choice of
reals alone moved an AUC from .62 to .94.
"""

from typing import Any

from clipforensics.comparison.by_protocol import Results
from clipforensics.comparison.meeting import Row, compare_aucs, meet
from clipforensics.core.records import data_set_of


def compare_own_reals(
    results: Results, splits: list[str], train_set: str, *, reference: str, confidence: float, **options: Any
) -> list[Row]:
    """AUCs and differences by video of each manipulation of another data set, against training's own reals.

    Args:
        results: The files.
        splits: Of one protocol: one, or all folds.
        train_set: As in `protocol.train_sets`.
        reference: Detector that the others are subtracted from.
        confidence: Of the intervals.
        options: As `meeting.meet` takes them.

    Returns:
        One row a manipulation, as `meeting.compare_aucs` gives it, without `stratum` and `level`.
    """
    test = results.read_videos(splits, train_set, "test")
    fakes = test[test["label"] == 1]
    elsewhere = sorted(filter(data_set_of, set(fakes["manipulation"])))
    if not elsewhere:
        return []
    scores = results.read_scores(splits, train_set)
    rows = []
    for name in elsewhere:
        met = meet(scores, test, name, reals_of="", **options)
        found, _ = compare_aucs(met, reference=reference, confidence=confidence, strata=False)
        (row,) = (row for row in found if row["level"] == "video")
        rows.append({name: value for name, value in row.items() if name not in ("stratum", "level")})
    return rows
