"""The tables that cells leave: splits with leak flags, frame scores, curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from clipforensics.core.faults import InputError
from clipforensics.core.records import PARTS, Video

SCORE_COLUMNS = {"key": str, "manipulation": str, "label": int, "part": str, "frame": int, "score": float}

WHOSE = "person"
"""Column of a table of scores that has one where people are stored apart: whose score the frame's is."""

FLAGS = ("target_seen", "source_seen", "any_seen", "twin", "same_content", "unknown")
"""Flags of `leakage.Leak` against training that the parts val and test carry; train has `unknown` alone."""

VAL_FLAGS = {"val_any_seen": "any_seen", "val_twin": "twin"}
"""What the test part carries beside: the same against validation, on which everything is chosen."""


def _read_table(path: Path, kinds: type | dict[str, type]) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path} does not exist; run `dvc repro`")
    return pd.read_csv(path, dtype=kinds, na_filter=False)


def write_curve(path: Path, table: pd.DataFrame) -> None:
    """Write a table of numbers for `dvc plots`; 9 digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.9g")


def write_scores(path: Path, scores: pd.DataFrame) -> None:
    """Write the table of frame scores; 9 digits, which name a float32 uniquely."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [*SCORE_COLUMNS, *([WHOSE] if WHOSE in scores else [])]
    scores[columns].to_csv(path, index=False, lineterminator="\n", float_format="%.9g")


def read_scores(path: Path) -> pd.DataFrame:
    """Read a table of frame scores: key, manipulation, label, part (val or test), frame, score; person."""
    return _read_table(path, SCORE_COLUMNS)


def write_split(
    path: Path, videos: Sequence[Video], groups: Mapping[str, int], flags: Mapping[str, Sequence[bool]]
) -> None:
    """Write one part of a split, a row a video.

    Args:
        path: CSV file.
        videos: The part.
        groups: Identity group of each video, by key.
        flags: Leak flags of the part by column (`FLAGS`, `VAL_FLAGS`), one a video.
    """
    columns = ("key", "label", "manipulation", "target", "source")
    table = {name: [getattr(video, name) for video in videos] for name in columns}
    table["group"] = [groups[video.key] for video in videos]
    table |= {name: [int(flag) for flag in values] for name, values in flags.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(table).to_csv(path, index=False, lineterminator="\n")


def read_split(path: Path) -> pd.DataFrame:
    """Read one part of a split: key, label, manipulation, target, source, group, leak flags."""
    table = _read_table(path, str)
    flags = [c for c in table.columns if c in {"label", "group", *FLAGS, *VAL_FLAGS}]
    return table.astype(dict.fromkeys(flags, int))


def read_parts(folder: Path) -> dict[str, pd.DataFrame]:
    """The parts `train`, `val` and `test` of a split and train set, as `read_split` gives them."""
    return {part: read_split(folder / f"{part}.csv") for part in PARTS}
