"""The embedding store: one float32 row a stored frame, in the frame store's order, memory-mapped."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import Field
from tqdm import tqdm

from clipforensics.core.files import read_json, write_json
from clipforensics.core.params import Section
from clipforensics.frames.rows import RowIndex
from clipforensics.frames.store import FrameStore

CHECKPOINT_BATCHES = 50
READ_ROWS = 2048  # few enough to stay in the processor's cache between reading and scaling


class EmbedSection(Section):
    """Section `embed` of params.yaml."""

    precision: str = Field(pattern="^(auto|float32|bfloat16)$")
    batch_size: int = Field(ge=1)


class EmbeddingStore:
    """Embeddings (n, d) of the n stored frames; row i belongs to row i of the frame store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = RowIndex.read(folder / "index.csv")
        self.matrix = np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)
        self.meta = read_json(folder / "meta.json")

    @property
    def files(self) -> list[Path]:
        """All files of the store; what they hold says what the frames were."""
        return [self.folder / name for name in ("index.csv", "meta.json", "embeddings.npy")]

    def read(self, rows: np.ndarray) -> np.ndarray:
        """L2-normalised float32 embeddings (len(rows), d) of the given rows."""
        found = np.empty((len(rows), self.matrix.shape[1]), dtype=np.float32)
        for start in range(0, len(rows), READ_ROWS):
            part = found[start : start + READ_ROWS]
            part[:] = self.matrix[rows[start : start + READ_ROWS]]
            part /= np.linalg.norm(part, axis=1, keepdims=True)
        return found


def embed_frames(
    frames: FrameStore,
    embed: Callable[[np.ndarray], np.ndarray],
    out: Path,
    *,
    width: int,
    batch_size: int,
    scratch: Path,
    meta: dict[str, object],
) -> None:
    """Embed every stored frame once, in store order, and write the embedding store.

    Killed at any moment, a second call with the same scratch folder goes on after the last
    checkpoint; batches are cut at the same rows, so the result is bit for bit the same.

    Args:
        frames: The frame store.
        embed: uint8 frames (b, s, s, 3) -> float32 embeddings (b, width).
        out: Folder to write: embeddings.npy, index.csv, meta.json.
        width: Length of one embedding.
        batch_size: Frames a call of `embed`.
        scratch: Folder for the unfinished matrix.
        meta: What to remember about the encoder.
    """
    matrix, done = _open_matrix(scratch, (len(frames), width))
    starts = range(done, len(frames), batch_size)
    progress = tqdm(total=len(frames), initial=done, unit="frame", desc="embed", disable=None)
    for number, start in enumerate(starts, 1):
        rows = np.arange(start, min(start + batch_size, len(frames)))
        matrix[rows] = embed(frames.read(rows))
        progress.update(len(rows))
        if number % CHECKPOINT_BATCHES == 0:
            matrix.flush()
            _note(scratch, int(rows[-1]) + 1)
    progress.close()
    matrix.flush()
    out.mkdir(parents=True, exist_ok=True)
    frames.rows.write(out / "index.csv")
    write_json(out / "meta.json", meta)
    shutil.move(scratch / "embeddings.npy", out / "embeddings.npy")


def _open_matrix(scratch: Path, shape: tuple[int, int]) -> tuple[np.memmap, int]:
    path, note = scratch / "embeddings.npy", scratch / "done.json"
    if path.exists() and note.exists():
        return np.lib.format.open_memmap(path, mode="r+"), json.loads(note.read_text())
    note.unlink(missing_ok=True)  # it may speak of a matrix that has moved on
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape), 0


def _note(scratch: Path, done: int) -> None:
    part = scratch / "done.part"
    part.write_text(json.dumps(done))
    os.replace(part, scratch / "done.json")
