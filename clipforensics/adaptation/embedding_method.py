"""What methods share that read cached embeddings only: a judge on unit-length embeddings, and its training.

The encoder stays as it is and no picture is encoded again, so training takes seconds. Frames are seen as they
are stored: no augmentation reaches these methods.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch
from pydantic import Field

from clipforensics.adaptation.frozen import FrozenEncoder
from clipforensics.adaptation.record import Usage, write_record
from clipforensics.core.fitting import Fitting
from clipforensics.core.params import Section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.vision import (
    Embedding,
    Preprocessing,
    load_preprocessing,
    load_vision_tower,
)
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device, compute_deterministically
from clipforensics.training.sampling import Draw, class_weights, draw_epoch
from clipforensics.training.schedule import Schedule
from clipforensics.training.task import Fit, Task
from clipforensics.training.trainer import LogOdds, Progress, Trainer
from clipforensics.training.validation import Validation

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SCORE_BATCH = 8192


class EmbeddingSettings(Section):
    """What every trained method on embeddings has in its section.

    Attributes:
        learning_rate: AdamW's peak rate.
    """

    learning_rate: float = Field(gt=0)


class EmbeddingMethod(ABC):
    """A method that trains a judge: unit-length embeddings (n, d) -> log odds (n,)."""

    settings: type[Section]
    reads: Literal["embeddings"] = "embeddings"
    rows_at_once: int | None = 2048
    """Rows that go through the judge at once in training, so few that what it computes stays in the
    processor's cache; None: a whole step's, for judges that compute something anew for every call."""

    @property
    def name(self) -> str:
        """The module's."""
        return type(self).__module__.rsplit(".", 1)[-1]

    @abstractmethod
    def build(self, task: Task, settings: Any) -> LogOdds:
        """The untrained judge, every parameter that shall move with `requires_grad`; seeded by the task.

        Raises:
            InputError: the settings do not fit the encoder.
        """

    @abstractmethod
    def counts(self, judge: Any) -> dict[str, int | str]:
        """What of the judge moves, all that it holds, and its head: an entry of `record.parameter_counts`."""

    def settled(self, judge: Any) -> torch.nn.Module:
        """The judge as it stands, for scoring: what does not depend on the embeddings is computed."""
        return cast(torch.nn.Module, judge)

    @abstractmethod
    def save_judge(self, judge: Any, folder: Path) -> None:
        """Write what scoring needs, as safetensors."""

    @abstractmethod
    def load_judge(self, folder: Path) -> torch.nn.Module:
        """Read what `save_judge` wrote: unit-length embeddings (n, d) -> log odds (n,)."""

    def usage(self, settings: Any) -> Usage | None:
        """Lines for the model card, where the saved files do not say by themselves how they are used."""
        return None

    @abstractmethod
    def expected_parameters(self, encoder: Mapping[str, Any], settings: Any) -> dict[str, int]:
        """`trainable` and `head` by the formula of the method's paper, as the contract asks for them."""

    def fit(self, task: Task, settings: Any, folder: Path) -> Fit:
        """Train the judge on cached embeddings, keep the epoch best on validation, write the folder."""
        compute_deterministically(task.seed)
        judge = self.build(task, settings).to(choose_device())
        counts = self.counts(judge)
        print(counts["line"], flush=True)
        progress = train_on_embeddings(
            judge,
            task,
            settings.learning_rate,
            settled=self.settled,
            rows_at_once=self.rows_at_once,
            label=self.name,
        )
        self.save(
            judge,
            folder,
            task=task,
            settings=settings,
            counts=counts,
            rank=progress.best_rank,
            epochs=progress.epoch,
            best_epoch=progress.best_epoch,
        )
        return progress.as_fit()

    def save(
        self,
        judge: Any,
        folder: Path,
        *,
        task: Task,
        settings: Any,
        counts: Mapping[str, int | str],
        rank: tuple[float, float],
        **chosen: Any,
    ) -> None:
        """Write the judge and detector.json; `chosen` is what the method wants remembered beside."""
        folder.mkdir(parents=True, exist_ok=True)
        self.save_judge(judge, folder)
        write_record(
            folder,
            method=self.name,
            encoder=task.encoder,
            settings=settings,
            seed=task.seed,
            counts=counts,
            rank=rank,
            usage=self.usage(settings),
            tower=task.embeddings.meta.get("tower"),
            **chosen,
        )

    def load(self, folder: Path) -> torch.nn.Module:
        """The saved judge, in evaluation mode on the chosen device."""
        return self.load_judge(folder).to(choose_device()).eval().requires_grad_(False)

    def score(
        self, folder: Path, rows: np.ndarray, *, frames: FrameStore, embeddings: EmbeddingStore
    ) -> np.ndarray:
        """Scores float64 (len(rows),) in [0, 1] by the judge saved in `folder`; no frame is read."""
        del frames  # the contract hands every detector both stores
        compute_deterministically(seed=0)
        return score_embeddings(self.load(folder), embeddings, rows)

    def log_odds(
        self, folder: Path, *, encoder: Mapping[str, str], fitting: Fitting | None, merged: bool = False
    ) -> tuple[FrozenEncoder, Preprocessing, "PreTrainedModel"]:
        """The judge on its frozen encoder, from pixels, in float32: module, preprocessing and tower."""
        del merged  # nothing of the encoder was trained
        model, revision = encoder["model"], encoder["revision"]
        compute_deterministically(seed=0)
        tower = load_vision_tower(model, revision)
        preprocessing = load_preprocessing(model, revision, fitting=fitting)
        module = FrozenEncoder(tower, cast(Embedding, encoder["embedding"]), self.load(folder))
        return module.to(choose_device()).eval(), preprocessing, tower


def train_on_embeddings(
    judge: LogOdds,
    task: Task,
    learning_rate: float,
    *,
    settled: Callable[[LogOdds], torch.nn.Module],
    rows_at_once: int | None = None,
    label: str,
) -> Progress:
    """Train what requires gradients with the task's budget; the best epoch's weights stay in the judge.

    Args:
        judge: What to train, on its device.
        task: Rows, budget and seed.
        learning_rate: AdamW's peak rate.
        settled: The judge as it stands -> what scores, as `EmbeddingMethod.settled`.
        rows_at_once: Rows that go through the judge at once; None: a whole step's.
        label: What the progress bar calls the run.
    """

    def draw(epoch: int) -> Draw:
        return draw_embeddings(task, epoch)

    device = next(judge.parameters()).device
    features, validation = (Features(task.embeddings, part.rows, device) for part in (task.train, task.val))
    trainer = Trainer(
        judge,
        head="\0",  # all of it learns at one rate
        draw=draw,
        inputs=lambda part, epoch: features.take(part.rows),
        score=lambda: score_features(settled(judge), validation.matrix),
        validation=Validation.of(task.val),
        schedule=_schedule(task, learning_rate, rows_at_once),
        weights=class_weights(draw(0).labels, task.budget.class_weight),
        dtype=torch.float32,
        state=task.scratch / "state",
        label=label,
    )
    return trainer.fit()


def _schedule(task: Task, learning_rate: float, rows_at_once: int | None) -> Schedule:
    """The task's budget, with one rate for all of the judge."""
    budget = task.budget.embeddings
    return Schedule(
        epochs=budget.epochs,
        patience=budget.patience,
        batch_size=budget.batch_size,
        micro_batch_size=rows_at_once or budget.batch_size,
        learning_rate=learning_rate,
        head_learning_rate=learning_rate,
        weight_decay=budget.weight_decay,
        warmup_fraction=budget.warmup_fraction,
        seed=task.seed,
    )


def draw_embeddings(task: Task, epoch: int) -> Draw:
    """The embeddings of one epoch, by the budget: those of all frames that its sampling takes."""
    return draw_epoch(
        task.train.spans,
        task.train.table,
        sampling=task.budget.sampling,
        frames_per_video=None,
        self_blended=0.0,
        seed=task.seed,
        epoch=epoch,
        frames=task.embeddings.rows.frames,
    )


class Features:
    """Embeddings of some rows, read once and held on the device for all epochs.

    Attributes:
        matrix: Unit-length float32 (n, d).
    """

    def __init__(self, embeddings: EmbeddingStore, rows: np.ndarray, device: torch.device) -> None:
        self.matrix = torch.from_numpy(embeddings.read(rows)).to(device)
        self._place = np.full(len(embeddings.rows), -1)
        self._place[rows] = np.arange(len(rows))
        self._batch = self.matrix[:0]

    def take(self, rows: np.ndarray) -> torch.Tensor:
        """Embeddings (len(rows), d) of rows of the store; the next call writes over them."""
        if len(self._batch) < len(rows):
            self._batch = torch.empty(len(rows), self.matrix.shape[1], device=self.matrix.device)
        places = torch.from_numpy(self._place[rows]).to(self.matrix.device)
        return torch.index_select(self.matrix, 0, places, out=self._batch[: len(rows)])


@torch.inference_mode()
def score_features(judge: torch.nn.Module, features: torch.Tensor) -> np.ndarray:
    """Scores float64 (n,) in [0, 1] of unit-length embeddings; the judge must be in evaluation mode."""
    parts = [torch.sigmoid(judge(part).double()).cpu() for part in features.split(SCORE_BATCH)]
    return torch.cat(parts).numpy() if parts else np.empty(0)


def score_embeddings(judge: torch.nn.Module, embeddings: EmbeddingStore, rows: np.ndarray) -> np.ndarray:
    """Scores float64 (n,) in [0, 1] of stored embeddings; the judge must be in evaluation mode."""
    device = next(iter(judge.state_dict().values())).device
    starts = range(0, len(rows), SCORE_BATCH)
    batches = (embeddings.read(rows[start : start + SCORE_BATCH]) for start in starts)
    parts = [score_features(judge, torch.from_numpy(batch).to(device)) for batch in batches]
    return np.concatenate(parts) if parts else np.empty(0)
