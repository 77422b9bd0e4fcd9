"""A tower with one of peft's adapters inside: made, written in peft's own format, and read back."""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import torch
from pydantic import Field
from safetensors.torch import load_file, save_file

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.core.params import Section
from clipforensics.encoder.claims import read_small
from clipforensics.encoder.tensor_file import check_tensors

if TYPE_CHECKING:  # seconds of start-up, which who reads a section of settings shall not pay
    from peft import LNTuningConfig, LoraConfig, PeftConfig, PeftModel
    from transformers import PreTrainedModel

VARIANTS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "pissa": {"init_lora_weights": "pissa"},
}
"""What tells each variant from plain LoRA in peft's LoraConfig; `detectors.lora` says what they are."""

ADAPTER, CONFIG = "adapter_model.safetensors", "adapter_config.json"

NOT_HELD_TO = ("auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision")
"""Keys of adapter_config.json that say where and by what it was written; nothing is done with them."""


class LoraSection(Section):
    """What a method's section says of LoRA.

    Attributes:
        variant: lora, dora, rslora or pissa.
        r: Rank.
        alpha: Scale: the update is (alpha / r) B A, with rslora (alpha / sqrt(r)) B A.
        dropout: On LoRA's input, in [0, 1). With pissa that is also the input of what it took out of W.
        target_modules: Names of linear layers in every block that is adapted (in CLIP q_proj, k_proj, v_proj,
            out_proj, fc1, fc2), or `auto`: those of query and key, whatever the encoder calls them.
    """

    variant: Literal["lora", "dora", "rslora", "pissa"]
    r: int = Field(ge=1)
    alpha: float = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    target_modules: Literal["auto"] | Annotated[list[str], Field(min_length=1)]

    def targets(self, auto: list[str]) -> list[str]:
        """The names, `auto` being those given."""
        return auto if self.target_modules == "auto" else self.target_modules


def lora_config(section: LoraSection, target_modules: Iterable[str]) -> "LoraConfig":
    """A section as peft's config, for layers of these names."""
    from peft import LoraConfig

    return LoraConfig(
        r=section.r,
        lora_alpha=section.alpha,  # type: ignore[arg-type]
        lora_dropout=section.dropout,
        target_modules=sorted(target_modules),
        bias="none",
        **VARIANTS[section.variant],
    )


def as_targets(tower: torch.nn.Module, names: Iterable[str]) -> list[str]:
    """Modules by the last parts of their names, as peft writes them; in full where others share these."""
    wanted = set(names)
    last = {name.rsplit(".", 1)[-1] for name in wanted}
    alike = {name for name, _ in tower.named_modules() if name.rsplit(".", 1)[-1] in last}
    return sorted(last if alike == wanted else wanted)


def norm_config(target_modules: Iterable[str]) -> "LNTuningConfig":
    """Peft's config by which layer normalisations of these names learn."""
    from peft import LNTuningConfig

    return LNTuningConfig(target_modules=list(target_modules))


def count_lora(shapes: Iterable[tuple[int, int]], section: LoraSection) -> int:
    """Parameters on layers of these (inputs, outputs): r for each of both; with dora one more an output."""
    shapes = list(shapes)
    magnitudes = sum(outputs for _, outputs in shapes) if section.variant == "dora" else 0
    return section.r * sum(map(sum, shapes)) + magnitudes


def check_rank(layers: Mapping[str, torch.nn.Linear], r: int, where: str) -> None:
    """Raise InputError, naming the parameter `where`, unless every layer has r singular values."""
    for name, layer in layers.items():
        rank = min(layer.weight.shape)
        if r > rank:
            raise InputError(
                f"{where}: {r} is more than the {rank} singular values of {name}, of which pissa takes"
                " the r largest; lower it, or choose another variant"
            )


def put_inside(tower: "PreTrainedModel", config: "PeftConfig") -> "PeftModel":
    """The frozen tower, changed in place, with an adapter that trains."""
    from peft import get_peft_model

    with _needless_warnings():
        return cast("PeftModel", get_peft_model(tower, config))


def copy_adapter(tower: "PeftModel") -> dict[str, torch.Tensor]:
    """The adapter's tensors as they are now, with the names that they have in its saved file."""
    from peft import get_peft_model_state_dict

    return {name: tensor.clone() for name, tensor in get_peft_model_state_dict(tower).items()}


def write_adapter(tower: "PeftModel", folder: Path) -> None:
    """Write the adapter as peft does; `PeftModel.from_pretrained` reads it anywhere.

    peft writes the set of target modules in the order of a hash table; it is sorted here, so that two equal
    runs write equal files.
    """
    tower.save_pretrained(str(folder), safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    path = folder / CONFIG
    config = read_json(path)
    write_json(path, {**config, "target_modules": sorted(config["target_modules"])})


def convert(folder: Path, start: Mapping[str, torch.Tensor]) -> None:
    """Make a saved adapter that began as `start` one for the encoder from which `start` was taken.

    W - s B0 A0 + s B A = W + s [B, -B0] [A; A0]: a plain LoRA of twice the rank, as peft's
    `LoraModel.subtract_mutated_init` has it; twice alpha keeps s.
    """
    tensors = load_file(folder / ADAPTER)
    for name, tensor in tensors.items():
        part = start[name].cpu()
        joined = [tensor, part] if ".lora_A." in name else [tensor, -part]
        tensors[name] = torch.cat(joined, dim=0 if ".lora_A." in name else 1).contiguous()
    save_file(tensors, folder / ADAPTER, metadata={"format": "pt"})
    config = read_json(folder / CONFIG)
    doubled = {name: 2 * config[name] for name in ("r", "lora_alpha")}
    write_json(folder / CONFIG, {**config, **doubled, "init_lora_weights": True})


def saved_config(section: LoraSection, target_modules: Iterable[str]) -> "LoraConfig":
    """Peft's config of a trained adapter: the section's, but for pissa's, which `convert` made plain."""
    config = lora_config(section, target_modules)
    if section.variant == "pissa":
        config.r, config.lora_alpha, config.init_lora_weights = 2 * config.r, 2 * config.lora_alpha, True
    return config


def read_adapter(tower: "PreTrainedModel", folder: Path, config: "PeftConfig") -> "PeftModel":
    """Put what `write_adapter` wrote inside a tower, frozen.

    Args:
        tower: Changed in place.
        folder: Of the adapter.
        config: As the detector's settings make it. The file beside the adapter is held to it and nothing else
            is done with it: it could name other layers, another scale, or expressions that are never done.

    Raises:
        InputError: there is no adapter, or adapter_config.json says something else.
    """
    from peft import PeftModel

    check_config(folder / CONFIG, config)
    if not (folder / ADAPTER).is_file():  # peft would ask the hub for it
        raise InputError(f"{folder / ADAPTER} does not exist; copy the detector again")
    with _needless_warnings():
        return PeftModel.from_pretrained(tower, str(folder), config=config)


def check_config(path: Path, config: "PeftConfig") -> None:
    """Raise InputError, naming what differs, unless an adapter_config.json is what settings make it."""
    said, wanted, usual = read_small(path), _as_json(config), _as_json(type(config)())
    for key in sorted({*said, *wanted} - set(NOT_HELD_TO)):
        found, meant = said.get(key, usual.get(key)), wanted.get(key)
        found = sorted(map(str, found)) if key == "target_modules" and isinstance(found, list) else found
        if found != meant and (found or meant):
            raise InputError(
                f"{path}: `{key}` is {str(found)[:80]!r}, and the settings in detector.json make it"
                f" {str(meant)[:80]!r}; copy the detector again"
            )


def check_shapes(folder: Path, layers: Mapping[str, torch.nn.Linear], config: "LoraConfig") -> None:
    """Raise InputError unless a saved LoRA holds the matrices of these layers, by full name, and no more."""
    wanted: dict[str, tuple[int, ...]] = {}
    for name, layer in layers.items():
        outputs, inputs = layer.weight.shape
        place = f"base_model.model.{name}.lora_"
        wanted |= {f"{place}A.weight": (config.r, inputs), f"{place}B.weight": (outputs, config.r)}
        if config.use_dora:
            wanted[f"{place}magnitude_vector"] = (outputs,)
    check_tensors(folder / ADAPTER, wanted)


def _as_json(config: "PeftConfig") -> dict[str, Any]:
    """What peft writes of a config."""
    return cast(dict[str, Any], json.loads(json.dumps(config.to_dict(), default=sorted)))


@contextmanager
def _needless_warnings() -> Iterator[None]:
    """Silence peft 0.21: it asks transformers 5.23 for an old name, and each LayerNorm for its width."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", message="Unsupported layer type", category=UserWarning)
        yield
