"""Whether extraction and embedding stay as quick and as frugal for each video as videos are added.

Sample videos, each number of them in a process of its own. Time should grow in line with the videos, memory
not at all. Memory is what the process and its workers own (anonymous pages): frames that are merely mapped
from disk can be dropped at any time. What Python, torch and the encoder own before is not counted.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import torch

from benchmarks.embedding import embed_store
from benchmarks.material import SAMPLE_CLIP, TOY, Shape, write_clip
from benchmarks.table import Row, make_row
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video, read_videos, write_records
from clipforensics.crops.extraction import extract_frames
from clipforensics.encoder.vision import load_preprocessing, load_vision_tower
from clipforensics.footage.probing import probe_videos
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from clipforensics.machine.kept import Kept
from clipforensics.machine.workers import n_workers
from clipforensics.sample.videos import render_videos
from clipforensics.sources.ffpp_tree import list_tree
from tests.support.repository import ROOT

PR_SET_THP_DISABLE = 41
MANIPULATIONS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")
N_FRAMES, BATCH = 16, 64


@dataclass(frozen=True)
class Size:
    """People in the sample (5 videos each), few and many of their videos, the encoder."""

    people: int
    few: int
    many: int
    shape: Shape
    rounds: int


FULL = Size(people=30, few=30, many=150, shape=SAMPLE_CLIP, rounds=3)
TINY = Size(people=2, few=4, many=8, shape=TOY, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """Many videos against few: time a video in extraction and embedding, and memory taken."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        render(folder, size.people)
        write_clip(folder / "clip", size.shape)
        counts = (size.many, size.few)
        runs = [[measure_apart(folder, n) for n in counts] for _ in range(size.rounds)]
    ends = f"{size.many} videos / {size.few}"
    for stage in ("extract", "embed"):
        taken = [tuple(run[stage] / n for run, n in zip(pair, counts, strict=True)) for pair in runs]
        yield make_row(f"{stage}: {ends}, a video", taken, goal=0.8, work=1, unit="videos/s")
    taken = [tuple(run["memory"] for run in pair) for pair in runs]
    yield make_row(f"extract and embed: {ends}, most memory taken", taken, goal=0.8, unit="MiB")


def render(folder: Path, people: int) -> None:
    """Their videos, real and in four manipulations, in an order of chance."""
    render_videos(folder, n_identities=people, n_frames=N_FRAMES)
    found, _ = list_tree(folder, dataset="sample", compression="c23", manipulations=list(MANIPULATIONS))
    videos, _ = probe_videos(found, folder, workers=n_workers())
    order = np.random.default_rng(0).permutation(len(videos))
    write_records(folder / "videos.csv", Video, [videos[i] for i in order])


def measure_apart(folder: Path, n: int) -> dict[str, float]:
    """`measure` in a process of its own, whose memory no earlier run has filled."""
    command = [sys.executable, "-m", "benchmarks.growth", str(folder), str(n)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(folder: Path, n: int) -> dict[str, float]:
    """Extract and embed n videos: seconds of each, and MiB of memory that this took at most."""
    videos = read_videos(folder / "videos.csv")[:n]
    tower = load_vision_tower(str(folder / "clip"), "local", choose_device())
    size = tower.config.image_size
    preprocessing = load_preprocessing(str(folder / "clip"), "local", fitting=Fitting(size))
    options = {"n_frames": N_FRAMES, "fitting": Fitting(size), "shard_frames": 512, "max_skipped": 0.0}
    memory = Memory()
    memory.start()
    with tempfile.TemporaryDirectory(dir=folder) as text:
        out = Path(text)
        begin, scratch = time.perf_counter(), out / "unfinished"
        extract_frames(
            videos,
            {videos[0].dataset: folder},
            out / "frames",
            workers=n_workers(),
            scratch=scratch,
            kept=Kept(out / "kept", ""),
            **options,
        )
        middle = time.perf_counter()
        with torch.inference_mode():
            embed_store(FrameStore.open(out / "frames"), tower, preprocessing, out, BATCH)
        end = time.perf_counter()
    memory.stop.set()
    memory.join()
    return {"extract": middle - begin, "embed": end - middle, "memory": (memory.peak - memory.before) / 2**20}


class Memory(threading.Thread):
    """Samples the anonymous memory of this process and its workers; keeps the first and the largest sum."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        without_huge_pages()
        self.stop, self.me = threading.Event(), psutil.Process()
        self.before = self.peak = anonymous_bytes(self.me.pid)

    def run(self) -> None:
        while not self.stop.wait(0.02):
            sizes = [anonymous_bytes(p.pid) for p in [self.me, *self.me.children(recursive=True)]]
            self.peak = max(self.peak, sum(sizes))


def without_huge_pages() -> None:
    """Of this process and those that it starts, count pages as they are asked for (Linux; elsewhere nothing).

    Else the kernel joins pages whenever it likes, which takes up to 2 MiB for the want of 4 KiB.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)


def anonymous_bytes(pid: int) -> int:
    """Pss_Anon of a process (Linux), pages shared with its workers counted once in all; 0 if it ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss_Anon:"))


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
