"""Render the sample's videos into the official FaceForensics++ tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from clipforensics.faults import InputError
from clipforensics.sample.face import Array, Skin, paint_skin
from clipforensics.sample.identity import draw_identity
from clipforensics.sample.manipulations import MANIPULATIONS, Person, State
from clipforensics.sample.motion import Expression, Pose, draw_track
from clipforensics.sample.scene import Scene, Shot, draw_scene, paint_backdrop, render_shot
from clipforensics.workers import n_workers, ordered_map

_PERSON, _GRAIN, _TRACKER, _PAIRS = range(4)  # independent random streams of one seed


@dataclass(frozen=True, slots=True)
class Film:
    """How every video is rendered and encoded; the same for real and manipulated ones.

    Attributes:
        n_frames: Frames a video.
        size: Side of the square frame in pixels, even.
        fps: Frames a second.
        crf: x264's constant rate factor (23 as FaceForensics++'s c23, 40 as c40).
        seed: Seed of people, motion, scenes and noise.
        strength: Scales the manipulations' flaws, 1 as calibrated.
    """

    n_frames: int
    size: int
    fps: int
    crf: int
    seed: int
    strength: float


@dataclass(frozen=True, slots=True)
class Job:
    """One video to render: real footage if `manipulation` is empty."""

    path: Path
    manipulation: str
    target: int
    source: int


def render_videos(
    folder: Path,
    *,
    n_identities: int = 100,
    n_frames: int = 16,
    size: int = 112,
    fps: int = 12,
    crf: int = 23,
    seed: int = 42,
    manipulations: Sequence[str] = tuple(MANIPULATIONS),
    compression: str = "c23",
    strength: float = 1.0,
    workers: int | None = None,
) -> int:
    """Render one real video per identity and, per manipulation, one for each ordered pair.

    Identities are paired at random; a pair (a, b) gives `a_b` and `b_a` under every manipulation,
    so all manipulations carry the same names, as in FaceForensics++. The files depend on the
    settings only, not on `workers`.

    Args:
        folder: Receives `original_sequences` and `manipulated_sequences`.
        n_identities: Even, 2 to 1000; ids are three digits from 000.
        n_frames: Frames a video, at least 1.
        size: Side of the square frame in pixels, even, at least 32.
        fps: Frames a second.
        crf: x264's constant rate factor, 0 to 51.
        seed: Seed of everything that is drawn.
        manipulations: Names from `manipulations.MANIPULATIONS`.
        compression: Folder name of the compression, as in the official tree.
        strength: Scales the manipulations' flaws, 0 to 2.
        workers: Processes; all cores if None.

    Returns:
        The number of videos.

    Raises:
        InputError: a setting is out of its range or a manipulation does not exist.
    """
    _check(n_identities, n_frames, size, crf, strength, manipulations)
    film = Film(n_frames, size, fps, crf, seed, strength)
    jobs = list(_jobs(folder, n_identities, manipulations, compression, seed))
    for parent in {job.path.parent for job in jobs}:
        parent.mkdir(parents=True, exist_ok=True)
    workers = min(workers or n_workers(), len(jobs))
    done = ordered_map(partial(render_video, film), jobs, workers=workers, died=_died)
    return sum(1 for _ in tqdm(done, "rendering videos", len(jobs), disable=None, unit="video"))


def render_video(film: Film, job: Job) -> None:
    """Render and encode one video; the file appears only once it is complete."""
    frames = manipulated_frames(film, job.manipulation, job.target, job.source)
    partial_path = job.path.with_suffix(".part")
    write_video(partial_path, frames, film.fps, film.crf)
    partial_path.replace(job.path)


def write_video(path: Path, frames: Iterator[NDArray[np.uint8]], fps: int, crf: int) -> None:
    """Encode RGB frames (size, size, 3) with x264; one thread, so the file is the same each time."""
    # On frames this small x264's macroblock tree reads memory it never wrote: files would differ.
    options = {"crf": str(crf), "preset": "veryfast", "threads": "1", "x264-params": "mbtree=0:b-adapt=0"}
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for pixels in frames:
            if not stream.codec_context.is_open:
                stream.height, stream.width = pixels.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def manipulated_frames(
    film: Film, manipulation: str, target: int, source: int
) -> Iterator[NDArray[np.uint8]]:
    """Frames of one video, uint8 RGB (size, size, 3); the target's own if `manipulation` is empty."""
    who = _cast(film, target)
    footage = _shots(film, target, *who)
    if not manipulation:
        yield from (_to_bytes(shot.picture) for shot in footage)
        return
    skin, scene, track = who
    other_skin, other_scene, other_track = _cast(film, source)
    method = sorted(MANIPULATIONS).index(manipulation)
    rng = np.random.default_rng([film.seed, _TRACKER, method, target, source])
    state = State(rng, film.strength)
    for shot, (pose, mine), (_, theirs) in zip(footage, track, other_track, strict=True):
        me, other = Person(skin, scene, mine), Person(other_skin, other_scene, theirs)
        yield _to_bytes(MANIPULATIONS[manipulation](shot, pose, me, other, state))


def _cast(film: Film, number: int) -> tuple[Skin, Scene, list[tuple[Pose, Expression]]]:
    """The person, the scene and the motion of one identity's footage."""
    rng = np.random.default_rng([film.seed, _PERSON, number])
    skin = paint_skin(draw_identity(rng))
    return skin, draw_scene(rng), draw_track(rng, film.n_frames, film.fps)


def _shots(
    film: Film, number: int, skin: Skin, scene: Scene, track: list[tuple[Pose, Expression]]
) -> Iterator[Shot]:
    rng = np.random.default_rng([film.seed, _GRAIN, number])
    backdrop = paint_backdrop(scene, film.size)
    for pose, expression in track:
        yield render_shot(skin, scene, backdrop, pose, expression, rng)


def _died(job: Job) -> None:
    raise MemoryError(f"the process that rendered {job.path} died; free memory or use fewer workers")


def _jobs(
    folder: Path, n_identities: int, manipulations: Sequence[str], compression: str, seed: int
) -> Iterator[Job]:
    for number in range(n_identities):
        videos = folder / "original_sequences" / "youtube" / compression / "videos"
        yield Job(videos / f"{number:03}.mp4", "", number, number)
    order = np.random.default_rng([seed, _PAIRS]).permutation(n_identities).reshape(-1, 2).tolist()
    for manipulation in manipulations:
        videos = folder / "manipulated_sequences" / manipulation / compression / "videos"
        for pair in order:
            for target, source in (pair, pair[::-1]):
                yield Job(videos / f"{target:03}_{source:03}.mp4", manipulation, target, source)


def _to_bytes(picture: Array) -> NDArray[np.uint8]:
    return (picture * 255 + 0.5).astype(np.uint8)


def _check(
    n_identities: int, n_frames: int, size: int, crf: int, strength: float, manipulations: Sequence[str]
) -> None:
    rules = (
        ("n_identities", n_identities, 2 <= n_identities <= 1000 and n_identities % 2 == 0,
         "an even number from 2 to 1000"),
        ("n_frames", n_frames, n_frames >= 1, "at least 1"),
        ("size", size, size >= 32 and size % 2 == 0, "even and at least 32"),
        ("crf", crf, 0 <= crf <= 51, "from 0 to 51"),
        ("strength", strength, 0 <= strength <= 2, "from 0 to 2"),
    )  # fmt: skip
    for name, value, good, rule in rules:
        if not good:
            raise InputError(f"`{name}`: {value} must be {rule}; change it in the sample's profile")
    for name in manipulations:
        if name not in MANIPULATIONS:
            raise InputError(
                f"`manipulations`: {name!r} does not exist; choose from {', '.join(sorted(MANIPULATIONS))}"
            )
