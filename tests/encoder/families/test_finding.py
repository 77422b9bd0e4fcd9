"""A family is one file of its room, found by `model_type`."""

from pathlib import Path

from clipforensics.encoder.families import finding
from clipforensics.encoder.families.finding import FAMILIES, NOT_FAMILIES, family_named, model_type


def test_every_file_of_the_room_is_a_family_or_listed():
    names = {path.stem for path in Path(finding.__file__).parent.glob("[a-z]*.py")} - set(NOT_FAMILIES)
    assert names == {type(family).__module__.rpartition(".")[2] for family in FAMILIES.values()}


def test_a_config_of_timm_has_no_model_type():
    assert model_type({"architecture": "vit_tiny_patch16_224", "pretrained_cfg": {}}) == "timm_wrapper"
    assert model_type({"model_type": "siglip"}) == "siglip"
    assert model_type({}) is None


def test_a_towers_config_without_a_type_is_a_clips():
    assert family_named({"hidden_size": 768}) is FAMILIES["clip"]
    assert family_named({"model_type": "dinov3_vit"}) is FAMILIES["dinov3_vit"]
