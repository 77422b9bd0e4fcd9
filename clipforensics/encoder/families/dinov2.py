"""DINOv2, with registers or without.

Oquab et al. 2023, "DINOv2: Learning Robust Visual Features without Supervision", arXiv 2304.07193; Darcet et
al. 2023, "Vision Transformers Need Registers", arXiv 2309.16588.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.families.class_token import ClassTokenFamily, after_norm, calls
from clipforensics.encoder.families.shape import Shape, linear, norm, tokens


class Dinov2(ClassTokenFamily):
    """DINOv2's tower; its places are interpolated to the size of the frames."""

    name = "DINOv2"
    model_types = ("dinov2",)
    embeddings: ClassVar[Mapping[Embedding, str]] = {
        **ClassTokenFamily.embeddings,
        "class_mean": "class token and mean of the patches side by side, as its linear classifiers read them",
    }
    processor = "BitImageProcessorPil"
    blocks_at = "encoder.layer"
    norm_at = "layernorm"
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]] = after_norm(norm_at)
    idle = ("embeddings.mask_token",)
    call: ClassVar[Mapping[Embedding, str]] = calls("1")

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


FAMILY = Dinov2()
