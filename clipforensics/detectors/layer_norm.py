"""LayerNorm tuning: weights and biases of all layer normalisations of CLIP's vision tower, and two losses.

Yermakov, Cech and Matas 2025, "Unlocking the Hidden Potential of CLIP in Generalizable Deepfake Detection",
arXiv 2503.19683, and with Fritz, "Deepfake Detection that Generalizes Across Benchmarks", arXiv 2508.06248
(there GenD). The losses are those of Wang and Isola 2020, "Understanding Contrastive Representation Learning
through Alignment and Uniformity on the Hypersphere", arXiv 2005.10242: alignment draws the embeddings of one
class together, uniformity spreads all of them over the sphere. As in the authors' code (yermandy/GenD,
src/losses/unifalign.py) a positive pair is any two frames of one label; their weights are .1 and .5, exponent
and temperature 2, and the features that the head reads have unit length.

Departures: the head is one linear unit on sqrt(d) times the unit-length embedding (theirs two on the
unit-length embedding; a sigmoid of one is a softmax of two, only the steps differ); the embedding is the
one that section `encoder` names (theirs pooled); the cross-entropy may weigh classes; augmentation,
sampling, weight decay and schedule are the budget's, the same for every method; pairs come from a
micro-batch (theirs 512 frames); frames are whole (theirs aligned crops of faces). The second paper's first
version had augmentation in the latent space in place of these losses.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from pydantic import Field

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.peft_tower import (
    as_targets,
    norm_config,
    put_inside,
    read_adapter,
    write_adapter,
)
from clipforensics.adaptation.pixel_method import PixelMethod, PixelSettings
from clipforensics.core.faults import InputError
from clipforensics.encoder.families.finding import family_named, family_of
from clipforensics.encoder.vision import Embedding

if TYPE_CHECKING:
    from peft import LNTuningConfig, PeftModel
    from transformers import PreTrainedModel

SMALLEST = 1e-12
"""Squared distances below it count as it, so that no power of one has an infinite slope."""


class Settings(PixelSettings):
    """Section `methods.layer_norm` of params.yaml.

    Attributes:
        alignment_weight: Of the alignment loss; 0 leaves it out.
        alignment_exponent: Power of the distance of two embeddings of a class.
        uniformity_weight: Of the uniformity loss; 0 leaves it out.
        uniformity_temperature: Factor of the squared distance of two embeddings.
    """

    alignment_weight: float = Field(ge=0)
    alignment_exponent: float = Field(ge=1)
    uniformity_weight: float = Field(ge=0)
    uniformity_temperature: float = Field(gt=0)


class LayerNorm(PixelMethod):
    """LayerNorm tuning under the contract; a copy of every layer is trained, so the tower's own stay."""

    settings = Settings

    def adapt(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Let the layer normalisations move, under a new linear head; nothing is drawn.

        Raises:
            InputError: there are none.
        """
        del seed
        return SphereEncoder(put_inside(tower, _config(tower, embedding)), embedding, settings)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """Weight and bias of two layers a block, and of those before and after the blocks (CLIP: 1 each)."""
        vision = encoder["vision"]
        trainable = family_named(vision).shape(vision).passed(encoder["embedding"]).norms
        return {"trainable": trainable, "head": encoder["width"] + 1}

    def save_adapter(self, model: AdaptedEncoder, folder: Path) -> None:
        """Write the layers in peft's own format."""
        write_adapter(cast("PeftModel", model.tower), folder)

    def load_adapter(
        self,
        tower: "PreTrainedModel",
        settings: Settings,
        *,
        embedding: Embedding,
        folder: Path,
    ) -> AdaptedEncoder:
        """Read them with peft.

        Raises:
            InputError: what lies there are no layer normalisations of this tower.
        """
        tuned = read_adapter(tower, folder, _config(tower, embedding))
        return SphereEncoder(tuned, embedding, settings)


def _config(tower: "PreTrainedModel", embedding: Embedding) -> "LNTuningConfig":
    """Peft's, by which the layer normalisations that an embedding passes learn."""
    names = family_of(tower).norms(tower, embedding)
    if not names:
        raise InputError("detectors: layer_norm: the encoder has no layer normalisations; leave it out")
    return norm_config(as_targets(tower, names))


class SphereEncoder(AdaptedEncoder):
    """An adapted encoder whose loss also says where on the sphere the embeddings shall lie.

    Attributes:
        settings: Weights and shapes of the two losses.
    """

    def __init__(self, tower: "PeftModel", embedding: Embedding, settings: Settings) -> None:
        super().__init__(tower, embedding)
        self.settings = settings

    def objective(self, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Cross-entropy, and the two losses over the pairs of this micro-batch.

        Pairs are made inside a micro-batch only: what is learnt depends on train.pixels.micro_batch_size.
        """
        features, settings = self.embed(inputs).float(), self.settings
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            self.judge(features).float(), targets, weight=weights
        )
        if settings.alignment_weight:
            loss = loss + settings.alignment_weight * alignment(
                features, targets, exponent=settings.alignment_exponent
            )
        if settings.uniformity_weight:
            loss = loss + settings.uniformity_weight * uniformity(
                features, temperature=settings.uniformity_temperature
            )
        return loss


def alignment(features: torch.Tensor, targets: torch.Tensor, *, exponent: float) -> torch.Tensor:
    """Mean distance, to a power, of any two embeddings of one class.

    Args:
        features: Unit-length embeddings, float32 (n, d).
        targets: Class of each, (n,).
        exponent: At least 1.

    Returns:
        0-d, from 0 (each class in one point) to 2^exponent; 0 where no class has two.
    """
    alike = (targets[:, None] == targets[None, :]).triu(diagonal=1)
    distances = _squared_distances(features).pow(exponent / 2)
    return (distances * alike).sum() / alike.sum().clamp(min=1)


def uniformity(features: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """Logarithm of the mean of exp(-temperature |x - y|^2) over any two embeddings.

    Args:
        features: Unit-length embeddings, float32 (n, d).
        temperature: Above 0.

    Returns:
        0-d, from -4 temperature to 0 (all in one point); 0 where there is only one.
    """
    n = len(features)
    if n < 2:
        return features.new_zeros(())
    pairs = torch.ones(n, n, dtype=torch.bool, device=features.device).triu(diagonal=1)
    logarithms = (-temperature * _squared_distances(features)).masked_fill(~pairs, -math.inf)
    return logarithms.logsumexp(dim=(0, 1)) - math.log(n * (n - 1) / 2)


def _squared_distances(features: torch.Tensor) -> torch.Tensor:
    """(n, n) of unit-length embeddings (n, d); 2 - 2 x.y needs no room for the differences (n, n, d)."""
    with torch.autocast(features.device.type, enabled=False):  # bfloat16 would round small distances to 0
        return (2 - 2 * features @ features.T).clamp(min=SMALLEST)


DETECTOR = LayerNorm()
