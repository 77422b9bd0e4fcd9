"""A shard of lossless WebPs against one of pixels: its bytes, and the time to write and read it."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.table import Row, compare, make_row, timed
from clipforensics.frames.codecs import CODECS, pack
from clipforensics.frames.shard_file import ShardWriter, open_shard
from clipforensics.sample.pictures import render_pictures


@dataclass(frozen=True)
class Size:
    """So many pictures of the sample's kind, which WebP packs about as well as filmed faces; their side."""

    frames: int
    side: int
    rounds: int


FULL = Size(frames=64, side=224, rounds=9)
TINY = Size(frames=4, side=64, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """Bytes; writing, in which a worker packs and the run's own process writes; reading in disorder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        side = size.side
        pictures = render_pictures(size.frames, seed=0, frame_size=side, size=side, workers=1)
        frames = np.stack([picture.pixels for picture in pictures])
        what = f"{len(frames)} frames of {side} pixels as WebP / as they are"
        none, webp = (partial(write, folder / codec, frames, codec) for codec in CODECS)
        options = {"rounds": size.rounds, "goal": None, "work": len(frames), "unit": "frames/s"}
        writing = compare(f"write {what}", timed(webp), timed(none), **options)
        n_bytes = tuple((folder / codec).stat().st_size / 1e6 for codec in reversed(CODECS))
        yield make_row(f"bytes of {what}", [n_bytes], goal=None, unit="MB")
        yield writing
        order = np.random.default_rng(0).permutation(len(frames))
        none, webp = (partial(read, folder / codec, codec, side, order) for codec in CODECS)
        yield compare(f"read {what}", timed(webp), timed(none), **options)


def write(path: Path, frames: np.ndarray, codec: str) -> None:
    """A shard that stands on the disk."""
    shard = ShardWriter(path, codec, frames.shape[1])
    shard.add(pack(frames, codec).frames)
    shard.finish()


def read(path: Path, codec: str, side: int, order: np.ndarray) -> None:
    """Every frame once, by as many threads as reading takes."""
    open_shard(path, codec, len(order), side)[order]
