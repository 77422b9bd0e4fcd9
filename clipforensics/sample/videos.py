"""Render the sample's videos into the official FaceForensics++ tree."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.machine.workers import n_workers, ordered_map
from clipforensics.sample.face import Array, Skin, paint_skin
from clipforensics.sample.identity import draw_identity
from clipforensics.sample.manipulations import MANIPULATIONS, Person, State
from clipforensics.sample.motion import Expression, Pose, draw_track
from clipforensics.sample.scene import Scene, Shot, draw_scene, paint_backdrop, render_shot

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
    """All videos of one target: filmed once, then manipulated in every way.

    Attributes:
        target: Number of the identity that was filmed.
        source: Number of the identity whose face or expression the manipulations take.
        paths: Where the video of each manipulation goes; the real one's name is empty.
    """

    target: int
    source: int
    paths: dict[str, Path]


def render_videos(
    folder: Path,
    *,
    n_identities: int = 100,
    n_frames: int = 16,
    frame_size: int = 112,
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
        frame_size: Side of the square frame in pixels, even, at least 32.
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
    _check(n_identities, n_frames, frame_size, crf, strength, manipulations)
    film = Film(n_frames, frame_size, fps, crf, seed, strength)
    jobs = list(_jobs(folder, n_identities, manipulations, compression, seed))
    for parent in {path.parent for job in jobs for path in job.paths.values()}:
        parent.mkdir(parents=True, exist_ok=True)
    workers = min(workers or n_workers(), len(jobs))
    done = ordered_map(partial(render_target, film), jobs, workers=workers, died=_died)
    return sum(tqdm(done, "rendering videos", len(jobs), disable=None, unit="identity"))


def plan_files(
    folder: Path,
    *,
    n_identities: int,
    n_frames: int,
    frame_size: int,
    crf: int,
    seed: int,
    manipulations: Sequence[str],
    compression: str,
    strength: float,
    fps: int,
) -> Iterator[tuple[str, str, str, Path]]:
    """What `render_videos` writes with these settings: target, source, manipulation, path of each video.

    Source and manipulation of a real video are empty.

    Raises:
        InputError: as `render_videos`.
    """
    _check(n_identities, n_frames, frame_size, crf, strength, manipulations)
    for job in _jobs(folder, n_identities, manipulations, compression, seed):
        for manipulation, path in job.paths.items():
            yield f"{job.target:03}", f"{job.source:03}" if manipulation else "", manipulation, path


def render_target(film: Film, job: Job) -> int:
    """Render and encode one target's videos; each file appears only once it is complete.

    Returns:
        How many.
    """
    partial_paths = {path: path.with_suffix(".part") for path in job.paths.values()}
    with ExitStack() as stack:
        writers = [
            stack.enter_context(Writer(path, film.size, film.fps, film.crf))
            for path in partial_paths.values()
        ]
        for frames in render_frames(film, tuple(job.paths), job.target, job.source):
            for writer, pixels in zip(writers, frames, strict=True):
                writer.write(pixels)
    for path, partial_path in partial_paths.items():
        partial_path.replace(path)
    return len(job.paths)


class Writer:
    """Encodes RGB frames (size, size, 3) with x264; one thread, so the file is the same each time."""

    def __init__(self, path: Path, size: int, fps: int, crf: int) -> None:
        # On frames this small x264's macroblock tree reads memory it never wrote: files would differ.
        x264 = "mbtree=0:b-adapt=0"
        options = {"crf": str(crf), "preset": "veryfast", "threads": "1", "x264-params": x264}
        self.container = av.open(str(path), "w", format="mp4")
        self.stream = self.container.add_stream("libx264", rate=fps, options=options)
        self.stream.width = self.stream.height = size
        self.stream.pix_fmt = "yuv420p"
        self.stream.thread_count = 1

    def __enter__(self) -> "Writer":
        return self

    def write(self, pixels: NDArray[np.uint8]) -> None:
        """Encode the next frame."""
        self.container.mux(self.stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.container.mux(self.stream.encode(None))
        self.container.close()


def render_frames(
    film: Film, manipulations: Sequence[str], target: int, source: int
) -> Iterator[list[NDArray[np.uint8]]]:
    """Film the target and manipulate each frame in every way.

    Args:
        film: What is common to all videos.
        manipulations: Names; an empty one stands for the real video.
        target: Number of the identity that is filmed.
        source: Number of the identity whose face or expression the manipulations take.

    Yields:
        Per frame, uint8 RGB (size, size, 3) for each of `manipulations`.
    """
    skin, scene, track = _cast(film, target)
    other_skin, other_scene, other_track = _cast(film, source)
    states = {name: _begin(film, name, target, source) for name in manipulations if name}
    shots = _shots(film, target, skin, scene, track)
    for shot, (pose, mine), (_, theirs) in zip(shots, track, other_track, strict=True):
        me, other = Person(skin, scene, mine), Person(other_skin, other_scene, theirs)
        yield [
            _to_bytes(MANIPULATIONS[name](shot, pose, me, other, states[name]) if name else shot.picture)
            for name in manipulations
        ]


def _begin(film: Film, manipulation: str, target: int, source: int) -> State:
    method = sorted(MANIPULATIONS).index(manipulation)
    return State(np.random.default_rng([film.seed, _TRACKER, method, target, source]), film.strength)


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


def _died(job: Job) -> int:
    what = f"the process that rendered the videos of identity {job.target:03} died"
    raise MemoryError(f"{what}; free memory or use fewer workers")


def _jobs(
    folder: Path, n_identities: int, manipulations: Sequence[str], compression: str, seed: int
) -> Iterator[Job]:
    real = folder / "original_sequences" / "youtube" / compression / "videos"
    order = np.random.default_rng([seed, _PAIRS]).permutation(n_identities).reshape(-1, 2).tolist()
    for pair in order:
        for target, source in (pair, pair[::-1]):
            paths = {"": real / f"{target:03}.mp4"}
            for manipulation in manipulations:
                videos = folder / "manipulated_sequences" / manipulation / compression / "videos"
                paths[manipulation] = videos / f"{target:03}_{source:03}.mp4"
            yield Job(target, source, paths)


def _to_bytes(picture: Array) -> NDArray[np.uint8]:
    return (picture * 255 + 0.5).astype(np.uint8)


def _check(
    n_identities: int, n_frames: int, frame_size: int, crf: int, strength: float, manipulations: Sequence[str]
) -> None:
    rules = (
        ("n_identities", n_identities, 2 <= n_identities <= 1000 and n_identities % 2 == 0,
         "an even number from 2 to 1000"),
        ("n_frames", n_frames, n_frames >= 1, "at least 1"),
        ("frame_size", frame_size, frame_size >= 32 and frame_size % 2 == 0, "even and at least 32"),
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
