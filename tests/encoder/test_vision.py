"""The real loading code on real files: pinned, safetensors only, frames as the encoder wants them."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.encoder import vision
from tests.support.shared_data import ENCODERS, needs_shared


def write_encoder(folder: Path, *, size: int = 32, seed: int = 0) -> Path:
    """A random two-layer vision tower in Hugging Face's layout."""
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=size,
        patch_size=8,
        projection_dim=16,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=size).save_pretrained(folder)
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_encoder(tmp_path / "tower")


def test_loads_a_folder_frozen_in_float32(folder):
    tower = vision.load_vision_tower(str(folder), "local")
    assert not tower.training
    assert {p.dtype for p in tower.parameters()} == {torch.float32}
    assert not any(p.requires_grad for p in tower.parameters())


def test_a_folder_can_be_pinned_by_its_digest(folder):
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    vision.load_vision_tower(str(folder), digest[:12])
    with pytest.raises(InputError, match=digest):
        vision.load_vision_tower(str(folder), "0" * 12)
    with pytest.raises(InputError, match="at least 8"):
        vision.load_vision_tower(str(folder), digest[:4])


@pytest.mark.parametrize("revision", ["main", "", "3d74acf", "local"])
def test_a_hub_id_needs_a_full_commit_hash(revision):
    with pytest.raises(InputError, match="40 hexadecimal digits"):
        vision.load_vision_tower("openai/clip-vit-base-patch32", revision)


def test_a_missing_folder_is_not_taken_for_a_hub_id(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        vision.check_revision(str(tmp_path / "none"), "local")


def test_a_folder_as_openai_published_it_holds_a_bin_file(folder):
    weights = vision.load_vision_tower(str(folder), "local").state_dict()
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    again = vision.load_vision_tower(str(folder), "local").state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in weights.items())
    digest = hashlib.sha256((folder / "pytorch_model.bin").read_bytes()).hexdigest()
    vision.load_vision_tower(str(folder), digest[:10])


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_hostile_bin_file_is_refused_and_never_run(folder, tmp_path):
    (folder / "model.safetensors").unlink()
    torch.save({"x": Hostile(tmp_path / "owned"), "large": torch.zeros(50_000)}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="more than tensors"):
        vision.load_vision_tower(str(folder), "local")
    assert not (tmp_path / "owned").exists()


def test_a_folder_without_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"none of model\.safetensors, pytorch_model\.bin"):
        vision.load_vision_tower(str(folder), "local")


def test_a_broken_weight_file_is_one_line(folder):
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(InputError, match="it is no file of safetensors"):
        vision.load_vision_tower(str(folder), "local")


def test_pixels_agree_with_the_encoders_own_processor(folder):
    frames = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    preprocessing = vision.load_preprocessing(str(folder), "local", fitting=Fitting(32))
    ours = preprocessing.pixels(frames, torch.device("cpu"))
    processor = CLIPImageProcessorPil.from_pretrained(folder)
    theirs = processor(images=list(frames), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_frames_of_another_size_say_what_to_set(folder):
    with pytest.raises(InputError, match=r"set extract_frames\.frame_size to 32"):
        vision.load_preprocessing(str(folder), "local", fitting=Fitting(64))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"resample": 2},
            "shorter side to 32, bilinear, then the central square; and extract_frames so: shorter side to"
            " 32, bicubic, then the central square; set extract_frames.frame_size to 32, resample to"
            " bilinear, squash to false and resize_edge to 0",
        ),
        ({"size": {"shortest_edge": 40}}, "squash to false and resize_edge to 40"),
        ({"size": {"height": 32, "width": 32}}, "both sides to 32, bicubic; and extract_frames so"),
        ({"resample": 1}, "resizes with Pillow's filter 1"),
        ({"do_rescale": False}, "scales grey levels by"),
        ({"size": {"height": 32, "width": 64}}, "makes no square pictures"),
        ({"size": {"shortest_edge": 24}}, "resizes to 24 and crops to"),
        ({"do_resize": False}, "makes no square pictures"),
    ],
)
def test_another_kind_of_preprocessing_is_one_line(folder, change, words):
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError) as told:
        vision.load_preprocessing(str(folder), "local", fitting=Fitting(32))
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("embedding", "width"), [("projected", 16), ("pooled", 32)])
def test_projected_and_pooled_embeddings(folder, embedding, width):
    tower = vision.load_vision_tower(str(folder), "local")
    pixels = torch.randn(2, 3, 32, 32)
    ours = vision.embed_pixels(tower, pixels, embedding)
    assert ours.shape == (2, width) == (2, vision.embedding_width(tower, embedding))
    pooled = tower.vision_model(pixel_values=pixels).pooler_output
    torch.testing.assert_close(ours, tower.visual_projection(pooled) if embedding == "projected" else pooled)


def test_weights_digest_tells_weights_apart(tmp_path, folder):
    other = write_encoder(tmp_path / "other", seed=1)
    again = Path(shutil.copytree(folder, tmp_path / "again"))
    digests = [
        vision.weights_digest(vision.load_vision_tower(str(f), "local")) for f in (folder, other, again)
    ]
    assert digests[0] == digests[2] != digests[1]


@needs_shared
def test_old_style_preprocessor_config_of_the_real_clip():
    preprocessing = vision.load_preprocessing(
        str(ENCODERS / "clip-vit-base-patch32-config"), "local", fitting=Fitting(224)
    )
    assert preprocessing.size == 224
    assert preprocessing.mean == (0.48145466, 0.4578275, 0.40821073)


@needs_shared
def test_the_real_pretrained_encoder_loads_from_half_precision():
    tower = vision.load_vision_tower(str(ENCODERS / "vit-tiny-clip-layout"), "local")
    assert sum(p.numel() for p in tower.parameters()) == 8_198_656
    assert {p.dtype for p in tower.parameters()} == {torch.float32}
