"""Work on a video, held to the content that `ingest` saw: what is found in other bytes is never kept."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import PICTURES
from clipforensics.footage.probing import digest, gone
from clipforensics.footage.reasons import may_pass, not_read

R = TypeVar("R")


def content_key(video: Video) -> list[object]:
    """By what the frames of a video are known: its bytes, and the ending of its name, which helps to say what
    they are; pictures are known by their bytes alone.
    """
    ending = "" if video.codec == PICTURES else Path(video.path).suffix.lower()
    return [video.sha256, video.n_frames, ending]


def check_content(video: Video, root: Path) -> None:
    """Read a video once more and hold it to what `ingest` saw; of a shard its member alone.

    Args:
        video: As `ingest` wrote it.
        root: Folder of its data set.

    Raises:
        InputError: it is gone, or has other bytes.
        OSError: it cannot be read.
    """
    try:
        found = digest(root / video.path)
    except UnreadableVideo as error:
        raise gone(video, root) from error
    if found != video.sha256:
        raise InputError(
            f"{video.path!r} has the SHA-256 {found}, {video.sha256 or 'none'} at ingest: changed since"
            " ingest; run `dvc repro -f ingest`"
        )


def work_on(video: Video, root: Path, work: Callable[[], R]) -> R | str:
    """What is found in a video, or why nothing is.

    Its content is looked at after the work, not before: what is changed meanwhile shows too, and what was
    just read is still in memory. A refusal stands once it has come twice, and the whole file could be read
    in between: libav tells of a disk that fails for a moment as it does of damage.

    Args:
        video: As `ingest` wrote it.
        root: Folder of its data set.
        work: Reads the video; may raise UnreadableVideo, or OSError.

    Raises:
        InputError: as `check_content`.
    """
    for _ in range(2):
        found = _tried(work)
        try:
            check_content(video, root)
        except (OSError, MemoryError) as error:
            return not_read(error)
        if not isinstance(found, str) or may_pass(found):
            break
    return found


def _tried(work: Callable[[], R]) -> R | str:
    try:
        return work()
    except UnreadableVideo as error:
        return str(error)
    except (OSError, MemoryError) as error:
        return not_read(error)
