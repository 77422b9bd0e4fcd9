"""CLIP's tower: class token, then projection."""

from transformers import CLIPImageProcessorPil

from clipforensics.core.files import read_json
from clipforensics.encoder.families.clip import FAMILY
from tests.support.family_contract import FamilyContract
from tests.support.shared_data import ENCODERS, needs_shared

B32 = {"vision_config": {"hidden_size": 768, "patch_size": 32, "projection_dim": 512}}


class TestClip(FamilyContract):
    kind = "clip"
    true_size = B32
    parameters = 87_849_216  # tests/detectors/test_full.py has it of the published config

    def reference(self, tower, pixels, embedding):
        vision = tower.vision_model
        hidden = vision.pre_layrnorm(vision.embeddings(pixels))
        for block in vision.encoder.layers:
            hidden = block(hidden, None)
        token = vision.post_layernorm(hidden)[:, 0]
        return tower.visual_projection(token) if embedding == "projected" else token

    def processed(self, folder, picture):
        processor = CLIPImageProcessorPil.from_pretrained(folder)
        return processor(picture, return_tensors="pt", input_data_format="channels_last")["pixel_values"][0]


@needs_shared
def test_the_real_config_of_b32_has_the_published_parameters():
    config = read_json(ENCODERS / "clip-vit-base-patch32-config/config.json")
    shape = FAMILY.shape(config)
    assert shape.parameters == 87_849_216
    assert (shape.tokens, shape.widths) == (50, {"projected": 512, "pooled": 768})


def test_the_projection_alone_may_be_adapted_beside_the_blocks():
    assert FAMILY.shape(B32).beside == {"visual_projection": (768, 512)}
    assert FAMILY.passed("visual_projection.weight", "projected")
    assert not FAMILY.passed("visual_projection.weight", "pooled")
