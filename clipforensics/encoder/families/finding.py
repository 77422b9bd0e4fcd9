"""The family of an encoder, by its config.json or its tower."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.encoder.families.base import Family

NOT_FAMILIES = ("base", "class_token", "finding", "shape")


def _all() -> dict[str, Family]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    modules = (importlib.import_module(f"{__package__}.{n}") for n in names if n not in NOT_FAMILIES)
    return {kind: module.FAMILY for module in modules for kind in module.FAMILY.model_types}


FAMILIES: dict[str, Family] = _all()
"""`model_type` -> family. All are imported with this module: a scratch folder is named after loaded code."""


def model_type(content: Mapping[str, Any]) -> object:
    """`model_type` of a config.json; those that timm writes have none, but a `pretrained_cfg`."""
    return "timm_wrapper" if "pretrained_cfg" in content else content.get("model_type")


def family_of(tower: Any) -> Family:
    """The family of a loaded tower."""
    return FAMILIES[tower.config.model_type]


def family_named(content: Mapping[str, Any]) -> Family:
    """The family of a tower's config whose `model_type` is known; CLIP's where it has none.

    CLIP's configs of 2021 name the whole model alone.
    """
    return FAMILIES[str(model_type(content) or "clip_vision_model")]
