"""An encoder's vision tower with its own preprocessing, at a pinned revision."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from pickle import UnpicklingError  # only its name: nothing is unpickled here
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import torch
from safetensors import SafetensorError

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.params import Section
from clipforensics.encoder.claims import check_config, check_files, check_weights
from clipforensics.encoder.digests import digest_once
from clipforensics.encoder.families.base import Embedding, Family
from clipforensics.encoder.families.finding import FAMILIES, family_of, model_type
from clipforensics.encoder.families.shape import Shape
from clipforensics.encoder.hub import WEIGHTS, check_reachable, find_weights, pinned
from clipforensics.encoder.processors import Standard, as_processor, read_processor, read_timm

if TYPE_CHECKING:  # seconds of start-up: functions that read an encoder import it, and nothing else does
    from transformers import PreTrainedModel

T = TypeVar("T", bound="PreTrainedModel")


class EncoderSection(Section):
    """Section `encoder` of params.yaml.

    Attributes:
        model: A local folder in Hugging Face's layout, or a hub id.
        revision: Commit hash on the hub; `local` or leading sha256 digits for a folder.
        embedding: Which of its embeddings; each family says which it has.
    """

    model: str
    revision: str
    embedding: Embedding


@dataclass(frozen=True)
class Preprocessing:
    """What an image processor does: fit a picture, scale it to [0, 1], standardise it.

    Attributes:
        fitting: How a picture becomes a frame.
        mean: Per RGB channel, of values in [0, 1].
        std: Per RGB channel.
    """

    fitting: Fitting
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def size(self) -> int:
        """Input height and width in pixels."""
        return self.fitting.size

    def pixels(self, frames: np.ndarray, device: torch.device) -> torch.Tensor:
        """uint8 RGB (n, size, size, 3) -> standardised float32 (n, 3, size, size) on `device`."""
        mean = torch.tensor(self.mean, device=device).view(3, 1, 1)
        std = torch.tensor(self.std, device=device).view(3, 1, 1)
        raw = torch.from_numpy(frames).to(device).permute(0, 3, 1, 2)
        # One copy turns and converts; the rest is in place: a tenth of the time of plain arithmetic.
        values = raw.to(torch.float32, memory_format=torch.contiguous_format)
        return values.mul_(1 / (255 * std)).sub_(mean / std)


def load_vision_tower(model: str, revision: str, device: torch.device | None = None) -> "PreTrainedModel":
    """Load the frozen tower in float32, in evaluation mode.

    Args:
        model: A local folder in Hugging Face's layout, or a hub id.
        revision: For the hub: the full commit hash. For a folder: `local`, or the first
            digits (at least 8) of its weight file's sha256, which are then checked.
        device: Where to put it; the CPU if not given.

    Returns:
        Of the class that its family names (`families`).

    Raises:
        InputError: the revision is not pinned, the folder is missing or holds other weights, the hub cannot
            be reached, or the encoder is of no family.
    """
    check_revision(model, revision)
    family, shape = read_shape(model, revision)
    if (weights := find_weights(model, revision)) is not None:
        check_weights(weights, shape)
    tower = load_tower(family.tower_class(), model, revision, **family.load_options)
    family.prepare(tower)
    return torch.nn.Module.to(tower, device)


def find_family(model: str, revision: str) -> Family:
    """The family of an encoder, by its config.json; errors as `load_config`."""
    return FAMILIES[str(model_type(load_config(model, revision)))]


def read_shape(model: str, revision: str) -> tuple[Family, Shape]:
    """The family of an encoder, and what its tower consists of by its config.json; nothing is built.

    Raises:
        InputError: as `load_config`, or its config.json holds what the family cannot have.
    """
    content = load_config(model, revision)
    family = FAMILIES[str(model_type(content))]
    try:
        return family, family.shape(content)
    except InputError:
        raise
    except Exception as error:  # transformers' configs raise all kinds
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(
            f"encoder.model {model!r}: its config.json is of no {family.name} ({reason}); copy the encoder"
            " again"
        ) from error


def load_tower(kind: type[T], model: str, revision: str, **options: Any) -> T:
    """Load one tower of a checkpoint: frozen, in float32, in evaluation mode, on the CPU.

    Args:
        kind: The tower's class.
        model: A local folder in Hugging Face's layout, or a hub id.
        revision: What pins it, as in `load_vision_tower`.
        options: What its class's `from_pretrained` is told beside.

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
            **options,
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
            " choose a checkpoint that holds the whole tower"
        )
    tower.eval().requires_grad_(False)
    return tower


def load_preprocessing(model: str, revision: str, *, fitting: Fitting | None) -> Preprocessing:
    """Read the encoder's own preprocessing and check that stored frames went through it.

    Args:
        model: As in `load_vision_tower`.
        revision: As there.
        fitting: Of the frame store; None where nothing is stored.

    Raises:
        InputError: the encoder wants other frames than the store holds; says what to set.
    """
    wanted, (mean, std) = _read_preprocessing(model, revision)
    if fitting is not None and fitting != wanted:
        raise InputError(_other_frames(model, wanted, fitting))
    return Preprocessing(wanted, mean, std)


def _read_preprocessing(model: str, revision: str) -> tuple[Fitting, Standard]:
    config = load_config(model, revision)
    if "pretrained_cfg" in config:
        return read_timm(model, config["pretrained_cfg"])
    return read_processor(model, at_revision(model, revision), FAMILIES[config["model_type"]])


def config_digest(model: str, revision: str) -> str:
    """sha256 over an encoder's config.json, its fitting of pictures, means and deviations; no weight is read.

    Raises:
        InputError: as `load_preprocessing`.
    """
    config = {name: value for name, value in load_config(model, revision).items() if not name.startswith("_")}
    fitting, standard = _read_preprocessing(model, revision)
    text = json.dumps([config, asdict(fitting), standard], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _other_frames(model: str, wanted: Fitting, stored: Fitting) -> str:
    if replace(stored, size=wanted.size, edge=0) == wanted and stored.edge == stored.size:
        return (
            f"encoder.model {model!r} reads frames of {wanted.size} pixels, and extract_frames.frame_size is"
            f" {stored.size}; set extract_frames.frame_size to {wanted.size}"
        )
    return (
        f"encoder.model {model!r} fits pictures so: {wanted.in_words()}; and extract_frames so:"
        f" {stored.in_words()}; set {wanted.as_settings()}"
    )


def record_of_tower(model: str, revision: str, embedding: Embedding) -> dict[str, Any] | None:
    """How plain transformers loads an encoder and computes an embedding, for model cards; None for a CLIP.

    Returns:
        `family`, classes `tower` and `processor` of transformers, `options` of the tower's loading, `call`,
        the code of the embedding of `{}`; and `preprocessor`, content of a preprocessor_config.json, where
        the encoder has none.
    """
    family = find_family(model, revision)
    if "clip" in family.model_types:
        return None  # which cards have always shown
    about: dict[str, Any] = {
        "family": family.name,
        "tower": family.tower_class().__name__,
        "processor": family.processor,
    }
    about |= {"options": dict(family.load_options), "call": family.call[family.check(embedding)]}
    if "timm_wrapper" in family.model_types:
        about["preprocessor"] = as_processor(*_read_preprocessing(model, revision))
    return about


def encoder_files(model: str) -> list[Path]:
    """Files of an encoder that is a local folder; none of one on the hub, which its revision pins."""
    return sorted(path for path in Path(model).rglob("*") if path.is_file()) if Path(model).is_dir() else []


def check_revision(model: str, revision: str) -> None:
    """Raise InputError unless (model, revision) always means the same weights."""
    _check_pinned(model, revision)
    if Path(model).is_dir():
        _check_folder(Path(model), revision)


def embed_pixels(tower: "PreTrainedModel", pixels: torch.Tensor, embedding: Embedding) -> torch.Tensor:
    """Pixels (n, 3, s, s) -> embeddings (n, d), as the tower's family says."""
    return family_of(tower).embed(tower, pixels, embedding)


def frame_embedder(
    tower: "PreTrainedModel",
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
        embedding: Which.
        device: Where to compute.
        dtype: What to compute in, by autocast where it is not float32.
    """

    @torch.inference_mode()
    def embed(frames: np.ndarray) -> np.ndarray:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            out = embed_pixels(tower, preprocessing.pixels(frames, device), embedding)
        return out.float().cpu().numpy()

    return embed


def embedding_width(tower: "PreTrainedModel", embedding: Embedding) -> int:
    """Length d of one embedding; InputError where the tower's family has none of that name."""
    return family_of(tower).width(tower, embedding)


def frame_side(tower: "PreTrainedModel") -> int:
    """Side in pixels of the frames that a tower is shown; by its config, unless `show_frames` told it."""
    told = getattr(tower, "frame_side", None)
    return int(told) if told else family_of(tower).shape(tower.config.to_dict()).image


def show_frames(tower: T, preprocessing: Preprocessing) -> T:
    """The same tower, told the side of its frames: DINOv2 and DINOv3 read others than their config names."""
    tower.frame_side = preprocessing.size  # type: ignore[assignment]  # a number, no module
    return tower


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
        InputError: it cannot be had, or is of no family that there is.
    """
    from transformers import PreTrainedConfig

    _check_pinned(model, revision)
    _check_reachable(model, revision)
    if Path(model).is_dir():
        check_files(Path(model))
    try:
        content, _ = PreTrainedConfig.get_config_dict(model, **at_revision(model, revision))
    except (OSError, ValueError) as error:
        raise InputError(f"encoder.model {model!r} has no readable config.json: {error}") from error
    if not content:
        raise InputError(f"encoder.model {model!r} has no readable config.json; complete the folder")
    check_config(model, content)
    kind = model_type(content)
    if kind not in FAMILIES:
        raise InputError(
            f"encoder.model {model!r} is {kind!r} by its config.json, and must be one of"
            f" {', '.join(FAMILIES)}; choose another encoder"
        )
    return dict(content)


def at_revision(model: str, revision: str, *, tokenizer: bool = False) -> dict[str, Any]:
    """What `from_pretrained` must be told beside a checked model (of its tokenizer, if that is loaded)."""
    return {} if Path(model).is_dir() else pinned(model, revision, tokenizer=tokenizer)


def _check_folder(folder: Path, revision: str) -> None:
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    check_files(folder)
    if weights is None:
        raise InputError(
            f"encoder.model {str(folder)!r} holds none of {', '.join(WEIGHTS)}; give another folder"
        )
    if revision == "local":
        return
    digest = digest_once(weights)
    if len(revision) < 8 or not digest.startswith(revision):
        raise InputError(
            f"encoder.revision {revision!r} does not fit {str(weights)!r}, whose sha256 is {digest};"
            " write its first digits (at least 8), or local"
        )
