"""A plain vision transformer, as transformers' `ViTModel` loads it; without its pooler.

Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", arXiv
2010.11929. DINO's checkpoints (Caron et al. 2021, arXiv 2104.14294) have this layout too.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.families.class_token import ClassTokenFamily, after_norm, calls
from clipforensics.encoder.families.shape import Shape, linear, norm, tokens


class Vit(ClassTokenFamily):
    """The tower without the pooler, which belongs to the task that it was trained for."""

    name = "ViT"
    model_types = ("vit",)
    processor = "ViTImageProcessorPil"
    load_options: ClassVar[Mapping[str, Any]] = {"add_pooling_layer": False}
    blocks_at = "layers"
    norm_at = "layernorm"
    after: ClassVar[Mapping[Embedding, tuple[str, ...]]] = after_norm(norm_at)
    call: ClassVar[Mapping[Embedding, str]] = calls("1")

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


FAMILY = Vit()
