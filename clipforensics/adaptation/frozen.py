"""A frozen encoder with a judge of its embedding, as one module through which gradients flow."""

from typing import TYPE_CHECKING, cast

import torch

from clipforensics.encoder.vision import Embedding, embed_pixels

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class FrozenEncoder(torch.nn.Module):
    """Pixels -> log odds that the judge gives the tower's unit-length embedding, in float32.

    Attributes:
        tower: The frozen tower.
        judge: Unit-length embeddings (n, d) -> log odds (n,), frozen.
    """

    def __init__(self, tower: "PreTrainedModel", embedding: Embedding, judge: torch.nn.Module) -> None:
        """Put `judge` on what `embedding` names."""
        super().__init__()
        self.tower, self.embedding, self.judge = tower, embedding, judge
        self.requires_grad_(False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 (n, 3, s, s) -> log odds (n,) of being manipulated."""
        features = embed_pixels(self.tower, pixels, self.embedding)
        return cast(torch.Tensor, self.judge(torch.nn.functional.normalize(features, dim=-1)).float())
