"""Extraction by Ray on a node of two processors beside two processes of this machine, and what a start costs.

The node's own work (handing out, carrying frames through its store) is on the same two processors.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from benchmarks import extraction
from benchmarks.table import Row, Skipped, make_row
from clipforensics.core.records import Video
from clipforensics.footage.probing import probe_videos
from tests.support.ray_cluster import join_with, ray_nodes

STORE = 1_000_000_000


@dataclass(frozen=True)
class Size:
    """Of a video, and how many names it has."""

    width: int
    height: int
    frames: int
    videos: int
    rounds: int


FULL = Size(640, 480, frames=300, videos=96, rounds=3)
TINY = Size(320, 240, frames=20, videos=2, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """The same videos by both engines, and the first two of all by Ray.

    Raises:
        Skipped: Ray is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise Skipped("needs Ray (`pip install 'clipforensics[ray]'`)")
    with tempfile.TemporaryDirectory() as name:
        folder, taken, starts = Path(name), [], []
        extraction.make_video(folder / "noisy.mp4", extraction.Size(*astuple(size)), noise=12)
        for _ in range(size.rounds):
            with ray_nodes([2], store=STORE) as settings:
                start, ray = seconds(folder, size.videos, join_with(settings))
            begin, local = seconds(folder, size.videos, {**os.environ, "CLIPFORENSICS_ENGINE": "local"})
            taken.append((ray, local))
            starts.append((start, begin))
    what = f"extract {size.videos} videos by Ray on this machine / by two processes"
    yield make_row(what, taken, goal=0.9, work=size.videos, unit="videos/s")
    yield make_row("the first two videos by Ray, joining it included / by two processes", starts, goal=None)


def seconds(folder: Path, n_videos: int, environment: dict[str, str]) -> tuple[float, float]:
    """Of the first two videos, and then of all; in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.cluster", str(folder), str(n_videos)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    first, rest = json.loads(done.stdout.splitlines()[-1])
    return first, rest


def main(folder: Path, n_videos: int) -> None:
    """Print both as JSON."""
    found = [Video("bench", "GAN", "", f"{i}", "", "", 1, "", "", "noisy.mp4") for i in range(n_videos)]
    os.environ["CLIPFORENSICS_ENGINE"], engine = "local", os.environ["CLIPFORENSICS_ENGINE"]
    videos, _ = probe_videos(found[:1], folder, workers=1)
    os.environ["CLIPFORENSICS_ENGINE"] = engine
    videos = [replace(videos[0], target=one.target) for one in found]
    taken = []
    for some in (videos[:2], videos):
        begin = time.perf_counter()
        extraction.run_extraction(some, folder, 2)
        taken.append(time.perf_counter() - begin)
    print(json.dumps(taken))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
