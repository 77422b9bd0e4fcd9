"""Finding and cutting faces against its parts, two workers against one, and looking at fewer frames.

Needs YuNet's weights: those of `faces` in params.yaml, or a local file named by CLIPFORENSICS_YUNET.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.extraction import Size, texture
from benchmarks.table import Row, Skipped, compare, timed
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.params import read_section
from clipforensics.core.records import Video
from clipforensics.crops.cutting import cut_square
from clipforensics.crops.person import Cut, extract_faces
from clipforensics.faces.face import Face
from clipforensics.faces.finding import Looking, find_faces, find_in_video
from clipforensics.faces.settings import FacesSection
from clipforensics.faces.watching import look_through, overlap
from clipforensics.faces.weights import find_weights
from clipforensics.faces.yunet import Yunet
from clipforensics.footage.probing import probe_videos
from clipforensics.footage.video import decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.machine.kept import Kept
from clipforensics.sample.videos import render_videos
from tests.support.repository import ROOT

FITTING, STRIDE = Fitting(224), 8
CUT = Cut(person="largest", min_share=0.25, margin=1.3, align=False, without_face="skip")
SAME = 0.9
"""Two boxes that overlap by this (intersection over union) are equal."""


@dataclass(frozen=True)
class Shape:
    """Of a video with one face that moves, how many of its frames are kept, and videos for two workers."""

    video: Size
    face: int
    kept: int


FULL = Shape(Size(640, 480, frames=300, videos=6, rounds=5), face=288, kept=32)
TINY = Shape(Size(320, 240, frames=24, videos=2, rounds=1), face=160, kept=4)


def rows(shape: Shape) -> Iterator[Row]:
    """Two passes against their parts, two workers, and a stride."""
    looking = Looking(find_detector_weights(), shape.kept, detect_size=640, min_score=0.6, stride=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = film(folder / "face.mp4", shape, render(folder / "rendered", shape.face))
        yield against_parts(path, shape, looking)
        found = [
            Video("bench", "GAN", "", f"{i}", "", "", 1, "", "", path.name) for i in range(shape.video.videos)
        ]
        videos, _ = probe_videos(found, folder, workers=1)
        two, one = (timed(partial(run_finding, videos, folder, looking, workers)) for workers in (2, 1))
        options = {"goal": 1.7, "work": len(videos), "unit": "videos/s"}
        yield compare("find faces: two workers / one", two, one, rounds=3, **options)
        yield thinned(path, shape, looking)


def against_parts(path: Path, shape: Shape, looking: Looking) -> Row:
    """`find_faces` and `extract_frames`, which both decode, against decoding once, detecting and cutting."""
    n, indices = shape.video.frames, sample_frame_indices(shape.video.frames, shape.kept).tolist()

    def both() -> None:
        extract_faces(path, find_in_video(path, n, looking), CUT, FITTING)

    def apart() -> None:
        detector = _detector(looking, looking.detect_size)
        for index, picture in decode_frames(path, indices):
            cut_square(picture, detector.detect(picture, index)[0], CUT.margin, FITTING)

    options = {"goal": 0.87, "work": shape.kept, "unit": "frames/s"}
    what = f"find and cut faces of {shape.kept} of {n} frames / decode once, detect, cut"
    return compare(what, timed(both), timed(apart), rounds=shape.video.rounds, **options)


def thinned(path: Path, shape: Shape, looking: Looking) -> Row:
    """Looking alone, at frames in memory .2 s apart: with a stride against every one."""
    indices = range(0, shape.video.frames, 5)
    pictures = list(decode_frames(path, indices))
    few, every = (partial(look, pictures, looking, n) for n in (STRIDE, 1))
    equal = np.mean([overlap(a, b) >= SAME for a, b in zip(few(), every(), strict=True)])
    what = f"faces with a stride of {STRIDE} / every frame ({100 * equal:.0f}% of boxes equal)"
    options = {"goal": 2.0, "work": len(pictures), "unit": "frames/s"}
    return compare(what, timed(few), timed(every), rounds=shape.video.rounds, **options)


def look(pictures: list[tuple[int, NDArray[np.uint8]]], looking: Looking, stride: int) -> list[Face]:
    """The face of each frame."""
    detector = _detector(looking, looking.detect_size)
    return [looked.faces[0] for looked in look_through(pictures, detector, stride)]


def run_finding(videos: list[Video], folder: Path, looking: Looking, workers: int) -> None:
    """Look through all videos."""
    kept = Kept(folder / "kept" / str(time.monotonic_ns()), "")  # nothing is known
    options = {"detector": "yunet", "workers": workers, "kept": kept, "max_skipped": 0.0}
    find_faces(videos, {"bench": folder}, folder / "found", looking, **options)


_LOADED: dict[int, Yunet] = {}


def _detector(looking: Looking, size: int) -> Yunet:
    """Loaded once, as in a worker."""
    if size not in _LOADED:
        _LOADED[size] = Yunet(looking.weights, detect_size=size, min_score=looking.min_score)
    return _LOADED[size]


def find_detector_weights() -> Path:
    """Raises Skipped where there are none."""
    if named := os.environ.get("CLIPFORENSICS_YUNET"):
        return Path(named)
    try:
        return find_weights(read_section(ROOT / "params.yaml", "faces", FacesSection))
    except InputError as error:
        raise Skipped(f"no face detector here: {error}") from error


def render(folder: Path, side: int) -> list[NDArray[np.uint8]]:
    """Frames of a rendered person, which YuNet takes for one."""
    render_videos(
        folder, n_identities=2, n_frames=24, frame_size=side, manipulations=("FaceSwap",), workers=1
    )
    return [picture for _, picture in decode_frames(next(folder.rglob("000.mp4")), range(24))]


def film(path: Path, shape: Shape, person: list[NDArray[np.uint8]]) -> Path:
    """The person before a textured ground; both sway, as in hand-held footage."""
    size, rng = shape.video, np.random.default_rng(0)
    ground = texture(rng, size.width + 40, size.height + 40)
    free = size.width - shape.face, size.height - shape.face
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
        for number in range(size.frames):
            right, down = (int(20 + 19 * np.sin(number / period)) for period in (23, 31))
            picture = ground[down : down + size.height, right : right + size.width].astype(np.int16)
            left, top = (int(room * (0.5 + 0.4 * np.sin(number / 47))) for room in free)
            picture[top : top + shape.face, left : left + shape.face] = person[number // 2 % len(person)]
            picture += rng.integers(-6, 7, picture.shape, dtype=np.int16)
            frame = av.VideoFrame.from_ndarray(picture.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
