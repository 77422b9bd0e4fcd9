"""A perceptual hash of 64 bits a frame: frames that look alike have hashes that differ in few bits.

The frame in grey is scaled to 32 x 32, and of its discrete cosine transform the 8 x 8 lowest frequencies are
kept: a bit is 1 where one lies above their median (Zauner, "Implementation and Benchmarking of Perceptual
    Image Hash
Functions", Upper Austria University of Applied Sciences 2010, 3.2.1, with the median for the mean; as the
package ImageHash computes its `phash`). So 32 of 64 bits are 1, and distances are even. What a frame loses by
compression, blur or scaling moves few bits; cropping a twentieth, mirroring or much more light moves many,
and hides a copy (docs/explanation/leaks.md has how many).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn
from tqdm import tqdm

from clipforensics.frames.rows import PERSON, sample_frame_indices
from clipforensics.frames.store import FrameStore

SIDE, KEPT = 32, 8
PLAIN = 2.0
"""A frame whose grey levels spread less than this (standard deviation) shows nothing, and has no hash."""

COLUMNS = ("key", "frame", "hash")


def hash_frame(frame: NDArray[np.uint8]) -> int | None:
    """The hash of one frame, below 2^64; None of a frame that is too plain to have one.

    Args:
        frame: uint8 RGB (h, w, 3).
    """
    small = Image.fromarray(frame).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    grey = np.asarray(small, dtype=np.float64)
    if grey.std() < PLAIN:
        return None
    low = dctn(grey, norm="ortho")[:KEPT, :KEPT]
    bits = (low > np.median(low)).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hash_store(frames: FrameStore, *, frames_per_video: int) -> pd.DataFrame:
    """Hashes of evenly spaced stored frames of every video; a video is held at a time.

    Args:
        frames: The store.
        frames_per_video: Most of a video; of each of its people, where they are stored apart.

    Returns:
        One row a frame that has a hash: `COLUMNS`, the hash as 16 hexadecimal digits, in store order; and
        `person` where people are stored apart.
    """
    apart = frames.rows.people is not None
    rows = [
        row[: None if apart else -1]
        for key in tqdm(frames.keys, desc="hash", unit="video", disable=None)
        for row in _hashes(frames, key, frames_per_video)
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, *([PERSON] if apart else [])])


def _hashes(frames: FrameStore, key: str, n_frames: int) -> Iterator[tuple[str, int, str, int]]:
    """Key, frame, hash and person (-1: nobody apart) of the hashed frames of one video."""
    index = frames.rows
    for person in index.apart(index.span(key)):
        rows = person[sample_frame_indices(len(person), n_frames)]
        people = np.full(len(rows), -1) if index.people is None else index.people[rows]
        of_rows = zip(index.frames[rows].tolist(), frames.read(rows), people.tolist(), strict=True)
        for number, frame, whose in of_rows:
            if (found := hash_frame(frame)) is not None:
                yield key, number, f"{found:016x}", whose
