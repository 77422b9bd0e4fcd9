"""Find the faces of every video's sampled frames, several videos side by side, and go on after a kill."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache, partial
from math import inf
from pathlib import Path
from typing import Any

from clipforensics.core.records import Skipped, Video
from clipforensics.faces.face import Face
from clipforensics.faces.following import follow
from clipforensics.faces.table import write_faces
from clipforensics.faces.watching import in_turn, look_through
from clipforensics.faces.yunet import Yunet
from clipforensics.footage.holding import content_key
from clipforensics.footage.pictures import holds_pictures, read_pictures
from clipforensics.footage.resuming import read_found, work_through
from clipforensics.footage.video import decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.machine.kept import Kept

STAGE = "find_faces"


@dataclass(frozen=True)
class Looking:
    """How faces are looked for.

    Attributes:
        weights: Of the detector.
        n_frames: Sampled of a video; the same ones are extracted.
        detect_size: As in `FacesSection`.
        min_score: As there.
        stride: As there.
    """

    weights: Path
    n_frames: int
    detect_size: int
    min_score: float
    stride: int


def find_in_video(path: Path, n_frames: int, looking: Looking) -> list[Face]:
    """Every face of a video's sampled frames, followed (`following.follow`).

    Args:
        path: A video, a single picture or a folder of numbered ones; a file or a shard's member.
        n_frames: Frames it holds, as `ingest` counted them.
        looking: How.

    Raises:
        UnreadableVideo: a sampled frame cannot be had.
    """
    detector = _detector(looking.weights, looking.detect_size, looking.min_score)
    indices = sample_frame_indices(n_frames, looking.n_frames).tolist()
    read = read_pictures if holds_pictures(path) else decode_frames
    return follow(look_through(in_turn(read(path, indices), indices), detector, looking.stride))


@lru_cache(maxsize=1)
def _detector(weights: Path, detect_size: int, min_score: float) -> Yunet:
    """One in a process: loading it takes as long as looking at a few frames."""
    return Yunet(weights, detect_size=detect_size, min_score=min_score)


def find_faces(
    videos: Sequence[Video],
    roots: Mapping[str, Path],
    out: Path,
    looking: Looking,
    *,
    detector: str,
    whole: Sequence[str] = (),
    workers: int,
    kept: Kept,
    max_skipped: float,
    max_probe_seconds: float = inf,
) -> tuple[int, int, list[Skipped]]:
    """Write the table of faces of all videos; nobody is looked for twice in the same content.

    What is written depends neither on `workers` nor on what was found before. Faces are in
    memory for a few videos at a time, however many videos there are.

    Args:
        videos: In the order in which they are written.
        roots: Of each data set the folder that its videos' paths are relative to.
        out: Folder to write.
        looking: How.
        detector: Its name.
        whole: Data sets in which nobody is looked for: none of `videos` is theirs.
        workers: Processes.
        kept: What was found before, in other runs too.
        max_skipped: Largest fraction of a data set's videos that may not be decodable.
        max_probe_seconds: Longest time that is spent on one.

    Returns:
        Number of faces, of videos with one, and the videos that could not be decoded.

    Raises:
        InputError: more than `max_skipped` of a data set's videos failed, in this run and those before; or
            one is not what `ingest` saw.
    """
    keys = [kept.key(*content_key(video)) for video in videos]
    with kept.opened():
        tally = work_through(
            videos,
            roots,
            keys,
            partial(_find, roots, looking),
            kept,
            stage=STAGE,
            doing="finding faces",
            workers=workers,
            param="extract_frames.max_skipped",
            max_skipped=max_skipped,
            max_probe_seconds=max_probe_seconds,
            sees=[looking.weights],
        )
        meta = {"detector": detector, "whole": [*whole], **asdict(looking), "weights": looking.weights.name}
        read = read_found(videos, keys, kept, tally.skipped)
        faces = ((key, [_face(values) for values in found]) for key, found in read)
        write_faces(out, meta, faces, tally.skipped)
    return tally.n_found, tally.n_with, tally.skipped


def _find(roots: Mapping[str, Path], looking: Looking, video: Video) -> list[Any]:
    faces = find_in_video(roots[video.dataset] / video.path, video.n_frames, looking)
    return [astuple(face) for face in faces]


def _face(values: list[Any]) -> Face:
    frame, x, y, width, height, score, points, person = values
    return Face(frame, x, y, width, height, score, tuple(points), person)
