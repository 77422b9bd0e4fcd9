"""Extraction against bare decoding on one thread, and two workers against one."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np
from PIL import Image

from benchmarks.table import Row, compare, timed
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video
from clipforensics.crops.extraction import extract_frames, extract_video
from clipforensics.footage.probing import probe_videos
from clipforensics.machine.kept import Kept

KEPT, SIDE, RATE = 32, 224, 25


@dataclass(frozen=True)
class Size:
    """Of a video, and how many of them two workers share."""

    width: int
    height: int
    frames: int
    videos: int
    rounds: int


FULL = Size(640, 480, frames=300, videos=8, rounds=5)
TINY = Size(320, 240, frames=40, videos=2, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """A video with the bits of hand-held footage, one with hardly anything to decode, and two workers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = make_video(folder / "noisy.mp4", size, noise=12)
        yield compare_decoding(path, size, goal=0.9)
        yield compare_decoding(make_video(folder / "smooth.mp4", size, noise=0), size, goal=None)
        found = [Video("bench", "GAN", "", f"{i}", "", "", 1, "", "", path.name) for i in range(size.videos)]
        videos, _ = probe_videos(found, folder, workers=1)
        two, one = (timed(partial(run_extraction, videos, folder, workers)) for workers in (2, 1))
        options = {"goal": 1.7, "work": size.videos, "unit": "videos/s"}
        yield compare("extract into a frame store: two workers / one", two, one, rounds=3, **options)


def compare_decoding(path: Path, size: Size, *, goal: float | None) -> Row:
    """Extraction of one file against decoding it to its end and keeping nothing."""
    megabits = path.stat().st_size * 8 * RATE / size.frames / 1e6
    return compare(
        f"extract {KEPT} of {size.frames} frames / decode all, H.264 of {megabits:.1f} Mbit/s",
        timed(partial(extract_video, path, size.frames, KEPT, Fitting(SIDE))),
        timed(partial(decode_bare, path)),
        rounds=size.rounds,
        goal=goal,
        work=size.frames,
        unit="frames/s",
    )


def decode_bare(path: Path) -> None:
    """What PyAV alone needs to decode the file to its end on one thread; nothing is converted."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for _ in container.decode(stream):
            pass


def run_extraction(videos: list[Video], folder: Path, workers: int) -> None:
    """Fill a frame store from all videos."""
    scratch = folder / "scratch" / str(time.monotonic_ns())
    options = {"n_frames": KEPT, "fitting": Fitting(SIDE), "shard_frames": 1024, "max_skipped": 0.0}
    options["kept"] = Kept(scratch / "kept", "")  # nothing is known
    extract_frames(
        videos, {videos[0].dataset: folder}, folder / "out", workers=workers, scratch=scratch, **options
    )


def make_video(path: Path, size: Size, *, noise: int) -> Path:
    """A textured oval sways before a textured ground that pans, as in hand-held footage.

    libx264's own settings; `noise` is the camera's, in grey levels up and down, and decides
    how many bits there are to decode.
    """
    rng = np.random.default_rng(0)
    tall, wide = size.height * 5 // 8, size.width * 3 // 8
    ground, face = texture(rng, size.width + 160, size.height + 80), texture(rng, wide, tall)
    y, x = np.mgrid[-1 : 1 : tall * 1j, -1 : 1 : wide * 1j]
    oval = (x**2 + y**2 < 1)[..., None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
        for number in range(size.frames):
            right, down = int(80 + 79 * np.sin(number / 23)), int(40 + 39 * np.sin(number / 31))
            picture = ground[down : down + size.height, right : right + size.width].astype(np.int16)
            left, top = int(wide * (0.8 + 0.25 * np.sin(number / 19))), int(90 + 25 * np.sin(number / 11))
            patch = picture[top : top + tall, left : left + wide]
            patch[:] = np.where(oval[: len(patch)], face[: len(patch)], patch)
            picture += rng.integers(-noise, noise + 1, picture.shape, dtype=np.int16)
            frame = av.VideoFrame.from_ndarray(picture.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def texture(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    coarse = Image.fromarray(rng.integers(40, 216, (height // 8, width // 8, 3)).astype(np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).copy()
