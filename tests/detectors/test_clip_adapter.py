"""CLIP-Adapter against its authors' formulas in plain numpy."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from clipforensics.adaptation.text_method import FixedJudge
from clipforensics.core.faults import InputError
from clipforensics.detectors.clip_adapter import DETECTOR, AdapterJudge
from tests.support.training_tasks import PROJECTION, shipped_settings


def make_judge(width=8, inner=2, ratio=0.3, scale=12.0, seed=0):
    torch.manual_seed(seed)
    classes = torch.nn.functional.normalize(torch.randn(2, width), dim=-1)
    down, up = torch.nn.Linear(width, inner, bias=False), torch.nn.Linear(inner, width, bias=False)
    return AdapterJudge(classes, scale, down=down, up=up, ratio=ratio)


def test_log_odds_against_plain_numpy():
    judge = make_judge()
    x = np.random.default_rng(0).normal(size=(9, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    down, up = (layer.weight.detach().double().numpy() for layer in (judge.down, judge.up))
    classes = judge.classes().double().numpy()
    expected = []
    for row in x:
        new = np.maximum(up @ np.maximum(down @ row, 0), 0)
        blend = 0.3 * new + 0.7 * row
        logits = 12.0 * classes @ (blend / np.linalg.norm(blend))
        expected.append(logits[1] - logits[0])
    found = judge(torch.from_numpy(x).float()).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (judge.up(torch.relu(judge.down(torch.from_numpy(x).float()))) < 0).any(), "the last ReLU matters"


def test_the_lines_of_its_card_give_its_log_odds(tmp_path):
    judge, x = make_judge(ratio=0.2), torch.nn.functional.normalize(torch.randn(5, 8), dim=-1)
    DETECTOR.save_judge(judge, tmp_path)
    usage = DETECTOR.usage(shipped_settings("clip_adapter"))
    names = {"folder": tmp_path, "embedding": x, "torch": torch, "load_file": load_file}
    exec("\n".join(usage.setup), names)
    torch.testing.assert_close(eval(usage.log_odds, names), judge(x), atol=1e-5, rtol=0)


def test_the_length_of_the_embedding_does_not_matter():
    judge, x = make_judge(), torch.randn(5, 8)
    torch.testing.assert_close(judge(7.0 * x), judge(x), atol=1e-5, rtol=0)


def test_with_nothing_blended_in_it_is_the_prompts_own_answer():
    judge, x = make_judge(ratio=1e-9), torch.nn.functional.normalize(torch.randn(5, 8), dim=-1)
    torch.testing.assert_close(judge(x), FixedJudge(judge.classes(), 12.0)(x), atol=1e-5, rtol=0)


def test_only_the_adapter_has_parameters(bench):
    settings = shipped_settings("clip_adapter", reduction=4)
    judge = DETECTOR.build(bench.task, settings)
    assert {name for name, p in judge.named_parameters() if p.requires_grad} == {"down.weight", "up.weight"}
    assert judge.down.weight.shape == (PROJECTION // 4, PROJECTION)
    counts = DETECTOR.counts(judge)
    assert counts["trainable"] == counts["all"] == 2 * PROJECTION * PROJECTION // 4
    assert counts["head"] == 0


def test_class_embeddings_are_those_of_zero_shot(bench):
    from clipforensics.detectors.zero_shot import DETECTOR as ZERO_SHOT

    words = {"templates": ["a {}", "{}"], "real": ["real face"], "manipulated": ["fake face"]}
    ours = DETECTOR.build(bench.task, shipped_settings("clip_adapter", **words))
    theirs = ZERO_SHOT.build(bench.task, shipped_settings("zero_shot", **words))
    assert torch.equal(ours.classes(), theirs.classes())
    assert torch.equal(ours.scale, theirs.scale)


def test_saved_and_loaded_it_gives_the_same(tmp_path):
    judge, x = make_judge(ratio=0.2), torch.randn(5, 8)
    DETECTOR.save_judge(judge, tmp_path)
    again = DETECTOR.load_judge(tmp_path)
    assert again.ratio == 0.2
    assert torch.equal(again(x), judge(x))


def test_a_bottleneck_of_no_width_is_refused(bench):
    with pytest.raises(InputError, match=f"give at most {PROJECTION}"):
        DETECTOR.build(bench.task, shipped_settings("clip_adapter", reduction=PROJECTION + 1))
    with pytest.raises(InputError, match="ratio"):
        shipped_settings("clip_adapter", ratio=0.0)
