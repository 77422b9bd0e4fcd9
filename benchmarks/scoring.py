"""Scoring clips with a packaged detector against its parts; many short ones; how soon a model is ready.

Needs YuNet's weights: those of `faces` in params.yaml, or a local file named by CLIPFORENSICS_YUNET.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.extraction import Size
from benchmarks.faces import Shape as Film
from benchmarks.faces import film, find_detector_weights, render
from benchmarks.material import TOY, VIT_B_32, Shape, write_clip
from benchmarks.table import Row, compare, timed
from clipforensics.crops.cutting import cut_square
from clipforensics.faces.yunet import Yunet
from clipforensics.footage.video import decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.scoring.batch import score_all
from clipforensics.scoring.detector import Detector
from tests.support.repository import ROOT
from tests.support.scoring_packages import AROUND, write_scoring_package

READY = "from clipforensics import Detector; import sys; Detector.from_pretrained(sys.argv[1])"
FLOOR = "import torch; from transformers import CLIPVisionModelWithProjection"
ALLOWED = 1.0
"""Seconds beyond importing torch and transformers after which a model may be ready."""


@dataclass(frozen=True)
class Load:
    """A clip, frames that are kept of it, the encoder, and short clips.

    Attributes:
        film: A clip with a face in it.
        encoder: Of the detector.
        width: Of an embedding.
        short: How many short clips.
        short_frames: Frames of each.
        rounds: That count.
    """

    film: Film
    encoder: Shape
    width: int
    short: int
    short_frames: int
    rounds: int


FULL = Load(Film(Size(1280, 720, 300, 1, 1), face=288, kept=32), VIT_B_32, 512, 6, 50, 2)
TINY = Load(Film(Size(320, 240, 24, 1, 1), face=160, kept=4), TOY, 16, 3, 12, 1)


def rows(load: Load) -> Iterator[Row]:
    """One clip, many clips, a model's start."""
    weights = find_detector_weights()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoder = Path(write_clip(folder / "encoder", load.encoder)["model"])
        around = AROUND | {"weights": str(weights)}
        made = {"around": around, "n_frames": load.film.kept, "encoder": encoder, "width": load.width}
        package = write_scoring_package(folder / "package", **made)
        detector = Detector.from_pretrained(package)
        rendered = render(folder / "rendered", load.film.face)
        path = film(folder / "face.mp4", load.film, rendered)
        parts = partial(run_parts, path, load, detector, weights)
        what = f"score a clip ({load.film.kept} of {load.film.video.frames} frames) / decode, detect, encode"
        yield compare(what, timed(partial(detector.score, path)), timed(parts), rounds=load.rounds, goal=0.83)
        yield many(folder, load, detector, rendered)
        yield ready(package, rounds=load.rounds)


def run_parts(path: Path, load: Load, detector: Detector, weights: Path) -> None:
    """The same frames decoded, looked at, cut and scored, with nothing around it."""
    if weights not in _LOADED:
        _LOADED[weights] = Yunet(weights, detect_size=640, min_score=0.6)
    faces, fitting = _LOADED[weights], detector.package.preprocessing.fitting
    indices = sample_frame_indices(load.film.video.frames, load.film.kept).tolist()
    crops = [
        cut_square(picture, faces.detect(picture, index)[0], 1.3, fitting)
        for index, picture in decode_frames(path, indices)
    ]
    detector.score_fitted(np.stack(crops))


_LOADED: dict[Path, Yunet] = {}


def many(folder: Path, load: Load, detector: Detector, rendered: Path) -> Row:
    """Short clips through a batch, against the slowest part alone: the encoder on their frames."""
    size = Size(load.film.video.width, load.film.video.height, load.short_frames, 1, 1)
    shape = Film(size, load.film.face, load.film.kept)
    clips = [str(film(folder / f"{n}.mp4", shape, rendered)) for n in range(load.short)]
    pictures = detector.examine(clips[0]).seen.pictures

    def batch() -> None:
        for verdict in score_all(detector, clips, prior=None):
            assert verdict.score is not None, verdict.reason

    def decoding() -> None:
        for clip in clips:
            indices = sample_frame_indices(load.short_frames, load.film.kept).tolist()
            for index, picture in decode_frames(Path(clip), indices):
                _LOADED[next(iter(_LOADED))].detect(picture, index)

    def encoding() -> None:
        for _ in clips:
            detector.score_fitted(pictures)

    slowest = max((decoding, encoding), key=lambda part: timed(part)())
    what = f"{load.short} short clips, some ahead / the slowest part alone ({slowest.__name__})"
    options = {"goal": 0.9, "work": load.short, "unit": "clips/s"}
    return compare(what, timed(batch), timed(slowest), rounds=load.rounds, **options)


def ready(package: Path, *, rounds: int) -> Row:
    """From nothing to a model that can be asked, in a process of its own."""

    def run(code: str, *words: str) -> None:
        where = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-W", "ignore", "-c", code, *words], check=True, env=where)

    def floor() -> float:
        start = time.perf_counter()
        run(FLOOR)
        return time.perf_counter() - start + ALLOWED

    ours = timed(partial(run, READY, str(package)))
    return compare(
        "a model ready / importing torch and transformers, plus 1 s", ours, floor, rounds=rounds, goal=1.0
    )
