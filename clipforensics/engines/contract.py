"""What an engine is: one module of this room, whose `ENGINE` builds a forward pass of the encoder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.families.finding import family_of

Forward = Callable[[torch.Tensor], torch.Tensor]
"""Pixels float32 (n, 3, s, s) on the tower's device -> embeddings (n, d), n always as at the first call."""


@dataclass(frozen=True)
class Engine:
    """What an engine's module offers.

    Attributes:
        build: (encoder, pixels of one batch, folder for files) -> forward pass. The folder is the engine's
            own, and nothing is written elsewhere.
        packages: Name to import -> name on the index, of what the base install lacks.
        extra: Of this project, which installs them; empty if there is nothing to install.
        cpu_alone: Whether it computes on the CPU, in float32, whatever torch has.
    """

    build: Callable[[torch.nn.Module, torch.Tensor, Path], Forward]
    packages: Mapping[str, str]
    extra: str
    cpu_alone: bool


class Encoder(torch.nn.Module):
    """Pixels -> embeddings, as a module that can be exported: a tower and what is read of it."""

    def __init__(self, tower: Any, embedding: Embedding) -> None:
        """Put them together.

        Args:
            tower: In evaluation mode.
            embedding: Which.
        """
        super().__init__()
        self.tower, self.family, self.embedding = tower, family_of(tower), embedding

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """As `vision.embed_pixels`."""
        return self.family.embed(self.tower, pixels, self.embedding)
