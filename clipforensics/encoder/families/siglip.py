"""SigLIP, and SigLIP 2 at a fixed resolution, which has SigLIP's classes and `model_type`.

Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training", arXiv 2303.15343; Tschannen et al. 2025,
"SigLIP 2: Multilingual Vision-Language Encoders with Improved Semantic Understanding, Localization, and Dense
Features", arXiv 2502.14786. Its variant NaFlex (`siglip2` in config.json) reads patches of pictures of any
shape and is another model.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from clipforensics.encoder.families.base import Embedding, Family, Role, no_class_token
from clipforensics.encoder.families.shape import Part, Shape, linear, norm, tokens


class Siglip(Family):
    """SigLIP's vision tower: no class token; a learnt query pools the patches."""

    name = "SigLIP"
    model_types = ("siglip", "siglip_vision_model")
    embeddings: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "the patches pooled by attention with a learnt query: the space of the texts",
        "mean": "the mean of the patches' tokens after the last normalisation",
    }
    processor = "SiglipImageProcessorPil"
    blocks_at = "encoder.layers"
    attention_at = "self_attn"
    projections: ClassVar[Mapping[Role, str]] = {
        "query": "q_proj",
        "key": "k_proj",
        "value": "v_proj",
        "output": "out_proj",
    }
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]] = {
        "pooled": ("post_layernorm", "head"),
        "mean": ("post_layernorm",),
    }
    call: ClassVar[Mapping[Embedding, str]] = {
        "pooled": "tower(pixel_values={}).pooler_output",
        "mean": "tower(pixel_values={}).last_hidden_state.mean(dim=1)",
    }

    def tower_class(self) -> type[Any]:
        """The vision tower alone."""
        from transformers import SiglipVisionModel

        return SiglipVisionModel

    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """Of `vision_config`, or of a tower alone."""
        from transformers import SiglipVisionConfig

        return SiglipVisionConfig(**{**content.get("vision_config", content)})

    def shape(self, content: Mapping[str, Any]) -> Shape:
        """Two normalisations a block, one after; the pooling head is a query, an attention and an MLP."""
        config = self.tower_config(content)
        width, inner, side = config.hidden_size, config.intermediate_size, config.patch_size
        attention = dict.fromkeys(self.projections.values(), (width, width))
        mlp = {"fc1": (width, inner), "fc2": (inner, width)}
        layers = {**attention, **mlp}
        two = sum((linear(*shape) for shape in mlp.values()), Part())
        head = tokens(1, width) + linear(width, 3 * width) + linear(width, width) + norm(width) + two
        return Shape(
            layers=config.num_hidden_layers,
            width=width,
            image=config.image_size,
            patch=side,
            channels=config.num_channels,
            prefix=0,
            linear=layers,
            block=sum((linear(*shape) for shape in layers.values()), Part()) + norm(width) * 2,
            before=tokens((config.image_size // side) ** 2, width)
            + linear(config.num_channels * side**2, width),
            after={"pooled": norm(width) + head, "mean": norm(width)},
            widths={"pooled": width, "mean": width},
        )

    def embed(self, tower: Any, pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """The pooled patches, or their mean."""
        out = tower(pixel_values=pixels)
        return out.pooler_output if embedding == "pooled" else out.last_hidden_state.mean(dim=1)

    def enter(self, tower: Any, pixels: torch.Tensor) -> torch.Tensor:
        """The patches."""
        return tower.embeddings(pixels)

    def leave(self, tower: Any, hidden: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Normalised, and pooled or averaged."""
        normed = tower.post_layernorm(hidden)
        return tower.head(normed) if embedding == "pooled" else normed.mean(dim=1)

    def prefix(self, tower: Any) -> int:
        """None."""
        return 0

    def block_options(self, tower: Any, hidden: torch.Tensor) -> dict[str, Any]:
        """No mask, which transformers wants to be told."""
        return {"attention_mask": None}

    def untraceable(self, embedding: Embedding) -> str:
        """There is no class token."""
        return no_class_token(embedding)


FAMILY = Siglip()
