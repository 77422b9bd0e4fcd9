"""What every family says of itself, and what all share."""

import pytest

from clipforensics.encoder.families.finding import FAMILIES


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_it_is_described_in_full(family):
    assert family.__doc__
    module = __import__(type(family).__module__, fromlist=["FAMILY"])
    assert "arXiv" in module.__doc__
    assert set(family.projections) == {"query", "key", "value", "output"}
    assert set(family.embeddings) == set(family.after) == set(family.call)
    assert all(text[0].islower() and text[-1].isalpha() for text in family.embeddings.values())
