"""DINOv2, with registers or without.

Oquab et al. 2023, "DINOv2: Learning Robust Visual Features without Supervision", arXiv 2304.07193; Darcet et
al. 2023, "Vision Transformers Need Registers", arXiv 2309.16588.
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


class Dinov2(Family):
    """DINOv2's tower; its places are interpolated to the size of the frames."""

    name = "DINOv2"
    model_types = ("dinov2",)
    embeddings: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "the class token after the last normalisation",
        "mean": "the mean of the patches' tokens after the last normalisation",
        "class_mean": "class token and mean of the patches side by side, as its linear classifiers read them",
    }
    processor = "BitImageProcessorPil"
    blocks_at = "encoder.layer"
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
    idle = ("embeddings.mask_token",)
    call: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "tower(pixel_values={}).pooler_output",
        "mean": "tower(pixel_values={}).last_hidden_state[:, 1:].mean(dim=1)",
        "class_mean": "(lambda out: torch.cat([out[:, 0], out[:, 1:].mean(dim=1)], dim=-1))"
        "(tower(pixel_values={}).last_hidden_state)",
    }

    def tower_class(self) -> type[Any]:
        """The tower without a classifier."""
        from transformers import Dinov2Model

        return Dinov2Model

    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """As it stands."""
        from transformers import Dinov2Config

        return Dinov2Config(**content)

    def shape(self, content: Mapping[str, Any]) -> Shape:
        """Two normalisations and two scales a block; the MLP may be gated (SwiGLU)."""
        config = self.tower_config(content)
        width, side = config.hidden_size, config.patch_size
        inner = int(width * config.mlp_ratio)
        mlp = {"fc1": (width, inner), "fc2": (inner, width)}
        if config.use_swiglu_ffn:
            inner = (int(inner * 2 / 3) + 7) // 8 * 8
            mlp = {"gate_proj": (width, inner), "up_proj": (width, inner), "down_proj": (inner, width)}
        attention = dict.fromkeys(self.projections.values(), (width, width))
        qkv = linear(width, width, bias=config.qkv_bias) * 3 + linear(width, width)
        registers = getattr(config, "num_register_tokens", 0)
        places = (config.image_size // side) ** 2 + 1
        both = dict.fromkeys(("pooled", "mean"), width)
        return Shape(
            layers=config.num_hidden_layers,
            width=width,
            image=config.image_size,
            patch=side,
            channels=config.num_channels,
            prefix=1 + registers,
            linear={**attention, **mlp},
            block=sum((linear(*shape) for shape in mlp.values()), qkv) + norm(width) * 2 + tokens(2, width),
            before=tokens(1 + registers + places, width) + linear(config.num_channels * side**2, width),
            after=dict.fromkeys(self.after, norm(width)),
            widths={**both, "class_mean": 2 * width},
            idle=width if getattr(config, "use_mask_token", True) else 0,
        )

    def embed(self, tower: Any, pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Of the tokens after the last normalisation."""
        return class_and_mean(tower(pixel_values=pixels).last_hidden_state, self.prefix(tower), embedding)

    def enter(self, tower: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Class token, registers and patches."""
        return tower.embeddings(pixels)

    def leave(self, tower: Any, hidden: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Normalised, and read as asked."""
        return class_and_mean(tower.layernorm(hidden), self.prefix(tower), embedding)

    def prefix(self, tower: Any) -> int:
        """Class token and registers."""
        return 1 + getattr(tower.config, "num_register_tokens", 0)

    def untraceable(self, embedding: Embedding) -> str:
        """The class token is traced."""
        return "" if embedding == "pooled" else no_class_token(embedding)


FAMILY = Dinov2()
