"""Videos of different parts that look alike: those whose names explain it, and those whose names do not.

A swap keeps most pixels of its target's footage, so a fake looks like its target, and twins look like one
another. That is no news where names say who is in them: the leak audit by names counts it. Where names share
nobody, it is a leak that no name tells, or two scenes that happen to look alike: somebody has to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clipforensics.core.faults import InputError
from clipforensics.core.files import json_ready
from clipforensics.core.records import Video, data_set_of
from clipforensics.splits.leakage import people_in

Row = dict[str, Any]

BETWEEN = {"train_test": ("train", "test"), "val_test": ("val", "test"), "train_val": ("train", "val")}
"""Which parts are compared; what is counted are videos of the second."""

EXAMPLES = 5


@dataclass(frozen=True)
class Likeness:
    """How videos are alike.

    Attributes:
        measures: Columns of pairs that say how much; examples have them.
        counted: Key under which the videos stand that could be compared.
        verb: Ends `of 9 test videos 2 ...`, such as `look like`.
        remedy: What may be set where videos are only taken for alike.
    """

    measures: tuple[str, ...]
    counted: str
    verb: str
    remedy: str


LOOKS = Likeness(("distance", "share"), "n_hashed", "look like", "lower duplicates.distance")


def with_explanation(pairs: pd.DataFrame, videos: Sequence[Video]) -> pd.DataFrame:
    """The pairs with the column `explained`: whether a name, YouTube id or the very bytes say that both show
    one.

    Args:
        pairs: `a` and `b`, keys of videos that are alike; the nearest first.
        videos: All, those of the data set that is trained on first; of two of these no other data set's names
            say anything.
    """
    own = _people([video for video in videos if video.dataset == videos[0].dataset])
    people = _people(videos)
    explained = []
    for a, b in zip(pairs["a"], pairs["b"], strict=True):
        of = own if a in own and b in own else people
        explained.append(bool(of[a] & of[b]))
    return pairs.assign(explained=explained)


def _people(videos: Sequence[Video]) -> dict[str, set[int]]:
    return {video.key: set(of.tolist()) for video, of in zip(videos, people_in(videos), strict=True)}


def audit(
    pairs: pd.DataFrame, parts: Mapping[str, pd.DataFrame], compared: set[str], likeness: Likeness = LOOKS
) -> Row:
    """Count what is alike between the parts of one split.

    Args:
        pairs: With the column `explained`.
        parts: `train`, `val` and `test` to its videos: key, label, manipulation.
        compared: Keys of videos that could be compared: of those that look alike, that have a hash.
        likeness: How they are alike.

    Returns:
        How many could be compared by part, under the likeness's name, and for each of `BETWEEN`: `compared`,
        pairs of videos, one of each part; `pairs` that are alike (explained, unexplained); `videos` of the
        second part, by class, with how many `n` there are and how many are like one of the first,
        `explained` (some name says why) and `unexplained` (with another of them no name does); the same of
        fakes by `manipulations`; `examples` of unexplained pairs, the nearest first: `video` of the second
        part and `other`. Test videos of data sets that are only tested on are no part of that: where
        there are any, `elsewhere` has by data set the same of its test. JSON-ready.
    """
    whose = parts["test"]["manipulation"].map(data_set_of)
    of = {name: {**parts, "test": parts["test"][whose == name]} for name in sorted({"", *whose})}
    audited = _audit(pairs, of.pop(""), compared, likeness, BETWEEN)
    sides = {name: two for name, two in BETWEEN.items() if "test" in two}
    elsewhere = {name: _audit(pairs, one, compared, likeness, sides) for name, one in of.items()}
    return {**audited, **({"elsewhere": elsewhere} if elsewhere else {})}


def _audit(
    pairs: pd.DataFrame,
    parts: Mapping[str, pd.DataFrame],
    compared: set[str],
    likeness: Likeness,
    sides: Mapping[str, tuple[str, str]],
) -> Row:
    n = {part: len(compared & set(table["key"])) for part, table in parts.items()}
    return {likeness.counted: n} | {
        name: {"compared": n[one] * n[other], **_between(pairs, parts[one], parts[other], likeness)}
        for name, (one, other) in sides.items()
    }


def _between(pairs: pd.DataFrame, one: pd.DataFrame, two: pd.DataFrame, likeness: Likeness) -> Row:
    first, second = (dict(zip(table["key"], table["label"].tolist(), strict=True)) for table in (one, two))
    by_kind: dict[str, list[Row]] = {kind: [] for kind in KINDS}
    for row in pairs.itertuples():
        for video, other in ((row.a, row.b), (row.b, row.a)):
            if video in second and other in first:
                near = {name: json_ready(getattr(row, name)) for name in likeness.measures}
                found = {"video": video, "other": other, **near, "same_class": first[other] == second[video]}
                by_kind["explained" if row.explained else "unexplained"].append(found)
    alike = {kind: {row["video"] for row in rows} for kind, rows in by_kind.items()}
    fakes = two[two["label"] == 1]
    return {
        "pairs": {kind: len(of) for kind, of in by_kind.items()},
        "videos": {
            name: _videos(two[two["label"] == label], alike) for label, name in enumerate(("real", "fake"))
        },
        "manipulations": {str(name): _videos(of, alike) for name, of in fakes.groupby("manipulation")},
        "examples": by_kind["unexplained"][:EXAMPLES],
    }


KINDS = ("explained", "unexplained")


def _videos(of: pd.DataFrame, alike: Mapping[str, set[str]]) -> Row:
    return {"n": len(of), **{kind: int(of["key"].isin(found).sum()) for kind, found in alike.items()}}


def totals(audited: Row, side: str) -> tuple[int, int, int]:
    """Of the second part of `side`, real and fake: videos in all, explained ones, unexplained ones."""
    videos = audited[side]["videos"].values()
    n, explained, unexplained = (sum(one[key] for one in videos) for key in ("n", *KINDS))
    return n, explained, unexplained


def summary(audited: Row, likeness: Likeness = LOOKS) -> str:
    """One line for the terminal: how many test videos are like training though no name says why."""
    n, explained, unexplained = totals(audited, "train_test")
    return (
        f"of {n} test videos {explained} {likeness.verb} a training video by whose name that is explained,"
        f" and {unexplained} like one whose name says nothing of it"
    )


def check_clean(name: str, audited: Row, likeness: Likeness = LOOKS) -> None:
    """The gate of `split.on_leak: fail`, for what no name explains.

    Args:
        name: Of the split, for the message.
        audited: As `audit` gives it.
        likeness: Of the audit.

    Raises:
        InputError: a test video is like one of training or validation, and no name says why.
    """
    for where, one in audited.get("elsewhere", {}).items():
        check_clean(f"{name}, tested on {where},", one, likeness)
    n, _, by_train = totals(audited, "train_test")
    by_val = totals(audited, "val_test")[2]
    if not by_train and not by_val:
        return
    nearest = audited["train_test" if by_train else "val_test"]["examples"][0]
    raise InputError(
        f"split.on_leak is fail, and in {name} {by_train} of {n} test videos {likeness.verb} one of training"
        f" and {by_val} one of validation whose name says nothing of it, first {nearest['video']!r} and"
        f" {nearest['other']!r}; look at them, then name who is in them or take copies out,"
        f" {likeness.remedy} if they are only taken for alike, or set split.on_leak to report"
    )
