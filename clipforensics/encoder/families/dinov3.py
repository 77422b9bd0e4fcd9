"""DINOv3's vision transformers; its ConvNeXts are no transformers and are not loaded.

Simeoni et al. 2025, "DINOv3", arXiv 2508.10104. Places are turned into queries and keys (RoPE). In training
mode transformers would move them at random; that is switched off here, since augmentation is the budget's,
the same for every encoder and every method, and frames are computed once where nothing below moves.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.families.class_token import ClassTokenFamily, after_norm, calls
from clipforensics.encoder.families.shape import Shape, linear, norm, tokens

MOVES = ("pos_embed_shift", "pos_embed_jitter", "pos_embed_rescale")
"""Fields of its config by which places are moved at random in training."""


class Dinov3(ClassTokenFamily):
    """DINOv3's tower: class token, registers, patches."""

    name = "DINOv3"
    model_types = ("dinov3_vit",)
    processor = "ViTImageProcessorPil"
    blocks_at = "model.layer"
    norm_at = "norm"
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]] = after_norm(norm_at)
    idle = ("embeddings.mask_token",)
    call: ClassVar[Mapping[Embedding, str]] = calls("1 + tower.config.num_register_tokens ")

    def tower_class(self) -> type[Any]:
        """The tower without a classifier."""
        from transformers import DINOv3ViTModel

        return DINOv3ViTModel

    def tower_config(self, content: Mapping[str, Any]) -> Any:
        """As it stands."""
        from transformers import DINOv3ViTConfig

        return DINOv3ViTConfig(**content)

    def shape(self, content: Mapping[str, Any]) -> Shape:
        """Two normalisations and two scales a block; no learnt places; the MLP may be gated."""
        config = self.tower_config(content)
        width, inner, side = config.hidden_size, config.intermediate_size, config.patch_size
        mlp = {"up_proj": (width, inner), "down_proj": (inner, width)}
        if config.use_gated_mlp:
            mlp = {"gate_proj": (width, inner), **mlp}
        attention = dict.fromkeys(self.projections.values(), (width, width))
        biases = (config.query_bias, config.key_bias, config.value_bias, config.proj_bias)
        block = sum((linear(width, width, bias=bias) for bias in biases), norm(width) * 2 + tokens(2, width))
        block = sum((linear(*shape, bias=config.mlp_bias) for shape in mlp.values()), block)
        prefix = 1 + config.num_register_tokens
        return Shape(
            layers=config.num_hidden_layers,
            width=width,
            image=config.image_size,
            patch=side,
            channels=config.num_channels,
            prefix=prefix,
            linear={**attention, **mlp},
            block=block,
            before=tokens(prefix, width) + linear(config.num_channels * side**2, width),
            after=dict.fromkeys(self.after, norm(width)),
            widths={"pooled": width, "mean": width, "class_mean": 2 * width},
            idle=width,
        )

    def prepare(self, tower: Any) -> None:
        """Leave places where they are in training mode too."""
        for name in MOVES:
            setattr(tower.config, name, None)

    def block_options(self, tower: Any, hidden: torch.Tensor) -> dict[str, Any]:
        """The places of a square picture of so many patches; they depend on nothing else of it."""
        grid = round((hidden.shape[1] - self.prefix(tower)) ** 0.5)
        side = grid * tower.config.patch_size
        like = torch.empty(1, 1, side, side, dtype=torch.float32, device=hidden.device)
        return {"position_embeddings": tower.rope_embeddings(like)}


FAMILY = Dinov3()
