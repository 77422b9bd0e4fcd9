"""Methods on cached embeddings, trained as the stage does, against a bare loop of steps with the same judge.

Settings and batch size are those of params.yaml. The stage draws, steps, validates and stores a checkpoint
after every epoch; the bare loop shuffles and steps. Embeddings are random and as wide as ViT-B/32's.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.material import TOY, TOY_TEXT, Shape, write_clip
from benchmarks.table import Row, compare, timed
from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.embedding_method import EmbeddingMethod, train_on_embeddings
from clipforensics.core.files import write_json
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.rows import RowIndex
from clipforensics.training.task import Task
from clipforensics.training.trainer import LogOdds
from tests.support.stores import labelled_table
from tests.support.training_tasks import shipped_budget, shipped_settings

METHODS = ("clip_adapter", "coop", "text_lora", "mlp")


@dataclass(frozen=True)
class Size:
    """Videos to train and to choose on, frames of each, the embedding's width, the text tower."""

    train: int
    val: int
    frames: int
    width: int
    text: Shape
    epochs: int
    rounds: int


FULL = Size(train=500, val=50, frames=100, width=512, text={}, epochs=3, rounds=3)
TINY = Size(train=4, val=4, frames=5, width=16, text=TOY_TEXT, epochs=1, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """One row a method."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        encoder = write_clip(folder / "clip", {**TOY, "projection_dim": size.width}, size.text)
        task = make_task(make_store(folder / "store", size), encoder, folder, size)
        for name in METHODS:
            method, settings = find_detector(name), shipped_settings(name)
            build = partial(method.build, task, settings)
            yield compare(
                f"train {name} / bare loop of its steps",
                timed(partial(train, method, task, settings), build),
                timed(partial(train_bare, task, settings), build),
                rounds=size.rounds,
                goal=0.7,
                work=size.epochs * len(task.train.rows),
                unit="samples/s",
            )


def make_store(folder: Path, size: Size) -> EmbeddingStore:
    """Random embeddings in which a direction tells the class a little."""
    rng = np.random.default_rng(0)
    numbers = np.repeat(np.arange(size.train + size.val), size.frames)
    matrix = rng.standard_normal((len(numbers), size.width), dtype=np.float32)
    matrix[:, 0] += numbers % 2
    folder.mkdir()
    np.save(folder / "embeddings.npy", matrix)
    keys = [f"v{number}" for number in numbers]
    RowIndex(keys, np.arange(len(numbers)) % size.frames).write(folder / "index.csv")
    write_json(folder / "meta.json", {})
    return EmbeddingStore(folder)


def make_task(store: EmbeddingStore, encoder: Mapping[str, str], scratch: Path, size: Size) -> Task:
    """The stage's task on that store."""
    table = labelled_table(size.train + size.val)
    parts = (store.rows.labelled(part) for part in (table[: size.train], table[size.train :]))
    budget = shipped_budget({"embeddings": {"epochs": size.epochs, "patience": size.epochs}})
    frames: Any = None  # methods on embeddings look at no frame
    return Task(frames, store, *parts, encoder, budget, seed=0, scratch=scratch)


def train(method: EmbeddingMethod, task: Task, settings: Any, judge: LogOdds) -> None:
    """As the stage does, once the encoder is read."""
    run = replace(task, scratch=Path(tempfile.mkdtemp(dir=task.scratch)))
    options: dict[str, Any] = {"settled": method.settled, "rows_at_once": method.rows_at_once}
    train_on_embeddings(judge, run, settings.learning_rate, **options, label=method.name)


def train_bare(task: Task, settings: Any, judge: LogOdds) -> None:
    """Shuffle, forward, backward, step."""
    judge.train()
    device = next(judge.parameters()).device
    moved = [p for p in judge.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moved, lr=settings.learning_rate)
    features = torch.from_numpy(task.embeddings.read(task.train.rows)).to(device)
    labels = torch.from_numpy(task.train.labels).float().to(device)
    for _ in range(task.budget.embeddings.epochs):
        for part in torch.randperm(len(features), device=device).split(task.budget.embeddings.batch_size):
            logits = judge(features[part])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[part])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
