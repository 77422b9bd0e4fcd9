"""All that is known of one trained detector, as the stages left it: what its package is written from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.core.fitting import Fitting
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.likelihood.reading import Left
from clipforensics.protocol.cells import Cell, protocol_of
from clipforensics.publishing.encoders import Encoder, find_encoder
from clipforensics.publishing.loading import Loading, find_loading
from clipforensics.publishing.validation import Knowledge

Json = dict[str, Any]


@dataclass(frozen=True)
class TrainingFootage:
    """What the detector was trained and tested on, and how frames were drawn from it.

    Attributes:
        dataset: Name of the profile.
        is_sample: Whether it is the built-in toy.
        n_frames: Frames a video.
        fitting: How each was resized and cropped.
        faces: How the face that frames are cut around was found, chosen and cut: settings by name. None: none
            was looked for, and frames are cut around their middle.
        portable: Whether numbers are the same on every x86-64 machine with AVX2.
    """

    dataset: str
    is_sample: bool
    n_frames: int
    fitting: Fitting
    faces: Json | None = None
    portable: bool = False

    @property
    def frame_size(self) -> int:
        """Side of a frame in pixels."""
        return self.fitting.size


def is_apart(footage: TrainingFootage) -> bool:
    """Whether every person of a frame has a picture apart, and the frame the highest of their scores."""
    return footage.faces is not None and bool(footage.faces["person"] == "every")


@dataclass(frozen=True)
class Records:
    """Where the stages left what they know.

    Attributes:
        weights: Folder with the weights of all cells, `<cell>/<detector>/` each.
        left: Scores, splits and metrics.
        leakage: Folder of leak audits, `<split>/<train set>.json` each.
        comparison: Content of metrics/comparison.json.
        controls: Content of metrics/controls.json.
        videos: videos.csv by key, with `face_size` where faces were looked for.
        embeddings: Of the frozen encoder.
    """

    weights: Path
    left: Left
    leakage: Path
    comparison: Json
    controls: Json
    videos: pd.DataFrame
    embeddings: EmbeddingStore

    def known(self, detector: str, cell: Cell) -> Knowledge:
        """What is known of the videos with frames that a detector was trained and validated on."""
        train = [key for key in self.left.part(cell, "train")["key"] if key in self.embeddings.rows]
        return Knowledge(self.left.model(detector, cell), train, self.videos, self.embeddings)


@dataclass(frozen=True)
class Model:
    """One trained detector.

    Attributes:
        detector: Its name.
        cell: Which training run.
        weights: Folder that `train` left.
        about: Its detector.json.
        loading: How it is loaded.
        encoder: That it was trained on.
        footage: That it was trained on.
        evaluation: Content of its file in metrics/evaluate.
        leakage: Content of the split's file in metrics/leakage.
        comparison: Content of metrics/comparison.json.
        controls: Content of metrics/controls.json.
        known: The videos that it was trained and validated on.
    """

    detector: str
    cell: Cell
    weights: Path
    about: Json
    loading: Loading
    encoder: Encoder
    footage: TrainingFootage
    evaluation: Json
    leakage: Json
    comparison: Json
    controls: Json
    known: Knowledge

    @property
    def protocol(self) -> str:
        """Of its split."""
        return protocol_of(self.cell.split)

    @property
    def is_trained(self) -> bool:
        """Whether any parameter moved."""
        counts = self.about["parameters"]
        return bool(counts["trainable"] or counts["head"])


def read_model(detector: str, cell: Cell, records: Records, footage: TrainingFootage) -> Model:
    """Read what the stages left of one detector on one cell.

    Raises:
        InputError: a folder or file is missing.
    """
    folder = records.weights / cell.name / detector
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist, so there is no {detector} to package; run `dvc repro`")
    about = read_json(folder / RECORD)
    encoder, tower = about["encoder"], about.get("tower", {})
    return Model(
        detector=detector,
        cell=cell,
        weights=folder,
        about=about,
        loading=find_loading(folder, about),
        encoder=find_encoder(encoder["model"], encoder["revision"], tower.get("preprocessor")),
        footage=footage,
        evaluation=records.left.evaluation(detector, cell),
        leakage=read_json(records.leakage / cell.split / f"{cell.train_set}.json"),
        comparison=records.comparison,
        controls=records.controls,
        known=records.known(detector, cell),
    )
