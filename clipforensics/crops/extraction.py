"""Fill the frame store: decode many videos side by side, commit shard by shard, resume after a kill."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, field
from functools import lru_cache, partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator
from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting, Resample
from clipforensics.core.records import Skipped, Video
from clipforensics.crops.choosing import choose, choose_all, choose_marked
from clipforensics.crops.masks import lend_masks, marked_by
from clipforensics.crops.person import Crop, Cut, MarkedCrop, crop_kind, extract_faces
from clipforensics.crops.reuse import Before, Stored, Todo, shards_of
from clipforensics.crops.shards import LARGEST, Extracted, StoreWriter
from clipforensics.faces.face import Face
from clipforensics.faces.table import NONE, FaceTable, read_detector
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.holding import content_key, work_on
from clipforensics.footage.pictures import holds_pictures, read_pictures, resize_and_crop
from clipforensics.footage.probing import digest
from clipforensics.footage.reasons import DIED, late_after, may_pass
from clipforensics.footage.resuming import Shares
from clipforensics.footage.video import decode_frames
from clipforensics.frames.codecs import RAW, Codec, pack
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.machine.cluster.choosing import map_in_order
from clipforensics.machine.kept import Kept

STAGE = "extract_frames"
SHARD_FRAMES = 1024
"""Frames after which a stage closes a shard (154 MB of pixels at 224); no result depends on it."""

NO_FACE = "no face was found"
"""Begins the reason of a video in none of whose sampled frames there was one."""


class ExtractSection(Cut):
    """Section `extract_frames` of params.yaml."""

    n_frames: int = Field(ge=1)
    frame_size: int = Field(ge=1, le=4096)  # DVC's run cache overlooks params called size
    resample: Resample
    squash: bool
    resize_edge: int = Field(ge=0, le=4096)
    codec: Codec
    max_skipped: float = Field(ge=0, le=1)
    max_without_face: float = Field(ge=0, le=1)

    @property
    def options(self) -> dict[str, Any]:
        """What `extract_frames` takes of it."""
        return {
            "n_frames": self.n_frames,
            "fitting": self.fitting,
            "codec": self.codec,
            "max_skipped": self.max_skipped,
            "cut": self,
            "max_without_face": self.max_without_face,
        }

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
    roots: Mapping[str, Path],
    out: Path,
    *,
    n_frames: int,
    fitting: Fitting,
    shard_frames: int,
    workers: int,
    scratch: Path,
    kept: Kept,
    max_skipped: float,
    faces: Path | None = None,
    cut: Cut | None = None,
    max_without_face: float = 1.0,
    max_probe_seconds: float = inf,
    blanked: bool = False,
    codec: Codec = RAW,
) -> list[Skipped]:
    """Write the frame store of all videos to `out`; no content is decoded twice under the same settings.

    The bytes written depend neither on `workers` nor on what was decoded before, in a run that was killed or
    in another experiment. Memory holds a few videos' frames, however many videos there are. A shard ends
    where the keys of its videos say (`shards.ends_a_shard`).

    Args:
        videos: In the order in which they are stored.
        roots: Of each data set the folder that its videos' paths are relative to.
        out: Folder to write; replaced if it exists, and only once all is done.
        n_frames: Frames a video (k).
        fitting: How each is resized and cropped.
        shard_frames: Frames of an average shard.
        workers: Processes.
        scratch: Folder for unfinished work, this run's alone.
        kept: What was decoded before, in other runs too.
        max_skipped: Largest fraction of a data set's videos that may fail.
        faces: Table of faces; None, or one whose detector is `none`: frames are cut around their middle. So
            are those of a data set in which nobody was looked for.
        cut: How, where there are faces.
        max_without_face: Largest fraction of a data set's videos that may be left out for want of a face.
        max_probe_seconds: Longest time that is spent on one video.
        blanked: Whether the same frames are stored whole, with a black box in place of every face; those of a
            data set that is cut around faces already are all box.
        codec: As which frames are stored; workers pack them.

    Returns:
        Videos that could not be decoded or have no face, also written to skipped.csv.

    Raises:
        InputError: more than `max_skipped` of the videos failed, or `max_without_face` of them have no face;
            or one is not what `ingest` saw.
    """
    looked = faces if faces is not None and cut is not None and read_detector(faces) != NONE else None
    work = _Work(roots, n_frames, fitting, looked, None if looked is None else cut, blanked, codec)
    limits = {"max_skipped": max_skipped, "max_without_face": max_without_face}
    shares = Shares(videos, {f"{STAGE}.{name}": limit for name, limit in limits.items()})
    shape = fitting.size, LARGEST * shard_frames, crop_kind(work.cut)
    with kept.opened(), StoreWriter(scratch / "store", kept, *shape, apart=work.apart, codec=codec) as store:
        per_shard = max(1, shard_frames // n_frames)
        options: dict[str, Any] = {"workers": workers, "died": lambda video: DIED}
        options |= {"seconds": max_probe_seconds, "late": lambda video: late_after(max_probe_seconds)}
        options["sees"] = [*roots.values(), *([] if looked is None else [looked])]
        _fill(work, work.prepared(videos), store, shares, per_shard=per_shard, options=options)
        store.finish(work.meta_of(videos[0].dataset))
    _put(scratch / "store", out)
    return store.skipped


def _fill(
    work: "_Work",
    videos: Sequence[Video],
    store: StoreWriter,
    shares: Shares,
    *,
    per_shard: int,
    options: Mapping[str, Any],
) -> None:
    """Take in every video: what was decoded before as it is, else decoded now, a shard after another."""
    keys = [work.key(store.kept, video) for video in videos]
    before = Before(store.kept, keys, store.kind, size=store.size, codec=store.codec)
    bar = tqdm(total=len(videos), desc="extracting", unit="video", disable=None)
    with closing(map_in_order(work, Todo(before, videos), **options)) as results, bar:
        for span in shards_of(videos, per_shard):
            shards, found = before.whole(span, store.most), {}
            for number in span:
                video, result = videos[number], before.take(videos[number], number) or next(results)
                if shards is None or isinstance(result, str):
                    _take_in(result, video, before.keys[number], store, shares)
                else:
                    found[number] = video, result
                bar.update()
            store.end_shard()
            for shard in shards or ():
                store.link(shard.path, shard.sha256, [found[number] for number in shard.videos])


def _take_in(result: Extracted | str, video: Video, key: str, store: StoreWriter, shares: Shares) -> None:
    if isinstance(result, Extracted):
        store.add(video, key, result)
        return
    one = Skipped(STAGE, video.path, result, video.dataset)
    store.skip(one, key, lasting=not may_pass(result))
    shares.add(one, _limit(one))


def _put(made: Path, out: Path) -> None:
    if out.exists():
        shutil.rmtree(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(made, out)


def _limit(one: Skipped) -> str:
    """The setting that says how many may be left out so."""
    return f"{STAGE}.{'max_without_face' if one.reason.startswith(NO_FACE) else 'max_skipped'}"


@lru_cache(maxsize=1)
def _table(folder: Path) -> FaceTable:
    """Opened before workers are forked, so that they share it."""
    return FaceTable.open(folder)


@dataclass(frozen=True)
class _Work:
    """What is done with one video; the arguments of `extract_frames` that say how."""

    roots: Mapping[str, Path]
    k: int
    fitting: Fitting
    faces: Path | None
    cut: Cut | None
    blanked: bool
    codec: Codec
    masks: dict[Path, str] = field(default_factory=dict)
    """Digest of each mask, as it stands in keys."""

    def meta_of(self, dataset: str) -> dict[str, object]:
        """How the frames of a data set are made: of the one that is trained on, the store says it."""
        around = (
            {} if self.cut is None or self._is_whole(dataset) else {"around": "face", **self.cut.as_meta()}
        )
        return {**self.fitting.as_meta(), "n_frames": self.k, **around}

    def _is_whole(self, dataset: str) -> bool:
        """Whether nobody was looked for in a data set."""
        return self.faces is None or dataset in _table(self.faces).whole

    def prepared(self, videos: Sequence[Video]) -> Sequence[Video]:
        """The videos, each with the mask that decides whom it shows; the table is opened for all workers."""
        if self.faces is not None:
            _table.cache_clear()  # of another table that lay there
            _table(self.faces)
        by_mask = self.cut is not None and self.cut.person == "mask"
        return lend_masks(videos) if by_mask else videos

    @property
    def apart(self) -> bool:
        """Whether people are stored apart."""
        return self.cut is not None and self.cut.person == "every"

    def key(self, kept: Kept, video: Video) -> str:
        """Of a video's frames: its content, the faces in it and the mask that chooses among them."""
        how = [*content_key(video), self.k, self.fitting.as_meta(), self.blanked]
        if self.faces is None or self.cut is None or self._is_whole(video.dataset):
            return kept.key(*how, self.apart)
        table = _table(self.faces)
        if reason := table.skipped.get((video.dataset, video.path)):
            return kept.key(reason)
        faces = [astuple(face) for face in table.of(video.key)]
        return kept.key(*how, self.cut.as_meta(), faces, self._mask_digest(video))

    def _mask_digest(self, video: Video) -> str:
        if self.cut is None or self.cut.person != "mask" or not video.mask:
            return ""
        path = self._path(video, video.mask)
        if path not in self.masks:
            try:
                self.masks[path] = digest(path)
            except (OSError, UnreadableVideo) as error:  # told where the mask is used
                self.masks[path] = str(error)
        return self.masks[path]

    def __call__(self, item: Video | Stored) -> Extracted | str:
        """The frames of a video, or why there are none; decoded unless they are kept under another codec."""
        if not isinstance(item, Stored):
            return self._extracted(item)
        return item.repacked(self.codec, crop_kind(self.cut)) or self._extracted(item.video)

    def _extracted(self, video: Video) -> Extracted | str:
        reason = self._why_none(video)
        return reason or work_on(video, self.roots[video.dataset], partial(self._decoded, video))

    def _why_none(self, video: Video) -> str:
        """Why a video has no frames, where that is known without reading it; else empty."""
        if self.faces is None or self.cut is None or self._is_whole(video.dataset):
            return ""
        table = _table(self.faces)
        if reason := table.skipped.get((video.dataset, video.path)):
            return reason
        if self.cut.without_face == "skip" and not table.of(video.key):
            return f"{NO_FACE} in its {min(video.n_frames, self.k)} sampled frames"
        return ""

    def _decoded(self, video: Video) -> Extracted:
        if self.faces is None or self.cut is None or self._is_whole(video.dataset):
            return self._whole(video, boxed=self.blanked)
        return self._around_faces(video, _table(self.faces), self.cut)

    def _path(self, video: Video, name: str) -> Path:
        return self.roots[video.dataset] / name

    def _whole(self, video: Video, crops: Sequence[Crop] = (), *, boxed: bool = False) -> Extracted:
        """Whole frames, or as many black ones; they are nobody's."""
        path = self._path(video, video.path)
        indices, frames = extract_video(path, video.n_frames, self.k, self.fitting)
        nobody = np.full(len(indices), -1) if self.apart else None
        packed = pack(np.zeros_like(frames) if boxed else frames, self.codec)
        return Extracted(indices, packed, crops, nobody)

    def _around_faces(self, video: Video, table: FaceTable, cut: Cut) -> Extracted:
        everybody, n_sampled = table.of(video.key), min(video.n_frames, self.k)
        if not everybody:
            return self._whole(video, [crop_kind(cut)(video.key, 0, -1, 0, 0)])
        chosen = self._chosen(video, everybody, cut, n_sampled)
        faces = [face for crop in chosen for face in everybody if face.person == crop.person]
        indices, people = (
            np.array(of, dtype=np.int64) for of in zip(*((f.frame, f.person) for f in faces), strict=True)
        )
        around = everybody if self.blanked else None
        frames = extract_faces(self._path(video, video.path), faces, cut, self.fitting, around)
        packed = pack(frames, self.codec)
        return Extracted(indices, packed, chosen, people if cut.person == "every" else None)

    def _chosen(self, video: Video, everybody: Sequence[Face], cut: Cut, n_sampled: int) -> list[Crop]:
        """The people whom the video's frames are cut around, of several the main one first."""
        if cut.person == "every":
            people = choose_all(everybody, n_sampled, cut.min_share)
            return [_crop(video, everybody, person, n_sampled) for person in people]
        if cut.person == "mask":
            return [self._marked(video, everybody, n_sampled)]
        person = choose(everybody, cut.person, video.width, video.height)
        assert person is not None  # there are faces
        return [_crop(video, everybody, person, n_sampled)]

    def _marked(self, video: Video, everybody: Sequence[Face], n_sampled: int) -> Crop:
        marked = self._marks(video, everybody) if video.mask else {}
        person = choose_marked(everybody, marked)
        assert person is not None  # there are faces
        crop = _crop(video, everybody, person, n_sampled)
        return MarkedCrop(**vars(crop), marked=round(marked.get(person, 0.0), 3))

    def _marks(self, video: Video, everybody: Sequence[Face]) -> dict[int, float]:
        """On whom the mask lies; it is held to what it was when the key of the frames was made."""
        path = self._path(video, video.mask)
        try:
            return marked_by(path, video, everybody)
        finally:
            try:
                found = digest(path)
            except UnreadableVideo as error:
                found = str(error)
            if found != self.masks[path]:
                raise InputError(f"the mask {video.mask!r} was changed while it was used; run again")


def _crop(video: Video, everybody: Sequence[Face], person: int, n_sampled: int) -> Crop:
    sides = [face.side for face in everybody if face.person == person]
    n_at_once = max(Counter(face.frame for face in everybody).values())
    return Crop(video.key, n_at_once, person, n_sampled - len(sides), int(np.median(sides)))
