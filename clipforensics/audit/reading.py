"""A stranger's scores to checked tables: of frames, or of videos where no frame is told apart.

Files are read in blocks, and each block is packed into numbers at once, so memory grows by some 30
bytes a frame, whatever the names and further columns are. Names are data: they are compared and shown,
and no path of this machine is ever made from them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from clipforensics.audit.blocks import Place, blocks
from clipforensics.core.faults import InputError
from clipforensics.naming import places
from clipforensics.naming.choosing import UNSTATED, lost_zeros, remedy_of
from clipforensics.naming.people import Naming, show

SCORE_COLUMNS = ("manipulation", "video", "frame", "label", "score")
PATH = "path"
"""Column that stands for manipulation, video and frame where not both of the first have columns."""

Pair = tuple[str, str]
"""(manipulation, video): what tells a video. Never the name alone: 000_003 is under every manipulation."""

_EXAMPLES = 5
_LABELS = {"real": "0", "fake": "1"}


@dataclass(frozen=True)
class FrameScores:
    """The frames that one file scores, in the order of (manipulation, video, frame).

    Attributes:
        videos: Every (manipulation, video), sorted.
        labels: Shape (n_videos,), 0 real, 1 manipulated.
        codes: Shape (n_frames,), position in `videos` of each frame's video, ascending.
        frames: Shape (n_frames,), frame numbers, ascending within a video; 0 where videos are scored.
        scores: Shape (n_frames,), finite, higher means manipulated.
        ignored: Columns of the file that were not read.
        by_video: The file tells no frames: each row is a video's own score.
    """

    videos: tuple[Pair, ...]
    labels: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    ignored: tuple[str, ...] = ()
    by_video: bool = False


def read_scores(path: Path, naming: Naming = UNSTATED) -> FrameScores:
    """Read scores: columns manipulation, video, frame, label, score; others are ignored.

    Where manipulation or video has no column, a column `path` says what no column does, frames too, read
    by `places.place_of`. Without frames, in columns or paths, each row is the score of a video. `frame` is a
    whole number, `label` 0 or real, 1 or fake, `score` any finite number. White space around a name is
    dropped. Rows may be in any order.

    Args:
        path: CSV in UTF-8, JSON lines or parquet; see `blocks.blocks`.
        naming: What tells a video's name in a path.

    Raises:
        InputError: the file cannot be read, lacks a column or has no rows; a value is missing or is not of
            its kind; a path cannot be read in one way; a (manipulation, video, frame) stands there twice;
            a video has two labels; or all videos have one label.
    """
    numbers: dict[Pair, int] = {}
    packed, ignored, has_frames = [], set[str](), set[bool]()
    for table, place in blocks(path):
        read = _checked_columns(table, place)
        ignored.update(set(table.columns) - set(read.columns))
        block = _placed(read, naming, place)
        has_frames.add("frame" in block.columns)
        packed.append(_pack(block, numbers, place))
    if len(has_frames) > 1:
        raise InputError(f"{path}: some paths are of frames and some of videos; give a file for each")
    codes, frames, labels, scores = (np.concatenate(parts) for parts in zip(*packed, strict=True))
    videos = sorted(numbers)
    rank = np.empty(len(videos), dtype=np.int64)
    rank[[numbers[pair] for pair in videos]] = np.arange(len(videos))
    order = np.lexsort((frames, rank[codes]))
    codes, frames, labels, scores = rank[codes][order], frames[order], labels[order], scores[order]
    by_video = has_frames == {False}
    _check_once(path, videos, codes, frames, by_video)
    of_video = _label_of_video(path, videos, codes, labels)
    return FrameScores(tuple(videos), of_video, codes, frames, scores, tuple(sorted(ignored)), by_video)


def check_same_frames(tables: Sequence[tuple[Path, FrameScores]]) -> None:
    """Detectors are compared on the same frames with the same labels, or not at all.

    Raises:
        InputError: naming both files and the first frame, or label, in which they differ.
    """
    (first_path, first), *others = tables
    for path, table in others:
        if _frames(first) != _frames(table):
            pair, frame, has = _odd_frame(first, table)
            holder, other = (first_path, path) if has else (path, first_path)
            raise InputError(
                f"{holder}: frame {frame} of {show(pair)} is not in {other};"
                " detectors are compared on the same frames: give both files the same ones"
            )
        if (table.labels != first.labels).any():
            pair = first.videos[int(np.flatnonzero(table.labels != first.labels)[0])]
            raise InputError(f"{path}: {show(pair)} has another label than in {first_path}; mend one of them")


def _checked_columns(table: pd.DataFrame, place: Place) -> pd.DataFrame:
    """The columns that are read; `path` only where manipulation or video has none."""
    names = list(table.columns)
    needed = ["label", "score"] if PATH in names else ["manipulation", "video", "label", "score"]
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputError(
            f"{place.path}: no column {', '.join(missing)}; its header must name manipulation, video (or"
            f" path), label, score and, for frames, frame, but reads {show(','.join(names))}"
        )
    from_path = [] if {"manipulation", "video"} <= set(names) else [PATH]
    read = [name for name in (*SCORE_COLUMNS, *from_path) if name in names]
    twice = [name for name in read if names.count(name) > 1]
    if twice:
        raise InputError(f"{place.path}: column {twice[0]} stands there twice; keep one")
    return table[read]


def _placed(block: pd.DataFrame, naming: Naming, place: Place) -> pd.DataFrame:
    """The block with what its paths say, in columns of their own; what has a column stays as it is."""
    if PATH not in block.columns:
        return block
    missing = [name for name in ("manipulation", "video", "frame") if name not in block.columns]
    found = _places(block[PATH], naming, "manipulation" in missing, place)
    columns = {name: [getattr(one, name) for one in found] for name in missing}
    told = {frame is not None for frame in columns.get("frame", ())}
    if len(told) > 1:
        raise place.fault(0, "some paths are of frames and some of videos; give a file for each")
    if told == {False}:
        del columns["frame"]
    elif told:
        columns["frame"] = [str(frame) for frame in columns["frame"]]
    return block.assign(**columns)


def _places(paths: pd.Series, naming: Naming, needs_manipulation: bool, at: Place) -> list[places.Place]:
    """Where each path lies; a row that cannot be read in one way stops, with examples."""
    found, doubtful = [], list[int]()
    remembered = replace(naming, read=lru_cache(maxsize=10_000)(naming.read))  # frames share their folder
    for i, path in enumerate(paths):
        place = places.place_of(path, remembered)
        if place is None or (needs_manipulation and not place.manipulation):
            doubtful.append(i)
        else:
            found.append(place)
    if doubtful:
        shown = ", ".join(show(paths.iloc[i]) for i in doubtful[:_EXAMPLES])
        shown += lost_zeros(naming, paths.iloc[doubtful[0]])
        raise at.fault(
            doubtful[0],
            f"{len(doubtful)} paths are not <manipulation>/.../<video>[/<frame>] of naming {naming.name}"
            f" ({naming.rule}), such as {shown}; {remedy_of(naming)}, or give columns manipulation and video",
        )
    return found


def _pack(
    block: pd.DataFrame, numbers: dict[Pair, int], place: Place
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Video number, frame, label and score of each row; new videos get the next number."""
    local, pairs = pd.factorize(pd.MultiIndex.from_frame(block[["manipulation", "video"]]))
    stripped = _checked_pairs(pairs, local, place)
    codes = np.array([numbers.setdefault(pair, len(numbers)) for pair in stripped], dtype=np.int64)[local]
    words = block["label"].map(lambda text: _LABELS.get(text.strip().lower(), text))
    labels = _numbers(words, "label", "0 (real) or 1 (manipulated)", place)
    scores = _numbers(block["score"], "score", "a finite number, higher for manipulated", place)
    _refuse(~np.isin(labels, (0, 1)), block["label"], "label", "0 (real) or 1 (manipulated)", place)
    return codes, _frame_numbers(block, place), labels.astype(np.int64), scores


def _frame_numbers(block: pd.DataFrame, place: Place) -> npt.NDArray[np.int64]:
    if "frame" not in block.columns:
        return np.zeros(len(block), dtype=np.int64)
    frames = _numbers(block["frame"], "frame", "a whole number", place)
    whole = (frames == np.floor(frames)) & (np.abs(frames) < 2**53)
    _refuse(~whole, block["frame"], "frame", "a whole number", place)
    return frames.astype(np.int64)


def _checked_pairs(pairs: pd.MultiIndex, local: npt.NDArray[np.int64], place: Place) -> list[Pair]:
    stripped = [(str(m).strip(), str(v).strip()) for m, v in pairs]
    for number, pair in enumerate(stripped):
        for column, name in zip(("manipulation", "video"), pair, strict=True):
            if not name:
                row = int(np.flatnonzero(local == number)[0])
                raise place.fault(row, f"{column} is empty; every row needs both names")
    return stripped


def _numbers(column: pd.Series, name: str, rule: str, place: Place) -> npt.NDArray[np.float64]:
    values = np.array([_float(text) for text in column], dtype=np.float64)
    _refuse(~np.isfinite(values), column, name, rule, place)
    return values


def _float(text: str) -> float:
    """The number, or NaN where it is none: Python's own reading, which is exact."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def _refuse(wrong: npt.NDArray[np.bool_], column: pd.Series, name: str, rule: str, place: Place) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise place.fault(row, f"{name} must be {rule}, is {show(column.iloc[row])}; mend or remove the row")


def _check_once(
    path: Path,
    videos: Sequence[Pair],
    codes: npt.NDArray[np.int64],
    frames: npt.NDArray[np.int64],
    by_video: bool,
) -> None:
    twice = np.flatnonzero((np.diff(codes) == 0) & (np.diff(frames) == 0))
    if len(twice):
        at = twice[0]
        what = show(videos[codes[at]]) if by_video else f"frame {frames[at]} of {show(videos[codes[at]])}"
        remedy = "add a column frame, or keep one row a video" if by_video else "keep one row a frame"
        raise InputError(f"{path}: {what} stands there twice ({len(twice)} such rows in all); {remedy}")


def _label_of_video(
    path: Path, videos: Sequence[Pair], codes: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    starts = np.searchsorted(codes, np.arange(len(videos)))
    low, high = np.minimum.reduceat(labels, starts), np.maximum.reduceat(labels, starts)
    if (low != high).any():
        pair = videos[int(np.flatnonzero(low != high)[0])]
        raise InputError(f"{path}: {show(pair)} has rows of label 0 and of label 1; give a video one label")
    if len(set(low.tolist())) < 2:
        raise InputError(
            f"{path}: all {len(videos)} videos have label {low[0]}; add {'real' if low[0] else 'manipulated'}"
            " videos: without both classes nothing can be measured"
        )
    return low


def _frames(table: FrameScores) -> tuple[tuple[Pair, ...], bytes, bytes]:
    return table.videos, table.codes.tobytes(), table.frames.tobytes()


def _odd_frame(first: FrameScores, second: FrameScores) -> tuple[Pair, int, bool]:
    """The first frame that only one of the tables has, and whether it is the first table."""
    ours = pd.MultiIndex.from_arrays([_where(first), first.frames])
    theirs = pd.MultiIndex.from_arrays([_where(second), second.frames])
    only = ours.difference(theirs, sort=False)
    pair, frame = only[0] if len(only) else theirs.difference(ours, sort=False)[0]
    return pair, int(frame), bool(len(only))


def _where(table: FrameScores) -> npt.NDArray[np.object_]:
    pairs = np.empty(len(table.videos), dtype=object)
    pairs[:] = table.videos
    return pairs[table.codes]
