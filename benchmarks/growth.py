"""Time and peak memory of extraction and embedding as sample videos are added: a printed table.

`python -m benchmarks.growth` renders 400 sample videos once, then runs each size in a process of
its own. Time should grow in line with the videos, memory not at all. Memory is what the process and its
workers own (anonymous pages): frames that are merely mapped from disk can be dropped at any time.
"""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.embedding import SIZES, embed_store
from clipforensics.core.records import Video, read_videos, write_records
from clipforensics.footage.extraction import extract_frames
from clipforensics.footage.probing import probe_videos
from clipforensics.frames.store import FrameStore
from clipforensics.machine.devices import choose_device
from clipforensics.machine.workers import n_workers
from clipforensics.sample.videos import render_videos
from clipforensics.sources.ffpp_tree import list_tree

COUNTS = (50, 100, 200, 400)
N_FRAMES = 16


def render(folder: Path) -> None:
    """400 videos: 80 people, real and in four manipulations."""
    render_videos(folder, n_identities=80, n_frames=N_FRAMES)
    manipulations = ["Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"]
    found, _ = list_tree(folder, dataset="sample", compression="c23", manipulations=manipulations)
    videos, _ = probe_videos(found, folder, workers=n_workers())
    order = np.random.default_rng(0).permutation(len(videos))
    write_records(folder / "videos.csv", Video, [videos[i] for i in order])


def run_one(folder: Path, n: int) -> None:
    """Extract and embed n videos; print seconds of each and the peak of memory in MiB."""
    videos = read_videos(folder / "videos.csv")[:n]
    shape, picture, load = SIZES["the sample's tiny CLIP"]
    tower = CLIPVisionModelWithProjection(CLIPVisionConfig(**shape, **picture)).eval()
    torch.nn.Module.to(tower, choose_device())
    memory = Memory()
    memory.start()
    with tempfile.TemporaryDirectory(dir=folder) as text:
        out = Path(text)
        begin = time.perf_counter()
        extract_frames(
            videos,
            folder,
            out / "frames",
            n_frames=N_FRAMES,
            size=tower.config.image_size,
            shard_frames=512,
            workers=n_workers(),
            scratch=out / "unfinished",
            max_skipped=0.0,
        )
        middle = time.perf_counter()
        with torch.inference_mode():
            embed_store(FrameStore.open(out / "frames"), tower, out, load["batch"])
        end = time.perf_counter()
    memory.stop.set()
    memory.join()
    print(middle - begin, end - middle, memory.peak / 2**20)


class Memory(threading.Thread):
    """Samples the anonymous memory of this process and its workers; keeps the largest sum."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stop, self.peak = threading.Event(), 0

    def run(self) -> None:
        me = psutil.Process()
        while not self.stop.wait(0.02):
            sizes = [anonymous_bytes(p.pid) for p in [me, *me.children(recursive=True)]]
            self.peak = max(self.peak, sum(sizes))


def anonymous_bytes(pid: int) -> int:
    """RssAnon of a process (Linux); 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as text:
        render(Path(text))
        heads = ("videos", "extract s", "ms/video", "embed s", "ms/video", "peak MiB")
        print("{:>6} {:>10} {:>9} {:>8} {:>9} {:>9}".format(*heads))
        for n in COUNTS:
            command = [sys.executable, "-m", "benchmarks.growth", text, str(n)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            extract, embed, peak = (float(word) for word in done.stdout.split())
            row = f"{n:>6} {extract:>10.2f} {1000 * extract / n:>9.1f} {embed:>8.2f} {1000 * embed / n:>9.1f}"
            print(f"{row} {peak:>9.0f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_one(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
