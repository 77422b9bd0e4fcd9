"""Counts add up as parameters do."""

import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.families.clip import FAMILY
from clipforensics.encoder.families.shape import Part, linear, norm, tokens


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_is_counted_as_torch_counts_it(bias):
    layer, part = torch.nn.Linear(5, 3, bias=bias), linear(5, 3, bias=bias)
    assert part.numbers == sum(p.numel() for p in layer.parameters())
    assert (part.biases, part.norms) == (3 if bias else 0, 0)


def test_a_normalisation_is_bias_and_norm_at_once():
    assert norm(7) == Part(14, 7, 14)


def test_parts_add_and_multiply():
    assert linear(2, 3) + norm(3) * 2 + tokens(4, 3) == Part(9 + 12 + 12, 3 + 6, 12)


def test_an_embedding_that_is_not_there():
    with pytest.raises(InputError, match=r"encoder\.embedding 'mean' is none of projected, pooled"):
        FAMILY.shape({}).passed("mean")
