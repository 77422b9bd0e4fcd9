"""What one frame costs in a vision transformer, by the sizes in its config alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BYTES = 4
"""Of a float32, which is what every tower is loaded in."""


@dataclass(frozen=True)
class Tower:
    """Sizes of a vision transformer.

    Attributes:
        layers: Blocks.
        width: Of a token.
        hidden: Of a block's MLP.
        tokens: Patches, and one for the class.
        patch: Numbers of one patch (side squared, three colours).
        embedding: Length of an embedding.
    """

    layers: int
    width: int
    hidden: int
    tokens: int
    patch: int
    embedding: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Tower":
        """From `vision_config` of a config.json, whose missing fields are those of CLIP ViT-B/32."""
        side, width = config.get("patch_size", 32), config.get("hidden_size", 768)
        return cls(
            layers=config.get("num_hidden_layers", 12),
            width=width,
            hidden=config.get("intermediate_size", 4 * width),
            tokens=(config.get("image_size", 224) // side) ** 2 + 1,
            patch=3 * side**2,
            embedding=config.get("projection_dim", 512),
        )

    @property
    def parameters(self) -> int:
        """Weights of the blocks and of the patch embedding; biases and norms are a thousandth."""
        return self.layers * self._block + self.patch * self.width + self.tokens * self.width

    @property
    def operations(self) -> float:
        """Floating-point, of one frame forward: two a weight and token, and attention's products."""
        attention = 4 * self.layers * self.tokens**2 * self.width
        return 2.0 * self.tokens * (self.layers * self._block + self.patch * self.width) + attention

    @property
    def activations(self) -> int:
        """Bytes that a frame keeps for the backward pass: ten values a token and width, two of an MLP's."""
        return BYTES * self.layers * self.tokens * (10 * self.width + 2 * self.hidden)

    @property
    def _block(self) -> int:
        return 4 * self.width**2 + 2 * self.width * self.hidden
