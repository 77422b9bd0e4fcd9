"""Time and peak memory of extraction and embedding as sample videos are added: a printed table.

`python -m benchmarks.growth` renders 400 sample videos once, then runs each size in a process of
its own. Time should grow in line with the videos, memory not at all.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.embedding import SIZES, embed_store
from clipforensics.devices import choose_device
from clipforensics.extraction import extract_frames
from clipforensics.frames import FrameStore
from clipforensics.ingest import probe_videos
from clipforensics.records import Video, read_videos, write_records
from clipforensics.sample.videos import render_videos
from clipforensics.sources.ffpp_tree import list_tree
from clipforensics.workers import n_workers

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
    """Extract and embed n videos; print seconds of each and the peak memory in MiB."""
    videos = read_videos(folder / "videos.csv")[:n]
    shape, picture, load = SIZES["the sample's tiny CLIP"]
    tower = CLIPVisionModelWithProjection(CLIPVisionConfig(**shape, **picture)).eval()
    torch.nn.Module.to(tower, choose_device())
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
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(middle - begin, end - middle, peak / 1024)


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
