"""LoRA by its invariants: base untouched, starts as the encoder, counts as published, loads in plain peft."""

import itertools
import json
import warnings

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import CLIPVisionModelWithProjection

from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.peft_tower import ADAPTER, CONFIG
from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.adaptation.pixel_training import score_rows
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.detectors import lora
from clipforensics.encoder import vision
from clipforensics.explanations.relevance import relevance_maps
from clipforensics.training.trainer import Progress
from tests.support.pixel_methods import (
    fast_settings,
    pixels_of,
    scores_of,
    shaken,
    tower_of,
    train,
    trained_model,
    untrained,
    vit_b_32,
)
from tests.support.shared_data import needs_shared
from tests.support.training_tasks import N_BLOCKS, PROJECTION, WIDTH, files_of, shipped_settings

VARIANTS = ("lora", "rslora", "dora", "pissa")
MODULES = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2", "visual_projection"]
SMALL = {"r": 2, "alpha": 4.0, "dropout": 0.1}
METHOD = lora.DETECTOR

each_variant = pytest.mark.parametrize("variant", VARIANTS)


@pytest.fixture(scope="module")
def trained(bench, tmp_path_factory):
    """Each variant trained once, when first asked for: settings, folder, how it went."""
    done, place = {}, tmp_path_factory.mktemp("trained")

    def fit(variant):
        if variant not in done:
            settings = fast_settings("lora", **SMALL, variant=variant)
            folder = place / variant
            done[variant] = settings, folder, train("lora", bench, folder, settings=settings, epochs=6)
        return done[variant]

    return fit


def build(bench, **changes):
    return untrained("lora", bench, **{**SMALL, **changes})


def embed(model, pixels):
    with torch.no_grad():
        return vision.embed_pixels(model.base, pixels, "projected")


def base_weights(model):
    """The tower's own tensors by their own names."""
    state = {k.replace(".base_layer", ""): v for k, v in model.base.state_dict().items()}
    return {name: tensor for name, tensor in state.items() if "lora_" not in name}


@pytest.mark.parametrize("variant", ["lora", "rslora", "dora"])
@pytest.mark.parametrize("modules", [["q_proj", "k_proj"], MODULES])
def test_the_untrained_adapter_reproduces_the_encoder(bench, variant, modules):
    pixels = pixels_of(bench)
    model = build(bench, variant=variant, target_modules=modules)
    with torch.no_grad():
        plain = vision.embed_pixels(tower_of(bench), pixels, "projected")
        assert torch.equal(embed(model, pixels), plain)
        assert torch.equal(model(pixels), torch.zeros(len(pixels)))


def test_untrained_pissa_reproduces_it_up_to_rounding_and_has_taken_the_largest_parts_out(bench):
    pixels, tower = pixels_of(bench), tower_of(bench)
    model = build(bench, variant="pissa", target_modules=MODULES)
    with torch.no_grad():
        plain = vision.embed_pixels(tower, pixels, "projected")
    torch.testing.assert_close(embed(model, pixels), plain, atol=1e-5, rtol=0)
    name = "vision_model.encoder.layers.1.mlp.fc1.weight"
    whole, left = tower.state_dict()[name], base_weights(model)[name]
    expected = torch.linalg.svdvals(whole)
    torch.testing.assert_close(
        torch.linalg.svdvals(left)[: len(expected) - 2], expected[2:], atol=1e-5, rtol=0
    )


@each_variant
def test_only_adapter_and_head_move(bench, variant, tmp_path):
    """What stays is the encoder's own weights; for pissa, what its start left of them."""
    settings = fast_settings("lora", **SMALL, variant=variant)
    model, _ = trained_model("lora", bench, tmp_path / "scratch", settings=settings)
    moved = {name for name, p in model.named_parameters() if p.requires_grad}
    assert all("lora_" in name or name.startswith("head.") for name in moved)
    start = base_weights(build(bench, variant="pissa"))
    before = start if variant == "pissa" else tower_of(bench).state_dict()
    after = base_weights(model)
    assert set(after) == set(before)
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor), name
    assert any(p.abs().sum() > 0 for n, p in model.named_parameters() if "lora_B" in n)


@each_variant
def test_merged_equals_unmerged_and_can_be_taken_apart_again(bench, variant):
    model, pixels = shaken(build(bench, variant=variant, target_modules=MODULES)), pixels_of(bench)
    weights = {name: tensor.clone() for name, tensor in base_weights(model).items()}
    with torch.no_grad():
        apart = model(pixels)
        assert apart.std() > 0.01
        assert METHOD.merge(model) is model
        assert not torch.equal(
            base_weights(model)["visual_projection.weight"], weights["visual_projection.weight"]
        )
        torch.testing.assert_close(model(pixels), apart, atol=1e-5, rtol=0)
        model.tower.unmerge_adapter()
        torch.testing.assert_close(model(pixels), apart, atol=1e-5, rtol=0)
    for name, tensor in base_weights(model).items():
        torch.testing.assert_close(tensor, weights[name], atol=1e-6, rtol=0)


@each_variant
def test_it_learns_what_can_be_learnt(bench, variant, trained):
    _, folder, fit = trained(variant)
    assert fit.rank[0] == 1.0
    assert fit.curve[-1]["train_loss"] < fit.curve[0]["train_loss"]
    model, preprocessing = METHOD.load(folder, fitting=bench.task.frames.fitting)

    def inputs(rows):
        return preprocessing.pixels(bench.task.frames.read(rows), model.device)

    scores = score_rows(model, inputs, bench.everything)
    assert ((scores >= 0) & (scores <= 1)).all()
    shuffled = np.random.default_rng(0).permutation(len(scores))
    np.testing.assert_allclose(score_rows(model, inputs, shuffled), scores[shuffled], atol=1e-6)


@each_variant
def test_it_learns_from_the_pooled_embedding_in_half_precision_with_little_memory(bench, variant, tmp_path):
    settings = fast_settings("lora", **SMALL, variant=variant, target_modules=MODULES[:-1], last_blocks=2)
    options = {"embedding": "pooled", "precision": "float16", "gradient_checkpointing": True, "epochs": 6}
    model, progress = trained_model("lora", bench, tmp_path / "scratch", settings=settings, **options)
    assert model.head.in_features == WIDTH
    assert progress.best_rank[0] == 1.0
    assert progress.curve[-1]["train_loss"] < progress.curve[0]["train_loss"]


@each_variant
def test_what_is_loaded_here_and_in_plain_peft_is_what_was_trained(bench, variant, tmp_path):
    """To the bit here, but for pissa, whose saved form adds its update to the original weights."""
    settings = fast_settings("lora", **SMALL, variant=variant, target_modules=MODULES)
    model = shaken(METHOD.adapt(tower_of(bench), settings, embedding="projected", seed=3)).eval()
    folder, pixels = save(model, bench, settings, tmp_path / "model"), pixels_of(bench)
    loaded, _ = METHOD.load(folder, fitting=bench.task.frames.fitting)
    ours, same = embed(model, pixels), {"atol": 1e-5 if variant == "pissa" else 0, "rtol": 0}
    torch.testing.assert_close(embed(loaded, pixels), ours, **same)
    with torch.no_grad():
        torch.testing.assert_close(loaded(pixels), model(pixels), **same)

    plain = CLIPVisionModelWithProjection.from_pretrained(bench.task.encoder["model"])
    adapted = PeftModel.from_pretrained(plain, str(folder)).eval()
    with torch.no_grad():
        torch.testing.assert_close(adapted(pixel_values=pixels).image_embeds, ours, atol=1e-5, rtol=0)
    assert sorted(p.name for p in folder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "detector.json",
        "head.safetensors",
    ]


def save(model, bench, settings, folder):
    options = {"task": bench.task, "settings": settings, "counts": model_counts(model)}
    METHOD.save(model, folder, **options, progress=Progress())
    return folder


def test_pissa_is_saved_as_peft_itself_converts_it(bench, tmp_path):
    settings = fast_settings("lora", **SMALL, variant="pissa", target_modules=MODULES)
    model = METHOD.adapt(tower_of(bench), settings, embedding="projected", seed=3)
    model.tower.save_pretrained(tmp_path / "start")
    shaken(model)
    METHOD.save_adapter(model, tmp_path)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PiSSA changes the base weights")
        model.tower.save_pretrained(
            tmp_path / "peft", path_initial_model_for_weight_conversion=str(tmp_path / "start")
        )
    ours, theirs = (load_file(place / ADAPTER) for place in (tmp_path, tmp_path / "peft"))
    assert set(ours) == set(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    mine, its = (json.loads((p / CONFIG).read_text()) for p in (tmp_path, tmp_path / "peft"))
    assert {**mine, "target_modules": 0} == {**its, "target_modules": 0}
    assert (mine["r"], mine["lora_alpha"], mine["init_lora_weights"]) == (4, 8.0, True)


@each_variant
def test_merged_into_the_weights_it_gives_the_same_scores(bench, variant, trained):
    _, folder, _ = trained(variant)
    size = bench.task.frames.size
    (apart, preprocessing), (merged, _) = (
        METHOD.load(folder, fitting=Fitting(size), merged=m) for m in (False, True)
    )
    name = next(n for n in base_weights(apart) if n.endswith("q_proj.weight"))
    assert not torch.equal(base_weights(apart)[name], base_weights(merged)[name])

    def inputs(rows):
        return preprocessing.pixels(bench.task.frames.read(rows), apart.device)

    scores = score_rows(apart, inputs, bench.everything)
    found = score_rows(merged, inputs, bench.everything)
    np.testing.assert_allclose(found, scores, atol=1e-6)
    assert np.array_equal(scores_of("lora", bench, folder), found)


@each_variant
def test_its_log_odds_are_those_of_its_scores_and_can_be_explained(bench, variant, trained):
    _, folder, _ = trained(variant)
    size = bench.task.frames.size
    module, _, tower = METHOD.log_odds(folder, encoder={}, fitting=Fitting(size))
    pixels = pixels_of(bench)
    with torch.no_grad():
        scores = torch.sigmoid(module(pixels).double()).numpy()
    np.testing.assert_allclose(scores, scores_of("lora", bench, folder), atol=1e-5)
    assert scores.std() > 0.01
    maps = relevance_maps(module, tower, pixels)
    with torch.no_grad():
        for name, parameter in tower.named_parameters():
            parameter.mul_(0.0 if "lora_B" in name else 1.0)
    assert not np.allclose(relevance_maps(module, tower, pixels), maps, rtol=0.01), "LoRA takes no part"


@each_variant
def test_two_runs_write_the_same_bytes(bench, variant, trained, tmp_path):
    settings, folder, _ = trained(variant)
    train("lora", bench, tmp_path / "again", settings=settings, epochs=6)
    assert files_of(tmp_path / "again") == files_of(folder)


@pytest.mark.parametrize("variant", ["lora", "rslora", "dora"])
def test_the_seed_matters(bench, variant):
    a, b = (build(bench, seed=seed, variant=variant) for seed in (1, 2))
    same = [
        torch.equal(p, q)
        for (n, p), q in zip(a.named_parameters(), b.parameters(), strict=True)
        if "lora_A" in n
    ]
    assert same
    assert not any(same)


def test_the_adapter_starts_from_the_tasks_seed(bench, tmp_path):
    settings = fast_settings("lora", **SMALL, learning_rate=1e-12)  # too little to move a float32
    train("lora", bench, tmp_path / "out", settings=settings)
    saved = load_file(tmp_path / "out" / ADAPTER)
    for name, tensor in get_peft_model_state_dict(build(bench, seed=bench.task.seed).tower).items():
        if "lora_A" in name:
            assert torch.equal(saved[name], tensor)


@each_variant
def test_the_adapters_input_drops_out_in_training_only(bench, variant):
    model, pixels = shaken(build(bench, variant=variant, dropout=0.5), 0.3), pixels_of(bench)
    with torch.no_grad():
        assert torch.equal(model(pixels), model(pixels))
        assert not torch.allclose(model.train()(pixels), model(pixels), atol=1e-4)


def test_rslora_scales_by_the_root_of_the_rank_and_dora_by_learnt_lengths(bench):
    settings = {"r": 4, "alpha": 6.0, "dropout": 0.0, "target_modules": ["q_proj"]}
    x = torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(1))
    for variant, scale in (("lora", 6 / 4), ("rslora", 6 / 4**0.5), ("dora", 6 / 4)):
        model = shaken(build(bench, **settings, variant=variant), 0.3)
        layer = model.base.vision_model.encoder.layers[1].self_attn.q_proj
        a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
        weight = layer.base_layer.weight + scale * b @ a
        if variant == "dora":
            lengths = layer.lora_magnitude_vector["default"].weight
            weight = lengths[:, None] * weight / weight.norm(dim=1, keepdim=True)
        torch.testing.assert_close(layer(x), x @ weight.T + layer.base_layer.bias, atol=1e-5, rtol=0)


@each_variant
def test_the_adapters_of_the_last_blocks_are_those_that_peft_puts_there(bench, variant):
    model = build(bench, variant=variant, target_modules=["q_proj", "fc2"], last_blocks=2)
    moved = sorted({n.split(".lora_")[0] for n, p in model.named_parameters() if "lora_" in n})
    config = LoraConfig(
        target_modules=["q_proj", "fc2"], layers_to_transform=[1, 2], layers_pattern="layers", r=2
    )
    theirs = get_peft_model(tower_of(bench), config)
    expected = sorted({f"tower.{n.split('.lora_')[0]}" for n, p in theirs.named_parameters() if "lora_" in n})
    assert moved == expected
    assert model.entry() == 1
    with_projection = build(bench, target_modules=["q_proj", "visual_projection"], last_blocks=1)
    layers = {n for n, _ in with_projection.named_parameters() if "lora_A" in n}
    assert len(layers) == 2
    assert any("visual_projection" in name for name in layers)


def test_an_adapter_of_the_last_blocks_loads_in_plain_peft(bench, tmp_path):
    settings = fast_settings("lora", **SMALL, variant="pissa", last_blocks=1)
    train("lora", bench, tmp_path / "out", settings=settings)
    loaded, _ = METHOD.load(tmp_path / "out", fitting=bench.task.frames.fitting)
    plain = CLIPVisionModelWithProjection.from_pretrained(bench.task.encoder["model"])
    adapted = PeftModel.from_pretrained(plain, str(tmp_path / "out")).eval()
    pixels = pixels_of(bench)
    with torch.no_grad():
        found = adapted(pixel_values=pixels).image_embeds
    assert torch.equal(found, embed(loaded, pixels))
    assert not torch.allclose(found, embed(build(bench), pixels), atol=1e-3)


def test_a_module_that_is_not_there_is_named(bench):
    with pytest.raises(InputError, match=r"\['qproj'\].*q_proj"):
        build(bench, target_modules=["qproj"])


def test_a_layer_that_would_never_learn_is_refused(bench):
    with pytest.raises(InputError, match="visual_projection comes after"):
        build(bench, target_modules=["q_proj", "visual_projection"], embedding="pooled")


def test_more_blocks_or_parts_than_there_are_are_refused(bench):
    with pytest.raises(InputError, match=r"methods.lora.last_blocks: 4 is more than the encoder's 3 blocks"):
        build(bench, last_blocks=4)
    with pytest.raises(
        InputError, match=r"methods.lora.r: 33 is more than the 32 singular values of .*k_proj"
    ):
        build(bench, variant="pissa", r=33)
    build(bench, variant="lora", r=33)


@pytest.mark.parametrize(
    ("variant", "modules", "blocks"),
    list(itertools.product(VARIANTS, (["q_proj"], ["fc1", "out_proj"], MODULES), (0, 1, N_BLOCKS))),
)
def test_parameters_follow_the_formula(bench, variant, modules, blocks):
    changes = {"r": 3, "variant": variant, "target_modules": modules, "last_blocks": blocks}
    counts = model_counts(build(bench, **changes))
    base = sum(p.numel() for p in tower_of(bench).parameters())
    assert counts["all"] == base + counts["trainable"]
    expected = METHOD.expected_parameters(bench.encoder, fast_settings("lora", **changes))
    assert expected == {"trainable": counts["trainable"], "head": counts["head"]}
    a_block = {
        ("q_proj",): (3 * (32 + 32), 32),
        ("fc1", "out_proj"): (3 * (32 + 64 + 32 + 32), 64 + 32),
        tuple(MODULES): (3 * (4 * 64 + 2 * 96), 4 * 32 + 64 + 32),
    }[tuple(modules)]
    after = (3 * (WIDTH + PROJECTION), PROJECTION) if modules == MODULES else (0, 0)
    n = blocks or N_BLOCKS
    magnitudes = n * a_block[1] + after[1] if variant == "dora" else 0
    assert counts["trainable"] == n * a_block[0] + after[0] + magnitudes


@needs_shared
def test_the_parameter_line_of_vit_b_32():
    tower, about = vit_b_32()
    settings = shipped_settings("lora")
    counts = model_counts(METHOD.adapt(tower, settings, embedding="projected", seed=0))
    line = "trainable params: 294,912 || all params: 88,144,128 || trainable%: 0.3346 (and the head's 513)"
    assert counts["line"] == line
    assert METHOD.expected_parameters(about, settings) == {"trainable": 294_912, "head": 513}


def test_it_is_what_is_shipped():
    shipped = shipped_settings("lora")
    assert (shipped.variant, shipped.r, shipped.alpha, shipped.dropout) == ("lora", 8, 16.0, 0.05)
    assert (shipped.target_modules, shipped.last_blocks) == ("auto", 0)
    assert find_detector("lora") is METHOD
