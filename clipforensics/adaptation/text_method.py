"""What methods share that compare an image's embedding with those of prompts, one for each class.

Log odds = scale (x . t_manipulated - x . t_real) with everything of unit length, the log odds of CLIP's
softmax over the two classes. The scale is CLIP's own and stays fixed. The class embeddings t are computed
once a step, for the whole batch, and are all of the text tower that scoring needs.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.embedding_method import EmbeddingMethod
from clipforensics.adaptation.record import Usage
from clipforensics.core.faults import InputError
from clipforensics.encoder.text import PromptSection, TextEncoder, embed_tokens, ensemble, load_text_encoder
from clipforensics.training.task import Task
from clipforensics.training.trainer import LogOdds

CLASSES = "classes.safetensors"

READ_CLASSES = f'prompts = load_file(folder / "{CLASSES}")'
DIRECTION = '(prompts["scale"] * (prompts["classes"][1] - prompts["classes"][0]))'
"""For model cards: what `save_classes` wrote, and what `compare` multiplies with."""


class PromptJudge(LogOdds, ABC):
    """A judge whose class embeddings may still move.

    Attributes:
        scale: Factor between cosine and logit, float32 (), fixed.
    """

    scale: torch.Tensor

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale))

    @abstractmethod
    def classes(self) -> torch.Tensor:
        """Unit-length class embeddings (2, d), real first."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Unit-length embeddings (n, d) -> log odds (n,)."""
        return compare(features, self.classes(), self.scale)


class FixedJudge(PromptJudge):
    """A judge with class embeddings that are known."""

    known: torch.Tensor

    def __init__(self, classes: torch.Tensor, scale: float) -> None:
        super().__init__(scale)
        self.register_buffer("known", classes)

    def classes(self) -> torch.Tensor:
        """The class embeddings (2, d) that it was given."""
        return self.known


def compare(features: torch.Tensor, classes: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """scale (x . t_manipulated - x . t_real), one product a row."""
    return features @ (scale * (classes[1] - classes[0]))


def check_projected(name: str, embedding: str) -> None:
    """Raise InputError unless embeddings are of the space in which pictures and texts meet."""
    if embedding != "projected":
        raise InputError(
            f"detectors: {name} compares pictures with texts, which meet in the projected embedding;"
            f" set encoder.embedding to projected (it is {embedding}), or leave it out"
        )


class TextMethod(EmbeddingMethod):
    """A method on embeddings that needs the encoder's text tower while it trains."""

    rows_at_once: int | None = None

    def open_text(self, task: Task) -> TextEncoder:
        """The encoder's text half, frozen.

        Raises:
            InputError: the embeddings are not those that texts are compared with, or there is no text tower.
        """
        check_projected(self.name, task.encoder["embedding"])
        return load_text_encoder(task.encoder["model"], task.encoder["revision"])

    @torch.no_grad()
    def settled(self, judge: Any) -> torch.nn.Module:
        """A judge with the class embeddings as they stand, computed once for all that is scored."""
        return FixedJudge(judge.classes(), float(judge.scale))

    def usage(self, settings: Any) -> Usage:
        """Lines for the model card: `compare` with the class embeddings."""
        return Usage((READ_CLASSES,), log_odds=f"embedding @ {DIRECTION}")

    def save_judge(self, judge: Any, folder: Path) -> None:
        """Write classes.safetensors, all that scoring needs."""
        save_classes(self.settled(judge.eval()), folder)

    def load_judge(self, folder: Path) -> torch.nn.Module:
        """The judge with the class embeddings of classes.safetensors."""
        return load_classes(folder)


def save_classes(judge: Any, folder: Path) -> None:
    """Write `classes` (2, d), real first, and `scale` (1,), float32."""
    tensors = {"classes": judge.classes().detach(), "scale": judge.scale.reshape(1)}
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, folder / CLASSES)


def load_classes(folder: Path) -> FixedJudge:
    """Read what `save_classes` wrote."""
    tensors = load_file(folder / CLASSES)
    return FixedJudge(tensors["classes"], float(tensors["scale"][0]))


@torch.no_grad()
def embed_prompts(text: TextEncoder, section: PromptSection) -> torch.Tensor:
    """Unit-length class embeddings (2, d) of a section's prompts, real first."""
    real, manipulated = section.prompts()
    tokens = text.tokens([*real, *manipulated])
    return ensemble(embed_tokens(text.tower.text_model, text.tower.text_projection, tokens), len(real))
