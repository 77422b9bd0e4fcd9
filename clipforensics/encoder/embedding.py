"""Fill the embedding store: each frame goes through the encoder once, and not again while that is kept."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from clipforensics.core.disk import reserve
from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

PART_FRAMES = 1024
"""Frames after which what is embedded is kept, where a store does not say what its shards hold."""


def embed_frames(
    frames: FrameStore,
    embed: Embed,
    out: Path,
    *,
    width: int,
    batch_size: int,
    kept: Kept,
    meta: dict[str, object],
) -> None:
    """Embed every stored frame once, in store order, and write the embedding store.

    The bytes are those of a run that finds nothing kept. Batches are always of `batch_size` frames, the last
    of a shard filled up, since last digits depend on that number. They may depend on a frame's place in the
    batch too, on some machines: there only whole shards are taken over, whose batches were cut at the same
    rows; elsewhere each video's are.

    Args:
        frames: The frame store.
        embed: uint8 frames (b, s, s, 3) -> float32 embeddings (b, width).
        out: Folder to write: embeddings.npy, index.csv, meta.json, which comes last.
        width: Length of one embedding.
        batch_size: Frames a call of `embed`.
        kept: What was embedded before under the same settings, in other runs too.
        meta: What to remember about the encoder.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "meta.json").unlink(missing_ok=True)
    shape = (len(frames), width)
    matrix = np.lib.format.open_memmap(out / "embeddings.npy", mode="w+", dtype=np.float32, shape=shape)
    reserve(out / "embeddings.npy")
    with kept.opened(), tqdm(total=len(frames), unit="frame", desc="embedding", disable=None) as bar:
        work = _Work(frames, embed, batch_size, kept)
        for rows, digest in _parts(frames):
            matrix[rows.start : rows.stop] = work.part(rows, digest)
            bar.update(len(rows))
    matrix.flush()
    frames.rows.write(out / "index.csv")
    write_json(out / "meta.json", meta)


def _parts(frames: FrameStore) -> Iterator[tuple[range, str]]:
    """Rows of each shard, and the digest of its frames; of neighbours where a store names none."""
    if frames.shards:
        yield from frames.shards
        return
    start = 0
    for key in frames.keys:
        stop = int(frames.rows.span(key)[-1]) + 1
        if stop - start >= PART_FRAMES or stop == len(frames):
            yield range(start, stop), ""
            start = stop


class _Work:
    """Embeds part after part; what is kept of a part, or of a video in it, is not embedded again."""

    def __init__(self, frames: FrameStore, embed: Embed, batch_size: int, kept: Kept) -> None:
        self._frames, self._embed, self._batch_size, self._kept = frames, embed, batch_size, kept
        self._is_free: bool | None = None

    def part(self, rows: range, digest: str) -> Floats:
        """Embeddings (n, width) of these rows."""
        key = self._kept.key("shard", digest) if digest else ""
        if key and (found := self._read(*self._kept.get([key]))) is not None:
            return found
        videos = _videos(self._frames, rows)
        keys = self._keys(videos, digest)
        found = self._fill(rows, videos, keys)
        self._keep(found, key, rows, videos, keys)
        return found

    def _keys(self, videos: Sequence[Rows], digest: str) -> list[str]:
        """Of each video's frames; all of them together must be those that the store names."""
        whole, keys = hashlib.sha256(), []
        for of in videos:
            frames = self._frames.read(of)
            whole.update(frames.data)
            keys.append(self._kept.key("video", _digest(frames)))
        if digest and whole.hexdigest() != digest:
            first = self._frames.rows.keys[videos[0][0]]
            raise InputError(
                f"{self._frames.folder}: the shard that begins with {first} holds other frames than were"
                " extracted; `clipforensics check --digests --mend` removes what is damaged, then `dvc repro`"
            )
        return keys

    def _fill(self, rows: range, videos: Sequence[Rows], keys: Sequence[str]) -> Floats:
        records = self._kept.get(keys) if self._place_is_free(videos, keys) else [None] * len(keys)
        known = [self._read(record) for record in records]
        todo = [of for of, one in zip(videos, known, strict=True) if one is None]
        found = np.empty((len(rows), 0), np.float32)
        for batch in self._batches(np.concatenate(todo) if todo else np.empty(0, np.int64)):
            some = self._filled(batch)
            found = found if found.shape[1] else np.empty((len(rows), some.shape[1]), np.float32)
            found[batch - rows.start] = some
        for of, one in zip(videos, known, strict=True):
            if one is not None:
                found = found if found.shape[1] else np.empty((len(rows), one.shape[1]), np.float32)
                found[of - rows.start] = one
        return found

    def _place_is_free(self, videos: Sequence[Rows], keys: Sequence[str]) -> bool:
        """Whether a frame's bytes do not depend on its place in a batch; asked only where some are kept."""
        if self._is_free is None and self._kept.known(keys):
            rows = np.resize(np.concatenate(videos), self._batch_size)
            frames = self._frames.read(rows)
            there, back = self._embed(frames), self._embed(np.ascontiguousarray(frames[::-1]))[::-1]
            self._is_free = there.tobytes() == back.tobytes()
        return bool(self._is_free)

    def _filled(self, rows: Rows) -> Floats:
        """Through the encoder, with the last frame repeated up to a whole batch."""
        frames = self._frames.read(rows)
        more = np.repeat(frames[-1:], self._batch_size - len(rows), axis=0)
        return self._embed(np.concatenate([frames, more]))[: len(rows)]

    def _batches(self, rows: Rows) -> Iterator[Rows]:
        """None of two data sets, so that testing on a further one moves no byte of the first."""
        names = [str(key)[: str(key).find("/") + 1] for key in self._frames.rows.keys[rows]]
        edges = [0, *np.cumsum([len([*of]) for _, of in groupby(names)]).tolist()]
        for start, stop in pairwise(edges):
            for row in range(start, stop, self._batch_size):
                yield rows[row : min(row + self._batch_size, stop)]

    def _keep(
        self, found: Floats, key: str, rows: range, videos: Sequence[Rows], keys: Sequence[str]
    ) -> None:
        sha256 = hashlib.sha256(found.tobytes()).hexdigest()
        name = f"{self._kept.key('array', sha256)}.npy"
        temporary = self._kept.folder / f"{name}.{os.getpid()}.npy"
        np.save(temporary, found)
        self._kept.keep_array(temporary, name, sha256)
        temporary.unlink()
        for one, of in zip(keys, videos, strict=True):
            start = int(of[0]) - rows.start
            self._kept.put(one, {"array": name, "start": start, "stop": start + len(of)})
        if key:
            self._kept.put(key, {"array": name, "start": 0, "stop": len(rows)})

    def _read(self, record: Any) -> Floats | None:
        path = None if record is None else self._kept.array(record["array"])
        if path is None:
            return None
        array: Floats = np.load(path, mmap_mode="r", allow_pickle=False)
        return array[record["start"] : record["stop"]]


def _videos(frames: FrameStore, rows: range) -> list[Rows]:
    """The rows of each video among these."""
    keys = frames.rows.keys[rows.start : rows.stop]
    changes = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    return np.split(np.arange(rows.start, rows.stop, dtype=np.int64), changes)


def _digest(frames: NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(frames).data).hexdigest()
