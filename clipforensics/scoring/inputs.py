"""What a command line names: videos, pictures, folders, patterns, or a list on standard input."""

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from clipforensics.core.faults import InputError
from clipforensics.footage.pictures import SUFFIXES as PICTURES

VIDEOS = frozenset(
    {
        ".3gp", ".asf", ".avi", ".divx", ".flv", ".gif", ".h264", ".hevc", ".m2ts", ".m4v", ".mkv", ".mov",
        ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv",
    }
)  # fmt: skip
"""Endings by which files of a folder are taken for videos; one that is named is opened whatever its own."""

STANDARD_INPUT = "-"


def expand(names: Sequence[str], stdin: TextIO | None = None) -> list[str]:
    """The videos that are named, each once, in the order in which they are named.

    Args:
        names: A file as it is; a folder of numbered pictures, which is one video; any other folder: all
            videos and frame folders below it, sorted, links not followed; a pattern (`*`, `?`, `[...]`) that
            is no file: what it matches, sorted; `-`: a name a line of `stdin`.
        stdin: For `-`; the process's own if not given.

    Raises:
        InputError: nothing is there under a name, a folder or pattern holds no video, a folder cannot be
            looked into, or standard input names none.
    """
    found: dict[str, None] = {}
    for name in _listed(names, stdin):
        found |= dict.fromkeys(_of(name))
    if not found:
        raise InputError("no video is named: standard input is empty; give it a name a line")
    return list(found)


def _listed(names: Sequence[str], stdin: TextIO | None) -> Iterator[str]:
    for name in names:
        if name == STANDARD_INPUT:
            yield from (line for raw in stdin or _standard_input() if (line := raw.rstrip("\r\n")))
        else:
            yield name


def _standard_input() -> TextIO:
    """The process's own; names that are not UTF-8 are read as those of a command line are."""
    if sys.stdin is None:
        raise InputError("standard input is closed; name videos instead of `-`")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    return sys.stdin


def _of(name: str) -> Iterable[str]:
    path = Path(name)
    try:
        if path.is_dir():
            return _in_folder(path)
        is_there = path.exists()
    except OSError:
        is_there = True  # but cannot be looked up
    if is_there or not glob.has_magic(name):
        return [name]  # whether it can be read is told with its result
    matched = sorted(glob.glob(name))
    if not matched:
        raise InputError(
            f"{name!r}: nothing matches this pattern; mend it, or quote a name that has brackets"
        )
    return [video for one in matched for video in _of(one)]


def _in_folder(folder: Path) -> list[str]:
    found = list(_walk(folder))
    if not found:
        raise InputError(f"{str(folder)!r} holds no video and no folder of numbered pictures; name another")
    return found


def _walk(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders.sort()
        names = sorted(name for name in files if not name.startswith("."))
        frames = _is_frames(names)
        wanted = VIDEOS if frames else VIDEOS | PICTURES
        yield from [place] if frames else []
        yield from (str(Path(place) / name) for name in names if _ends(name) in wanted)


def _refuse(error: OSError) -> None:
    raise InputError(
        f"{error.filename!r} cannot be looked into: {error.strerror}; name the videos one by one"
    ) from error


def _is_frames(names: Sequence[str]) -> bool:
    """Whether these files of one folder are the numbered frames of one video."""
    pictures = [Path(name) for name in names if _ends(name) in PICTURES]
    return bool(pictures) and all(path.stem.isascii() and path.stem.isdigit() for path in pictures)


def _ends(name: str) -> str:
    return Path(name).suffix.lower()
