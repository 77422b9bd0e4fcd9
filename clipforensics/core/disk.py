"""A disk that is full, read-only or broken, told in one line, whichever library met it first."""

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

FULL, QUOTA, READ_ONLY, BROKEN = (
    "its disk is full",
    "its disk's quota is used up",
    "its disk is read-only",
    "its disk fails to read or write",
)

NUMBERS = {errno.ENOSPC: FULL, errno.EDQUOT: QUOTA, errno.EROFS: READ_ONLY, errno.EIO: BROKEN}

WORDS = (
    (r"No space left on device|database or disk is full|\d+ requested and \d+ written|os error 28\b", FULL),
    (r"Disk quota exceeded|os error 122\b", QUOTA),
    (r"Read-only file system|attempt to write a readonly database|os error 30\b", READ_ONLY),
    (r"Input/output error|disk I/O error|os error 5\b", BROKEN),
)
"""What NumPy, SQLite and safetensors say in errors that carry no number."""

SAFETENSORS = "safetensors"
"""Package of an error that is no OSError, but may be of a disk; it is not loaded for this."""


def find_trouble(error: BaseException) -> str:
    """One line: which file, what is wrong with its disk, how much is free, what helps; "" for other errors.

    Args:
        error: As it was raised, with whatever it was raised from.
    """
    for one in _chain(error):
        if what := _kind(one):
            name = getattr(one, "filename2", None) or getattr(one, "filename", None)
            path = Path(os.fsdecode(name)) if isinstance(name, str | bytes) else None
            verb = "read or written" if what == BROKEN else "written"
            more = str(one) if path is None else _free(path)
            return f"{path or 'a file'} cannot be {verb}: {what} ({more}); {_remedy(what)}"
    return ""


def reserve(path: Path) -> None:
    """Take all the room of a file that will be mapped: who finds the disk full later is killed unheard.

    Raises:
        OSError: there is not so much.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


def room(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, or of the nearest one above it that exists."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    return shutil.disk_usage(there).free


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _kind(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    if isinstance(error, OSError) and number in NUMBERS:
        return NUMBERS[number]
    package = type(error).__module__.partition(".")[0]
    if not isinstance(error, OSError | sqlite3.Error) and package != SAFETENSORS:
        return ""  # others may say such words, too
    return next((what for words, what in WORDS if re.search(words, str(error))), "")


def _free(path: Path) -> str:
    try:
        return f"{room(path) / 1e6:.0f} MB are free"
    except OSError:
        return "how much is free cannot be seen"


def _remedy(what: str) -> str:
    if what in (FULL, QUOTA):
        return (
            "make room and run again, which goes on where it can; `clipforensics kept` shows what a project"
            " keeps, `clipforensics check` estimates what a run needs"
        )
    return "mend or change the disk and run again"
