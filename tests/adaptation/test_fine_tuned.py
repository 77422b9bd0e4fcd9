"""Counts of a tower's parameters by formula, against a real tower's own; the tower as it is saved."""

import pytest
import torch

from clipforensics.adaptation.fine_tuned import block_parameters, parameters_after
from clipforensics.adaptation.record import count_parameters
from clipforensics.encoder.vision import load_vision_tower
from tests.encoder.test_vision import write_encoder


@pytest.fixture
def tower(tmp_path):
    return load_vision_tower(str(write_encoder(tmp_path / "tower")), "local")


def test_a_block_is_counted_by_its_sizes(tower):
    block = tower.vision_model.encoder.layers[0]
    assert block_parameters(tower.config.to_dict()) == count_parameters(block)


def test_what_follows_the_blocks_holds_the_projection_only_where_it_is_passed(tower):
    norm = count_parameters(tower.vision_model.post_layernorm)
    encoder = {"vision": tower.config.to_dict(), "embedding": "pooled"}
    assert parameters_after(encoder) == norm
    projection = torch.numel(tower.visual_projection.weight)
    assert parameters_after({**encoder, "embedding": "projected"}) == norm + projection
