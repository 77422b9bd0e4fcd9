"""SigLIP's tower: no class token; a learnt query pools the patches."""

import pytest
import torch
from transformers import SiglipImageProcessorPil

from clipforensics.core.faults import InputError
from clipforensics.encoder.families.siglip import FAMILY
from clipforensics.encoder.text import load_text_encoder
from tests.support.family_contract import FamilyContract


class TestSiglip(FamilyContract):
    kind = "siglip"
    true_size = {"model_type": "siglip", "vision_config": {"model_type": "siglip_vision_model"}}  # noqa: RUF012
    parameters = 92_884_224  # base, patches of 16 at 224 pixels: 203 M with the text tower of SigLIP

    def reference(self, tower, pixels, embedding):
        hidden = tower.embeddings(pixels)
        for block in tower.encoder.layers:
            hidden = block(hidden, None)
        normed = tower.post_layernorm(hidden)
        if embedding == "mean":
            return normed.sum(dim=1) / normed.shape[1]
        head, rows = tower.head, []
        for tokens in normed:  # a picture at a time
            pooled = head.attention(head.probe[0], tokens, tokens)[0]
            rows.append((pooled + head.mlp(head.layernorm(pooled)))[0])
        return torch.stack(rows)

    def processed(self, folder, picture):
        processor = SiglipImageProcessorPil.from_pretrained(folder)
        return processor(picture, return_tensors="pt", input_data_format="channels_last")["pixel_values"][0]

    def test_its_text_tower_is_of_another_kind(self, folder):
        with pytest.raises(InputError, match=r"no text tower of a CLIP \(model_type 'siglip'\)"):
            load_text_encoder(str(folder), "local")


def test_relevance_is_not_traced_without_a_class_token():
    for embedding in FAMILY.embeddings:
        assert "class token" in FAMILY.untraceable(embedding)
