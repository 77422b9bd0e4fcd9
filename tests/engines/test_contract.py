"""What engines are given: a tower and what is read of it, as one module."""

import pytest
import torch

from clipforensics.encoder import vision
from clipforensics.encoder.families.finding import family_of
from clipforensics.engines.contract import Encoder
from tests.support.engines import KINDS
from tests.support.towers import SIZE, write_tower


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_embedding(kind, tmp_path):
    tower = vision.load_vision_tower(str(write_tower(kind, tmp_path / "encoder")), "local")
    pixels = torch.randn(2, 3, SIZE, SIZE)
    for embedding in family_of(tower).embeddings:
        assert torch.equal(Encoder(tower, embedding)(pixels), vision.embed_pixels(tower, pixels, embedding))
