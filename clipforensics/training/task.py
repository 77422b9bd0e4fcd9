"""What a method trains on, and how its training went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.rows import Labelled
from clipforensics.frames.store import FrameStore
from clipforensics.training.budget import TrainSection

if TYPE_CHECKING:
    from clipforensics.training.processes import Processes


@dataclass(frozen=True)
class Task:
    """What a method trains on; the same for every method of a cell.

    Attributes:
        frames: The frame store.
        embeddings: The frozen encoder's embeddings of the same rows.
        train: Rows to train on: of the main person of each video, where people are stored apart.
        val: Rows to choose on; a method sees no others.
        encoder: `model`, `revision` and `embedding`, as in section `encoder` of params.yaml.
        budget: Section `train` of params.yaml.
        seed: Of every draw.
        scratch: Folder that survives a kill; a run that finds it filled goes on from there.
        processes: Those that train this model together, alone if None.
    """

    frames: FrameStore
    embeddings: EmbeddingStore
    train: Labelled
    val: Labelled
    encoder: Mapping[str, str]
    budget: TrainSection
    seed: int
    scratch: Path
    processes: "Processes | None" = None


@dataclass(frozen=True)
class Fit:
    """How training went.

    Attributes:
        curve: Rows of the learning curve, at least `epoch`, `val_video_auc` and `val_frame_auc`; a method
            that tries candidates instead of epochs has one row a candidate.
        rank: Validation (video AUC, frame AUC) of what was kept.
        samples: Frames or embeddings that went forward and backward.
        seconds: Of training and validation; a run that was killed and resumed counts both parts.
        summary: What was chosen, as the end of a line for the terminal.
        epochs: That ran; 0 where a method has none.
        diverged: Whether the loss became infinite or NaN; such a fit may be recorded, never kept.
        tried: Of a method that tries candidates by itself, a `tried_row` of each in their order.
    """

    curve: list[dict[str, float]]
    rank: tuple[float, float]
    samples: int
    seconds: float
    summary: str = ""
    epochs: int = 0
    diverged: bool = False
    tried: list[dict[str, Any]] = field(default_factory=list)


def tried_row(
    settings: Mapping[str, Any], rank: tuple[float, float] | None, *, epochs: int = 0, ended: str
) -> dict[str, Any]:
    """What is recorded of a candidate.

    Args:
        settings: Those that the candidates differ in.
        rank: Its validation (video AUC, frame AUC); None if nothing could be kept of it.
        epochs: That ran; 0 where a method has none.
        ended: Why: `epochs` (all of the budget ran), `patience` (validation got no better), `optimum` (fitted
            to it) or `diverged`.
    """
    aucs = dict(zip(("val_auc", "val_frame_auc"), rank or (None, None), strict=True))
    return {"settings": dict(settings), **aucs, "epochs": epochs, "ended": ended}
