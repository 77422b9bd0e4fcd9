"""Training tasks for methods on pixels: noise videos, a random tower of real make, a short budget."""

from pathlib import Path
from typing import Any

import torch
import yaml
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.budget import TrainSection
from clipforensics.detectors.base import Task, find_detector
from clipforensics.encoder import load_vision_tower
from clipforensics.params import check_section
from clipforensics.processes import ALONE, Processes
from tests.places import ENCODERS
from tests.repository import ROOT, merge
from tests.stores import labelled_table, noise_videos, write_frame_store

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
SHORT = {
    "pixels": {
        "epochs": 3,
        "patience": 3,
        "batch_size": 8,
        "micro_batch_size": 4,
        "frames_per_video": 2,
        "precision": "float32",
    }
}
RATES = {"learning_rate": 0.01, "head_learning_rate": 0.05}


def write_tower(folder: Path, *, blocks: int = 3, size: int = 32, seed: int = 0) -> Path:
    """A random vision tower in Hugging Face's layout, with its preprocessing."""
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=blocks,
        num_attention_heads=2,
        image_size=size,
        patch_size=8,
        projection_dim=16,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=size).save_pretrained(folder)
    return folder


def make_settings(name: str, **changes: Any) -> Any:
    """The method's section of the shipped params.yaml with faster rates, and these changes."""
    return check_section({**PARAMS["methods"][name], **RATES, **changes}, find_detector(name).settings, name)


def make_budget(**pixels: Any) -> TrainSection:
    """The shipped budget, shortened, with these changes in its part `pixels`."""
    return check_section(merge(merge(PARAMS["train"], SHORT), {"pixels": pixels}), TrainSection, "train")


def make_task(
    folder: Path,
    tower: Path,
    *,
    embedding: str = "projected",
    scratch: str = "scratch",
    processes: Processes = ALONE,
    **pixels: Any,
) -> Task:
    """Ten videos, six to train on and four to choose on, brighter where manipulated; the frames are rewritten."""
    frames = write_frame_store(folder / "frames", noise_videos(10))
    train, val = (frames.rows.labelled(t) for t in (labelled_table(6), labelled_table(10)[6:]))
    (folder / scratch).mkdir(exist_ok=True)
    encoder = {"model": str(tower), "revision": "local", "embedding": embedding}
    # Methods on pixels never look at embeddings.
    return Task(frames, None, train, val, encoder, make_budget(**pixels), 3, folder / scratch, processes)


def untrained(name: str, tower: Path, *, embedding: str = "projected", seed: int = 3, **changes: Any):
    """The method's model before training, in evaluation mode."""
    found = load_vision_tower(str(tower), "local")
    method = find_detector(name)
    return method.adapt(found, make_settings(name, **changes), embedding=embedding, seed=seed).eval()


def described(config: CLIPVisionConfig, embedding: str = "projected") -> dict[str, Any]:
    """What `expected_parameters` is told of an encoder."""
    width = config.projection_dim if embedding == "projected" else config.hidden_size
    return {"vision": config.to_dict(), "text": None, "embedding": embedding, "width": width}


def vit_b_32() -> CLIPVisionModelWithProjection:
    """CLIP ViT-B/32's vision tower without its weights, by the published config."""
    import json

    published = json.loads((ENCODERS / "clip-vit-base-patch32-config" / "config.json").read_text())
    names = ("hidden_size", "intermediate_size", "image_size", "patch_size", "projection_dim")
    config = CLIPVisionConfig(**{name: published["vision_config"][name] for name in names})
    with torch.device("meta"):
        return CLIPVisionModelWithProjection(config).requires_grad_(False)
