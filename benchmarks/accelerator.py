"""How much of a card's matrix-product rate the encoder and a LoRA step reach, ViT-B/32 and ViT-L/14.

`python -m benchmarks.accelerator` measures the card's own rate first (a large product of two square matrices
in the same dtype), then frames a second through the frozen encoder as `embed` runs it, and through training
steps of LoRA as `train` runs them, from uint8 frames in memory. A ratio is the operations that the work needs
(multiply and add are two) over what the card does in that time. Weights are random: they change no time.
On a CPU it runs the same in float32 with smaller batches, which shows that the script works, not a card.

The line of a card goes into benchmarks/RESULTS.md, with date and command.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.clock import show
from clipforensics.adaptation.pixel_training import compile_blocks
from clipforensics.detectors import lora
from clipforensics.encoder.vision import Preprocessing, embed_pixels
from clipforensics.machine.devices import choose_device, choose_dtype
from clipforensics.training.sampling import Draw
from clipforensics.training.trainer import Schedule, Trainer
from clipforensics.training.validation import Validation
from tests.support.training_tasks import shipped_settings

ENCODER_FLOOR, STEP_FLOOR = 0.5, 0.3
CLIP_MEAN, CLIP_STD = (0.481, 0.458, 0.408), (0.269, 0.261, 0.276)
SIZE = 224


@dataclass(frozen=True)
class Shape:
    """Sizes of a vision tower."""

    patch: int
    width: int
    blocks: int
    heads: int
    projection: int

    @property
    def tokens(self) -> int:
        return (SIZE // self.patch) ** 2 + 1

    def operations(self) -> float:
        """Of one frame's forward pass: products of matrices only, a multiply and an add being two."""
        products = 4 * self.width**2 + 2 * self.width * 4 * self.width  # q, k, v, out; fc1, fc2
        attention = 2 * self.tokens * self.width  # q k' and weights v, a token
        patches = (self.tokens - 1) * 3 * self.patch**2 * self.width
        return 2.0 * (
            self.blocks * self.tokens * (products + attention) + patches + self.width * self.projection
        )

    def tower(self) -> CLIPVisionModelWithProjection:
        config = CLIPVisionConfig(
            hidden_size=self.width,
            intermediate_size=4 * self.width,
            num_hidden_layers=self.blocks,
            num_attention_heads=self.heads,
            image_size=SIZE,
            patch_size=self.patch,
            projection_dim=self.projection,
        )
        return CLIPVisionModelWithProjection(config).eval().requires_grad_(False)


SHAPES = {"ViT-B/32": Shape(32, 768, 12, 12, 512), "ViT-L/14": Shape(14, 1024, 24, 16, 768)}


def seconds(run: Callable[[], object], *, repeats: int) -> float:
    """Median seconds of a call, the device waited for; two unmeasured ones first."""
    times = []
    for number in range(repeats + 2):
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if number > 1:
            times.append(time.perf_counter() - start)
    return float(np.median(times))


def product_rate(n: int, dtype: torch.dtype, repeats: int) -> float:
    """Operations a second of an n x n by n x n product."""
    a, b = (torch.randn(n, n, device=choose_device(), dtype=dtype) for _ in range(2))
    return 2 * n**3 / seconds(lambda: a @ b, repeats=repeats)


def encoder_rate(shape: Shape, batch: int, dtype: torch.dtype, repeats: int) -> float:
    """Frames a second through the frozen encoder, from uint8."""
    device = choose_device()
    tower = shape.tower().to(device)
    preprocessing = Preprocessing(SIZE, CLIP_MEAN, CLIP_STD)
    frames = np.random.default_rng(0).integers(0, 256, (batch, SIZE, SIZE, 3), dtype=np.uint8)

    @torch.inference_mode()
    def run() -> torch.Tensor:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            return embed_pixels(tower, preprocessing.pixels(frames, device), "projected")

    return batch / seconds(run, repeats=repeats)


def step_rate(shape: Shape, batch: int, dtype: torch.dtype, repeats: int, *, compiled: bool) -> float:
    """Frames a second through LoRA's training steps, from uint8."""
    device = choose_device()
    settings = shipped_settings("lora")
    model = lora.DETECTOR.adapt(shape.tower(), settings, embedding="projected", seed=0).to(device).train()
    if compiled:
        compile_blocks(model)
    preprocessing = Preprocessing(SIZE, CLIP_MEAN, CLIP_STD)
    frames = np.random.default_rng(0).integers(0, 256, (batch, SIZE, SIZE, 3), dtype=np.uint8)
    draw = Draw(
        np.arange(batch), np.arange(batch) % 2, np.zeros(batch, dtype=bool), np.zeros(batch, np.int64)
    )
    rates = {"learning_rate": 1e-4, "head_learning_rate": 1e-3, "weight_decay": 0.01, "warmup_fraction": 0.0}
    trainer = Trainer(
        model,
        head="head.",
        draw=lambda epoch: draw,
        inputs=lambda part, epoch: preprocessing.pixels(frames[part.rows], device),
        score=lambda: np.zeros(2),
        validation=Validation(np.array([0, 1]), np.array([0, 1])),
        schedule=Schedule(epochs=1, patience=1, batch_size=batch, micro_batch_size=batch, seed=0, **rates),
        weights=(1.0, 1.0),
        dtype=dtype,
        state=None,  # type: ignore[arg-type]  # nothing is stored between steps
    )
    return batch / seconds(lambda: trainer.step(draw, epoch=0, number=0, factor=1.0), repeats=repeats)


def main() -> None:
    """Print the card's rate, frames a second and the ratios."""
    device = choose_device()
    on_card, dtype = device.type == "cuda", choose_dtype("auto", device)
    name = torch.cuda.get_device_name(device) if on_card else f"CPU, {torch.get_num_threads()} threads"
    rate = product_rate(8192 if on_card else 1024, dtype, 20 if on_card else 3)
    print(f"{name}, torch {torch.__version__}: {rate / 1e12:.2f} T operations/s in {dtype}")
    for title, shape in SHAPES.items():
        batch, repeats = (512 if shape.width < 1000 else 256, 10) if on_card else (4, 1)
        needed = shape.operations()
        frames = encoder_rate(shape, batch, dtype, repeats)
        print(f"{title}: {frames:,.0f} frames/s encoded")
        show(f"{title} encoder / matrix products", frames * needed / rate, ENCODER_FLOOR)
        for compiled in (False, True) if on_card else (False,):
            frames = step_rate(shape, batch // 2, dtype, repeats, compiled=compiled)
            how = "LoRA step, compiled" if compiled else "LoRA step"
            print(f"{title}: {frames:,.0f} frames/s in the {how}")
            # forward, and backward through activations only: the frozen weights need no gradient
            show(f"{title} {how} / matrix products", frames * 2 * needed / rate, STEP_FLOOR)


if __name__ == "__main__":
    main()
