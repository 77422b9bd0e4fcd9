"""A frozen encoder and a judge as one module: the judge's own log odds, with gradients to the pixels."""

import pytest
import torch

from clipforensics.adaptation.frozen import FrozenEncoder
from clipforensics.encoder.vision import embed_pixels, load_vision_tower
from tests.encoder.test_vision import write_encoder


class Judge(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.linspace(-1, 1, width, dtype=torch.float64))

    def forward(self, features):
        return features.double() @ self.weight


@pytest.mark.parametrize(("embedding", "width"), [("projected", 16), ("pooled", 32)])
def test_the_judge_sees_unit_length_and_pixels_get_a_gradient(tmp_path, embedding, width):
    tower = load_vision_tower(str(write_encoder(tmp_path / "tower")), "local")
    judge, pixels = Judge(width), torch.rand(3, 3, 32, 32, requires_grad=True)
    module = FrozenEncoder(tower, embedding, judge)
    found = module(pixels)
    raw = embed_pixels(tower, pixels, embedding)
    expected = (raw / raw.norm(dim=-1, keepdim=True)).double() @ judge.weight
    torch.testing.assert_close(found, expected.float())
    assert found.dtype == torch.float32
    found.sum().backward()
    assert pixels.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in module.parameters())
