"""How many videos have no face, one or several, how many people, and how large faces are, by class."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.core.records import Video
from clipforensics.crops.choosing import Person
from clipforensics.crops.extraction import NO_FACE
from clipforensics.crops.masks import lend_masks
from clipforensics.crops.person import Crop
from clipforensics.crops.shards import CROPS
from clipforensics.faces.table import NONE, read_detector, read_whole
from clipforensics.frames.store import INDEX, SKIPPED

Row = dict[str, Any]

NOT_LOOKED_FOR = "no faces were looked for"
"""Reason of an empty table."""


def read_crops(store: Path) -> pd.DataFrame:
    """What each video's frames are cut around: the columns of `Crop` or `MarkedCrop`; empty without faces."""
    kinds = {name: str if name == "key" else np.int64 for name in Crop.__dataclass_fields__}
    return pd.read_csv(store / CROPS, dtype=kinds, na_filter=False, encoding="utf-8")


def count_crops(store: Path, table: Path, videos: Sequence[Video], person: Person = "largest") -> Row:
    """Count by manipulation, real footage among them.

    Args:
        store: Frame store.
        table: Folder of the table of faces.
        videos: All, those of the data set that is trained on first.
        person: Whom frames are cut around.

    Returns:
        `detector`, and `rows`: `manipulation`, `label`, `n_videos` (that could be decoded), `n_without_face`,
        `n_several` (several faces in one sampled frame), `n_frames` (sampled of videos with a face),
        `n_missing` (of them, without the person), `face_size` (`smallest`, `median`, `largest` of the videos
        by `Crop`'s, in pixels; null without any). Data sets in which nobody was looked for have no rows;
        where that is all of them `reason` says so.

        Of `every`, person and size are the main one's, a missing frame has none of the people who are stored,
        and `people` is how many videos (as a number) have how many people (as a key). Of `mask`, `masks` is
        how many videos with a face have a mask of their `own`, one `lent` (`masks.lend_masks`) or `none`, and
        of how many, be it for want of one, `by_size` chose.
    """
    detector = read_detector(table)
    if detector == NONE:
        return {"detector": detector, "rows": [], "reason": NOT_LOOKED_FOR}
    whole, (faceless, gone) = read_whole(table), _read_skipped(store)
    index = pd.read_csv(store / INDEX, dtype={"key": str}, na_filter=False, encoding="utf-8")
    crops = _by_video(read_crops(store), index)
    by_kind: dict[tuple[int, str], list[Video]] = {}
    for video in lend_masks(videos) if person == "mask" else videos:
        if (video.dataset, video.path) not in gone and video.dataset not in whole:
            by_kind.setdefault((video.label, video.manipulation), []).append(video)
    counts: dict[Person, Callable[[pd.DataFrame, Sequence[Video]], Row]] = {
        "every": _count_people,
        "mask": partial(_count_masks, {video.key for video in videos if video.mask}),
    }
    count = counts.get(person, _count_nothing_more)
    rows = [{**_row(kind, of, crops, faceless), **count(crops, of)} for kind, of in sorted(by_kind.items())]
    return {"detector": detector, "rows": rows}


def _read_skipped(store: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Data set and path of the videos without a face, and of all else that was left out."""
    skipped = pd.read_csv(store / SKIPPED, dtype=str, na_filter=False, encoding="utf-8")
    places = list(zip(skipped["dataset"], skipped["path"], strict=True))
    none_found = skipped["reason"].str.startswith(NO_FACE)
    faceless = {place for place, none in zip(places, none_found, strict=True) if none}
    return faceless, set(places) - faceless


def _by_video(crops: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    """By key its main person's row, with `n_sampled`, `n_missing` (with nobody who is stored), `n_people`."""
    main = crops.drop_duplicates("key").set_index("key")
    whose = ["key", "person"] if "person" in index else ["key"]
    of_main = index.merge(index[whose].drop_duplicates("key")).groupby("key").size()
    n_sampled = main["n_missing"] + of_main.reindex(main.index)
    n_kept = index.groupby("key")["frame"].nunique().reindex(main.index)
    n_people = crops[crops["person"] >= 0].groupby("key").size().reindex(main.index, fill_value=0)
    return main.assign(n_sampled=n_sampled, n_missing=n_sampled - n_kept, n_people=n_people)


def _found(crops: pd.DataFrame, videos: Sequence[Video]) -> pd.DataFrame:
    """The rows of these videos that have a face."""
    here = crops.loc[[video.key for video in videos if video.key in crops.index]]
    return here[here["person"] >= 0]


def _count_nothing_more(crops: pd.DataFrame, videos: Sequence[Video]) -> Row:
    return {}


def _count_people(crops: pd.DataFrame, videos: Sequence[Video]) -> Row:
    counted = Counter(_found(crops, videos)["n_people"].tolist())
    return {"people": {str(n): counted[n] for n in sorted(counted)}}


def _count_masks(own: set[str], crops: pd.DataFrame, videos: Sequence[Video]) -> Row:
    found = _found(crops, videos)
    masked = found.index.intersection([video.key for video in videos if video.mask])
    n_own = len(masked.intersection(list(own)))
    counts = {"own": n_own, "lent": len(masked) - n_own, "none": len(found) - len(masked)}
    return {"masks": {**counts, "by_size": int((found["marked"] == 0).sum())}}


def _row(
    kind: tuple[int, str], videos: Sequence[Video], crops: pd.DataFrame, faceless: set[tuple[str, str]]
) -> Row:
    here = crops.loc[[video.key for video in videos if video.key in crops.index]]
    cut = _found(crops, videos)
    return {
        "manipulation": kind[1],
        "label": kind[0],
        "n_videos": len(videos),
        "n_without_face": sum((video.dataset, video.path) in faceless for video in videos)
        + len(here)
        - len(cut),
        "n_several": int((here["n_at_once"] > 1).sum()),
        "n_frames": int(cut["n_sampled"].sum()),
        "n_missing": int(cut["n_missing"].sum()),
        "face_size": _sizes(cut["face_size"].to_numpy(dtype=np.int64)),
    }


def _sizes(sizes: NDArray[np.int64]) -> dict[str, int] | None:
    if not len(sizes):
        return None
    return {"smallest": int(sizes.min()), "median": int(np.median(sizes)), "largest": int(sizes.max())}
