"""Full fine-tuning: every weight of CLIP's vision tower moves.

All of it but what the embedding does not pass: CLIP's projection, where the head reads the pooled one.
Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", arXiv
2202.10054, found it to win on data like the training data and to lose to a linear probe on other data.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.fine_tuned import FineTuned
from clipforensics.adaptation.pixel_method import PixelSettings
from clipforensics.encoder.families.finding import family_named, family_of
from clipforensics.encoder.vision import Embedding

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Settings(PixelSettings):
    """Section `methods.full` of params.yaml: the learning rates."""


class Full(FineTuned):
    """Full fine-tuning under the contract; untrained it is the encoder itself."""

    settings = Settings

    def adapt(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Let the whole tower move, under a new linear head; nothing is drawn."""
        family = family_of(tower)
        for name, parameter in tower.named_parameters():
            parameter.requires_grad_(family.passed(name, embedding))
        return AdaptedEncoder(tower, embedding)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """Patches, tokens and places, the blocks, and what lies before and behind them."""
        vision = encoder["vision"]
        trainable = family_named(vision).shape(vision).passed(encoder["embedding"]).numbers
        return {"trainable": trainable, "head": encoder["width"] + 1}


DETECTOR = Full()
