"""Extraction against bare decoding, and two workers against one.

`python -m benchmarks.extraction` prints ratios taken in one run, since times differ between
machines: both sides alternate, use one decoding thread each, and their medians are compared.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PIL import Image

from clipforensics.extraction import extract_frames, extract_video
from clipforensics.ingest import probe_videos
from clipforensics.records import Video

WIDTH, HEIGHT, N_FRAMES, K, SIZE = 640, 480, 300, 32, 224
RATE_FLOOR, WORKERS_FLOOR = 0.9, 1.7
REPEATS, N_VIDEOS = 9, 8


def make_video(path: Path) -> Path:
    """A head-sized textured oval that sways before a still, noisy ground; libx264's own settings."""
    rng = np.random.default_rng(0)
    ground = _texture(rng, WIDTH, HEIGHT)
    face = _texture(rng, 240, 300)
    y, x = np.mgrid[-1:1:300j, -1:1:240j]
    oval = (x**2 + y**2 < 1)[..., None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(N_FRAMES):
            left, top = int(200 + 60 * np.sin(number / 19)), int(90 + 25 * np.sin(number / 11))
            picture = ground.copy()
            patch = picture[top : top + 300, left : left + 240]
            patch[:] = np.where(oval, face, patch)
            noise = rng.integers(-3, 4, picture.shape, dtype=np.int8)
            picture = np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _texture(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    coarse = Image.fromarray(rng.integers(40, 216, (height // 8, width // 8, 3)).astype(np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).copy()


def decode_bare(path: Path) -> None:
    """What PyAV alone needs to decode the file to its end on one thread; nothing is converted."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        assert sum(1 for _ in container.decode(stream)) == N_FRAMES


def compare(ours: Callable[[], object], other: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of both, taken in turns after one unmeasured round."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats + 1):
        for call, taken in zip((ours, other), seconds, strict=True):
            begin = time.perf_counter()
            call()
            if repeat:
                taken.append(time.perf_counter() - begin)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def run_extraction(videos: list[Video], folder: Path, workers: int) -> None:
    """Fill a frame store from all videos."""
    extract_frames(
        videos,
        folder,
        folder / "out",
        n_frames=K,
        size=SIZE,
        shard_frames=1024,
        workers=workers,
        scratch=folder / "scratch" / str(time.monotonic_ns()),
        max_skipped=0.0,
    )


def main() -> None:
    """Print both ratios with their floors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = make_video(folder / "video.mp4")
        ours, bare = compare(
            lambda: extract_video(path, N_FRAMES, K, SIZE), lambda: decode_bare(path), REPEATS
        )
        print(f"{N_FRAMES} frames of {WIDTH}x{HEIGHT} H.264 ({path.stat().st_size / 1e6:.1f} MB), one thread")
        print(f"  decode all, keep nothing            {bare * 1e3:7.1f} ms")
        print(f"  extract {K} frames at {SIZE} pixels     {ours * 1e3:7.1f} ms")
        print(f"  rate ratio {bare / ours:.2f} (floor {RATE_FLOOR})")
        found = [Video("bench", "GAN", "", f"{i}", "", "", 1, "", "", path.name) for i in range(N_VIDEOS)]
        videos, _ = probe_videos(found, folder, workers=1)
        two, one = compare(
            lambda: run_extraction(videos, folder, 2), lambda: run_extraction(videos, folder, 1), REPEATS // 2
        )
        print(f"{N_VIDEOS} such videos into a frame store, {os.cpu_count()} processors")
        print(f"  one worker {one:.2f} s, two workers {two:.2f} s")
        print(f"  ratio {one / two:.2f} (floor {WORKERS_FLOOR})")


if __name__ == "__main__":
    main()
