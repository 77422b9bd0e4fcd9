"""One AUC over the fakes of all manipulations that training never saw: what a claim of generality is about.

A single manipulation can go well by luck, or badly; the mean over several is what the next one may be like,
as far as they are like it. Every fake counts once, so a manipulation weighs as many fakes as it has.
"""

from collections.abc import Collection
from typing import Any

import pandas as pd

from clipforensics.comparison.by_protocol import Results
from clipforensics.comparison.meeting import Row, Scores, compare_aucs, meet
from clipforensics.core.records import data_set_of

POOLED = "unseen"
"""Stands as manipulation while they are one."""


def compare_unseen(
    results: Results, splits: list[str], train_set: str, *, reference: str, confidence: float, **options: Any
) -> list[Row]:
    """AUCs and differences over all test fakes of manipulations that are not in the train set.

    Args:
        results: The files.
        splits: Of one protocol: one, or all folds.
        train_set: As in `protocol.train_sets`.
        reference: Detector that the others are subtracted from.
        confidence: Of the intervals.
        options: As `meeting.meet` takes them.

    Returns:
        One row a level, as `meeting.compare_aucs` gives them of all fakes, with `manipulations` for
        `manipulation`; none where the test has fewer than two such manipulations.
    """
    test = results.read_videos(splits, train_set, "test")
    unseen = unseen_in(test, train_set)
    if not unseen:
        return []
    pooled = as_one(results.read_scores(splits, train_set), unseen)
    rows, _ = compare_aucs(
        meet(pooled, test, POOLED, **options), reference=reference, confidence=confidence, strata=False
    )
    return [
        {"manipulations": unseen, **{k: v for k, v in row.items() if k not in ("manipulation", "stratum")}}
        for row in rows
    ]


def unseen_in(test: pd.DataFrame, train_set: str) -> list[str]:
    """Manipulations of a test that are not in the train set; none where there are fewer than two to be one.

    Those of other data sets do not count: their reals are others.

    Args:
        test: The test part: columns label, manipulation.
        train_set: As in `protocol.train_sets`.
    """
    fakes = test["manipulation"][test["label"] == 1]
    unseen = sorted(name for name in set(fakes) - set(train_set.split("+")) if not data_set_of(name))
    return unseen if len(unseen) > 1 else []


def as_one(scores: Scores, manipulations: Collection[str]) -> dict[tuple[str, int], pd.DataFrame]:
    """The same scores with these manipulations called `POOLED`."""
    return {
        who: table.assign(
            manipulation=table["manipulation"].where(~table["manipulation"].isin(list(manipulations)), POOLED)
        )
        for who, table in scores.items()
    }
