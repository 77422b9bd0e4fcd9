"""Videos of different parts that look alike: those whose names explain it, and those whose names do not.

A swap keeps most pixels of its target's footage, so a fake looks like its target, and twins look like one
another. That is no news where names say who is in them: the leak audit by names counts it. Where names share
nobody, it is a leak that no name tells, or two scenes that happen to look alike: somebody has to look.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clipforensics.core.records import Video
from clipforensics.splits.leakage import people_in

Row = dict[str, Any]

BETWEEN = {"train_test": ("train", "test"), "val_test": ("val", "test"), "train_val": ("train", "val")}
"""Which parts are compared; what is counted are videos of the second."""

EXAMPLES = 5


def with_explanation(pairs: pd.DataFrame, videos: Sequence[Video]) -> pd.DataFrame:
    """The pairs with the column `explained`: whether a name, YouTube id or the very bytes say that both show
    one.

    Args:
        pairs: As `matching.similar_videos` gives them.
        videos: All of the data set.
    """
    people = {video.key: set(of.tolist()) for video, of in zip(videos, people_in(videos), strict=True)}
    both = zip(pairs["a"], pairs["b"], strict=True)
    return pairs.assign(explained=[bool(people[a] & people[b]) for a, b in both])


def audit(pairs: pd.DataFrame, parts: Mapping[str, pd.DataFrame], hashed: set[str]) -> Row:
    """Count what looks alike between the parts of one split.

    Args:
        pairs: With the column `explained`.
        parts: `train`, `val` and `test` to its videos: key, label.
        hashed: Keys of videos that have a hash.

    Returns:
        `n_hashed` by part, and for each of `BETWEEN`: `pairs` (explained, unexplained); `videos` of the
        second part, by class, with how many `n` there are and how many look like one of the first,
        `explained` (some name says why) and `unexplained` (with another of them no name does); `examples` of
        unexplained pairs, the nearest first: `video` of the second part and `other`. JSON-ready.
    """
    labels = {
        part: dict(zip(table["key"], table["label"].tolist(), strict=True)) for part, table in parts.items()
    }
    counted: Row = {"n_hashed": {part: len(hashed & set(of)) for part, of in labels.items()}}
    return counted | {
        name: _between(pairs, labels[one], labels[other]) for name, (one, other) in BETWEEN.items()
    }


def _between(pairs: pd.DataFrame, first: Mapping[str, int], second: Mapping[str, int]) -> Row:
    by_kind: dict[str, list[Row]] = {kind: [] for kind in KINDS}
    for row in pairs.itertuples():
        for video, other in ((row.a, row.b), (row.b, row.a)):
            if video in second and other in first:
                found = {
                    "video": video,
                    "other": other,
                    "distance": int(row.distance),
                    "share": float(row.share),
                }
                same = {"same_class": first[other] == second[video]}
                by_kind["explained" if row.explained else "unexplained"].append({**found, **same})
    return {
        "pairs": {kind: len(of) for kind, of in by_kind.items()},
        "videos": {name: _videos(second, label, by_kind) for label, name in enumerate(("real", "fake"))},
        "examples": by_kind["unexplained"][:EXAMPLES],
    }


KINDS = ("explained", "unexplained")


def _videos(second: Mapping[str, int], label: int, by_kind: Mapping[str, Sequence[Row]]) -> Row:
    of_class = {key for key, found in second.items() if found == label}
    counts = {kind: len(of_class & {row["video"] for row in rows}) for kind, rows in by_kind.items()}
    return {"n": len(of_class), **counts}


def summary(audited: Row) -> str:
    """One line for the terminal: how many test videos look like training though no name says why."""
    videos = audited["train_test"]["videos"].values()
    n, explained, unexplained = (sum(one[key] for one in videos) for key in ("n", *KINDS))
    return (
        f"of {n} test videos {explained} look like a training video by whose name that is explained, and"
        f" {unexplained} like one whose name says nothing of it"
    )
