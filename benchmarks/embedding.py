"""`embed` against the bare encoder's forward passes, same batch and dtype."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPVisionModelWithProjection

from benchmarks.material import SAMPLE_CLIP, TOY, VIT_B_32, Shape, write_clip
from benchmarks.table import Row, compare, timed
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.vision import Preprocessing, embed_pixels, load_preprocessing, load_vision_tower
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from clipforensics.machine.kept import Kept
from tests.support.stores import noise_videos, write_frame_store


@dataclass(frozen=True)
class Load:
    """How much to embed, with which encoder."""

    name: str
    shape: Shape
    videos: int
    frames: int
    batch: int
    rounds: int


FULL = (
    Load("the sample's CLIP", SAMPLE_CLIP, videos=32, frames=32, batch=64, rounds=7),
    Load("ViT-B/32", VIT_B_32, videos=4, frames=8, batch=32, rounds=3),
)
TINY = (Load("a toy", TOY, videos=2, frames=4, batch=4, rounds=1),)


def rows(size: tuple[Load, ...]) -> Iterator[Row]:
    """One row an encoder."""
    device = choose_device()
    for load in size:
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            frames, tower, preprocessing = prepare(folder, load)
            pixels = preprocessing.pixels(frames.read(np.arange(load.batch)), device)
            yield compare(
                f"embed / forward passes of {load.name}",
                timed(partial(embed_store, frames, tower, preprocessing, folder, load.batch)),
                timed(partial(forward_bare, tower, pixels, len(frames) // load.batch)),
                rounds=load.rounds,
                goal=0.95,
                work=len(frames),
                unit="frames/s",
            )


def prepare(folder: Path, load: Load) -> tuple[FrameStore, CLIPVisionModelWithProjection, Preprocessing]:
    """Frames of noise, and the encoder on its device."""
    about = write_clip(folder / "clip", load.shape)
    tower = load_vision_tower(about["model"], about["revision"], choose_device())
    videos = noise_videos(load.videos, frames=load.frames, size=tower.config.image_size)
    frames = write_frame_store(folder / "frames", videos, per_shard=16)
    return frames, tower, load_preprocessing(about["model"], about["revision"], fitting=frames.fitting)


def embed_store(
    frames: FrameStore,
    tower: CLIPVisionModelWithProjection,
    preprocessing: Preprocessing,
    folder: Path,
    batch: int,
) -> None:
    """What the stage `embed` does after loading: read, standardise, forward, write."""

    @torch.inference_mode()
    def embed(rows: np.ndarray) -> np.ndarray:
        pixels = preprocessing.pixels(rows, tower.device)
        return embed_pixels(tower, pixels, "projected").float().cpu().numpy()

    shutil.rmtree(folder / "kept", ignore_errors=True)  # nothing is known
    width = tower.config.projection_dim
    kept = Kept(folder / "kept", "")
    embed_frames(frames, embed, folder / "out", width=width, batch_size=batch, kept=kept, meta={})


@torch.inference_mode()
def forward_bare(tower: CLIPVisionModelWithProjection, pixels: torch.Tensor, n: int) -> None:
    """The encoder alone, n times, on one batch of pixels that is already there."""
    for _ in range(n):
        tower(pixel_values=pixels).image_embeds.cpu()
