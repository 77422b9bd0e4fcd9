"""What a twin in training is worth, tested by permutation, where the split drew twins by chance."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clipforensics.comparison.meeting import Meeting, Row
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.statistics.permutation import permute_status, shares_won

BY_CHANCE = "per_class"
"""The protocol whose own shuffle decides, name by name, which fakes of the training manipulation are trained
on, so which test fakes have a twin."""

PAIR = ["target", "source"]


def with_permutations(
    meeting: Meeting, gaps: Sequence[Row], trained: pd.DataFrame, *, n: int, seed: int
) -> list[Row]:
    """Rows of `leak_gaps`, the one of twin minus no_twin by video with a `permutation` for each detector.

    Only fakes that could have had a twin take part: those whose target and source every training manipulation
    has in training or in validation. Where several videos share them, they share their status too, so that
    single videos were not drawn: then there is none, and neither where one stratum is empty.

    Args:
        meeting: The detectors.
        gaps: Of `meeting.compare_aucs`, under the protocol `BY_CHANCE`.
        trained: Videos of the parts train and val.
        n: Permutations to draw.
        seed: Of the draws.

    Returns:
        The rows; in `detectors`, `permutation`: {p, n, n_twin, n_no_twin}.
    """
    drawn = _drawn_fakes(meeting, trained)
    if drawn["twin"].nunique() < 2 or drawn.duplicated(PAIR).any():
        return list(gaps)
    status = drawn["twin"].to_numpy() == 1
    counts = {"n_twin": int(status.sum()), "n_no_twin": int((~status).sum())}
    tests = {
        name: permute_status(won[drawn["key"]].to_numpy(), status, n=n, seed=seed)._asdict() | counts
        for name, won in _shares_won(meeting).items()
    }
    return [_with(row, tests) if _is_twin_gap(row) else row for row in gaps]


def _drawn_fakes(meeting: Meeting, trained: pd.DataFrame) -> pd.DataFrame:
    """Test fakes of the meeting that could have had a twin."""
    videos = meeting.videos
    ours = videos[(videos["label"] == 1) & videos["key"].isin(set(meeting.frames["key"]))]
    fakes = trained[trained["label"] == 1]
    pairs = [set(zip(one["target"], one["source"], strict=True)) for _, one in fakes.groupby("manipulation")]
    known = set.intersection(*pairs) if pairs else set()
    possible = [bool(source) and (target, source) in known for target, source in ours[PAIR].to_numpy()]
    return ours[np.array(possible, dtype=bool)]


def _shares_won(meeting: Meeting) -> dict[str, pd.Series]:
    """Detector to the share of reals that each fake outscores, by key; mean over training seeds."""
    found: dict[str, list[pd.Series]] = {}
    for (name, _), table in meeting.scores.items():
        scores, labels, keys = (table[column].to_numpy() for column in ("score", "label", "key"))
        pooled, truth = pool_by_video(scores, labels, keys, how=meeting.aggregate)
        fakes = np.unique(keys)[truth == 1]
        found.setdefault(name, []).append(pd.Series(shares_won(pooled, truth), index=fakes))
    return {name: pd.concat(seeds, axis=1).mean(axis=1) for name, seeds in found.items()}


def _is_twin_gap(row: Row) -> bool:
    return (row["level"], row["minuend"], row["subtrahend"]) == ("video", "twin", "no_twin")


def _with(row: Row, tests: Mapping[str, Row]) -> Row:
    detectors = {name: {**one, "permutation": tests[name]} for name, one in row["detectors"].items()}
    return {**row, "detectors": detectors}
