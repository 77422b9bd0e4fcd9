"""The contract that every detector keeps, and how one is found by name.

A detector is one module of this package. Its training stage writes a folder; the module offers

    score(folder, rows, *, frames, embeddings) -> float64 (len(rows),)

scores in [0, 1], higher means manipulated, row by row independent of the other rows.

A detector that runs a vision transformer may also offer

    log_odds(folder, *, encoder, frame_size) -> (module, preprocessing, tower)

so that its scores can be explained: `module` (torch, evaluation mode, on the chosen device) takes
float32 pixels (n, 3, s, s) as `preprocessing` makes them to log odds (n,) in float32, with gradients
through every layer, and sigmoid(log odds) is the score to 1e-5 where the score was computed in
float32; `tower` is the CLIPVisionModelWithProjection that `module` runs. `encoder` is section
`encoder` of params.yaml as a mapping, `frame_size` the side of the stored frames in pixels.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

import numpy as np

import clipforensics.detectors
from clipforensics.embeddings import EmbeddingStore
from clipforensics.faults import InputError
from clipforensics.frames import FrameStore

if TYPE_CHECKING:  # torch is loaded by those detectors only that need it
    from torch.nn import Module
    from transformers import CLIPVisionModelWithProjection

    from clipforensics.encoder import Preprocessing

    LogOdds: TypeAlias = tuple[Module, Preprocessing, CLIPVisionModelWithProjection]


class Detector(Protocol):
    """What `evaluate` needs of a detector module."""

    def score(
        self, folder: Path, rows: np.ndarray, *, frames: FrameStore, embeddings: EmbeddingStore
    ) -> np.ndarray:
        """Score the given rows of the stores with the detector saved in `folder`."""
        ...


class Explainable(Protocol):
    """What `explain` needs of a detector module."""

    def log_odds(self, folder: Path, *, encoder: Mapping[str, str], frame_size: int) -> "LogOdds":
        """Open the detector saved in `folder`: its module, its preprocessing, its vision tower."""
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


def explainable(detector: Detector) -> "Explainable | None":
    """The same module if it offers `log_odds`, else None."""
    return cast(Explainable, detector) if hasattr(detector, "log_odds") else None
