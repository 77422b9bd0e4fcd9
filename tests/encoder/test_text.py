"""The text half of CLIP: prompts as transformers embeds them, pinned, one line where something is missing."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import CLIPModel

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from clipforensics.encoder.text import (
    PromptSection,
    TextEncoder,
    Tokens,
    embed_tokens,
    ensemble,
    load_text_encoder,
)
from tests.encoder.test_vision import write_encoder
from tests.support.shared_data import ENCODERS, needs_shared
from tests.support.training_tasks import write_two_towers

PROMPTS = ["a photo of a real face", "a manipulated face", "a photo of a person of a real fake face"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_two_towers(tmp_path_factory.mktemp("text") / "clip")


@pytest.fixture(scope="module")
def text(folder):
    return load_text_encoder(str(folder), "local")


@pytest.fixture
def copy(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def embed(text, tokens):
    with torch.no_grad():
        return embed_tokens(text.tower.text_model, text.tower.text_projection, tokens)


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_embeddings_and_scale_are_those_of_transformers(folder, text):
    model = CLIPModel.from_pretrained(folder).eval()
    with torch.no_grad():
        inputs = text.tokenizer(PROMPTS, padding=True, return_tensors="pt")
        theirs = model.get_text_features(**inputs).pooler_output
    expected = torch.nn.functional.normalize(theirs, dim=-1)
    torch.testing.assert_close(embed(text, text.tokens(PROMPTS)), expected, atol=1e-6, rtol=0)
    assert text.scale == pytest.approx(float(model.logit_scale.detach().exp()))


def test_padding_to_the_longest_is_padding_to_the_full_length(text):
    tokens = text.tokens(PROMPTS)
    assert tokens.ids.shape[1] < text.limit
    full = torch.full((len(PROMPTS), text.limit), text.tokenizer.eos_token_id)
    full[:, : tokens.ids.shape[1]] = tokens.ids
    torch.testing.assert_close(embed(text, tokens), embed(text, Tokens(full, tokens.ends)), atol=1e-6, rtol=0)
    alone = torch.cat([embed(text, text.tokens([prompt])) for prompt in PROMPTS])
    torch.testing.assert_close(embed(text, tokens), alone, atol=1e-6, rtol=0)


def test_the_tower_is_frozen_in_float32(text):
    assert not text.tower.training
    assert {(p.dtype, p.requires_grad) for p in text.tower.parameters()} == {(torch.float32, False)}


def test_openais_own_way_to_name_the_end_reads_the_same_place(copy, text):
    config = json.loads((copy / "config.json").read_text())
    config["text_config"]["eos_token_id"] = 2
    (copy / "config.json").write_text(json.dumps(config))
    again = load_text_encoder(str(copy), "local")
    assert torch.equal(embed(again, again.tokens(PROMPTS)), embed(text, text.tokens(PROMPTS)))


def test_a_prompt_that_is_too_long_is_told_and_not_cut(text):
    fits = " ".join(["face"] * (text.limit - 2))
    assert text.tokens([fits]).ids.shape == (1, text.limit)
    with pytest.raises(InputError, match=f"has {text.limit + 1} tokens, the encoder reads {text.limit}"):
        text.tokens([f"{fits} face"])


@pytest.mark.parametrize(("tokenizers", "limit"), [(10, 10), (10**30, 48)])
def test_a_prompt_may_be_as_long_as_tower_and_tokenizer_both_allow(text, tokenizers, limit):
    """A tokenizer without a limit of its own says 10^30."""
    assert TextEncoder(text.tower, SimpleNamespace(model_max_length=tokenizers)).limit == limit


def test_a_prompt_with_the_end_of_text_in_it_is_refused(text):
    with pytest.raises(InputError, match="cannot write the prompt"):
        text.tokens(["a face <|endoftext|> of"])


def test_an_encoder_without_text_tower(tmp_path):
    with pytest.raises(InputError, match=r"has no text tower .*clip_vision_model.*choose another encoder"):
        load_text_encoder(str(write_encoder(tmp_path / "vision")), "local")


@needs_shared
def test_the_pretrained_vision_tower_that_has_no_text_tower():
    with pytest.raises(InputError, match="has no text tower"):
        load_text_encoder(str(ENCODERS / "vit-tiny-clip-layout"), "local")


def test_a_checkpoint_that_lacks_a_weight_is_not_filled_with_random_ones(copy):
    weights = load_file(copy / "model.safetensors")
    del weights["text_model.final_layer_norm.bias"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        InputError, match=r"lacks 1 weights of TextTower, so text_model\.final_layer_norm\.bias"
    ):
        load_text_encoder(str(copy), "local")


def test_without_tokenizer_files_no_prompt_can_be_written(copy):
    for path in copy.glob("*token*"):
        path.unlink()
    for name in ("vocab.json", "merges.txt"):
        (copy / name).unlink(missing_ok=True)
    with pytest.raises(InputError, match="tokenizer"):
        load_text_encoder(str(copy), "local").tokens(PROMPTS)


@needs_shared
def test_another_encoders_tokenizer_is_refused(copy):
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"):
        shutil.copy(ENCODERS / "clip-vit-base-patch32-config" / name, copy / name)
    with pytest.raises(InputError, match=r"its tokenizer has 49408 tokens .* its text tower \d{3}"):
        load_text_encoder(str(copy), "local")


def test_it_is_pinned_as_the_vision_tower_is(folder):
    with pytest.raises(InputError, match="whose sha256 is"):
        load_text_encoder(str(folder), "0" * 12)


def test_code_in_the_checkpoint_is_never_run(copy, tmp_path):
    (copy / "evil.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\nclass Config: ...\n")
    remote = {"AutoConfig": "evil.Config", "AutoModel": "evil.Config", "AutoTokenizer": ["evil.Config", None]}
    edit(copy / "config.json", auto_map=remote)
    edit(copy / "tokenizer_config.json", auto_map=remote)
    load_text_encoder(str(copy), "local").tokens(PROMPTS)
    assert not (tmp_path / "owned").exists()


def test_every_template_is_filled_with_every_name():
    section = PromptSection(
        templates=["a {}", "the {} here"], real=["face"], manipulated=["fake", "{} of another"]
    )
    assert section.prompts() == (
        ["a face", "the face here"],
        ["a fake", "a {} of another", "the fake here", "the {} of another here"],
    )


@pytest.mark.parametrize("template", ["a face", "{} and {}", "{name}"])
def test_a_template_needs_one_place_for_the_name(template):
    section = {"templates": ["a {}", template], "real": ["x"], "manipulated": ["y"]}
    with pytest.raises(InputError, match=r"every template must hold \{\} once"):
        check_section(section, PromptSection, "methods.zero_shot")


@pytest.mark.parametrize("key", ["templates", "real", "manipulated"])
def test_an_empty_list_is_refused(key):
    section = {"templates": ["a {}"], "real": ["x"], "manipulated": ["y"], key: []}
    with pytest.raises(InputError, match=f"`{key}`"):
        check_section(section, PromptSection, "methods.zero_shot")


@given(n_real=st.integers(1, 6), n_manipulated=st.integers(1, 6), seed=st.integers(0, 1000))
def test_an_ensemble_is_the_mean_direction_of_each_class(n_real, n_manipulated, seed):
    drawn = np.random.default_rng(seed).normal(size=(n_real + n_manipulated, 5))
    unit = np.array([row / np.sqrt(sum(x * x for x in row)) for row in drawn])
    found = ensemble(torch.from_numpy(unit), n_real).numpy()
    for row, members in zip(found, (unit[:n_real], unit[n_real:]), strict=True):
        total = [sum(member[i] for member in members) for i in range(5)]
        length = sum(x * x for x in total) ** 0.5
        np.testing.assert_allclose(row, [x / length for x in total], atol=1e-9)
