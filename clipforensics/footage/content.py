"""Where the bytes of footage lie: in a regular file, or in a member of a tar shard; nothing else is opened.

A member is named like a file in a folder: `000000.tar/clip.mp4`. It is read in place, by its offset: nothing
is unpacked, so neither its name nor a link in the shard can lead anywhere.
"""

import hashlib
import io
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from clipforensics.core.files import open_regular

MAX_MEMBERS = 1 << 20
"""Most entries of one shard that are looked at, files or not."""

MAX_EXTENSION = 1 << 20
"""Most bytes of a header's extension, such as a long name; a tar is free to say any number."""

SHARD = ".tar"

_EXTENSIONS = frozenset(b"xgXLK")  # pax, of one or of all that follow; Solaris' pax; GNU's long names
_DAMAGES = (
    tarfile.TarError, ValueError, EOFError, OverflowError, MemoryError, RecursionError, IndexError
)  # fmt: skip
"""What tarfile raises of a tar that says nonsense."""


class UnreadableVideo(ValueError):
    """One video cannot be used; the message is the reason, without its path."""


@dataclass(frozen=True, slots=True)
class Content:
    """`size` bytes of `file` from `begin`."""

    file: Path
    begin: int
    size: int


def content_of(path: Path) -> Content:
    """Where the bytes of a file, or of a shard's member, lie.

    Raises:
        UnreadableVideo: there is no such file or member, or it is a folder, pipe or device.
        OSError: it cannot be looked up.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _member_of(path)
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableVideo("is not a file")
    return Content(path, 0, status.st_size)


def open_content(path: Path) -> io.BufferedReader:
    """Open a file or a shard's member; raises as `content_of`."""
    content = content_of(path)
    file = open_regular(content.file)
    if content.file == path:
        return file
    return io.BufferedReader(_Stretch(file, content, path.name))


def sha256_of(path: Path) -> str:
    """Digest of a file or a shard's member; raises as `open_content`."""
    with open_content(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def members(shard: Path) -> dict[str, Content]:
    """Regular files of a tar, by their names in it without `./`, in its order; links are left aside.

    Raises:
        UnreadableVideo: it is no tar, is compressed, cut off or damaged, holds more than `MAX_MEMBERS`
            entries, or two files of one name.
        OSError: it cannot be read.
    """
    status = shard.stat()
    return _members(shard, status.st_size, status.st_mtime_ns)


class _Header(tarfile.TarInfo):
    """A header, refused before anything that it says of sizes is believed."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0:
            raise UnreadableVideo(f"is a tar with an entry of {header.size} bytes; copy it again")
        if header.type[0] in _EXTENSIONS and header.size > MAX_EXTENSION:
            raise UnreadableVideo(f"is a tar with a header of {header.size} bytes; copy it again")
        return header


@lru_cache(maxsize=16)
def _members(shard: Path, size: int, changed: int) -> dict[str, Content]:
    found: dict[str, Content] = {}
    try:
        with (
            open_regular(shard) as file,
            tarfile.open(fileobj=file, mode="r:", tarinfo=_Header) as tar,
        ):
            for member in _entries(tar):
                if not member.isreg() or member.issparse():
                    continue
                name = member.name.removeprefix("./")
                content = Content(shard, member.offset_data, member.size)
                if content.begin + content.size > size:
                    raise UnreadableVideo("is a tar that is cut off; copy it again")
                if found.setdefault(name, content) is not content:
                    raise UnreadableVideo(f"is a tar that holds two files called {name!r}; remove one")
            _check_end(tar, file)
    except _DAMAGES as error:
        if isinstance(error, UnreadableVideo):
            raise
        raise UnreadableVideo(
            f"cannot be read as an uncompressed tar ({error or type(error).__name__}); mend or remove it"
        ) from error
    return found


def _entries(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Every entry; each lies behind the one before, or a size that wraps around would go on for ever."""
    last = -1
    for number, member in enumerate(tar, start=1):
        if number > MAX_MEMBERS:
            raise UnreadableVideo(f"is a tar of more than {MAX_MEMBERS} files; part it")
        if member.size < 0 or member.offset <= last:
            raise UnreadableVideo("is a tar whose entries do not follow one another; copy it again")
        last = member.offset
        yield member


def _check_end(tar: tarfile.TarFile, file: io.BufferedReader) -> None:
    """Refuse a tar whose listing stopped at a damaged header: tarfile takes that for the end."""
    file.seek(tar.offset)
    if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise UnreadableVideo("is a tar with a damaged header; copy it again")


def _member_of(path: Path) -> Content:
    for shard in path.parents:
        if shard.suffix.lower() == SHARD and shard.is_file():
            content = members(shard).get(path.relative_to(shard).as_posix())
            if content is None:
                raise UnreadableVideo(f"is not in {shard.name!r}")
            return content
    raise UnreadableVideo("is not a file")


class _Stretch(io.RawIOBase):
    """A part of a file as a file of its own, called `name`: libav guesses formats by the ending too."""

    def __init__(self, file: io.BufferedReader, content: Content, name: str) -> None:
        self._file, self._content, self._at = file, content, 0
        self.name = name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._content.size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative seek position {start + offset}")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        left = max(self._content.size - self._at, 0)
        self._file.seek(self._content.begin + self._at)
        n = self._file.readinto(memoryview(buffer)[:left])
        self._at += n
        return int(n)

    def close(self) -> None:
        self._file.close()
        super().close()
