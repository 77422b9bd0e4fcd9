"""Look into each video that a layout found, and judge the data set as a whole."""

import errno
import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.core.records import Skipped, Video
from clipforensics.footage.content import Content, UnreadableVideo, content_of, sha256_of
from clipforensics.footage.decoding import check_frames, count_complaints, probe_sound
from clipforensics.footage.digests import check_digest
from clipforensics.footage.limits import ANY, MAX_FRAMES, MAX_PIXELS, Limits, OverLimit
from clipforensics.footage.pictures import files_of, holds_pictures, n_bytes, probe_pictures
from clipforensics.footage.reasons import DIED, late_after, may_pass, not_read
from clipforensics.footage.video import Footage, probe_video
from clipforensics.machine.cluster.choosing import map_in_order
from clipforensics.machine.kept import Kept, map_kept

STAGE = "ingest"
TOLD = 10
"""Videos left out that are named where they are too many."""
LOOKS = 3
"""Times that a file is read which changes while it is read."""
TICK = 2.0
"""Seconds; the coarsest clock of a file system in use (FAT's)."""

Decoding = Literal["strict", "lenient"]
"""What becomes of a video of whose frames a decoder complains: it is left out, or its complaints counted."""


class IngestSection(Section):
    """Section `ingest` of params.yaml; `max_probe_seconds` holds in every stage that decodes videos."""

    max_skipped: float = Field(ge=0, le=1)
    decoding: Decoding
    max_pixels: int = Field(ge=1, le=MAX_PIXELS)
    max_frames: int = Field(ge=1, le=MAX_FRAMES)
    max_seconds: float = Field(gt=0)
    max_bytes: int = Field(ge=1)
    max_probe_seconds: float = Field(gt=0)

    @property
    def limits(self) -> Limits:
        """The most that one video may have."""
        return Limits(self.max_pixels, self.max_frames, self.max_seconds, self.max_bytes)


def probe_videos(
    found: Sequence[Video],
    root: Path,
    *,
    workers: int,
    follow_links: bool = False,
    decoding: Decoding | None = None,
    limits: Limits = ANY,
    max_probe_seconds: float = inf,
    kept: Kept | None = None,
) -> tuple[list[Video], list[Skipped]]:
    """Fill in frames, size, bytes, digest and complaints of each video, several side by side.

    Args:
        found: Unprobed.
        root: Folder that their paths are relative to.
        workers: Processes.
        follow_links: Whether files may be links that lead out of the root.
        decoding: How every frame is decoded; None: only the first one is.
        limits: The most that a video may have.
        max_probe_seconds: Longest time that is spent on one.
        kept: What was found before: a file that is the same by name, size, times and number on its
            disk is not read again. None: nothing is kept.

    Returns:
        Videos in the order of `found`, and those that cannot be used, with the reason. A mask that leads out
        of the root is left aside. The result does not depend on `workers`.
    """
    probe = _Probe(root, follow_links, decoding, limits)
    options: dict[str, Any] = {"workers": workers, "died": lambda video: ("", DIED)}
    options["late"] = lambda video: ("", late_after(max_probe_seconds))
    options |= {"seconds": max_probe_seconds, "sees": [root]}
    videos: list[Video] = []
    skipped: list[Skipped] = []
    with ExitStack() as stack:
        if kept is None:
            results = map_in_order(probe, found, **options)
        else:
            stack.enter_context(kept.opened())
            signatures = [_signature(root, video.path) for video in found]
            keys = [kept.key(*one, follow_links, decoding, asdict(limits)) for one in signatures]
            before = {_state(files) for _, _, files, *_ in signatures}  # a state holds the file's own number
            options["lasting"] = lambda probed: _lasts(probed) and probed[0] in before
            results = map_kept(probe, found, keys, kept, **options)
        stack.enter_context(closing(results))
        bar = tqdm(results, total=len(found), desc="probing", unit="video", disable=None)
        for video, (_, seen) in zip(found, bar, strict=True):
            if isinstance(seen, str):
                skipped.append(Skipped(STAGE, video.path, seen, video.dataset))
            else:
                mask = video.mask if follow_links else _mask_inside(video.mask, root)
                videos.append(replace(video, **seen, mask=mask))
    return videos, skipped


def hold_against(
    digests: Mapping[str, str],
    found: Sequence[Video],
    root: Path,
    *,
    workers: int,
    follow_links: bool = False,
    limits: Limits = ANY,
    max_probe_seconds: float = inf,
) -> tuple[list[Video], list[Skipped]]:
    """Hold every file against a list of digests; each is read, whatever was found in it before.

    Args:
        digests: Of every file, by its name relative to the root.
        found: Unprobed.
        root: Folder that their paths are relative to.
        workers: Processes.
        follow_links: As in `probe_videos`.
        limits: As there.
        max_probe_seconds: As there.

    Returns:
        Videos all of whose files are as listed, and the others with the reason.
    """
    results = map_in_order(
        partial(_fault, digests, root, follow_links, limits),
        found,
        workers=workers,
        died=lambda video: DIED,
        seconds=max_probe_seconds,
        late=lambda video: late_after(max_probe_seconds),
        sees=[root],
    )
    sound: list[Video] = []
    skipped: list[Skipped] = []
    bar = tqdm(results, total=len(found), desc="holding against the list", unit="video", disable=None)
    for video, fault in zip(found, bar, strict=True):
        if fault:
            skipped.append(Skipped(STAGE, video.path, fault, video.dataset))
        else:
            sound.append(video)
    return sound, skipped


def masks_left_aside(found: Sequence[Video], probed: Sequence[Video]) -> int:
    """Videos that lost their mask in `probe_videos`, since it leads out of the root."""
    without = {video.path for video in probed if not video.mask}
    return sum(bool(video.mask) and video.path in without for video in found)


def drop_contradictions(videos: Sequence[Video]) -> tuple[list[Video], list[Skipped]]:
    """Leave out videos whose very bytes occur with the other label, since neither can be trusted.

    Those of the data set that comes first, which is trained on, by what itself says alone: what else is
    tested does not change it.
    """
    labels: dict[str, dict[int, str]] = {}
    own: dict[str, dict[int, str]] = {}
    for video in videos:
        labels.setdefault(video.sha256, {}).setdefault(video.label, video.path)
        if video.dataset == videos[0].dataset:
            own.setdefault(video.sha256, {}).setdefault(video.label, video.path)
    kept, skipped = [], []
    for video in videos:
        said = own if video.dataset == videos[0].dataset else labels
        other = said[video.sha256].get(1 - video.label)
        if other is None:
            kept.append(video)
            continue
        reason = f"label {video.label}, but {other!r} has the same content and label {1 - video.label}"
        skipped.append(Skipped(STAGE, video.path, f"{reason}; correct one", video.dataset))
    return kept, skipped


def check_videos(videos: Sequence[Video], skipped: Sequence[Skipped], *, max_skipped: float) -> None:
    """Check that what was found makes a data set.

    Raises:
        InputError: nothing was found, more than `max_skipped` (fraction) of it is unusable,
            or one class is missing.
    """
    if not videos and not skipped:
        raise InputError("the data set is empty: no videos were found; check its root and profile")
    check_share(skipped, len(videos) + len(skipped), max_skipped=max_skipped, param="ingest.max_skipped")
    for label, word in enumerate(("real", "manipulated")):
        if all(video.label != label for video in videos):
            raise InputError(
                f"the data set has no {word} video (label {label}) among {len(videos)};"
                " both classes are needed; check its root and profile"
            )


def check_share(skipped: Sequence[Skipped], n_found: int, *, max_skipped: float, param: str) -> None:
    """Raise InputError if more than the fraction `max_skipped` of the videos cannot be used."""
    if len(skipped) > max_skipped * n_found:
        first = "; ".join(f"{s.path!r} {s.reason}" for s in skipped[:TOLD])
        raise InputError(
            f"{len(skipped)} of {n_found} videos cannot be used, more than {param}={max_skipped:g} allows:"
            f" {first}{'; ...' if len(skipped) > TOLD else ''}. Mend them or raise {param}"
        )


def check_unchanged(videos: Sequence[Video], roots: Mapping[str, Path]) -> None:
    """Check that every video still is where and as large as `ingest` found it.

    Args:
        videos: Of one or several data sets.
        roots: Folder of each data set.

    Raises:
        InputError: one is gone or has another number of bytes.
    """
    for video in videos:
        root = roots[video.dataset]
        try:
            found = n_bytes(root / video.path)
        except (OSError, UnreadableVideo) as error:
            raise gone(video, root) from error
        if found != video.n_bytes:
            raise InputError(
                f"{video.path!r} has {found} bytes, {video.n_bytes} at ingest: changed since ingest;"
                " run `dvc repro -f ingest`"
            )


def gone(video: Video, root: Path) -> InputError:
    """What is raised of a video that is not there any more."""
    return InputError(f"{video.path!r} is gone from {str(root)!r} since ingest; run `dvc repro -f ingest`")


Probed = tuple[str, dict[str, Any] | str]
"""The state of a video's files while it was read, and the fields that are read, or why it cannot be used."""


def _signature(root: Path, name: str) -> tuple[str, object, list[list[int]], int]:
    """By what a video's files are taken for the same without reading them, as git and DVC do.

    Of a file that was changed a moment ago nothing is known by its time: it might change again within the
    same tick of the clock. Nobody can set the time of the last change of a file's own record (ctime): it
    shows that a file was put aside and back, or altered and given its old time. It also moves when a file
    gets one more name (`ln`) or other rights; then the file is read once more, which is never wrong.
    """
    path = root / name
    try:
        contents = [content_of(part) for part in files_of(path)]
        names, files = [str(one.file.resolve()) for one in contents], _statuses_of(contents)
    except (OSError, UnreadableVideo) as error:
        return str(path.absolute()), str(error), [], time.time_ns()
    is_fresh = any(changed > time.time_ns() - TICK * 10**9 for _, changed, *_ in files)
    return str(path.absolute()), names, files, time.time_ns() if is_fresh else 0


def _state(statuses: Sequence[Sequence[int]]) -> str:
    return hashlib.sha256(repr(statuses).encode()).hexdigest()


def _statuses(path: Path) -> list[list[int]]:
    return _statuses_of([content_of(part) for part in files_of(path)])


def _statuses_of(contents: Sequence[Content]) -> list[list[int]]:
    """What the system says of a video's files."""
    seen = [(one.file.stat(), one.begin, one.size) for one in contents]
    return [[s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino, begin, size] for s, begin, size in seen]


def _lasts(probed: Probed) -> bool:
    """Whether it is of the video's content; what the system kept from being read is read again."""
    return not isinstance(probed[1], str) or not may_pass(probed[1])


@dataclass(frozen=True)
class _Probe:
    """What is done with one video; the arguments of `probe_videos` that say how."""

    root: Path
    follow_links: bool
    decoding: Decoding | None
    limits: Limits

    def __call__(self, video: Video) -> Probed:
        """What was found in the video, or why it cannot be used."""
        try:
            return self._probed(self.root / video.path)
        except (OSError, MemoryError) as error:
            return "", not_read(error)

    def _probed(self, path: Path) -> Probed:
        """What is found while nothing of the file changes; one that was linked meanwhile is read again."""
        for _ in range(LOOKS):
            before: list[list[int]] = []
            try:
                before = _statuses(path)
                found: dict[str, Any] | str = self._found(path)
            except UnreadableVideo as error:
                found = str(error)
            if not before or _statuses(path) == before:
                return _state(before), found
        raise OSError(errno.EAGAIN, "it was changed while it was read")

    def _found(self, path: Path) -> dict[str, Any]:
        """What is cheap comes first: of a video that is refused for it nothing is decoded."""
        if not self.follow_links:
            _check_inside(path, self.root)
        size = n_bytes(path)
        self.limits.check_bytes(size)
        footage, n_complaints = self._looked_into_twice(path)
        sha256 = digest(path)
        return {
            "n_frames": footage.n_frames,
            "width": footage.width,
            "height": footage.height,
            "codec": footage.codec,
            "frame_rate": footage.frame_rate,
            "key_interval": footage.key_interval,
            "encoder": footage.encoder,
            "n_bytes": size,
            "sha256": sha256,
            "complaints": n_complaints,
        }

    def _looked_into_twice(self, path: Path) -> tuple[Footage, int]:
        """A refusal stands once it has come twice, and all could be read in between: libav tells of a disk
        that fails as it does of damage.
        """
        try:
            return self._looked_into(path)
        except OverLimit:
            raise
        except UnreadableVideo:
            digest(path)
            return self._looked_into(path)

    def _looked_into(self, path: Path) -> tuple[Footage, int]:
        """What the frames are, and how many complaints there are of them."""
        if holds_pictures(path):
            return probe_pictures(path, self.limits), self._complaints(path)
        if self.decoding is not None and (footage := probe_sound(path, self.limits)):
            return footage, 0
        return probe_video(path, self.limits), self._complaints(path)

    def _complaints(self, path: Path) -> int:
        if self.decoding == "strict":
            check_frames(path, self.limits)
        return count_complaints(path, self.limits) if self.decoding == "lenient" else 0


def _fault(digests: Mapping[str, str], root: Path, follow_links: bool, limits: Limits, video: Video) -> str:
    """Why a video is not as listed; empty if it is."""
    path = root / video.path
    try:
        if not follow_links:
            _check_inside(path, root)
        limits.check_bytes(n_bytes(path))
        for part in files_of(path):
            check_digest(part, root, digests)
    except UnreadableVideo as error:
        return str(error)
    except (OSError, MemoryError) as error:
        return not_read(error)
    return ""


def _check_inside(path: Path, root: Path) -> None:
    """Raise UnreadableVideo if what would be read lies outside the data set: a link may lead anywhere."""
    top = root.resolve()
    for part in files_of(path):
        if not _is_inside(part, top):
            about = f"picture {part.name!r}" if path.is_dir() else "its file"
            raise UnreadableVideo(
                f"{about} is a link that leads out of the root; copy the file there, or set `follow_links`"
            )


def _mask_inside(mask: str, root: Path) -> str:
    """The mask, or nothing if a link leads out by it; what else may be wrong is told where it is used."""
    try:
        inside = not mask or all(_is_inside(part, root.resolve()) for part in files_of(root / mask))
    except (OSError, UnreadableVideo):
        return mask
    return mask if inside else ""


def _is_inside(part: Path, top: Path) -> bool:
    return content_of(part).file.resolve().is_relative_to(top)


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of each picture's name and digest in order."""
    if not path.is_dir():
        return sha256_of(path)
    lines = (f"{sha256_of(part)}  {part.name}\n" for part in files_of(path))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
