"""What a video is, how it is named, and the table of videos that `ingest` writes."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError

REAL = "real"
"""The `manipulation` of an unmanipulated video."""

PARTS = ("train", "val", "test")
"""Of a split, whether this project or a data set's publisher makes it."""

REST = "rest"
"""In a list of test manipulations: every other manipulation of the data set, sorted by name."""

REPEATED = ("dataset", "manipulation", "compression", "codec", "part", "encoder")
"""Columns of the table of videos in which few texts stand again and again: each is in memory once."""

OF = "@"
"""Parts the name of a manipulation from that of its data set, where that one is only tested on."""


@dataclass(frozen=True, slots=True)
class Video:
    """One sequence of one data set; never identified by its file name alone.

    Attributes:
        dataset: Name of the data set, as in conf/data.
        manipulation: Deepfakes, FaceSwap, ...; `real` for unmanipulated footage; `<either>@<data set>` in a
            data set that is only tested on.
        compression: raw, c23, c40, or empty where the data set has no such thing.
        target: Identity whose footage this is (FF++'s `<target>_<source>`).
        source: Identity whose face or expression was brought in; empty for real footage.
        take: Tells apart videos that agree in all of the above; empty where none do.
        label: 0 real, 1 manipulated.
        target_youtube: YouTube id of the target's footage, empty if unknown.
        source_youtube: YouTube id of the source's footage, empty if unknown.
        path: File, folder of numbered pictures or single one, relative to the data set's root, with `/`; of
            a file in a tar shard the shard, `/` and its name there.
        n_frames: Frames in the file (packets of the video stream) or pictures in the folder.
        width: Pixels of a frame as it is shown: after the rotation that the container asks for.
        height: Pixels.
        n_bytes: Size of the file (of all pictures for a folder).
        sha256: Digest of the content; changes when the footage changes.
        others: Further identities in the video, joined by `+`; empty where there are none.
        codec: Of the video stream, as FFmpeg names it; `pictures` for a folder of them, or a single one.
        frame_rate: Frames a second, as the container says on average; 0 where it does not, or for pictures.
        part: The one of `PARTS` that the data set's publisher put it in; empty where nothing is said.
        identities_of: Whose names target, source and others are, where other data sets show the same people;
            empty: the data set's own.
        key_interval: Packets of the video stream a key frame, on average; 0 where there is none, or for
            pictures.
        encoder: Tags in which container and stream name the program that made them (`video.read_encoder`);
            empty where they do not, or for pictures.
        mask: Of a manipulated video, where the publisher's mask of what was manipulated lies, written like
            `path`: a video, or a folder of pictures, of as many frames; empty where there is none.
        complaints: Errors that the decoder told of while `ingest` decoded every frame, and frames that it
            marked as damaged; pictures that could not be read. 0 wherever `ingest.decoding` is strict.
    """

    dataset: str
    manipulation: str
    compression: str
    target: str
    source: str
    take: str
    label: int
    target_youtube: str
    source_youtube: str
    path: str
    n_frames: int = 0
    width: int = 0
    height: int = 0
    n_bytes: int = 0
    sha256: str = ""
    others: str = ""
    codec: str = ""
    frame_rate: float = 0.0
    part: str = ""
    identities_of: str = ""
    key_interval: float = 0.0
    encoder: str = ""
    mask: str = ""
    complaints: int = 0

    @property
    def people(self) -> tuple[str, ...]:
        """Every identity that is known to be in it: target, source, others; each once."""
        names = (self.target, self.source, *self.others.split("+"))
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def unknown(self) -> bool:
        """Whether nobody can say who is in it: no target, or a fake of no known source."""
        return not self.target or (self.label == 1 and not self.source)

    @property
    def name(self) -> str:
        """`<target>`, `<target>_<source>`, with `~<take>` where there is one."""
        stem = f"{self.target}_{self.source}" if self.source else self.target
        return f"{stem}~{self.take}" if self.take else stem

    @property
    def key(self) -> str:
        """`dataset/manipulation/compression/name`: what every later table joins on."""
        manipulation = self.manipulation.partition(OF)[0]
        return "/".join((self.dataset, manipulation, self.compression or "-", self.name))


def data_set_of(manipulation: str) -> str:
    """The data set that a manipulation's name ends with; empty for those that are trained on."""
    return manipulation.partition(OF)[2]


@dataclass(frozen=True, slots=True)
class Skipped:
    """One video that a stage had to leave out, and why; `path` is relative to its data set's root."""

    stage: str
    path: str
    reason: str
    dataset: str = ""


def write_records(path: Path, kind: type, records: Iterable[object]) -> None:
    """Write dataclass records as CSV, one column a field, in the given order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [field.name for field in fields(kind)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(record) for record in records)  # type: ignore[call-overload]


def read_videos(path: Path) -> list[Video]:
    """Read the table of videos.

    Raises:
        InputError: the file or a column is missing, or a number is not one.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; run `dvc repro ingest`")
    kinds = {field.name: sys.intern if field.name in REPEATED else field.type for field in fields(Video)}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        found = set(reader.fieldnames or ())
        for wrong, names in (("missing", kinds.keys() - found), ("unknown", found - kinds.keys())):
            if names:
                raise InputError(f"{path}: columns {sorted(names)} are {wrong}; run `dvc repro ingest`")
        return [_video(row, kinds, path) for row in reader]


def check_unique(videos: Sequence[Video]) -> None:
    """Raise InputError if two videos have one key, naming both paths."""
    seen: dict[str, str] = {}
    for video in videos:
        other = seen.setdefault(video.key, video.path)
        if other != video.path:
            raise InputError(
                f"{video.path!r} and {other!r} have the same key {video.key!r};"
                " give one of them another target, source or take"
            )


def _video(row: dict[str, str], kinds: Mapping[str, Any], path: Path) -> Video:
    try:
        if None in row or None in row.values():  # as csv tells of too many cells, and of too few
            raise ValueError("has another number of cells than the table has columns")
        return Video(**{name: kinds[name](text) for name, text in row.items()})
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: row {row.get('path')!r}: {error}; run `dvc repro ingest`") from error
