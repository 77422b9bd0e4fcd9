"""Relevance: the rule against a slow loop, a planted cue, and maps that must change with the weights."""

import json

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.adaptation.frozen import FrozenEncoder
from clipforensics.core.faults import InputError
from clipforensics.detectors.baseline import LinearJudge
from clipforensics.encoder import vision as encoder
from clipforensics.explanations.relevance import (
    check_sanity,
    compare_maps,
    rank_correlations,
    relevance_maps,
    roll_out,
    shuffle_weights,
    summarise,
)
from tests.encoder.test_vision import write_encoder


@pytest.fixture
def probe(tmp_path):
    tower = encoder.load_vision_tower(str(write_encoder(tmp_path / "tower")), "local")
    weight = np.random.default_rng(5).normal(size=16)
    return FrozenEncoder(tower, "projected", LinearJudge(weight, 0.3)).eval()


def pixels(n=5, size=32, seed=1):
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(seed))


def maps_of(module, images):
    return relevance_maps(module, module.tower, images)


def test_the_rule_equals_a_slow_loop():
    rng = np.random.default_rng(0)
    n, heads, tokens, layers = 2, 3, 4, 3
    attention = rng.random((layers, n, heads, tokens, tokens))
    gradient = rng.normal(size=attention.shape)
    expected = np.stack([np.eye(tokens)] * n)
    for a, g in zip(attention, gradient, strict=True):
        for i in range(n):
            mean = np.zeros((tokens, tokens))
            for head in range(heads):
                mean += np.maximum(0, g[i, head] * a[i, head]) / heads
            expected[i] = expected[i] + mean @ expected[i]
    found = roll_out([torch.tensor(a) for a in attention], [torch.tensor(g) for g in gradient])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_a_map_is_one_number_a_patch_at_least_zero_whatever_the_batch(probe, monkeypatch):
    images = pixels(5)
    maps = maps_of(probe, images)
    assert (maps.dtype, maps.shape) == (np.float32, (5, 4, 4))
    assert (maps >= 0).all()
    assert (maps.max(axis=(1, 2)) > 0).all()
    monkeypatch.setattr("clipforensics.explanations.relevance.BATCH", 2)
    np.testing.assert_allclose(maps_of(probe, images), maps, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(maps_of(probe, images.flip(0)), maps[::-1], rtol=1e-4, atol=1e-9)
    assert maps_of(probe, images[:0]).shape == (0, 4, 4)


def test_two_runs_are_equal_and_leave_the_module_as_it_was(probe):
    images = pixels(3)
    with torch.inference_mode():
        before = probe(images)
    chosen = probe.tower.config._attn_implementation
    with torch.no_grad():  # whatever the caller has switched off
        first = maps_of(probe, images)
    assert np.array_equal(first, maps_of(probe, images))
    assert probe.tower.config._attn_implementation == chosen != "eager"
    assert not images.requires_grad
    assert all(p.grad is None for p in probe.parameters())
    assert not any(layer._forward_hooks for layer in probe.tower.modules())
    with torch.inference_mode():
        assert torch.equal(probe(images), before)


def planted(sign: float) -> FrozenEncoder:
    """A tower whose class token attends evenly and reads whether a patch is white, not black."""
    config = CLIPVisionConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, image_size=32,
        patch_size=8, projection_dim=8,
    )  # fmt: skip
    tower = CLIPVisionModelWithProjection(config).eval().requires_grad_(False)
    for name, parameter in tower.named_parameters():
        parameter.fill_(1.0 if "norm.weight" in name or "norm1.weight" in name else 0.0)
    vision = tower.vision_model
    # a white patch writes onto feature 0; feature 1 keeps every token from being constant
    vision.embeddings.patch_embedding.weight[0] = 1.0 / (3 * 64)
    vision.embeddings.class_embedding[1] = 1.0
    vision.embeddings.position_embedding.weight[:, 1] = 1.0
    layer = vision.encoder.layers[0]
    layer.layer_norm1.weight.fill_(1.0)
    layer.self_attn.v_proj.weight[2, 0] = 1.0
    layer.self_attn.v_proj.bias[2] = -layer.layer_norm1(vision.pre_layrnorm(torch.eye(8)[1]))[0]
    layer.self_attn.out_proj.weight.copy_(torch.eye(8))
    vision.post_layernorm.weight.fill_(1.0)
    tower.visual_projection.weight.copy_(torch.eye(8))
    return FrozenEncoder(tower, "projected", LinearJudge(sign * np.eye(8)[2], 0.0)).eval()


@pytest.mark.parametrize("place", [(0, 0), (1, 2), (3, 1)])
def test_the_one_patch_that_decides_is_the_one_that_lights_up(place):
    images = torch.zeros(2, 3, 32, 32)
    row, column = place
    images[1, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 1.0
    module = planted(+1.0)
    with torch.inference_mode():
        black, white = module(images)
    assert white > black + 0.02
    lit = maps_of(module, images)[1]
    assert np.unravel_index(lit.argmax(), lit.shape) == place
    assert lit[place] > 100 * np.sort(lit.ravel())[-2]


def test_what_speaks_for_real_stays_dark():
    images = torch.zeros(1, 3, 32, 32)
    images[:, :, 8:16, 8:16] = 1.0
    for_manipulated, for_real = (maps_of(planted(sign), images)[0, 1, 1] for sign in (+1.0, -1.0))
    assert for_manipulated > 0.005
    assert for_real == 0.0


def test_rank_correlation_is_scipys_and_undefined_for_a_constant_map():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 6, (2, 7, 3, 3)).astype(float)  # with ties
    expected = [spearmanr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(rank_correlations(a, b), expected)
    b[2] = 4.0
    assert np.isnan(rank_correlations(a, b)).tolist() == [False, False, True] + [False] * 4
    assert summarise(np.array([0.5, np.nan, 0.0])) == {"rank_correlation": 0.25, "n": 2}
    none = summarise(np.array([np.nan]))
    assert (none["rank_correlation"], none["n"]) == (None, 0)
    assert "no ranks" in none["undefined"]


def test_shuffling_keeps_the_values_and_loses_their_places(probe):
    before = {name: p.clone() for name, p in probe.named_parameters()}
    shuffle_weights(probe, seed=3, spare=probe.tower)
    assert all(torch.equal(p, before[n]) for n, p in probe.named_parameters() if n.startswith("tower."))
    assert not torch.equal(probe.judge.head.weight, before["judge.head.weight"])
    shuffle_weights(probe, seed=3)
    for name, parameter in probe.named_parameters():
        assert torch.equal(parameter.flatten().sort().values, before[name].flatten().sort().values), name
        constant = (before[name] == before[name].flatten()[0]).all()
        assert constant or not torch.equal(parameter, before[name]), name


def test_a_map_agrees_with_itself_and_not_with_that_of_random_weights(probe):
    images = pixels(12)
    maps = maps_of(probe, images)
    np.testing.assert_allclose(rank_correlations(maps, maps), 1.0)
    found = check_sanity(lambda: maps_of(probe, images), probe, probe.tower, seed=0, draws=5)
    assert found["n"] == 12
    assert abs(found["rank_correlation"]) < 0.3
    json.dumps(found, allow_nan=False)


def test_maps_that_ignore_the_weights_are_caught(probe):
    images = pixels(6)
    brightness = images.mean(1).unfold(1, 8, 8).unfold(2, 8, 8).mean((3, 4)).numpy()
    found = check_sanity(lambda: brightness, probe, probe.tower, seed=0, draws=2)
    assert found["rank_correlation"] == found["rank_correlation_head"] == pytest.approx(1.0)


def test_maps_of_the_encoder_alone_are_told_from_those_of_the_detector(probe):
    """A map that follows the tower but not the head (here its patch tokens' lengths)."""
    images = pixels(6)

    def saliency():
        with torch.inference_mode():
            tokens = probe.tower.vision_model(pixel_values=images).last_hidden_state[:, 1:]
        return tokens.norm(dim=-1).reshape(-1, 4, 4).numpy()

    found = check_sanity(saliency, probe, probe.tower, seed=0, draws=3)
    assert found["rank_correlation_head"] == pytest.approx(1.0)
    assert abs(found["rank_correlation"]) < 0.6


def test_the_same_seed_gives_the_same_check_another_seed_another(probe):
    state = {name: value.clone() for name, value in probe.state_dict().items()}
    found = []
    for seed in (1, 1, 2):
        probe.load_state_dict(state)
        found.append(check_sanity(lambda: maps_of(probe, pixels()), probe, probe.tower, seed=seed, draws=1))
    assert found[0] == found[1] != found[2]


def test_detectors_are_compared_two_by_two_where_their_grids_are_one():
    a = np.arange(8.0).reshape(2, 2, 2)
    found = compare_maps({"a": a, "b": -a, "other": np.ones((2, 3, 3)), "c": a**3})
    assert [(row["detectors"], round(row["rank_correlation"], 9)) for row in found] == [
        (["a", "b"], -1.0),
        (["a", "c"], 1.0),
        (["b", "c"], -1.0),
    ]


def test_tokens_that_are_no_grid_are_refused(probe):
    probe.tower.config.patch_size = 10
    with pytest.raises(InputError, match="16 patch tokens are no grid of 3 x 3"):
        maps_of(probe, pixels(1))
