"""What every family says of itself, and what all share."""

import pytest
import torch

from clipforensics.encoder.families.base import class_and_mean
from clipforensics.encoder.families.finding import FAMILIES


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_it_is_described_in_full(family):
    assert family.__doc__
    module = __import__(type(family).__module__, fromlist=["FAMILY"])
    assert "arXiv" in module.__doc__
    assert set(family.projections) == {"query", "key", "value", "output"}
    assert set(family.embeddings) == set(family.after) == set(family.call)
    assert all(text[0].islower() and text[-1].isalpha() for text in family.embeddings.values())


def test_class_token_and_mean_of_the_patches_leave_registers_out():
    tokens = torch.arange(24.0).reshape(1, 6, 4)  # class, two registers, three patches
    assert class_and_mean(tokens, 3, "pooled").tolist() == [[0, 1, 2, 3]]
    assert class_and_mean(tokens, 3, "mean").tolist() == [[16, 17, 18, 19]]
    assert class_and_mean(tokens, 3, "class_mean").tolist() == [[0, 1, 2, 3, 16, 17, 18, 19]]
