"""The frame store as it is written: video by video into shards, each of which is kept once it stands.

Where a shard ends, the keys of the videos say (`ends_a_shard`), not their number: so one more video changes
the shard that it comes into and no other, and one that was made before is linked into the store as it is.
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.records import Skipped, Video, write_records
from clipforensics.crops.person import Crop
from clipforensics.frames.codecs import Codec, Packed, shard_digest
from clipforensics.frames.rows import PERSON
from clipforensics.frames.shard_file import ShardWriter
from clipforensics.frames.store import INDEX, INDEX_COLUMNS, META, SKIPPED, shard_name
from clipforensics.machine.kept import Kept

CROPS = "crops.csv"
"""Of the store: what each video's frames are cut around, a `Crop` a row; none without faces."""

LARGEST = 4
"""So many times the frames of an average shard close one whose end no key has brought."""


@dataclass(frozen=True)
class Extracted:
    """Frames of one video on their way from a worker.

    Attributes:
        indices: Frame numbers in the video, (n,).
        packed: The frames, already as the shard will hold them.
        crops: What they are cut around.
        people: Whose each is, (n,), where people are stored apart.
    """

    indices: NDArray[np.int64]
    packed: Packed
    crops: Sequence[Crop] = ()
    people: NDArray[np.int64] | None = None

    def rows(self, video: Video) -> list[tuple[str | int, ...]]:
        """What the index says of each frame but where it lies: key, number, and perhaps person."""
        people = [] if self.people is None else [self.people.tolist()]
        return [(video.key, *numbers) for numbers in zip(self.indices.tolist(), *people, strict=True)]

    def record(self) -> dict[str, Any]:
        """All but the frames, as JSON; their digest is there."""
        people = None if self.people is None else self.people.tolist()
        crops = [asdict(replace(crop, key="")) for crop in self.crops]
        pixels = self.packed.sha256
        return {"indices": self.indices.tolist(), "people": people, "crops": crops, "pixels": pixels}

    @classmethod
    def of_record(
        cls,
        record: Mapping[str, Any],
        frames: Sequence[bytes] | NDArray[np.uint8],
        kind: type[Crop],
        video: Video,
    ) -> "Extracted":
        """From what `record` gave, and the frames; of any video of the same content."""
        people = record["people"]
        return cls(
            np.array(record["indices"], dtype=np.int64),
            Packed(frames, record["pixels"]),
            [kind(**crop | {"key": video.key}) for crop in record["crops"]],
            None if people is None else np.array(people, dtype=np.int64),
        )


def ends_a_shard(key: str, n_videos: int) -> bool:
    """Whether a shard ends with the video of this key: one of `n_videos` of them does."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % n_videos == 0


def kept_name(sha256: str, n_frames: int, size: int) -> str:
    """Name under which a shard is kept."""
    return f"{sha256[:32]}-{n_frames}x{size}.npy"


def shard_key(kept: Kept, keys: Sequence[str], codec: Codec) -> str:
    """Of a shard as a whole: of the videos whose frames it holds, in its order, and nothing else."""
    return kept.key("shard", [*keys], codec)


class StoreWriter:
    """Writes a frame store into a folder; index and crops go to disk video by video."""

    def __init__(
        self, folder: Path, kept: Kept, size: int, most: int, kind: type[Crop], *, apart: bool, codec: Codec
    ) -> None:
        """Begin anew in an empty folder.

        Args:
            folder: Of the store.
            kept: Where shards that stand are kept; opened.
            size: Side of a frame.
            most: Frames after which a shard is closed at the latest.
            kind: Of the crops.
            apart: Whether people are stored apart.
            codec: As which the frames are packed.
        """
        self.folder, self.kept, self.size, self.most = folder, kept, size, most
        self.kind, self.apart, self.codec = kind, apart, codec
        self.skipped: list[Skipped] = []
        self._shards: list[tuple[int, str]] = []  # frames and digest of the pixels of each
        self._under_way: list[tuple[str, dict[str, Any]]] = []  # key and record of each video
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def __enter__(self) -> "StoreWriter":
        with ExitStack() as stack:
            files = [
                stack.enter_context((self.folder / name).open("w", newline="", encoding="utf-8"))
                for name in (INDEX, CROPS)
            ]
            self._index, self._crops = (csv.writer(file, lineterminator="\n") for file in files)
            self._files = stack.pop_all()
        self._index.writerow((*INDEX_COLUMNS, PERSON) if self.apart else INDEX_COLUMNS)
        self._crops.writerow(self.kind.__dataclass_fields__)
        self._begin()
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    @property
    def _temporary(self) -> Path:
        return self.folder.with_name("unfinished.npy")

    def skip(self, one: Skipped, key: str, *, lasting: bool) -> None:
        """Take in a video without frames; `lasting`: it would have none again."""
        self.skipped.append(one)
        if lasting:
            self.kept.put(key, one.reason)

    def add(self, video: Video, key: str, result: Extracted) -> None:
        """Take in a video's frames; close the shard if it is as large as any may be."""
        start = self._file.n_frames
        self._file.add(result.packed.frames)
        self._note(video, result, len(self._shards), start)
        self._under_way.append((key, {**result.record(), "start": start, "stop": self._file.n_frames}))
        if self._file.n_frames >= self.most:
            self.end_shard()

    def end_shard(self) -> None:
        """Make the shard under way stand, and keep it and what is known of its videos; begin the next."""
        n_frames = self._file.n_frames
        if not n_frames:
            return
        content = self._file.finish()
        path = self.folder / shard_name(len(self._shards))
        self._temporary.replace(path)
        name = kept_name(content, n_frames, self.size)
        self.kept.keep_array(path, name, content)
        pixels = shard_digest(record["pixels"] for _, record in self._under_way)
        for key, record in self._under_way:
            where = {"array": name, "codec": self.codec, "n_frames": n_frames}
            self.kept.put(key, record | where)
        whole = {"array": name, "sha256": pixels}
        self.kept.put(shard_key(self.kept, [key for key, _ in self._under_way], self.codec), whole)
        self._shards.append((n_frames, pixels))
        self._begin()

    def link(self, path: Path, sha256: str, results: Sequence[tuple[Video, Extracted]]) -> None:
        """Take in a whole shard that was made before; none may be under way.

        Args:
            path: Where it is kept.
            sha256: Of its pixels.
            results: Each video whose frames it holds, in its order, and what was extracted of it.
        """
        target, row = self.folder / shard_name(len(self._shards)), 0
        try:
            os.link(path, target)
        except OSError:  # another disk, or one without links
            shutil.copyfile(path, target)
        for video, result in results:
            self._note(video, result, len(self._shards), row)
            row += len(result.indices)
        self._shards.append((row, sha256))

    def finish(self, meta: Mapping[str, object]) -> None:
        """Write skipped.csv and meta.json beside the shards."""
        self.end_shard()
        write_records(self.folder / SKIPPED, Skipped, self.skipped)
        shards = {"shards": [n for n, _ in self._shards], "sha256": [sha256 for _, sha256 in self._shards]}
        text = json.dumps({**meta, "codec": self.codec, **shards}, indent=2, sort_keys=True)
        (self.folder / META).write_text(text + "\n", encoding="utf-8")

    def _note(self, video: Video, result: Extracted, shard: int, row: int) -> None:
        for i, (key, frame, *person) in enumerate(result.rows(video)):
            self._index.writerow((key, frame, shard, row + i, *person))
        self._crops.writerows(asdict(crop).values() for crop in result.crops)

    def _begin(self) -> None:
        self._under_way = []
        self._file = ShardWriter(self._temporary, self.codec, self.size)
