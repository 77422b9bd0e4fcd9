"""LoRA: low-rank updates of linear layers in CLIP's vision tower, as in peft.

Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv 2106.09685.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from pydantic import Field
from transformers import CLIPVisionModelWithProjection

from clipforensics.adapted import AdaptedEncoder
from clipforensics.encoder import Embedding
from clipforensics.faults import InputError
from clipforensics.files import read_json, write_json
from clipforensics.pixel_method import PixelMethod, PixelSettings


class Settings(PixelSettings):
    """Section `methods.lora` of params.yaml.

    Attributes:
        r: Rank.
        alpha: Scale: the update is (alpha / r) B A.
        dropout: On LoRA's input, in [0, 1).
        target_modules: Names of linear layers, for instance q_proj and k_proj.
    """

    r: int = Field(ge=1)
    alpha: float = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    target_modules: list[str] = Field(min_length=1)


class Lora(PixelMethod):
    """LoRA under the contract; B starts at zero, so the first output is the encoder's own."""

    settings = Settings

    def adapt(
        self, tower: CLIPVisionModelWithProjection, settings: Settings, *, embedding: Embedding, seed: int
    ) -> AdaptedEncoder:
        """See `pixel_method`.

        Raises:
            InputError: a name in `target_modules` is no linear layer of the tower, or learns nothing.
        """
        check_targets(tower, settings.target_modules, embedding)
        torch.manual_seed(seed)
        config = LoraConfig(
            r=settings.r,
            lora_alpha=settings.alpha,  # type: ignore[arg-type]
            lora_dropout=settings.dropout,
            target_modules=sorted(settings.target_modules),
            bias="none",
        )
        with warnings.catch_warnings():  # peft 0.21 asks transformers 5.23 for an attribute by its old name
            warnings.simplefilter("ignore", FutureWarning)
            adapted = cast(PeftModel, get_peft_model(tower, config))
        return AdaptedEncoder(adapted, embedding)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """r (inputs + outputs) for every adapted layer."""
        vision = encoder["vision"]
        width, inner = vision["hidden_size"], vision["intermediate_size"]
        shapes = dict.fromkeys(("q_proj", "k_proj", "v_proj", "out_proj"), 2 * width)
        shapes |= {"fc1": width + inner, "fc2": inner + width}
        a_block = settings.r * sum(shapes.get(name, 0) for name in settings.target_modules)
        projection = "visual_projection" in settings.target_modules
        after = settings.r * (width + encoder["width"]) if projection else 0
        return {"trainable": vision["num_hidden_layers"] * a_block + after, "head": encoder["width"] + 1}

    def save_adapter(self, model: AdaptedEncoder, folder: Path) -> None:
        """Write the adapter in peft's own format.

        peft writes the set of target modules in the order of a hash table; it is sorted here, so
        that two equal runs write equal files.
        """
        cast(PeftModel, model.tower).save_pretrained(str(folder), safe_serialization=True)
        (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
        path = folder / "adapter_config.json"
        config = read_json(path)
        write_json(path, {**config, "target_modules": sorted(config["target_modules"])})

    def load_adapter(
        self, tower: CLIPVisionModelWithProjection, settings: Any, *, embedding: Embedding, folder: Path
    ) -> AdaptedEncoder:
        """Read it with peft."""
        with warnings.catch_warnings():  # as in `adapt`
            warnings.simplefilter("ignore", FutureWarning)
            adapted = PeftModel.from_pretrained(tower, str(folder))
        return AdaptedEncoder(adapted, embedding)

    def merge(self, model: AdaptedEncoder) -> AdaptedEncoder:
        """Add the updates to the weights."""
        cast(PeftModel, model.tower).merge_adapter()
        return model


def check_targets(tower: torch.nn.Module, target_modules: list[str], embedding: Embedding) -> None:
    """Raise InputError unless every name is a linear layer of the tower that can learn something."""
    names = {name.rsplit(".", 1)[-1] for name, m in tower.named_modules() if isinstance(m, torch.nn.Linear)}
    unknown = sorted(set(target_modules) - names)
    if unknown:
        raise InputError(
            f"methods.lora.target_modules: {unknown} are no linear layers of the encoder;"
            f" it has {sorted(names)}"
        )
    if embedding == "pooled" and "visual_projection" in target_modules:
        raise InputError(
            "methods.lora.target_modules: visual_projection comes after the pooled embedding and would never"
            " learn; remove it, or set encoder.embedding to projected"
        )


DETECTOR = Lora()
