"""CoOp: vectors that are words give what the words give, wherever the name stands."""

import dataclasses

import pytest
import torch
from safetensors.torch import load_file

from clipforensics.adaptation.text_method import CLASSES
from clipforensics.core.faults import InputError
from clipforensics.detectors.coop import CONTEXT, DETECTOR
from clipforensics.encoder.text import embed_tokens
from tests.support.training_tasks import shipped_settings

NAMES = {"real": "real face", "manipulated": "manipulated face of person"}
WORDS = {**NAMES, "initial_words": "a photo of a", "context_length": 4, "class_specific": False}


def build(bench, **changes):
    return DETECTOR.build(bench.task, shipped_settings("coop", **{**WORDS, **changes}))


@pytest.mark.parametrize(
    ("position", "sentence"),
    [("end", "a photo of a {}."), ("middle", "a photo {} of a."), ("front", "{} a photo of a.")],
)
@pytest.mark.parametrize("class_specific", [False, True])
def test_started_from_words_it_is_their_prompt(bench, position, sentence, class_specific):
    judge = build(bench, position=position, class_specific=class_specific)
    text = DETECTOR.open_text(bench.task)
    tokens = text.tokens([sentence.format(name) for name in NAMES.values()])
    with torch.no_grad():
        expected = embed_tokens(text.tower.text_model, text.tower.text_projection, tokens)
        torch.testing.assert_close(judge.classes(), expected, atol=1e-6, rtol=0)


def test_half_of_an_odd_number_is_rounded_down(bench):
    judge = build(bench, position="middle", context_length=3, initial_words="photo of a")
    text = DETECTOR.open_text(bench.task)
    tokens = text.tokens([f"photo {name} of a." for name in NAMES.values()])
    with torch.no_grad():
        expected = embed_tokens(text.tower.text_model, text.tower.text_projection, tokens)
        torch.testing.assert_close(judge.classes(), expected, atol=1e-6, rtol=0)


def test_only_the_vectors_learn_and_classes_learn_apart_if_asked(bench):
    for class_specific, sets in ((False, 1), (True, 2)):
        judge = build(bench, class_specific=class_specific)
        assert [name for name, p in judge.named_parameters() if p.requires_grad] == ["context"]
        width = judge.tower.config.hidden_size
        assert judge.context.shape == (sets, 4, width)
        assert DETECTOR.counts(judge)["trainable"] == sets * 4 * width
        for row in (0, 1):
            judge.zero_grad()
            judge.classes()[row].sum().backward()
            moved = judge.context.grad.abs().sum(dim=(1, 2)) > 0
            assert moved.tolist() == ([row == 0, row == 1] if class_specific else [True])
        assert all(p.grad is None for p in judge.tower.parameters())


def test_random_vectors_come_from_the_seed(bench):
    options = {"initial_words": "", "context_length": 16, "class_specific": True}
    first, again = build(bench, **options).context, build(bench, **options).context
    assert torch.equal(first, again)
    assert float(first.detach().std()) == pytest.approx(0.02, rel=0.1)
    task = dataclasses.replace(bench.task, seed=bench.task.seed + 1)
    other = DETECTOR.build(task, shipped_settings("coop", **{**WORDS, **options})).context
    assert not torch.equal(first, other)


def test_what_is_saved_is_what_was_learnt(bench, tmp_path):
    judge = build(bench)
    with torch.no_grad():
        judge.context.normal_()
    DETECTOR.save_judge(judge, tmp_path)
    fresh = build(bench)
    with torch.no_grad():
        fresh.context.copy_(load_file(tmp_path / CONTEXT)["context"])
        assert torch.equal(fresh.classes(), load_file(tmp_path / CLASSES)["classes"])


def test_words_that_are_not_as_many_tokens_as_vectors(bench):
    with pytest.raises(InputError, match="'a photo of a' is 4 tokens, context_length is 5"):
        build(bench, context_length=5)


def test_more_vectors_than_the_tower_reads(bench):
    with pytest.raises(InputError, match="48 vectors and the name make"):
        build(bench, context_length=48, initial_words="")


def test_a_position_that_is_none():
    with pytest.raises(InputError, match="'front', 'middle' or 'end'"):
        shipped_settings("coop", position="start")
