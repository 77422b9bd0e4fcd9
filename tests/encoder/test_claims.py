"""What an encoder's files may claim. (The rest is in tests/publishing/test_hostile_packages.py.)"""

import zipfile

import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder import vision
from clipforensics.encoder.claims import BOUNDS, STEERING, check_config, check_files, read_small
from clipforensics.encoder.families.finding import FAMILIES
from tests.encoder.test_vision import write_encoder
from tests.support.shared_data import ENCODERS, needs_shared

LARGEST = {
    "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 48, "num_attention_heads": 32,
    "image_size": 512, "patch_size": 32, "projection_dim": 1280, "num_channels": 3, "num_register_tokens": 4,
    "num_labels": 21843,
}  # fmt: skip
"""Of towers that there are: DINOv3 7B, EVA and OpenCLIP bigG."""


@pytest.mark.parametrize("place", ["", "vision_config"])
def test_sizes_of_towers_that_there_are_pass_and_tenfold_ones_do_not(place):
    def content(sizes):
        return {"model_type": "clip", **({place: sizes} if place else sizes)}

    check_config("it", content(LARGEST))
    assert set(LARGEST) == set(BOUNDS)
    for key, (_, most) in BOUNDS.items():
        for wrong in (most + 1, -1, 1.5, "12", True, [3], float("nan")):
            if key == "num_attention_heads" and wrong == most + 1:
                continue
            with pytest.raises(InputError, match=f"{key}` in its config"):
                check_config("it", content(LARGEST | {key: wrong}))


@pytest.mark.parametrize("key", STEERING)
def test_keys_that_load_something_else_are_refused_wherever_they_stand(key):
    for content in ({key: "x"}, {"vision_config": {key: {"a": 1}}}):
        with pytest.raises(InputError, match=key):
            check_config("it", content)
    check_config("it", {key: None})


def test_a_part_that_is_no_object_is_refused():
    with pytest.raises(InputError, match="vision_config of its config"):
        check_config("it", {"vision_config": 3})


@pytest.mark.parametrize(
    "content",
    [
        {"architecture": "hf-hub:a/b"}, {"architecture": "local-dir:/etc"}, {"architecture": None}, {},
        {"architecture": "vit_base_patch16_224", "model_args": {"checkpoint_path": "/etc/passwd"}},
        {"architecture": "vit_base_patch16_224", "model_args": {"pretrained": True}},
        {"architecture": "vit_base_patch16_224", "model_args": [1]},
        {"architecture": "vit_base_patch16_224", "model_args": {"depth": 10**6}},
        {"architecture": "vit_base_patch16_224", "model_args": {"depth": 2000}},
        {"architecture": "vit_base_patch16_224", "model_args": {"depth": "all"}},
        {"architecture": "vit_base_patch16_224", "model_args": {"img_size": [10**6, 10**6]}},
        {"architecture": "vit_base_patch16_224", "model_args": {"embed_dim": float("inf")}},
    ],
)  # fmt: skip
def test_timm_is_given_its_own_architectures_alone(content):
    with pytest.raises(InputError, match=r"one of timm's own|no tower is so large"):
        check_config("it", {"pretrained_cfg": {}, **content})


def test_an_architecture_of_timm_passes():
    arguments = {"img_size": [224, 224], "depth": 12, "global_pool": "avg", "init_values": 1e-5}
    check_config(
        "it", {"pretrained_cfg": {}, "architecture": "vit_pe_core_base_patch16_224", "model_args": arguments}
    )


@needs_shared
def test_encoders_that_there_are_pass():
    found = [folder for folder in ENCODERS.iterdir() if (folder / "config.json").is_file()]
    assert found
    for folder in found:
        content = read_small(folder / "config.json")
        if (kind := content.get("model_type")) in FAMILIES or "pretrained_cfg" in content:
            check_files(folder)
            check_config(kind or "timm", content)


def test_a_compressed_weight_file_is_refused(tmp_path):
    """A thousandth of its size on disk, and torch would unfold it."""
    folder = write_encoder(tmp_path / "tower")
    torch.save(vision.load_vision_tower(str(folder), "local").state_dict(), folder / "plain.bin")
    (folder / "model.safetensors").unlink()
    with (
        zipfile.ZipFile(folder / "plain.bin") as plain,
        zipfile.ZipFile(folder / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for one in plain.namelist():
            packed.writestr(one, plain.read(one))
    with pytest.raises(InputError, match="is compressed, as torch writes none"):
        vision.load_vision_tower(str(folder), "local")
    (folder / "plain.bin").rename(folder / "pytorch_model.bin")
    vision.load_vision_tower(str(folder), "local")
