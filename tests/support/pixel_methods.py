"""What tests of methods on pixels share: fast settings, a task with a changed budget, trained folders."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.pixel_training import train_on_pixels
from clipforensics.core.fitting import Fitting
from clipforensics.encoder import vision
from clipforensics.encoder.vision import Preprocessing
from clipforensics.machine.devices import compute_deterministically
from clipforensics.training.task import Task
from clipforensics.training.trainer import Progress
from tests.support.repository import merge
from tests.support.shared_data import ENCODERS
from tests.support.training_tasks import QUICK, SIZE, Bench, shipped_budget, shipped_settings

RATES = {"learning_rate": 0.01, "head_learning_rate": 0.05}
"""Fast enough for a random tower to learn in a few epochs."""


def fast_settings(name: str, **changes: Any) -> Any:
    """The shipped section of a method with faster rates and these changes."""
    return shipped_settings(name, **{**RATES, **changes})


def tower_of(bench: Bench) -> CLIPVisionModelWithProjection:
    """The bench's vision tower, frozen."""
    return vision.load_vision_tower(bench.task.encoder["model"], "local")


def preprocessing_of(bench: Bench) -> Preprocessing:
    return vision.load_preprocessing(bench.task.encoder["model"], "local", fitting=Fitting(SIZE))


def untrained(name: str, bench: Bench, *, embedding: str = "projected", seed: int = 3, **changes: Any):
    """A method's model before training, in evaluation mode."""
    method, settings = find_detector(name), fast_settings(name, **changes)
    return method.adapt(tower_of(bench), settings, embedding=embedding, seed=seed).eval()


def task_of(bench: Bench, scratch: Path, *, embedding: str = "projected", **pixels: Any) -> Task:
    """The bench's task with these changes in `train.pixels`."""
    scratch.mkdir(parents=True, exist_ok=True)
    budget = shipped_budget(merge(QUICK, {"pixels": pixels}))
    about = {**bench.task.encoder, "embedding": embedding}
    return dataclasses.replace(bench.task, budget=budget, scratch=scratch, encoder=about)


def train(name: str, bench: Bench, folder: Path, *, settings: Any = None, scratch: str = "", **budget: Any):
    """Fit into `folder`, with fast settings unless others are given."""
    place = folder.with_name(scratch or f"{folder.name}-scratch")
    task = task_of(bench, place, **budget)
    return find_detector(name).fit(task, settings or fast_settings(name), folder)


def trained_model(
    name: str, bench: Bench, scratch: Path, *, settings: Any = None, processes: Any = None, **budget: Any
) -> tuple[AdaptedEncoder, Progress]:
    """A model after training, with the best epoch's weights, and how training went."""
    task = dataclasses.replace(task_of(bench, scratch, **budget), processes=processes)
    compute_deterministically(task.seed)
    settings, embedding = settings or fast_settings(name), task.encoder["embedding"]
    model = find_detector(name).adapt(tower_of(bench), settings, embedding=embedding, seed=task.seed)
    return model, train_on_pixels(model, task, settings, preprocessing_of(bench), label=name)


def scores_of(name: str, bench: Bench, folder: Path) -> np.ndarray:
    """Scores of all frames."""
    stores = {"frames": bench.task.frames, "embeddings": bench.task.embeddings}
    return find_detector(name).score(folder, bench.everything, **stores)


def pixels_of(bench: Bench) -> torch.Tensor:
    """All frames as the encoder reads them."""
    frames = bench.task.frames.read(bench.everything)
    return preprocessing_of(bench).pixels(frames, torch.device("cpu"))


def shaken(model: AdaptedEncoder, spread: float = 0.05) -> AdaptedEncoder:
    """The model with everything that moves moved a little, as training would; the head drawn."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                size = 0.5 if name.startswith("head.") else spread
                parameter += size * torch.randn(parameter.shape, generator=generator)
    return model


def vit_b_32() -> tuple[CLIPVisionModelWithProjection, dict[str, Any]]:
    """CLIP ViT-B/32's vision tower without its weights, by the published config, and its description."""
    text = (ENCODERS / "clip-vit-base-patch32-config" / "config.json").read_text()
    published = json.loads(text)["vision_config"]
    kept = ("hidden_size", "intermediate_size", "image_size", "patch_size", "projection_dim")
    config = CLIPVisionConfig(**{name: published[name] for name in kept})
    with torch.device("meta"):
        tower = CLIPVisionModelWithProjection(config).requires_grad_(False)
    about = {"vision": config.to_dict(), "text": None, "embedding": "projected"}
    return tower, {**about, "width": config.projection_dim}
