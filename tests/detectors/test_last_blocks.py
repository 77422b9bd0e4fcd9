"""Fine-tuning of the last blocks: what is below stays, is computed once, and the numbers are the same."""

import numpy as np
import pytest
import torch
from transformers import CLIPVisionModelWithProjection

from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.core.faults import InputError
from clipforensics.detectors.last_blocks import DETECTOR
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
from tests.support.training_tasks import N_BLOCKS, PROJECTION, WIDTH, encoder_fields

SLOW = {"learning_rate": 0.003}


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
@pytest.mark.parametrize("k", [1, 2, N_BLOCKS])
def test_the_last_blocks_and_what_the_embedding_passes_after_them_move(bench, k, embedding, tmp_path):
    start, settings = tower_of(bench), fast_settings("last_blocks", k=k, **SLOW)
    model, progress = trained_model(
        "last_blocks", bench, tmp_path / "scratch", embedding=embedding, settings=settings
    )
    numbers = range(N_BLOCKS - k, N_BLOCKS)
    prefixes = [f"vision_model.encoder.layers.{n}." for n in numbers] + ["vision_model.post_layernorm."]
    prefixes += ["visual_projection."] if embedding == "projected" else []
    wanted = {n for n in start.state_dict() if n.startswith(tuple(prefixes))}
    moved = {n for n, p in model.named_parameters() if p.requires_grad and not n.startswith("head.")}
    assert moved == {f"tower.{name}" for name in wanted}
    changed = {n for n, t in model.base.state_dict().items() if not torch.equal(t, start.state_dict()[n])}
    assert changed <= wanted
    assert {n for n in wanted - changed if "k_proj.bias" not in n} == set()
    assert model.entry() == N_BLOCKS - k
    assert progress.curve[-1]["train_loss"] < progress.curve[0]["train_loss"]


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
@pytest.mark.parametrize("k", [1, 2, N_BLOCKS])
def test_parameters_follow_the_formula(bench, k, embedding):
    settings = fast_settings("last_blocks", k=k)
    counts = model_counts(untrained("last_blocks", bench, k=k, embedding=embedding))
    about = encoder_fields({**bench.task.encoder, "embedding": embedding})
    expected = DETECTOR.expected_parameters(about, settings)
    assert expected == {"trainable": counts["trainable"], "head": counts["head"]}
    a_block = 4 * (32 * 32 + 32) + (32 * 64 + 64) + (64 * 32 + 32) + 2 * 2 * 32
    after = 2 * 32 + (WIDTH * PROJECTION if embedding == "projected" else 0)
    assert counts["trainable"] == k * a_block + after


def test_untrained_it_is_the_encoder(bench):
    model, pixels = untrained("last_blocks", bench), pixels_of(bench)
    with torch.no_grad():
        plain = embed_pixels(tower_of(bench), pixels, "projected")
        assert torch.equal(embed_pixels(model.base, pixels, "projected"), plain)


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
def test_computing_the_lower_blocks_once_gives_the_same_training(bench, embedding, tmp_path):
    """Up to the order in which a matrix product adds: one part in a million here."""
    runs = {
        cached: trained_model(
            "last_blocks", bench, tmp_path / str(cached), embedding=embedding, cache_activations=cached
        )
        for cached in (True, False)
    }
    assert (tmp_path / "True" / "activations-1.npy").exists()
    assert not (tmp_path / "False" / "activations-1.npy").exists()
    (cached, fast), (whole, slow) = runs[True], runs[False]
    assert fast.samples == slow.samples
    for mine, theirs in zip(fast.curve, slow.curve, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-6)
    pixels = pixels_of(bench)
    with torch.no_grad():
        torch.testing.assert_close(cached(pixels), whole(pixels), atol=1e-4, rtol=0)


def test_the_folder_is_a_model_of_its_own(bench, tmp_path):
    settings = fast_settings("last_blocks", **SLOW)
    train("last_blocks", bench, tmp_path / "out", settings=settings)
    trained, _ = trained_model("last_blocks", bench, tmp_path / "scratch", settings=settings)
    plain, pixels = CLIPVisionModelWithProjection.from_pretrained(tmp_path / "out"), pixels_of(bench)
    with torch.no_grad():
        ours = embed_pixels(trained.base, pixels, "projected")
        assert torch.equal(plain(pixel_values=pixels).image_embeds, ours)
        log_odds = trained(pixels).double()
    scores = scores_of("last_blocks", bench, tmp_path / "out")
    np.testing.assert_allclose(scores, torch.sigmoid(log_odds).numpy(), atol=1e-6)


def test_more_blocks_than_there_are_are_refused(bench):
    with pytest.raises(InputError, match=r"methods.last_blocks.k: 4 is more than the encoder's 3 blocks"):
        untrained("last_blocks", bench, k=4)
    with pytest.raises(InputError, match="`k`"):
        fast_settings("last_blocks", k=0)


@needs_shared
def test_parameters_of_vit_b_32():
    tower, about = vit_b_32()
    settings = fast_settings("last_blocks", k=2)
    counts = model_counts(DETECTOR.adapt(tower, settings, embedding="projected", seed=0))
    a_block = 4 * (768 * 768 + 768) + 2 * 768 * 3072 + 3072 + 768 + 4 * 768
    assert counts["trainable"] == 2 * a_block + 2 * 768 + 768 * 512 == 14_570_496
    assert DETECTOR.expected_parameters(about, settings) == {"trainable": 14_570_496, "head": 513}
