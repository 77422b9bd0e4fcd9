"""The contract that every detector keeps, and how one is found by name.

A detector is one module of this package. Its training stage writes a folder; the module offers

    score(folder, rows, *, frames, embeddings) -> float64 (len(rows),)

scores in [0, 1], higher means manipulated, row by row independent of the other rows.
"""

import importlib
import pkgutil
from pathlib import Path
from typing import Protocol, cast

import numpy as np

import clipforensics.detectors
from clipforensics.embeddings import EmbeddingStore
from clipforensics.faults import InputError
from clipforensics.frames import FrameStore


class Detector(Protocol):
    """What `evaluate` needs of a detector module."""

    def score(
        self, folder: Path, rows: np.ndarray, *, frames: FrameStore, embeddings: EmbeddingStore
    ) -> np.ndarray:
        """Score the given rows of the stores with the detector saved in `folder`."""
        ...


def find_detector(name: str) -> Detector:
    """The detector module of that name.

    Raises:
        InputError: there is none; names those there are.
    """
    known = sorted({m.name for m in pkgutil.iter_modules(clipforensics.detectors.__path__)} - {"base"})
    if name not in known:
        raise InputError(f"detectors: {name!r} is not a detector; those there are: {', '.join(known)}")
    return cast(Detector, importlib.import_module(f"clipforensics.detectors.{name}"))
