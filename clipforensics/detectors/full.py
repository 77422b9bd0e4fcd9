"""Full fine-tuning: every weight of CLIP's vision tower moves.

All of it but the projection, where the head reads the pooled embedding and the projection is not passed.
Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", arXiv
2202.10054, found it to win on data like the training data and to lose to a linear probe on other data.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.fine_tuned import FineTuned, block_parameters, parameters_after
from clipforensics.adaptation.pixel_method import PixelSettings
from clipforensics.encoder.vision import Embedding

if TYPE_CHECKING:
    from transformers import CLIPVisionModelWithProjection


class Settings(PixelSettings):
    """Section `methods.full` of params.yaml: the learning rates."""


class Full(FineTuned):
    """Full fine-tuning under the contract; untrained it is the encoder itself."""

    settings = Settings

    def adapt(
        self, tower: "CLIPVisionModelWithProjection", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Let the whole tower move, under a new linear head; nothing is drawn."""
        tower.requires_grad_(True)
        tower.visual_projection.requires_grad_(embedding == "projected")
        return AdaptedEncoder(tower, embedding)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """Patches, class token and places, the first normalisation, the blocks, and what follows them."""
        vision = encoder["vision"]
        width, side = vision["hidden_size"], vision["patch_size"]
        tokens = (vision["image_size"] // side) ** 2 + 1
        before = width * (vision["num_channels"] * side**2 + 1 + tokens + 2)
        blocks = vision["num_hidden_layers"] * block_parameters(vision)
        return {"trainable": before + blocks + parameters_after(encoder), "head": encoder["width"] + 1}


DETECTOR = Full()
