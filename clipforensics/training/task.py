"""What a method trains on, and how its training went."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
        train: Rows to train on.
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
    """

    curve: list[dict[str, float]]
    rank: tuple[float, float]
    samples: int
    seconds: float
    summary: str = ""
