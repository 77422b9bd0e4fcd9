"""What a frame costs, by the config alone, against torch's own count of a real tower."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.check.tower import Tower

B32 = {"hidden_size": 768, "num_hidden_layers": 12, "patch_size": 32, "image_size": 224}
TINY = {
    "hidden_size": 96,
    "intermediate_size": 192,
    "num_hidden_layers": 4,
    "patch_size": 8,
    "image_size": 64,
}


@pytest.mark.parametrize("config", [B32, TINY])
def test_operations_and_weights_are_those_that_torch_counts(config):
    heads = {"num_attention_heads": 4, "projection_dim": 64}
    with torch.device("meta"):
        model = CLIPVisionModelWithProjection(
            CLIPVisionConfig(**config, **heads, attn_implementation="eager")
        )
        with FlopCounterMode(display=False) as counter:
            model(pixel_values=torch.empty(1, 3, config["image_size"], config["image_size"]))
    tower = Tower.of({**config, **heads})
    assert tower.operations == pytest.approx(counter.get_total_flops(), rel=0.02)
    assert tower.parameters == pytest.approx(sum(p.numel() for p in model.parameters()), rel=0.05)
    assert tower.tokens == (config["image_size"] // config["patch_size"]) ** 2 + 1


def test_fields_that_a_config_leaves_out_are_transformers_own():
    config = CLIPVisionConfig()
    assert Tower.of({}) == Tower.of(config.to_dict())
