"""Detectors with drawn weights, saved as training would have saved them."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.detectors import baseline, lora
from clipforensics.encoder import vision
from clipforensics.training.trainer import Progress

LORA = {"r": 2, "alpha": 4.0, "dropout": 0.0, "target_modules": ["q_proj"]}
PROBE = {"inverse_l2": [1.0], "max_iterations": 100}


def bare_task(model: Path | str, embedding: str = "projected") -> SimpleNamespace:
    """What of a task is remembered with a saved detector."""
    about = {"model": str(model), "revision": "local", "embedding": embedding}
    return SimpleNamespace(encoder=about, seed=1, embeddings=SimpleNamespace(meta={}))


def save_probe(folder: Path, weight: np.ndarray, bias: float = 0.1, model: Path | str = "encoder") -> None:
    """A probe with the given weights."""
    probe = baseline.Probe(weight, bias, 1.0, [])
    method, settings = baseline.DETECTOR, baseline.Settings(**PROBE)
    options = {"task": bare_task(model), "settings": settings, "counts": method.counts(probe)}
    method.save(probe, folder, **options, rank=(0.5, 0.5), inverse_l2=1.0)


def save_lora(folder: Path, model: Path | str, *, spread: float = 0.3) -> None:
    """LoRA on q_proj with a drawn head and drawn B matrices."""
    tower = vision.load_vision_tower(str(model), "local")
    sections = {"learning_rate": 0.1, "head_learning_rate": 0.1}
    settings = lora.Settings(**{**LORA_DEFAULTS, **LORA, **sections})
    adapted = lora.DETECTOR.adapt(tower, settings, embedding="projected", seed=1)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name or name.startswith("head."):
                parameter.normal_(0, spread, generator=torch.Generator().manual_seed(len(name)))
    options = {"task": bare_task(model), "settings": settings, "counts": model_counts(adapted)}
    lora.DETECTOR.save(adapted, folder, **options, progress=Progress())


LORA_DEFAULTS: dict[str, object] = {"variant": "lora", "last_blocks": 0}
"""Settings that LORA leaves as params.yaml ships them."""
