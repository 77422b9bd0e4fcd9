"""BitFit: all biases of CLIP's vision tower move, and nothing else.

Ben Zaken, Ravfogel and Goldberg 2022, "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based
Masked Language-models", arXiv 2106.10199. As there, the biases are those of every linear layer of a block
(query, key, value, output, the layers of the MLP) and of every layer normalisation; here also those before
and after the blocks, where a tower has them (CLIP's patch embedding and projection have none). The class
embedding is an input, no bias. The key's bias is moved because the paper moves it: it adds the same to a
query's product with every key, which softmax does not see, so what it learns is rounding.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import PixelMethod, PixelSettings
from clipforensics.encoder.families.finding import family_named, family_of
from clipforensics.encoder.vision import Embedding

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Settings(PixelSettings):
    """Section `methods.bitfit` of params.yaml: the learning rates."""


class BitFit(PixelMethod):
    """BitFit under the contract; untrained it is the encoder itself."""

    settings = Settings

    def adapt(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Let every bias of the tower move, under a new linear head; nothing is drawn."""
        family = family_of(tower)
        for name, parameter in tower.named_parameters():
            parameter.requires_grad_(name.endswith("bias") and family.passed(name, embedding))
        return AdaptedEncoder(tower, embedding)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """All biases that the embedding passes; of CLIP's blocks 7 widths each and the MLP's inner ones."""
        vision = encoder["vision"]
        trainable = family_named(vision).shape(vision).passed(encoder["embedding"]).biases
        return {"trainable": trainable, "head": encoder["width"] + 1}


DETECTOR = BitFit()
