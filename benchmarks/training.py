"""Training on pixels: steps against the bare model's, the last blocks with and without a cache, epochs.

`python -m benchmarks.training` prints ratios taken in one run, the sides in turn, medians of their times:

1. Every method of clipforensics/detectors that reads pixels: a step of the trainer, frames read from the
   store, against forward, backward and optimiser step of the same model on ready pixels in a plain loop.
2. Fine-tuning of the last 2 of 12 blocks: an epoch (training and validation, as the trainer runs it) from
   cached activations against one from pixels; and after how many epochs filling the cache has paid. The tower
   has ViT-B/32's depth, tokens and proportions at a quarter of its width; `python -m benchmarks.training
   vit_b_32` takes the true size.
3. LoRA: an epoch of ours against the usual one, which reads frames (PNG, 640x480, as the frame package has
   them) through CLIPImageProcessor in a DataLoader. The encoder has the size of the sample's tiny CLIP: the
   larger the encoder, the less the way pictures come in matters on a CPU.

The number of threads is OMP_NUM_THREADS.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.clock import alternate, show
from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.adaptation.pixel_training import make_trainer
from clipforensics.encoder.vision import Preprocessing, load_vision_tower
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from clipforensics.training.task import Task
from clipforensics.training.trainer import Trainer
from tests.support.stores import labelled_table, noise_videos, write_frame_store
from tests.support.training_tasks import shipped_budget, shipped_settings

STEP_FLOOR, CACHE_FLOOR, EPOCH_FLOOR = 0.9, 3.0, 3.0
CLIP_MEAN, CLIP_STD = (0.481, 0.458, 0.408), (0.269, 0.261, 0.276)
TINY = {
    "hidden_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": 64,
    "patch_size": 8,
}
QUARTER = {
    "hidden_size": 192,
    "num_hidden_layers": 12,
    "num_attention_heads": 3,
    "image_size": 56,
    "patch_size": 8,
}
VIT_B_32 = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "image_size": 224}
N_TRAIN, N_VAL, N_FRAMES = 34, 4, 8
"""Videos, in the proportion of the sample's default split, and frames of each."""


@dataclasses.dataclass(frozen=True)
class Bench:
    """A random tower and a frame store of its size.

    Attributes:
        folder: Holds both, and room for scratch folders.
        frames: Noise, N_TRAIN videos to train on and N_VAL to choose on.
        preprocessing: Of the frames.
    """

    folder: Path
    frames: FrameStore
    preprocessing: Preprocessing

    @classmethod
    @contextmanager
    def make(cls, sizes: Mapping[str, int]) -> "Iterator[Bench]":
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as text:
            folder, size = Path(text), sizes["image_size"]
            config = CLIPVisionConfig(**sizes, intermediate_size=4 * sizes["hidden_size"])
            CLIPVisionModelWithProjection(config).save_pretrained(folder / "tower")
            videos = noise_videos(N_TRAIN + N_VAL, frames=N_FRAMES, size=size)
            frames = write_frame_store(folder / "frames", videos)
            yield cls(folder, frames, Preprocessing(size, CLIP_MEAN, CLIP_STD))

    def task(self, scratch: str, **pixels: Any) -> Task:
        """Training with the shipped budget but for these changes in `train.pixels`; one epoch."""
        table = labelled_table(N_TRAIN + N_VAL)
        train, val = (self.frames.rows.labelled(part) for part in (table[:N_TRAIN], table[N_TRAIN:]))
        (self.folder / scratch).mkdir(exist_ok=True)
        budget = shipped_budget({"pixels": {"epochs": 1, "patience": 1, "precision": "float32", **pixels}})
        encoder = {"model": str(self.folder / "tower"), "revision": "local", "embedding": "projected"}
        store: Any = None  # methods on pixels never look at embeddings
        return Task(self.frames, store, train, val, encoder, budget, 0, self.folder / scratch)

    def model(self, name: str, **changes: Any) -> AdaptedEncoder:
        tower = load_vision_tower(str(self.folder / "tower"), "local")
        method: Any = find_detector(name)
        settings = shipped_settings(name, **changes)
        model: AdaptedEncoder = method.adapt(tower, settings, embedding="projected", seed=0)
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


def main() -> None:
    """Print all ratios, or with an argument those of the true size."""
    print(f"{torch.get_num_threads()} threads, {choose_device()}", flush=True)
    if sys.argv[1:] == ["vit_b_32"]:
        with Bench.make(VIT_B_32) as bench:
            compare_cache(bench, "ViT-B/32", repeats=1)
        return
    with Bench.make(TINY) as bench:
        for name in known_detectors():
            if find_detector(name).reads == "pixels":
                compare_steps(bench, name)
        compare_epochs(bench)
    with Bench.make(QUARTER) as bench:
        compare_cache(bench, "a quarter of ViT-B/32's width", repeats=5)


def compare_steps(bench: Bench, name: str, *, n_steps: int = 3, repeats: int = 9) -> None:
    """A method's step: ours against the bare one."""
    task = bench.task(f"steps-{name}", cache_activations=False)
    trainer, _ = bench.trainer(name, task)
    trainer.model.train()
    size, draw = task.budget.pixels.batch_size, trainer.draw(0)
    parts = [draw.part(start, start + size) for start in range(0, n_steps * size, size)]
    bare, device = Bare(bench.model(name)), choose_device()
    pixels = bench.preprocessing.pixels(bench.frames.read(draw.rows[:size]), device)
    targets = torch.from_numpy(draw.labels[:size]).float().to(device)

    def ours() -> None:
        for number, part in enumerate(parts):
            trainer.step(part, epoch=0, number=number, factor=1.0)

    def theirs() -> None:
        for _ in parts:
            bare.step(pixels, targets)

    times = alternate({"ours": ours, "bare": theirs}, repeats=repeats)
    print(f"{name}: {n_steps * size / times['ours']:.0f} frames/s in training steps")
    show(f"{name}, our step / bare step", times["bare"] / times["ours"], STEP_FLOOR)


def compare_cache(bench: Bench, what: str, *, repeats: int) -> None:
    """The last two blocks: an epoch from cached activations against one from pixels."""
    sides = {kept: bench.task(f"cache-{kept}", cache_activations=kept) for kept in (True, False)}
    _, spent = bench.trainer("last_blocks", sides[True])
    trainers: dict[bool, Trainer] = {}

    def prepare(kept: bool) -> None:
        trainers[kept] = bench.trainer("last_blocks", sides[kept])[0]

    epochs = {kept: lambda kept=kept: trainers[kept].fit() for kept in sides}
    times = alternate(epochs, repeats=repeats, prepare=prepare)
    print(f"last_blocks, {what}: epoch {times[False]:.2f} s from pixels, {times[True]:.2f} s from the cache")
    show("epoch from cached activations / from pixels", times[False] / times[True], CACHE_FLOOR)
    saved = times[False] - times[True]
    print(f"  the cache took {spent:.2f} s; it has paid after {spent / saved:.1f} epochs", flush=True)


class Pictures(torch.utils.data.Dataset):
    """Picture files through the encoder's own processor: the usual way."""

    def __init__(self, files: list[Path], labels: np.ndarray, size: int) -> None:
        self.files, self.labels = files, labels
        self.processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=size)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, item: int) -> tuple[torch.Tensor, float]:
        with Image.open(self.files[item]) as picture:
            pixels = self.processor(images=picture.convert("RGB"), return_tensors="pt")["pixel_values"][0]
        return pixels, float(self.labels[item])


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
    device, options = choose_device(), {"batch_size": batch_size, "num_workers": 2}
    bare.model.train()
    for pixels, targets in torch.utils.data.DataLoader(train, shuffle=True, **options):
        bare.step(pixels.to(device), targets.float().to(device))
    bare.model.eval()
    with torch.inference_mode():
        for pixels, _ in torch.utils.data.DataLoader(val, **options):
            bare.model(pixels.to(device))


def compare_epochs(bench: Bench) -> None:
    """LoRA's epoch as the stage runs it, training, validation and checkpoint, against the usual one."""
    task = bench.task("epochs")
    size = task.budget.pixels.batch_size
    n_train, n_val = len(bench.trainer("lora", task)[0].draw(0)), len(task.val.rows)
    files = write_pictures(bench.folder / "pictures", n_train + n_val)
    labels = np.arange(len(files)) % 2
    train, val = (
        Pictures(files[part], labels[part], bench.frames.size)
        for part in (slice(0, n_train), slice(n_train, None))
    )
    bare = Bare(bench.model("lora"))

    def ours() -> None:
        bench.trainer("lora", task)[0].fit()

    sides = {"ours": ours, "usual": partial(usual_epoch, bare, train, val, size)}
    times = alternate(sides, repeats=5)
    show("our epoch / epoch from picture files", times["usual"] / times["ours"], EPOCH_FLOOR)


if __name__ == "__main__":
    main()
