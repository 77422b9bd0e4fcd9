"""LoRA on text by its invariants: starts as CLIP, counts as published, loads in plain peft, once a step."""

import dataclasses
import json

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel

from clipforensics.adaptation.record import count_parameters, parameter_counts
from clipforensics.adaptation.text_method import CLASSES, embed_prompts
from clipforensics.core.faults import InputError
from clipforensics.detectors.text_lora import DETECTOR, adapt
from clipforensics.encoder.text import ensemble
from tests.support.shared_data import ENCODERS, needs_shared
from tests.support.training_tasks import shipped_settings

WORDS = {"templates": ["a photo of a {}", "{}"], "real": ["real face"], "manipulated": ["fake face"], "r": 3}
VARIANTS = ["lora", "rslora", "dora", "pissa"]


def settings_of(**changes):
    return shipped_settings("text_lora", **{**WORDS, "learning_rate": 0.01, **changes})


def train(bench, folder, **changes):
    task = dataclasses.replace(bench.task, scratch=folder / "scratch")
    return DETECTOR.fit(task, settings_of(**changes), folder / "model")


@needs_shared
def test_the_parameter_line_of_vit_b_32():
    text = json.loads((ENCODERS / "clip-vit-base-patch32-config" / "config.json").read_text())["text_config"]
    keys = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    with torch.device("meta"):
        tower = CLIPTextModel(CLIPTextConfig(**{key: text[key] for key in keys}))
        adapted = adapt(tower.requires_grad_(False), settings_of(r=12, target_modules=["q_proj", "k_proj"]))
    line = "trainable params: 294,912 || all params: 63,460,864 || trainable%: 0.4647"
    moved = count_parameters(adapted, moved=True)
    assert parameter_counts(moved, count_parameters(adapted), 0)["line"] == line


def test_the_line_is_printed_as_peft_prints_it(bench, tmp_path, capsys):
    train(bench, tmp_path)
    ours = capsys.readouterr().out.splitlines()[0]
    DETECTOR.build(bench.task, settings_of()).text.print_trainable_parameters()
    assert ours == capsys.readouterr().out.strip()


@pytest.mark.parametrize("variant", VARIANTS)
def test_untrained_it_is_the_prompts_own_embedding(bench, variant):
    judge = DETECTOR.build(bench.task, settings_of(variant=variant)).eval()
    text = DETECTOR.open_text(bench.task)
    expected = embed_prompts(text, settings_of())
    with torch.no_grad():
        torch.testing.assert_close(judge.classes(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_saved_adapter_loads_with_plain_peft_onto_a_plain_text_model(bench, tmp_path, variant):
    train(bench, tmp_path, variant=variant)
    found = load_file(tmp_path / "model" / CLASSES)["classes"]
    text = DETECTOR.open_text(bench.task)
    real, manipulated = settings_of().prompts()
    tokens = text.tokens([*real, *manipulated])
    before = embed_prompts(text, settings_of())
    assert not torch.allclose(found, before, atol=1e-3), "it has learnt something"
    plain = CLIPTextModel.from_pretrained(bench.task.encoder["model"])
    adapted = PeftModel.from_pretrained(plain, str(tmp_path / "model")).eval()
    with torch.no_grad():
        pooled = adapted(input_ids=tokens.ids).pooler_output
        unit = torch.nn.functional.normalize(text.tower.text_projection(pooled), dim=-1)
    torch.testing.assert_close(ensemble(unit, len(real)), found, atol=1e-5, rtol=0)


def test_files(bench, tmp_path):
    train(bench, tmp_path)
    config = json.loads((tmp_path / "model" / "adapter_config.json").read_text())
    assert (config["r"], config["target_modules"]) == (3, ["k_proj", "q_proj"])
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "classes.safetensors",
        "detector.json",
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_parameters_follow_the_formula(bench, variant):
    # two layers, 24 wide and 48 inside: r (24 + 24) for q_proj, r (24 + 48) for fc1; dora a length an output
    settings = settings_of(variant=variant, target_modules=["q_proj", "fc1"])
    counts = DETECTOR.counts(DETECTOR.build(bench.task, settings))
    lengths = 2 * (24 + 48) if variant == "dora" else 0
    assert counts["trainable"] == 2 * 3 * (48 + 72) + lengths
    assert DETECTOR.expected_parameters(bench.encoder, settings)["trainable"] == counts["trainable"]
    base = count_parameters(DETECTOR.open_text(bench.task).tower.text_model)
    assert counts["all"] == base + counts["trainable"]


def test_texts_are_embedded_once_a_step_and_once_for_validation(bench, tmp_path):
    from clipforensics.adaptation.embedding_method import train_on_embeddings

    judge = DETECTOR.build(bench.task, settings_of())
    calls = []
    judge.projection.register_forward_hook(lambda *_: calls.append(1))
    task = dataclasses.replace(bench.task, scratch=tmp_path)
    progress = train_on_embeddings(judge, task, 0.01, settled=DETECTOR.settled, label="text_lora")
    assert len(task.train.rows) <= task.budget.embeddings.batch_size
    assert len(calls) == 2 * progress.epoch


def test_gradients_reach_the_adapter_only(bench):
    judge = DETECTOR.build(bench.task, settings_of())
    x = torch.from_numpy(bench.task.embeddings.read(bench.everything))
    judge(x).sum().backward()
    touched = {name for name, p in judge.named_parameters() if p.grad is not None}
    assert touched
    assert all(".lora_" in name for name in touched)


def test_a_layer_that_is_not_there_is_named(bench):
    with pytest.raises(
        InputError, match=r"\['text_projection'\] are no linear layers of the text tower.*q_proj"
    ):
        DETECTOR.build(bench.task, settings_of(target_modules=["text_projection"]))


def test_pissa_is_saved_as_plain_lora_of_twice_the_rank(bench, tmp_path):
    train(bench, tmp_path, variant="pissa")
    config = json.loads((tmp_path / "model" / "adapter_config.json").read_text())
    assert (config["r"], config["init_lora_weights"]) == (6, True)


def test_pissa_takes_no_more_than_there_is(bench):
    with pytest.raises(InputError, match=r"methods\.text_lora\.r: 25 is more than the 24 singular values"):
        DETECTOR.build(bench.task, settings_of(variant="pissa", r=25))


def test_an_unknown_variant():
    with pytest.raises(InputError, match="'lora', 'dora', 'rslora' or 'pissa'"):
        settings_of(variant="adalora")
