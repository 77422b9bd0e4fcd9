"""CLIP of any size, of OpenAI or trained anew in its layout (OpenCLIP's, as transformers loads them).

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", arXiv
2103.00020.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import torch

from clipforensics.encoder.families.base import Embedding, Family, Role
from clipforensics.encoder.families.shape import Part, Shape, linear, norm, tokens

if TYPE_CHECKING:
    from transformers.models.clip.modeling_clip import CLIPEncoderLayer


class Clip(Family):
    """CLIP's vision tower with its projection."""

    name = "CLIP"
    model_types = ("clip", "clip_vision_model")
    embeddings: ClassVar[Mapping[Embedding, str]] = {
        "projected": "the class token after the last normalisation, projected into the space of the texts",
        "pooled": "the class token after the last normalisation",
    }
    processor = "CLIPImageProcessorPil"
    blocks_at = "vision_model.encoder.layers"
    attention_at = "self_attn"
    projections: ClassVar[Mapping[Role, str]] = {
        "query": "q_proj",
        "key": "k_proj",
        "value": "v_proj",
        "output": "out_proj",
    }
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]] = {
        "projected": ("vision_model.post_layernorm", "visual_projection"),
        "pooled": ("vision_model.post_layernorm",),
    }
    call: ClassVar[Mapping[Embedding, str]] = {
        "projected": "tower(pixel_values={}).image_embeds",
        "pooled": "tower.vision_model(pixel_values={}).pooler_output",
    }

    def tower_class(self) -> type[Any]:
        """With projection, which is left aside where the pooled embedding is read."""
        from transformers import CLIPVisionModelWithProjection

        return CLIPVisionModelWithProjection

    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """Of `vision_config`, or of a tower alone."""
        from transformers import CLIPVisionConfig

        return CLIPVisionConfig(**{**content.get("vision_config", content)})

    def shape(self, content: Mapping[str, Any]) -> Shape:
        """Two normalisations a block, one before the blocks, one after; the patches have no bias."""
        config = self.tower_config(content)
        width, inner, side = config.hidden_size, config.intermediate_size, config.patch_size
        places = (config.image_size // side) ** 2 + 1
        attention = dict.fromkeys(self.projections.values(), (width, width))
        layers = {**attention, "fc1": (width, inner), "fc2": (inner, width)}
        patches = linear(config.num_channels * side**2, width, bias=False)
        projection = linear(width, config.projection_dim, bias=False)
        return Shape(
            layers=config.num_hidden_layers,
            width=width,
            image=config.image_size,
            patch=side,
            channels=config.num_channels,
            prefix=1,
            linear=layers,
            block=sum((linear(*shape) for shape in layers.values()), Part()) + norm(width) * 2,
            before=tokens(1 + places, width) + patches + norm(width),
            after={"projected": norm(width) + projection, "pooled": norm(width)},
            widths={"projected": config.projection_dim, "pooled": width},
            beside={"visual_projection": (width, config.projection_dim)},
        )

    def embed(self, tower: Any, pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """The projected embedding, or the pooled class token."""
        if embedding == "projected":
            return tower(pixel_values=pixels).image_embeds
        return tower.vision_model(pixel_values=pixels).pooler_output

    def enter(self, tower: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Class token and patches, normalised."""
        vision = tower.vision_model
        return vision.pre_layrnorm(vision.embeddings(pixels))

    def leave(self, tower: Any, hidden: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """The class token, normalised, projected if asked for."""
        pooled = tower.vision_model.post_layernorm(hidden[:, 0, :])
        return tower.visual_projection(pooled) if embedding == "projected" else pooled

    def prefix(self, tower: Any) -> int:
        """The class token."""
        return 1

    def block_options(self, tower: Any, hidden: torch.Tensor) -> dict[str, Any]:
        """No mask, which transformers wants to be told."""
        return {"attention_mask": None}

    def last_block(
        self, block: Any, hidden: torch.Tensor, options: Mapping[str, Any], embedding: Embedding
    ) -> torch.Tensor:
        """For the class token alone, where nothing is dropped."""
        return block(hidden, **options) if _drops_out(block) else class_token_after(block, hidden)


def class_token_after(block: "CLIPEncoderLayer", hidden: torch.Tensor) -> torch.Tensor:
    """The class token (n, 1, width) after a block, of activations (n, tokens, width) before it.

    After the last block nothing but the class token is read. It needs the keys and values of all tokens, but
    only its own query and its own way through the output projection and the MLP: an eighth of the block's
    matrix products with 50 tokens, and the same number that the whole block would give it, up to the order in
    which a matrix product adds.

    Args:
        block: In evaluation mode, or without dropout: what is dropped would be drawn for other tokens.
        hidden: Of the block before.
    """
    attention, normed = block.self_attn, block.layer_norm1(hidden)
    heads = (len(hidden), -1, attention.num_heads, attention.head_dim)
    query, keys, values = (
        project(tokens).view(heads).transpose(1, 2)
        for project, tokens in (
            (attention.q_proj, normed[:, :1]),
            (attention.k_proj, normed),
            (attention.v_proj, normed),
        )
    )
    mixed = torch.nn.functional.scaled_dot_product_attention(query, keys, values, scale=attention.scale)
    first = hidden[:, :1] + attention.out_proj(mixed.transpose(1, 2).flatten(2))
    return cast(torch.Tensor, first + block.mlp(block.layer_norm2(first)))


def _drops_out(block: "CLIPEncoderLayer") -> bool:
    """Whether a forward pass through the block draws random numbers."""
    layers = (m for m in block.modules() if isinstance(m, torch.nn.Dropout))
    return block.training and (bool(block.self_attn.dropout) or any(layer.p > 0 for layer in layers))


FAMILY = Clip()
