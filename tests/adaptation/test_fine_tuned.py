"""A complete tower as it is saved: read back it is the one that was trained, whatever its family."""

import pytest
import torch

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.core.files import read_json
from clipforensics.detectors.full import DETECTOR
from clipforensics.encoder.vision import load_vision_tower
from tests.support.towers import WRITERS, needs_timm, write_tower

KINDS = [pytest.param(kind, marks=needs_timm if kind == "timm_wrapper" else ()) for kind in WRITERS]


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_tower_is_read_back_to_the_bit(kind, tmp_path):
    tower = load_vision_tower(str(write_tower(kind, tmp_path / "tower")), "local")
    with torch.no_grad():
        for parameter in tower.parameters():
            parameter.add_(torch.rand_like(parameter) / 10)
    (tmp_path / "saved").mkdir()
    DETECTOR.save_adapter(AdaptedEncoder(tower, "pooled"), tmp_path / "saved")
    assert read_json(tmp_path / "saved/config.json")["architectures"] == [type(tower).__name__]
    again = load_vision_tower(str(tmp_path / "saved"), "local")
    assert type(again) is type(tower)
    assert set(again.state_dict()) == set(tower.state_dict())
    for name, tensor in tower.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
