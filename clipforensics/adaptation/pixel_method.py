"""What methods share that change the encoder, or what it is shown: tower, linear head, training.

A method says what moves (`adapt`), what of it is saved and read back (`save_adapter`, `load_adapter`), and
how many parameters that should be; the rest is here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_training import score_rows, train_on_pixels
from clipforensics.adaptation.record import RECORD, Usage, count_parameters, parameter_counts, write_record
from clipforensics.core.files import read_json
from clipforensics.core.fitting import Fitting
from clipforensics.core.params import Section, check_section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.tensor_file import check_tensors
from clipforensics.encoder.vision import (
    Embedding,
    Preprocessing,
    load_preprocessing,
    load_vision_tower,
    record_of_tower,
    show_frames,
)
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device, compute_deterministically
from clipforensics.training.processes import ALONE
from clipforensics.training.task import Fit, Task
from clipforensics.training.trainer import Progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel

HEAD, TRAINED = "head.safetensors", "trained.safetensors"


class PixelSettings(Section):
    """What every method on pixels has in its section.

    Attributes:
        learning_rate: Peak rate of what moves in or before the encoder.
        head_learning_rate: Of the linear head, which starts from nothing.
    """

    learning_rate: float = Field(gt=0)
    head_learning_rate: float = Field(gt=0)


class PixelMethod(ABC):
    """A method that trains on frames; subclasses say what moves."""

    settings: type[PixelSettings]
    reads: Literal["pixels"] = "pixels"

    @property
    def name(self) -> str:
        """The module's."""
        return type(self).__module__.rsplit(".", 1)[-1]

    @abstractmethod
    def adapt(
        self, tower: "PreTrainedModel", settings: Any, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Make a detector of a frozen tower: every parameter that shall move has `requires_grad`.

        Args:
            tower: As `vision.load_vision_tower` gives it, frozen; changed in place.
            settings: Of the method.
            embedding: What the head reads.
            seed: Of initial values.

        Raises:
            InputError: the settings do not fit the tower.
        """

    @abstractmethod
    def expected_parameters(self, encoder: Mapping[str, Any], settings: Any) -> dict[str, int]:
        """`trainable` and `head` by the formula of the method's paper, as the contract asks for them."""

    def save_adapter(self, model: AdaptedEncoder, folder: Path) -> None:
        """Write what training moved, but for the head; by default its tensors, by name."""
        save_file(
            {n: p.detach().cpu().contiguous() for n, p in moved_tensors(model).items()}, folder / TRAINED
        )

    def load_adapter(
        self, tower: "PreTrainedModel", settings: Any, *, embedding: Embedding, folder: Path
    ) -> AdaptedEncoder:
        """Read what `save_adapter` wrote, onto a frozen tower."""
        model = self.adapt(tower, settings, embedding=embedding, seed=0)
        check_tensors(folder / TRAINED, {name: tuple(p.shape) for name, p in moved_tensors(model).items()})
        model.load_state_dict(load_file(folder / TRAINED), strict=False)
        return model

    def merge(self, model: AdaptedEncoder) -> AdaptedEncoder:
        """Fold what was trained into the tower's own weights, where that saves time in scoring."""
        return model

    def usage(self, settings: Any) -> Usage | None:
        """Lines for the model card, where the saved files do not say by themselves how they are used."""
        return None

    def fit(self, task: Task, settings: Any, folder: Path) -> Fit:
        """Train tower and head on frames, keep the epoch that is best on validation, write the folder."""
        encoder, processes = task.encoder, task.processes or ALONE
        compute_deterministically(task.seed)
        device = choose_device()
        tower = load_vision_tower(encoder["model"], encoder["revision"])
        preprocessing = load_preprocessing(encoder["model"], encoder["revision"], fitting=task.frames.fitting)
        embedding, tower = cast(Embedding, encoder["embedding"]), show_frames(tower, preprocessing)
        model = self.adapt(tower, settings, embedding=embedding, seed=task.seed).to(device)
        counts = model_counts(model)
        if processes.first:
            print(counts["line"], flush=True)
        progress = train_on_pixels(model, task, settings, preprocessing, label=self.name)
        if processes.first:
            self.save(model, folder, task=task, settings=settings, counts=counts, progress=progress)
        return progress.as_fit()

    def save(
        self,
        model: AdaptedEncoder,
        folder: Path,
        *,
        task: Task,
        settings: Any,
        counts: Mapping[str, int | str],
        progress: Progress,
    ) -> None:
        """Write adapter, head and detector.json."""
        encoder = task.encoder
        folder.mkdir(parents=True, exist_ok=True)
        self.save_adapter(model, folder)
        head = {name: tensor.detach().cpu().contiguous() for name, tensor in model.head.state_dict().items()}
        save_file(head, folder / HEAD)
        write_record(
            folder,
            method=self.name,
            encoder=encoder,
            settings=settings,
            seed=task.seed,
            counts=counts,
            rank=progress.best_rank,
            usage=self.usage(settings),
            tower=record_of_tower(encoder["model"], encoder["revision"], model.embedding),
            epochs=progress.epoch,
            best_epoch=progress.best_epoch,
        )

    def load(
        self,
        folder: Path,
        *,
        fitting: Fitting | None,
        merged: bool = False,
        encoder: Mapping[str, str] | None = None,
    ) -> tuple[AdaptedEncoder, Preprocessing]:
        """Read what `save` wrote, onto the encoder it names, in evaluation mode on the chosen device.

        Args:
            folder: Where it was saved.
            fitting: How stored frames were made; None where there are none.
            merged: Whether the adapter is folded into the weights: a forward then costs what the encoder's
                own costs, and gives the same log odds up to the rounding of float32.
            encoder: Where that encoder is found; as the folder says if not given.
        """
        about = read_json(folder / RECORD)
        encoder = encoder or about["encoder"]
        settings = check_section(about["settings"], self.settings, f"{folder / RECORD}: settings")
        tower = load_vision_tower(encoder["model"], encoder["revision"])
        preprocessing = load_preprocessing(encoder["model"], encoder["revision"], fitting=fitting)
        embedding, tower = cast(Embedding, encoder["embedding"]), show_frames(tower, preprocessing)
        model = self.load_adapter(tower, settings, embedding=embedding, folder=folder)
        model.head.load_state_dict(load_file(folder / HEAD))
        model = self.merge(model) if merged else model
        return model.to(choose_device()).eval(), preprocessing

    def score(
        self, folder: Path, rows: np.ndarray, *, frames: FrameStore, embeddings: EmbeddingStore
    ) -> np.ndarray:
        """Scores float64 (len(rows),) in [0, 1] of stored frames, in float32; no embedding is read."""
        del embeddings  # the contract hands every detector both stores
        compute_deterministically(seed=0)
        model, preprocessing = self.load(folder, fitting=frames.fitting, merged=True)
        return score_rows(model, lambda part: preprocessing.pixels(frames.read(part), model.device), rows)

    def log_odds(
        self, folder: Path, *, encoder: Mapping[str, str], fitting: Fitting | None, merged: bool = False
    ) -> tuple[AdaptedEncoder, Preprocessing, "PreTrainedModel"]:
        """The saved model, its preprocessing, and its tower with the adapter inside, or folded into it."""
        compute_deterministically(seed=0)
        model, preprocessing = self.load(folder, fitting=fitting, encoder=encoder, merged=merged)
        return model, preprocessing, model.base


def moved_tensors(model: AdaptedEncoder) -> dict[str, torch.nn.Parameter]:
    """What training moves, by name, but for the head."""
    named = model.named_parameters()
    return {name: p for name, p in named if p.requires_grad and not name.startswith("head.")}


def model_counts(model: AdaptedEncoder) -> dict[str, int | str]:
    """Parameters of everything but the head, and the head's apart."""
    head = count_parameters(model.head)
    moved = count_parameters(model, moved=True) - count_parameters(model.head, moved=True)
    return parameter_counts(moved, count_parameters(model) - head, head)
