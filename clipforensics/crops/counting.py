"""How many videos have no face, one or several, and how large faces are, by class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.core.records import Video
from clipforensics.crops.extraction import CROPS, NO_FACE
from clipforensics.crops.person import Crop
from clipforensics.faces.table import NONE, read_detector
from clipforensics.frames.store import INDEX, SKIPPED

Row = dict[str, Any]

NOT_LOOKED_FOR = "no faces were looked for"
"""Reason of an empty table."""


def read_crops(store: Path) -> pd.DataFrame:
    """What each video's frames are cut around: the columns of `Crop`, a row a video; empty without faces."""
    kinds = {name: str if name == "key" else np.int64 for name in Crop.__dataclass_fields__}
    return pd.read_csv(store / CROPS, dtype=kinds, na_filter=False, encoding="utf-8")


def count_crops(store: Path, table: Path, videos: Sequence[Video]) -> Row:
    """Count by manipulation, real footage among them.

    Args:
        store: Frame store.
        table: Folder of the table of faces.
        videos: Of the data set.

    Returns:
        `detector`, and `rows`: `manipulation`, `label`, `n_videos` (that could be decoded), `n_without_face`,
        `n_several` (several faces in one sampled frame), `n_frames` (sampled of videos with a face),
        `n_missing` (of them, without the person), `face_size` (`smallest`, `median`, `largest` of the videos
        by `Crop`'s, in pixels; null without any). Where no faces were looked for `rows` is empty and `reason`
        says so.
    """
    detector = read_detector(table)
    if detector == NONE:
        return {"detector": detector, "rows": [], "reason": NOT_LOOKED_FOR}
    skipped = pd.read_csv(store / SKIPPED, dtype=str, na_filter=False, encoding="utf-8")
    faceless = set(skipped["path"][skipped["reason"].str.startswith(NO_FACE)])
    gone = set(skipped["path"]) - faceless
    crops = read_crops(store).set_index("key")
    index = pd.read_csv(store / INDEX, dtype={"key": str}, na_filter=False, encoding="utf-8")
    kept = index["key"].value_counts()
    by_kind: dict[tuple[int, str], list[Video]] = {}
    for video in videos:
        if video.path not in gone:
            by_kind.setdefault((video.label, video.manipulation), []).append(video)
    rows = [_row(kind, by_kind[kind], crops, kept, faceless) for kind in sorted(by_kind)]
    return {"detector": detector, "rows": rows}


def _row(
    kind: tuple[int, str], videos: Sequence[Video], crops: pd.DataFrame, kept: pd.Series, faceless: set[str]
) -> Row:
    here = crops.loc[[video.key for video in videos if video.key in crops.index]]
    cut = here[here["person"] >= 0]
    return {
        "manipulation": kind[1],
        "label": kind[0],
        "n_videos": len(videos),
        "n_without_face": sum(video.path in faceless for video in videos) + len(here) - len(cut),
        "n_several": int((here["n_at_once"] > 1).sum()),
        "n_frames": int(kept.reindex(cut.index).sum() + cut["n_missing"].sum()),
        "n_missing": int(cut["n_missing"].sum()),
        "face_size": _sizes(cut["face_size"].to_numpy(dtype=np.int64)),
    }


def _sizes(sizes: NDArray[np.int64]) -> dict[str, int] | None:
    if not len(sizes):
        return None
    return {"smallest": int(sizes.min()), "median": int(np.median(sizes)), "largest": int(sizes.max())}
