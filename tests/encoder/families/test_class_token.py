"""What is read of class token, registers and patches; and that model cards read the same."""

from types import SimpleNamespace

import pytest
import torch

from clipforensics.encoder.families.class_token import CLASS_AND_MEAN, calls, class_and_mean


def test_class_token_and_mean_of_the_patches_leave_registers_out():
    tokens = torch.arange(24.0).reshape(1, 6, 4)  # class, two registers, three patches
    assert class_and_mean(tokens, 3, "pooled").tolist() == [[0, 1, 2, 3]]
    assert class_and_mean(tokens, 3, "mean").tolist() == [[16, 17, 18, 19]]
    assert class_and_mean(tokens, 3, "class_mean").tolist() == [[0, 1, 2, 3, 16, 17, 18, 19]]


@pytest.mark.parametrize(("prefix", "number"), [("1", 1), ("1 + tower.config.num_register_tokens ", 3)])
def test_the_code_of_a_card_reads_the_same(prefix, number):
    """Run as the card has it, on a tower that gives its pictures back as tokens."""
    pictures = torch.randn(2, 6, 4)

    def tower(pixel_values):
        return SimpleNamespace(last_hidden_state=pixel_values)

    tower.config = SimpleNamespace(num_register_tokens=2)
    for embedding in CLASS_AND_MEAN:
        code = calls(prefix)[embedding].format("pictures")
        found = eval(code, {"tower": tower, "torch": torch, "pictures": pictures})
        assert torch.equal(found, class_and_mean(pictures, number, embedding))
