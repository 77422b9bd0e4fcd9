"""Prompts that judge: the log odds of CLIP's own softmax, and classes that survive their file."""

import torch

from clipforensics.adaptation.text_method import FixedJudge, compare, load_classes, save_classes

CLASSES = torch.nn.functional.normalize(torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]), dim=-1)
FEATURES = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]), dim=-1)


def test_log_odds_are_those_of_the_softmax_over_both_classes():
    chance = torch.softmax(20.0 * FEATURES @ CLASSES.T, dim=-1)
    found = compare(FEATURES, CLASSES, torch.tensor(20.0))
    torch.testing.assert_close(torch.sigmoid(found), chance[:, 1])
    assert found[0] < 0 < found[1]


def test_classes_and_scale_survive_the_file(tmp_path):
    judge = FixedJudge(CLASSES, 20.0)
    save_classes(judge, tmp_path)
    found = load_classes(tmp_path)
    assert torch.equal(found(FEATURES), judge(FEATURES))
    assert torch.equal(found.classes(), CLASSES)
