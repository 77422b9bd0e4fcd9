"""DINOv3's tower: registers, turned places that do not move in training."""

import torch
from safetensors.torch import load_file, save_file

from clipforensics.core.files import read_json
from clipforensics.encoder.families.dinov3 import FAMILY, MOVES
from clipforensics.encoder.vision import embed_pixels, load_vision_tower
from tests.support.family_contract import FamilyContract
from tests.support.towers import SIZE

VITB16 = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_register_tokens": 4}


class TestDinov3(FamilyContract):
    kind = "dinov3_vit"
    true_size = VITB16
    parameters = 85_660_416  # facebook/dinov3-vitb16-pretrain-lvd1689m

    def reference(self, tower, pixels, embedding):
        hidden, places = tower.embeddings(pixels), tower.rope_embeddings(pixels)
        for block in tower.model.layer:
            hidden = block(hidden, position_embeddings=places)
        normed = tower.norm(hidden)
        patches = (SIZE // 16) ** 2
        mean = normed[:, -patches:].sum(dim=1) / patches
        both = torch.cat([normed[:, 0], mean], dim=1)
        return {"pooled": normed[:, 0], "mean": mean, "class_mean": both}[embedding]

    def processed(self, folder, picture):
        """As its processor does it with torch: grey levels to [0, 1], then resized with antialiasing."""
        about = read_json(folder / "preprocessor_config.json")
        values = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
        resized = torch.nn.functional.interpolate(
            values, (SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False
        )[0]
        mean, std = (torch.tensor(about[f"image_{name}"])[:, None, None] for name in ("mean", "std"))
        return (resized - mean) / std

    def test_places_would_move_at_random_if_they_were_let(self, tower, pixels):
        frozen = embed_pixels(tower.train(), pixels, "pooled")
        tower.config.pos_embed_rescale = 2.0
        assert not torch.equal(embed_pixels(tower, pixels, "pooled"), frozen)
        FAMILY.prepare(tower)
        assert [getattr(tower.config, name) for name in MOVES] == [None] * 3
        assert torch.equal(embed_pixels(tower, pixels, "pooled"), frozen)

    def test_weights_with_the_names_of_the_hub_are_read(self, folder, tower, tmp_path):
        """There a block is `layer.0`, in transformers' module `model.layer.0`."""
        weights = {n.removeprefix("model."): t.clone() for n, t in tower.state_dict().items()}
        assert "layer.0.attention.q_proj.weight" in weights
        for path in folder.glob("*.json"):
            (tmp_path / path.name).write_text(path.read_text())
        save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
        again = load_vision_tower(str(tmp_path), "local").state_dict()
        assert all(torch.equal(again[name], tensor) for name, tensor in tower.state_dict().items())
        assert load_file(tmp_path / "model.safetensors").keys() == weights.keys()


def test_the_gated_mlp_of_the_huge_one():
    config = {**VITB16, "num_hidden_layers": 2, "use_gated_mlp": True, "key_bias": True, "mlp_bias": False}
    shape = FAMILY.shape(config)
    with torch.device("meta"):
        tower = FAMILY.tower_class()(FAMILY.tower_config(config))
    assert shape.parameters == sum(p.numel() for p in tower.parameters())
    assert shape.passed("pooled").biases == sum(
        p.numel() for name, p in tower.named_parameters() if name.endswith("bias")
    )
