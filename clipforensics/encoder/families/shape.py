"""Counts of a vision transformer, by the numbers in its config alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clipforensics.core.faults import InputError


@dataclass(frozen=True)
class Part:
    """Parameters of a part of a tower.

    Attributes:
        numbers: All of them.
        biases: Those that are biases, of layer normalisations too.
        norms: Those of layer normalisations, weights and biases.
    """

    numbers: int = 0
    biases: int = 0
    norms: int = 0

    def __add__(self, other: "Part") -> "Part":
        return Part(self.numbers + other.numbers, self.biases + other.biases, self.norms + other.norms)

    def __mul__(self, times: int) -> "Part":
        return Part(self.numbers * times, self.biases * times, self.norms * times)


def linear(inputs: int, outputs: int, *, bias: bool = True) -> Part:
    """A linear layer, or a convolution of so many inputs for each output."""
    biases = outputs if bias else 0
    return Part(inputs * outputs + biases, biases)


def norm(width: int) -> Part:
    """A layer normalisation with weight and bias."""
    return Part(2 * width, width, 2 * width)


def tokens(number: int, width: int) -> Part:
    """Learnt tokens or places."""
    return Part(number * width)


@dataclass(frozen=True)
class Shape:
    """What a tower consists of.

    Attributes:
        layers: Blocks.
        width: Of a token.
        image: Side of the pictures that its places are made for, in pixels.
        patch: Side of a patch.
        channels: Colours.
        prefix: Tokens before those of the patches: the class token and registers.
        linear: Linear layers of a block, by name: inputs and outputs.
        block: Parameters of one block.
        before: Of what comes before the blocks.
        after: Of what comes after them on the way to each embedding.
        widths: Length of each embedding.
        beside: Linear layers outside the blocks that LoRA may adapt, as `linear`.
        idle: Parameters that no embedding passes.
    """

    layers: int
    width: int
    image: int
    patch: int
    channels: int
    prefix: int
    linear: Mapping[str, tuple[int, int]]
    block: Part
    before: Part
    after: Mapping[str, Part]
    widths: Mapping[str, int]
    beside: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    idle: int = 0

    @property
    def parameters(self) -> int:
        """All of the tower."""
        after = max(part.numbers for part in self.after.values())
        return self.before.numbers + self.layers * self.block.numbers + after + self.idle

    @property
    def tokens(self) -> int:
        """Of one picture."""
        return (self.image // self.patch) ** 2 + self.prefix

    def passed(self, embedding: str) -> Part:
        """All that an embedding passes.

        Raises:
            InputError: the tower has no such embedding.
        """
        if embedding not in self.after:
            raise InputError(f"encoder.embedding {embedding!r} is none of {', '.join(self.after)}")
        return self.before + self.block * self.layers + self.after[embedding]
