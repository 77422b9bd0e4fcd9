"""The error lists with their frames as pictures, ready for the page."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from clipforensics.figures import score_bar
from clipforensics.report.numbers import known, number

Json = Mapping[str, Any]

FRAMES_PER_VIDEO = 3
JPEG_QUALITY = 80


class Frames(Protocol):
    """What the gallery needs of a frame store (clipforensics.frames.FrameStore has it)."""

    @property
    def index(self) -> pd.DataFrame:
        """One row a stored frame, with columns key and frame."""
        ...

    def read(self, rows: Any) -> NDArray[np.uint8]:
        """RGB pictures of these rows of the index, shape (n, size, size, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame as a data: URI, with its number in the video."""

    uri: str
    frame: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One video of an error list."""

    name: str
    origin: str
    facts: tuple[str, ...]
    bar: Markup
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class ErrorList:
    """Videos that share a kind of error; only the first ones have pictures."""

    title: str
    explanation: str
    entries: tuple[Entry, ...]

    @property
    def pictured(self) -> tuple[Entry, ...]:
        """The entries shown with frames."""
        return tuple(entry for entry in self.entries if entry.pictures)

    @property
    def plain(self) -> tuple[Entry, ...]:
        """The entries shown as lines of text."""
        return tuple(entry for entry in self.entries if not entry.pictures)


class Album:
    """Cuts pictures for videos out of a frame store; a video is encoded once however often it is shown."""

    def __init__(self, frames: Frames, *, size: int, per_video: int = FRAMES_PER_VIDEO) -> None:
        """Take `per_video` frames a video, shrunk to at most `size` pixels a side."""
        self._frames, self._size, self._per_video = frames, size, per_video
        index = frames.index.reset_index(drop=True)
        self._rows = {str(key): rows for key, rows in index.groupby("key", sort=False).indices.items()}
        self._numbers = index["frame"].to_numpy()
        self._seen: dict[int, Picture] = {}

    def pictures(self, key: str, wanted: Sequence[int] = ()) -> tuple[Picture, ...]:
        """Frames of one video: the wanted frame numbers, else evenly spaced; none if it is not stored."""
        rows = self._rows.get(key)
        if rows is None:
            return ()
        chosen = [row for number in wanted for row in rows if self._numbers[row] == number]
        if not chosen:
            n = min(self._per_video, len(rows))
            chosen = [rows[(2 * i + 1) * len(rows) // (2 * n)] for i in range(n)]
        return tuple(self._picture(int(row)) for row in chosen[: self._per_video])

    def _picture(self, row: int) -> Picture:
        if row not in self._seen:
            pixels = np.asarray(self._frames.read([row]))[0]
            self._seen[row] = Picture(data_uri(pixels, size=self._size), int(self._numbers[row]))
        return self._seen[row]


def data_uri(pixels: NDArray[np.uint8], *, size: int) -> str:
    """A picture as JPEG in a data: URI.

    Args:
        pixels: RGB, shape (height, width, 3).
        size: Longest side in pixels; a smaller picture is left as it is.
    """
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def error_lists(errors: Json, album: Album, *, pictures_per_list: int) -> list[ErrorList]:
    """The three error lists of one detector.

    Args:
        errors: Content of data/errors/<detector>/<train_set>-<seed>.json.
        album: Where the pictures come from.
        pictures_per_list: The first so many videos of each list are shown with frames.
    """
    threshold = errors.get("threshold")
    threshold = known(threshold.get("video") if isinstance(threshold, Mapping) else threshold)
    return [
        ErrorList(title, explanation, _entries(errors.get(name) or (), threshold, album, pictures_per_list))
        for name, title, explanation in (
            ("false_positives", "False positives", "real videos called manipulated"),
            ("false_negatives", "False negatives", "manipulated videos called real"),
            ("worst_videos", "Worst videos", "highest share of frames on the wrong side of the threshold"),
        )
    ]


def _entries(rows: Sequence[Json], threshold: float | None, album: Album, pictured: int) -> tuple[Entry, ...]:
    return tuple(_entry(row, threshold, album if i < pictured else None) for i, row in enumerate(rows))


def _entry(row: Json, threshold: float | None, album: Album | None) -> Entry:
    name, origin = _split_key(row["key"])
    score = known(row.get("score"))
    facts = [f"score {number(score, 2)}"]
    if known(row.get("error_rate")) is not None:
        facts.append(f"{row['error_rate']:.0%} of {row['n_frames']} frames wrong")
    bar = Markup("") if score is None else score_bar(score, threshold, label=f"score {number(score)}")
    return Entry(
        name=name,
        origin=origin,
        facts=tuple(facts),
        bar=bar,
        pictures=album.pictures(row["key"], row.get("worst_frames") or ()) if album else (),
    )


def _split_key(key: str) -> tuple[str, str]:
    """`(name, manipulation and compression)` of `dataset/manipulation/compression/name`."""
    parts = key.split("/", 3)
    if len(parts) < 4:
        return key, ""
    return parts[3], parts[1] if parts[2] == "-" else f"{parts[1]} {parts[2]}"
