"""A package made by hand: LoRA with drawn weights on a tiny encoder; every kind of file, in no time."""

import shutil
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.shipping.onnx_file import check_packages
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_lora

CARD = """---
license: apache-2.0
library_name: peft
tags:
- clip
---

# LoRA, trained on FaceSwap

**This is a toy.**

## How to load it

In another way.

## Terms

Apache-2.0.
"""

POINT = {
    "pooling": "mean",
    "video": {"threshold": 0.5, "calibration": {"slope": 2.0, "intercept": 0.1, "clip": 1e-7}},
}


def write_lora_package(folder: Path) -> Path:
    """LoRA on q_proj, its encoder inside; its card says little."""
    encoder = write_encoder(folder.parent / f"{folder.name}-encoder")
    save_lora(folder, encoder)
    shutil.copytree(encoder, folder / "encoder")
    about = read_json(folder / "detector.json")
    write_json(folder / "detector.json", about | {"encoder": about["encoder"] | {"model": "encoder"}})
    shutil.copyfile(encoder / "preprocessor_config.json", folder / "preprocessor_config.json")
    write_json(folder / "frames.json", {"side": 32, "crop": "none"})
    write_json(folder / "operating_point.json", POINT)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return folder


def skip_without_onnx() -> None:
    """Skip with the reason where no ONNX file can be made."""
    try:
        check_packages()
    except InputError as reason:
        pytest.skip(str(reason))
