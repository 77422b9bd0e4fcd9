"""A frozen encoder with a linear unit on its embedding, as one module through which gradients flow."""

from typing import cast

import numpy as np
import torch
from transformers import CLIPVisionModelWithProjection

from clipforensics.encoder import Embedding, embed_pixels


class FrozenProbe(torch.nn.Module):
    """Pixels -> log odds: w . (e / |e|) + b of the tower's embedding e, in float32.

    Attributes:
        tower: The frozen tower.
        head: Linear (d -> 1), frozen.
    """

    def __init__(
        self, tower: CLIPVisionModelWithProjection, embedding: Embedding, weight: np.ndarray, bias: float
    ) -> None:
        """Put the unit with `weight` (d,) and `bias` on what `embedding` names."""
        super().__init__()
        self.tower, self.embedding = tower, embedding
        self.head = torch.nn.Linear(len(weight), 1)
        self.head.load_state_dict(
            {"weight": torch.from_numpy(weight).float()[None], "bias": torch.tensor([float(bias)])}
        )
        self.requires_grad_(False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 (n, 3, s, s) -> log odds (n,) of being manipulated."""
        features = embed_pixels(self.tower, pixels, self.embedding)
        return cast(torch.Tensor, self.head(torch.nn.functional.normalize(features, dim=-1)).squeeze(-1))
