"""A list of digests that a user has of a data set's files, and a video held against it.

The one thing that notices every altered bit: most codecs carry no check sum.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.footage.content import UnreadableVideo, content_of, sha256_of

_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
_ESCAPED = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


def find_digests(name: str, root: Path) -> dict[str, str] | None:
    """The list that a profile names, relative to the root or absolute; None where it names none.

    Raises:
        InputError: as `read_digests`.
    """
    return read_digests(root / name, root) if name else None


def read_digests(path: Path, root: Path) -> dict[str, str]:
    """Read what `sha256sum` writes: a SHA-256 and a file a line.

    Args:
        path: The list.
        root: Of the data set; names are relative to it, or absolute and below it.

    Returns:
        Name with `/`, relative to the root, to the digest in small letters.

    Raises:
        InputError: the list cannot be read, has a line of another form, none at all, or says two things of
            one file.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise InputError(f"{path}: line {number} is no `<64 hexadecimal digits>  <file>`; mend it")
        escaped, digest, name = match.groups()
        name = _relative(_unescaped(name) if escaped else name, root)
        if found.setdefault(name, digest.lower()) != digest.lower():
            raise InputError(f"{path}: line {number}: {name!r} has another digest above; keep one of them")
    if not found:
        raise InputError(f"{path}: names no file; write it with `sha256sum`, or remove `digests`")
    return found


def check_digest(path: Path, root: Path, listed: Mapping[str, str]) -> None:
    """Read a file, or the shard in which a video lies, and hold it against a list.

    Args:
        path: A file, or a shard's member.
        root: Of the data set.
        listed: Digest by name.

    Raises:
        UnreadableVideo: it is not listed, or its digest is another.
        OSError: it cannot be read.
    """
    content = content_of(path)
    names = [path, content.file]
    name = next((name for one in names if (name := one.relative_to(root).as_posix()) in listed), None)
    if name is None:
        raise UnreadableVideo("is not in the list of digests; add it there, or remove it")
    own = name == path.relative_to(root).as_posix()
    found = sha256_of(path) if own else _of_shard(content.file, content.file.stat().st_mtime_ns)
    if found != listed[name]:
        raise UnreadableVideo(
            f"{name!r} has the SHA-256 {found}, and {listed[name]} in the list of digests: altered, or badly"
            " copied; copy it again"
        )


@lru_cache(maxsize=8)
def _of_shard(shard: Path, changed: int) -> str:
    return sha256_of(shard)


def _lines(path: Path) -> list[str]:
    try:
        with open_whole(path) as file:
            text = file.read().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise InputError(
            f"`digests`: {str(path)!r} cannot be read: {error.strerror or error}; correct or remove it"
        ) from error
    return [line.removesuffix("\r") for line in text.split("\n")]  # a name may hold what else ends lines


def _unescaped(name: str) -> str:
    return re.sub(r"\\[\\nr]", lambda match: _ESCAPED[match[0]], name)


def _relative(name: str, root: Path) -> str:
    pure = PurePosixPath(name)
    top = root.absolute()
    return pure.relative_to(top).as_posix() if pure.is_relative_to(top) else pure.as_posix()
