"""The file of a shard: NumPy's format, read by its place in it, of pixels or of packed frames.

Without a codec it is uint8 (frames, size, size, 3). With one it is uint8 (bytes,): one frame's bytes after
another, and at the end a table, a row (`ENTRY`) a frame.
"""

import hashlib
import multiprocessing
import os
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clipforensics.frames.codecs import RAW, Codec, decode_webp

ENTRY = np.dtype([("end", "<u8"), ("crc32", "<u4")])
"""Of a packed frame: where it ends in the file's bytes, and their checksum; a WebP has none of its own."""

THREADS = 8
"""Most that decode beside one another."""

Pixels = NDArray[np.uint8]


class PackedShard:
    """Frames of a shard with a codec, decoded as they are read; the file is mapped."""

    def __init__(self, path: Path, n_frames: int, size: int) -> None:
        """Map a file.

        Raises:
            OSError, ValueError: it is missing, or is no such shard.
        """
        data = _map(path)
        n_bytes = data.nbytes - n_frames * ENTRY.itemsize
        if data.dtype != np.uint8 or data.ndim != 1 or n_bytes < 0:
            raise ValueError(f"{path.name} holds {data.dtype} {data.shape}")
        self._path, self._size = path, size
        self._data, self._table = data[:n_bytes], data[n_bytes:].view(ENTRY)
        if n_frames and int(self._table["end"][-1]) != n_bytes:
            raise ValueError(f"{path.name} does not end as a shard of {n_frames} frames does")

    def packed(self, start: int, stop: int) -> list[bytes]:
        """The bytes of some frames.

        Raises:
            ValueError: they are not those that were written.
        """
        return [self._bytes(row) for row in range(start, stop)]

    def __getitem__(self, rows: NDArray[np.int64]) -> Pixels:
        """Frames (n, size, size, 3) of these rows, in their order.

        Raises:
            ValueError: the file is damaged.
        """
        frames = np.empty((len(rows), self._size, self._size, 3), np.uint8)
        _, first, which = np.unique(rows, return_index=True, return_inverse=True)
        _each(lambda place: self._decode(int(rows[place]), frames[place]), first.tolist())
        again = np.flatnonzero(first[which] != np.arange(len(rows)))
        frames[again] = frames[first[which[again]]]
        return frames

    def _decode(self, row: int, frame: Pixels) -> None:
        try:
            decode_webp(self._bytes(row), frame)
        except ValueError as error:
            raise ValueError(f"{self._path.name}, frame {row}: {error}") from error

    def _bytes(self, row: int) -> bytes:
        start, stop = int(self._table["end"][row - 1]) if row else 0, int(self._table["end"][row])
        data = self._data[start:stop].tobytes()
        if not data or zlib.crc32(data) != self._table["crc32"][row]:
            raise ValueError("holds other bytes than were written")
        return data


class ShardWriter:
    """Writes the file of a shard, frame by frame; its length comes last, so that an unfinished one is none.

    Attributes:
        n_frames: Written so far.
    """

    def __init__(self, path: Path, codec: Codec, size: int) -> None:
        """Begin a file."""
        self.n_frames = 0
        self._size, self._table = size, None if codec == RAW else list[tuple[int, int]]()
        self._n_bytes, self._digest = 0, hashlib.sha256()
        self._file = path.open("wb")
        self._write_header()

    def add(self, frames: Sequence[bytes] | Pixels) -> None:
        """Append frames, as `codecs.pack` made them."""
        for frame in frames:
            data = memoryview(frame).cast("B")
            self._write(data)
            if self._table is not None:
                self._table.append((self._n_bytes, zlib.crc32(data)))
        self.n_frames += len(frames)

    def finish(self) -> str:
        """Make the file stand on the disk; the sha256 of the array in it."""
        if self._table is not None:
            self._write(np.array(self._table, ENTRY).data.cast("B"))
        self._file.seek(0)
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of the file as it is."""
        self._file.close()

    def _write(self, data: memoryview) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._n_bytes += len(data)

    def _write_header(self) -> None:
        """NumPy's; it leaves room for the first axis to grow, so its length never changes."""
        frames = (self.n_frames, self._size, self._size, 3)
        shape = frames if self._table is None else (self._n_bytes,)
        about = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, about)


def open_shard(path: Path, codec: Codec, n_frames: int, size: int) -> "Pixels | PackedShard":
    """Map a shard; either is read by an array of rows.

    Raises:
        OSError, ValueError: it is missing, or is no such shard.
    """
    if codec != RAW:
        return PackedShard(path, n_frames, size)
    frames = _map(path)
    if frames.dtype != np.uint8 or frames.shape != (n_frames, size, size, 3):
        raise ValueError(f"{path.name} holds {frames.dtype} {frames.shape}")
    return frames


def _map(path: Path) -> Pixels:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except OSError:
        raise
    except Exception as error:  # whatever a damaged header makes NumPy raise
        raise ValueError(f"{path.name} is no array that can be mapped: {error}") from error


def _each(function: Callable[[int], None], places: Sequence[int]) -> None:
    """Call a function with each, by several threads where nobody else keeps the processors busy.

    They end with the call: a process that forks has none.
    """
    n_threads = min(_free_threads(), len(places) // 2)
    if n_threads < 2:
        for place in places:
            function(place)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(function, places):
            pass


def _free_threads() -> int:
    """One where other processes or threads of this run read too, else as many as there are processors."""
    if multiprocessing.parent_process() or threading.current_thread() is not threading.main_thread():
        return 1
    n_cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = os.environ.get("LOCAL_WORLD_SIZE", "")  # as torchrun sets it
    return min(THREADS, n_cpus // (int(text) if text.isdecimal() and int(text) else 1))
