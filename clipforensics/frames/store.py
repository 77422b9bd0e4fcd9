"""The frame store: every extracted frame, packed, lossless and memory-mapped."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.frames.codecs import CODECS, shard_digest
from clipforensics.frames.rows import PERSON, RowIndex, read_tables
from clipforensics.frames.shard_file import open_shard

if TYPE_CHECKING:  # pandas takes as long to load as all else here
    import pandas as pd

META, INDEX, SKIPPED = "meta.json", "index.csv", "skipped.csv"
INDEX_COLUMNS = ("key", "frame", "shard", "row")

_REMEDY = "run `dvc repro -f extract_frames`"
_DAMAGED = "`clipforensics check --digests --mend` removes what is damaged, then `dvc repro`"


def shard_name(shard: int) -> str:
    """File name of a shard: `shard-00000.npy`."""
    return f"shard-{shard:05d}.npy"


class FrameStore:
    """Frames of all videos, numbered globally from 0 in store order.

    A folder of `shard-<n>.npy` (frames of (size, size, 3), uint8, RGB, as they are or packed:
    `shard_file`), `index.csv` (one row a frame: key of its video, frame number in the video, shard,
    row in the shard) and `meta.json`, which names the codec. A video's frames are neighbours, in
    order, in one shard. Shards are mapped read-only; only what is read enters memory. Where every
    person is cut out apart a row is one of a frame's people, numbered in one more column `person`,
    and a video's people follow one another (`rows`).

    Attributes:
        folder: Where it lies.
        fitting: How each was resized and cropped.
        size: Side of a frame in pixels.
        n_frames: Most frames of one video (k).
        margin: Side of a frame over that of the face that it is cut around; None: cut around the middle.
        shards: Rows of each shard, and the digest of its frames that `digests` must give.
        rows: Which row is which frame of which video.
    """

    def __init__(self, folder: Path, meta: dict[str, Any], rows: RowIndex) -> None:
        """Use `open`."""
        self.folder = folder
        self.fitting = Fitting.of_store(meta)
        self.size = self.fitting.size
        self.n_frames = int(meta["n_frames"])
        self.margin = float(meta["margin"]) if meta.get("around") == "face" else None
        if missing := sorted({"codec", "sha256"} - meta.keys()):
            raise ValueError(f"{META} lacks {' and '.join(missing)}")
        codec = meta["codec"]
        if codec not in CODECS:
            raise ValueError(f"{META}: codec {codec!r} is none of {', '.join(CODECS)}")
        self._shards = [
            open_shard(folder / shard_name(shard), codec, n_frames, self.size)
            for shard, n_frames in enumerate(meta["shards"])
        ]
        self._offsets = np.concatenate([[0], np.cumsum(meta["shards"], dtype=np.int64)]).astype(np.int64)
        self.rows = rows
        spans = [range(*ends) for ends in pairwise(self._offsets.tolist())]
        self.shards: list[tuple[range, str]] = list(zip(spans, meta["sha256"], strict=True))

    @classmethod
    def open(cls, folder: Path) -> "FrameStore":
        """Open a store that `extract_frames` wrote.

        Raises:
            InputError: a part is missing or does not fit the others.
        """
        try:
            meta = json.loads((folder / META).read_text(encoding="utf-8"))
            return cls(folder, meta, RowIndex.of(_held_against(meta["shards"], folder / INDEX)))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise InputError(f"frame store {str(folder)!r} cannot be opened ({error}); {_REMEDY}") from error

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the same store; no frame goes along."""
        return type(self).open, (self.folder.absolute(),)

    def __len__(self) -> int:
        """Frames in the store."""
        return int(self._offsets[-1])

    def __contains__(self, key: object) -> bool:
        """Whether the store has frames of the video with this key."""
        return key in self.rows

    @property
    def files(self) -> list[Path]:
        """The small files that say what the store holds."""
        return [self.folder / INDEX, self.folder / META]

    @property
    def keys(self) -> list[str]:
        """Keys of the videos, in store order."""
        return self.rows.videos

    def rows_of(self, keys: Iterable[str]) -> NDArray[np.int64]:
        """Global row numbers of all frames of the given videos, in the order of `keys`.

        Raises:
            InputError: a video is not in the store.
        """
        return self.rows.rows_of(keys)

    def read(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Copy frames out of the store, in the order of `rows`; repeats are allowed.

        Args:
            rows: Global row numbers, shape (n,).

        Returns:
            uint8 (n, size, size, 3), RGB.

        Raises:
            IndexError: a number is negative or not below `len(self)`.
            InputError: a shard is damaged.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            raise IndexError(f"rows must lie in 0..{len(self) - 1}, got {rows.min()}..{rows.max()}")
        frames = np.empty((len(rows), self.size, self.size, 3), np.uint8)
        shards = np.searchsorted(self._offsets, rows, side="right") - 1
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            try:
                frames[here] = self._shards[shard][rows[here] - self._offsets[shard]]
            except ValueError as error:
                raise InputError(f"frame store {str(self.folder)!r}: {error}; {_DAMAGED}") from error
        return frames

    def digests(self, rows: range) -> tuple[str, list[str]]:
        """By what frames are known again: a digest of all of these rows together, and one of each video's.

        Args:
            rows: Of whole videos.
        """
        each = [_digest(self.read(of)) for of in self.rows.by_video(rows)]
        return shard_digest(each), each


def _digest(frames: NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(frames).data).hexdigest()


def _held_against(shards: Sequence[int], path: Path) -> Iterator["pd.DataFrame"]:
    """The tables of an index whose rows lie in shards of so many frames, one after another."""
    starts = np.concatenate([[0], np.cumsum(shards, dtype=np.int64)])
    n = 0
    for table in read_tables(path):
        if tuple(table.columns) not in (INDEX_COLUMNS, (*INDEX_COLUMNS, PERSON)):
            raise ValueError(f"{path.name} has the columns {', '.join(table.columns)}")
        shard, row = (table[name].to_numpy(np.int64) for name in ("shard", "row"))
        n_rows, known = len(table), (shard >= 0) & (shard < len(shards))
        if not known.all() or (starts[shard] + row != np.arange(n, n + n_rows)).any():
            raise ValueError(f"index and shards do not agree after {n} frames")
        n += n_rows
        yield table
    if n != starts[-1]:
        raise ValueError(f"the index has {n} frames, the shards have {starts[-1]}")
