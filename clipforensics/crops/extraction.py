"""Fill the frame store: decode many videos side by side, commit shard by shard, resume after a kill."""

import csv
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator
from tqdm import tqdm

from clipforensics.core.fitting import Fitting, Resample
from clipforensics.core.records import Skipped, Video, write_records
from clipforensics.crops.choosing import choose
from clipforensics.crops.person import Crop, Cut, extract_person
from clipforensics.faces.table import NONE, FaceTable, read_detector
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import holds_pictures, read_pictures, resize_and_crop
from clipforensics.footage.probing import DIED, check_share
from clipforensics.footage.video import decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.frames.store import INDEX, INDEX_COLUMNS, META, SKIPPED, shard_name
from clipforensics.machine.workers import ordered_map

STAGE = "extract_frames"
NOT_READ = "cannot be read"
"""Begins the reason of a video that the system, not its content, kept from being read."""


NO_FACE = "no face was found"
"""Begins the reason of a video in none of whose sampled frames there was one."""

CROPS = "crops.csv"
"""Of the store: what each video's frames are cut around, a `Crop` a row; none without faces."""


class ExtractSection(Cut):
    """Section `extract_frames` of params.yaml."""

    n_frames: int = Field(ge=1)
    frame_size: int = Field(ge=1, le=4096)  # DVC's run cache overlooks params called size
    resample: Resample
    squash: bool
    resize_edge: int = Field(ge=0, le=4096)
    max_skipped: float = Field(ge=0, le=1)
    max_without_face: float = Field(ge=0, le=1)

    @field_validator("resize_edge")
    @classmethod
    def _holds_the_crop(cls, edge: int, info: ValidationInfo) -> int:
        if 0 < edge < info.data.get("frame_size", 0):
            raise ValueError("must be 0 (as frame_size) or at least frame_size, which is cut out of it")
        return edge

    @property
    def fitting(self) -> Fitting:
        """How a picture becomes a frame."""
        return Fitting(self.frame_size, self.resample, self.squash, self.resize_edge)


@dataclass
class _Part:
    """What a shard stands for: videos done up to its end, index rows, skipped, crops, its pixels' digest."""

    n_done: int
    index: list[tuple[str, int]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    crops: list[Crop] = field(default_factory=list)
    sha256: str = ""


@dataclass(frozen=True)
class _Extracted:
    """Frames of one video on their way from a worker."""

    indices: NDArray[np.int64]
    frames: NDArray[np.uint8]
    crop: Crop | None = None


def extract_video(
    path: Path, n_frames: int, k: int, fitting: Fitting
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Take k frames of one video (or of pictures), evenly spaced, resized and cropped.

    Args:
        path: A video, a single picture, or a folder of numbered ones; a file or a shard's member.
        n_frames: Frames it holds, as `ingest` counted them.
        k: Frames wanted; fewer come back if the video has fewer.
        fitting: How each is resized and cropped.

    Returns:
        Frame numbers, shape (m,), and frames, uint8 (m, size, size, 3), RGB.

    Raises:
        UnreadableVideo: a wanted frame cannot be had.
    """
    indices = sample_frame_indices(n_frames, k)
    frames = np.empty((len(indices), fitting.size, fitting.size, 3), np.uint8)
    read = read_pictures if holds_pictures(path) else decode_frames
    for index, picture in read(path, indices.tolist()):
        frames[np.searchsorted(indices, index)] = resize_and_crop(picture, fitting)
    return indices, frames


def extract_frames(
    videos: Sequence[Video],
    root: Path,
    out: Path,
    *,
    n_frames: int,
    fitting: Fitting,
    shard_frames: int,
    workers: int,
    scratch: Path,
    max_skipped: float,
    faces: Path | None = None,
    cut: Cut | None = None,
    max_without_face: float = 1.0,
    blanked: bool = False,
) -> list[Skipped]:
    """Write the frame store of all videos to `out`; a killed run goes on after its last shard.

    The bytes written depend neither on `workers` nor on how often the run was interrupted.
    Memory holds a few videos' frames, however many videos there are. A shard is closed at the
    end of the video with which it reaches `shard_frames`.

    Args:
        videos: In the order in which they are stored.
        root: Folder that their paths are relative to.
        out: Folder to write; replaced if it exists, and only once all is done.
        n_frames: Frames a video (k).
        fitting: How each is resized and cropped.
        shard_frames: Frames after which a shard is closed.
        workers: Processes.
        scratch: Folder for unfinished work, one for each set of videos and settings.
        max_skipped: Largest fraction of the videos that may fail.
        faces: Table of faces; None, or one whose detector is `none`: frames are cut around their middle.
        cut: How, where there are faces.
        max_without_face: Largest fraction of the videos that may be left out for want of a face.
        blanked: Whether the same frames are stored whole, with a black box in place of every face.

    Returns:
        Videos that could not be decoded or have no face, also written to skipped.csv.

    Raises:
        InputError: more than `max_skipped` of the videos failed, or `max_without_face` of them have no face.
    """
    (scratch / "store").mkdir(parents=True, exist_ok=True)
    parts = _committed(scratch)
    todo = videos[parts[-1].n_done if parts else 0 :]
    skipped = [s for part in parts for s in part.skipped]
    if faces is not None and read_detector(faces) == NONE:
        faces = None
    if faces is not None:
        _table(faces)
    work = partial(_extract_one, root, n_frames, fitting, faces, cut, blanked)
    shares = _Shares(len(videos), {"max_skipped": max_skipped, "max_without_face": max_without_face})
    for one in skipped:
        shares.add(one)
    with (
        closing(ordered_map(work, todo, workers=workers, died=_died)) as results,
        _ShardWriter(scratch, parts, fitting.size, shard_frames) as shards,
        tqdm(total=len(videos), initial=len(videos) - len(todo), desc="extracting", disable=None) as bar,
    ):
        for video, result in zip(todo, results, strict=True):
            shards.add(video, result)
            bar.update()
            if isinstance(result, Skipped):
                skipped.append(result)
                shares.add(result)
        shards.commit()
    around = {} if faces is None or cut is None else {"around": "face", **_how(cut)}
    _finish(scratch / "store", parts, {**fitting.as_meta(), "n_frames": n_frames, **around})
    if out.exists():
        shutil.rmtree(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(scratch / "store", out)
    return skipped


def _how(cut: Cut) -> dict[str, object]:
    return {name: getattr(cut, name) for name in Cut.model_fields}


class _Shares:
    """Videos that cannot be used and those without a face, each against a limit of its own."""

    def __init__(self, n_videos: int, limits: Mapping[str, float]) -> None:
        self._n_videos, self._limits = n_videos, limits
        self._found: dict[str, list[Skipped]] = {name: [] for name in limits}

    def add(self, one: Skipped) -> None:
        """Raise InputError if that is one too many."""
        name = "max_without_face" if one.reason.startswith(NO_FACE) else "max_skipped"
        found, limit = self._found[name], self._limits[name]
        found.append(one)
        check_share(found, self._n_videos, max_skipped=limit, param=f"{STAGE}.{name}")


@lru_cache(maxsize=1)
def _table(folder: Path) -> FaceTable:
    """Opened before workers are forked, so that they share it."""
    return FaceTable.open(folder)


def _extract_one(
    root: Path, k: int, fitting: Fitting, faces: Path | None, cut: Cut | None, blanked: bool, video: Video
) -> _Extracted | Skipped:
    try:
        if faces is None or cut is None:
            return _Extracted(*extract_video(root / video.path, video.n_frames, k, fitting))
        return _extract_around_face(root, k, fitting, _table(faces), cut, blanked, video)
    except UnreadableVideo as error:
        return Skipped(STAGE, video.path, str(error))
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Skipped(STAGE, video.path, f"{NOT_READ}: {reason}")


def _extract_around_face(
    root: Path, k: int, fitting: Fitting, table: FaceTable, cut: Cut, blanked: bool, video: Video
) -> _Extracted | Skipped:
    if video.path in table.skipped:
        return Skipped(STAGE, video.path, table.skipped[video.path])
    everybody = table.of(video.key)
    n_sampled = min(video.n_frames, k)
    person = choose(everybody, cut.person, video.width, video.height)
    if person is None:
        if cut.without_face == "skip":
            return Skipped(STAGE, video.path, f"{NO_FACE} in its {n_sampled} sampled frames")
        indices, frames = extract_video(root / video.path, video.n_frames, k, fitting)
        return _Extracted(indices, frames, Crop(video.key, 0, -1, 0, 0))
    faces = [face for face in everybody if face.person == person]
    n_at_once = max(Counter(face.frame for face in everybody).values())
    side = int(np.median([face.side for face in faces]))
    crop = Crop(video.key, n_at_once, person, n_sampled - len(faces), side)
    indices = np.array([face.frame for face in faces], dtype=np.int64)
    around = everybody if blanked else None
    return _Extracted(indices, extract_person(root / video.path, faces, cut, fitting, around), crop)


def _died(video: Video) -> _Extracted | Skipped:
    return Skipped(STAGE, video.path, DIED)


class _ShardWriter:
    """Writes frames straight to the shard under way; appends to `parts` what stands for good."""

    def __init__(self, scratch: Path, parts: list[_Part], size: int, shard_frames: int) -> None:
        self._scratch, self._parts, self._size, self._shard_frames = scratch, parts, size, shard_frames
        self._temporary = scratch / "unfinished.npy"

    def __enter__(self) -> "_ShardWriter":
        self._begin()
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def add(self, video: Video, result: _Extracted | Skipped) -> None:
        self._part.n_done += 1
        if isinstance(result, Skipped):
            self._part.skipped.append(result)
        else:
            self._file.write(result.frames.data)
            self._digest.update(result.frames.data)
            self._part.index += [(video.key, int(frame)) for frame in result.indices]
            self._part.crops += [] if result.crop is None else [result.crop]
        if len(self._part.index) >= self._shard_frames:
            self.commit()

    def commit(self) -> None:
        """Make the shard and then its part stand, each by one rename; begin the next."""
        if self._part.n_done == self._n_before:
            return
        number = len(self._parts)
        self._file.seek(0)
        _write_header(self._file, len(self._part.index), self._size)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self._scratch / "store" / shard_name(number))
        self._part.sha256 = self._digest.hexdigest()
        temporary = self._scratch / "unfinished.json"
        temporary.write_text(json.dumps(asdict(self._part)), encoding="utf-8")
        temporary.replace(_part_path(self._scratch, number))
        self._parts.append(self._part)
        self._begin()

    def _begin(self) -> None:
        self._n_before = self._parts[-1].n_done if self._parts else 0
        self._part = _Part(self._n_before)
        self._digest = hashlib.sha256()
        self._file = self._temporary.open("wb")
        _write_header(self._file, 0, self._size)


def _write_header(file: BinaryIO, n_frames: int, size: int) -> None:
    """NumPy's header; it leaves room for the first axis to grow, so its length never changes."""
    shape = (n_frames, size, size, 3)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _part_path(scratch: Path, number: int) -> Path:
    return scratch / f"part-{number:05d}.json"


def _committed(scratch: Path) -> list[_Part]:
    """Parts of an earlier run whose shards stand, up to a gap.

    What kept a video from being read may have passed (a disk's fault, a killed process): the
    part that skipped it, and all after it, are done again.
    """
    parts: list[_Part] = []
    while (path := _part_path(scratch, len(parts))).exists():
        if not (scratch / "store" / shard_name(len(parts))).exists():
            break
        raw = json.loads(path.read_text(encoding="utf-8"))
        skipped = [Skipped(**s) for s in raw["skipped"]]
        if any(s.reason == DIED or s.reason.startswith(NOT_READ) for s in skipped):
            break
        index = [(key, frame) for key, frame in raw["index"]]
        crops = [Crop(**crop) for crop in raw["crops"]]
        parts.append(_Part(raw["n_done"], index, skipped, crops, raw["sha256"]))
    return parts


def _finish(store: Path, parts: Sequence[_Part], meta: dict[str, object]) -> None:
    """Write index.csv, skipped.csv, crops.csv and meta.json beside the shards."""
    with (store / INDEX).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(INDEX_COLUMNS)
        for shard, part in enumerate(parts):
            writer.writerows((key, frame, shard, row) for row, (key, frame) in enumerate(part.index))
    write_records(store / SKIPPED, Skipped, (s for part in parts for s in part.skipped))
    write_records(store / CROPS, Crop, (crop for part in parts for crop in part.crops))
    shards = {"shards": [len(part.index) for part in parts], "sha256": [part.sha256 for part in parts]}
    meta = {**meta, **shards}
    (store / META).write_text(json.dumps(meta, indent=2, sort_keys=True) + "\n", encoding="utf-8")
