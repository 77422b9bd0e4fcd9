"""sha256 of a file, read once however often it is asked for: an encoder has a gigabyte."""

import functools
import hashlib
from pathlib import Path


def digest_once(path: Path) -> str:
    """sha256 of a file in hexadecimal digits; read again where its size or time has changed."""
    about = path.stat()
    return _digest(path.resolve(), about.st_mtime_ns, about.st_size, about.st_ino)


@functools.cache
def _digest(path: Path, _changed: int, _n_bytes: int, _number: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
