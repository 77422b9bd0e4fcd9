"""Methods against the encoder: what they adapt must be there; no weight is read."""

from typing import TYPE_CHECKING

import torch

from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.pixel_method import PixelMethod
from clipforensics.adaptation.pixel_training import check_pairs
from clipforensics.adaptation.text_method import TextMethod, check_projected
from clipforensics.check.encoder import Described
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import EncoderSection
from clipforensics.training.budget import TrainSection

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def check_fit(params: Params, described: Described | None, problems: Problems) -> None:
    """Adapt a tower of the encoder's shape, without numbers, by every detector that changes it.

    Args:
        params: As far as it is right.
        described: The encoder, None where it is not known.
        problems: Receives what is wrong.
    """
    encoder, train = params.section(EncoderSection), params.section(TrainSection)
    methods = {name: find_detector(name) for name in params.detectors}
    if train and any(isinstance(method, PixelMethod) for method in methods.values()):
        with problems.caught(str(params.path)):
            check_pairs(train)
    if encoder is None or described is None:
        return
    for name, method in methods.items():
        with problems.caught(str(params.path)):
            if isinstance(method, TextMethod):
                _check_text(name, encoder.model, described)
                check_projected(name, encoder.embedding)
        if not isinstance(method, PixelMethod):
            continue
        for candidate in params.methods.get(name, ()):
            with problems.caught(str(params.path)):
                method.adapt(_hollow_tower(described), candidate, embedding=encoder.embedding, seed=0)


def _hollow_tower(described: Described) -> "PreTrainedModel":
    family = described.family
    config = family.tower_config(described.vision)
    config._attn_implementation = "sdpa"  # as towers are loaded
    with torch.device("meta"):
        tower = family.tower_class()(config, **family.load_options)
    family.prepare(tower)
    tower.frame_side = described.frame_side
    return tower.requires_grad_(False)


def _check_text(name: str, model: str, described: Described) -> None:
    if not described.has_text:
        raise InputError(
            f"detectors: {name} compares pictures with texts, and encoder.model {model!r} has no text"
            " tower of a CLIP; name a whole CLIP, or leave the detector out"
        )
