"""One more video among many: what ingest, detection, extraction and embedding cost beside two from nothing.

Frames are embedded as they are and re-encoded, as a control wants them. All that was done for the others is
kept (`machine.kept`). Seconds of the work itself, in one process: a stage adds its start to both sides. Needs
YuNet's weights, as `faces` does.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.faces import find_detector_weights
from benchmarks.material import SAMPLE_CLIP, TOY, Shape, write_clip
from benchmarks.table import Row, make_row
from clipforensics.controls.view import AlteredFrames, find_view
from clipforensics.controls.views.reencoded import Settings
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video
from clipforensics.crops.extraction import extract_frames
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.vision import frame_embedder, load_preprocessing, load_vision_tower
from clipforensics.faces.finding import Looking, find_faces
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
    find_detector_weights()
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
    """Seconds that it takes to make embeddings of these files."""
    tower = load_vision_tower(str(folder / "clip"), "local", torch.device("cpu"))
    preprocessing = load_preprocessing(str(folder / "clip"), "local", fitting=None)
    found = [Video("set", "X", "", Path(name).stem, "", "", 1, "", "", name) for name in names]
    begin = time.perf_counter()
    work = {name: Kept(folder / kept / name, "") for name in ("probe", "find", "extract", "embed")}
    roots, options = {"set": folder / "clips"}, {"max_skipped": 0.0, "workers": n_workers()}
    videos, _ = probe_videos(found, roots["set"], workers=n_workers(), kept=work["probe"])
    looking = Looking(find_detector_weights(), FRAMES, detect_size=640, min_score=0.6, stride=1)
    find_faces(videos, roots, folder / "faces", looking, detector="yunet", kept=work["find"], **options)
    options |= {"n_frames": FRAMES, "fitting": Fitting(preprocessing.size), "shard_frames": 1024}
    options |= {"scratch": folder / "scratch", "kept": work["extract"]}
    extract_frames(videos, roots, folder / "frames", **options)
    frames = FrameStore.open(folder / "frames")
    embed = frame_embedder(tower, preprocessing, "projected", device=tower.device, dtype=torch.float32)
    how = {"width": tower.config.projection_dim, "batch_size": 64, "meta": {}}
    reencoded = AlteredFrames(frames, find_view("reencoded"), Settings(degradation="h264", strength=4))
    for name, store in (("embeddings", frames), ("view", reencoded)):
        embed_frames(store, embed, folder / name, kept=work["embed"], **how)
    return time.perf_counter() - begin
