"""The encoder: there, of a family that is known, and reading frames as they are extracted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from clipforensics.check.footage import SAMPLE, Footage
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.crops.extraction import ExtractSection
from clipforensics.encoder.families.base import Family
from clipforensics.encoder.families.finding import FAMILIES, family_named
from clipforensics.encoder.hub import WEIGHTS
from clipforensics.encoder.vision import (
    EncoderSection,
    check_revision,
    find_family,
    load_config,
    load_preprocessing,
)
from clipforensics.sources.sample import Profile as SampleProfile

CLIP = "clip"
"""Folder of the sample's tiny CLIP, below the sample's root."""


@dataclass(frozen=True)
class Described:
    """An encoder by its config.

    Attributes:
        vision: Fields of the vision tower's, `model_type` among them.
        has_text: Whether there is a text tower of CLIP beside it.
        frame_side: Of the frames that it is shown, in pixels.
    """

    vision: Mapping[str, Any]
    has_text: bool
    frame_side: int

    @property
    def family(self) -> Family:
        """Of the tower."""
        return family_named(self.vision)


def check_encoder(params: Params, footage: Footage | None, problems: Problems) -> Described | None:
    """Everything about the encoder but its numbers.

    Args:
        params: As far as it is right.
        footage: The data set, which brings its own encoder if it is the sample.
        problems: Receives what is wrong.

    Returns:
        What it is, or None where something is wrong.
    """
    encoder, extract = params.section(EncoderSection), params.section(ExtractSection)
    if encoder is None or extract is None:
        return None
    with problems.caught(str(params.path)):
        if footage and isinstance(footage.profile, SampleProfile) and _is_made(encoder.model, footage.root):
            return _check_tiny(footage.profile, encoder, extract)
        if footage is None and _looks_made(encoder.model):
            return None  # whether the data set brings it is not known while the data set is not
        _check_named(encoder.model, footage)
        check_revision(encoder.model, encoder.revision)
        config = load_config(encoder.model, encoder.revision)
        family = find_family(encoder.model, encoder.revision)
        family.check(encoder.embedding)
        preprocessing = load_preprocessing(encoder.model, encoder.revision, fitting=extract.fitting)
        _check_whole(Path(encoder.model))
        vision = {**config.get("vision_config", config), "model_type": family.model_types[-1]}
        has_text = "clip" in family.model_types and "text_config" in config
        return Described(vision, has_text=has_text, frame_side=preprocessing.size)
    return None


def _is_made(model: str, root: Path) -> bool:
    return Path(model).resolve() == (root / CLIP).resolve()


def _looks_made(model: str) -> bool:
    path = Path(model)
    return path.parts[-2:] == (SAMPLE, CLIP) and not path.is_dir()


def _check_tiny(profile: SampleProfile, encoder: EncoderSection, extract: ExtractSection) -> Described:
    """The sample's CLIP, which may not be made yet, by the profile that it is made from."""
    size = profile.clip.image_size
    FAMILIES["clip"].check(encoder.embedding)
    if size == extract.frame_size and extract.fitting != Fitting(size):
        raise InputError(
            f"encoder.model {encoder.model!r}, the sample's own, fits pictures so:"
            f" {Fitting(size).in_words()}; set {Fitting(size).as_settings()}"
        )
    if size != extract.frame_size:
        raise InputError(
            f"encoder.model {encoder.model!r} reads frames of {size} pixels (clip.image_size of its"
            f" profile), and extract_frames.frame_size is {extract.frame_size}; set it to {size}"
        )
    vision = {
        "model_type": "clip_vision_model",
        "hidden_size": profile.clip.hidden_size,
        "intermediate_size": 2 * profile.clip.hidden_size,
        "num_hidden_layers": profile.clip.n_layers,
        "num_attention_heads": profile.clip.n_heads,
        "patch_size": profile.clip.patch_size,
        "image_size": size,
        "projection_dim": profile.clip.projection,
    }
    return Described(vision, has_text=True, frame_side=size)


def _check_named(model: str, footage: Footage | None) -> None:
    """A folder that is not there, in words that say which; hub ids pass."""
    path = Path(model)
    if path.is_dir():
        return
    if _looks_made(model) and footage and not footage.is_sample:
        raise InputError(
            f"encoder.model {model!r} is the sample's own encoder, and `dataset` is {footage.dataset!r}; name"
            " another, such as openai/clip-vit-base-patch32 with its commit as encoder.revision"
        )
    if path.exists():
        raise InputError(f"encoder.model {model!r} is a file; give the folder that holds it, or a hub id")


def _check_whole(folder: Path) -> None:
    """A weight file that a broken copy left short is found by its header."""
    weights = folder / WEIGHTS[0]
    if not weights.is_file():
        return
    try:
        with safe_open(weights, framework="np") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"encoder.model {str(folder)!r}: {weights.name} cannot be read ({error}); copy it again"
        ) from error
