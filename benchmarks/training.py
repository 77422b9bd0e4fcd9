"""Training on pixels: steps against the bare model's, the last blocks with and without a cache, epochs.

1. Every method of clipforensics/detectors that reads pixels: a step of the trainer, frames read from the
   store, against forward, backward and optimiser step of the same model on ready pixels in a plain loop.
2. LoRA: an epoch of ours against the usual one, which reads frames (PNG, 640x480, as the frame package has
   them) through CLIPImageProcessor in a DataLoader. The encoder has the size of the sample's tiny CLIP: the
   larger the encoder, the less the way pictures come in matters on a CPU.
3. Fine-tuning of the last 2 of 12 blocks: an epoch (training and validation, as the trainer runs it) from
   cached activations against one from pixels, and what filling the cache takes against what it saves in an
   epoch. The tower has ViT-B/32's depth, tokens and proportions at a quarter of its width.
"""

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil

from benchmarks.material import SAMPLE_CLIP, TOY, Shape, write_clip
from benchmarks.table import Row, compare, make_row, timed
from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.adaptation.pixel_training import make_trainer
from clipforensics.core.fitting import Fitting
from clipforensics.encoder.vision import Preprocessing, load_preprocessing, load_vision_tower
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from clipforensics.machine.workers import n_workers
from clipforensics.training.task import Task
from clipforensics.training.trainer import Trainer
from tests.support.stores import labelled_table, noise_videos, write_frame_store
from tests.support.training_tasks import shipped_budget, shipped_settings

DEEP: Shape = {
    "hidden_size": 192,
    "intermediate_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 3,
    "image_size": 56,
    "patch_size": 8,
    "projection_dim": 128,
}
"""ViT-B/32 at a quarter of its width: as deep, as many tokens."""


@dataclasses.dataclass(frozen=True)
class Size:
    """Videos to train and to choose on and frames of each; steps of a row; encoders; rounds."""

    train: int
    val: int
    frames: int
    steps: int
    shape: Shape
    deep: Shape
    rounds: int


FULL = Size(34, 4, frames=8, steps=3, shape=SAMPLE_CLIP, deep=DEEP, rounds=5)
"""Videos in the proportion of the sample's default split."""

TINY = Size(8, 4, frames=4, steps=1, shape=TOY, deep=TOY, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """Steps of every method, an epoch from picture files, an epoch without a cache."""
    with Bench.make(size, size.shape) as bench:
        for name in known_detectors():
            if find_detector(name).reads == "pixels":
                yield compare_steps(bench, name)
        yield compare_epochs(bench)
    with Bench.make(size, size.deep) as bench:
        yield from compare_cache(bench)


@dataclasses.dataclass(frozen=True)
class Bench:
    """A random encoder and a frame store of its size.

    Attributes:
        size: Of the benchmark.
        folder: Holds both, and room for scratch folders.
        encoder: As section `encoder` of params.yaml.
        frames: Noise, `size.train` videos to train on and `size.val` to choose on.
        preprocessing: Of the frames.
    """

    size: Size
    folder: Path
    encoder: dict[str, str]
    frames: FrameStore
    preprocessing: Preprocessing

    @classmethod
    @contextmanager
    def make(cls, size: Size, shape: Shape) -> "Iterator[Bench]":
        with tempfile.TemporaryDirectory() as text:
            folder, side = Path(text), shape["image_size"]
            about = write_clip(folder / "clip", shape)
            videos = noise_videos(size.train + size.val, frames=size.frames, size=side)
            frames = write_frame_store(folder / "frames", videos)
            preprocessing = load_preprocessing(about["model"], about["revision"], fitting=Fitting(side))
            yield cls(size, folder, about, frames, preprocessing)

    def task(self, scratch: str, **pixels: Any) -> Task:
        """Training with the shipped budget but for these changes in `train.pixels`; one epoch."""
        table, n = labelled_table(self.size.train + self.size.val), self.size.train
        train, val = (self.frames.rows.labelled(part) for part in (table[:n], table[n:]))
        (self.folder / scratch).mkdir(exist_ok=True)
        budget = shipped_budget({"pixels": {"epochs": 1, "patience": 1, "precision": "float32", **pixels}})
        store: Any = None  # methods on pixels never look at embeddings
        return Task(self.frames, store, train, val, self.encoder, budget, 0, self.folder / scratch)

    def model(self, name: str) -> AdaptedEncoder:
        tower = load_vision_tower(self.encoder["model"], self.encoder["revision"])
        method: Any = find_detector(name)
        model: AdaptedEncoder = method.adapt(tower, shipped_settings(name), embedding="projected", seed=0)
        return model.to(choose_device())

    def trainer(self, name: str, task: Task) -> tuple[Trainer, float]:
        """A fresh trainer as the stage has it, and the seconds that its cache took or had taken."""
        (task.scratch / "state").unlink(missing_ok=True)
        return make_trainer(self.model(name), task, shipped_settings(name), self.preprocessing, label=name)


class Bare:
    """The same model in a plain loop: forward, backward, step."""

    def __init__(self, model: AdaptedEncoder) -> None:
        self.model = model.train()
        self.optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)

    def step(self, pixels: torch.Tensor, targets: torch.Tensor) -> None:
        loss = self.model.objective(pixels, targets, torch.ones_like(targets))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


def compare_steps(bench: Bench, name: str) -> Row:
    """A method's step: ours against the bare one."""
    task = bench.task(f"steps-{name}", cache_activations=False)
    trainer, _ = bench.trainer(name, task)
    trainer.model.train()
    size, draw = task.budget.pixels.batch_size, trainer.draw(0)
    parts = [draw.part(start, start + size) for start in range(0, bench.size.steps * size, size)]
    bare, device = Bare(bench.model(name)), choose_device()
    pixels = bench.preprocessing.pixels(bench.frames.read(draw.rows[:size]), device)
    targets = torch.from_numpy(draw.labels[:size]).float().to(device)

    def ours() -> None:
        for number, part in enumerate(parts):
            trainer.step(part, epoch=0, number=number, factor=1.0)

    def theirs() -> None:
        for _ in parts:
            bare.step(pixels, targets)

    options = {"goal": 0.9, "work": size * len(parts), "unit": "frames/s"}
    what = f"step of {name} / the bare model's"
    return compare(what, timed(ours), timed(theirs), rounds=bench.size.rounds, **options)


def compare_epochs(bench: Bench) -> Row:
    """LoRA's epoch as the stage runs it, training, validation and checkpoint, against the usual one."""
    task = bench.task("epochs")
    batch, n_val = task.budget.pixels.batch_size, len(task.val.rows)
    n_train = len(bench.trainer("lora", task)[0].draw(0))
    files = write_pictures(bench.folder / "pictures", n_train + n_val)
    train, val = (Pictures(part, bench.frames.size) for part in (files[:n_train], files[n_train:]))
    usual = partial(usual_epoch, Bare(bench.model("lora")), train, val, batch)

    def ours() -> None:
        bench.trainer("lora", task)[0].fit()

    options = {"goal": 3, "work": n_train, "unit": "frames/s"}
    what = "epoch of lora / from picture files through a DataLoader"
    return compare(what, timed(ours), timed(usual), rounds=bench.size.rounds, **options)


def compare_cache(bench: Bench) -> Iterator[Row]:
    """The last two blocks: an epoch from cached activations against one from pixels."""
    kept, anew = (bench.task(f"cache-{kept}", cache_activations=kept) for kept in (True, False))
    _, filling = bench.trainer("last_blocks", kept)
    sides = (
        timed(lambda trainer: trainer.fit(), lambda task=task: bench.trainer("last_blocks", task)[0])
        for task in (kept, anew)
    )
    what = "epoch of last_blocks from cached activations / from pixels"
    row = compare(what, *sides, rounds=bench.size.rounds, goal=3)
    yield row
    if row.other > row.ours:
        spent = [(filling, row.other - row.ours)]
        yield make_row("filling that cache / what it saves in an epoch", spent, goal=None)


class Pictures(torch.utils.data.Dataset):
    """Picture files through the encoder's own processor: the usual way. Every other one is manipulated."""

    def __init__(self, files: list[Path], size: int) -> None:
        self.files = files
        self.processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=size)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, item: int) -> tuple[torch.Tensor, float]:
        with Image.open(self.files[item]) as picture:
            pixels = self.processor(images=picture.convert("RGB"), return_tensors="pt")["pixel_values"][0]
        return pixels, float(item % 2)


def write_pictures(folder: Path, n: int) -> list[Path]:
    """n PNG files of 640x480 with smooth content and a little noise, as video frames have."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(n):
        coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((640, 480), Image.Resampling.BICUBIC), dtype=np.int16)
        noisy = (smooth + rng.integers(-3, 4, smooth.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{number:03d}.png")
    return sorted(folder.iterdir())


def usual_epoch(bare: Bare, train: Pictures, val: Pictures, batch_size: int) -> None:
    """One epoch from picture files, two loading processes: training, then validation."""
    device, options = choose_device(), {"batch_size": batch_size, "num_workers": min(2, n_workers())}
    bare.model.train()
    for pixels, targets in torch.utils.data.DataLoader(train, shuffle=True, **options):
        bare.step(pixels.to(device), targets.float().to(device))
    bare.model.eval()
    with torch.inference_mode():
        for pixels, _ in torch.utils.data.DataLoader(val, **options):
            bare.model(pixels.to(device))
