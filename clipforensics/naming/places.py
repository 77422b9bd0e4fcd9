"""Where a path lies: manipulation, video and frame, under a naming that says what a video's name is."""

import re
from dataclasses import dataclass

from clipforensics.core.records import REAL
from clipforensics.naming.people import Naming, bare, parts_of

_PICTURE = re.compile(r"\.(png|jpe?g|bmp|webp)$", re.IGNORECASE)
_NUMBER = re.compile(r"[^0-9]*([0-9]{1,15})")
_BEHIND = re.compile(r"(.+?)_(?:frame_?|f)?([0-9]{1,15})", re.IGNORECASE)

NEUTRAL = frozenset({"videos", "video", "frames", "frame", "images", "imgs", "faces", "face", "crops", "c0",
                     "c23", "c40", "raw", "train", "val", "test", "ff", "cdf"})  # fmt: skip
"""Folders that say how a video is stored, never by which manipulation it was made."""

_SIZED = re.compile(r"(faces?|frames?|crops?|images?|imgs?)[_-]?\d*", re.IGNORECASE | re.ASCII)
"""Such folders with a size or count behind: `faces_224`."""

_ORIGINS = frozenset({"youtube", "actors"})
"""Folders within original_sequences."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a path says.

    Attributes:
        manipulation: The nearest folder above that is none of `NEUTRAL`, with or without a size; empty where
            there is none. `real` or `fake` where a naming's folders do not say it (DFDC's hold both).
        video: Name of the video, as it stands in the path.
        frame: Number of the frame; None where the path is that of a video.
    """

    manipulation: str
    video: str
    frame: int | None = None


def place_of(path: str, naming: Naming) -> Place | None:
    """Read a path; None where the naming finds no video in it, or more than one reading is possible.

    A picture's video is its folder (`033_097/012.png`, `033_097/frame_012.png`), or else stands before the
    frame's number in its own name (`id0_id1_0000_00060.png`). A picture whose whole name is a video's
    (`033_097.png`: real 033, frame 97?) is not read. Any other last part is a video, or its folder.
    """
    parts = parts_of(path)
    if not parts:
        return None
    if not _PICTURE.search(parts[-1]):
        return _place(parts[:-1], parts[-1], None, naming)
    stem = _PICTURE.sub("", parts[-1])
    if len(parts) > 1 and naming.read(parts[-2]):
        number = _NUMBER.fullmatch(stem.removeprefix(f"{bare(parts[-2])}_"))
        return _place(parts[:-2], parts[-2], int(number[1]), naming) if number else None
    behind = _BEHIND.fullmatch(stem)
    if behind is None or naming.read(stem):
        return None
    return _place(parts[:-1], behind[1], int(behind[2]), naming)


def _place(folders: list[str], video: str, frame: int | None, naming: Naming) -> Place | None:
    people = naming.read(video)
    if people is None:
        return None
    if not naming.by_folder and people.label is not None:
        return Place(REAL if people.label == 0 else "fake", video, frame)
    return Place(_manipulation(folders), video, frame)


def _manipulation(folders: list[str]) -> str:
    """The folder that says how the videos below it were made."""
    for above, name in zip([None, *folders][::-1][1:], folders[::-1], strict=True):
        if name.lower() in NEUTRAL or _SIZED.fullmatch(name):
            continue
        if name.lower() in _ORIGINS and above == "original_sequences":
            continue
        return name
    return ""
