"""Full fine-tuning: everything that the head's embedding passes moves; a complete tower is saved."""

import json

import numpy as np
import pytest
import torch
from transformers import CLIPVisionModelWithProjection

from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.detectors.full import DETECTOR
from clipforensics.encoder.vision import embed_pixels
from tests.support.pixel_methods import (
    fast_settings,
    pixels_of,
    scores_of,
    tower_of,
    train,
    trained_model,
    untrained,
    vit_b_32,
)
from tests.support.shared_data import needs_shared
from tests.support.training_tasks import PROJECTION, WIDTH, encoder_fields

SLOW = {"learning_rate": 0.003}


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
def test_everything_moves_but_a_projection_that_is_not_passed(bench, embedding, tmp_path):
    start, settings = tower_of(bench), fast_settings("full", **SLOW)
    model, progress = trained_model(
        "full", bench, tmp_path / "scratch", embedding=embedding, settings=settings
    )
    still = {n for n, p in model.named_parameters() if not p.requires_grad}
    assert still == (set() if embedding == "projected" else {"tower.visual_projection.weight"})
    unchanged = {n for n, t in model.base.state_dict().items() if torch.equal(t, start.state_dict()[n])}
    assert {n for n in unchanged if "k_proj.bias" not in n} == {n.removeprefix("tower.") for n in still}
    assert progress.curve[-1]["train_loss"] < progress.curve[0]["train_loss"]


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
def test_parameters_follow_the_formula(bench, embedding):
    counts = model_counts(untrained("full", bench, embedding=embedding))
    whole = sum(p.numel() for p in tower_of(bench).parameters())
    assert counts["all"] == whole
    assert counts["trainable"] == whole - (0 if embedding == "projected" else WIDTH * PROJECTION)
    about = encoder_fields({**bench.task.encoder, "embedding": embedding})
    expected = DETECTOR.expected_parameters(about, fast_settings("full"))
    assert expected == {"trainable": counts["trainable"], "head": counts["head"]}


def test_untrained_it_is_the_encoder(bench):
    model, pixels = untrained("full", bench), pixels_of(bench)
    with torch.no_grad():
        plain = embed_pixels(tower_of(bench), pixels, "projected")
        assert torch.equal(embed_pixels(model.base, pixels, "projected"), plain)
        assert torch.equal(model(pixels), torch.zeros(len(pixels)))


def test_the_folder_is_a_model_of_its_own(bench, tmp_path):
    """transformers reads it, and scoring needs no weight of the encoder that training began with."""
    settings = fast_settings("full", **SLOW)
    train("full", bench, tmp_path / "out", settings=settings)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "config.json",
        "detector.json",
        "head.safetensors",
        "model.safetensors",
    ]
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["architectures"] == ["CLIPVisionModelWithProjection"]
    assert config["dtype"] == "float32"
    trained, _ = trained_model("full", bench, tmp_path / "scratch", settings=settings)
    plain = CLIPVisionModelWithProjection.from_pretrained(tmp_path / "out")
    pixels = pixels_of(bench)
    with torch.no_grad():
        ours = embed_pixels(trained.base, pixels, "projected")
        assert torch.equal(plain(pixel_values=pixels).image_embeds, ours)
        log_odds = trained(pixels).double()
    np.testing.assert_allclose(
        scores_of("full", bench, tmp_path / "out"), torch.sigmoid(log_odds).numpy(), atol=1e-6
    )
    again = CLIPVisionModelWithProjection.from_pretrained(tmp_path / "out", output_loading_info=True)[1]
    assert not any(again.values()), "keys that are missing, unexpected or of another shape"


@needs_shared
def test_parameters_of_vit_b_32():
    tower, about = vit_b_32()
    settings = fast_settings("full")
    counts = model_counts(DETECTOR.adapt(tower, settings, embedding="projected", seed=0))
    assert counts["line"] == (
        "trainable params: 87,849,216 || all params: 87,849,216 || trainable%: 100.0000 (and the head's 513)"
    )
    assert DETECTOR.expected_parameters(about, settings)["trainable"] == 87_849_216
