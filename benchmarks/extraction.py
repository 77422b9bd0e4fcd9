"""Extraction against bare decoding, and two workers against one.

`python -m benchmarks.extraction` prints ratios taken in one run, since times differ between
machines: both sides alternate, use one decoding thread each, and their medians are compared.
"""

import os
import tempfile
import time
from functools import partial
from pathlib import Path

import av
import numpy as np
from PIL import Image

from benchmarks.clock import alternate
from clipforensics.core.records import Video
from clipforensics.footage.extraction import extract_frames, extract_video
from clipforensics.footage.probing import probe_videos

WIDTH, HEIGHT, N_FRAMES, K, SIZE = 640, 480, 300, 32, 224
RATE_FLOOR, WORKERS_FLOOR = 0.9, 1.7
REPEATS, N_VIDEOS = 9, 16


def make_video(path: Path, *, noise: int) -> Path:
    """A textured oval sways before a textured ground that pans, as in hand-held footage.

    libx264's own settings; `noise` is the camera's, in grey levels up and down, and decides
    how many bits there are to decode.
    """
    rng = np.random.default_rng(0)
    ground, face = _texture(rng, WIDTH + 160, HEIGHT + 80), _texture(rng, 240, 300)
    y, x = np.mgrid[-1:1:300j, -1:1:240j]
    oval = (x**2 + y**2 < 1)[..., None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(N_FRAMES):
            right, down = int(80 + 79 * np.sin(number / 23)), int(40 + 39 * np.sin(number / 31))
            picture = ground[down : down + HEIGHT, right : right + WIDTH].astype(np.int16)
            left, top = int(200 + 60 * np.sin(number / 19)), int(90 + 25 * np.sin(number / 11))
            patch = picture[top : top + 300, left : left + 240]
            patch[:] = np.where(oval, face, patch)
            picture += rng.integers(-noise, noise + 1, picture.shape, dtype=np.int16)
            frame = av.VideoFrame.from_ndarray(picture.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
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
    """Print the ratios with their floors; the first file counts, the second shows the other end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = make_video(folder / "video.mp4", noise=12)
        print_rate(path, f"floor {RATE_FLOOR}")
        print_rate(make_video(folder / "light.mp4", noise=0), "no floor: hardly anything to decode")
        found = [Video("bench", "GAN", "", f"{i}", "", "", 1, "", "", path.name) for i in range(N_VIDEOS)]
        videos, _ = probe_videos(found, folder, workers=1)
        sides = {n: partial(run_extraction, videos, folder, n) for n in (1, 2)}
        one, two = alternate(sides, repeats=REPEATS // 2).values()
        print(f"{N_VIDEOS} such videos into a frame store, {os.cpu_count()} processors")
        print(f"  one worker {one:.2f} s, two {two:.2f} s: ratio {one / two:.2f} (floor {WORKERS_FLOOR})")


def print_rate(path: Path, floor: str) -> None:
    """Compare extraction with bare decoding of one file."""
    sides = {"ours": partial(extract_video, path, N_FRAMES, K, SIZE), "bare": partial(decode_bare, path)}
    ours, bare = alternate(sides, repeats=REPEATS).values()
    rate = path.stat().st_size * 8 * 25 / N_FRAMES / 1e6
    print(f"{N_FRAMES} frames of {WIDTH}x{HEIGHT} H.264, {rate:.1f} Mbit/s, one thread")
    print(
        f"  decode all, keep nothing {bare * 1e3:.0f} ms; extract {K} at {SIZE} pixels {ours * 1e3:.0f} ms:",
        end="",
    )
    print(f" rate ratio {bare / ours:.2f} ({floor})")


if __name__ == "__main__":
    main()
