"""Frames that were decoded before: which videos have them, and shards that can be taken over whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.crops.person import Crop
from clipforensics.crops.shards import Extracted, ends_a_shard, shard_key
from clipforensics.frames.codecs import Codec, pack
from clipforensics.frames.shard_file import PackedShard, Pixels, open_shard
from clipforensics.machine.kept import Kept


def shards_of(videos: Sequence[Video], n_videos: int) -> Iterator[range]:
    """Numbers of the videos up to each end of a shard; about `n_videos` each."""
    start = 0
    for number, video in enumerate(videos):
        if ends_a_shard(video.key, n_videos) or number == len(videos) - 1:
            yield range(start, number + 1)
            start = number + 1


class Shard(NamedTuple):
    """A shard that was made before, and the numbers of its videos."""

    path: Path
    sha256: str
    videos: list[int]


class Stored(NamedTuple):
    """A video whose frames are kept under another codec: to be packed anew, which is less than decoding it.

    Attributes:
        video: The video.
        record: What is kept of it.
        path: Shard that holds its frames.
        size: Side of a frame.
    """

    video: Video
    record: Mapping[str, Any]
    path: Path
    size: int

    def repacked(self, codec: Codec, kind: type[Crop]) -> Extracted | None:
        """Its frames under this codec; None where the shard is gone, not seen from here, or damaged."""
        record = self.record
        try:
            shard = _opened(self.path, record["codec"], record["n_frames"], self.size)
            packed = pack(shard[np.arange(record["start"], record["stop"])], codec)
        except (OSError, ValueError):
            return None
        if packed.sha256 != record["pixels"]:
            return None
        return Extracted.of_record(record, packed.frames, kind, self.video)


class Todo(Sequence[Video | Stored]):
    """Videos of which nothing usable is kept; what is kept under another codec is looked up one by one."""

    def __init__(self, before: "Before", videos: Sequence[Video]) -> None:
        self._before, self._videos = before, videos
        self._numbers = [number for number, is_there in enumerate(before.usable) if not is_there]

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: Any) -> Any:
        number = self._numbers[place]
        return self._before.stored(self._videos[number], number) or self._videos[number]


class Before:
    """What is kept of the videos that a store is made of.

    Attributes:
        keys: Of each video.
        usable: Of each, whether its frames, or the reason why it has none, are there.
    """

    def __init__(self, kept: Kept, keys: Sequence[str], kind: type[Crop], *, size: int, codec: Codec) -> None:
        """Ask for all, and look at every kept shard once.

        Args:
            kept: Opened.
            keys: Of the videos, in the order of the store.
            kind: Of the crops.
            size: Side of a frame.
            codec: Of the shards.
        """
        self.keys, self._kept, self._kind = keys, kept, kind
        self._size, self._codec = size, codec
        self._paths: dict[str, Path | None] = {}
        self._elsewise: set[int] = set()  # kept under another codec
        self.usable = [self._is_usable(*one) for one in enumerate(self._records(range(len(keys))))]

    def take(self, video: Video, number: int) -> Extracted | str | None:
        """What is kept of one video: its frames, or why it has none; None: nothing.

        Raises:
            InputError: its frames are gone meanwhile, or damaged.
        """
        if not self.usable[number]:
            return None
        (record,) = self._kept.get([self.keys[number]])
        if isinstance(record, str):
            return record
        try:
            if record["codec"] != self._codec:
                return self._repacked(video, record)
            frames = self._packed(record)
        except (OSError, KeyError, TypeError) as error:
            raise InputError(f"{self._kept.folder} was cleared while it was used; run again") from error
        except ValueError as error:
            raise InputError(
                f"{self._kept.folder / record['array']}: {error}; `clipforensics check --digests --mend`"
                " removes what is damaged, then run again"
            ) from error
        return Extracted.of_record(record, frames, self._kind, video)

    def stored(self, video: Video, number: int) -> Stored | None:
        """The frames of one video under another codec; None: they are not kept so."""
        if number not in self._elsewise:
            return None
        (record,) = self._kept.get([self.keys[number]])
        path = self._path(record["array"]) if isinstance(record, dict) else None
        return None if path is None else Stored(video, record, path, self._size)

    def _repacked(self, video: Video, record: Any) -> Extracted:
        """Frames that another run has kept meanwhile, under its own codec, in place of those that were there.

        Raises:
            OSError: they cannot be had.
        """
        path = self._path(record["array"])
        found = path and Stored(video, record, path, self._size).repacked(self._codec, self._kind)
        if not found:
            raise FileNotFoundError(record["array"])
        return found

    def _packed(self, record: Any) -> list[bytes] | Pixels:
        """The frames of a video as they lie in its kept shard."""
        path = self._path(record["array"])
        if path is None:
            raise FileNotFoundError(record["array"])
        shard = _opened(path, self._codec, record["n_frames"], self._size)
        start, stop = record["start"], record["stop"]
        return shard.packed(start, stop) if isinstance(shard, PackedShard) else shard[start:stop]

    def whole(self, span: range, most: int) -> list[Shard] | None:
        """The shards that hold just these videos, cut as they would be cut now; None: there are no such.

        Args:
            span: Numbers of the videos between two ends of shards.
            most: Frames after which a shard is closed at the latest.
        """
        if not all(self.usable[number] for number in span):
            return None
        records = zip(span, self._records(span), strict=True)
        held = [(number, record) for number, record in records if isinstance(record, dict)]
        shards = [self._shard(part) for part in _cut(held, most)]
        found = [shard for shard in shards if shard is not None]
        return found if len(found) == len(shards) else None

    def _shard(self, numbers: list[int]) -> Shard | None:
        """The kept shard of just these videos; one of them may lie in others too."""
        (record,) = self._kept.get([shard_key(self._kept, [self.keys[n] for n in numbers], self._codec)])
        path = None if record is None else self._path(record["array"])
        return None if path is None else Shard(path, record["sha256"], numbers)

    def _records(self, span: range) -> Iterator[Any]:
        for start in range(span.start, span.stop, 500):
            yield from self._kept.get(self.keys[start : min(start + 500, span.stop)])

    def _is_usable(self, number: int, record: Any) -> bool:
        if not isinstance(record, dict):
            return record is not None
        is_there = self._path(record["array"]) is not None
        if is_there and record["codec"] != self._codec:
            self._elsewise.add(number)
            return False
        return is_there

    def _path(self, name: str) -> Path | None:
        """Of a kept shard, looked at once; this run may have made it, of a video with the same content."""
        if name not in self._paths:
            self._paths[name] = self._kept.array(name)
        return self._paths[name]


_opened = lru_cache(maxsize=4)(open_shard)


def _cut(held: Iterable[tuple[int, Any]], most: int) -> list[list[int]]:
    """Numbers of the videos of each shard, which is closed by the video that brings it to so many frames."""
    shards: list[list[int]] = []
    n_frames = most
    for number, record in held:
        if n_frames >= most:
            shards.append([])
            n_frames = 0
        shards[-1].append(number)
        n_frames += record["stop"] - record["start"]
    return shards
