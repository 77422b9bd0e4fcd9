"""How much of a card's matrix-product rate the encoder and a LoRA step reach, ViT-B/32 and ViT-L/14.

The floor is a large product of two square matrices in the same dtype, in turn with frames through the frozen
encoder as `embed` runs it, and with training steps of LoRA as `train` runs them, from uint8 frames in memory.
Both are counted in operations that the work needs (multiply and add are two) a second. FULL needs a GPU; TINY
runs anywhere, which shows that the script works and says nothing of a card.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.material import TOY, VIT_B_32, Shape
from benchmarks.table import Row, Side, Skipped, compare, timed
from clipforensics.adaptation.pixel_training import compile_blocks
from clipforensics.core.fitting import Fitting
from clipforensics.detectors import lora
from clipforensics.encoder.vision import Preprocessing, embed_pixels
from clipforensics.machine.devices import choose_device, choose_dtype
from clipforensics.training.sampling import Draw
from clipforensics.training.schedule import Schedule
from clipforensics.training.trainer import Trainer
from clipforensics.training.validation import Validation
from tests.support.training_tasks import shipped_settings

CLIP_MEAN, CLIP_STD = (0.481, 0.458, 0.408), (0.269, 0.261, 0.276)
VIT_L_14: Shape = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "patch_size": 14,
    "projection_dim": 768,
}


@dataclass(frozen=True)
class Size:
    """Encoders with the frames of a batch, the side of the square matrices, whether to compile too."""

    encoders: tuple[tuple[str, Shape, int], ...]
    side: int
    rounds: int
    compiled: tuple[bool, ...]
    on_card: bool


FULL = Size((("ViT-B/32", VIT_B_32, 512), ("ViT-L/14", VIT_L_14, 256)), 8192, 10, (False, True), True)
TINY = Size((("a toy", TOY, 4),), 64, 1, (False,), False)


def rows(size: Size) -> Iterator[Row]:
    """The encoder and LoRA's steps, of every size.

    Raises:
        Skipped: FULL without a GPU.
    """
    device = choose_device()
    if size.on_card and device.type != "cuda":
        raise Skipped("needs a GPU (CUDA), and there is none here")
    dtype = choose_dtype("auto", device)
    a, b = (torch.randn(size.side, size.side, device=device, dtype=dtype) for _ in range(2))
    products = waited(lambda: a @ b)
    for name, shape, batch in size.encoders:
        forward = operations(CLIPVisionConfig(**shape)) * batch
        options = {"rounds": size.rounds, "unit": "T operations/s"}
        sides = encoding(shape, batch, dtype), scaled(products, forward / (2 * size.side**3))
        what = f"encode {batch} frames with {name} / matrix products"
        yield compare(what, *sides, goal=0.5, work=forward / 1e12, **options)
        for compiled in size.compiled:
            # forward, and backward through activations only: the frozen weights need no gradient
            sides = stepping(shape, batch, dtype, compiled=compiled), scaled(products, forward / size.side**3)
            what = f"{'compiled ' * compiled}LoRA step of {name} / matrix products"
            yield compare(what, *sides, goal=0.3, work=2 * forward / 1e12, **options)


def operations(config: CLIPVisionConfig) -> float:
    """Of one frame's forward pass: products of matrices only, a multiply and an add being two."""
    width, inner, patches = config.hidden_size, config.intermediate_size, patches_of(config)
    products = 4 * width**2 + 2 * width * inner  # q, k, v, out; fc1, fc2
    attention = 2 * (patches + 1) * width  # q k' and weights v, a token
    blocks = config.num_hidden_layers * (patches + 1) * (products + attention)
    ends = patches * 3 * config.patch_size**2 * width + width * config.projection_dim
    return 2.0 * (blocks + ends)


def patches_of(config: CLIPVisionConfig) -> int:
    """Patches of a frame; the class token comes on top."""
    return (config.image_size // config.patch_size) ** 2


def waited(run: Callable[[], object]) -> Side:
    """A side that ends when the card has done its work."""

    def once() -> None:
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return timed(once)


def scaled(side: Side, factor: float) -> Side:
    """The side's time as if it had done so many times its work."""
    return lambda: side() * factor


def make_tower(shape: Shape) -> CLIPVisionModelWithProjection:
    """An encoder with random weights."""
    return CLIPVisionModelWithProjection(CLIPVisionConfig(**shape)).eval().requires_grad_(False)


def make_frames(batch: int, side: int) -> tuple[np.ndarray, Preprocessing]:
    """Frames of noise (batch, side, side, 3), and how they are standardised."""
    frames = np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)
    return frames, Preprocessing(Fitting(side), CLIP_MEAN, CLIP_STD)


def encoding(shape: Shape, batch: int, dtype: torch.dtype) -> Side:
    """A batch through the frozen encoder, from uint8."""
    device = choose_device()
    tower = make_tower(shape).to(device)
    frames, preprocessing = make_frames(batch, tower.config.image_size)

    @torch.inference_mode()
    def run() -> torch.Tensor:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            return embed_pixels(tower, preprocessing.pixels(frames, device), "projected")

    return waited(run)


def stepping(shape: Shape, batch: int, dtype: torch.dtype, *, compiled: bool) -> Side:
    """A training step of LoRA, from uint8."""
    device, tower = choose_device(), make_tower(shape)
    frames, preprocessing = make_frames(batch, tower.config.image_size)
    model = (
        lora.DETECTOR.adapt(tower, shipped_settings("lora"), embedding="projected", seed=0).to(device).train()
    )
    if compiled:
        compile_blocks(model)
    n = np.arange(batch)
    draw = Draw(n, n % 2, np.zeros(batch, dtype=bool), np.zeros(batch, np.int64))
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
    return waited(partial(trainer.step, draw, epoch=0, number=0, factor=1.0))
