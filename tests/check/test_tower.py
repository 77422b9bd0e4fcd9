"""What a frame costs, by the config alone, against torch's own count of a real tower."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.check.tower import Tower
from clipforensics.encoder.families.finding import FAMILIES

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
    assert tower.parameters == sum(p.numel() for p in model.parameters())
    assert tower.tokens == (config["image_size"] // config["patch_size"]) ** 2 + 1


def test_fields_that_a_config_leaves_out_are_transformers_own():
    config = CLIPVisionConfig()
    assert Tower.of({}) == Tower.of(config.to_dict())


TRUE_SIZE = {
    "siglip_vision_model": {},
    "dinov2": {"hidden_size": 768, "num_attention_heads": 12, "image_size": 518, "patch_size": 14},
    "dinov3_vit": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12},
    "vit": {},
}


@pytest.mark.parametrize("kind", TRUE_SIZE)
def test_operations_of_every_family_are_those_that_torch_counts(kind):
    family = FAMILIES[kind]
    config = family.tower_config(TRUE_SIZE[kind])
    config._attn_implementation = "eager"
    with torch.device("meta"):
        model = family.tower_class()(config, **family.load_options).eval()
        with FlopCounterMode(display=False) as counter:
            model(pixel_values=torch.empty(1, 3, 224, 224))
    tower = Tower.of({**TRUE_SIZE[kind], "model_type": kind}, frame_side=224)
    assert tower.operations == pytest.approx(counter.get_total_flops(), rel=0.02)
    assert tower.parameters == sum(p.numel() for p in model.parameters())
    assert tower.tokens == (224 // config.patch_size) ** 2 + tower.shape.prefix


def test_activations_are_as_they_were_for_a_plain_mlp():
    tower = Tower.of(B32)
    assert tower.activations == 4 * 12 * 50 * (10 * 768 + 2 * 3072)
