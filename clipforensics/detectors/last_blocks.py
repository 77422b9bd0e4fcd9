"""Last blocks: fine-tuning of the last k blocks of CLIP's vision tower and of what follows them.

That is the last layer normalisation and, where the head reads an embedding behind them, the projection (CLIP)
or the pooling (SigLIP, Perception Encoder).
Everything below stays as it is, so it is computed once a frame and not once an epoch (`activations`).
Yosinski et al. 2014, "How transferable are features in deep neural networks?", arXiv 1411.1792, on how many
layers to keep; Lee et al. 2022, "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts", arXiv
2210.11466, on when the last ones are the wrong ones.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from clipforensics.adaptation.adapted import AdaptedEncoder, blocks_below
from clipforensics.adaptation.fine_tuned import FineTuned
from clipforensics.adaptation.pixel_method import PixelSettings
from clipforensics.encoder.families.finding import family_named, family_of
from clipforensics.encoder.vision import Embedding

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Settings(PixelSettings):
    """Section `methods.last_blocks` of params.yaml.

    Attributes:
        k: How many of the last blocks move.
    """

    k: int = Field(ge=1)


class LastBlocks(FineTuned):
    """Partial fine-tuning under the contract; untrained it is the encoder itself."""

    settings = Settings

    def adapt(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Let the last blocks move, under a new linear head; nothing is drawn.

        Raises:
            InputError: the tower has fewer blocks.
        """
        below = blocks_below(tower, settings.k, "methods.last_blocks.k")
        family = family_of(tower)
        for block in family.blocks(tower)[below:]:
            block.requires_grad_(True)
        after = tuple(f"{name}." for name in family.after[family.check(embedding)])
        for name, parameter in tower.named_parameters():
            if name.startswith(after):
                parameter.requires_grad_(True)
        return AdaptedEncoder(tower, embedding)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """k blocks, and what comes after them: the last normalisation, CLIP's projection, a pooling head."""
        shape = family_named(encoder["vision"]).shape(encoder["vision"])
        trainable = settings.k * shape.block.numbers + shape.after[encoder["embedding"]].numbers
        return {"trainable": trainable, "head": encoder["width"] + 1}


DETECTOR = LastBlocks()
