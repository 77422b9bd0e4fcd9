"""LoRA training against the bare model's step, and against training from picture files.

`python -m benchmarks.training` prints ratios taken in one run. The usual way reads each epoch's
frames from PNG files (640x480, as the frame package has them) through CLIPImageProcessor in a
DataLoader. The encoder has the size of the sample's tiny CLIP: the larger the encoder, the less
the way pictures come in matters on a CPU.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.clock import alternate, show
from clipforensics.detectors import lora
from clipforensics.devices import choose_device
from clipforensics.encoder import Preprocessing
from clipforensics.frames import FrameStore
from clipforensics.training import Schedule, Trainer
from tests.stores import noise_videos, write_frame_store

STEP_FLOOR, EPOCH_FLOOR = 0.95, 3.0
SIZE, BATCH, N_VIDEOS, N_FRAMES = 64, 32, 16, 16
CLIP_MEAN, CLIP_STD = (0.481, 0.458, 0.408), (0.269, 0.261, 0.276)


def build() -> lora.LoraDetector:
    """LoRA on a random tower of the sample's size."""
    config = CLIPVisionConfig(
        hidden_size=96,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=SIZE,
        patch_size=8,
        projection_dim=64,
    )
    tower = CLIPVisionModelWithProjection(config).requires_grad_(False)
    options = {"r": 8, "alpha": 16.0, "dropout": 0.05, "target_modules": ["q_proj", "k_proj"]}
    return lora.build(tower, **options, embedding="projected", seed=0).to(choose_device())


def make_trainer(frames: FrameStore, folder: Path) -> Trainer:
    """The trainer as the stage sets it up, without validation."""
    preprocessing = Preprocessing(SIZE, CLIP_MEAN, CLIP_STD)
    return Trainer(
        build(),
        head="head.",
        pixels=lambda rows: preprocessing.pixels(frames.read(rows), choose_device()),
        validate=lambda: (0.5, 0.5),
        schedule=Schedule(
            epochs=1,
            patience=1,
            batch_size=BATCH,
            frames_per_video=N_FRAMES,
            learning_rate=1e-3,
            head_learning_rate=1e-2,
            weight_decay=0.01,
            warmup_fraction=0.1,
            seed=0,
        ),
        weights=(1.0, 1.0),
        dtype=torch.float32,
        state=folder / "state",
    )


class Bare:
    """The same model in a plain loop: forward, backward, step."""

    def __init__(self) -> None:
        self.model = build().train()
        self.optimizer = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=1e-3)

    def step(self, pixels: torch.Tensor, targets: torch.Tensor) -> None:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(self.model(pixels), targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


class Pictures(torch.utils.data.Dataset):
    """Picture files through the encoder's own processor: the usual way."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files
        self.processor = CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=SIZE)

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


def usual_epoch(bare: Bare, files: list[Path]) -> None:
    """One epoch from picture files, two loading processes."""
    loader = torch.utils.data.DataLoader(Pictures(files), batch_size=BATCH, shuffle=True, num_workers=2)
    for pixels, targets in loader:
        bare.step(pixels.to(choose_device()), targets.float().to(choose_device()))


def our_steps(trainer: Trainer, rows: np.ndarray, targets: torch.Tensor) -> None:
    trainer.model.train()
    for start in range(0, len(rows), BATCH):
        trainer.step(rows[start : start + BATCH], targets[start : start + BATCH], 1.0)


def our_epoch(frames: FrameStore, folder: Path, spans: list[np.ndarray], labels: np.ndarray) -> None:
    """One epoch as the stage runs it: building the model, draw, steps, checkpoint; no validation."""
    (folder / "state").unlink(missing_ok=True)
    make_trainer(frames, folder).fit(spans, labels)


def bare_steps(bare: Bare, pixels: torch.Tensor, targets: torch.Tensor, n: int) -> None:
    for _ in range(n):
        bare.step(pixels, targets)


def main() -> None:
    """Print both ratios."""
    device = choose_device()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        frames = write_frame_store(folder / "frames", noise_videos(N_VIDEOS, frames=N_FRAMES, size=SIZE))
        trainer, bare = make_trainer(frames, folder), Bare()
        rows = np.random.default_rng(0).permutation(len(frames))
        targets = torch.from_numpy(rows % 2).float().to(device)
        pixels = torch.randn(BATCH, 3, SIZE, SIZE, device=device)
        ours = partial(our_steps, trainer, rows, targets)
        steps = partial(bare_steps, bare, pixels, targets[:BATCH], len(rows) // BATCH)
        times = alternate({"ours": ours, "bare": steps}, repeats=15)
        print(f"{BATCH * len(rows) // BATCH / times['ours']:.0f} frames/s in training steps")
        show("our step / bare peft step", times["bare"] / times["ours"], STEP_FLOOR)
        files = write_pictures(folder / "pictures", len(rows))
        spans = [frames.rows.span(key) for key in frames.rows.videos]
        labels = np.arange(len(spans)) % 2
        epoch = partial(our_epoch, frames, folder, spans, labels)
        times = alternate({"ours": epoch, "usual": partial(usual_epoch, bare, files)}, repeats=3)
        show("our epoch / epoch from picture files", times["usual"] / times["ours"], EPOCH_FLOOR)


if __name__ == "__main__":
    main()
