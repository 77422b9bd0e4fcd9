"""Parameters are counted as peft counts them and told in its words."""

import pytest
import torch
from peft import LoraConfig
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.adaptation.peft_tower import put_inside
from clipforensics.adaptation.record import count_parameters, parameter_counts


def small_tower():
    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    return CLIPVisionModelWithProjection(config).requires_grad_(False)


def test_the_line_is_what_peft_prints(capsys):
    tower = put_inside(small_tower(), LoraConfig(r=2, target_modules=["q_proj"]))
    tower.print_trainable_parameters()
    printed = capsys.readouterr().out.strip()
    counts = parameter_counts(count_parameters(tower, moved=True), count_parameters(tower), 0)
    assert counts["line"] == printed
    assert counts["trainable"] == 2 * 2 * (16 + 16)
    assert counts["all"] == count_parameters(small_tower()) + counts["trainable"]


def test_the_head_is_told_apart():
    line = "trainable params: 294,912 || all params: 88,144,128 || trainable%: 0.3346"
    counts = parameter_counts(294_912, 88_144_128, 513)
    assert counts == {
        "trainable": 294_912,
        "all": 88_144_128,
        "head": 513,
        "line": f"{line} (and the head's 513)",
    }


def test_of_nothing_nothing_moves():
    line = parameter_counts(0, 0, 65)["line"]
    assert line == "trainable params: 0 || all params: 0 || trainable%: 0.0000 (and the head's 65)"


@pytest.mark.parametrize(("moved", "expected"), [(False, 4 * 3 + 3 + 3 * 4 + 4), (True, 3 * 4 + 4)])
def test_frozen_parameters_count_among_all_only(moved, expected):
    network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 4))
    network[0].requires_grad_(False)
    assert count_parameters(network, moved=moved) == expected


def test_a_shared_parameter_counts_once_and_a_buffer_not_at_all():
    network = torch.nn.Sequential(torch.nn.Linear(4, 4, bias=False), torch.nn.Linear(4, 4, bias=False))
    network[1].weight = network[0].weight
    network.register_buffer("running", torch.zeros(100))
    assert count_parameters(network) == 16
