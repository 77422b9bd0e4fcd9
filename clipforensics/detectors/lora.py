"""LoRA: low-rank updates of linear layers in CLIP's vision tower, as in peft.

W x becomes W x + s B A x; only A and B move. Four variants, each computed by peft:

- `lora`: A random, B zero, s = alpha / r. Hu et al. 2022, arXiv 2106.09685.
- `rslora`: the same with s = alpha / sqrt(r), so that a high rank does not learn more slowly.
  Kalajdzievski 2023, "A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA", arXiv 2312.03732.
- `dora`: the rows of W + s B A are brought to lengths that are learnt apart from their directions, and start
  as W's own. Liu et al. 2024, "DoRA: Weight-Decomposed Low-Rank Adaptation", arXiv 2402.09353.
- `pissa`: s B A starts as the r largest singular parts of W, and what is left of W is frozen. Meng, Wang and
  Zhang 2024, "PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large Language Models",
  arXiv 2404.02948.

Departures as shipped: the query and the key are adapted (Hu et al.: the query and the value); `pissa` keeps
alpha = 2 r and dropout (Meng et al.: alpha = r, none). All of these are settings.

What is saved is an adapter for the original encoder in peft's own format. PiSSA's is written as the plain
LoRA of rank 2 r that it amounts to: s B A - s B0 A0, with A0 and B0 the start.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from pydantic import Field

from clipforensics.adaptation.adapted import AdaptedEncoder, blocks_below
from clipforensics.adaptation.peft_tower import (
    LoraSection,
    as_targets,
    check_rank,
    check_shapes,
    convert,
    copy_adapter,
    count_lora,
    lora_config,
    put_inside,
    read_adapter,
    saved_config,
    write_adapter,
)
from clipforensics.adaptation.pixel_method import PixelMethod, PixelSettings
from clipforensics.core.faults import InputError
from clipforensics.encoder.families.base import Role
from clipforensics.encoder.families.finding import family_named, family_of
from clipforensics.encoder.vision import Embedding

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


QUERY_AND_KEY: tuple[Role, ...] = ("query", "key")
"""What `target_modules: auto` adapts; where one layer makes query, key and value (timm), that layer."""


class Settings(PixelSettings, LoraSection):
    """Section `methods.lora` of params.yaml; `target_modules` may name CLIP's visual_projection too.

    Attributes:
        last_blocks: Only so many of the last blocks are adapted; 0: all.
    """

    last_blocks: int = Field(ge=0)


class PissaEncoder(AdaptedEncoder):
    """An encoder whose adapter began as a part of its weights.

    Attributes:
        start: The adapter before training, with the names of its saved file; the base weights that the tower
            now holds are the original ones less this.
    """

    start: dict[str, torch.Tensor]


class Lora(PixelMethod):
    """LoRA and its variants under the contract.

    Untrained, the tower computes what the encoder computes: to the bit with lora, rslora and dora, up to
    the rounding of a float32 subtraction with pissa, the only one that changes the frozen weights (once,
    before training).
    """

    settings = Settings

    def adapt(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """Put peft's adapter inside the tower, under a new linear head; the seed draws its start.

        Raises:
            InputError: a name in `target_modules` is no linear layer of the tower, or learns nothing; there
                are fewer blocks than `last_blocks`; a layer has not the rank that pissa takes out of it.
        """
        layers = find_targets(tower, settings, embedding)
        if settings.variant == "pissa":
            check_rank(layers, settings.r, "methods.lora.r")
        torch.manual_seed(seed)
        adapted = put_inside(tower, lora_config(settings, _as_peft_has_them(tower, layers, settings)))
        if settings.variant != "pissa":
            return AdaptedEncoder(adapted, embedding)
        model = PissaEncoder(adapted, embedding)
        model.start = copy_adapter(adapted)
        return model

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """r (inputs + outputs) for every adapted layer; with dora one more for each output."""
        family = family_named(encoder["vision"])
        shape = family.shape(encoder["vision"])
        names = settings.targets(family.named(QUERY_AND_KEY, shape.linear))
        blocks = settings.last_blocks or shape.layers
        adapted = [shape.linear[name] for name in names if name in shape.linear] * blocks
        adapted += [shape.beside[name] for name in names if name in shape.beside]
        return {"trainable": count_lora(adapted, settings), "head": encoder["width"] + 1}

    def save_adapter(self, model: AdaptedEncoder, folder: Path) -> None:
        """Write the adapter in peft's own format, for the original encoder."""
        write_adapter(cast("PeftModel", model.tower), folder)
        if isinstance(model, PissaEncoder):
            convert(folder, model.start)

    def load_adapter(
        self, tower: "PreTrainedModel", settings: Settings, *, embedding: Embedding, folder: Path
    ) -> AdaptedEncoder:
        """Read it with peft.

        Raises:
            InputError: what lies there is no adapter of these settings for this tower.
        """
        layers = find_targets(tower, settings, embedding)
        config = saved_config(settings, _as_peft_has_them(tower, layers, settings))
        check_shapes(folder, layers, config)
        return AdaptedEncoder(read_adapter(tower, folder, config), embedding)

    def merge(self, model: AdaptedEncoder) -> AdaptedEncoder:
        """Add the updates to the weights."""
        cast("PeftModel", model.tower).merge_adapter()
        return model


def _as_peft_has_them(
    tower: "PreTrainedModel", layers: Mapping[str, torch.nn.Linear], settings: Settings
) -> list[str]:
    """`target_modules` of peft's config, for layers by their full names."""
    return list(layers) if settings.last_blocks else as_targets(tower, layers)


def find_targets(
    tower: "PreTrainedModel", settings: Settings, embedding: Embedding
) -> dict[str, torch.nn.Linear]:
    """The layers to adapt, by their full names.

    Raises:
        InputError: `target_modules` names none, or one that would never learn; too many `last_blocks`.
    """
    family = family_of(tower)
    beside = family.shape(tower.config.to_dict()).beside
    inside = f"{family.blocks_at}."
    linear = {
        name: m
        for name, m in tower.named_modules()
        if isinstance(m, torch.nn.Linear) and (name.startswith(inside) or name in beside)
    }
    known = sorted({name.rsplit(".", 1)[-1] for name in linear})
    wanted = settings.targets(family.named(QUERY_AND_KEY, known))
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise InputError(
            f"methods.lora.target_modules: {unknown} are no linear layers of the encoder; it has {known}"
        )
    if bypassed := sorted(set(wanted) & family.bypassed(tower)):
        raise InputError(
            f"methods.lora.target_modules: the encoder takes the weight of {bypassed} without calling it,"
            f" so that an adapter there would do nothing; it has {known}"
        )
    for name in beside:
        if name in wanted and not family.passed(name, embedding):
            raise InputError(
                f"methods.lora.target_modules: {name} comes after the {embedding} embedding and would never"
                " learn; remove it, or set encoder.embedding to projected"
            )
    adapted = settings.last_blocks or len(family.blocks(tower))
    below = blocks_below(tower, adapted, "methods.lora.last_blocks")
    frozen = tuple(f"{inside}{number}." for number in range(below))
    return {
        name: m
        for name, m in linear.items()
        if name.rsplit(".", 1)[-1] in wanted and not name.startswith(frozen)
    }


DETECTOR = Lora()
