"""A stranger's CSV files to checked tables: frame scores, and the list of training videos.

Files are read in blocks, and each block is packed into numbers at once, so memory grows by some 30
bytes a frame, whatever the names and further columns are. Names are data: they are compared and shown,
and no path is ever made from them.
"""

import csv
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from clipforensics.core.faults import InputError

SCORE_COLUMNS = ("manipulation", "video", "frame", "label", "score")
TRAIN_COLUMNS = ("manipulation", "video")

Pair = tuple[str, str]
"""(manipulation, video): what tells a video. Never the name alone: 000_003 is under every manipulation."""

_BLOCK = 200_000  # rows held as text at a time
_LONGEST = 60  # characters of a name in a message


@dataclass(frozen=True)
class FrameScores:
    """The frames that one file scores, in the order of (manipulation, video, frame).

    Attributes:
        videos: Every (manipulation, video), sorted.
        labels: Shape (n_videos,), 0 real, 1 manipulated.
        codes: Shape (n_frames,), position in `videos` of each frame's video, ascending.
        frames: Shape (n_frames,), frame numbers, ascending within a video.
        scores: Shape (n_frames,), finite, higher means manipulated.
        ignored: Columns of the file that were not read.
    """

    videos: tuple[Pair, ...]
    labels: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    ignored: tuple[str, ...] = ()


def read_scores(path: Path) -> FrameScores:
    """Read frame scores: columns manipulation, video, frame, label, score; others are ignored.

    `frame` is a whole number, `label` 0 or 1, `score` any finite number. White space around a name is
    dropped. Rows may be in any order.

    Raises:
        InputError: the file cannot be read, is not CSV in UTF-8, lacks a column or has no rows; a value
            is missing or is not of its kind; a (manipulation, video, frame) stands there twice; a video
            has two labels; or all videos have one label.
    """
    numbers: dict[Pair, int] = {}
    packed, ignored = [], set[str]()
    for block, others, row in _blocks(path, SCORE_COLUMNS):
        packed.append(_pack(block, numbers, _Place(path, row)))
        ignored.update(others)
    codes, frames, labels, scores = (np.concatenate(parts) for parts in zip(*packed, strict=True))
    videos = sorted(numbers)
    rank = np.empty(len(videos), dtype=np.int64)
    rank[[numbers[pair] for pair in videos]] = np.arange(len(videos))
    order = np.lexsort((frames, rank[codes]))
    codes, frames, labels, scores = rank[codes][order], frames[order], labels[order], scores[order]
    _check_frames_once(path, videos, codes, frames)
    of_video = _label_of_video(path, videos, codes, labels)
    return FrameScores(tuple(videos), of_video, codes, frames, scores, tuple(sorted(ignored)))


def read_train(path: Path) -> tuple[Pair, ...]:
    """Read the training videos: columns manipulation and video; others are ignored.

    Returns:
        Each (manipulation, video) once, sorted; a list by frames is fine.

    Raises:
        InputError: the file cannot be read, is not CSV in UTF-8, lacks a column, a name or any rows.
    """
    found: set[Pair] = set()
    for block, _, row in _blocks(path, TRAIN_COLUMNS):
        found.update(_pairs(block, _Place(path, row)))
    return tuple(sorted(found))


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


def show(name: object) -> str:
    """A name or (manipulation, video) in a message: quoted, control characters escaped, not too long."""
    text = "/".join(name) if isinstance(name, tuple) else str(name)
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")


@dataclass(frozen=True, slots=True)
class _Place:
    """A file and the number of data rows before the block at hand."""

    path: Path
    row: int

    def fault(self, index: int, what: str) -> InputError:
        return InputError(f"{self.path}: data row {self.row + index + 1}: {what}")


def _blocks(path: Path, needed: Sequence[str]) -> Iterator[tuple[pd.DataFrame, tuple[str, ...], int]]:
    """Blocks of the needed columns as text, the columns left out, and the data rows before the block."""
    before, columns = 0, None
    for block in _text_blocks(path):
        if columns is None:
            columns = _header(path, [str(name).strip() for name in block.iloc[0]], needed)
            block = block.iloc[1:]
        block.columns = pd.Index(columns)
        if len(block):
            yield block[list(needed)], tuple(c for c in columns if c not in needed), before
        before += len(block)
    if not before:
        raise InputError(f"{path}: has no rows beneath its header; give it one row a frame or video")


def _text_blocks(path: Path) -> Iterator[pd.DataFrame]:
    """The file as text in blocks; the header is the first row, so that pandas renames no column."""
    options = {"header": None, "dtype": str, "na_filter": False, "index_col": False, "chunksize": _BLOCK}
    try:
        with warnings.catch_warnings(), path.open(encoding="utf-8-sig", newline="") as file:
            warnings.simplefilter("error", ParserWarning)
            yield from pd.read_csv(file, **options)
    except EmptyDataError as error:
        raise InputError(f"{path}: is empty; give it a header and rows") from error
    except UnicodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error}); save it as CSV in UTF-8") from error
    except (ParserError, ParserWarning, csv.Error) as error:
        raise InputError(f"{path}: is not CSV: {str(error).strip()}; mend or quote that line") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error


def _header(path: Path, columns: list[str], needed: Sequence[str]) -> list[str]:
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; its header must name {', '.join(needed)}, comma"
            f" separated, but reads {show(','.join(columns))}"
        )
    twice = [name for name in needed if columns.count(name) > 1]
    if twice:
        raise InputError(f"{path}: column {twice[0]} stands there twice; keep one")
    return columns


def _pack(
    block: pd.DataFrame, numbers: dict[Pair, int], place: _Place
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Video number, frame, label and score of each row; new videos get the next number."""
    local, pairs = pd.factorize(pd.MultiIndex.from_frame(block[["manipulation", "video"]]))
    stripped = _checked_pairs(pairs, local, place)
    codes = np.array([numbers.setdefault(pair, len(numbers)) for pair in stripped], dtype=np.int64)[local]
    frames = _numbers(block["frame"], "frame", "a whole number", place)
    labels = _numbers(block["label"], "label", "0 (real) or 1 (manipulated)", place)
    scores = _numbers(block["score"], "score", "a finite number, higher for manipulated", place)
    whole = (frames == np.floor(frames)) & (np.abs(frames) < 2**53)
    _refuse(~whole, block["frame"], "frame", "a whole number", place)
    _refuse(~np.isin(labels, (0, 1)), block["label"], "label", "0 (real) or 1 (manipulated)", place)
    return codes, frames.astype(np.int64), labels.astype(np.int64), scores


def _pairs(block: pd.DataFrame, place: _Place) -> list[Pair]:
    local, pairs = pd.factorize(pd.MultiIndex.from_frame(block[["manipulation", "video"]]))
    return _checked_pairs(pairs, local, place)


def _checked_pairs(pairs: pd.MultiIndex, local: npt.NDArray[np.int64], place: _Place) -> list[Pair]:
    stripped = [(str(m).strip(), str(v).strip()) for m, v in pairs]
    for number, pair in enumerate(stripped):
        for column, name in zip(TRAIN_COLUMNS, pair, strict=True):
            if not name:
                row = int(np.flatnonzero(local == number)[0])
                raise place.fault(row, f"{column} is empty; every row needs both names")
    return stripped


def _numbers(column: pd.Series, name: str, rule: str, place: _Place) -> npt.NDArray[np.float64]:
    values = np.array([_float(text) for text in column], dtype=np.float64)
    _refuse(~np.isfinite(values), column, name, rule, place)
    return values


def _float(text: str) -> float:
    """The number, or NaN where it is none: Python's own reading, which is exact."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def _refuse(wrong: npt.NDArray[np.bool_], column: pd.Series, name: str, rule: str, place: _Place) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise place.fault(row, f"{name} must be {rule}, is {show(column.iloc[row])}; mend or remove the row")


def _check_frames_once(
    path: Path, videos: Sequence[Pair], codes: npt.NDArray[np.int64], frames: npt.NDArray[np.int64]
) -> None:
    twice = np.flatnonzero((np.diff(codes) == 0) & (np.diff(frames) == 0))
    if len(twice):
        at = twice[0]
        raise InputError(
            f"{path}: frame {frames[at]} of {show(videos[codes[at]])} stands there twice"
            f" ({len(twice)} such rows in all); keep one row a frame"
        )


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
