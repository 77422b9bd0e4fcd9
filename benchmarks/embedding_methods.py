"""Methods on cached embeddings: samples trained a second, and against a bare loop with the same judge.

`python -m benchmarks.embedding_methods` trains each method as the stage does, with the settings and the batch
size of params.yaml: drawing, steps, validation and checkpoint after every epoch. The bare loop has steps
only. Embeddings are random, as wide as ViT-B/32's; the text tower has ViT-B/32's size and random weights.
The floor is meant for two idle cores; on a busy machine look at the rate by CPU time, all threads at work.
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.clock import show
from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.embedding_method import EmbeddingMethod, train_on_embeddings
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.rows import RowIndex
from clipforensics.training.budget import TrainSection
from clipforensics.training.task import Task
from tests.support.shared_data import ENCODERS
from tests.support.text_towers import write_text_tower

FLOOR, RATIO_FLOOR = 100_000, 0.7
WIDTH, N_TRAIN, N_VAL, PER_VIDEO = 512, 50_000, 5_000, 100
EPOCHS, REPEATS = 3, 3
METHODS = ("clip_adapter", "coop", "text_lora", "mlp")
PARAMS = Path("params.yaml")
REAL_CONFIG, SAMPLE = ENCODERS / "clip-vit-base-patch32-config", Path("data/sample/clip")


@dataclass(frozen=True)
class Took:
    """What a run took: samples, wall seconds, CPU seconds of all threads."""

    samples: int
    wall: float
    cpu: float


def make_store(folder: Path) -> EmbeddingStore:
    """Random embeddings in which a direction tells the class a little, PER_VIDEO rows a video."""
    rng = np.random.default_rng(0)
    n = N_TRAIN + N_VAL
    matrix = rng.standard_normal((n, WIDTH), dtype=np.float32)
    matrix[:, 0] += np.arange(n) // PER_VIDEO % 2
    folder.mkdir()
    np.save(folder / "embeddings.npy", matrix)
    keys = [f"v{i // PER_VIDEO}" for i in range(n)]
    RowIndex(keys, np.arange(n) % PER_VIDEO).write(folder / "index.csv")
    write_json(folder / "meta.json", {})
    return EmbeddingStore(folder)


def make_task(store: EmbeddingStore, encoder: Mapping[str, str], scratch: Path) -> Task:
    """The stage's task on that store, EPOCHS long."""
    n = (N_TRAIN + N_VAL) // PER_VIDEO
    labels = np.arange(n) % 2
    names = np.where(labels, "FaceSwap", "real")
    table = pd.DataFrame({"key": [f"v{i}" for i in range(n)], "label": labels, "manipulation": names})
    budget = read_section(PARAMS, "train", TrainSection)
    short = budget.embeddings.model_copy(update={"epochs": EPOCHS, "patience": EPOCHS})
    cut = N_TRAIN // PER_VIDEO
    parts = (store.rows.labelled(part) for part in (table[:cut], table[cut:]))
    frames: Any = None  # methods on embeddings look at no frame
    budget = budget.model_copy(update={"embeddings": short})
    return Task(frames, store, *parts, encoder, budget, seed=0, scratch=scratch)


def ours(method: EmbeddingMethod, task: Task, settings: Any, folder: Path) -> Took:
    """Train as the stage does, once the encoder is read."""
    run = replace(task, scratch=Path(tempfile.mkdtemp(dir=folder)))
    judge = method.build(task, settings)
    options: dict[str, Any] = {"settled": method.settled, "rows_at_once": method.rows_at_once}
    wall, cpu = time.perf_counter(), time.process_time()
    progress = train_on_embeddings(judge, run, settings.learning_rate, **options, label=method.name)
    return Took(progress.samples, time.perf_counter() - wall, time.process_time() - cpu)


def bare(method: EmbeddingMethod, task: Task, settings: Any) -> Took:
    """The same judge in a plain loop: shuffle, forward, backward, step."""
    judge = method.build(task, settings).train()
    moved = [p for p in judge.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moved, lr=settings.learning_rate)
    features = torch.from_numpy(task.embeddings.read(task.train.rows))
    labels = torch.from_numpy(task.train.labels).float()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(EPOCHS):
        for part in torch.randperm(len(features)).split(task.budget.embeddings.batch_size):
            logits = judge(features[part])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[part])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return Took(EPOCHS * len(features), time.perf_counter() - wall, time.process_time() - cpu)


def best(run: Callable[[], Took]) -> Took:
    """The fastest of some runs, the least disturbed one."""
    return min((run() for _ in range(REPEATS)), key=lambda took: took.wall)


def report(name: str, task: Task, folder: Path) -> None:
    """Print one method's rates and ratio."""
    method: Any = find_detector(name)
    settings = read_section(PARAMS, f"methods.{name}", method.settings)
    mine = best(lambda: ours(method, task, settings, folder))
    plain = best(lambda: bare(method, task, settings))
    rate, undisturbed = mine.samples / mine.wall, mine.samples * torch.get_num_threads() / mine.cpu
    show(f"{name}: {rate:,.0f} samples/s, against {FLOOR:,}", rate / FLOOR, 1.0)
    show(f"{name}: {undisturbed:,.0f} samples/s if nothing else ran", undisturbed / FLOOR, 1.0)
    print(f"    CPU seconds for {mine.samples:,} samples: {mine.cpu:.2f}, bare {plain.cpu:.2f}")
    show(f"{name}: our rate / bare loop's", rate / (plain.samples / plain.wall), RATIO_FLOOR)


def find_encoder(folder: Path) -> dict[str, str]:
    """A text tower of ViT-B/32's size with random weights where its config is at hand, else the sample's."""
    if REAL_CONFIG.is_dir():
        model = str(write_text_tower(folder, like=REAL_CONFIG))
        print("text tower: ViT-B/32's size, random weights")
    else:
        model = str(SAMPLE)
        print(f"text tower: the sample's ({SAMPLE}), for want of {REAL_CONFIG}")
    return {"model": model, "revision": "local", "embedding": "projected"}


def main() -> None:
    """Print rates and ratios of all methods."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        task = make_task(make_store(folder / "store"), find_encoder(folder / "clip"), folder)
        threads, load = torch.get_num_threads(), os.getloadavg()[0]
        print(f"{N_TRAIN:,} embeddings of width {WIDTH}, {threads} threads, load {load:.1f}")
        for name in METHODS:
            report(name, task, folder)


if __name__ == "__main__":
    main()
