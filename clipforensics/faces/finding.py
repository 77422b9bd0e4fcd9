"""Find the faces of every video's sampled frames, several videos side by side, and go on after a kill."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, astuple, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from clipforensics.core.records import Skipped, Video
from clipforensics.faces.face import Face
from clipforensics.faces.following import follow
from clipforensics.faces.table import write_faces
from clipforensics.faces.watching import in_turn, look_through
from clipforensics.faces.yunet import Yunet
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import holds_pictures, read_pictures
from clipforensics.footage.probing import DIED, check_share
from clipforensics.footage.video import decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.machine.workers import ordered_map

STAGE = "find_faces"
PASSING = "cannot be read"
"""Begins the reason of a video that the system, not its content, kept from being read."""

Found = list[Face] | Skipped
"""Of one video: its faces, or why they cannot be had."""

_SAVED = 20  # videos after which what is found outlives a kill


@dataclass
class _Tally:
    """What was found so far, counted; the faces themselves are in a file, so that memory stays flat."""

    n_done: int = 0
    n_faces: int = 0
    n_with: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, result: Found) -> None:
        self.n_done += 1
        if isinstance(result, Skipped):
            self.skipped.append(result)
        else:
            self.n_faces += len(result)
            self.n_with += bool(result)


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
    root: Path,
    out: Path,
    looking: Looking,
    *,
    detector: str,
    workers: int,
    scratch: Path,
    max_skipped: float,
) -> tuple[int, int, list[Skipped]]:
    """Write the table of faces of all videos; a killed run goes on where it stopped.

    What is written depends neither on `workers` nor on how often the run was interrupted. Faces are in
    memory for a few videos at a time, however many videos there are.

    Args:
        videos: In the order in which they are written.
        root: Folder that their paths are relative to.
        out: Folder to write.
        looking: How.
        detector: Its name.
        workers: Processes.
        scratch: Folder for unfinished work, one for each set of videos and settings.
        max_skipped: Largest fraction of the videos that may not be decodable.

    Returns:
        Number of faces, of videos with one, and the videos that could not be decoded.

    Raises:
        InputError: more than `max_skipped` of the videos failed, in this run and those before.
    """
    saved = scratch / "found.jsonl"
    tally = _committed(saved, videos)
    todo = videos[tally.n_done :]
    with (
        closing(ordered_map(partial(_find, root, looking), todo, workers=workers, died=_died)) as results,
        saved.open("a", encoding="utf-8") as file,
        tqdm(
            total=len(videos), initial=tally.n_done, desc="finding faces", unit="video", disable=None
        ) as bar,
    ):
        for video, result in zip(todo, results, strict=True):
            _save(file, video, result)
            tally.add(result)
            if tally.n_done % _SAVED == 0:
                file.flush()
            bar.update()
            if isinstance(result, Skipped):
                _check_share(tally, len(videos), max_skipped)
    _check_share(tally, len(videos), max_skipped)
    meta = {"detector": detector, **asdict(looking), "weights": looking.weights.name}
    write_faces(out, meta, _by_key(saved), tally.skipped)
    return tally.n_faces, tally.n_with, tally.skipped


def _check_share(tally: _Tally, n_videos: int, max_skipped: float) -> None:
    check_share(tally.skipped, n_videos, max_skipped=max_skipped, param="extract_frames.max_skipped")


def _by_key(saved: Path) -> Iterator[tuple[str, list[Face]]]:
    """Of each video that could be decoded its key and faces, read as they are wanted."""
    with saved.open(encoding="utf-8") as file:
        for key, found in map(json.loads, file):
            if not isinstance(found, str):
                yield key, [_face(values) for values in found]


def _find(root: Path, looking: Looking, video: Video) -> Found:
    try:
        return find_in_video(root / video.path, video.n_frames, looking)
    except UnreadableVideo as error:
        return Skipped(STAGE, video.path, str(error))
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Skipped(STAGE, video.path, f"{PASSING}: {reason}")


def _died(video: Video) -> Found:
    return Skipped(STAGE, video.path, DIED)


def _save(file: TextIO, video: Video, result: Found) -> None:
    found: Any = result.reason if isinstance(result, Skipped) else [astuple(face) for face in result]
    file.write(json.dumps([video.key, found]) + "\n")


def _committed(path: Path, videos: Sequence[Video]) -> _Tally:
    """What an earlier run found, up to where it was killed; the file is cut there.

    A video that the system, not its content, kept from being read is looked at again, and all after it.
    """
    tally = _Tally()
    if not path.exists():
        return tally
    with path.open("r+b") as file:
        kept = 0
        for line, video in zip(file, videos, strict=False):
            result = _saved(line, video)
            if result is None:
                break
            tally.add(result)
            kept += len(line)
        file.truncate(kept)
    return tally


def _saved(line: bytes, video: Video) -> Found | None:
    """What a line says of a video; None if it breaks off, or the video is to be looked at again."""
    if not line.endswith(b"\n"):
        return None
    key, found = json.loads(line)
    if key != video.key:
        return None
    if not isinstance(found, str):
        return [_face(values) for values in found]
    passes = found == DIED or found.startswith(PASSING)
    return None if passes else Skipped(STAGE, video.path, found)


def _face(values: list[Any]) -> Face:
    frame, x, y, width, height, score, points, person = values
    return Face(frame, x, y, width, height, score, tuple(points), person)
