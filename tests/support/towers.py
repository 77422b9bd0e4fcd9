"""Tiny random encoders of every family, as hub snapshots lie on disk."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

SIZE, WIDTH, N_BLOCKS, PATCH = 64, 32, 3, 16
SHAPE: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": N_BLOCKS,
    "num_attention_heads": 2,
    "image_size": SIZE,
    "patch_size": PATCH,
}
MLP = {"intermediate_size": 64}

needs_timm = pytest.mark.skipif(
    importlib.util.find_spec("timm") is None or importlib.util.find_spec("torchvision") is None,
    reason="timm or torchvision is not installed",
)


def write_clip(folder: Path) -> Path:
    """A vision tower alone."""
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

    CLIPVisionModelWithProjection(CLIPVisionConfig(**SHAPE, **MLP, projection_dim=16)).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=SIZE).save_pretrained(folder)
    return folder


def write_siglip(folder: Path) -> Path:
    """Both towers, as SigLIP and SigLIP 2 are published; squashed bilinearly."""
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel

    text = {**SHAPE, **MLP, "num_hidden_layers": 1, "vocab_size": 30, "max_position_embeddings": 8}
    text |= {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    text = {key: value for key, value in text.items() if key not in ("image_size", "patch_size")}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config={**SHAPE, **MLP}))
    model.save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": SIZE, "width": SIZE}, resample=2).save_pretrained(folder)
    return folder


def write_dinov2(folder: Path) -> Path:
    """Places for larger pictures than it reads, as published; resized to 80, cropped to 64, bicubic."""
    from transformers import BitImageProcessorPil, Dinov2Config, Dinov2Model

    Dinov2Model(Dinov2Config(**{**SHAPE, "image_size": 96}, mlp_ratio=2)).save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 80}, "crop_size": {"height": SIZE, "width": SIZE}}
    BitImageProcessorPil(**sizes).save_pretrained(folder)
    return folder


def write_dinov2_registers(folder: Path) -> Path:
    """Two registers."""
    from transformers import BitImageProcessorPil, Dinov2WithRegistersConfig, Dinov2WithRegistersModel

    config = Dinov2WithRegistersConfig(**SHAPE, mlp_ratio=2, num_register_tokens=2)
    Dinov2WithRegistersModel(config).save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 80}, "crop_size": {"height": SIZE, "width": SIZE}}
    BitImageProcessorPil(**sizes).save_pretrained(folder)
    return folder


def write_dinov3(folder: Path) -> Path:
    """Two registers, turned places; its processor has no form for Pillow, so its file is written by hand."""
    from transformers import DINOv3ViTConfig, DINOv3ViTModel

    DINOv3ViTModel(DINOv3ViTConfig(**SHAPE, **MLP, num_register_tokens=2)).save_pretrained(folder)
    content = {
        "image_processor_type": "DINOv3ViTImageProcessorFast",
        "do_resize": True,
        "size": {"height": SIZE, "width": SIZE},
        "resample": 2,
        "do_center_crop": None,
        "crop_size": None,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(content))
    return folder


def write_vit(folder: Path) -> Path:
    """A whole classifier, of which the tower alone is loaded; squashed bilinearly."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    ViTForImageClassification(ViTConfig(**SHAPE, **MLP)).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": SIZE, "width": SIZE}).save_pretrained(folder)
    return folder


def write_timm(folder: Path) -> Path:
    """A Perception Encoder's architecture with two blocks less width, as timm writes its config.json."""
    return write_timm_model(
        folder, "vit_pe_core_base_patch16_224", embed_dim=WIDTH, num_heads=2, ref_feat_shape=(4, 4)
    )


def write_timm_model(folder: Path, architecture: str, *, depth: int = N_BLOCKS, **arguments: Any) -> Path:
    """Any architecture of timm, tiny."""
    from safetensors.torch import save_file
    from timm import create_model

    arguments = {"img_size": SIZE, "depth": depth, **arguments}
    model = create_model(architecture, num_classes=10, **arguments)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    prepared = {"input_size": [3, SIZE, SIZE], "interpolation": "bicubic", "crop_pct": 1.0}
    prepared |= {"mean": [0.5] * 3, "std": [0.5] * 3, "num_classes": 10}
    content = {"architecture": architecture, "num_classes": 10, "pretrained_cfg": prepared}
    (folder / "config.json").write_text(json.dumps({**content, "model_args": arguments}))
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "clip": write_clip,
    "siglip": write_siglip,
    "dinov2": write_dinov2,
    "dinov2_with_registers": write_dinov2_registers,
    "dinov3_vit": write_dinov3,
    "vit": write_vit,
    "timm_wrapper": write_timm,
}
"""`model_type` -> what writes such an encoder to a folder."""


def write_tower(kind: str, folder: Path, *, seed: int = 0) -> Path:
    """A tiny random encoder of one family; scales of blocks and normalisations are shaken."""
    torch.manual_seed(seed)
    return WRITERS[kind](folder)
