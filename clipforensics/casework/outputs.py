"""Where pages and case files may be written: over an earlier one of theirs, and over nothing else."""

import json
from pathlib import Path

from clipforensics.core.faults import InputError

MADE_BY = '<meta name="generator" content="clipforensics explain">'
"""By which the page of `explain` is known again."""

HEAD = "clipforensics case"
"""First field of a case file, which says what it is; its value is the version of the form."""

FORM = 1
"""That version."""

PAGE, RECORD = "case.html", "case.json"
"""The two files of a case."""


def check_page(out: Path) -> None:
    """Refuse to write a page over anything but an earlier one.

    Raises:
        InputError: something else lies there.
    """
    if out.is_dir():
        raise InputError(f"--out {out} is a folder; name a file in it, such as {out / 'page.html'}")
    if out.exists() and MADE_BY.encode() not in _begin(out):
        raise InputError(f"--out {out} is there and is no page of this command; name another file")


def check_folder(out: Path) -> None:
    """Refuse a folder that is neither new, nor empty, nor that of an earlier case.

    Raises:
        InputError: it holds something else.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"--out {out} is a file; name a folder")
    try:
        names = {path.name for path in out.iterdir()}
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}; name another folder") from error
    if names and not is_case(out / RECORD):
        raise InputError(f"--out {out} holds files, and no earlier case; name a new folder")


def is_case(path: Path) -> bool:
    """Whether a file begins as a case file does."""
    return path.is_file() and _begin(path).lstrip(b"{ \r\n").startswith(json.dumps(HEAD).encode())


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as error:
        raise InputError(f"--out {path}: {error.strerror}; name another") from error
