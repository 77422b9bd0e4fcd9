"""LayerNorm tuning: every layer and no other, its two losses against slow loops, plain peft reads it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.core.fitting import Fitting
from clipforensics.detectors.layer_norm import DETECTOR, alignment, uniformity
from clipforensics.encoder import vision as encoder
from clipforensics.explanations.relevance import relevance_maps
from clipforensics.training.trainer import Progress
from tests.support.saved_detectors import bare_task
from tests.support.training_tasks import SIZE, shipped_settings, write_two_towers

OFF = {"alignment_weight": 0.0, "uniformity_weight": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_two_towers(tmp_path_factory.mktemp("layer_norm") / "encoder")


def load(folder):
    return encoder.load_vision_tower(str(folder), "local")


def build(folder, *, moved=0.0, embedding="projected", **changes):
    """The model with its shipped settings, what it trains shifted by up to `moved`."""
    model = DETECTOR.adapt(
        load(folder), shipped_settings("layer_norm", **changes), embedding=embedding, seed=0
    )
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad and moved:
                parameter += moved * torch.randn(parameter.shape, generator=generator)
    return model.eval()


def pixels(n=6, seed=1):
    return torch.randn(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def points(n, d=8, seed=0):
    """Unit-length embeddings."""
    drawn = torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(drawn, dim=-1)


def slow_alignment(features, targets, exponent):
    distances = [
        np.linalg.norm(features[i] - features[j]) ** exponent
        for i in range(len(features))
        for j in range(i)
        if targets[i] == targets[j]
    ]
    return np.mean(distances) if distances else 0.0


def slow_uniformity(features, temperature):
    terms = [
        math.exp(-temperature * ((features[i] - features[j]) ** 2).sum())
        for i in range(len(features))
        for j in range(i)
    ]
    return math.log(np.mean(terms)) if terms else 0.0


def test_the_untrained_detector_is_the_encoder(folder):
    model, images = build(folder), pixels()
    with torch.no_grad():
        expected = torch.nn.functional.normalize(
            encoder.embed_pixels(load(folder), images, "projected"), dim=-1
        )
        assert torch.equal(model.embed(images), expected)
        assert torch.equal(model(images), torch.zeros(6))


def test_every_layer_normalisation_learns_and_nothing_else_but_the_head(folder):
    norms = {n for n, m in load(folder).named_modules() if isinstance(m, torch.nn.LayerNorm)}
    model = build(folder)
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    inside = "tower.base_model.model.{}.ln_tuning_layers.default.{}"
    assert trained == {inside.format(n, part) for n in norms for part in ("weight", "bias")} | {
        "head.weight",
        "head.bias",
    }
    assert len(norms) == 8, "two in each of three blocks, one before and one after them"


@given(n=st.integers(0, 9), seed=st.integers(0, 99), exponent=st.sampled_from([1.0, 2.0, 3.5]))
def test_alignment_equals_a_slow_loop(n, seed, exponent):
    features = points(n, seed=seed)
    targets = torch.randint(0, 2, (n,), generator=torch.Generator().manual_seed(seed)).float()
    found = float(alignment(features, targets, exponent=exponent))
    assert found == pytest.approx(slow_alignment(features.numpy(), targets.numpy(), exponent), abs=1e-5)
    assert 0 <= found <= 2**exponent


@given(n=st.integers(0, 9), seed=st.integers(0, 99), temperature=st.sampled_from([0.5, 2.0, 30.0]))
def test_uniformity_equals_a_slow_loop(n, seed, temperature):
    features = points(n, seed=seed)
    found = float(uniformity(features, temperature=temperature))
    assert found == pytest.approx(slow_uniformity(features.numpy().astype(float), temperature), abs=1e-4)
    assert -4 * temperature <= found <= 0


def test_values_that_can_be_told_by_hand():
    square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    assert float(alignment(square, torch.tensor([0.0, 1.0, 0.0, 1.0]), exponent=2)) == pytest.approx(4.0)
    assert float(alignment(square, torch.tensor([0.0, 0.0, 1.0, 1.0]), exponent=2)) == pytest.approx(2.0)
    mean = (4 * math.exp(-2 * 2) + 2 * math.exp(-2 * 4)) / 6
    assert float(uniformity(square, temperature=2)) == pytest.approx(math.log(mean))


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("targets", [[0], [0, 1], [0, 1, 1], [1, 1, 1]])
def test_lone_frames_lone_classes_and_equal_embeddings_give_numbers_and_slopes(targets, exponent):
    for drawn in (points(len(targets)), points(1).repeat(len(targets), 1)):
        raw = drawn.clone().requires_grad_(True)
        features = torch.nn.functional.normalize(raw, dim=-1)
        loss = alignment(features, torch.tensor(targets).float(), exponent=exponent)
        loss = loss + uniformity(features, temperature=2.0)
        assert torch.isfinite(loss)
        if loss.requires_grad:
            loss.backward()
            assert torch.isfinite(raw.grad).all()


def test_a_slope_is_that_of_the_slow_loop():
    features, targets = points(5).double(), torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0])
    for loss in (lambda x: alignment(x, targets, exponent=3.0), lambda x: uniformity(x, temperature=2.0)):
        assert torch.autograd.gradcheck(
            lambda x, f=loss: f(torch.nn.functional.normalize(x, dim=-1)),
            features.clone().requires_grad_(True),
        )


def test_half_precision_does_not_reach_the_distances():
    features, targets = points(6), torch.tensor([0.0, 1.0] * 3)
    near = torch.nn.functional.normalize(features[:1] + 0.01 * features, dim=-1)
    with torch.autocast("cpu", torch.bfloat16):
        found = alignment(near, targets, exponent=2.0), uniformity(near, temperature=2.0)
    assert found == (alignment(near, targets, exponent=2.0), uniformity(near, temperature=2.0))


def test_the_objective_is_cross_entropy_and_the_weighted_losses(folder):
    images, targets = pixels(6), torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    weights = 1 + targets
    shape = {"alignment_exponent": 3.0, "uniformity_temperature": 0.5}
    model = build(folder, moved=0.1, alignment_weight=0.3, uniformity_weight=0.7, **shape)
    plain = build(folder, moved=0.1, **OFF)
    with torch.no_grad():
        entropy = AdaptedEncoder.objective(model, images, targets, weights)
        assert torch.equal(plain.objective(images, targets, weights), entropy)
        features = model.embed(images)
        extra = 0.3 * alignment(features, targets, exponent=3.0) + 0.7 * uniformity(features, temperature=0.5)
        torch.testing.assert_close(model.objective(images, targets, weights), entropy + extra)


def test_pairs_are_made_inside_a_micro_batch_only(folder):
    images, targets = pixels(6), torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    weights, model = torch.ones(6), build(folder, moved=0.1, alignment_weight=1.0, uniformity_weight=1.0)
    with torch.no_grad():
        whole = model.objective(images, targets, weights)
        halves = [model.objective(images[i], targets[i], weights[i]) for i in (slice(3), slice(3, 6))]
    assert not torch.isclose(sum(halves) / 2, whole, rtol=1e-3)


def test_both_losses_move_embeddings_as_they_say(folder):
    images, targets = pixels(8), torch.tensor([0.0, 1.0] * 4)

    def after(**weights):
        model = build(folder, **{**OFF, **weights})
        optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.02)
        for _ in range(15):
            optimizer.zero_grad()
            model.objective(images, targets, torch.zeros(8)).backward()  # no cross-entropy
            optimizer.step()
        features = model.embed(images).detach()
        return float(alignment(features, targets, exponent=2)), float(uniformity(features, temperature=2))

    before = build(folder).embed(images).detach()
    drawn, _ = after(alignment_weight=1.0)
    _, spread = after(uniformity_weight=1.0)
    assert drawn < 0.7 * float(alignment(before, targets, exponent=2))
    assert spread < float(uniformity(before, temperature=2)) - 0.1


@pytest.mark.filterwarnings(
    "ignore:Unsupported layer type:UserWarning"
)  # peft asks a LayerNorm for its width
@pytest.mark.parametrize("embedding", ["projected", "pooled"])
def test_what_is_saved_loads_here_and_in_plain_peft(folder, tmp_path, embedding):
    model, images = build(folder, moved=0.1, embedding=embedding), pixels()
    task, settings = bare_task(folder, embedding), shipped_settings("layer_norm")
    options = {"task": task, "settings": settings, "counts": model_counts(model), "progress": Progress()}
    DETECTOR.save(model, tmp_path / "model", **options)
    loaded, _ = DETECTOR.load(tmp_path / "model", fitting=Fitting(SIZE))
    plain = PeftModel.from_pretrained(
        CLIPVisionModelWithProjection.from_pretrained(folder), tmp_path / "model"
    )
    with torch.no_grad():
        assert torch.equal(loaded(images), model(images))
        expected = encoder.embed_pixels(model.base, images, embedding)
        assert torch.equal(encoder.embed_pixels(plain.get_base_model().eval(), images, embedding), expected)
        assert not torch.allclose(encoder.embed_pixels(load(folder), images, embedding), expected, rtol=0.01)
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "detector.json",
        "head.safetensors",
    ]


def test_its_maps_are_those_of_the_tuned_layers(folder):
    model, images = build(folder, moved=0.2), pixels(3)
    maps = relevance_maps(model, model.base, images)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "ln_tuning_layers" in name and name.endswith("bias"):
                parameter.add_(1.0)
    assert not np.allclose(relevance_maps(model, model.base, images), maps, rtol=0.01)
    assert (maps.max(axis=(1, 2)) > 0).all()


def test_the_count_of_vit_l_14_is_the_published_one():
    config = CLIPVisionConfig(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, patch_size=14)
    vision = {"vision": config.to_dict(), "text": None, "embedding": "pooled", "width": 1024}
    settings = shipped_settings("layer_norm")
    # arXiv 2503.19683: about 104 thousand of 303 million, .03 %, with a head of two units
    assert DETECTOR.expected_parameters(vision, settings) == {"trainable": 102_400, "head": 1025}
    with torch.device("meta"):
        tower = CLIPVisionModelWithProjection(config).requires_grad_(False)
        counts = model_counts(DETECTOR.adapt(tower, settings, embedding="pooled", seed=0))
    assert counts["trainable"] == 102_400
