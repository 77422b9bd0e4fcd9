"""What one frame costs in a vision transformer, by the sizes in its config alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipforensics.encoder.families.finding import family_named
from clipforensics.encoder.families.shape import Shape

BYTES = 4
"""Of a float32, which is what every tower is loaded in."""


@dataclass(frozen=True)
class Tower:
    """Costs of a vision transformer.

    Attributes:
        shape: What it consists of.
        tokens: Of a frame.
    """

    shape: Shape
    tokens: int

    @classmethod
    def of(cls, vision: Mapping[str, Any], *, frame_side: int | None = None) -> "Tower":
        """From the fields of the tower's config; missing ones are those of transformers.

        Args:
            vision: The fields, `model_type` among them; a CLIP's where there is none.
            frame_side: Of the frames that it is shown; if not given, as the config says.
        """
        shape = family_named(vision).shape(vision)
        side = frame_side or shape.image
        return cls(shape, (side // shape.patch) ** 2 + shape.prefix)

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.shape.parameters

    @property
    def operations(self) -> float:
        """Floating-point, of one frame forward: two a weight and token, and attention's products."""
        shape = self.shape
        attention = 4 * shape.layers * self.tokens**2 * shape.width
        patches = shape.channels * shape.patch**2 * shape.width
        return 2.0 * self.tokens * (shape.layers * self._products + patches) + attention

    @property
    def activations(self) -> int:
        """Bytes that a frame keeps for the backward pass: ten values a token and width, and those of an MLP.

        An MLP keeps what each layer that widens gives, and what its activation makes of it.
        """
        shape = self.shape
        wide = [outputs for inputs, outputs in shape.linear.values() if outputs > inputs]
        inner = sum(wide) + max(wide, default=0)
        return BYTES * shape.layers * self.tokens * (10 * shape.width + inner)

    @property
    def _products(self) -> int:
        return sum(inputs * outputs for inputs, outputs in self.shape.linear.values())
