"""What benchmarks work on: encoders of a given size with random weights, which change no time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from clipforensics.sample.tokenizer import BOS, EOS, learn_vocabulary

Shape = Mapping[str, int]
"""Fields of a vision tower's config that differ from ViT-B/32's."""

VIT_B_32: Shape = {}
SAMPLE_CLIP: Shape = {
    "hidden_size": 96,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": 64,
    "patch_size": 8,
    "projection_dim": 64,
}
TOY: Shape = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 64,
    "patch_size": 16,
    "projection_dim": 16,
}
TOY_TEXT: Shape = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def write_clip(folder: Path, vision: Shape, text: Shape = TOY_TEXT) -> dict[str, str]:
    """A CLIP of two towers with tokenizer and preprocessor, as a hub snapshot lies on disk.

    Args:
        folder: To write.
        vision: Of the vision tower; its `projection_dim` holds for both.
        text: Fields of the text tower's config that differ from ViT-B/32's.

    Returns:
        It as section `encoder` of params.yaml.
    """
    torch.manual_seed(0)
    vocabulary, merges = learn_vocabulary(["a photo of a person with no filter on the face"])
    words = {"unk_token": EOS, "bos_token": BOS, "eos_token": EOS, "pad_token": EOS}
    tokenizer = CLIPTokenizer(vocabulary, merges, **words, model_max_length=77)
    ids: dict[str, Any] = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in _MARKS}
    shared = {"projection_dim": vision.get("projection_dim", 512)}
    config = CLIPConfig(text_config={**shared, **text, **ids}, vision_config={**shared, **vision}, **shared)
    size = config.vision_config.image_size
    CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=size).save_pretrained(folder)
    return {"model": str(folder), "revision": "local", "embedding": "projected"}


_MARKS = ("bos", "eos", "pad")
