"""CLIP's vision tower with its own preprocessing, at a pinned revision."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError  # only its name: nothing is unpickled here
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import numpy as np
import torch
from safetensors import SafetensorError

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.encoder.hub import WEIGHTS, check_reachable, pinned

if TYPE_CHECKING:  # seconds of start-up: functions that read an encoder import it, and nothing else does
    from transformers import CLIPVisionModelWithProjection, PreTrainedModel

Embedding = Literal["projected", "pooled"]
T = TypeVar("T", bound="PreTrainedModel")
CLIPS = ("clip", "clip_vision_model")
"""`model_type` of an encoder's config.json: a whole CLIP, or its vision tower."""

BICUBIC = 3  # PIL's number, as preprocessor_config.json writes it


class EncoderSection(Section):
    """Section `encoder` of params.yaml.

    Attributes:
        model: A local folder in Hugging Face's layout, or a hub id.
        revision: Commit hash on the hub; `local` or leading sha256 digits for a folder.
        embedding: The projected embedding, or the pooled class token before projection.
    """

    model: str
    revision: str
    embedding: Embedding


@dataclass(frozen=True)
class Preprocessing:
    """What CLIPImageProcessor does after resize and crop: scale to [0, 1], then standardise.

    Attributes:
        size: Input height and width in pixels.
        mean: Per RGB channel, of values in [0, 1].
        std: Per RGB channel.
    """

    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def pixels(self, frames: np.ndarray, device: torch.device) -> torch.Tensor:
        """uint8 RGB (n, size, size, 3) -> standardised float32 (n, 3, size, size) on `device`."""
        mean = torch.tensor(self.mean, device=device).view(3, 1, 1)
        std = torch.tensor(self.std, device=device).view(3, 1, 1)
        raw = torch.from_numpy(frames).to(device).permute(0, 3, 1, 2)
        # One copy turns and converts; the rest is in place: a tenth of the time of plain arithmetic.
        values = raw.to(torch.float32, memory_format=torch.contiguous_format)
        return values.mul_(1 / (255 * std)).sub_(mean / std)


def load_vision_tower(
    model: str, revision: str, device: torch.device | None = None
) -> "CLIPVisionModelWithProjection":
    """Load the frozen tower in float32, in evaluation mode.

    Args:
        model: A local folder in Hugging Face's layout, or a hub id.
        revision: For the hub: the full commit hash. For a folder: `local`, or the first
            digits (at least 8) of its weight file's sha256, which are then checked.
        device: Where to put it; the CPU if not given.

    Raises:
        InputError: the revision is not pinned, the folder is missing or holds other weights,
            or the hub cannot be reached.
    """
    from transformers import CLIPVisionModelWithProjection

    tower = load_tower(CLIPVisionModelWithProjection, model, revision)
    return torch.nn.Module.to(tower, device)


def load_tower(kind: type[T], model: str, revision: str) -> T:
    """Load one tower of a checkpoint: frozen, in float32, in evaluation mode, on the CPU.

    Args:
        kind: The tower's class.
        model: A local folder in Hugging Face's layout, or a hub id.
        revision: What pins it, as in `load_vision_tower`.

    Raises:
        InputError: as `load_vision_tower`, or the checkpoint lacks weights of this tower.
    """
    from transformers.utils import logging

    check_revision(model, revision)
    _check_reachable(model, revision)
    logging.set_verbosity_error()  # loading one tower of a two-tower checkpoint is what we want
    logging.disable_progress_bar()
    try:
        loaded: Any = kind.from_pretrained(
            model,
            **at_revision(model, revision),
            dtype=torch.float32,
            attn_implementation="sdpa",
            output_loading_info=True,
        )
    except UnpicklingError as error:
        raise InputError(
            f"encoder.model {model!r}: its weight file holds more than tensors; do not use it"
        ) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(
            f"encoder.model {model!r} cannot be loaded: {error}; see encoder.revision"
        ) from error
    tower, found = cast(tuple[T, dict[str, set[str]]], loaded)
    if missing := sorted(found["missing_keys"]):
        raise InputError(
            f"encoder.model {model!r} lacks {len(missing)} weights of {kind.__name__}, so {missing[0]};"
            " choose a checkpoint of a whole CLIP"
        )
    tower.eval().requires_grad_(False)
    return tower


def load_preprocessing(model: str, revision: str, *, frame_size: int) -> Preprocessing:
    """Read the encoder's own preprocessing and check that stored frames went through it.

    Raises:
        InputError: the encoder wants other frames than the store holds; says what to set.
    """
    from transformers import CLIPImageProcessorPil

    _check_pinned(model, revision)
    _check_reachable(model, revision)
    try:
        processor = CLIPImageProcessorPil.from_pretrained(model, **at_revision(model, revision))
    except (OSError, ValueError) as error:
        raise InputError(f"encoder.model {model!r} has no readable preprocessor: {error}") from error
    edge, crop = processor.size["shortest_edge"], processor.crop_size["height"]
    if edge != crop or int(processor.resample) != BICUBIC:
        raise InputError(
            f"encoder.model {model!r} resizes to {edge} and crops to {crop} (resample {processor.resample});"
            " frames are resized bicubically and cropped to one size; choose another encoder"
        )
    if crop != frame_size:
        raise InputError(
            f"encoder.model {model!r} reads frames of {crop} pixels, and extract_frames.frame_size is"
            f" {frame_size}; set extract_frames.frame_size to {crop}"
        )
    mean, std = tuple(processor.image_mean), tuple(processor.image_std)
    return Preprocessing(crop, mean, std)


def encoder_files(model: str) -> list[Path]:
    """Files of an encoder that is a local folder; none of one on the hub, which its revision pins."""
    return sorted(path for path in Path(model).rglob("*") if path.is_file()) if Path(model).is_dir() else []


def check_revision(model: str, revision: str) -> None:
    """Raise InputError unless (model, revision) always means the same weights."""
    _check_pinned(model, revision)
    if Path(model).is_dir():
        _check_folder(Path(model), revision)


def embed_pixels(
    tower: "CLIPVisionModelWithProjection", pixels: torch.Tensor, embedding: Embedding
) -> torch.Tensor:
    """Pixels (n, 3, s, s) -> embeddings (n, d): the projected ones, or the pooled class token."""
    if embedding == "projected":
        return tower(pixel_values=pixels).image_embeds
    return tower.vision_model(pixel_values=pixels).pooler_output


def frame_embedder(
    tower: "CLIPVisionModelWithProjection",
    preprocessing: Preprocessing,
    embedding: Embedding,
    *,
    device: torch.device,
    dtype: torch.dtype,
) -> Callable[[np.ndarray], np.ndarray]:
    """The frozen encoder as a function: uint8 frames (n, s, s, 3) -> float32 embeddings (n, d).

    Args:
        tower: On `device`.
        preprocessing: Of the same encoder.
        embedding: Projected or pooled.
        device: Where to compute.
        dtype: What to compute in, by autocast where it is not float32.
    """

    @torch.inference_mode()
    def embed(frames: np.ndarray) -> np.ndarray:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            out = embed_pixels(tower, preprocessing.pixels(frames, device), embedding)
        return out.float().cpu().numpy()

    return embed


def embedding_width(tower: "CLIPVisionModelWithProjection", embedding: Embedding) -> int:
    """Length d of one embedding."""
    return tower.config.projection_dim if embedding == "projected" else tower.config.hidden_size


def weights_digest(tower: torch.nn.Module) -> str:
    """sha256 over names, shapes and values of all parameters: which weights were really used."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tower.state_dict().items()):
        digest.update(json.dumps([name, list(tensor.shape)]).encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _check_pinned(model: str, revision: str) -> None:
    if Path(model).is_dir():
        return
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise InputError(f"encoder.model {model!r} is no folder; give a folder or a hub id (owner/name)")
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise InputError(
            f"encoder.revision {revision!r} does not pin {model!r};"
            " give the 40 hexadecimal digits of a commit of that hub repository"
        )


def _check_reachable(model: str, revision: str) -> None:
    if not Path(model).is_dir():
        check_reachable(model, revision)


def load_config(model: str, revision: str) -> dict[str, Any]:
    """An encoder's config.json.

    Raises:
        InputError: it cannot be had, or is not of a CLIP.
    """
    from transformers import PreTrainedConfig

    _check_pinned(model, revision)
    _check_reachable(model, revision)
    try:
        content, _ = PreTrainedConfig.get_config_dict(model, **at_revision(model, revision))
    except (OSError, ValueError) as error:
        raise InputError(f"encoder.model {model!r} has no readable config.json: {error}") from error
    if not content:
        raise InputError(f"encoder.model {model!r} has no readable config.json; complete the folder")
    kind = content.get("model_type")
    if kind not in CLIPS:
        raise InputError(
            f"encoder.model {model!r} is {kind!r} by its config.json, and must be one of {', '.join(CLIPS)};"
            " choose a CLIP"
        )
    return dict(content)


def at_revision(model: str, revision: str, *, tokenizer: bool = False) -> dict[str, Any]:
    """What `from_pretrained` must be told beside a checked model (of its tokenizer, if that is loaded)."""
    return {} if Path(model).is_dir() else pinned(model, revision, tokenizer=tokenizer)


def _check_folder(folder: Path, revision: str) -> None:
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise InputError(
            f"encoder.model {str(folder)!r} holds none of {', '.join(WEIGHTS)}; give another folder"
        )
    if revision == "local":
        return
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if len(revision) < 8 or not digest.startswith(revision):
        raise InputError(
            f"encoder.revision {revision!r} does not fit {str(weights)!r}, whose sha256 is {digest};"
            " write its first digits (at least 8), or local"
        )
