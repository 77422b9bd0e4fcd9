"""Embed the people of every video, several videos side by side, and go on after a kill."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache, partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped, Video
from clipforensics.faces.face import Face
from clipforensics.faces.table import NONE, FaceTable
from clipforensics.footage.holding import content_key
from clipforensics.footage.pictures import holds_pictures, read_pictures
from clipforensics.footage.resuming import read_found, work_through
from clipforensics.footage.video import decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.machine.kept import Kept
from clipforensics.recognition.people import Person, write_people
from clipforensics.recognition.sface import WIDTH, SFace

STAGE = "embed_people"


@dataclass(frozen=True)
class Embedding:
    """How people are embedded.

    Attributes:
        weights: Of the network.
        frames_per_person: As in `RecognitionSection`.
        min_side: As there.
    """

    weights: Path
    frames_per_person: int
    min_side: int


def check_faces_are_found(detector: str) -> None:
    """Check that there are faces to be embedded.

    Args:
        detector: What looks for faces, as `faces.settings.resolved` or the table of faces says.

    Raises:
        InputError: nothing does.
    """
    if detector == NONE:
        raise InputError(
            "recognition.model is sface, but no faces are looked for; set faces.detector to yunet, or"
            " recognition.model to none"
        )


def chosen_faces(faces: Sequence[Face], how: Embedding) -> list[Face]:
    """Whose features are taken: of each person evenly spaced ones of those that are large enough.

    Args:
        faces: Of one video, in order of time.
        how: `frames_per_person` and `min_side` of it.

    Returns:
        In order of time, and within a frame of person.
    """
    of: dict[int, list[Face]] = {}
    for face in faces:
        if face.side >= how.min_side:
            of.setdefault(face.person, []).append(face)
    chosen = [
        several[place]
        for several in of.values()
        for place in sample_frame_indices(len(several), how.frames_per_person)
    ]
    return sorted(chosen, key=lambda face: (face.frame, face.person))


def embed_video(path: Path, faces: Sequence[Face], how: Embedding) -> list[Person]:
    """Everybody in a video who has a face that is large enough, in order of their numbers.

    Args:
        path: A video, a single picture or a folder of numbered ones; a file or a shard's member.
        faces: Of it, as the table of faces has them.
        how: How.

    Raises:
        UnreadableVideo: a frame cannot be had.
    """
    wanted: dict[int, list[Face]] = {}
    for face in chosen_faces(faces, how):
        wanted.setdefault(face.frame, []).append(face)
    if not wanted:
        return []
    network = _network(how.weights)
    features: dict[int, dict[int, np.ndarray]] = {}
    read = read_pictures if holds_pictures(path) else decode_frames
    for frame, picture in read(path, list(wanted)):
        for face in wanted[frame]:
            if (feature := network.embed(picture, face)) is not None:
                features.setdefault(face.person, {})[frame] = feature
    return [_person(number, features[number]) for number in sorted(features)]


def _person(number: int, features: dict[int, np.ndarray]) -> Person:
    # In order of time, since decoders deliver a few files out of order and sums have one.
    mean = np.mean([features[frame] for frame in sorted(features)], axis=0)
    return Person(number, len(features), (mean / max(np.linalg.norm(mean), 1e-12)).astype(np.float32))


@lru_cache(maxsize=1)
def _network(weights: Path) -> SFace:
    """One in a process: loading it takes as long as embedding many faces."""
    return SFace(weights)


@lru_cache(maxsize=1)
def _table(folder: Path) -> FaceTable:
    """Opened before workers are forked, so that they share it."""
    return FaceTable.open(folder)


def embed_people(
    videos: Sequence[Video],
    roots: Mapping[str, Path],
    faces: Path,
    out: Path,
    how: Embedding,
    *,
    model: str,
    workers: int,
    kept: Kept,
    max_skipped: float,
    max_probe_seconds: float = inf,
) -> tuple[int, int, list[Skipped]]:
    """Write the table of people of all videos; nobody is embedded twice from the same content.

    What is written depends neither on `workers` nor on what was embedded before. Embeddings are in
    memory for a few videos at a time, however many videos there are.

    Args:
        videos: In the order in which they are written.
        roots: Of each data set the folder that its videos' paths are relative to.
        faces: Table of faces.
        out: Folder to write.
        how: How.
        model: Its name.
        workers: Processes.
        kept: What was found before, in other runs too.
        max_skipped: Largest fraction of a data set's videos that may not be readable.
        max_probe_seconds: Longest time that is spent on one.

    Returns:
        Number of people, of videos with one, and the videos that could not be read.

    Raises:
        InputError: the file of weights holds another network, or more than `max_skipped` of a data
            set's videos failed, in this run and those before; or one is not what `ingest` saw.
    """
    _table.cache_clear()  # another run in this process may have had another table of that name
    looked = _table(faces)
    keys = [kept.key(*content_key(video), [*map(astuple, looked.of(video.key))]) for video in videos]
    with kept.opened():
        tally = work_through(
            videos,
            roots,
            keys,
            partial(_embed, roots, faces, how),
            kept,
            stage=STAGE,
            doing="embedding people",
            workers=workers,
            param="extract_frames.max_skipped",
            max_skipped=max_skipped,
            max_probe_seconds=max_probe_seconds,
            sees=[faces, how.weights],
        )
        meta = {"model": model, **asdict(how), "weights": how.weights.name}
        read = read_found(videos, keys, kept, tally.skipped)
        people = ((key, [_person_of(values) for values in found]) for key, found in read)
        write_people(out, meta, people, tally.skipped, n_people=tally.n_found, width=WIDTH)
    return tally.n_found, tally.n_with, tally.skipped


def _embed(roots: Mapping[str, Path], faces: Path, how: Embedding, video: Video) -> list[Any]:
    """A float32 comes back from its decimals as it was."""
    people = embed_video(roots[video.dataset] / video.path, _table(faces).of(video.key), how)
    return [[one.person, one.n_frames, one.vector.tolist()] for one in people]


def _person_of(values: list[Any]) -> Person:
    person, n_frames, vector = values
    return Person(person, n_frames, np.array(vector, dtype=np.float32))
