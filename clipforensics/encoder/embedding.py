"""Fill the embedding store: each frame goes through the encoder once, and not again while that is kept."""

import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
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
from clipforensics.machine.cluster.choosing import RAY, engine
from clipforensics.machine.cluster.mapping import map_on_ray
from clipforensics.machine.cluster.nodes import Share
from clipforensics.machine.kept import Kept

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def embed_frames(
    frames: FrameStore,
    embed: Embed,
    out: Path,
    *,
    width: int,
    batch_size: int,
    kept: Kept,
    meta: dict[str, object],
    elsewhere: "Elsewhere | None" = None,
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
        elsewhere: How the nodes of a cluster embed, where `CLIPFORENSICS_ENGINE` is ray: whole shards, each
            of which is not kept. None: all is done here.

    Raises:
        InputError: the cluster cannot be used, or would give other bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "meta.json").unlink(missing_ok=True)
    shape = (len(frames), width)
    matrix = np.lib.format.open_memmap(out / "embeddings.npy", mode="w+", dtype=np.float32, shape=shape)
    reserve(out / "embeddings.npy")
    with kept.opened(), tqdm(total=len(frames), unit="frame", desc="embedding", disable=None) as bar:
        work = _Work(frames, embed, batch_size, kept)
        shards = frames.shards
        away = elsewhere is not None and engine() == RAY
        here = (work.shard(*shard) for shard in shards)
        done = _sent(work, shards, elsewhere) if away and elsewhere else here
        with closing(done):
            for (rows, _), found in zip(shards, done, strict=True):
                matrix[rows.start : rows.stop] = found
                bar.update(len(rows))
    matrix.flush()
    frames.rows.write(out / "index.csv")
    write_json(out / "meta.json", meta)


@dataclass(frozen=True)
class Elsewhere:
    """How a process on another machine comes to what `embed_frames` is given here.

    Attributes:
        open: The function `embed` of an encoder that is loaded there; picklable. Raises InputError where it
            would give other bytes.
        share: What of a node it needs.
    """

    open: Callable[[], Embed]
    share: Share


def _sent(
    work: "_Work", shards: Sequence[tuple[range, str]], elsewhere: Elsewhere
) -> Generator[Floats, None, None]:
    """The embeddings of each shard, by the nodes of a cluster where none are kept."""
    known = [work.known(digest) is not None for _, digest in shards]
    todo = [rows for (rows, _), is_there in zip(shards, known, strict=True) if not is_there]
    there = _There(work.frames, elsewhere.open, work.batch_size)
    how: dict[str, Any] = {"share": elsewhere.share, "died": _give_up, "sees": work.frames.files, "most": 1}
    with closing(map_on_ray(there, todo, **how)) as results:
        for (rows, digest), is_there in zip(shards, known, strict=True):
            if is_there:
                yield work.shard(rows, digest)  # which is no work, unless somebody cleared it meanwhile
            else:
                found, whole, videos = next(results)
                work.hold(rows, digest, whole)
                yield work.keep(rows, digest, found, videos)


class _There:
    """On a node: the embeddings of some rows, and the digests of their frames, whole and a video."""

    def __init__(self, frames: FrameStore, opening: Callable[[], Embed], batch_size: int) -> None:
        self._frames, self._open, self._batch_size = frames, opening, batch_size
        self._embed: Embed | None = None

    def __call__(self, rows: range) -> tuple[Floats, str, list[str]]:
        self._embed = self._embed or self._open()
        batches = list(
            _batches(self._frames, np.arange(rows.start, rows.stop, dtype=np.int64), self._batch_size)
        )
        found = [_filled(self._frames, self._embed, batch, self._batch_size) for batch in batches]
        return np.concatenate(found), *self._frames.digests(rows)


def _give_up(rows: range) -> tuple[Floats, str, list[str]]:
    raise InputError(
        f"the process that embedded frames {rows.start} to {rows.stop - 1} died again and again on the Ray"
        " cluster; a smaller embed.batch_size needs less memory"
    )


class _Work:
    """Embeds shard after shard; what is kept of one, or of a video in it, is not embedded again."""

    def __init__(self, frames: FrameStore, embed: Embed, batch_size: int, kept: Kept) -> None:
        self.frames, self._embed, self.batch_size, self._kept = frames, embed, batch_size, kept
        self._is_free: bool | None = None

    def shard(self, rows: range, digest: str) -> Floats:
        """Embeddings (n, width) of these rows."""
        if (found := self.known(digest)) is not None:
            return found
        whole, each = self.frames.digests(rows)
        self.hold(rows, digest, whole)
        keys, videos = [self._key(one) for one in each], self.frames.rows.by_video(rows)
        found = self._fill(rows, videos, keys)
        self._keep(found, digest, rows, videos, keys)
        return found

    def hold(self, rows: range, digest: str, whole: str) -> None:
        """Raise InputError where the frames of a shard are not those that the store names."""
        if whole != digest:
            first = self.frames.rows.keys_of([rows.start])[0]
            raise InputError(
                f"{self.frames.folder}: the shard that begins with {first} holds other frames than were"
                " extracted; `clipforensics check --digests --mend` removes what is damaged, then `dvc repro`"
            )

    def known(self, digest: str) -> Floats | None:
        """What is kept of a whole shard."""
        return self._read(*self._kept.get([self._kept.key("shard", digest)]))

    def keep(self, rows: range, digest: str, found: Floats, videos: Sequence[str]) -> Floats:
        """Keep what was embedded elsewhere, with the digests of the videos among the rows."""
        keys = [self._key(one) for one in videos]
        self._keep(found, digest, rows, self.frames.rows.by_video(rows), keys)
        return found

    def _key(self, digest: str) -> str:
        return self._kept.key("video", digest)

    def _fill(self, rows: range, videos: Sequence[Rows], keys: Sequence[str]) -> Floats:
        records = self._kept.get(keys) if self._place_is_free(videos, keys) else [None] * len(keys)
        known = [self._read(record) for record in records]
        todo = [of for of, one in zip(videos, known, strict=True) if one is None]
        found = np.empty((len(rows), 0), np.float32)
        left = np.concatenate(todo) if todo else np.empty(0, np.int64)
        for batch in _batches(self.frames, left, self.batch_size):
            some = _filled(self.frames, self._embed, batch, self.batch_size)
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
            rows = np.resize(np.concatenate(videos), self.batch_size)
            frames = self.frames.read(rows)
            there, places = self._embed(frames), np.arange(len(rows))
            self._is_free = all(
                self._embed(frames[moved]).tobytes() == there[moved].tobytes()
                for moved in (places[::-1], np.roll(places, 1))
            )
        return bool(self._is_free)

    def _keep(
        self, found: Floats, digest: str, rows: range, videos: Sequence[Rows], keys: Sequence[str]
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
        self._kept.put(self._kept.key("shard", digest), {"array": name, "start": 0, "stop": len(rows)})

    def _read(self, record: Any) -> Floats | None:
        path = None if record is None else self._kept.array(record["array"])
        if path is None:
            return None
        array: Floats = np.load(path, mmap_mode="r", allow_pickle=False)
        return array[record["start"] : record["stop"]]


def _filled(frames: FrameStore, embed: Embed, rows: Rows, batch_size: int) -> Floats:
    """Through the encoder, with the last frame repeated up to a whole batch."""
    pictures = frames.read(rows)
    more = np.repeat(pictures[-1:], batch_size - len(rows), axis=0)
    return embed(np.concatenate([pictures, more]))[: len(rows)]


def _batches(frames: FrameStore, rows: Rows, batch_size: int) -> Iterator[Rows]:
    """None of two data sets, so that testing on a further one moves no byte of the first."""
    names = [str(key)[: str(key).find("/") + 1] for key in frames.rows.keys_of(rows)]
    edges = [0, *np.cumsum([len([*of]) for _, of in groupby(names)]).tolist()]
    for start, stop in pairwise(edges):
        for row in range(start, stop, batch_size):
            yield rows[row : min(row + batch_size, stop)]
