"""Adapters inside a tower: counted by formula, refused where pissa has not the rank, equal in their files."""

import re

import pytest
import torch

from clipforensics.adaptation.peft_tower import (
    CONFIG,
    LoraSection,
    check_rank,
    count_lora,
    lora_config,
    put_inside,
    read_adapter,
    write_adapter,
)
from clipforensics.adaptation.record import count_parameters
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.encoder.vision import load_vision_tower
from tests.encoder.test_vision import write_encoder

SHAPES = [(32, 32), (32, 64)]


def section(variant="lora", r=3):
    return LoraSection(variant=variant, r=r, alpha=6.0, dropout=0.0, target_modules=["q_proj", "fc1"])


@pytest.fixture
def folder(tmp_path):
    return str(write_encoder(tmp_path / "tower"))


@pytest.mark.parametrize("variant", ["lora", "dora", "rslora"])
def test_the_count_is_that_of_the_adapter(folder, variant):
    adapted = put_inside(load_vision_tower(folder, "local"), lora_config(section(variant), ["q_proj", "fc1"]))
    assert count_lora(SHAPES * 2, section(variant)) == count_parameters(adapted, moved=True)


def test_an_adapter_is_read_back_and_its_targets_are_sorted(folder, tmp_path):
    adapted = put_inside(load_vision_tower(folder, "local"), lora_config(section(), ["q_proj", "fc1"]))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(0))
    write_adapter(adapted, tmp_path / "adapter")
    config = lora_config(section(), ["q_proj", "fc1"])
    found = read_adapter(load_vision_tower(folder, "local"), tmp_path / "adapter", config)
    pixels = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(found(pixel_values=pixels).image_embeds, adapted(pixel_values=pixels).image_embeds)
    assert read_json(tmp_path / "adapter" / CONFIG)["target_modules"] == ["fc1", "q_proj"]
    assert count_parameters(found, moved=True) == 0


def test_a_rank_that_a_layer_has_not_is_refused_by_its_name():
    layers = {"wide": torch.nn.Linear(8, 4), "square": torch.nn.Linear(8, 8)}
    check_rank(layers, 4, "methods.lora.r")
    with pytest.raises(
        InputError, match=re.escape("methods.lora.r: 5 is more than the 4 singular values of wide")
    ):
        check_rank(layers, 5, "methods.lora.r")
