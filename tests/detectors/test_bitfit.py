"""BitFit: every bias of the tower and nothing else moves."""

import pytest
import torch
from safetensors.torch import load_file

from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.detectors.bitfit import DETECTOR
from clipforensics.encoder.vision import embed_pixels
from tests.support.pixel_methods import (
    fast_settings,
    pixels_of,
    shaken,
    tower_of,
    train,
    trained_model,
    untrained,
    vit_b_32,
)
from tests.support.shared_data import needs_shared
from tests.support.training_tasks import N_BLOCKS

IN_A_BLOCK = [
    "layer_norm1.bias",
    "layer_norm2.bias",
    "mlp.fc1.bias",
    "mlp.fc2.bias",
    "self_attn.k_proj.bias",
    "self_attn.out_proj.bias",
    "self_attn.q_proj.bias",
    "self_attn.v_proj.bias",
]


def test_the_biases_of_the_tower_move_and_the_class_embedding_does_not(bench):
    model = untrained("bitfit", bench)
    moved = {name for name, p in model.named_parameters() if p.requires_grad}
    blocks = {f"tower.vision_model.encoder.layers.{n}.{name}" for n in range(N_BLOCKS) for name in IN_A_BLOCK}
    around = {"tower.vision_model.pre_layrnorm.bias", "tower.vision_model.post_layernorm.bias"}
    assert moved == blocks | around | {"head.weight", "head.bias"}
    assert model.entry() == 0


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
def test_training_changes_biases_only_and_starts_from_the_encoder(bench, tmp_path, embedding):
    pixels, start = pixels_of(bench), tower_of(bench)
    model = untrained("bitfit", bench, embedding=embedding)
    with torch.no_grad():
        plain = embed_pixels(start, pixels, embedding)
        assert torch.equal(embed_pixels(model.base, pixels, embedding), plain)
    model, progress = trained_model("bitfit", bench, tmp_path / "scratch", embedding=embedding)
    changed = {n for n, t in model.base.state_dict().items() if not torch.equal(t, start.state_dict()[n])}
    assert all(name.endswith(".bias") for name in changed)
    assert len(changed) > 5 * N_BLOCKS
    assert progress.best_rank[0] == 1.0


def test_the_keys_bias_changes_nothing(bench):
    model, pixels = shaken(untrained("bitfit", bench)), pixels_of(bench)
    with torch.no_grad():
        before = model(pixels)
        for block in model.base.vision_model.encoder.layers:
            block.self_attn.k_proj.bias += 3.0
        torch.testing.assert_close(model(pixels), before, atol=1e-5, rtol=0)


def test_the_saved_file_holds_the_biases_and_loads_to_the_same_numbers(bench, tmp_path):
    train("bitfit", bench, tmp_path / "out")
    tensors = load_file(tmp_path / "out" / "trained.safetensors")
    assert len(tensors) == N_BLOCKS * len(IN_A_BLOCK) + 2
    assert sum(t.numel() for t in tensors.values()) == model_counts(untrained("bitfit", bench))["trainable"]
    trained, _ = trained_model("bitfit", bench, tmp_path / "scratch")
    loaded, _ = DETECTOR.load(tmp_path / "out", fitting=bench.task.frames.fitting)
    for name, tensor in trained.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


@needs_shared
def test_parameters_of_vit_b_32():
    tower, about = vit_b_32()
    settings = fast_settings("bitfit")
    counts = model_counts(DETECTOR.adapt(tower, settings, embedding="projected", seed=0))
    # 12 blocks of (4 + 1 + 2) 768 and 3072, and two normalisations
    assert counts["trainable"] == 12 * (7 * 768 + 3072) + 2 * 768 == 102_912
    assert DETECTOR.expected_parameters(about, settings) == {"trainable": 102_912, "head": 513}
