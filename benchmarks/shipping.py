"""A detector scored by ONNX Runtime beside torch, in turn every round; how far apart they are is told."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.material import TOY, VIT_B_32, Shape, write_clip
from benchmarks.table import Row, Skipped, compare, timed
from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import load_preprocessing, load_vision_tower
from clipforensics.shipping.agreement import agreement, as_log_odds, made_up_pixels
from clipforensics.shipping.onnx_file import FILE, check_packages, export_onnx, open_onnx


@dataclass(frozen=True)
class Load:
    """Which tower, and how often eight frames go through it."""

    name: str
    shape: Shape
    batches: int
    rounds: int


FULL = (Load("ViT-B/32", VIT_B_32, batches=4, rounds=5),)
TINY = (Load("a toy", TOY, batches=1, rounds=1),)


def rows(size: tuple[Load, ...]) -> Iterator[Row]:
    """One row a tower: a linear head on it, with nothing left to fold.

    Raises:
        Skipped: no ONNX file can be made here.
    """
    try:
        check_packages()
    except InputError as reason:
        raise Skipped(str(reason)) from reason
    for load in size:
        with tempfile.TemporaryDirectory() as text:
            yield row(Path(text), load)


def row(folder: Path, load: Load) -> Row:
    """The two sides of one tower."""
    about = write_clip(folder / "clip", load.shape)
    tower = load_vision_tower(about["model"], about["revision"])
    pixels = made_up_pixels(load_preprocessing(about["model"], about["revision"], fitting=None))
    module = AdaptedEncoder(tower, "projected").eval()
    with torch.no_grad():
        module.head.weight.normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
    export_onnx(module, pixels, folder)
    ours, theirs = open_onnx(folder / FILE), as_log_odds(module)
    apart = agreement(ours, theirs(pixels), pixels).log_odds
    return compare(
        f"score frames with ONNX Runtime / torch, {load.name} ({apart:.0e} apart)",
        timed(lambda: [ours(pixels) for _ in range(load.batches)]),
        timed(lambda: [theirs(pixels) for _ in range(load.batches)]),
        rounds=load.rounds,
        goal=None,
        work=len(pixels) * load.batches,
        unit="frames/s",
    )
