"""LoRA by its invariants: base untouched, starts as the encoder, counts as published, loads in plain peft."""

import json

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics import encoder
from clipforensics.detectors import lora
from clipforensics.devices import compute_deterministically
from clipforensics.faults import InputError
from clipforensics.relevance import relevance_maps
from tests.places import ENCODERS, needs_shared
from tests.stores import labelled_table, noise_videos, write_frame_store
from tests.test_encoder import write_encoder

OPTIONS = {"r": 2, "alpha": 4.0, "dropout": 0.1, "target_modules": ["k_proj", "q_proj"]}
SCHEDULE = {
    "epochs": 3,
    "patience": 3,
    "batch_size": 4,
    "frames_per_video": 2,
    "learning_rate": 0.01,
    "head_learning_rate": 0.05,
    "weight_decay": 0.01,
    "warmup_fraction": 0.1,
}


@pytest.fixture
def folder(tmp_path):
    return write_encoder(tmp_path / "tower")


def build(folder, **changes):
    tower = encoder.load_vision_tower(str(folder), "local")
    return lora.build(tower, **{**OPTIONS, "embedding": "projected", "seed": 3, **changes})


def train(tmp_path, folder, name="state", **changes):
    frames = write_frame_store(tmp_path / "frames", noise_videos(10))
    train_rows, val_rows = (frames.rows.labelled(t) for t in (labelled_table(6), labelled_table(10)[6:]))
    compute_deterministically(3)
    base = {"model": str(folder), "revision": "local", "embedding": "projected"}
    detector, progress = lora.fit(
        frames,
        train_rows,
        val_rows,
        tower=encoder.load_vision_tower(str(folder), "local"),
        preprocessing=encoder.load_preprocessing(str(folder), "local", frame_size=32),
        embedding="projected",
        seed=3,
        state=tmp_path / name,
        class_weight="balanced",
        precision="float32",
        **{**OPTIONS, **SCHEDULE, **changes},
    )
    return frames, base, detector, progress


def test_the_untrained_adapter_reproduces_the_encoder(folder):
    pixels = torch.randn(2, 3, 32, 32)
    plain = encoder.embed_pixels(encoder.load_vision_tower(str(folder), "local"), pixels, "projected")
    detector = build(folder).eval()
    assert torch.equal(encoder.embed_pixels(detector.tower.get_base_model(), pixels, "projected"), plain)
    assert torch.equal(detector(pixels), torch.zeros(2))


def test_only_adapter_and_head_move(tmp_path, folder):
    before = encoder.load_vision_tower(str(folder), "local").state_dict()
    _, _, detector, _ = train(tmp_path, folder)
    moved = {name for name, p in detector.named_parameters() if p.requires_grad}
    assert all("lora_" in name or name.startswith("head.") for name in moved)
    after = {k.replace(".base_layer", ""): v for k, v in detector.tower.get_base_model().state_dict().items()}
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor), name
    assert any(p.abs().sum() > 0 for n, p in detector.named_parameters() if "lora_B" in n)


def test_merged_equals_unmerged(tmp_path, folder):
    _, _, detector, _ = train(tmp_path, folder)
    pixels = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        apart = detector(pixels)
        detector.tower.merge_adapter()
        torch.testing.assert_close(detector(pixels), apart, atol=1e-5, rtol=0)


def test_it_learns_what_can_be_learnt(tmp_path, folder):
    frames, _, detector, progress = train(tmp_path, folder, epochs=6)
    assert progress.best_rank[0] == 1.0
    assert progress.curve[-1]["train_loss"] < progress.curve[0]["train_loss"]
    preprocessing = encoder.load_preprocessing(str(folder), "local", frame_size=32)
    scores = lora.score_rows(detector, frames, np.arange(len(frames)), preprocessing)
    assert ((scores >= 0) & (scores <= 1)).all()
    shuffled = np.random.default_rng(0).permutation(len(frames))
    np.testing.assert_allclose(
        lora.score_rows(detector, frames, shuffled, preprocessing), scores[shuffled], atol=1e-6
    )


def test_saved_and_loaded_scores_are_identical_here_and_in_plain_peft(tmp_path, folder):
    frames, base, detector, progress = train(tmp_path, folder)
    out = tmp_path / "model"
    lora.save(detector, out, base=base, progress=progress)
    rows = np.arange(len(frames))
    loaded, preprocessing = lora.load(out, frame_size=32)
    scores = lora.score_rows(detector, frames, rows, preprocessing)
    assert np.array_equal(lora.score_rows(loaded, frames, rows, preprocessing), scores)

    plain = CLIPVisionModelWithProjection.from_pretrained(folder)
    adapted = PeftModel.from_pretrained(plain, str(out)).eval()
    pixels = preprocessing.pixels(frames.read(rows), torch.device("cpu"))
    with torch.no_grad():
        ours = encoder.embed_pixels(detector.tower.get_base_model(), pixels, "projected")
        torch.testing.assert_close(adapted(pixel_values=pixels).image_embeds, ours, atol=1e-6, rtol=0)
    assert not list(out.glob("*.bin"))
    assert sorted(p.name for p in out.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "detector.json",
        "head.safetensors",
    ]


def test_merged_into_the_weights_it_gives_the_same_scores(tmp_path, folder):
    frames, base, detector, progress = train(tmp_path, folder)
    lora.save(detector, tmp_path / "model", base=base, progress=progress)
    rows = np.arange(len(frames))
    apart, merged = (lora.load(tmp_path / "model", frame_size=32, merged=m) for m in (False, True))
    weights = [d.tower.get_base_model().state_dict() for d, _ in (apart, merged)]
    name = next(n for n in weights[0] if n.endswith("q_proj.base_layer.weight"))
    assert not torch.equal(weights[0][name], weights[1][name])
    scores = lora.score_rows(apart[0], frames, rows, apart[1])
    np.testing.assert_allclose(lora.score_rows(merged[0], frames, rows, merged[1]), scores, atol=1e-6)
    assert np.array_equal(
        lora.score(tmp_path / "model", rows, frames=frames, embeddings=None),
        lora.score_rows(merged[0], frames, rows, merged[1]),
    )


def test_its_log_odds_are_those_of_its_scores_and_can_be_explained(tmp_path, folder):
    frames, base, detector, progress = train(tmp_path, folder)
    lora.save(detector, tmp_path / "model", base=base, progress=progress)
    rows = np.arange(len(frames))
    module, preprocessing, tower = lora.log_odds(tmp_path / "model", encoder={}, frame_size=32)
    pixels = preprocessing.pixels(frames.read(rows), torch.device("cpu"))
    with torch.no_grad():
        scores = torch.sigmoid(module(pixels).double()).numpy()
    expected = lora.score(tmp_path / "model", rows, frames=frames, embeddings=None)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert scores.std() > 0.01
    maps = relevance_maps(module, tower, pixels)
    with torch.no_grad():
        for name, parameter in tower.named_parameters():
            parameter.mul_(0.0 if "lora_B" in name else 1.0)
    assert not np.allclose(relevance_maps(module, tower, pixels), maps, rtol=0.01), "LoRA takes no part"


def test_two_runs_write_the_same_bytes(tmp_path, folder):
    files = {}
    for name in ("one", "two"):
        _, base, detector, progress = train(tmp_path, folder, name=name)
        lora.save(detector, tmp_path / "out" / name, base=base, progress=progress)
        files[name] = {p.name: p.read_bytes() for p in (tmp_path / "out" / name).iterdir()}
    assert files["one"] == files["two"]


def test_the_seed_matters(tmp_path, folder):
    a, b = build(folder, seed=1), build(folder, seed=2)
    same = [
        torch.equal(p, q)
        for (n, p), q in zip(a.named_parameters(), b.parameters(), strict=True)
        if "lora_A" in n
    ]
    assert not any(same)


def test_a_module_that_is_not_there_is_named(folder):
    with pytest.raises(InputError, match=r"\['qproj'\].*q_proj"):
        build(folder, target_modules=["qproj"])


def test_a_layer_that_would_never_learn_is_refused(folder):
    with pytest.raises(InputError, match="visual_projection comes after"):
        build(folder, target_modules=["q_proj", "visual_projection"], embedding="pooled")


def test_parameters_follow_the_formula(folder):
    # two layers, two matrices each, 32 wide: r (32 + 32) for each
    counts = lora.count_parameters(build(folder))
    base = sum(p.numel() for p in encoder.load_vision_tower(str(folder), "local").parameters())
    assert counts == {"trainable": 2 * 2 * 2 * 64, "all": base + 2 * 2 * 2 * 64, "head": 17}


@needs_shared
def test_the_parameter_line_of_vit_b_32():
    text = (ENCODERS / "clip-vit-base-patch32-config" / "config.json").read_text()
    vision = json.loads(text)["vision_config"]
    kept = {
        k: vision[k]
        for k in ("hidden_size", "intermediate_size", "image_size", "patch_size", "projection_dim")
    }
    with torch.device("meta"):
        tower = CLIPVisionModelWithProjection(CLIPVisionConfig(**kept))
        detector = lora.build(
            tower,
            r=8,
            alpha=16,
            dropout=0.05,
            target_modules=["q_proj", "k_proj"],
            embedding="projected",
            seed=0,
        )
    line = "trainable params: 294,912 || all params: 88,144,128 || trainable%: 0.3346 (and the head's 513)"
    assert lora.parameter_line(lora.count_parameters(detector)) == line
