"""One more video among many: what ingest, extraction and embedding cost beside two videos from nothing.

All that was done for the others is kept (`machine.kept`). Seconds of the work itself, in one process: a stage
adds its start to both sides.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.material import SAMPLE_CLIP, TOY, Shape, write_clip
from benchmarks.table import Row, make_row
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video
from clipforensics.crops.extraction import extract_frames
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.vision import frame_embedder, load_preprocessing, load_vision_tower
from clipforensics.footage.probing import probe_videos
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept
from clipforensics.machine.workers import n_workers
from tests.support.clips import make_clip

FRAMES, ALLOWED = 8, 3.0
"""Frames a video; seconds beyond the cost of two videos that one more among many may take."""


@dataclass(frozen=True)
class Size:
    """How many videos there are, their frames, and the encoder."""

    videos: int
    frames: int
    shape: Shape
    rounds: int


FULL = Size(videos=1000, frames=50, shape=SAMPLE_CLIP, rounds=2)
TINY = Size(videos=6, frames=8, shape=TOY, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """One more, and nothing new."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        write_clip(folder / "clip", size.shape)
        more = size.rounds + 1
        for number in range(size.videos + more):
            place = folder / f"clips/{number:05d}.mp4"
            make_clip(place, n_frames=size.frames, width=112, height=112, seed=number)
        time.sleep(2.1)  # of files that were just written nothing is known by their time
        names = sorted(path.name for path in (folder / "clips").iterdir())
        run(folder, names[: size.videos], "kept")
        added, again = [], []
        for number in range(1, more):
            two = run(folder, names[:2], f"nothing-{number}")
            added.append((run(folder, names[: size.videos + number], "kept"), two + ALLOWED))
            again.append((run(folder, names[: size.videos + number], "kept"), ALLOWED))
    what = f"one more video to {size.videos} / two from nothing, plus {ALLOWED:g} s"
    yield make_row(what, added, goal=1.0)
    yield make_row(f"nothing new at {size.videos} videos / {ALLOWED:g} s", again, goal=1.0)


def run(folder: Path, names: Sequence[str], kept: str) -> float:
    """Seconds that ingest, extraction and embedding take of these files."""
    tower = load_vision_tower(str(folder / "clip"), "local", torch.device("cpu"))
    preprocessing = load_preprocessing(str(folder / "clip"), "local", fitting=None)
    found = [Video("set", "X", "", Path(name).stem, "", "", 1, "", "", name) for name in names]
    begin = time.perf_counter()
    work = {name: Kept(folder / kept / name, "") for name in ("probe", "extract", "embed")}
    videos, _ = probe_videos(found, folder / "clips", workers=n_workers(), kept=work["probe"])
    options = {"n_frames": FRAMES, "fitting": Fitting(preprocessing.size), "shard_frames": 1024}
    options |= {"workers": n_workers(), "scratch": folder / "scratch", "kept": work["extract"]}
    extract_frames(videos, {"set": folder / "clips"}, folder / "frames", max_skipped=0.0, **options)
    frames = FrameStore.open(folder / "frames")
    embed = frame_embedder(tower, preprocessing, "projected", device=tower.device, dtype=torch.float32)
    how = {"width": tower.config.projection_dim, "batch_size": 64, "meta": {}}
    embed_frames(frames, embed, folder / "embeddings", kept=work["embed"], **how)
    return time.perf_counter() - begin
