"""A plain vision transformer, loaded from a classifier without its head and pooler."""

import torch
from safetensors import safe_open
from transformers import ViTImageProcessorPil

from tests.support.family_contract import FamilyContract


class TestVit(FamilyContract):
    kind = "vit"
    true_size = {"hidden_size": 768}  # noqa: RUF012
    parameters = 85_798_656  # google/vit-base-patch16-224 without head and pooler

    def reference(self, tower, pixels, embedding):
        hidden = tower.embeddings(pixels)
        for block in tower.layers:
            hidden = block(hidden)
        normed = tower.layernorm(hidden)
        mean = normed[:, 1:].sum(dim=1) / (normed.shape[1] - 1)
        both = torch.cat([normed[:, 0], mean], dim=1)
        return {"pooled": normed[:, 0], "mean": mean, "class_mean": both}[embedding]

    def processed(self, folder, picture):
        processor = ViTImageProcessorPil.from_pretrained(folder)
        return processor(picture, return_tensors="pt", input_data_format="channels_last")["pixel_values"][0]

    def test_the_classifier_in_the_file_is_left_there(self, folder, tower):
        with safe_open(folder / "model.safetensors", framework="pt") as file:
            assert any(name.startswith("classifier.") for name in file.keys())  # noqa: SIM118
        assert not any("classifier" in name or "pooler" in name for name in tower.state_dict())
