"""The stage `robustness` against bare encoder forwards on the same frames, in as many threads.

Ours is what the stage does after loading: read, degrade, embed, score by the probe and by LoRA. On the other
side stand two forwards of the bare encoder for every frame, the least that a probe and an adapted encoder
can cost.
"""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import CLIPVisionModelWithProjection

from benchmarks.material import SAMPLE_CLIP, TOY, Shape, write_clip
from benchmarks.table import Row, compare, timed
from clipforensics.adaptation.contract import find_detector
from clipforensics.alterations.degradations import DEGRADATIONS
from clipforensics.core.fitting import Fitting
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.vision import embedding_width, load_vision_tower
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from clipforensics.machine.kept import Kept
from clipforensics.machine.workers import n_workers
from clipforensics.robustness import scoring
from clipforensics.training.task import Task
from tests.support.stores import labelled_table, noise_videos, write_frame_store
from tests.support.training_tasks import shipped_budget, shipped_settings

DETECTORS = ("baseline", "lora")
STRENGTH = 3


@dataclass(frozen=True)
class Size:
    """Videos, frames of each, frames at a time, the encoder."""

    videos: int
    frames: int
    batch: int
    shape: Shape
    rounds: int


FULL = Size(videos=32, frames=8, batch=32, shape=SAMPLE_CLIP, rounds=3)
TINY = Size(videos=8, frames=2, batch=4, shape=TOY, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """One row a degradation at its middle strength, and one for frames as they are."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        about = write_clip(folder / "clip", size.shape)
        side = size.shape["image_size"]
        frames = write_frame_store(
            folder / "frames", noise_videos(size.videos, frames=size.frames, size=side)
        )
        embed = scoring.frozen_encoder(**about, precision="float32", fitting=Fitting(side))
        saved = train_detectors(folder, about, frames, embed)
        tower = load_vision_tower(about["model"], about["revision"], choose_device())
        pixels = torch.randn(size.batch, 3, side, side, device=tower.device)
        bare = timed(partial(forward_bare, tower, pixels, 2 * len(frames) // size.batch))
        with scoring.open_detectors(saved) as scorers:
            for condition in (scoring.UNDEGRADED, *((name, STRENGTH) for name in DEGRADATIONS)):
                yield compare(
                    f"score degraded frames by two detectors, {condition[0]} / bare forwards",
                    timed(partial(score_all, condition, scorers, frames, embed, size)),
                    bare,
                    rounds=size.rounds,
                    goal=0.7,
                    work=len(frames),
                    unit="frames/s",
                )


def train_detectors(
    folder: Path, about: dict[str, str], frames: FrameStore, embed: scoring.Embed
) -> dict[str, Path]:
    """A probe and LoRA, trained for one epoch as the stage trains them; the folders they lie in."""
    tower = load_vision_tower(about["model"], about["revision"])
    options = {"width": embedding_width(tower, "projected"), "batch_size": 64, "meta": {}}
    embed_frames(frames, embed, folder / "embeddings", kept=Kept(folder / "kept", ""), **options)
    half = len(table := labelled_table(len(frames) // frames.n_frames)) // 2
    train, val = (frames.rows.labelled(part) for part in (table[:half], table[half:]))
    store, budget = EmbeddingStore(folder / "embeddings"), shipped_budget({"pixels": {"epochs": 1}})
    task = Task(frames, store, train, val, about, budget, seed=0, scratch=folder)
    for name in DETECTORS:
        scratch = folder / f"scratch-{name}"
        scratch.mkdir()
        with redirect_stdout(sys.stderr):  # what it says is no line of the table
            find_detector(name).fit(replace(task, scratch=scratch), shipped_settings(name), folder / name)
    return {name: folder / name for name in DETECTORS}


def score_all(
    condition: scoring.Condition,
    scorers: dict[str, scoring.Scorer],
    frames: FrameStore,
    embed: scoring.Embed,
    size: Size,
) -> None:
    """What the stage does for one condition once everything is loaded."""
    table = labelled_table(size.videos).assign(group=np.arange(size.videos))
    material = scoring.choose_material(frames.rows, table, "FaceSwap", frames_per_video=size.frames)
    settings: dict[str, Any] = {"batch_size": size.batch, "seed": 0, "workers": n_workers()}
    with tempfile.TemporaryDirectory() as text:
        settings["scratch"] = Path(text)
        scoring.score_conditions(material, [condition], scorers, frames=frames, embed=embed, **settings)


def forward_bare(tower: CLIPVisionModelWithProjection, pixels: torch.Tensor, n: int) -> None:
    """The encoder alone, n batches, spread over as many threads."""

    @torch.inference_mode()
    def forward(_: int) -> None:
        tower(pixel_values=pixels).image_embeds.cpu()

    with ThreadPoolExecutor(n_workers(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(forward, range(n)))
