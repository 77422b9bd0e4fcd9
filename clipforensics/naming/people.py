"""What a name says about who is in a video, and what a published name carries besides."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST = 60  # characters of a name in a message
_SEPARATOR = re.compile(r"[/\\]+")
_ENDING = re.compile(r"\.(mp4|avi|mov|mkv|webm|m4v)$", re.IGNORECASE)
_FILE = re.compile(r"\.(mpe?g|ts|gif|png|jpe?g|bmp|webp)$", re.IGNORECASE)  # beside those of `_ENDING`
_BEFORE = re.compile(r"^(vid|video)_", re.IGNORECASE)
_BEHIND = re.compile(r"_(c0|c23|c40|raw|frames|faces|crops)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class People:
    """Who is in one video, as far as its name says.

    Attributes:
        clip: The name without what a publisher put around it. Two videos of one clip that lie under two
            manipulations were made of the same footage.
        target: Identity whose footage it is; empty where it is not known.
        source: Identity whose face or expression was brought in; empty for real footage, or not known.
        others: Further identities.
        label: 0 real, 1 manipulated; None where the name does not say.
    """

    clip: str
    target: str = ""
    source: str = ""
    others: tuple[str, ...] = ()
    label: int | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """All known identities, each once."""
        return tuple(dict.fromkeys(i for i in (self.target, self.source, *self.others) if i))


@dataclass(frozen=True, slots=True)
class Naming:
    """One way of naming videos.

    Attributes:
        name: As `--naming` takes it, or `identities` for a table.
        read: A published name to who is in the video; None where the name is doubtful.
        rule: What its names look like, for messages.
        stated: Whether somebody said that the names are of this kind.
        by_folder: Whether a video's folder says how it was manipulated; else only real from fake is told.
    """

    name: str
    read: Callable[[str], People | None]
    rule: str
    stated: bool = True
    by_folder: bool = True


def bare(name: str) -> str:
    """A published name without folders, a video's ending and marks of how it was stored.

    `vid_` and `video_` before it go; `_c0`, `_c23`, `_c40`, `_raw`, `_frames`, `_faces` and `_crops`
    behind it go, in any number. Nothing else does: what is left must be a true name of its data set.
    """
    stem = _ENDING.sub("", parts_of(name)[-1] if parts_of(name) else "")
    stem = _BEFORE.sub("", stem)
    while (shorter := _BEHIND.sub("", stem)) != stem:
        stem = shorter
    return stem


def without_ending(path: str) -> str:
    """The path of a file that is one item, without the ending of a video or picture.

    Not for published names, which may be frames: `033_097.png` may be frame 97 of 033.
    """
    return _FILE.sub("", _ENDING.sub("", path))


def parts_of(path: str) -> list[str]:
    """Folders and the last name of a path, written with `/` or with backslashes."""
    return [part for part in _SEPARATOR.split(path.strip()) if part not in ("", ".")]


def show(name: object) -> str:
    """A name or (manipulation, video) in a message: quoted, control characters escaped, not too long."""
    text = "/".join(name) if isinstance(name, tuple) else str(name)
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")
