"""The embedding store: one float32 row a stored frame, in the frame store's order, memory-mapped."""

from pathlib import Path

import numpy as np
from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.core.params import Section
from clipforensics.frames.rows import RowIndex

EAGER = "eager"
"""The engine that is torch as it is, to which all others are held."""

READ_ROWS = 2048  # few enough to stay in the processor's cache between reading and scaling


class EmbedSection(Section):
    """Section `embed` of params.yaml."""

    engine: str = Field(pattern="^(eager|compile|onnxruntime|openvino)$")
    precision: str = Field(pattern="^(auto|float32|bfloat16)$")
    batch_size: int = Field(ge=1)


class EmbeddingStore:
    """Embeddings (n, d) of the n stored frames; row i belongs to row i of the frame store."""

    def __init__(self, folder: Path) -> None:
        """Open a store that `embed` or `embed_controls` wrote.

        Raises:
            InputError: index and matrix are not of the same frames.
        """
        self.folder = folder
        self.rows = RowIndex.read(folder / "index.csv")
        self.matrix = np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)
        self.meta = read_json(folder / "meta.json")
        kind, shape = self.matrix.dtype, self.matrix.shape
        if kind != np.float32 or shape[:-1] != (len(self.rows),):
            raise InputError(
                f"{folder}: the index has {len(self.rows)} frames, and the matrix is of {kind}, of shape"
                f" {shape}; `clipforensics check --digests --mend`, then `dvc repro`"
            )

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
