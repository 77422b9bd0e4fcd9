"""Effort: starts as the encoder to the bit, is what its authors compute, and its losses are theirs."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.detectors.effort import (
    DETECTOR,
    ResidualLinear,
    attention_layers,
    last_directions,
    merged,
)
from clipforensics.encoder import vision as encoder
from clipforensics.explanations.relevance import relevance_maps
from clipforensics.training.trainer import Progress
from tests.support.saved_detectors import bare_task
from tests.support.training_tasks import N_BLOCKS, SIZE, WIDTH, shipped_settings, write_two_towers

CLIPS = ("q_proj", "k_proj", "v_proj", "out_proj")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_two_towers(tmp_path_factory.mktemp("effort") / "encoder")


def load(folder):
    return encoder.load_vision_tower(str(folder), "local")


def shift(module, by, seed=7):
    """Move what learns by normal noise."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter += by * torch.randn(parameter.shape, generator=generator)
    return module


def build(folder, *, moved=0.0, **changes):
    settings = shipped_settings("effort", **changes)
    return shift(DETECTOR.adapt(load(folder), settings, embedding="projected", seed=0), moved).eval()


def make_layer(n=12, r=3, *, moved=0.0, seed=0):
    torch.manual_seed(seed)
    linear = torch.nn.Linear(n, n).requires_grad_(False)
    return shift(ResidualLinear(linear, *last_directions(linear.weight, r)), moved)


def pixels(n=4, seed=1):
    return torch.randn(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def authors_losses(layer):
    """`compute_orthogonal_loss` and `compute_keepsv_loss` of the published code, step by step in float64."""
    r = len(layer.s)
    u, s, v = np.linalg.svd(layer.weight.double().numpy())
    now = [part.detach().double().numpy() for part in (layer.u, layer.s, layer.v)]
    every_u, every_v = np.hstack([u[:, :-r], now[0]]), np.vstack([v[:-r], now[2]])
    one = np.eye(len(u))
    orthogonal = np.linalg.norm(every_u @ every_u.T - one) / 2 + np.linalg.norm(every_v @ every_v.T - one) / 2
    main = u[:, :-r] @ np.diag(s[:-r]) @ v[:-r]
    current = main + now[0] @ np.diag(now[1]) @ now[2]
    kept = abs(np.linalg.norm(current) ** 2 - np.linalg.norm(layer.weight.double().numpy()) ** 2)
    return orthogonal, kept, current


@given(n=st.integers(1, 12), seed=st.integers(0, 50), data=st.data())
def test_the_last_directions_are_what_the_principal_part_leaves(n, seed, data):
    r = data.draw(st.integers(1, n))
    weight = torch.randn(n, n, generator=torch.Generator().manual_seed(seed))
    u, s, v = last_directions(weight, r)
    assert (u.shape, s.shape, v.shape) == ((n, r), (r,), (r, n))
    values = np.linalg.svd(weight.double().numpy(), compute_uv=False)
    np.testing.assert_allclose(s, values[n - r :], atol=1e-5)
    for basis in (u.T, v):
        torch.testing.assert_close(basis @ basis.T, torch.eye(r), atol=1e-5, rtol=0)
    rest = np.linalg.svd((weight - u * s @ v).double().numpy(), compute_uv=False)
    np.testing.assert_allclose(rest[: n - r], values[: n - r], atol=1e-5)
    np.testing.assert_allclose(rest[n - r :], 0, atol=1e-5)


def test_signs_do_not_depend_on_the_decomposition():
    weight = torch.randn(9, 9, generator=torch.Generator().manual_seed(3))
    _, _, v = last_directions(weight, 4)
    assert (v.gather(1, v.abs().argmax(dim=1, keepdim=True)) > 0).all()
    # turning the inputs' signs turns the right directions and leaves the choice of sign alone
    flip = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0])
    u2, s2, v2 = last_directions(weight * flip, 4)
    torch.testing.assert_close(u2 * s2 @ v2 * flip, weight - (weight - u2 * s2 @ v2 * flip))
    assert (v2.gather(1, v2.abs().argmax(dim=1, keepdim=True)) > 0).all()


def test_an_untrained_layer_gives_the_numbers_of_the_original():
    layer, inputs = make_layer(), torch.randn(5, 7, 12)
    assert torch.equal(layer(inputs), torch.nn.functional.linear(inputs, layer.weight, layer.bias))


@pytest.mark.parametrize("r", [1, 3, 12])
def test_a_layer_computes_principal_part_and_residual(r):
    layer, inputs = make_layer(r=r, moved=0.3), torch.randn(5, 12)
    _, _, current = (
        authors_losses(layer) if r < 12 else (0, 0, (layer.u * layer.s @ layer.v).detach().numpy())
    )
    expected = inputs.double().numpy() @ current.T + layer.bias.double().numpy()
    np.testing.assert_allclose(layer(inputs).detach(), expected, atol=1e-5)
    plain = merged(layer)
    assert type(plain) is torch.nn.Linear
    torch.testing.assert_close(plain(inputs), layer(inputs), atol=1e-5, rtol=0)


@pytest.mark.parametrize("r", [1, 2, 5])
@pytest.mark.parametrize("moved", [0.01, 0.5])
def test_the_losses_are_those_of_the_published_code(r, moved):
    layer = make_layer(r=r, moved=moved)
    orthogonal, kept, _ = authors_losses(layer)
    assert layer.orthogonality().item() == pytest.approx(orthogonal, rel=1e-4)
    assert layer.norm_change().item() == pytest.approx(kept, rel=1e-3, abs=1e-6)


def test_the_losses_begin_at_zero_with_a_slope():
    layer = make_layer()
    loss = layer.orthogonality() + layer.norm_change()
    assert loss.item() < 1e-5
    loss.backward()
    assert all(torch.isfinite(part.grad).all() for part in (layer.u, layer.s, layer.v))


def test_a_layer_of_lower_rank_is_no_trouble():
    linear = torch.nn.Linear(6, 6).requires_grad_(False)
    linear.weight[2:] = 0.0
    layer = ResidualLinear(linear, *last_directions(linear.weight, 5))
    loss = layer(torch.randn(3, 6)).sum() + layer.orthogonality() + layer.norm_change()
    loss.backward()
    assert torch.isfinite(layer.u.grad).all()
    assert layer.orthogonality().item() < 1e-5


def test_the_untrained_detector_is_the_encoder(folder):
    model, images = build(folder), pixels()
    with torch.no_grad():
        expected = torch.nn.functional.normalize(
            encoder.embed_pixels(load(folder), images, "projected"), dim=-1
        )
        assert torch.equal(model.embed(images), expected)


def test_the_linear_layers_of_every_attention_learn_and_nothing_else_but_the_head(folder):
    model = build(folder)
    layer = "tower.vision_model.encoder.layers.{}.self_attn.{}.{}"
    expected = {layer.format(b, name, part) for b in range(N_BLOCKS) for name in CLIPS for part in "usv"}
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert trained == expected | {"head.weight", "head.bias"}
    kept = load(folder).state_dict()
    found = model.tower.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in kept.items())


def test_the_objective_is_cross_entropy_and_the_mean_losses(folder):
    model, images, targets = build(folder, moved=0.05), pixels(), torch.tensor([0.0, 1.0, 0.0, 1.0])
    weights = 1 + targets
    layers = [m for m in model.modules() if isinstance(m, ResidualLinear)]
    with torch.no_grad():
        entropy = AdaptedEncoder.objective(model, images, targets, weights)
        orthogonal = torch.stack([m.orthogonality() for m in layers]).mean()
        kept = torch.stack([m.norm_change() for m in layers]).mean()
        for a, b in ((0.0, 0.0), (2.0, 0.0), (0.0, 3.0), (2.0, 3.0)):
            model.settings = shipped_settings("effort", orthogonality_weight=a, norm_weight=b)
            torch.testing.assert_close(
                model.objective(images, targets, weights), entropy + a * orthogonal + b * kept
            )


def test_half_precision_does_not_reach_the_losses(folder):
    model = build(folder, moved=1e-4, orthogonality_weight=1.0, norm_weight=1.0)
    with torch.autocast("cpu", torch.bfloat16):
        found = model.penalty()
    assert found.item() > 0
    assert found == model.penalty()


def test_the_losses_draw_back_what_has_strayed(folder):
    model = build(folder, moved=0.05, orthogonality_weight=1.0, norm_weight=1.0)
    before = model.penalty().item()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.005)
    for _ in range(40):
        optimizer.zero_grad()
        model.penalty().backward()
        optimizer.step()
    assert model.penalty().item() < before / 3


def test_saved_and_loaded_it_is_the_same_without_another_decomposition(folder, tmp_path, monkeypatch):
    model, images = build(folder, moved=0.1), pixels()
    options = {"task": bare_task(folder), "settings": model.settings, "progress": Progress()}
    DETECTOR.save(model, tmp_path / "model", counts=model_counts(model), **options)

    def refuse(*args, **kwargs):
        raise AssertionError("decomposed again")

    monkeypatch.setattr(torch.linalg, "svd", refuse)
    loaded, _ = DETECTOR.load(tmp_path / "model", fitting=Fitting(SIZE))
    folded, _ = DETECTOR.load(tmp_path / "model", fitting=Fitting(SIZE), merged=True)
    with torch.no_grad():
        assert torch.equal(loaded(images), model(images))
        torch.testing.assert_close(folded(images), model(images), atol=1e-5, rtol=0)
    assert not any(isinstance(m, ResidualLinear) for m in folded.modules())
    assert [name for name, _ in folded.named_parameters() if name.endswith((".u", ".s", ".v"))] == []


def test_the_lines_of_its_card_give_the_merged_weights(folder, tmp_path):
    model, tower = build(folder, moved=0.1), load(folder)
    DETECTOR.save_adapter(model, tmp_path)
    names = {"folder": tmp_path, "tower": tower, "load_file": load_file}
    exec("\n".join(DETECTOR.usage(model.settings).setup), names)
    expected = DETECTOR.merge(model).base.state_dict()
    for name, tensor in tower.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], atol=1e-5, rtol=0)


def test_its_maps_are_those_of_the_trained_directions(folder):
    model, images = build(folder, moved=0.1), pixels(3)
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    maps = relevance_maps(model, model.base, images)
    shift(model.tower, 0.1)
    assert not np.allclose(relevance_maps(model, model.base, images), maps, rtol=0.01)
    assert (maps.max(axis=(1, 2)) > 0).all()


def test_more_directions_than_there_are_is_refused(folder):
    with pytest.raises(InputError, match=rf"effort.r: 33 .* encoder have {WIDTH}; make it smaller"):
        build(folder, r=33)
    everything = build(folder, r=WIDTH)
    assert sum(p.numel() for p in everything.parameters() if p.requires_grad) > 4 * N_BLOCKS * WIDTH**2


@pytest.mark.parametrize("r", [1, 4])
def test_parameters_follow_the_formula(folder, r):
    vision = load(folder).config.to_dict()
    expected = DETECTOR.expected_parameters({"vision": vision, "width": 16}, shipped_settings("effort", r=r))
    assert expected["trainable"] == N_BLOCKS * 4 * r * (2 * WIDTH + 1)
    assert model_counts(build(folder, r=r))["trainable"] == expected["trainable"]


def test_the_count_of_vit_l_14_is_the_published_one():
    config = CLIPVisionConfig(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, patch_size=14)
    settings = shipped_settings("effort", r=1)
    with torch.device("meta"):
        tower = CLIPVisionModelWithProjection(config).requires_grad_(False)
        counts = model_counts(DETECTOR.adapt(tower, settings, embedding="pooled", seed=0))
    assert counts["trainable"] == 196_704, "the paper: .19 million"
    assert len(list(attention_layers(tower))) == 96
