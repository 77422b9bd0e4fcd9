"""A plain vision transformer, as transformers' `ViTModel` loads it; without its pooler.

Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", arXiv
2010.11929. DINO's checkpoints (Caron et al. 2021, arXiv 2104.14294) have this layout too.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from clipforensics.encoder.families.base import (
    Embedding,
    Family,
    Role,
    class_and_mean,
    no_class_token,
)
from clipforensics.encoder.families.shape import Shape, linear, norm, tokens


class Vit(Family):
    """The tower without the pooler, which belongs to the task that it was trained for."""

    name = "ViT"
    model_types = ("vit",)
    embeddings: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "the class token after the last normalisation",
        "mean": "the mean of the patches' tokens after the last normalisation",
        "class_mean": "class token and mean of the patches side by side",
    }
    processor = "ViTImageProcessorPil"
    load_options: ClassVar[Mapping[str, Any]] = {"add_pooling_layer": False}
    blocks_at = "layers"
    attention_at = "attention"
    projections: ClassVar[Mapping[Role, str]] = {
        "query": "q_proj",
        "key": "k_proj",
        "value": "v_proj",
        "output": "o_proj",
    }
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]] = dict.fromkeys(
        ("pooled", "mean", "class_mean"), ("layernorm",)
    )
    call: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "tower(pixel_values={}).last_hidden_state[:, 0]",
        "mean": "tower(pixel_values={}).last_hidden_state[:, 1:].mean(dim=1)",
        "class_mean": "(lambda out: torch.cat([out[:, 0], out[:, 1:].mean(dim=1)], dim=-1))"
        "(tower(pixel_values={}).last_hidden_state)",
    }

    def tower_class(self) -> type[Any]:
        """The tower without a classifier."""
        from transformers import ViTModel

        return ViTModel

    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """As it stands."""
        from transformers import ViTConfig

        return ViTConfig(**content)

    def shape(self, content: Mapping[str, Any]) -> Shape:
        """Two normalisations a block, one after."""
        config = self.tower_config(content)
        width, inner, side = config.hidden_size, config.intermediate_size, config.patch_size
        mlp = {"fc1": (width, inner), "fc2": (inner, width)}
        attention = dict.fromkeys(self.projections.values(), (width, width))
        qkv = linear(width, width, bias=config.qkv_bias) * 3 + linear(width, width)
        places = (config.image_size // side) ** 2 + 1
        return Shape(
            layers=config.num_hidden_layers,
            width=width,
            image=config.image_size,
            patch=side,
            channels=config.num_channels,
            prefix=1,
            linear={**attention, **mlp},
            block=sum((linear(*shape) for shape in mlp.values()), qkv) + norm(width) * 2,
            before=tokens(1 + places, width) + linear(config.num_channels * side**2, width),
            after=dict.fromkeys(self.after, norm(width)),
            widths={"pooled": width, "mean": width, "class_mean": 2 * width},
        )

    def embed(self, tower: Any, pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Of the tokens after the last normalisation."""
        return class_and_mean(tower(pixel_values=pixels).last_hidden_state, 1, embedding)

    def enter(self, tower: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Class token and patches."""
        return tower.embeddings(pixels)

    def leave(self, tower: Any, hidden: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Normalised, and read as asked."""
        return class_and_mean(tower.layernorm(hidden), 1, embedding)

    def prefix(self, tower: Any) -> int:
        """The class token."""
        return 1

    def untraceable(self, embedding: Embedding) -> str:
        """The class token is traced."""
        return "" if embedding == "pooled" else no_class_token(embedding)


FAMILY = Vit()
