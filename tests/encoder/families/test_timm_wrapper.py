"""Vision transformers of timm: Perception Encoder's architecture, others, and what is refused."""

import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.detectors import lora
from clipforensics.encoder.families import timm_wrapper
from clipforensics.encoder.families.timm_wrapper import FAMILY
from clipforensics.encoder.vision import embed_pixels, load_vision_tower
from tests.support.family_contract import FamilyContract
from tests.support.towers import N_BLOCKS, SIZE, WIDTH, needs_timm, write_timm_model
from tests.support.training_tasks import shipped_settings

APART = ["q_proj", "k_proj", "v_proj", "proj"]
PE = {"architecture": "vit_pe_core_base_patch16_224", "pretrained_cfg": {"input_size": [3, 224, 224]}}


@needs_timm
class TestTimmWrapper(FamilyContract):
    kind = "timm_wrapper"
    targets = ("qkv",)
    true_size = PE
    parameters = 92_886_528  # without the projection into the space of the texts

    def reference(self, tower, pixels, embedding):
        model = tower.timm_model
        tokens = model.forward_features(pixels)
        return model.attn_pool(tokens) if embedding == "pooled" else tokens[:, 1:].sum(dim=1) / 16

    def processed(self, folder, picture):
        """timm's Resize, CenterCrop and Normalize, by Pillow and numpy."""
        about = read_json(folder / "config.json")["pretrained_cfg"]
        image, (height, width) = Image.fromarray(picture), picture.shape[:2]
        short = min(height, width)
        sides = (int(SIZE * width / short), int(SIZE * height / short))
        resized = image.resize(sides, Image.Resampling.BICUBIC)
        left, top = ((side - SIZE) // 2 for side in sides)
        cropped = np.asarray(resized.crop((left, top, left + SIZE, top + SIZE))) / 255
        values = (cropped - about["mean"]) / about["std"]
        return torch.from_numpy(values).permute(2, 0, 1).float()


@needs_timm
@pytest.mark.parametrize(
    ("architecture", "arguments", "roles"),
    [
        ("vit_tiny_patch16_224", {}, ["qkv", "proj"]),
        ("vit_base_patch16_siglip_224", {"class_token": False}, ["qkv", "proj"]),
        ("eva02_tiny_patch14_224", {"patch_size": 16, "qkv_fused": False}, APART),
        ("vit_base_patch16_dinov3", {"ref_feat_shape": (4, 4)}, ["qkv", "proj"]),
    ],
)
def test_other_architectures(architecture, arguments, roles, tmp_path):
    sizes = {"embed_dim": WIDTH, "num_heads": 2}
    tower = load_vision_tower(
        str(write_timm_model(tmp_path / "tower", architecture, **sizes, **arguments)), "local"
    )
    names = {name for name, _ in FAMILY.attentions(tower)[0][1].named_children()}
    assert FAMILY.named(("query", "key", "value", "output"), names) == roles
    pixels = torch.randn(2, 3, SIZE, SIZE)
    for embedding in FAMILY.embeddings:
        hidden = FAMILY.enter(tower, pixels)
        options = FAMILY.block_options(tower, hidden)
        for block in FAMILY.blocks(tower):
            hidden = block(hidden, **options)
        whole = embed_pixels(tower, pixels, embedding)
        assert whole.shape == (2, WIDTH)
        torch.testing.assert_close(FAMILY.leave(tower, hidden, embedding), whole)


@needs_timm
def test_what_is_no_row_of_blocks_is_refused(tmp_path):
    folder = write_timm_model(tmp_path / "tower", "resnet18", depth=None, img_size=None)
    with pytest.raises(InputError, match="is a ResNet of timm, not one row of transformer blocks"):
        load_vision_tower(str(folder), "local")


@needs_timm
def test_a_layer_that_is_never_called_is_not_adapted(tmp_path):
    """EVA adds its own biases to the product with the weight of `qkv`."""
    folder = write_timm_model(
        tmp_path / "tower", "eva_giant_patch14_224", embed_dim=WIDTH, num_heads=2, patch_size=16
    )
    tower = load_vision_tower(str(folder), "local")
    assert len(FAMILY.blocks(tower)) == N_BLOCKS
    with pytest.raises(InputError, match=r"takes the weight of \['qkv'\] without calling it"):
        lora.find_targets(tower, shipped_settings("lora"), "pooled")
    assert (
        len(lora.find_targets(tower, shipped_settings("lora", target_modules=["proj"]), "pooled")) == N_BLOCKS
    )


def test_without_timm_it_is_said_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        timm_wrapper.importlib.util, "find_spec", lambda name: None if name == "timm" else find("json")
    )
    with pytest.raises(InputError, match=r"timm is not installed; run `pip install 'clipforensics\[timm\]'`"):
        FAMILY.shape(PE)


def test_relevance_is_not_traced():
    assert "keep their attention weights" in FAMILY.untraceable("pooled")
