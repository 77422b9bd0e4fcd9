"""What vision transformers with a class token share: DINOv2, DINOv3 and the plain one."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from clipforensics.encoder.families.base import Embedding, Family, Role, no_class_token

CLASS_AND_MEAN: tuple[Embedding, ...] = ("pooled", "mean", "class_mean")
"""The embeddings that `class_and_mean` gives."""


class ClassTokenFamily(Family):
    """Class token, registers if any, patches; one normalisation after the blocks.

    Attributes:
        norm_at: Where a tower has that normalisation.
    """

    norm_at: ClassVar[str]
    attention_at = "attention"
    embeddings: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "the class token after the last normalisation",
        "mean": "the mean of the patches' tokens after the last normalisation",
        "class_mean": "class token and mean of the patches side by side",
    }
    projections: ClassVar[Mapping[Role, str]] = {
        "query": "q_proj",
        "key": "k_proj",
        "value": "v_proj",
        "output": "o_proj",
    }

    def embed(self, tower: Any, pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Of the tokens after the last normalisation."""
        return class_and_mean(tower(pixel_values=pixels).last_hidden_state, self.prefix(tower), embedding)

    def enter(self, tower: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Class token, registers and patches."""
        return tower.embeddings(pixels)

    def leave(self, tower: Any, hidden: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Normalised, and read as asked."""
        normed = tower.get_submodule(self.norm_at)(hidden)
        return class_and_mean(normed, self.prefix(tower), embedding)

    def prefix(self, tower: Any) -> int:
        """Class token and registers."""
        return 1 + int(getattr(tower.config, "num_register_tokens", 0))

    def untraceable(self, embedding: Embedding) -> str:
        """The class token is traced."""
        return "" if embedding == "pooled" else no_class_token(embedding)


def after_norm(name: str) -> dict[Embedding, tuple[str, ...]]:
    """`after` of a tower in which every embedding passes the normalisation of this name."""
    return dict.fromkeys(CLASS_AND_MEAN, (name,))


def calls(prefix: str) -> dict[Embedding, str]:
    """`call` of a tower; `prefix` is Python for how many tokens come before those of the patches."""
    tokens = "tower(pixel_values={}).last_hidden_state"
    both = f"(lambda out: torch.cat([out[:, 0], out[:, {prefix}:].mean(dim=1)], dim=-1))"
    return {
        "pooled": f"{tokens}[:, 0]",
        "mean": f"{tokens}[:, {prefix}:].mean(dim=1)",
        "class_mean": f"{both}({tokens})",
    }


def class_and_mean(tokens: torch.Tensor, prefix: int, embedding: Embedding) -> torch.Tensor:
    """Normed tokens (n, tokens, width) -> the class token, the patches' mean, or both, (n, d)."""
    if embedding == "pooled":
        return tokens[:, 0]
    mean = tokens[:, prefix:].mean(dim=1)
    return mean if embedding == "mean" else torch.cat([tokens[:, 0], mean], dim=-1)
