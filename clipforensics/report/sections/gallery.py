"""The error lists with their frames as pictures, ready for the page."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from clipforensics.explanations.maps import Heatmaps
from clipforensics.frames.rows import RowIndex
from clipforensics.report.figures.bars import score_bar, sparkline
from clipforensics.report.figures.overlay import overlay
from clipforensics.report.wording.names import label_of
from clipforensics.report.wording.numbers import counted, known, number, percent

Json = Mapping[str, Any]

FRAMES_PER_VIDEO = 3
JPEG_QUALITY = 80

_NOBODY: Mapping[int, int] = {}


class Frames(Protocol):
    """What the gallery needs of a frame store (clipforensics.frames.store.FrameStore has it)."""

    @property
    def rows(self) -> RowIndex:
        """Which row is which frame of which video; and of which person, where people are stored apart."""
        ...

    def read(self, rows: Any) -> NDArray[np.uint8]:
        """RGB pictures of these rows, shape (n, size, size, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame as a data: URI, with its number in the video."""

    uri: str
    frame: int


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One video of an error list.

    Attributes:
        name: The video's own name.
        origin: Its manipulation and compression.
        facts: Score, error rate, spread, in words.
        flags: What training knows of it, and the cluster it is in.
        bar: Its score, or its scores over time, drawn.
        pictures: Some of its frames.
        overlays: Detector's title -> the same frames under its heatmaps.
    """

    name: str
    origin: str
    facts: tuple[str, ...]
    flags: tuple[str, ...]
    bar: Markup
    pictures: tuple[Picture, ...]
    overlays: tuple[tuple[str, tuple[Picture, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorList:
    """Videos that share a kind of error; only the first ones have pictures."""

    title: str
    explanation: str
    entries: tuple[ErrorEntry, ...]

    @property
    def pictured(self) -> tuple[ErrorEntry, ...]:
        """The entries shown with frames."""
        return tuple(entry for entry in self.entries if entry.pictures)

    @property
    def plain(self) -> tuple[ErrorEntry, ...]:
        """The entries shown as lines of text."""
        return tuple(entry for entry in self.entries if not entry.pictures)


class Album:
    """Cuts pictures for videos out of a frame store; a frame is encoded once however often it is shown."""

    def __init__(
        self,
        frames: Frames,
        *,
        size: int,
        per_video: int = FRAMES_PER_VIDEO,
        heatmaps: Mapping[str, Heatmaps] | None = None,
    ) -> None:
        """Take `per_video` frames a video, shrunk to at most `size` pixels a side; heatmaps by detector."""
        self._frames, self._size, self._per_video = frames, size, per_video
        self._heatmaps = dict(heatmaps or {})
        self._rows, self._numbers, self._people = frames.rows, frames.rows.frames, frames.rows.people
        self._seen: dict[tuple[str, int], Picture] = {}

    def pictures(
        self, key: str, wanted: Sequence[int] = (), whose: Mapping[int, int] = _NOBODY
    ) -> tuple[Picture, ...]:
        """Frames of one video: the wanted frame numbers, else evenly spaced; none if it is not stored.

        Where people are stored apart, each shows the person whom `whose` names for its number; those that
        are evenly spaced the main one.
        """
        return tuple(self._picture(row) for row in self._chosen(key, wanted, whose))

    def overlays(
        self, key: str, wanted: Sequence[int] = (), whose: Mapping[int, int] = _NOBODY
    ) -> tuple[tuple[str, tuple[Picture, ...]], ...]:
        """The same frames under the heatmaps of each detector that has a map of each of them."""
        rows = self._chosen(key, wanted, whose)
        found = []
        for detector, maps in self._heatmaps.items():
            drawn = [self._map(maps, key, row) for row in rows]
            if rows and all(one is not None for one in drawn):
                pictures = (self._overlaid(row, detector, m) for row, m in zip(rows, drawn, strict=True))
                found.append((label_of(detector), tuple(pictures)))
        return tuple(found)

    def _chosen(self, key: str, wanted: Sequence[int], whose: Mapping[int, int]) -> list[int]:
        if key not in self._rows:
            return []
        rows = self._rows.span(key)
        chosen = [row for number in wanted for row in rows if self._is(row, number, whose)]
        if self._heatmaps:  # frames that can be shown with a map come first
            chosen.sort(key=lambda row: not self._is_mapped(key, row))
        if not chosen:
            rows = rows if self._people is None else rows[self._people[rows] == self._people[rows[0]]]
            n = min(self._per_video, len(rows))
            chosen = [rows[(2 * i + 1) * len(rows) // (2 * n)] for i in range(n)]
        mapped = [row for row in chosen if self._heatmaps and self._is_mapped(key, row)]
        return [int(row) for row in (mapped or chosen)[: self._per_video]]

    def _is(self, row: int, number: int, whose: Mapping[int, int]) -> bool:
        same = bool(self._numbers[row] == number)
        return same and (self._people is None or self._people[row] == whose.get(number))

    def _map(self, maps: Heatmaps, key: str, row: int) -> NDArray[np.float32] | None:
        person = None if self._people is None else int(self._people[row])
        return maps.find(key, int(self._numbers[row]), person)

    def _is_mapped(self, key: str, row: int) -> bool:
        return any(self._map(maps, key, row) is not None for maps in self._heatmaps.values())

    def _picture(self, row: int) -> Picture:
        if ("", row) not in self._seen:
            pixels = np.asarray(self._frames.read([row]))[0]
            self._seen["", row] = Picture(data_uri(pixels, size=self._size), int(self._numbers[row]))
        return self._seen["", row]

    def _overlaid(self, row: int, detector: str, relevance: NDArray[np.float32] | None) -> Picture:
        assert relevance is not None
        if (detector, row) not in self._seen:
            pixels = overlay(np.asarray(self._frames.read([row]))[0], relevance)
            self._seen[detector, row] = Picture(data_uri(pixels, size=self._size), int(self._numbers[row]))
        return self._seen[detector, row]


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


def error_lists(errors: Json, album: Album | None, *, pictures_per_list: int) -> list[ErrorList]:
    """The three error lists of one detector.

    Args:
        errors: Content of data/errors/<detector>/<split>/<train_set>-<seed>.json, with or without clusters.
        album: Where the pictures come from; None for none.
        pictures_per_list: The first so many videos of each list are shown with frames.
    """
    threshold = errors.get("threshold")
    threshold = known(threshold.get("video") if isinstance(threshold, Mapping) else threshold)
    of_frames = known(errors.get("frame_threshold"))
    return [
        ErrorList(
            title,
            explanation,
            tuple(
                _entry(row, threshold, of_frames, album if i < pictures_per_list else None)
                for i, row in enumerate(errors.get(name) or ())
            ),
        )
        for name, title, explanation in (
            ("false_positives", "False positives", "real videos called manipulated"),
            ("false_negatives", "False negatives", "manipulated videos called real"),
            ("worst_videos", "Worst videos", "highest share of frames on the wrong side of the threshold"),
        )
    ]


def _entry(row: Json, threshold: float | None, of_frames: float | None, album: Album | None) -> ErrorEntry:
    name, origin = split_key(row["key"])
    wanted = row.get("worst_frames") or ()
    whose = dict(zip(row["frames"], row["people"], strict=True)) if "people" in row else _NOBODY
    return ErrorEntry(
        name=name,
        origin=origin,
        facts=_facts(row),
        flags=flags_of(row),
        bar=_drawn(row, threshold, of_frames),
        pictures=album.pictures(row["key"], wanted, whose) if album else (),
        overlays=album.overlays(row["key"], wanted, whose) if album else (),
    )


def _facts(row: Json) -> tuple[str, ...]:
    facts = [f"score {number(row.get('score'), 2)}"]
    if known(row.get("spread")) is not None:
        facts.append(f"spread {number(row['spread'], 2)}")
    if known(row.get("error_rate")) is not None:
        facts.append(f"{percent(row['error_rate'])} of {counted(row['n_frames'], 'frame')} wrong")
    return tuple(facts)


def flags_of(row: Json) -> tuple[str, ...]:
    """What training knows of a video, and its cluster, as short marks."""
    flags = []
    if row.get("twin"):
        flags.append("twin in training")
    elif row.get("any_seen"):
        flags.append("identity in training")
    elif row.get("any_seen") == 0:
        flags.append("unseen")
    if row.get("cluster") is not None:
        flags.append(f"cluster {row['cluster']}")
    return tuple(flags)


def _drawn(row: Json, threshold: float | None, of_frames: float | None) -> Markup:
    """Scores over time where they are known, else the video's score."""
    score, scores = known(row.get("score")), [known(s) for s in row.get("scores") or ()]
    series = [s for s in scores if s is not None]
    if series and len(series) == len(scores):
        said = (
            f"scores of {counted(len(series), 'frame')}, from {number(min(series))} to {number(max(series))}"
        )
        return sparkline(series, of_frames if of_frames is not None else threshold, label=said)
    return Markup("") if score is None else score_bar(score, threshold, label=f"score {number(score)}")


def split_key(key: str) -> tuple[str, str]:
    """`(name, manipulation and compression)` of `dataset/manipulation/compression/name`."""
    parts = key.split("/", 3)
    if len(parts) < 4:
        return key, ""
    return parts[3], parts[1] if parts[2] == "-" else f"{parts[1]} {parts[2]}"
