"""Text towers in the real format with random weights, as large as an encoder whose weights are not here."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig

from clipforensics.encoder.text import TextTower


def write_text_tower(folder: Path, *, like: Path, seed: int = 0) -> Path:
    """A text tower with random weights, of the size and with the tokenizer of another encoder's folder."""
    torch.manual_seed(seed)
    shutil.copytree(like, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    tower = TextTower(CLIPTextConfig.from_pretrained(like))
    torch.nn.init.constant_(
        tower.logit_scale, json.loads((like / "config.json").read_text())["logit_scale_init_value"]
    )
    save_file(tower.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder
