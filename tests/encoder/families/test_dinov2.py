"""DINOv2's tower: places for larger pictures than it reads, two scales a block, an MLP that may be gated."""

import pytest
import torch
from transformers import BitImageProcessorPil

from clipforensics.encoder.families.dinov2 import FAMILY
from clipforensics.encoder.vision import frame_side, load_preprocessing, show_frames
from tests.support.family_contract import FamilyContract
from tests.support.towers import SIZE

BASE = {"hidden_size": 768, "num_attention_heads": 12, "image_size": 518, "patch_size": 14}


def by_hand(tower, pixels, embedding, registers):
    hidden = tower.embeddings(pixels)
    for block in tower.encoder.layer:
        hidden = block(hidden)
    normed = tower.layernorm(hidden)
    mean = normed[:, 1 + registers :].sum(dim=1) / (normed.shape[1] - 1 - registers)
    return {"pooled": normed[:, 0], "mean": mean, "class_mean": torch.cat([normed[:, 0], mean], dim=1)}[
        embedding
    ]


class TestDinov2(FamilyContract):
    kind = "dinov2"
    true_size = BASE
    parameters = 86_580_480  # facebook/dinov2-base

    def reference(self, tower, pixels, embedding):
        return by_hand(tower, pixels, embedding, registers=0)

    def processed(self, folder, picture):
        processor = BitImageProcessorPil.from_pretrained(folder)
        return processor(picture, return_tensors="pt", input_data_format="channels_last")["pixel_values"][0]

    def test_its_frames_are_smaller_than_its_config_says(self, folder, tower):
        assert frame_side(tower) == 96
        shown = show_frames(tower, load_preprocessing(str(folder), "local", fitting=None))
        assert frame_side(shown) == SIZE


@pytest.mark.parametrize(("width", "hidden"), [(384, 1024), (1536, 4096)])
def test_the_gated_mlp_of_the_giant(width, hidden):
    config = {**BASE, "hidden_size": width, "num_hidden_layers": 2, "use_swiglu_ffn": True}
    shape = FAMILY.shape(config)
    assert shape.linear["gate_proj"] == shape.linear["up_proj"] == (width, hidden)
    with torch.device("meta"):
        tower = FAMILY.tower_class()(FAMILY.tower_config(config))
    assert shape.parameters == sum(p.numel() for p in tower.parameters())
