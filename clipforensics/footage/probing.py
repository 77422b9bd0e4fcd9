"""Look into each video that a layout found, and judge the data set as a whole."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import Field
from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.core.records import Skipped, Video, check_unique
from clipforensics.footage.content import UnreadableVideo, content_of, open_content
from clipforensics.footage.pictures import files_of, holds_pictures, n_bytes, probe_pictures
from clipforensics.footage.video import probe_video
from clipforensics.machine.workers import ordered_map

STAGE = "ingest"
DIED = "its decoding process died (a crash, or out of memory); mend or remove it"


class IngestSection(Section):
    """Section `ingest` of params.yaml."""

    max_skipped: float = Field(ge=0, le=1)


def probe_videos(
    found: Sequence[Video], root: Path, *, workers: int, follow_links: bool = False
) -> tuple[list[Video], list[Skipped]]:
    """Fill in frames, size, bytes and digest of each video, several side by side.

    Args:
        found: Unprobed.
        root: Folder that their paths are relative to.
        workers: Processes.
        follow_links: Whether files may be links that lead out of the root.

    Returns:
        Videos in the order of `found`, and those that cannot be used, with the reason. The
        result does not depend on `workers`.
    """
    results = ordered_map(partial(_probe, root, follow_links), found, workers=workers, died=_died)
    probed = list(tqdm(results, total=len(found), desc="probing", unit="video", disable=None))
    return (
        [result for result in probed if isinstance(result, Video)],
        [result for result in probed if isinstance(result, Skipped)],
    )


def drop_contradictions(videos: Sequence[Video]) -> tuple[list[Video], list[Skipped]]:
    """Leave out videos whose very bytes occur with the other label, since neither can be trusted."""
    labels: dict[str, dict[int, str]] = {}
    for video in videos:
        labels.setdefault(video.sha256, {}).setdefault(video.label, video.path)
    kept, skipped = [], []
    for video in videos:
        other = labels[video.sha256].get(1 - video.label)
        if other is None:
            kept.append(video)
            continue
        reason = f"label {video.label}, but {other!r} has the same content and label {1 - video.label}"
        skipped.append(Skipped(STAGE, video.path, f"{reason}; correct one"))
    return kept, skipped


def check_videos(videos: Sequence[Video], skipped: Sequence[Skipped], *, max_skipped: float) -> None:
    """Check that what was found makes a data set.

    Raises:
        InputError: nothing was found, more than `max_skipped` (fraction) of it is unusable,
            one class is missing, or two videos have one key.
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
    check_unique(videos)


def check_share(skipped: Sequence[Skipped], n_found: int, *, max_skipped: float, param: str) -> None:
    """Raise InputError if more than the fraction `max_skipped` of the videos cannot be used."""
    if len(skipped) > max_skipped * n_found:
        first = "; ".join(f"{s.path!r} {s.reason}" for s in skipped[:3])
        raise InputError(
            f"{len(skipped)} of {n_found} videos cannot be used, more than {param}={max_skipped:g} allows:"
            f" {first}{'; ...' if len(skipped) > 3 else ''}. Mend them or raise {param}"
        )


def check_unchanged(videos: Sequence[Video], root: Path) -> None:
    """Check that every video still is where and as large as `ingest` found it.

    Raises:
        InputError: one is gone or has another number of bytes.
    """
    for video in videos:
        try:
            found = n_bytes(root / video.path)
        except (OSError, UnreadableVideo) as error:
            raise InputError(
                f"{video.path!r} is gone from {str(root)!r} since ingest; run `dvc repro -f ingest`"
            ) from error
        if found != video.n_bytes:
            raise InputError(
                f"{video.path!r} has {found} bytes, {video.n_bytes} at ingest: changed since ingest;"
                " run `dvc repro -f ingest`"
            )


def _probe(root: Path, follow_links: bool, video: Video) -> Video | Skipped:
    path = root / video.path
    try:
        if not follow_links:
            _check_inside(path, root)
        footage = probe_pictures(path) if holds_pictures(path) else probe_video(path)
        return replace(
            video,
            n_frames=footage.n_frames,
            width=footage.width,
            height=footage.height,
            codec=footage.codec,
            frame_rate=footage.frame_rate,
            n_bytes=n_bytes(path),
            sha256=_digest(path),
        )
    except UnreadableVideo as error:
        return Skipped(STAGE, video.path, str(error))
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Skipped(STAGE, video.path, f"cannot be read: {reason}")


def _check_inside(path: Path, root: Path) -> None:
    """Raise UnreadableVideo if what would be read lies outside the data set: a link may lead anywhere."""
    top = root.resolve()
    for part in files_of(path):
        if not content_of(part).file.resolve().is_relative_to(top):
            about = f"picture {part.name!r}" if path.is_dir() else "its file"
            raise UnreadableVideo(
                f"{about} is a link that leads out of the root; copy the file there, or set `follow_links`"
            )


def _digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of each picture's name and digest in order."""
    if not path.is_dir():
        return _file_digest(path)
    lines = (f"{_file_digest(part)}  {part.name}\n" for part in files_of(path))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _file_digest(path: Path) -> str:
    with open_content(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _died(video: Video) -> Video | Skipped:
    return Skipped(STAGE, video.path, DIED)
